//! A recorded run, driven again: the same events, byte by byte, with nothing at hand that could reach a model, a tool
//! or the network.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

mod common;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use common::{ANSWER, LOOK, asked, builder, images, json_model, registry, store, text, various};
use futures::StreamExt as _;
use lavr_agent::{
    Agent, Decision, DeclaredPlanner, DemonstrationSet, Demonstrations, FixedPlanner, Limits,
    Misunderstanding, ModelPlanner, Next, PickBy, Plan, PlanFile, PlanFirstPlanner, Planner, Run, Situation,
};
use lavr_image::{ImageStore, RgbImage};
use lavr_model::{
    CancellationToken, Capabilities, ChatModel, Metered, ModelError, Reply, TextEmbedder, TurnRequest,
    TurnStream,
};
use lavr_prompt::{Library, PromptError};
use lavr_testkit::ScriptedModel;
use lavr_tool::Dispatcher;
use lavr_trace::{Given, Trace, TraceError, replay};
use lavr_types::{Budget, BudgetLimits, Event, Task};

#[tokio::test]
async fn a_hundred_of_a_hundred_runs_come_out_byte_by_byte() {
    let folder = tempfile::tempdir().unwrap();
    let runs = store(folder.path());
    let mut recorded = Vec::new();
    for number in 0..100 {
        let (images, image) = images(number as u8);
        recorded.push(asked(&runs, &various(number, &images), &images, image).await);
    }
    // From here on there is the record alone.
    lavr_remote::forbid_real_requests();
    let mut kinds = BTreeSet::new();
    for (id, answer) in &recorded {
        let stored = runs.jsonl(id).unwrap();
        let trace = Trace::from_jsonl(&stored, "the run").unwrap();
        assert_eq!(trace.to_jsonl(), stored);
        let replayed = replay(&trace, None).unwrap();
        assert_eq!(replayed.difference, None);
        assert_eq!((replayed.events, replayed.answer.as_ref()), (trace.events.len(), Some(answer)));
        assert_eq!(trace.answer().as_ref(), Some(answer));
        for line in &trace.events {
            let event = serde_json::to_value(&line.event).unwrap();
            kinds.insert(event["event"].as_str().unwrap().to_owned());
        }
    }
    // The hundred have been everywhere.
    let everywhere = [
        "answered",
        "call_ended",
        "call_mended",
        "call_refused",
        "call_started",
        "drafted",
        "misunderstood",
        "model_failed",
        "note",
        "planning",
        "replied",
        "started",
        "thought",
        "thought_contradicted",
        "time_up",
        "verified",
    ];
    assert_eq!(kinds, everywhere.map(str::to_owned).into());
}

async fn recorded() -> Trace {
    let folder = tempfile::tempdir().unwrap();
    let runs = store(folder.path());
    let (images, image) = images(0);
    let model = json_model(vec![text(LOOK), text(ANSWER)]);
    let agent = builder(&images).model(Arc::new(model)).build().unwrap();
    let (id, answer) = asked(&runs, &agent, &images, image).await;
    assert_eq!((answer.draft.as_str(), answer.text.as_str()), ("There are three dogs.", "There is one dog."));
    runs.trace(&id).unwrap()
}

#[tokio::test]
async fn a_run_whose_pictures_were_made_smaller_comes_out_byte_by_byte() {
    let folder = tempfile::tempdir().unwrap();
    let runs = store(folder.path());
    let images = Arc::new(ImageStore::default());
    let image = images.insert(RgbImage::new(640, 480)).unwrap();
    // The model and the detector see all 307,200 pixels once; then too few are left.
    let budget = Budget::new(BudgetLimits { pixels: Some(900_000), ..BudgetLimits::default() });
    let model = ScriptedModel::replies([text(LOOK), text(ANSWER)]).with_capabilities(|can| {
        can.native_tools = false;
        can.longest_side = 640;
    });
    let metered = Metered::new(Arc::new(model), budget.clone()).with_images(Arc::clone(&images) as _);
    let dispatcher = Dispatcher::new(registry(), Arc::clone(&images)).within(budget);
    let agent = Agent::builder(dispatcher).model(Arc::new(metered)).build().unwrap();
    let (id, answer) = asked(&runs, &agent, &images, image).await;
    let trace = runs.trace(&id).unwrap();
    let shrunk = |line: &lavr_types::TraceEvent| matches!(line.event, Event::PicturesShrunk { .. });
    assert!(trace.events.iter().any(shrunk), "{answer:?}");
    let replayed = replay(&trace, None).unwrap();
    assert_eq!((replayed.difference, replayed.answer.as_ref()), (None, Some(&answer)));
}

