//! The tool that tells how people hold themselves.

use std::sync::Arc;

use lavr_infer::SessionSource;
use lavr_tool::{Tool, ToolContext, ToolError};
use lavr_types::{Capability, ImageId, Observation, perception::Poses};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    PoseEstimator,
    call::{evidence, threshold},
};

/// The tool `pose`.
pub struct EstimatePose {
    sessions: Arc<dyn SessionSource>,
    network: String,
}

impl EstimatePose {
    /// An estimator that takes this network from the source at the first call, by its name in the catalogue.
    pub fn new(sessions: Arc<dyn SessionSource>, network: impl Into<String>) -> Self {
        Self { sessions, network: network.into() }
    }
}

/// The threshold where none is given.
const THRESHOLD: f32 = 0.4;

/// Arguments of `pose`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct PoseArgs {
    /// The image to look at.
    pub image: ImageId,
    /// Lowest score of a person to report, 0.4 if left out.
    #[serde(default)]
    #[schemars(range(min = 0.05, max = 1.0))]
    pub threshold: Option<f32>,
}

impl Tool for EstimatePose {
    const NAME: &'static str = "pose";
    const DESCRIPTION: &'static str = "Finds people and where their eyes, shoulders, elbows, wrists, hips, knees and ankles are: use it for how someone stands, sits or holds the arms.";
    const CAPABILITY: Capability = Capability::Pose;

    type Args = PoseArgs;
    type Output = Poses;

    fn network(&self) -> Option<String> {
        Some(self.network.clone())
    }

    async fn call(&self, args: PoseArgs, context: &ToolContext) -> Result<Observation<Poses>, ToolError> {
        let area = context.region(args.image, None)?;
        let image = context.image(args.image)?;
        let threshold = threshold(args.threshold, THRESHOLD)?;
        let session = self.sessions.session(&self.network).await.map_err(|error| {
            ToolError::unavailable(format!(
                "the network `{}`, which finds the points of bodies, could not be loaded",
                self.network
            ))
            .caused_by(error)
        })?;
        let poses =
            context.blocking(move || PoseEstimator::new(session).estimate(&image.pixels, threshold)).await?;
        let found = poses.people.iter().map(|one| ("person", one.bounds, one.score));
        let evidence = evidence(Self::NAME, area, found);
        Ok(Observation::new(poses).with_evidence(evidence))
    }
}
