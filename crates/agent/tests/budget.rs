//! Runs that may not use up much: turns and tokens are reserved before they are asked for, and the run still answers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::sync::{Arc, Mutex};

use lavr_agent::{Agent, AgentError, PutAway, SavedRun};
use lavr_image::{ImageStore, RgbImage};
use lavr_model::Metered;
use lavr_testkit::{OneDog, ScriptedModel, ScriptedReply};
use lavr_tool::{Approval, Approver, CancellationToken, Dispatcher, Registry, Tool, ToolContext, ToolError};
use lavr_types::{
    Answer, Budget, BudgetLimits, CallId, Capability, Event, ImageId, Observation, Rect, ToolCall, ToolSpec,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Looks for something else each time, and answers only when it must.
fn curious() -> ScriptedModel {
    ScriptedModel::from_fn(|request, asked| {
        Some(if request.tools.is_empty() {
            ScriptedReply::Text("There is one dog.".into())
        } else {
            let arguments = json!({ "image": "image1", "labels": [asked.to_string()] });
            ScriptedReply::Calls(vec![ToolCall { id: CallId("x".into()), tool: "detect".into(), arguments }])
        })
    })
    .with_capabilities(|can| can.images = false)
}

async fn ask(limits: BudgetLimits) -> (Answer, usize, Budget, Vec<Event>) {
    let images = Arc::new(ImageStore::default());
    let image = images.insert(RgbImage::new(64, 64)).unwrap();
    let budget = Budget::new(limits);
    let model = Arc::new(curious());
    let dispatcher = Dispatcher::new(Registry::new().with(OneDog).unwrap(), images).within(budget.clone());
    let agent = Agent::builder(dispatcher)
        .model(Arc::new(Metered::new(Arc::clone(&model) as _, budget.clone())))
        .build()
        .unwrap();
    let events = Mutex::new(Vec::new());
    let tell = |event: &Event| events.lock().unwrap().push(event.clone());
    let answer = agent.ask("How many dogs?", &[image], &CancellationToken::new(), &tell).await.unwrap();
    (answer, model.requests().len(), budget, events.into_inner().unwrap())
}

#[tokio::test]
async fn the_last_turn_that_a_budget_has_room_for_is_the_answer() {
    let (answer, asked, budget, events) =
        ask(BudgetLimits { turns: Some(3), ..BudgetLimits::default() }).await;
    assert_eq!((answer.draft.as_str(), asked, budget.spent().turns), ("There is one dog.", 3, 3));
    assert_eq!(answer.steps.len(), 2);
    assert!(
        answer.notes[0].starts_with("little of the budget was left (2 of 3 turns)"),
        "{:?}",
        answer.notes
    );
    let spent = events.iter().filter(|event| matches!(event, Event::Spent { .. })).count();
    assert!(spent >= 5, "{events:?}");
}

#[tokio::test]
async fn without_any_turn_left_the_run_answers_from_what_was_seen() {
    let (answer, asked, ..) = ask(BudgetLimits { turns: Some(1), ..BudgetLimits::default() }).await;
    assert_eq!((answer.draft.as_str(), asked), ("There is one dog.", 1));
    let (answer, asked, ..) = ask(BudgetLimits { tokens: Some(10), ..BudgetLimits::default() }).await;
    assert_eq!(asked, 0, "what cannot be paid is not asked");
    assert!(
        answer.notes.iter().any(|note| note.contains("the budget of 10 tokens does not allow it")),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_call_over_the_budget_does_not_run() {
    let limits = BudgetLimits { calls: Some(2), pixels: Some(64 * 64), ..BudgetLimits::default() };
    let (answer, _, budget, _) = ask(limits).await;
    assert_eq!((budget.spent().calls, budget.spent().pixels), (1, 64 * 64));
    let attempts: u32 = answer.steps.iter().flat_map(|step| &step.calls).map(|record| record.attempts).sum();
    assert_eq!(attempts, 1);
    assert!(answer.notes.iter().any(|note| note.contains("4096 pixels")), "{:?}", answer.notes);
}

/// Cuts the picture in two.
struct Halves;

#[derive(Deserialize, JsonSchema)]
struct Whole {
    image: ImageId,
}

#[derive(Serialize, JsonSchema)]
struct Half {
    image: ImageId,
}

impl Tool for Halves {
    const NAME: &'static str = "halve";
    const DESCRIPTION: &'static str = "Gives the left half.";
    const CAPABILITY: Capability = Capability::Transform;
    type Args = Whole;
    type Output = Half;

    async fn call(&self, args: Whole, context: &ToolContext) -> Result<Observation<Half>, ToolError> {
        let half = context.images().crop(args.image, Rect::new(0.0, 0.0, 32.0, 64.0))?;
        Ok(Observation::new(Half { image: half }).with_images(vec![half]))
    }
}

struct BeforeDetecting(Approval);

#[async_trait::async_trait]
impl Approver for BeforeDetecting {
    fn asks_about(&self, spec: &ToolSpec) -> bool {
        spec.name == "detect"
    }

    async fn approve(&self, _: &ToolCall, _: &ToolSpec) -> Approval {
        self.0.clone()
    }
}

fn agent(images: &Arc<ImageStore>, approval: Approval, model: ScriptedModel) -> Agent {
    let registry = Registry::new().with(OneDog).unwrap().with(Halves).unwrap();
    let dispatcher =
        Dispatcher::new(registry, Arc::clone(images)).with_approver(Arc::new(BeforeDetecting(approval)));
    Agent::builder(dispatcher).model(Arc::new(model)).build().unwrap()
}

#[tokio::test]
async fn a_run_that_waits_keeps_what_its_other_calls_saw_and_the_pictures_that_they_made() {
    let images = Arc::new(ImageStore::default());
    let image = images.insert(RgbImage::from_fn(64, 64, image_pixel)).unwrap();
    let call = |tool: &str, image: &str| ToolCall {
        id: CallId("x".into()),
        tool: tool.into(),
        arguments: json!({ "image": image }),
    };
    let can = |model: ScriptedModel| model.with_capabilities(|can| can.images = false);
    let first = can(ScriptedModel::replies([
        ScriptedReply::Calls(vec![call("halve", "image1")]),
        ScriptedReply::Calls(vec![call("detect", "image2"), call("halve", "image2")]),
    ]));
    let asked = agent(&images, Approval::NotNow, first);
    let error = asked.ask("How many dogs?", &[image], &CancellationToken::new(), &|_| ()).await.unwrap_err();
    let AgentError::Suspended(run) = error else { panic!("{error}") };
    assert_eq!(run.awaiting()[0].id, CallId("call_2".into()));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.json");
    SavedRun::write(&file, &run, &images, &[], PutAway::default()).unwrap();
    let elsewhere = Arc::new(ImageStore::default());
    let saved = SavedRun::read(&file, &elsewhere).unwrap();
    assert_eq!(saved.run, *run);

    let second = can(ScriptedModel::texts(["There is one dog."]));
    let resumed = agent(&elsewhere, Approval::Approved, second);
    let answer = resumed.resume(saved.run, &CancellationToken::new(), &|_| ()).await.unwrap();
    let attempts: Vec<u32> =
        answer.steps.iter().flat_map(|step| &step.calls).map(|record| record.attempts).collect();
    assert_eq!((attempts, answer.draft.as_str()), (vec![1, 1, 1], "There is one dog."));
    // Those of before it was put away, too.
    assert_eq!((answer.usage.tool_calls, answer.usage.cached_calls), (3, 0));
}

fn image_pixel(x: u32, y: u32) -> lavr_image::Rgb<u8> {
    lavr_image::Rgb([x as u8, y as u8, 7])
}