#[tokio::test]
async fn a_reply_that_was_tampered_with_is_told_where_it_leads_elsewhere() {
    let mut trace = recorded().await;
    let reply = trace.events.iter_mut().rev().find_map(|line| match &mut line.event {
        Event::Replied { reply, .. } => Some(reply),
        _ => None,
    });
    let reply = reply.unwrap();
    reply.text = reply.text.replace("three", "four");
    let difference = replay(&trace, None).unwrap().difference.unwrap();
    let recorded = difference.recorded.unwrap();
    assert!(recorded.contains(r#""event":"drafted""#) && recorded.contains("three dogs"), "{recorded}");
    assert!(difference.replayed.unwrap().contains("four dogs"));
}

#[tokio::test]
async fn a_planner_that_asks_something_else_than_it_did_is_told() {
    let mut trace = recorded().await;
    for line in &mut trace.events {
        if let Event::Started { tools, .. } = &mut line.event {
            tools[0].description = "Finds objects and more.".into();
        }
    }
    let difference = replay(&trace, None).unwrap().difference.unwrap();
    assert!(difference.reason.unwrap().contains("asks its model something else"));
}

#[tokio::test]
async fn what_was_interrupted_comes_out_as_far_as_it_went() {
    let mut trace = recorded().await;
    let answers = |line: &lavr_types::TraceEvent| matches!(line.event, Event::Verified { .. });
    trace.events.truncate(trace.events.iter().position(answers).unwrap());
    let replayed = replay(&trace, None).unwrap();
    assert_eq!((replayed.events, replayed.difference, replayed.answer), (trace.events.len(), None, None));
}

const PLAN_FILE: &str = r#"
question = "How many {$kind}s?"
inputs = { kind = "dog" }
[[node]]
id = "find"
capability = "detect"
args = { image = "$image", labels = ["$kind"] }
[[answer]]
text = "I count {$find.objects | counted}."
otherwise = "I find no {$kind}."
"#;

const PLAN: &str = r#"{"thought":"Look.","plan":[
    {"id":"find","tool":"detect","args":{"image":"image1","labels":["dog"]}},
    {"id":"part","tool":"quarter","args":{"image":"image1"}},
    {"id":"again","tool":"detect","args":{"image":"$part.image"}}]}"#;

/// Likes the questions that are about as long.
struct ByLength;

impl TextEmbedder for ByLength {
    fn name(&self) -> &'static str {
        "by length"
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ModelError> {
        Ok(texts.iter().map(|text| vec![text.len() as f32, 30.0]).collect())
    }
}

#[tokio::test]
async fn every_planner_of_lavrs_own_comes_back_from_its_record() {
    let folder = tempfile::tempdir().unwrap();
    let runs = store(folder.path());
    let (images, image) = images(0);
    let registry = registry();
    let tools: Vec<_> = registry.specs().collect();
    let checked = PlanFile::parse("dogs.toml", PLAN_FILE).unwrap().check("dogs.toml", &tools).unwrap();
    let declared = DeclaredPlanner::new(checked, &[("kind".into(), "dog".into())]).unwrap();
    let agent = builder(&images).planner(Arc::new(declared)).build().unwrap();
    let (followed, answer) = asked(&runs, &agent, &images, image).await;
    assert!(answer.draft.starts_with("I count"), "{}", answer.draft);

    let model = Arc::new(json_model(vec![text(PLAN), text(ANSWER)]));
    let first = PlanFirstPlanner::new(model.capabilities(), &Library::built_in()).unwrap();
    let agent = builder(&images).model(model).planner(Arc::new(first)).build().unwrap();
    let (planned, answer) = asked(&runs, &agent, &images, image).await;
    assert!(answer.steps.iter().map(|step| step.calls.len()).sum::<usize>() >= 3, "{:?}", answer.steps);

    // What was picked for the question stands in the trace, not what picked it.
    let set = DemonstrationSet::built_in().unwrap();
    let like = Demonstrations::new(set, PickBy::Embedding(Arc::new(ByLength)), 2).unwrap();
    let model = Arc::new(json_model(vec![text(LOOK), text(ANSWER)]));
    let shown =
        ModelPlanner::new(model.capabilities(), &Library::built_in()).unwrap().with_demonstrations(like);
    let agent = builder(&images).model(model).planner(Arc::new(shown)).build().unwrap();
    let (shown, _) = asked(&runs, &agent, &images, image).await;
    for run in [followed, planned, shown] {
        assert_eq!(replay(&runs.trace(&run).unwrap(), None).unwrap().difference, None);
    }
}

