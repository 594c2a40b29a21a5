//! Why a network could not be loaded or run.

use std::path::PathBuf;

use crate::Engine;

/// What an engine or a source says of its own failure.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A network could not be loaded or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InferError {
    /// The engine cannot make a network of the file.
    #[error(
        "{engine} cannot load the model {model}: {source}. Is it a whole ONNX file? `lavr models verify` finds damaged files"
    )]
    Load {
        /// The model's name or file.
        model: String,
        /// The engine.
        engine: Engine,
        /// What the engine says.
        source: Cause,
    },
    /// The checkpoint holds no network that is known here.
    #[error(transparent)]
    Checkpoint(#[from] lavr_checkpoint::CheckpointError),
    /// The model file cannot be read.
    #[error("cannot read the model file {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// No model has this name.
    #[error("no model is called `{model}` here; there are: {known}")]
    UnknownModel {
        /// The name asked for.
        model: String,
        /// The names that exist, separated by commas.
        known: String,
    },
    /// The catalogue's file cannot be had.
    #[error("the model {model} cannot be had: {source}")]
    Weights {
        /// The model's name.
        model: String,
        /// What the weights crate says.
        source: Cause,
    },
    /// The ONNX Runtime library cannot be used.
    #[error(
        "cannot use the ONNX Runtime library{}: {reason}. `lavr models pull onnxruntime` fetches a fitting one, \
         ORT_DYLIB_PATH names one of your own (1.20 or newer), and `--engine rten` needs none",
        library.as_deref().map(|path| format!(" {}", path.display())).unwrap_or_default()
    )]
    Library {
        /// The library file, if one was named or found.
        library: Option<PathBuf>,
        /// What is wrong with it.
        reason: String,
    },
    /// The inputs do not fit the network.
    #[error("the model {model} takes {expected}, but was given {given}")]
    Input {
        /// The model.
        model: String,
        /// What its signature says.
        expected: String,
        /// What was given.
        given: String,
    },
    /// The engine failed while running the network.
    #[error("{engine} failed to run the model {model}: {source}")]
    Run {
        /// The model.
        model: String,
        /// The engine.
        engine: Engine,
        /// What the engine says.
        source: Cause,
    },
    /// The engine, or work that used it, panicked.
    #[error("{what} panicked: {message}. This is a defect: please report it with the image")]
    Panicked {
        /// Who panicked.
        what: String,
        /// The panic's message.
        message: String,
    },
    /// The caller gave up.
    #[error("the inference was cancelled")]
    Cancelled,
    /// The number of threads was already fixed.
    #[error(
        "{fixed} inference threads are already in use, so {asked} cannot be set: set them before the first model loads"
    )]
    Threads {
        /// The number in use.
        fixed: usize,
        /// The number asked for.
        asked: usize,
    },
    /// No engine has this name.
    #[error("`{name}` is no inference engine; choose auto, rten or onnxruntime")]
    UnknownEngine {
        /// The name given.
        name: String,
    },
}

impl InferError {
    /// An error from what `catch_unwind` or a task handed back.
    pub(crate) fn panicked(what: impl Into<String>, payload: &(dyn std::any::Any + Send)) -> Self {
        let message = payload
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".to_owned());
        Self::Panicked { what: what.into(), message }
    }
}
