//! Chat models that see, in this process: on candle, on the processor.
//!
//! | module | what it does |
//! | --- | --- |
//! | `files`, `weights` | the files of a model, and their tensors, in full or in eight bits |
//! | `family`, `words` | a conversation as each family of models was trained to read it, safe from control tokens in what others wrote |
//! | `qwen3` | Qwen3-VL: the eye, the decoder with positions on three axes |
//! | `moondream` | Moondream, full or quantized |
//! | `model` | requests, one after the other, on a thread of its own |
//!
//! ```no_run
//! use std::{path::Path, sync::Arc};
//!
//! use lavr_image::ImageStore;
//! use lavr_model::{ChatModel, Message, Part, Role, TurnRequest, collect};
//! use lavr_vision::{VisionFiles, VisionModel, VisionOptions};
//!
//! # async fn ask() -> Result<(), Box<dyn std::error::Error>> {
//! let images = Arc::new(ImageStore::default());
//! let image = images.open(Path::new("photo.jpg"))?;
//! let files = VisionFiles::in_folder(Path::new("Qwen3-VL-2B-Instruct"))?;
//! let model = VisionModel::load(&files, images, VisionOptions::default())?;
//! let parts = vec![
//!     Part::Image { image, alternative: "a photo".into() },
//!     Part::Text { text: "What is the dog doing?".into() },
//! ];
//! let turn =
//!     TurnRequest { messages: vec![Message { role: Role::User, parts }], max_tokens: 64, ..TurnRequest::default() };
//! let reply = collect("vision", model.stream(turn, Default::default()).await?).await?;
//! println!("{}", reply.text);
//! # Ok(())
//! # }
//! ```
//!
//! What is not here: replies held to a schema, tool calls in a format of the model's own, video, graphics processors.

mod error;
mod family;
mod files;
mod model;
mod moondream;
mod network;
mod qwen3;
#[cfg(test)]
mod tests;
mod weights;
mod words;

pub use error::VisionError;
pub use files::VisionFiles;
pub use model::{VisionModel, VisionOptions};
pub use weights::Precision;
