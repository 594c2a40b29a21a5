//! Pictures on their way in: paths below allowed folders and data URLs become ids, at the edge and nowhere else.

use std::{path::Path, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lavr_image::{AllowedFolders, ImageError, Running};
use lavr_tool::ToolError;
use lavr_types::ImageId;
use serde_json::{Value, json};

/// Lets pictures in.
#[derive(Debug, Clone)]
pub(super) struct Pictures {
    pub(super) folders: AllowedFolders,
}

impl Pictures {
    /// Puts ids in the place of paths and data, wherever the schema speaks of an image; the call that goes on holds what
    /// they name. Decoding keeps a core busy: it runs off the async threads.
    pub(super) async fn admit(
        &self,
        schema: &Value,
        mut arguments: Value,
        call: &Arc<Running>,
    ) -> Result<Value, ToolError> {
        let (this, schema, call) = (self.clone(), schema.clone(), Arc::clone(call));
        let work = move || this.walk(&schema, &mut arguments, &call).map(|()| arguments);
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| ToolError::failed("a picture could not be decoded").caused_by(error))?
    }

    fn walk(&self, schema: &Value, value: &mut Value, call: &Running) -> Result<(), ToolError> {
        if schema["format"] == "image-id" {
            if let Value::String(text) = value {
                *value = json!(self.picture(text, call)?);
            }
            return Ok(());
        }
        for kind in ["anyOf", "oneOf", "allOf"] {
            for choice in schema[kind].as_array().into_iter().flatten() {
                self.walk(choice, value, call)?;
            }
        }
        match value {
            Value::Object(fields) => {
                let schema = &schema["properties"];
                fields.iter_mut().try_for_each(|(name, field)| self.walk(&schema[name], field, call))
            }
            Value::Array(items) => {
                items.iter_mut().try_for_each(|item| self.walk(&schema["items"], item, call))
            }
            _ => Ok(()),
        }
    }

    fn picture(&self, text: &str, call: &Running) -> Result<ImageId, ToolError> {
        if let Ok(id) = text.parse() {
            return call.hold(id).map(|()| id).map_err(|error| match error {
                ImageError::Forgotten { limit, .. } => ToolError::invalid_arguments(format!(
                    "{id} was forgotten: this server keeps at most {} MiB of pictures, and others were used since; give \
                     the path of the file again (or a data: URL), and make again what was made of it",
                    limit.div_ceil(1 << 20)
                )),
                _ => ToolError::invalid_arguments(format!(
                    "no image is named {id}: this server has not made or read it; give the path of the file"
                )),
            });
        }
        let read = if let Some(data) = text.strip_prefix("data:") {
            call.insert_encoded(&decoded(data)?, "the picture in the arguments")
        } else {
            let path = text.strip_prefix("file://").unwrap_or(text);
            if path.contains("://") {
                return Err(ToolError::invalid_arguments(format!(
                    "`{}` is an address, and addresses are not opened: give the path of a file, or a data: URL",
                    shortened(path)
                )));
            }
            call.open_below(&self.folders, Path::new(path))
        };
        read.map_err(|error| ToolError::invalid_arguments(error.to_string()).caused_by(error))
    }
}

/// The bytes of a data URL, after `data:`.
fn decoded(data: &str) -> Result<Vec<u8>, ToolError> {
    let payload =
        data.split_once(',').filter(|(kind, _)| kind.ends_with(";base64")).map(|(_, payload)| payload);
    let payload = payload.ok_or_else(|| {
        ToolError::invalid_arguments(
            "a data: URL must read `data:image/png;base64,` and then the picture in base64",
        )
    })?;
    STANDARD.decode(payload.trim()).map_err(|error| {
        ToolError::invalid_arguments(format!("the data: URL is no base64: {error}")).caused_by(error)
    })
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}
