//! Expert: asks a vision model about an image or a region of it.
//!
//! There is no such tool without a model that sees: [`Vqa::new`] gives none for a model without eyes, and whoever
//! composes a registry leaves it out. The model must get its images from the store of the dispatcher, since a region
//! is cropped there.
//!
//! ```
//! use std::sync::Arc;
//!
//! use lavr_testkit::ScriptedModel;
//! use lavr_tool::{Dispatcher, Registry};
//! use lavr_types::{CallId, ToolCall};
//! use lavr_vqa::Vqa;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = Arc::new(ScriptedModel::texts(["Yes."]));
//! let vqa = Vqa::new(model, &lavr_prompt::Library::built_in())?.ok_or("the model sees no images")?;
//! let dispatcher = Dispatcher::new(Registry::new().with(vqa)?, Default::default());
//! let photo = dispatcher.images().insert(lavr_image::RgbImage::new(64, 48))?;
//! let call = ToolCall {
//!     id: CallId("call_1".into()),
//!     tool: "vqa".into(),
//!     arguments: serde_json::json!({ "image": photo, "question": "Is it dark?" }),
//! };
//! let records = dispatcher.dispatch(vec![call], &Default::default()).await;
//! assert_eq!(records[0].outcome.as_ref().unwrap().value["answer"], "yes");
//! # Ok(())
//! # }
//! ```

mod answer;
mod tool;

pub use tool::{Vqa, VqaArgs};
