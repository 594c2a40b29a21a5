//! Runs with few pixels: the planner's model is shown smaller pictures, is told so, and what it points at is found again in
//! the picture itself.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

mod common;

use std::sync::{Arc, Mutex};

use common::registry;
use lavr_agent::{Agent, Limits, ModelPlanner, Next, PlanFirstPlanner, Planner, Run};
use lavr_image::{ImageStore, RgbImage};
use lavr_model::{ChatModel, Message, Metered, Part, TurnRequest};
use lavr_prompt::Library;
use lavr_testkit::{ScriptedModel, ScriptedReply};
use lavr_tool::{CancellationToken, Dispatcher};
use lavr_types::{Answer, Budget, BudgetLimits, CallId, Event, ImageId, Rect, Size, ToolCall, ToolSpec};
use serde::Deserialize as _;
use serde_json::json;

/// The size in which a request says that the first image is: that of the question, behind any demonstration.
fn told_size(request: &TurnRequest) -> Size {
    let told = serde_json::to_string(&request.messages).unwrap();
    let sides = told.rsplit("image1 is ").next().and_then(|rest| rest.split('.').next()).unwrap();
    let (width, height) = sides.split_once('x').unwrap();
    Size::new(width.parse().unwrap(), height.parse().unwrap())
}

fn shows_a_picture(request: &TurnRequest) -> bool {
    let mut parts = request.messages.iter().flat_map(|message| &message.parts);
    parts.any(|part| matches!(part, Part::Image { .. }))
}

/// Sees; points at the middle half of what it is shown, then answers.
fn pointing() -> ScriptedModel {
    ScriptedModel::from_fn(|request, asked| {
        let Size { width, height } = told_size(request);
        let (width, height) = (f64::from(width), f64::from(height));
        let region = [width / 4.0, height / 4.0, width * 0.75, height * 0.75];
        let arguments = json!({ "image": "image1", "region": region });
        let call = ToolCall { id: CallId("x".into()), tool: "detect".into(), arguments };
        Some(match asked {
            0 if !request.tools.is_empty() => ScriptedReply::Calls(vec![call]),
            _ => ScriptedReply::Text("There are two dogs.".into()),
        })
    })
}

struct Told {
    answer: Answer,
    requests: Vec<TurnRequest>,
    events: Vec<Event>,
    budget: Budget,
}

/// Asks about a picture of 1600 x 1200, of which the model takes 1024 x 768 at most.
async fn ask(pixels: u64) -> Told {
    let images = Arc::new(ImageStore::default());
    let image = images.insert(RgbImage::new(1600, 1200)).unwrap();
    let budget = Budget::new(BudgetLimits { pixels: Some(pixels), ..BudgetLimits::default() });
    let model = Arc::new(pointing());
    let metered = Metered::new(Arc::clone(&model) as _, budget.clone()).with_images(Arc::clone(&images) as _);
    let dispatcher = Dispatcher::new(registry(), images).within(budget.clone());
    let agent = Agent::builder(dispatcher).model(Arc::new(metered)).build().unwrap();
    let events = Mutex::new(Vec::new());
    let tell = |event: &Event| events.lock().unwrap().push(event.clone());
    let answer = agent.ask("How many dogs?", &[image], &CancellationToken::new(), &tell).await.unwrap();
    Told { answer, requests: model.requests(), events: events.into_inner().unwrap(), budget }
}

fn region_of_the_first_call(answer: &Answer) -> Rect {
    Rect::deserialize(&answer.steps[0].calls[0].call.arguments["region"]).unwrap()
}

fn shrunk(events: &[Event]) -> Vec<(u32, u32)> {
    let told = events.iter().filter_map(|event| match event {
        Event::PicturesShrunk { longest_side, left_out } => Some((*longest_side, *left_out)),
        _ => None,
    });
    told.collect()
}

#[tokio::test]
async fn with_pixels_enough_the_model_sees_all_that_it_takes() {
    let told = ask(5_000_000).await;
    assert!(told.requests.iter().all(|request| request.longest_side.is_none()));
    assert_eq!(told_size(&told.requests[0]), Size::new(1024, 768));
    assert_eq!(shrunk(&told.events), []);
    assert_eq!(told.budget.spent().pixels, 2 * 1024 * 768 + 800 * 600);
}

#[tokio::test]
async fn with_few_the_picture_is_shown_smaller_and_boxes_map_back() {
    let told = ask(700_000).await;
    // Half of what is left.
    assert_eq!(told.requests[0].longest_side, Some(683));
    assert_eq!(told_size(&told.requests[0]), Size::new(683, 512));
    let Rect { left, top, right, bottom } = region_of_the_first_call(&told.answer);
    for (side, expected) in [left, top, right, bottom].into_iter().zip([400.0, 300.0, 1200.0, 900.0]) {
        assert!((side - expected).abs() < 1e-9, "{side} for {expected}");
    }
    assert!(
        told.answer
            .notes
            .iter()
            .any(|note| note.contains("smaller pictures than it takes, at first with 683")),
        "{:?}",
        told.answer.notes
    );
    assert_eq!(shrunk(&told.events)[0], (683, 0));
    assert!(told.budget.spent().pixels <= 700_000, "{}", told.budget);
    assert_eq!(told.answer.draft, "There are two dogs.");
}

