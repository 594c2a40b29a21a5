//! What a run cost is counted from its own records, whatever else its dispatcher does.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{sync::Arc, time::Duration};

use lavr_agent::Agent;
use lavr_image::{ImageStore, Rgb, RgbImage};
use lavr_testkit::{OneDog, ScriptedModel, ScriptedReply};
use lavr_tool::{CancellationToken, Dispatcher, Registry, Tool, ToolContext, ToolError};
use lavr_types::{CallId, Capability, ImageId, Observation, ToolCall, Usage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Deserialize, JsonSchema)]
struct Picture {
    image: ImageId,
}

#[derive(Serialize, JsonSchema)]
struct Said {
    text: String,
}

/// Has the detector look, and takes a while.
struct Describes;

impl Tool for Describes {
    const NAME: &'static str = "describe";
    const DESCRIPTION: &'static str = "Describes a picture.";
    type Args = Picture;
    type Output = Said;

    async fn call(&self, args: Picture, context: &ToolContext) -> Result<Observation<Said>, ToolError> {
        context.call(Capability::Detect, json!({ "image": args.image })).await?;
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok(Observation::new(Said { text: "A dog.".into() }))
    }
}

fn dispatcher() -> Dispatcher {
    let registry = Registry::new().with(OneDog).unwrap().with(Describes).unwrap();
    Dispatcher::new(registry, Arc::new(ImageStore::default()))
}

/// Describes a picture of this gray, then answers.
async fn ask(dispatcher: &Dispatcher, gray: u8) -> Usage {
    let image = dispatcher.images().insert(RgbImage::from_pixel(64, 64, Rgb([gray; 3]))).unwrap();
    let arguments = json!({ "image": "image1" });
    let call = ToolCall { id: CallId("x".into()), tool: "describe".into(), arguments };
    let replies = [ScriptedReply::Calls(vec![call]), ScriptedReply::Text("There is one dog.".into())];
    let model = ScriptedModel::replies(replies).with_capabilities(|can| can.images = false);
    let agent = Agent::builder(dispatcher.clone()).model(Arc::new(model)).build().unwrap();
    let answer = agent.ask("What is there?", &[image], &CancellationToken::new(), &|_| ()).await.unwrap();
    Usage { elapsed: Duration::ZERO, ..answer.usage }
}

#[tokio::test]
async fn runs_side_by_side_on_one_dispatcher_cost_what_each_costs_alone() {
    let alone = ask(&dispatcher(), 1).await;
    assert_eq!((alone.tool_calls, alone.cached_calls, alone.model_calls), (2, 0, 2));
    let both = dispatcher();
    let (one, other) = tokio::join!(ask(&both, 2), ask(&both, 3));
    assert_eq!([one, other], [alone, alone]);
    // Asked again, what was seen is known: the description, with all that it needed.
    let known = ask(&both, 2).await;
    assert_eq!((known.tool_calls, known.cached_calls), (0, 1));
}
