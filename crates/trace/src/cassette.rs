//! Cassettes: what models and tools said, recorded once and played back where there is neither.
//!
//! A [`Recorder`] wraps a model and a registry and writes a folder; a [`Player`] gives a model and a registry that say
//! the same from that folder. Everything else runs anew, so that a test in a CI without a model holds the rest of an
//! agent to what it did. A request that was not recorded is an error that says what differs: see [`Player::finish`].
//!
//! ```
//! use std::sync::Arc;
//!
//! use lavr_model::{ChatModel, Message, Role, TurnRequest, collect};
//! use lavr_testkit::ScriptedModel;
//! use lavr_trace::cassette::{Player, Recorder};
//!
//! # futures::executor::block_on(async {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path().join("hello");
//! let ask = |text| TurnRequest { messages: vec![Message::text(Role::User, text)], ..TurnRequest::default() };
//!
//! let recorder = Recorder::create(&folder)?;
//! let model = recorder.model("greeter", Arc::new(ScriptedModel::texts(["Hello!"])));
//! collect("greeter", model.stream(ask("Hi."), Default::default()).await?).await?;
//! recorder.finish()?;
//!
//! let player = Player::open(&folder)?;
//! let model = player.model("greeter")?;
//! let reply = collect("greeter", model.stream(ask("Hi."), Default::default()).await?).await?;
//! assert_eq!(reply.text, "Hello!");
//! player.finish()?;
//!
//! assert!(model.stream(ask("Bye."), Default::default()).await.is_err());
//! assert!(player.finish().unwrap_err().to_string().contains("Bye."));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

mod difference;
mod format;
mod play;
mod record;

pub use play::Player;
pub use record::Recorder;

/// A cassette could not be recorded or played.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CassetteError {
    /// Its files cannot be used.
    #[error(transparent)]
    Trace(#[from] crate::TraceError),
    /// There is something already.
    #[error("`{}` is not empty: record into a folder of its own, or remove what is there", .0.display())]
    NotEmpty(std::path::PathBuf),
    /// There is no such model on it.
    #[error("no model `{wanted}` was recorded{}", among(.recorded))]
    NoModel {
        /// What was asked for.
        wanted: String,
        /// What there is.
        recorded: Vec<String>,
    },
    /// The recorded tools do not make a registry.
    #[error(transparent)]
    Registry(#[from] lavr_tool::RegistryError),
    /// Something was asked that was not recorded.
    #[error("{} not recorded: {}", plural(.0.len()), .0.join("\n"))]
    NotRecorded(Vec<String>),
}

fn among(names: &[String]) -> String {
    if names.is_empty() { "; none was".to_owned() } else { format!("; there are: {}", names.join(", ")) }
}

fn plural(count: usize) -> String {
    if count == 1 { "a request was".to_owned() } else { format!("{count} requests were") }
}
