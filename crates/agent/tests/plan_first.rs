//! The planner that has its model write the whole plan first: a scripted model, real dispatch.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

mod common;

use std::sync::Arc;

use common::dispatcher;
use lavr_agent::{Agent, Limits, Next, PlanFirstPlanner, Planner, Run};
use lavr_model::{ChatModel, FinishReason, Reply, ResponseFormat, TurnRequest, TurnUsage};
use lavr_prompt::Library;
use lavr_testkit::ScriptedModel;
use lavr_tool::CancellationToken;
use lavr_types::{Answer, ToolSpec};

fn model(replies: &[&str]) -> Arc<ScriptedModel> {
    Arc::new(ScriptedModel::texts(replies.iter().copied()).writing_json())
}

/// The answer, and all that the model was asked.
async fn ask(replies: &[&str]) -> (Answer, Vec<TurnRequest>) {
    let (dispatcher, image) = dispatcher();
    let model = model(replies);
    let planner = PlanFirstPlanner::new(model.capabilities(), &Library::built_in()).unwrap();
    let agent = Agent::builder(dispatcher).model(model.clone()).planner(Arc::new(planner)).build().unwrap();
    let answer = agent.ask("Which color is the dog?", &[image], &CancellationToken::new(), &|_| ()).await;
    (answer.unwrap(), model.requests())
}

fn waves(answer: &Answer) -> Vec<Vec<&str>> {
    answer
        .steps
        .iter()
        .filter(|step| !step.calls.is_empty())
        .map(|step| step.calls.iter().map(|record| record.call.tool.as_str()).collect())
        .collect()
}

/// The last message of a request, as text.
fn last(request: &TurnRequest) -> String {
    request
        .messages
        .last()
        .unwrap()
        .parts
        .iter()
        .filter_map(|part| match part {
            lavr_model::Part::Text { text } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

const PLAN: &str = r#"{"thought":"The box first.","plan":[
    {"id":"find","tool":"detect","args":{"image":"image1","labels":["dog"]}},
    {"id":"hue","tool":"color","args":{"image":"image1","region":"$find.objects[0].box"}}]}"#;
const ANSWER: &str = r#"{"thought":"It is brown.","answer":"The dog is brown.","cites":["call_2"]}"#;

#[tokio::test]
async fn a_plan_of_two_waves_takes_two_turns_of_the_model() {
    let (answer, requests) = ask(&[PLAN, ANSWER]).await;
    assert_eq!(waves(&answer), [vec!["detect"], vec!["color"]]);
    assert_eq!((answer.draft.as_str(), answer.usage.model_calls), ("The dog is brown.", 2));
    assert_eq!(answer.steps[0].thought, "The box first.");
    assert!(answer.notes.iter().all(|note| note.contains("not checked")), "{:?}", answer.notes);
    // The results come under the names of the nodes, and only an answer is asked for.
    assert!(
        last(&requests[1]).contains("hue: call_2 color: {\"quality\":\"clear\""),
        "{}",
        last(&requests[1])
    );
    let ResponseFormat::Schema { schema, .. } = &requests[1].format else { panic!() };
    assert!(schema["properties"]["answer"].is_object() && schema["properties"]["plan"].is_null(), "{schema}");
    // What was asked first begins what is asked next: a local model reads it once.
    assert_eq!(requests[1].messages[..requests[0].messages.len()], requests[0].messages[..]);
}

#[tokio::test]
async fn a_failed_node_is_told_and_what_succeeded_is_kept() {
    let plan = r#"{"thought":"Read it.","plan":[
        {"id":"find","tool":"detect","args":{"image":"image1","labels":["dog"]}},
        {"id":"read","tool":"ocr","args":{"image":"image1"}},
        {"id":"near","tool":"detect","args":{"image":"image1","labels":["$read.lines[0].text"]}}]}"#;
    let repair = r#"{"thought":"Then its color.","plan":[{"id":"hue","tool":"color","args":{"image":"image1","region":"$find.objects[0].box"}}]}"#;
    let done = ANSWER.replace("call_2", "call_3");
    let (answer, requests) = ask(&[plan, repair, &done]).await;
    let asked = last(&requests[1]);
    assert!(
        asked
            .contains("These did not work:\nread: the reader is broken\nnear: it needs `read`, which failed"),
        "{asked}"
    );
    assert_eq!(waves(&answer), [vec!["detect", "ocr"], vec!["color"]]);
    assert_eq!(answer.draft, "The dog is brown.");
}

