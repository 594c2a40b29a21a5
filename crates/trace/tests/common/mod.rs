//! An agent over scripted replies and small tools of its own, recorded.

#![allow(dead_code, clippy::unwrap_used, reason = "helpers of several tests, which may fail the test")]

use std::{path::Path, sync::Arc, time::Duration};

use lavr_agent::{Agent, AgentBuilder, Limits};
use lavr_image::{ImageStore, Rgb, RgbImage};
use lavr_model::ModelErrorKind;
use lavr_testkit::{OneDog, ScriptedModel, ScriptedReply};
use lavr_tool::{CancellationToken, Dispatcher, Registry, Tool, ToolContext, ToolError};
use lavr_trace::{Given, Retention, RunStore};
use lavr_types::{Answer, Event, ImageId, Observation, Rect, RunId, Task};
use lavr_verify::{Verifier, VerifierOptions};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Cuts the upper left quarter out.
pub(crate) struct Quarter;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Cut {
    /// The image to cut.
    image: ImageId,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Piece {
    image: ImageId,
}

impl Tool for Quarter {
    const NAME: &'static str = "quarter";
    const DESCRIPTION: &'static str = "Cuts the upper left quarter out.";
    type Args = Cut;
    type Output = Piece;

    async fn call(&self, cut: Cut, context: &ToolContext) -> Result<Observation<Piece>, ToolError> {
        let size = context.image(cut.image)?.size();
        let quarter = Rect::new(0.0, 0.0, f64::from(size.width / 2), f64::from(size.height / 2));
        let image = context.images().crop(cut.image, quarter)?;
        Ok(Observation::new(Piece { image }).with_images(vec![image]))
    }
}

/// Fails in one way or another.
pub(crate) struct Broken;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct How {
    /// Whether it panics.
    panics: bool,
}

impl Tool for Broken {
    const NAME: &'static str = "broken";
    const DESCRIPTION: &'static str = "Fails.";
    type Args = How;
    type Output = ();

    async fn call(&self, how: How, _: &ToolContext) -> Result<Observation<()>, ToolError> {
        assert!(!how.panics, "as the test asks");
        Err(ToolError::failed("it is broken; use another tool"))
    }
}

pub(crate) fn picture(shade: u8) -> RgbImage {
    RgbImage::from_fn(64, 48, |x, y| Rgb([x as u8, y as u8, shade]))
}

pub(crate) fn images(shade: u8) -> (Arc<ImageStore>, ImageId) {
    let images = Arc::new(ImageStore::default());
    let image = images.insert(picture(shade)).unwrap();
    (images, image)
}

pub(crate) fn registry() -> Registry {
    Registry::new().with(OneDog).unwrap().with(Quarter).unwrap().with(Broken).unwrap()
}

/// A model that writes JSON steps and sees no picture.
pub(crate) fn json_model(replies: Vec<ScriptedReply>) -> ScriptedModel {
    ScriptedModel::replies(replies).writing_json()
}

pub(crate) fn text(reply: &str) -> ScriptedReply {
    ScriptedReply::Text(reply.to_owned())
}

pub(crate) fn builder(images: &Arc<ImageStore>) -> AgentBuilder {
    let dispatcher = Dispatcher::new(registry(), Arc::clone(images));
    let verifier = Verifier::new(dispatcher.clone(), VerifierOptions::default());
    Agent::builder(dispatcher).verifier(verifier)
}

pub(crate) fn store(folder: &Path) -> RunStore {
    RunStore::open(&folder.join("runs.sqlite"), Retention::default()).unwrap()
}

/// Asks and records.
pub(crate) async fn asked(
    runs: &RunStore,
    agent: &Agent,
    images: &Arc<ImageStore>,
    image: ImageId,
) -> (RunId, Answer) {
    let question = "How many dogs are there?";
    let given = [Given { image, name: "dogs.png".into() }];
    let recorder = runs.record(Task::Ask, Some(question), &given, Arc::clone(images)).unwrap();
    let observer = |event: &Event| recorder.tell(event);
    let answer = agent.ask(question, &[image], &CancellationToken::new(), &observer).await.unwrap();
    (recorder.finish().unwrap(), answer)
}

pub(crate) const LOOK: &str =
    r#"{"thought":"Look.","calls":[{"tool":"detect","args":{"image":"image1","labels":["dog"]}}]}"#;
pub(crate) const ANSWER: &str = r#"{"thought":"Seen.","answer":"There are three dogs.","cites":["call_1"]}"#;

/// What a planner may say, from sense to nonsense.
pub(crate) const MENU: [&str; 13] = [
    LOOK,
    ANSWER,
    r#"{"thought":"Closer.","calls":[{"tool":"quarter","args":{"image":"image1"}},{"tool":"detect","args":{"image":"image1"}}]}"#,
    r#"{"thought":"In the quarter.","calls":[{"tool":"detect","args":{"image":"image2"}}]}"#,
    r#"{"thought":"There are two dogs.","calls":[{"tool":"broken","args":{"panics":false}},{"tool":"broken","args":{"panics":true}}]}"#,
    r#"{"thought":"","calls":[{"tool":"no_such_tool","args":{}},{"tool":"detect","args":{"image":7}}]}"#,
    r#"{"thought":"A box.","calls":[{"tool":"detect","args":{"image":"image1","region":[1,2,33,44]}}]}"#,
    r#"{"answer":"There is one dog, and \"a sign\" reads \"Grüße 狗\".","cites":["call_9"]}"#,
    r#"{"answer":"There is one dog."}"#,
    r#"{"thought":"By slips of the pen.","calls":[{"tool":"detct","args":{"image":"image1","labels":"cat"}},{"tool":"detct","args":{"image":"image9","labels":"cat"}}]}"#,
    "I think there are dogs.",
    r#"{"thought": 3}"#,
    "",
];

/// The n-th of many runs that all go their own way.
pub(crate) fn various(number: usize, images: &Arc<ImageStore>) -> Agent {
    let pick = |turn: usize| (number * 7 + turn * 5 + number / 3 + turn * number) % (MENU.len() + 2);
    let reply = move |turn: usize| match pick(turn) {
        place if place < MENU.len() => text(MENU[place]),
        place if place == MENU.len() => ScriptedReply::BreaksOff("{\"thou".into()),
        _ => ScriptedReply::Fails(ModelErrorKind::RateLimited, "slow down".into()),
    };
    let replies = (0..12).map(reply).collect();
    let limits = Limits {
        steps: 1 + number as u32 % 6,
        calls: 2 + number as u32 % 9,
        time: if number % 17 == 16 { Duration::ZERO } else { Duration::from_secs(60) },
        ..Limits::default()
    };
    let agent = builder(images).limits(limits);
    match number % 10 {
        0 => agent.note("no model could be had").build().unwrap(),
        1 => agent.model(Arc::new(ScriptedModel::replies(replies))).build().unwrap(),
        _ => agent.model(Arc::new(json_model(replies))).build().unwrap(),
    }
}
