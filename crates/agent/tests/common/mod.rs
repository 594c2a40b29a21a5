//! Experts whose answers are known.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]
#![allow(unreachable_pub, reason = "a module of each test that uses it")]

use std::sync::Arc;

use lavr_image::{ImageStore, RgbImage};
use lavr_tool::{Dispatcher, Registry, Tool, ToolContext, ToolError};
use lavr_types::{
    Capability, ImageId, Observation, Rect,
    perception::{ColorQuality, ColorReport, ColorShare, Detection, Detections, TextLines},
};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
#[allow(dead_code, reason = "the schema of an expert, of which these need nothing")]
pub struct Args {
    image: ImageId,
    labels: Option<Vec<String>>,
    region: Option<Rect>,
}

/// Sees two dogs, whatever the picture; nothing where it is asked for a cat.
struct TwoDogs;

impl Tool for TwoDogs {
    const NAME: &'static str = "detect";
    const DESCRIPTION: &'static str = "Finds objects.";
    const CAPABILITY: Capability = Capability::Detect;
    type Args = Args;
    type Output = Detections;

    async fn call(&self, args: Args, _: &ToolContext) -> Result<Observation<Detections>, ToolError> {
        let dog = |left, score| Detection {
            label: "dog".into(),
            bounds: Rect::new(left, 4.0, left + 20.0, 60.0),
            score,
        };
        let none = args.labels.is_some_and(|labels| labels == ["cat"]);
        let objects = if none { Vec::new() } else { vec![dog(4.0, 0.9), dog(40.0, 0.8)] };
        Ok(Observation::new(Detections { objects, ..Detections::default() }))
    }
}

/// Finds everything left of x = 30 brown and cannot measure the rest.
struct Brown;

impl Tool for Brown {
    const NAME: &'static str = "color";
    const DESCRIPTION: &'static str = "Measures colors.";
    const CAPABILITY: Capability = Capability::MeasureColor;
    type Args = Args;
    type Output = ColorReport;

    async fn call(&self, args: Args, _: &ToolContext) -> Result<Observation<ColorReport>, ToolError> {
        if args.region.is_some_and(|region| region.left > 30.0) {
            return Err(ToolError::failed("the light is too poor"));
        }
        let colors = vec![ColorShare { name: "brown".into(), share: 0.9, hex: "#663300".into() }];
        Ok(Observation::new(ColorReport::new(ColorQuality::Clear, colors)))
    }
}

/// Cannot read at all.
struct Broken;

impl Tool for Broken {
    const NAME: &'static str = "ocr";
    const DESCRIPTION: &'static str = "Reads text.";
    const CAPABILITY: Capability = Capability::ReadText;
    type Args = Args;
    type Output = TextLines;

    async fn call(&self, _: Args, _: &ToolContext) -> Result<Observation<TextLines>, ToolError> {
        Err(ToolError::failed("the reader is broken"))
    }
}

/// The experts of [`dispatcher`].
pub fn registry() -> Registry {
    Registry::new().with(TwoDogs).unwrap().with(Brown).unwrap().with(Broken).unwrap()
}

/// Two dogs, everything on the left brown, and nobody who can read.
pub fn dispatcher() -> (Dispatcher, ImageId) {
    let images = Arc::new(ImageStore::default());
    let image = images.insert(RgbImage::new(64, 64)).unwrap();
    (Dispatcher::new(registry(), images), image)
}
