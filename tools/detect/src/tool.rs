//! The tool.

use std::sync::Arc;

use lavr_infer::{Session, SessionSource};
use lavr_tool::{Tool, ToolContext, ToolError};
use lavr_types::{
    Capability, ImageId, Observation, Rect,
    perception::{Detection, Detections},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    Detector, Settings,
    call::{evidence, threshold},
};

/// The tool `detect`.
pub struct Detect {
    sessions: Arc<dyn SessionSource>,
    network: String,
}

impl Detect {
    /// The name in the catalogue of the network that the program carries.
    pub const MODEL: &'static str = "nanodet";

    /// A detector that takes its network from this source at the first call: the one that the program carries.
    pub fn new(sessions: Arc<dyn SessionSource>) -> Self {
        Self { sessions, network: Self::MODEL.to_owned() }
    }

    /// With another network, by its name in the catalogue. The page of this crate lists the forms that can be read. The
    /// network that the program carries then gives a second opinion, where the source has it.
    #[must_use]
    pub fn with_network(mut self, name: impl Into<String>) -> Self {
        self.network = name.into();
        self
    }
}

/// The score from which on what the second network alone sees is a doubt.
///
/// Of 90 things on the photographs of `crates/eval/photos/tuning` and `calibration` YOLO11n left 5 without a trace, and NanoDet saw
/// one of those with this score and more; of what is not there it sees 2 in 100 with it. That there is a second opinion was
/// decided after a first look at the photographs for measuring (docs/verifier.md).
const DOUBT: f32 = 0.25;

impl Detect {
    async fn session(&self, network: &str) -> Result<Arc<dyn Session>, ToolError> {
        self.sessions.session(network).await.map_err(|error| {
            ToolError::unavailable(format!("the detector's network `{network}` could not be loaded"))
                .caused_by(error)
        })
    }

    /// The network that the program carries, where another one is the first and it can be had: two that were trained apart
    /// seldom miss the same thing.
    async fn second_opinion(&self) -> Option<Arc<dyn Session>> {
        if self.network == Self::MODEL {
            return None;
        }
        self.sessions.session(Self::MODEL).await.ok()
    }
}

/// Whether it shows one of the things that were found.
fn is_among(doubt: &Detection, found: &[Detection]) -> bool {
    let (part, overlap) = (0.9, 0.5);
    found.iter().filter(|object| object.label == doubt.label).any(|object| {
        let inside = object.bounds.share_inside(doubt.bounds).max(doubt.bounds.share_inside(object.bounds));
        object.bounds.iou(doubt.bounds) > overlap || inside > part
    })
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

    fn network(&self) -> Option<String> {
        Some(self.network.clone())
    }

    async fn call(
        &self,
        args: DetectArgs,
        context: &ToolContext,
    ) -> Result<Observation<Detections>, ToolError> {
        let area = context.region(args.image, args.region)?;
        let image = context.image(args.image)?;
        let defaults = Settings::default();
        let settings = Settings {
            threshold: threshold(args.threshold, defaults.threshold)?,
            tiles: args.tiles.unwrap_or(defaults.tiles),
        };
        let session = self.session(&self.network).await?;
        let words = args.labels.unwrap_or_default();
        let second = if settings.tiles && !words.is_empty() { self.second_opinion().await } else { None };
        let cancel = context.cancellation().clone();
        let detections = context
            .blocking(move || {
                let (pixels, area) = (&image.pixels, area.pixels());
                let mut seen = Detector::new(session).find(pixels, area, &words, settings, &cancel)?;
                if let Some(second) = second {
                    let faint = Settings { threshold: DOUBT, tiles: false };
                    let other = Detector::new(second).find(pixels, area, &words, faint, &cancel)?;
                    let all = other.objects.into_iter().chain(other.rivals);
                    seen.doubts = all.filter(|doubt| !is_among(doubt, &seen.objects)).collect();
                }
                Ok::<_, ToolError>(seen)
            })
            .await?;
        let found = detections.objects.iter().map(|one| (one.label.as_str(), one.bounds, one.score));
        let evidence = evidence(Self::NAME, area, found);
        Ok(Observation::new(detections).with_evidence(evidence))
    }
}
