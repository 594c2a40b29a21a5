//! The tool.

use std::{sync::Arc, time::Duration};

use lavr_tool::{Tool, ToolContext, ToolError};
use lavr_types::{Capability, ImageId, Observation, Rect, perception::Caption};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Captioner;

/// The tool `caption`.
#[derive(Clone)]
pub struct Describe {
    captioner: Arc<dyn Captioner>,
}

impl Describe {
    /// The tool with this captioner.
    pub fn new(captioner: impl Captioner) -> Self {
        Self { captioner: Arc::new(captioner) }
    }
}

/// Arguments of `caption`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct CaptionArgs {
    /// The image to describe.
    pub image: ImageId,
    /// Describe only this box: [left, top, right, bottom] in pixels.
    #[serde(default)]
    pub region: Option<Rect>,
}

impl Tool for Describe {
    const NAME: &'static str = "caption";
    const DESCRIPTION: &'static str =
        "Describes an image in a few sentences. Use it for questions about the picture as a whole.";
    const CAPABILITY: Capability = Capability::Caption;
    /// The captioning network takes many seconds on a small machine, and loads at the first call.
    const TIMEOUT: Duration = Duration::from_secs(300);

    type Args = CaptionArgs;
    type Output = Caption;

    async fn call(
        &self,
        args: CaptionArgs,
        context: &ToolContext,
    ) -> Result<Observation<Caption>, ToolError> {
        let region = context.region(args.image, args.region)?;
        self.captioner.caption(region, context).await
    }
}
