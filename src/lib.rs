//! LLM-aided visual reasoning: a planner model thinks in steps and calls expert models through a typed tool
//! registry; a verifier then checks every claim of the draft against the pixels and rewrites what is wrong.
//!
//! This crate only re-exports; each module is a crate of its own, and what depends on what is in
//! `ARCHITECTURE.md`.
//!
//! ```no_run
//! use lavr::prelude::*;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let images = Arc::new(ImageStore::default());
//! let photo = images.open("photo.jpg".as_ref())?;
//! let dispatcher = Dispatcher::new(Experts::open()?.registry()?, images);
//! let verifier = Verifier::new(dispatcher.clone(), VerifierOptions::default());
//! let checked = verifier.verify("Two dogs on a red sofa.", &[photo], &CancellationToken::new(), &|_| ()).await;
//! println!("{}", checked.text);
//! # Ok(())
//! # }
//! ```

pub use lavr_agent as agent;
pub use lavr_declared as declared;
pub use lavr_embed as embed;
pub use lavr_experts as experts;
pub use lavr_fetch as fetch;
pub use lavr_image as image;
pub use lavr_infer as infer;
pub use lavr_local as local;
pub use lavr_mcp as mcp;
pub use lavr_model as model;
pub use lavr_process as process;
pub use lavr_prompt as prompt;
pub use lavr_remote as remote;
pub use lavr_report as report;
pub use lavr_tool as tool;
pub use lavr_trace as trace;
pub use lavr_types as types;
pub use lavr_verify as verify;
pub use lavr_vision as vision;
pub use lavr_weights as weights;

/// What most programs need.
pub mod prelude {
    pub use std::sync::Arc;

    pub use lavr_agent::{Agent, Limits};
    pub use lavr_experts::Experts;
    pub use lavr_image::ImageStore;
    pub use lavr_local::{LocalModel, LocalOptions};
    pub use lavr_model::ChatModel;
    pub use lavr_remote::{RemoteConfig, RemoteModel};
    pub use lavr_tool::{CancellationToken, Dispatcher, Registry, Tool, ToolContext, ToolError};
    pub use lavr_types::{Answer, Event, Evidence, ImageId, Observation, Rect, Region, Verdict};
    pub use lavr_verify::{Verifier, VerifierOptions};
    pub use lavr_weights::Store;
}
