//! What a running tool may reach.

use std::sync::Arc;

use async_trait::async_trait;
use lavr_image::{ImageStore, StoredImage};
use lavr_types::{Budget, Capability, Failure, ImageId, Observation, Rect, Region, Usage};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{ToolError, meter::Meter};

/// Calls other tools on behalf of a running tool: through the same checks and the same cache.
#[async_trait]
pub trait Caller: Send + Sync {
    /// Calls the first tool of a capability.
    ///
    /// # Errors
    /// When there is none ([`lavr_types::FailureKind::Unavailable`]), or its call fails.
    async fn call(&self, capability: Capability, arguments: Value) -> Result<Observation<Value>, Failure>;
}

/// What a running tool may reach: images, its cancellation, and other tools by capability.
#[derive(Clone)]
pub struct ToolContext {
    images: Arc<ImageStore>,
    cancel: CancellationToken,
    caller: Arc<dyn Caller>,
    budget: Budget,
    meter: Meter,
}

impl ToolContext {
    /// What a tool may reach where no dispatcher runs it, as in a process of its own.
    pub fn new(
        images: Arc<ImageStore>,
        cancel: CancellationToken,
        caller: Arc<dyn Caller>,
        budget: Budget,
    ) -> Self {
        Self { images, cancel, caller, budget, meter: Meter::default() }
    }

    /// The same, with this meter for what chat models cost.
    pub(crate) fn with_meter(mut self, meter: Meter) -> Self {
        self.meter = meter;
        self
    }

    /// Tells what chat models cost that the tool asked: it stands in the record of the call, and counts for the run. Turns are
    /// paid from [`Self::budget`] apart from this.
    pub fn spent(&self, models: Usage) {
        self.meter.add(models);
    }

    /// What chat models cost so far that were asked in this attempt, by the tool or by tools that it called.
    pub fn models(&self) -> Usage {
        self.meter.sum()
    }

    /// What the run may still use up. The call itself is reserved already; a tool that asks a chat model reserves its turns
    /// (`lavr_model::Metered`), and says what they came to ([`Self::spent`]).
    pub const fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The image store.
    pub fn images(&self) -> &Arc<ImageStore> {
        &self.images
    }

    /// Cancelled when nobody waits for the result any more. Long loops look at it.
    pub fn cancellation(&self) -> &CancellationToken {
        &self.cancel
    }

    /// An image by its id.
    ///
    /// # Errors
    /// When no image has this id.
    pub fn image(&self, id: ImageId) -> Result<StoredImage, ToolError> {
        Ok(self.images.get(id)?)
    }

    /// The region that the arguments speak of: a box in pixels, cut off at the image's edges, or the whole image.
    ///
    /// # Errors
    /// When no image has this id, or the box holds no pixel of it.
    pub fn region(&self, image: ImageId, region: Option<Rect>) -> Result<Region, ToolError> {
        let size = self.images.size_of(image)?;
        let Some(region) = region else { return Ok(Region::whole(image, size)) };
        let inside = region.intersection(size.bounds()).filter(|inside| inside.area() > 0.0);
        match inside {
            Some(inside) if region.is_finite() => Ok(Region::in_pixels(image, size, inside)),
            _ => Err(lavr_image::ImageError::EmptyRegion { region, size }.into()),
        }
    }

    /// Calls the first tool of a capability, as a planner would: same checks, same evidence cache.
    ///
    /// # Errors
    /// When there is none ([`lavr_types::FailureKind::Unavailable`]), or its call fails.
    pub async fn call(
        &self,
        capability: Capability,
        arguments: Value,
    ) -> Result<Observation<Value>, ToolError> {
        Ok(self.caller.call(capability, arguments).await?)
    }

    /// Runs work that keeps a core busy off the async threads.
    ///
    /// # Errors
    /// When the work panics, or the call was cancelled before it began.
    pub async fn blocking<T, F>(&self, work: F) -> Result<T, ToolError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, ToolError> + Send + 'static,
    {
        if self.cancel.is_cancelled() {
            return Err(ToolError::cancelled());
        }
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => result,
            Err(error) if error.is_panic() => Err(ToolError::new(
                lavr_types::FailureKind::Panicked,
                "the tool crashed on this input; try another tool or region",
            )
            .caused_by(error)),
            Err(_) => Err(ToolError::cancelled()),
        }
    }
}
