//! The tool.

use lavr_tool::{Tool, ToolContext, ToolError};
use lavr_types::{
    Capability, Evidence, ImageId, Observation, Rect, Trust,
    perception::{Bitmap, ColorQuality, ColorReport, Instances},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{MeasureOptions, measure};

/// The tool `color`.
#[derive(Debug, Clone, Copy, Default)]
pub struct MeasureColor;

/// Arguments of `color`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ColorArgs {
    /// The image to measure.
    pub image: ImageId,
    /// Box of the thing to measure, as `detect` gave it: [left, top, right, bottom] in pixels. Leave out for the whole image.
    #[serde(default)]
    pub region: Option<Rect>,
    /// Box of the thing that the region is a part of, so that only what belongs to the thing is measured.
    #[serde(default)]
    pub of: Option<Rect>,
    /// True where the region is a patch to measure whole. Else it is the box of a thing, whose background is left out.
    #[serde(default)]
    pub patch: bool,
    /// True to be told, too, how much of the region could have each color in other light.
    #[serde(default)]
    pub tints: bool,
}

/// Two boxes that overlap less do not show the same thing.
const LEAST_OVERLAP: f64 = 0.6;

/// The score from which on a thing is looked at: only its box has to fit, so hardly any.
const FAINT: f32 = 0.05;

/// Which pixels show the thing of this box, and what it is, where an expert here cuts out things and finds it. One call serves all of a
/// picture's things.
async fn cut_out(thing: Rect, image: ImageId, context: &ToolContext) -> Option<(Bitmap, String)> {
    let arguments = json!({ "image": image, "threshold": FAINT, "masks": true });
    let seen = context.call(Capability::Segment, arguments).await.ok()?;
    let seen: Instances = serde_json::from_value(seen.value).ok()?;
    let fitting = seen.objects.into_iter().map(|object| (object.bounds.iou(thing), object));
    let (overlap, best) = fitting.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    if overlap < LEAST_OVERLAP {
        return None;
    }
    let size = context.images().size_of(image).ok()?;
    // What another program says of another picture's pixels is no mask of this one.
    let mask = best.mask?.bitmap().filter(|mask| mask.size() == size)?;
    Some((mask, best.label))
}

impl Tool for MeasureColor {
    const NAME: &'static str = "color";
    const DESCRIPTION: &'static str =
        "Measures which colors a thing has. Call `detect` first and give the thing's box as region.";
    const CAPABILITY: Capability = Capability::MeasureColor;

    type Args = ColorArgs;
    type Output = ColorReport;

    async fn call(
        &self,
        args: ColorArgs,
        context: &ToolContext,
    ) -> Result<Observation<ColorReport>, ToolError> {
        let region = context.region(args.image, args.region)?;
        let image = context.image(args.image)?;
        // Of whole things masks told no more than what fills the middle of their boxes.
        let cut_out = match args.of {
            Some(thing) => cut_out(thing, args.image, context).await,
            None => None,
        };
        // Of a part of a person the clothes are meant.
        let worn = cut_out.as_ref().is_some_and(|(_, label)| label == "person");
        let options = MeasureOptions { patch: args.patch, tints: args.tints, worn };
        let mask = cut_out.map(|(mask, _)| mask);
        let report = context
            .blocking(move || Ok(measure(&image.pixels, region.pixels(), mask.as_ref(), options)))
            .await?;
        let value = match report.quality {
            ColorQuality::Clear => json!(report.colors.first().map(|color| &color.name)),
            ColorQuality::Mixed => json!(report.colors.iter().map(|color| &color.name).collect::<Vec<_>>()),
            ColorQuality::TooDark => json!("too dark to tell"),
            ColorQuality::TooSmall => json!("too small to tell"),
        };
        let score = match report.quality {
            ColorQuality::Clear | ColorQuality::Mixed => {
                report.colors.first().map_or(0.0, |color| color.share)
            }
            ColorQuality::TooDark | ColorQuality::TooSmall => 0.0,
        };
        let evidence = Evidence {
            region,
            tool: Self::NAME.to_owned(),
            call: None,
            value,
            score,
            trust: Trust::Measured,
        };
        Ok(Observation::new(report).with_evidence(vec![evidence]))
    }
}
