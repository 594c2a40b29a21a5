//! The tool.

use lavr_tool::{Tool, ToolContext, ToolError};
use lavr_types::{
    Capability, Evidence, ImageId, Observation, Rect, Trust,
    perception::{ColorQuality, ColorReport},
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
    /// True where the region is a patch to measure whole. Else it is the box of a thing, whose background is left out.
    #[serde(default)]
    pub patch: bool,
    /// True to be told, too, how much of the region could have each color in other light.
    #[serde(default)]
    pub tints: bool,
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
        let options = MeasureOptions { patch: args.patch, tints: args.tints };
        let report = context.blocking(move || Ok(measure(&image.pixels, region.pixels(), options))).await?;
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
