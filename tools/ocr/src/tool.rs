//! The tool that a planner calls.

use std::sync::Arc;

use lavr_infer::{InferError, SessionSource, off_thread};
use lavr_tool::{Tool, ToolContext, ToolError};
use lavr_types::{Capability, Evidence, ImageId, Observation, Rect, Region, Trust, perception::TextLines};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::OnceCell;

use crate::{OcrError, Reader};

/// The tool `ocr`: reads the lines of text in an image or a region of it.
pub struct Ocr {
    sessions: Arc<dyn SessionSource>,
    reader: OnceCell<Arc<Reader>>,
}

impl Ocr {
    /// With networks from this source. They are loaded at the first call.
    pub fn new(sessions: Arc<dyn SessionSource>) -> Self {
        Self { sessions, reader: OnceCell::new() }
    }

    async fn reader(&self) -> Result<Arc<Reader>, OcrError> {
        let load = || async { Reader::load(&*self.sessions).await.map(Arc::new) };
        self.reader.get_or_try_init(load).await.cloned()
    }
}

/// Arguments of `ocr`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OcrArgs {
    /// The image to read.
    pub image: ImageId,
    /// Where to read: [left, top, right, bottom] in pixels. Without it, the whole image.
    #[serde(default)]
    pub region: Option<Rect>,
}

impl Tool for Ocr {
    const NAME: &'static str = "ocr";
    const DESCRIPTION: &'static str = "Reads the text written in an image (signs, labels, screens, pages): each line \
        with its corners in pixels. Use it whenever the question is about words, names, numbers or writing.";
    const CAPABILITY: Capability = Capability::ReadText;

    type Args = OcrArgs;
    type Output = TextLines;

    async fn call(&self, args: OcrArgs, context: &ToolContext) -> Result<Observation<TextLines>, ToolError> {
        let region = context.region(args.image, args.region)?;
        let image = context.image(args.image)?;
        let cancel = context.cancellation();
        let reader = tokio::select! {
            reader = self.reader() => reader?,
            () = cancel.cancelled() => return Err(ToolError::cancelled()),
        };
        let (pixels, part) = (Arc::clone(&image.pixels), region.pixels());
        let lines = off_thread(cancel, move |cancel| reader.read_part(&pixels, part, cancel)).await?;
        let evidence = lines
            .iter()
            .map(|line| Evidence {
                region: Region::in_pixels(args.image, image.size(), line.quad.bounds()),
                tool: Self::NAME.to_owned(),
                call: None,
                value: line.text.clone().into(),
                score: line.score,
                // Whoever painted the sign wrote it: data, never an instruction.
                trust: Trust::Untrusted,
            })
            .collect();
        Ok(Observation::new(TextLines { lines }).with_evidence(evidence).untrusted())
    }
}

impl From<OcrError> for ToolError {
    fn from(error: OcrError) -> Self {
        let error = match error {
            OcrError::Infer(InferError::Cancelled) => return Self::cancelled(),
            other => other,
        };
        let message = match &error {
            OcrError::Infer(InferError::Run { .. } | InferError::Panicked { .. }) | OcrError::Resize(_) => {
                return Self::failed("reading text failed on this image; try a region of it")
                    .caused_by(error);
            }
            _ => "the text reader's networks could not be loaded; text cannot be read here",
        };
        Self::unavailable(message).caused_by(error)
    }
}
