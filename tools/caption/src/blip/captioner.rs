//! BLIP as a captioner.

use std::sync::Arc;

use async_trait::async_trait;
use lavr_tool::{ToolContext, ToolError};
use lavr_types::{Evidence, Observation, Region, Trust, perception::Caption};
use serde_json::json;
use tokio::sync::OnceCell;

use super::{Blip, BlipError, BlipFiles};
use crate::{Captioner, Contrast};

/// Describes with BLIP. The files are read at the first call.
pub struct BlipCaptioner {
    name: String,
    files: BlipFiles,
    contrast: Option<Contrast>,
    loaded: OnceCell<Arc<Blip>>,
}

impl BlipCaptioner {
    /// A captioner with these files. `name` is what [`Caption::source`] says.
    pub fn new(name: impl Into<String>, files: BlipFiles) -> Self {
        Self { name: name.into(), files, contrast: None, loaded: OnceCell::new() }
    }

    /// With visual contrastive decoding, as [`Blip::with_contrast`].
    #[must_use]
    pub fn with_contrast(mut self, contrast: Contrast) -> Self {
        self.contrast = Some(contrast);
        self
    }
}

#[async_trait]
impl Captioner for BlipCaptioner {
    async fn caption(
        &self,
        region: Region,
        context: &ToolContext,
    ) -> Result<Observation<Caption>, ToolError> {
        let pixels = context.image(region.image)?.pixels;
        let blip = self
            .loaded
            .get_or_try_init(|| {
                let (files, contrast) = (self.files.clone(), self.contrast);
                context.blocking(move || {
                    let blip = Blip::load(&files)?;
                    Ok(Arc::new(match contrast {
                        Some(contrast) => blip.with_contrast(contrast),
                        None => blip,
                    }))
                })
            })
            .await?;
        let (blip, cancel) = (Arc::clone(blip), context.cancellation().clone());
        let described =
            context.blocking(move || Ok(blip.describe(&pixels, region.pixels(), &cancel)?)).await?;
        let evidence = Evidence {
            region,
            tool: "caption".to_owned(),
            call: None,
            value: json!(described.text),
            score: described.score,
            trust: Trust::Measured,
        };
        let caption = Caption { text: described.text, source: self.name.clone(), unseen: Vec::new() };
        Ok(Observation::new(caption).with_evidence(vec![evidence]))
    }
}

impl From<BlipError> for ToolError {
    fn from(error: BlipError) -> Self {
        match error {
            BlipError::Cancelled => Self::cancelled(),
            BlipError::Run(_) | BlipError::Resize(_) => {
                Self::failed("the captioning network failed on this image").caused_by(error)
            }
            _ => Self::unavailable("the captioning network could not be loaded").caused_by(error),
        }
    }
}
