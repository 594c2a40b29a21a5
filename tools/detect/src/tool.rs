//! The tool.

use std::sync::Arc;

use lavr_infer::SessionSource;
use lavr_tool::{Tool, ToolContext, ToolError};
use lavr_types::{Capability, Evidence, ImageId, Observation, Rect, Region, perception::Detections};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{Detector, Settings};

/// The tool `detect`.
pub struct Detect {
    sessions: Arc<dyn SessionSource>,
}

impl Detect {
    /// The network's name in the catalogue.
    pub const MODEL: &'static str = "nanodet";

    /// A detector that takes its network from this source at the first call.
    pub fn new(sessions: Arc<dyn SessionSource>) -> Self {
        Self { sessions }
    }
}

/// Arguments of `detect`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct DetectArgs {
    /// The image to look at.
    pub image: ImageId,
    /// What to look for, in English words. Leave out to find everything.
    #[serde(default)]
    pub labels: Option<Vec<String>>,
    /// Look only inside this box: [left, top, right, bottom] in pixels.
    #[serde(default)]
    pub region: Option<Rect>,
    /// Lowest score to report, 0.4 if left out. Lower finds more and errs more.
    #[serde(default)]
    #[schemars(range(min = 0.05, max = 1.0))]
    pub threshold: Option<f32>,
    /// Set true to look closer, for small objects. Slower.
    #[serde(default)]
    pub tiles: Option<bool>,
}

impl Tool for Detect {
    const NAME: &'static str = "detect";
    const DESCRIPTION: &'static str = "Finds objects (people, animals, vehicles, furniture, food, household things) and gives each one's label, box and score. Use it to see what is there, where it is and how many.";
    const CAPABILITY: Capability = Capability::Detect;

    type Args = DetectArgs;
    type Output = Detections;

    async fn call(
        &self,
        args: DetectArgs,
        context: &ToolContext,
    ) -> Result<Observation<Detections>, ToolError> {
        let area = context.region(args.image, args.region)?;
        let image = context.image(args.image)?;
        let defaults = Settings::default();
        let settings = Settings {
            threshold: args.threshold.unwrap_or(defaults.threshold),
            tiles: args.tiles.unwrap_or(defaults.tiles),
            ..defaults
        };
        if !(0.05..=1.0).contains(&settings.threshold) {
            return Err(ToolError::invalid_arguments("`threshold` must lie between 0.05 and 1"));
        }
        let session = self.sessions.session(Self::MODEL).await.map_err(|error| {
            ToolError::unavailable("the detector's network could not be loaded").caused_by(error)
        })?;
        let words = args.labels.unwrap_or_default();
        let cancel = context.cancellation().clone();
        let detections = context
            .blocking(move || {
                Detector::new(session).find(&image.pixels, area.pixels(), &words, settings, &cancel)
            })
            .await?;
        let evidence = detections
            .objects
            .iter()
            .map(|object| Evidence {
                region: Region::in_pixels(area.image, area.size, object.bounds),
                tool: Self::NAME.to_owned(),
                call: None,
                value: json!(object.label),
                score: object.score,
                trust: lavr_types::Trust::Measured,
            })
            .collect();
        Ok(Observation::new(detections).with_evidence(evidence))
    }
}