#[tokio::test]
async fn a_plan_that_does_not_fit_is_told_where() {
    let wrong = PLAN.replace("objects[0].box", "objects[0].bounds");
    let (answer, requests) = ask(&[&wrong, PLAN, ANSWER]).await;
    let told = last(&requests[1]);
    assert!(
        told.contains("node `hue`, args.region") && told.contains("there is no field `bounds`"),
        "{told}"
    );
    assert_eq!((answer.draft.as_str(), answer.usage.model_calls), ("The dog is brown.", 3));
}

#[tokio::test]
async fn a_model_that_cannot_plan_goes_on_step_by_step() {
    let step = r#"{"thought":"Look.","calls":[{"tool":"detect","args":{"image":"image1"}}]}"#;
    let done = r#"{"thought":"Two.","answer":"There are two dogs.","cites":["call_1"]}"#;
    let (answer, requests) = ask(&["I would look.", "{\"plan\": 3}", step, done]).await;
    assert_eq!((answer.draft.as_str(), answer.usage.model_calls), ("There are two dogs.", 4));
    let ResponseFormat::Schema { schema, .. } = &requests[2].format else { panic!() };
    assert!(schema["properties"]["calls"].is_object(), "{schema}");
    assert!(answer.notes.iter().all(|note| !note.contains("fixed plan")), "{:?}", answer.notes);
}

#[tokio::test]
async fn after_the_last_repair_it_goes_on_step_by_step_with_what_is_there() {
    let read = |id: &str, label: &str| {
        format!(
            r#"{{"thought":"Read.","plan":[{{"id":"{id}","tool":"ocr","args":{{"image":"image1","labels":["{label}"]}}}}]}}"#
        )
    };
    let step = r#"{"thought":"Look.","calls":[{"tool":"detect","args":{"image":"image1"}}]}"#;
    let done = r#"{"thought":"Two.","answer":"There are two dogs.","cites":["call_4"]}"#;
    let (a, b, c) = (read("a", "x"), read("b", "y"), read("c", "z"));
    let (answer, _) = ask(&[&a, &b, &c, step, done]).await;
    assert_eq!(waves(&answer), [vec!["ocr"], vec!["ocr"], vec!["ocr"], vec!["detect"]]);
    assert_eq!(answer.draft, "There are two dogs.");
}

#[tokio::test]
async fn a_model_that_is_lost_after_its_plan_leaves_the_plan_going() {
    let (answer, _) = ask(&[PLAN]).await;
    assert_eq!(waves(&answer)[..2], [vec!["detect"], vec!["color"]]);
    assert!(answer.draft.contains("two dogs"), "{}", answer.draft);
    assert!(answer.notes.iter().any(|note| note.contains("fixed plan")), "{:?}", answer.notes);
}

#[test]
fn a_run_in_the_middle_of_a_plan_can_be_written_out_and_read_back() {
    let (dispatcher, image) = dispatcher();
    let tools: Vec<&ToolSpec> = dispatcher.registry().specs().collect();
    let planner = PlanFirstPlanner::new(model(&[]).capabilities(), &Library::built_in()).unwrap();
    let size = dispatcher.images().size_of(image).unwrap();
    let mut run = Run::new("Which color is the dog?", vec![(image, size)], Limits::default()).unwrap();
    let again = |run: &Run| -> Run { serde_json::from_str(&serde_json::to_string(run).unwrap()).unwrap() };
    let said = |text: &str| Reply {
        text: text.into(),
        reasoning: String::new(),
        calls: Vec::new(),
        tokens: Vec::new(),
        reason: FinishReason::Stop,
        verbatim: None,
        usage: TurnUsage::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    run.replied(&planner, &tools, &said(PLAN));
    for _ in 0..2 {
        run = again(&run);
        let Next::Call(calls) = run.next(&planner, &tools).unwrap() else { panic!() };
        run.called(runtime.block_on(dispatcher.dispatch(calls, &CancellationToken::new())));
    }
    run = again(&run);
    assert!(matches!(run.next(&planner, &tools).unwrap(), Next::Ask(_)));
    assert!(!planner.sees());
}

#[test]
fn the_model_is_held_to_nodes_whose_boxes_may_refer_to_results_that_hold_boxes() {
    let (dispatcher, image) = dispatcher();
    let tools: Vec<&ToolSpec> = dispatcher.registry().specs().collect();
    let planner = PlanFirstPlanner::new(model(&[]).capabilities(), &Library::built_in()).unwrap();
    let size = dispatcher.images().size_of(image).unwrap();
    let mut run = Run::new("Which color is the dog?", vec![(image, size)], Limits::default()).unwrap();
    let Next::Ask(request) = run.next(&planner, &tools).unwrap() else { panic!() };
    insta::assert_json_snapshot!(request);
}
