//! Chat models over HTTP: chat completions (`OpenAI` and whatever is compatible), responses, Anthropic, Gemini, Ollama.
//!
//! [`RemoteModel`] is a [`lavr_model::ChatModel`] that speaks one [`Dialect`]. Images go out as the dialect's own blocks,
//! encoded once for each image and adapter, each at most once a request, never as text; a model that sees none gets each
//! image's alternative with its id.
//! Replies stream; tool calls are put together from their pieces; what may pass is tried again with jitter,
//! as long as the service asks to wait and no longer than [`Retry::longest`].
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use lavr_model::{ChatModel, Message, Role, TurnRequest, collect};
//! # async fn example(images: Arc<dyn lavr_types::ImageSource>) -> Result<(), lavr_model::ModelError> {
//! use lavr_remote::{RemoteConfig, RemoteModel};
//!
//! let Some(config) = RemoteConfig::from_environment()? else { return Ok(()) }; // LAVR_MODEL is not set
//! let model = RemoteModel::new(config, images)?;
//! let turn = TurnRequest { messages: vec![Message::text(Role::User, "Hello")], max_tokens: 50, ..Default::default() };
//! let reply = collect("remote", model.stream(turn, Default::default()).await?).await?;
//! # Ok(()) }
//! ```

mod client;
mod config;
mod conversation;
mod dialect;
mod failure;
mod frames;
mod gate;
mod images;
mod reading;
mod retry;
mod schema;
mod sse;

#[cfg(test)]
mod split_tests;

pub use client::RemoteModel;
pub use config::{RemoteConfig, SchemaMode};
pub use dialect::Dialect;
pub use gate::forbid_real_requests;
pub use lavr_types::Secret;
pub use retry::Retry;
pub use schema::{SchemaError, strict};
