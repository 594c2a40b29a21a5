//! An expert that tests of limits and budgets call.

#![allow(unreachable_pub, reason = "a module of each test that uses it")]

use lavr_tool::{Tool, ToolContext, ToolError};
use lavr_types::{
    Capability, ImageId, Observation, Rect,
    perception::{Detection, Detections},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// Sees one dog, whatever the picture.
pub struct OneDog;

#[derive(Deserialize, JsonSchema)]
pub struct Args {
    image: ImageId,
    #[serde(default)]
    labels: Vec<String>,
}

impl Tool for OneDog {
    const NAME: &'static str = "detect";
    const DESCRIPTION: &'static str = "Finds objects.";
    const CAPABILITY: Capability = Capability::Detect;
    type Args = Args;
    type Output = Detections;

    async fn call(&self, args: Args, context: &ToolContext) -> Result<Observation<Detections>, ToolError> {
        context.image(args.image)?;
        let _ = args.labels;
        let bounds = Rect::new(4.0, 4.0, 60.0, 60.0);
        let objects = vec![Detection { label: "dog".into(), bounds, score: 0.93 }];
        Ok(Observation::new(Detections { objects, ..Detections::default() }))
    }
}
