//! A detector whose findings are known.

use lavr_tool::{Tool, ToolContext, ToolError};
use lavr_types::{
    Capability, ImageId, Observation, Rect,
    perception::{Detection, Detections},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// Sees one dog, whatever the picture: in [4.1, 4.7, 60.3, 60.0], cut off at its edges.
#[derive(Debug, Clone, Copy)]
pub struct OneDog;

/// The arguments of a detector.
#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "the schema of a detector, of which this one needs the image alone")]
pub struct Look {
    image: ImageId,
    labels: Option<Vec<String>>,
    threshold: Option<f32>,
    tiles: Option<bool>,
    region: Option<Rect>,
}

impl Tool for OneDog {
    const NAME: &'static str = "detect";
    const DESCRIPTION: &'static str = "Finds objects.";
    const CAPABILITY: Capability = Capability::Detect;
    type Args = Look;
    type Output = Detections;

    async fn call(&self, look: Look, context: &ToolContext) -> Result<Observation<Detections>, ToolError> {
        let image = context.image(look.image)?;
        let bounds = Rect::new(4.1, 4.7, 60.3, 60.0).intersection(image.size().bounds());
        let object = |bounds| Detection { label: "dog".into(), bounds, score: 0.93 };
        let objects = bounds.map(object).into_iter().collect();
        Ok(Observation::new(Detections { objects, ..Detections::default() }))
    }
}