/// Answers without looking.
struct Rash;

impl Planner for Rash {
    fn plan(&self, _: &Situation<'_>) -> Result<Plan, PromptError> {
        let thought = "No need to look.".to_owned();
        Ok(Plan::Decided(Decision::Answer {
            thought,
            text: "There are nine dogs.".into(),
            cites: Vec::new(),
        }))
    }

    fn read(&self, _: &Situation<'_>, _: &Reply) -> Result<Decision, Misunderstanding> {
        Err(Misunderstanding("It asks nobody.".into()))
    }
}

#[tokio::test]
async fn a_planner_of_ones_own_must_be_given() {
    let folder = tempfile::tempdir().unwrap();
    let runs = store(folder.path());
    let (images, image) = images(0);
    let agent = builder(&images).planner(Arc::new(Rash)).build().unwrap();
    let (id, _) = asked(&runs, &agent, &images, image).await;
    let trace = runs.trace(&id).unwrap();
    let error = replay(&trace, None).unwrap_err();
    assert!(matches!(&error, TraceError::Replay(_)) && error.to_string().contains("Rash"), "{error}");
    assert_eq!(replay(&trace, Some(&Rash)).unwrap().difference, None);
}

#[tokio::test]
async fn a_run_that_was_taken_up_again_has_the_steps_that_it_had_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let runs = store(folder.path());
    let (images, image) = images(0);
    let registry = registry();
    let tools: Vec<_> = registry.specs().collect();
    // A step in another process, as it were.
    let size = images.size_of(image).unwrap();
    let mut run = Run::new("How many dogs?", vec![(image, size)], Limits::default()).unwrap();
    let Next::Call(calls) = run.next(&FixedPlanner, &tools).unwrap() else { panic!("it looks first") };
    let dispatcher = Dispatcher::new(common::registry(), Arc::clone(&images));
    run.called(dispatcher.dispatch(calls, &CancellationToken::new()).await);
    let given = [Given { image, name: "dogs.png".into() }];
    let recorder = runs.record(Task::Ask, Some("How many dogs?"), &given, Arc::clone(&images)).unwrap();
    let agent = builder(&images).build().unwrap();
    let observer = |event: &Event| recorder.tell(event);
    let answer = agent.resume(run, &CancellationToken::new(), &observer).await.unwrap();
    let trace = runs.trace(&recorder.finish().unwrap()).unwrap();
    assert_eq!(answer.steps[0].calls[0].call.tool, "detect");
    assert_eq!(trace.answer(), Some(answer));
    assert_eq!(replay(&trace, None).unwrap().difference, None);
}

/// Never says a word.
struct Hangs(Capabilities);

#[async_trait]
impl ChatModel for Hangs {
    fn capabilities(&self) -> &Capabilities {
        &self.0
    }

    async fn stream(&self, _: TurnRequest, _: CancellationToken) -> Result<TurnStream, ModelError> {
        Ok(futures::stream::pending().boxed())
    }
}

#[tokio::test]
async fn a_model_that_hangs_until_time_is_up_comes_out_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let runs = store(folder.path());
    let (images, image) = images(0);
    let limits = Limits { time: Duration::from_millis(20), ..Limits::default() };
    let model = Hangs(json_model(Vec::new()).capabilities().clone());
    let agent = builder(&images).model(Arc::new(model)).limits(limits).build().unwrap();
    let (id, answer) = asked(&runs, &agent, &images, image).await;
    assert!(answer.notes.iter().any(|note| note.contains("time was up")), "{:?}", answer.notes);
    assert_eq!(replay(&runs.trace(&id).unwrap(), None).unwrap().difference, None);
}
