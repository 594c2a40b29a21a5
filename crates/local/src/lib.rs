//! Chat models in this process: GGUF files of the `llama` and `qwen2` architectures, on the processor.
//!
//! | module | what it does |
//! | --- | --- |
//! | `gguf`, `map` | the file: mapped, checked, never copied |
//! | `kernels`, `matrix` | products of quantized matrices, with what the processor offers |
//! | `config`, `network`, `cache` | the network and the keys and values of what it has read |
//! | `tokenizer`, `template` | text to tokens, safe from control tokens in what others wrote |
//! | `grammar`, `sampler` | replies held to a JSON schema, and the choice of each token |
//! | `session`, `snapshot`, `model` | turns, and what is kept from turn to turn and from run to run |
//!
//! ```no_run
//! use lavr_local::{LocalModel, LocalOptions};
//! use lavr_model::{CancellationToken, ChatModel, Message, Role, TurnRequest, collect};
//!
//! # async fn ask() -> Result<(), Box<dyn std::error::Error>> {
//! let model = LocalModel::load("model.gguf", LocalOptions::default())?;
//! let turn = TurnRequest {
//!     messages: vec![Message::text(Role::User, "Name three colors.")],
//!     max_tokens: 64,
//!     ..TurnRequest::default()
//! };
//! let reply = collect("local", model.stream(turn, CancellationToken::new()).await?).await?;
//! println!("{}", reply.text);
//! # Ok(())
//! # }
//! ```
//!
//! What is not here: architectures other than the two, images, tool calls in a format of the model's own,
//! batches of several conversations, graphics processors.

mod cache;
mod config;
mod error;
mod gguf;
mod grammar;
mod kernels;
mod map;
mod matrix;
mod model;
mod network;
mod options;
mod sampler;
mod session;
mod snapshot;
mod template;
#[cfg(test)]
mod tests;
mod tokenizer;

pub use error::LoadError;
pub use model::LocalModel;
pub use options::{LocalOptions, Processor};
pub use session::Measurement;
