//! What models and tools said, recorded once and played back where there is neither.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

mod common;

use std::{path::Path, sync::Arc, time::Duration};

use common::{ANSWER, LOOK, images, json_model, registry, text};
use lavr_agent::Agent;
use lavr_image::ImageStore;
use lavr_model::ChatModel;
use lavr_tool::{CancellationToken, Dispatcher, Registry, Tool, ToolContext, ToolError};
use lavr_trace::cassette::{CassetteError, Player, Recorder};
use lavr_types::{Answer, Budget, CallId, FailureKind, ImageId, Observation, ToolCall, Usage};
use lavr_verify::{Verifier, VerifierOptions};
use schemars::JsonSchema;
use serde::Deserialize;

const CLOSER: &str = r#"{"thought":"Closer.","calls":[{"tool":"quarter","args":{"image":"image1"}},{"tool":"broken","args":{"panics":true}},{"tool":"broken","args":{"panics":false}}]}"#;
const INNER: &str = r#"{"thought":"There.","calls":[{"tool":"detect","args":{"image":"image2"}}]}"#;

async fn ask(
    model: Arc<dyn ChatModel>,
    tools: Registry,
    images: Arc<ImageStore>,
    image: ImageId,
    question: &str,
) -> Answer {
    let dispatcher = Dispatcher::new(tools, images);
    let verifier = Verifier::new(dispatcher.clone(), VerifierOptions::default());
    let agent = Agent::builder(dispatcher).model(model).verifier(verifier).build().unwrap();
    agent.ask(question, &[image], &CancellationToken::new(), &|_| ()).await.unwrap()
}

async fn record(folder: &Path) -> Answer {
    let (images, image) = images(0);
    let recorder = Recorder::create(folder).unwrap();
    let replies = [CLOSER, INNER, LOOK, &ANSWER.replace("call_1", "call_5")];
    let model = recorder.model("planner", Arc::new(json_model(replies.map(text).into())));
    let tools = recorder.tools(registry()).unwrap();
    let answer = ask(model, tools, images, image, "How many dogs are there?").await;
    recorder.finish().unwrap();
    answer
}

async fn play(folder: &Path, question: &str) -> (Answer, Result<(), CassetteError>) {
    let (images, image) = images(0);
    let player = Player::open(folder).unwrap();
    let (model, tools) = (player.model("planner").unwrap(), player.tools().unwrap());
    (ask(model, tools, images, image, question).await, player.finish())
}

/// An answer without its times, which are those of the playing.
fn timeless(mut answer: Answer) -> Answer {
    answer.usage.elapsed = Duration::ZERO;
    answer.steps.iter_mut().flat_map(|step| &mut step.calls).for_each(|call| call.elapsed = Duration::ZERO);
    answer
}

#[tokio::test]
async fn an_agent_says_the_same_without_its_model_and_its_tools() {
    let folder = tempfile::tempdir().unwrap();
    let recorded = record(folder.path()).await;
    let failures: Vec<FailureKind> =
        recorded.steps[0].calls.iter().filter_map(|call| Some(call.outcome.as_ref().err()?.kind)).collect();
    assert_eq!(failures, [FailureKind::Panicked, FailureKind::Failed]);
    assert_eq!(recorded.text, "There is one dog.");
    // The crop of the tool is there again, too: it is asked about in the second step.
    let (played, finished) = play(folder.path(), "How many dogs are there?").await;
    finished.unwrap();
    assert_eq!(timeless(played).steps[1], timeless(recorded.clone()).steps[1]);
    let (played, _) = play(folder.path(), "How many dogs are there?").await;
    assert_eq!((played.text, played.claims), (recorded.text, recorded.claims));
}

/// Has a chat model of its own do the looking.
struct Asks;

#[derive(Deserialize, JsonSchema)]
struct Question {
    image: ImageId,
}

impl Tool for Asks {
    const NAME: &'static str = "vqa";
    const DESCRIPTION: &'static str = "Asks a model.";
    const ASKS_MODEL: bool = true;
    type Args = Question;
    type Output = String;

    async fn call(&self, args: Question, context: &ToolContext) -> Result<Observation<String>, ToolError> {
        context.image(args.image)?;
        context.spent(turn());
        Ok(Observation::new("a dog".to_owned()))
    }
}

fn turn() -> Usage {
    Usage { model_calls: 1, input_tokens: 30, output_tokens: 2, cost: Some(0.25), ..Usage::default() }
}

#[tokio::test]
async fn what_a_tools_model_cost_it_costs_again() {
    let folder = tempfile::tempdir().unwrap();
    let (images, image) = images(0);
    let call = || ToolCall {
        id: CallId("call_1".into()),
        tool: "vqa".into(),
        arguments: serde_json::json!({ "image": image }),
    };
    let recorder = Recorder::create(folder.path()).unwrap();
    let tools = recorder.tools(Registry::new().with(Asks).unwrap()).unwrap();
    let recorded = Dispatcher::new(tools, Arc::clone(&images));
    let recorded = recorded.dispatch(vec![call()], &CancellationToken::new()).await.remove(0);
    recorder.finish().unwrap();

    let player = Player::open(folder.path()).unwrap();
    let budget = Budget::default();
    let played = Dispatcher::new(player.tools().unwrap(), images).within(budget.clone());
    let played = played.dispatch(vec![call()], &CancellationToken::new()).await.remove(0);
    player.finish().unwrap();
    assert_eq!((recorded.models, played.models), (turn(), turn()));
    let spent = budget.spent();
    assert_eq!((spent.turns, spent.tokens, spent.usd), (1, 32, 0.25));
}

#[tokio::test]
async fn a_question_that_was_not_recorded_is_an_error_that_says_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path()).await;
    let (_, finished) = play(folder.path(), "How many cats are there?").await;
    let message = finished.unwrap_err().to_string();
    assert!(message.contains("the model `planner` was asked something else: messages/"), "{message}");
    assert!(
        message.contains("dogs are there?\", asked") && message.contains("cats are there?\""),
        "{message}"
    );
}

#[tokio::test]
async fn a_call_that_was_not_recorded_is_an_error_that_says_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path()).await;
    let file = folder.path().join("cassette.jsonl");
    let cassette = std::fs::read_to_string(&file).unwrap();
    // As if the model had asked for cats where it asked for dogs: the detector was not called so.
    let written = |text: &str| serde_json::to_string(text).unwrap().trim_matches('"').to_owned();
    let cats = LOOK.replace("dog", "cat");
    std::fs::write(&file, cassette.replace(&written(LOOK), &written(&cats))).unwrap();
    let (_, finished) = play(folder.path(), "How many dogs are there?").await;
    let message = finished.unwrap_err().to_string();
    assert!(message.contains("the tool `detect` was called otherwise: labels"), "{message}");
    assert!(message.contains("cat"), "{message}");
}

#[test]
fn what_is_there_is_not_overwritten_and_what_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    drop(Recorder::create(folder.path()).unwrap());
    assert!(matches!(Recorder::create(folder.path()), Err(CassetteError::NotEmpty(_))));
    let error = Player::open(folder.path()).unwrap().model("planner").err().unwrap();
    assert_eq!(error.to_string(), "no model `planner` was recorded; none was");
    let missing = Player::open(&folder.path().join("nothing")).err().unwrap();
    assert!(missing.to_string().contains("cassette.jsonl"), "{missing}");
}
