//! Who writes a description.

use async_trait::async_trait;
use lavr_tool::{ToolContext, ToolError};
use lavr_types::{Observation, Region, perception::Caption};

/// Writes descriptions of images.
#[async_trait]
pub trait Captioner: Send + Sync + 'static {
    /// Describes a region.
    ///
    /// # Errors
    /// When it cannot look at the image.
    async fn caption(&self, region: Region, context: &ToolContext)
    -> Result<Observation<Caption>, ToolError>;
}
