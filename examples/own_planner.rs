//! A planner of one's own: it finds every thing of one kind and zooms into the largest.
//!
//!     cargo run --release --example own_planner -- examples/pictures/dogs.jpg dog
//!
//! A planner is pure: it decides from the situation, that is, the question and all turns so far. What it has called it finds
//! again in the records; so a run can be saved, carried on elsewhere and replayed.

#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use lavr::{
    agent::{Decision, Misunderstanding, Plan, Planner, Situation},
    model::Reply,
    prelude::*,
    prompt::PromptError,
    types::perception::Detections,
};
use serde::Deserialize;
use serde_json::json;

struct FindAndZoom;

impl Planner for FindAndZoom {
    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, PromptError> {
        let (image, _) = situation.images[0];
        let call = |thought: &str, tool: &str, args| {
            let calls = vec![(tool.to_owned(), args)];
            Plan::Decided(Decision::Call { thought: thought.to_owned(), calls })
        };
        let answer = |text: String| {
            let thought = "That is all.".to_owned();
            Plan::Decided(Decision::Answer { thought, text, cites: situation.citable() })
        };
        let result = |tool: &str| {
            let record = situation.records().find(|record| record.call.tool == tool)?;
            record.outcome.as_ref().ok().map(|observation| &observation.value)
        };
        if situation.turns.is_empty() {
            return Ok(call("I look.", "detect", json!({ "image": image, "labels": [situation.question] })));
        }
        // Calls may fail, and limits be reached: an answer is always due then.
        let found =
            result("detect").and_then(|value| Detections::deserialize(value).ok()).unwrap_or_default();
        let largest =
            found.objects.iter().max_by(|one, other| one.bounds.area().total_cmp(&other.bounds.area()));
        let Some(largest) = largest.filter(|_| !situation.must_answer) else {
            return Ok(answer(format!("I see no {}.", situation.question)));
        };
        Ok(match (situation.turns.len(), result("crop")) {
            (1, _) => call("I zoom in.", "crop", json!({ "image": image, "region": largest.bounds })),
            (_, Some(crop)) => answer(format!("The largest {} is {}.", largest.label, crop["image"])),
            (_, None) => answer(format!("There is a {}.", largest.label)),
        })
    }

    fn read(&self, _: &Situation<'_>, _: &Reply) -> Result<Decision, Misunderstanding> {
        Err(Misunderstanding("this planner asks no model".into()))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let picture = arguments.next().unwrap_or_else(|| "examples/pictures/dogs.jpg".into());
    let kind = arguments.next().unwrap_or_else(|| "dog".into());

    let images = Arc::new(ImageStore::default());
    let photo = images.open(picture.as_ref())?;
    let dispatcher = Dispatcher::new(Experts::open()?.registry()?, images);
    let agent = Agent::builder(dispatcher).planner(Arc::new(FindAndZoom)).build()?;
    let answer = agent.ask(&kind, &[photo], &CancellationToken::new(), &|_| ()).await?;
    println!("{}", answer.text);
    Ok(())
}
