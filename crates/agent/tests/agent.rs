//! The driver with a scripted model and real dispatch: what a caller sees.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::sync::{Arc, Mutex};

use lavr_agent::{Agent, Limits};
use lavr_image::{ImageStore, RgbImage};
use lavr_testkit::{OneDog, ScriptedModel, ScriptedReply};
use lavr_tool::{CancellationToken, Dispatcher, Registry};
use lavr_types::{Event, ImageId};
use lavr_verify::{Verifier, VerifierOptions};

fn dispatcher() -> (Dispatcher, ImageId) {
    let images = Arc::new(ImageStore::default());
    let image = images.insert(RgbImage::new(64, 64)).unwrap();
    (Dispatcher::new(Registry::new().with(OneDog).unwrap(), images), image)
}

fn json_model(replies: &[&str]) -> ScriptedModel {
    ScriptedModel::texts(replies.iter().copied()).writing_json()
}

const LOOK: &str =
    r#"{"thought":"Look.","calls":[{"tool":"detect","args":{"image":"image1","labels":["dog"]}}]}"#;

#[tokio::test]
async fn a_wrong_count_in_the_draft_is_corrected_by_what_the_detector_sees() {
    let (dispatcher, image) = dispatcher();
    let model = json_model(&[LOOK, r#"{"answer":"There are three dogs.","cites":["call_1"]}"#]);
    let agent = Agent::builder(dispatcher.clone())
        .model(Arc::new(model))
        .verifier(Verifier::new(dispatcher, VerifierOptions::default()))
        .build()
        .unwrap();
    let events = Mutex::new(Vec::new());
    let observe = |event: &Event| events.lock().unwrap().push(event.clone());
    let answer = agent.ask("How many dogs?", &[image], &CancellationToken::new(), &observe).await.unwrap();
    assert_eq!((answer.draft.as_str(), answer.text.as_str()), ("There are three dogs.", "There is one dog."));
    assert_eq!(answer.usage.model_calls, 2);
    let events = events.into_inner().unwrap();
    let position = |wanted: fn(&Event) -> bool| events.iter().position(wanted).unwrap();
    assert!(
        position(|event| matches!(event, Event::CallEnded { .. }))
            < position(|event| matches!(event, Event::Drafted { .. }))
    );
    assert!(
        position(|event| matches!(event, Event::Drafted { .. }))
            < position(|event| matches!(event, Event::Judged { .. }))
    );
    assert!(matches!(events.last(), Some(Event::Answered { .. })));
}

#[tokio::test]
async fn a_thought_against_the_evidence_is_told_before_its_calls() {
    let (dispatcher, image) = dispatcher();
    let again = r#"{"thought":"There are two dogs.","calls":[{"tool":"detect","args":{"image":"image1","labels":["cat"]}}]}"#;
    let model = json_model(&[LOOK, again, r#"{"answer":"There is one dog.","cites":["call_1"]}"#]);
    let agent = Agent::builder(dispatcher).model(Arc::new(model)).build().unwrap();
    let events = Mutex::new(Vec::new());
    let observe = |event: &Event| events.lock().unwrap().push(event.clone());
    agent.ask("How many dogs?", &[image], &CancellationToken::new(), &observe).await.unwrap();
    let events = events.into_inner().unwrap();
    let told = events.iter().position(|event| {
        matches!(event, Event::ThoughtContradicted { step: 2, contradiction }
            if contradiction.to_string() == "the thought says two dogs, detect saw one dog")
    });
    let told = told.unwrap();
    assert!(matches!(events[told - 1], Event::Thought { step: 2, .. }));
    assert!(matches!(events[told + 1], Event::CallStarted { .. }));
}

#[tokio::test]
async fn a_model_that_breaks_off_leaves_an_answer_from_the_evidence() {
    let (dispatcher, image) = dispatcher();
    let model = ScriptedModel::replies([ScriptedReply::BreaksOff("I thi".into())]);
    let agent = Agent::builder(dispatcher).model(Arc::new(model)).build().unwrap();
    let answer = agent.ask("How many dogs?", &[image], &CancellationToken::new(), &|_| ()).await.unwrap();
    assert_eq!(answer.text, "There is one dog.");
    assert!(answer.notes.iter().any(|note| note.contains("broke off")), "{:?}", answer.notes);
    assert!(answer.notes.iter().any(|note| note.contains("not checked")), "{:?}", answer.notes);
}

#[tokio::test]
async fn a_cancelled_run_ends_as_cancelled() {
    let (dispatcher, image) = dispatcher();
    let agent = Agent::builder(dispatcher).limits(Limits::default()).build().unwrap();
    let cancel = CancellationToken::new();
    cancel.cancel();
    let error = agent.ask("How many dogs?", &[image], &cancel, &|_| ()).await.unwrap_err();
    assert!(matches!(error, lavr_agent::AgentError::Cancelled), "{error}");
}