#[tokio::test]
async fn the_turn_that_answers_sees_something_too() {
    // The whole picture fits; then the call looks at 480,000 pixels of it.
    let told = ask(1_500_000).await;
    let sizes: Vec<Size> = told.requests.iter().map(told_size).collect();
    assert_eq!(sizes, [Size::new(1024, 768), Size::new(394, 295)], "{}", told.budget);
    assert_eq!(shrunk(&told.events), [(394, 0)]);
    assert!(told.requests.iter().all(shows_a_picture));
    let noted = told.answer.notes.iter().filter(|note| note.contains("smaller pictures")).count();
    assert_eq!(noted, 1, "{:?}", told.answer.notes);
}

#[tokio::test]
async fn what_would_be_too_small_to_see_is_told_in_words_and_the_run_still_answers() {
    let told = ask(20_000).await;
    assert_eq!(shrunk(&told.events), [(224, 1)]);
    assert!(!told.requests.iter().any(shows_a_picture));
    let request = serde_json::to_string(&told.requests[0].messages).unwrap();
    assert!(request.contains("a picture that the budget of pixels leaves out"), "{request}");
    let notes = told.answer.notes.join("\n");
    assert!(notes.contains("too little was left of the budget of pixels to show"), "{notes}");
    assert_eq!(told.answer.draft, "There are two dogs.");
}

const PLAN: &str = r#"{"thought":"The place and the dogs.","plan":[
    {"id":"find","tool":"detect","args":{"image":"image1","labels":["dog"]}},
    {"id":"here","tool":"color","args":{"image":"$image","region":[1.3,2.7,11.1,20]}},
    {"id":"there","tool":"color","args":{"image":"image1","region":"$find.objects[0].box"}}]}"#;
const SEEN: &str = r#"{"thought":"Seen.","answer":"The dog is brown.","cites":["call_1"]}"#;

fn planner_with_eyes(longest_side: u32) -> (Arc<ScriptedModel>, PlanFirstPlanner) {
    let model = Arc::new(ScriptedModel::texts([PLAN, SEEN]).with_capabilities(|can| {
        can.native_tools = false;
        can.longest_side = longest_side;
    }));
    let planner = PlanFirstPlanner::new(model.capabilities(), &Library::built_in()).unwrap();
    (model, planner)
}

