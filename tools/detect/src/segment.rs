//! The tool that cuts things out.

use std::sync::Arc;

use lavr_infer::SessionSource;
use lavr_tool::{Tool, ToolContext, ToolError};
use lavr_types::{Capability, ImageId, Observation, perception::Instances};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    Segmenter,
    call::{evidence, threshold},
};

/// The tool `segment`.
pub struct Segment {
    sessions: Arc<dyn SessionSource>,
    network: String,
}

impl Segment {
    /// A segmenter that takes this network from the source at the first call, by its name in the catalogue.
    pub fn new(sessions: Arc<dyn SessionSource>, network: impl Into<String>) -> Self {
        Self { sessions, network: network.into() }
    }
}

/// The threshold where none is given.
const THRESHOLD: f32 = 0.4;

/// Arguments of `segment`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct SegmentArgs {
    /// The image to look at.
    pub image: ImageId,
    /// What to look for, in English words. Leave out to find everything.
    #[serde(default)]
    pub labels: Option<Vec<String>>,
    /// Lowest score to report, 0.4 if left out.
    #[serde(default)]
    #[schemars(range(min = 0.05, max = 1.0))]
    pub threshold: Option<f32>,
    /// True to be given each thing's mask, too: run lengths, for programs.
    #[serde(default)]
    pub masks: bool,
}

impl Tool for Segment {
    const NAME: &'static str = "segment";
    const DESCRIPTION: &'static str = "Finds objects as `detect` does and tells how many pixels show each: use it for how large things really look.";
    const CAPABILITY: Capability = Capability::Segment;

    type Args = SegmentArgs;
    type Output = Instances;

    fn network(&self) -> Option<String> {
        Some(self.network.clone())
    }

    async fn call(
        &self,
        args: SegmentArgs,
        context: &ToolContext,
    ) -> Result<Observation<Instances>, ToolError> {
        let area = context.region(args.image, None)?;
        let image = context.image(args.image)?;
        let threshold = threshold(args.threshold, THRESHOLD)?;
        let session = self.sessions.session(&self.network).await.map_err(|error| {
            ToolError::unavailable(format!(
                "the network `{}`, which cuts things out, could not be loaded",
                self.network
            ))
            .caused_by(error)
        })?;
        let words = args.labels.unwrap_or_default();
        let mut instances = context
            .blocking(move || Segmenter::new(session).cut_out(&image.pixels, &words, threshold))
            .await?;
        if !args.masks {
            instances.objects.iter_mut().for_each(|object| object.mask = None);
        }
        let found = instances.objects.iter().map(|one| (one.label.as_str(), one.bounds, one.score));
        let evidence = evidence(Self::NAME, area, found);
        Ok(Observation::new(instances).with_evidence(evidence))
    }
}
