//! What the tools of this crate do alike before and after a look.

use lavr_tool::ToolError;
use lavr_types::{Evidence, Rect, Region, Trust};
use serde_json::json;

/// The lowest score to report: that which was asked for, if it is one, else the tool's own.
pub(crate) fn threshold(asked: Option<f32>, own: f32) -> Result<f32, ToolError> {
    let threshold = asked.unwrap_or(own);
    if (0.05..=1.0).contains(&threshold) {
        Ok(threshold)
    } else {
        Err(ToolError::invalid_arguments("`threshold` must lie between 0.05 and 1"))
    }
}

/// What was found, each with its label, box and score, as evidence of a tool that looked at this picture.
pub(crate) fn evidence<'f>(
    tool: &str,
    picture: Region,
    found: impl IntoIterator<Item = (&'f str, Rect, f32)>,
) -> Vec<Evidence> {
    let fact = |(label, bounds, score): (&str, Rect, f32)| Evidence {
        region: Region::in_pixels(picture.image, picture.size, bounds),
        tool: tool.to_owned(),
        call: None,
        value: json!(label),
        score,
        trust: Trust::Measured,
    };
    found.into_iter().map(fact).collect()
}
