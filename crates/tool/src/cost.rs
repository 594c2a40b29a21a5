//! What a call costs before it runs: itself, and the pixels that it is about to look at.

use lavr_image::ImageStore;
use lavr_types::{Amounts, FailureKind, ImageId, OverBudget, Rect, ToolSpec};
use serde::Deserialize as _;
use serde_json::Value;

use crate::ToolError;

/// One call, and each image that its arguments name: as a whole, or the part that a single image is limited to by a `region`.
/// Not a pixel where a chat model does the looking: it is paid for what it is shown.
pub(crate) fn of(spec: &ToolSpec, arguments: &Value, images: &ImageStore) -> Amounts {
    if spec.asks_model {
        return Amounts { calls: 1, ..Amounts::default() };
    }
    let is_image = |schema: &Value| schema["format"] == "image-id";
    let properties = arguments.as_object().into_iter().flatten();
    let sizes: Vec<_> = properties
        .filter_map(|(name, value)| {
            let schema = &spec.arguments["properties"][name.as_str()];
            (is_image(schema) || is_image(&schema["items"])).then_some(value)
        })
        .flat_map(|value| value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice))
        .filter_map(|value| images.size_of(value.as_str()?.parse::<ImageId>().ok()?).ok())
        .collect();
    let part = |size: &lavr_types::Size| {
        let region = Rect::deserialize(arguments.get("region")?).ok()?;
        Some(region.intersection(size.bounds())?.area().ceil() as u64)
    };
    let pixels = match sizes.as_slice() {
        [only] => part(only).unwrap_or_else(|| only.area()),
        several => several.iter().map(|size| size.area()).sum(),
    };
    Amounts { calls: 1, pixels, ..Amounts::default() }
}

/// What a planner is told.
pub(crate) fn refused(spec: &ToolSpec, over: &OverBudget) -> ToolError {
    let way = if over.what == "pixels" { "ask for a smaller region, or answer" } else { "answer" };
    ToolError::new(
        FailureKind::OverBudget,
        format!("`{}` was not run: {over}; {way} from what you know", spec.name),
    )
}
