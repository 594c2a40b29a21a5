//! Declarations in a folder, and a dispatcher over what they declare.

use std::{path::PathBuf, sync::Arc};

use lavr_image::{ImageStore, Rgb, RgbImage};
use lavr_tool::{CancellationToken, Dispatcher, Registry};
use lavr_types::{CallId, CallRecord, Failure, ImageId, Observation, ToolCall};
use serde_json::Value;
use tempfile::TempDir;

/// Arguments of a declaration: an image, and any text.
pub(crate) const IMAGE: &str = r#"
    [arguments]
    required = ["image"]
    properties.image = { type = "string", format = "image-id", description = "The image." }
    properties.text = { type = "string", description = "Any text." }
"#;

/// A folder with declarations.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    /// What is wrong with a declaration.
    pub(crate) fn mistake(&self, content: &str) -> String {
        let path = self.file("tool.toml", content);
        lavr_declared::read(&path)
            .err()
            .unwrap_or_else(|| panic!("nothing is wrong with:\n{content}"))
            .to_string()
    }
}

/// The declared tools in a dispatcher, with one image of 40x30 pixels.
pub(crate) struct Scene {
    pub(crate) dispatcher: Dispatcher,
    pub(crate) image: ImageId,
}

impl Scene {
    pub(crate) async fn new(folder: &Folder) -> Self {
        let mut registry = Registry::new();
        for declaration in lavr_declared::read(&folder.path()).unwrap() {
            for tool in declaration.tools().await.unwrap() {
                registry = registry.with_dyn(tool).unwrap();
            }
        }
        let images = Arc::new(ImageStore::default());
        let image = images.insert(RgbImage::from_fn(40, 30, |x, y| Rgb([x as u8, y as u8, 5]))).unwrap();
        Self { dispatcher: Dispatcher::new(registry, images), image }
    }

    pub(crate) async fn record(
        &self,
        tool: &str,
        arguments: Value,
        cancel: &CancellationToken,
    ) -> CallRecord {
        let call = ToolCall { id: CallId("call_1".into()), tool: tool.into(), arguments };
        self.dispatcher.dispatch(vec![call], cancel).await.remove(0)
    }

    pub(crate) async fn seen(&self, tool: &str, arguments: Value) -> Observation<Value> {
        self.record(tool, arguments, &CancellationToken::new()).await.outcome.unwrap()
    }

    pub(crate) async fn failure(&self, tool: &str, arguments: Value) -> Failure {
        self.record(tool, arguments, &CancellationToken::new()).await.outcome.unwrap_err()
    }
}
