//! One tool of a server, as one of ours.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lavr_image::ImageFile;
use lavr_tool::{DynTool, ToolContext, ToolError, self_contained};
use lavr_types::{ImageId, Observation, ToolSpec};
use rmcp::model::{CallToolRequestParams, JsonObject, Tool};
use serde_json::{Value, json};

use super::{ConnectError, ImageForm, connection::Connection, results};

/// A tool of an MCP server.
pub(super) struct McpTool {
    connection: Arc<Connection>,
    /// Its name there.
    name: String,
    spec: ToolSpec,
    /// Its arguments that are images.
    images: BTreeMap<String, ImageForm>,
}

impl McpTool {
    pub(super) fn new(connection: Arc<Connection>, tool: &Tool) -> Result<Self, ConnectError> {
        let config = &connection.config;
        let wrong = |reason| ConnectError::Schema {
            server: config.name.clone(),
            tool: tool.name.to_string(),
            reason,
        };
        let mut arguments =
            self_contained(&Value::Object(tool.input_schema.as_ref().clone())).map_err(wrong)?;
        let prefix = format!("{}.", tool.name);
        let own = |(argument, form): (&String, &ImageForm)| {
            Some((argument.strip_prefix(&prefix)?.to_owned(), *form))
        };
        let images: BTreeMap<String, ImageForm> = config.images.iter().filter_map(own).collect();
        for name in images.keys() {
            take_image(&mut arguments["properties"][name]);
        }
        let output = tool.output_schema.as_ref().map(|schema| Value::Object(schema.as_ref().clone()));
        // What a server promises of its results is a help to read, and nothing rests on it.
        let mut output = output.and_then(|schema| self_contained(&schema).ok()).unwrap_or_else(|| json!({}));
        if let Value::Object(fields) = &mut output {
            // The names of images that came beside the result are put into it.
            fields.remove("additionalProperties");
        }
        // The server's word counts where it asks for more care, not where it asks for less.
        let hints = tool.annotations.clone().unwrap_or_default();
        let name = local_name(&config.name, &tool.name);
        let description = tool.description.as_deref().unwrap_or_default();
        let spec = ToolSpec {
            output,
            timeout: config.timeout,
            cacheable: config.cacheable,
            idempotent: config.cacheable,
            needs_approval: hints.destructive_hint == Some(true)
                || config.approve.iter().any(|name| *name == tool.name),
            ..ToolSpec::new(name, description, arguments)
        };
        let name = tool.name.to_string();
        Ok(Self { connection, name, spec, images })
    }

    /// The arguments as the server takes them, images in the form that was declared; and the files that it needs for them.
    async fn outward(
        &self,
        arguments: Value,
        context: &ToolContext,
    ) -> Result<(JsonObject, Vec<Arc<ImageFile>>), ToolError> {
        let Value::Object(mut arguments) = arguments else { return Ok(Default::default()) };
        if self.images.is_empty() {
            return Ok((arguments, Vec::new()));
        }
        let (connection, forms, store) =
            (Arc::clone(&self.connection), self.images.clone(), Arc::clone(context.images()));
        context
            .blocking(move || {
                let mut files = Vec::new();
                for (name, form) in forms {
                    let Some(value) = arguments.get_mut(&name) else { continue };
                    let each = match value {
                        Value::Array(items) => items.iter_mut().collect(),
                        value => vec![value],
                    };
                    for value in each {
                        let Some(text) = value.as_str() else { continue };
                        let id: ImageId = text.parse().map_err(|_| {
                            ToolError::invalid_arguments(format!("`{name}` must name an image"))
                        })?;
                        *value = match form {
                            ImageForm::Path => {
                                let file = connection.files.file(&store, id)?;
                                let path = json!(file.path());
                                files.push(file);
                                path
                            }
                            ImageForm::DataUrl => {
                                format!("data:image/png;base64,{}", STANDARD.encode(store.get(id)?.png()?))
                                    .into()
                            }
                            ImageForm::Base64 => STANDARD.encode(store.get(id)?.png()?).into(),
                        };
                    }
                }
                Ok((arguments, files))
            })
            .await
    }
}

/// Makes the schema of an argument (or of its items) that of an image name.
fn take_image(schema: &mut Value) {
    let schema = if schema["type"] == "array" { &mut schema["items"] } else { schema };
    let said = schema["description"].as_str().unwrap_or("The image.");
    *schema = json!({ "type": "string", "format": "image-id", "description": said });
}

/// The name that it has here: the server's, then the tool's, in the characters that a registry takes.
fn local_name(server: &str, tool: &str) -> String {
    let name = format!("{server}_{tool}");
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
}

#[async_trait]
impl DynTool for McpTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, arguments: Value, context: &ToolContext) -> Result<Observation<Value>, ToolError> {
        let (arguments, _files) = self.outward(arguments, context).await?;
        let running = self.connection.session(&self.name).await?;
        let request = CallToolRequestParams::new(self.name.clone()).with_arguments(arguments);
        // Dropped at a timeout: then the server is told that nobody waits any more.
        let result = tokio::select! {
            result = running.service.call_tool(request) => result,
            () = context.cancellation().cancelled() => return Err(ToolError::cancelled()),
        };
        let result = result.map_err(|error| self.connection.failed(&running, error))?;
        self.connection.is_well().await;
        let (server, store) = (self.connection.config.name.clone(), Arc::clone(context.images()));
        context.blocking(move || results::observation(&server, result, &store)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_prefixed_and_fit_a_registry() {
        assert_eq!(local_name("files", "read-Page.v2"), "files_read_page_v2");
    }

    #[test]
    fn an_image_argument_is_named_as_one() {
        let mut one = json!({ "type": "string", "title": "Path", "description": "The picture." });
        take_image(&mut one);
        assert_eq!(one, json!({ "type": "string", "format": "image-id", "description": "The picture." }));
        let mut many = json!({ "type": "array", "items": { "type": "string" } });
        take_image(&mut many);
        assert_eq!(many["items"]["format"], "image-id");
    }
}
