//! The tool.

use lavr_tool::{Tool, ToolContext, ToolError};
use lavr_types::{Capability, Evidence, ImageId, Observation, Rect, Size, Trust};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The largest enlargement: beyond it interpolation shows nothing new.
const MOST_ENLARGED: f64 = 4.0;

/// The tool `crop`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Crop;

/// Arguments of `crop`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct CropArgs {
    /// The image to cut from.
    pub image: ImageId,
    /// What to cut out: [left, top, right, bottom] in pixels.
    pub region: Rect,
    /// Enlarges the crop, 1 to 4 times, for small text or things.
    #[serde(default)]
    #[schemars(range(min = 1.0, max = 4.0))]
    pub enlarge: Option<f64>,
}

/// What `crop` gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cropped {
    /// The new image, for the next call.
    pub image: ImageId,
    /// Its size in pixels.
    pub size: Size,
    /// The picture that it was first cut from.
    pub root: ImageId,
    /// Its place there, in pixels.
    pub region_on_root: Rect,
}

impl Tool for Crop {
    const NAME: &'static str = "crop";
    const DESCRIPTION: &'static str =
        "Zooms into a box: gives a new image that other tools can look at more closely.";
    const CAPABILITY: Capability = Capability::Transform;

    type Args = CropArgs;
    type Output = Cropped;

    async fn call(&self, args: CropArgs, context: &ToolContext) -> Result<Observation<Cropped>, ToolError> {
        let enlarge = args.enlarge.unwrap_or(1.0);
        if !(1.0..=MOST_ENLARGED).contains(&enlarge) {
            return Err(ToolError::invalid_arguments("`enlarge` must lie between 1 and 4"));
        }
        // Checked here, so that a box outside is told in the same words by every tool.
        context.region(args.image, Some(args.region))?;
        let images = context.images().clone();
        let crop = context
            .blocking(move || {
                let crop = images.crop(args.image, args.region)?;
                if enlarge == 1.0 {
                    return Ok(crop);
                }
                let size = images.size_of(crop)?;
                let scaled = |side: u32| (f64::from(side) * enlarge).round() as u32;
                Ok(images.resized(crop, Size::new(scaled(size.width), scaled(size.height)))?.id)
            })
            .await?;
        let images = context.images();
        let size = images.size_of(crop)?;
        let place = images.to_root(&images.whole(crop)?)?;
        let evidence = Evidence {
            region: place,
            tool: Self::NAME.to_owned(),
            call: None,
            value: json!({ "crop": crop }),
            score: 1.0,
            trust: Trust::Measured,
        };
        let cropped = Cropped { image: crop, size, root: place.image, region_on_root: place.pixels() };
        Ok(Observation::new(cropped).with_evidence(vec![evidence]).with_images(vec![crop]))
    }
}