#[tokio::test]
async fn a_plan_that_is_written_first_means_the_picture_that_the_model_was_shown() {
    let (dispatcher, image) = common::dispatcher();
    // 64 x 64 is sent as 30 x 30.
    let (model, planner) = planner_with_eyes(30);
    let agent = Agent::builder(dispatcher).model(model.clone()).planner(Arc::new(planner)).build().unwrap();
    let answer = agent.ask("Which color?", &[image], &CancellationToken::new(), &|_| ()).await.unwrap();
    let region = |step: usize, call: usize| answer.steps[step].calls[call].call.arguments["region"].clone();
    // What it points at is scaled, what a result holds is not.
    assert_eq!(region(0, 1), json!([2.77, 5.76, 23.68, 42.67]));
    assert_eq!(region(1, 0), json!([4.0, 4.0, 24.0, 60.0]));
    let requests = model.requests();
    assert_eq!(told_size(&requests[0]), Size::new(30, 30));
    // Results are told in the pixels that it sees, each under the name of its node.
    let told = serde_json::to_string(&requests[1].messages).unwrap();
    assert!(
        told.contains(r#"find: call_1 detect: {\"objects\":[{\"label\":\"dog\",\"box\":[1.88,1.88,11,28]"#),
        "{told}"
    );
    assert!(told.contains("here: call_2 color: ") && told.contains("there: call_3 color: "), "{told}");
}

/// A run of the planner that writes its plan first, over a picture of 64 x 64, with its tools.
fn planned() -> (Run, PlanFirstPlanner, Dispatcher) {
    let (dispatcher, image): (Dispatcher, ImageId) = common::dispatcher();
    let (_, planner) = planner_with_eyes(30);
    let run = Run::new("Which color?", vec![(image, Size::new(64, 64))], Limits::default()).unwrap();
    (run, planner, dispatcher)
}

fn reply(text: &str) -> lavr_model::Reply {
    let finished = lavr_model::StreamEvent::Finished {
        reason: lavr_model::FinishReason::Stop,
        usage: lavr_model::TurnUsage::default(),
    };
    let said = lavr_model::StreamEvent::Text { text: text.into() };
    let stream = futures::stream::iter([Ok(said), Ok(finished)]);
    futures::executor::block_on(lavr_model::collect("scripted", Box::pin(stream))).unwrap()
}

#[tokio::test]
async fn a_plan_keeps_its_meaning_when_the_pictures_shrink_and_the_run_is_put_away() {
    let (mut run, planner, dispatcher) = planned();
    let tools: Vec<&ToolSpec> = dispatcher.registry().specs().collect();
    run.replied(&planner, &tools, &reply(PLAN));
    let Next::Call(calls) = run.next(&planner, &tools).unwrap() else { panic!("the first wave") };
    run.called(dispatcher.dispatch(calls, &CancellationToken::new()).await);
    run.shrink_pictures(10, 0);
    let mut run: Run = serde_json::from_str(&serde_json::to_string(&run).unwrap()).unwrap();
    // Only what is left to do: the first wave is known again by its arguments.
    let Next::Call(calls) = run.next(&planner, &tools).unwrap() else { panic!("the second wave") };
    assert_eq!(calls.iter().map(|call| call.id.0.as_str()).collect::<Vec<_>>(), ["call_3"]);
    run.called(dispatcher.dispatch(calls, &CancellationToken::new()).await);
    let Next::Ask(request) = run.next(&planner, &tools).unwrap() else { panic!("the answer") };
    assert_eq!((request.longest_side, told_size(&request)), (Some(10), Size::new(10, 10)));
    assert!(planner.sees());
}

/// How often a request warns of places that the model wrote when the pictures were larger, and whether the user's last words do.
fn warnings(next: Next) -> (usize, bool) {
    let Next::Ask(request) = next else { panic!("a turn of the model: {next:?}") };
    let warns =
        |message: &Message| serde_json::to_string(message).unwrap().matches("are smaller now").count();
    let last = request.messages.last().is_some_and(|message| warns(message) > 0);
    (request.messages.iter().map(warns).sum(), last)
}

#[tokio::test]
async fn a_model_is_told_once_that_places_in_its_plan_and_in_wrong_replies_are_of_larger_pictures() {
    let (mut run, planner, dispatcher) = planned();
    let tools: Vec<&ToolSpec> = dispatcher.registry().specs().collect();
    run.replied(&planner, &tools, &reply(PLAN));
    for _ in 0..2 {
        let Next::Call(calls) = run.next(&planner, &tools).unwrap() else { panic!("a wave") };
        run.called(dispatcher.dispatch(calls, &CancellationToken::new()).await);
    }
    assert_eq!(warnings(run.next(&planner, &tools).unwrap()), (0, false));
    run.replied(&planner, &tools, &reply("The dog at [1, 2, 11, 28], I think."));
    assert_eq!(warnings(run.next(&planner, &tools).unwrap()), (0, false));
    run.shrink_pictures(10, 0);
    assert_eq!(warnings(run.next(&planner, &tools).unwrap()), (1, true));
    // What it writes from here on is in the sizes that it is told.
    run.replied(&planner, &tools, &reply("The dog at [0, 0, 4, 9], I think."));
    assert_eq!(warnings(run.next(&planner, &tools).unwrap()), (1, false));
}

#[tokio::test]
async fn so_is_one_that_goes_step_by_step() {
    let call =
        r#"{"thought":"The dog at [1, 2, 11, 28].","calls":[{"tool":"color","args":{"image":"image1"}}]}"#;
    for native in [false, true] {
        let (mut run, _, dispatcher) = planned();
        let tools: Vec<&ToolSpec> = dispatcher.registry().specs().collect();
        let model = ScriptedModel::texts(Vec::<String>::new()).with_capabilities(|can| {
            can.native_tools = native;
            can.longest_side = 30;
        });
        let planner = ModelPlanner::new(model.capabilities(), &Library::built_in()).unwrap();
        let first = if native {
            let arguments = json!({ "image": "image1" });
            let call = ToolCall { id: CallId("x".into()), tool: "color".into(), arguments };
            lavr_model::Reply { calls: vec![call], ..reply("The dog at [1, 2, 11, 28].") }
        } else {
            reply(call)
        };
        run.replied(&planner, &tools, &first);
        let Next::Call(calls) = run.next(&planner, &tools).unwrap() else { panic!("the call") };
        run.called(dispatcher.dispatch(calls, &CancellationToken::new()).await);
        assert_eq!(warnings(run.next(&planner, &tools).unwrap()), (0, false));
        run.shrink_pictures(10, 0);
        assert_eq!(warnings(run.next(&planner, &tools).unwrap()), (1, true), "native: {native}");
        run.replied(&planner, &tools, &reply(""));
        assert_eq!(warnings(run.next(&planner, &tools).unwrap()), (1, false), "native: {native}");
    }
}
