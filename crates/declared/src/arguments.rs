//! Arguments on their way out: images in the form that was declared.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lavr_image::{ImageFiles, ImageStore};
use lavr_mcp::ImageForm;
use lavr_tool::{ToolContext, ToolError};
use lavr_types::ImageId;
use serde_json::{Map, Value, json};

/// The arguments of a schema that are images, in its order.
pub(crate) fn image_arguments(schema: &Value) -> Vec<String> {
    let fields = schema["properties"].as_object().into_iter().flatten();
    fields
        .filter(|(_, field)| is_image(field) || is_image(&field["items"]))
        .map(|(name, _)| name.clone())
        .collect()
}

fn is_image(schema: &Value) -> bool {
    schema["format"] == "image-id"
}

/// Arguments with their images as texts: base64 or data URLs, or the paths of `files` where there are any.
pub(crate) async fn outward(
    arguments: Map<String, Value>,
    images: &[String],
    form: ImageForm,
    files: Option<Arc<ImageFiles>>,
    context: &ToolContext,
) -> Result<Map<String, Value>, ToolError> {
    let (images, store) = (images.to_vec(), Arc::clone(context.images()));
    let mut arguments = arguments;
    context
        .blocking(move || {
            for name in images {
                match arguments.get_mut(&name) {
                    Some(Value::Array(items)) => {
                        for item in items {
                            *item = written(item, &name, form, files.as_deref(), &store)?;
                        }
                    }
                    Some(value) if value.is_string() => {
                        *value = written(value, &name, form, files.as_deref(), &store)?;
                    }
                    _ => {}
                }
            }
            Ok(arguments)
        })
        .await
}

fn written(
    value: &Value,
    name: &str,
    form: ImageForm,
    files: Option<&ImageFiles>,
    store: &ImageStore,
) -> Result<Value, ToolError> {
    let id = image_in(value, name)?;
    Ok(match (form, files) {
        (ImageForm::Path, Some(files)) => json!(files.path(store, id)?),
        (ImageForm::DataUrl, _) => {
            format!("data:image/png;base64,{}", STANDARD.encode(store.get(id)?.png()?)).into()
        }
        _ => STANDARD.encode(store.get(id)?.png()?).into(),
    })
}

/// The image that an argument names.
pub(crate) fn image_in(value: &Value, name: &str) -> Result<ImageId, ToolError> {
    let text = value.as_str().unwrap_or_default();
    text.parse().map_err(|_| ToolError::invalid_arguments(format!("`{name}` must name an image")))
}

/// An argument as text: a string as it is, anything else as JSON.
pub(crate) fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
