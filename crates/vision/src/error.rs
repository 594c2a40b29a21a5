//! Why a vision-language model cannot be used.

use std::path::PathBuf;

/// A vision-language model cannot be used, or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VisionError {
    /// A file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file of the model is missing.
    #[error("{} holds no {wanted}: give a folder with config.json, tokenizer.json and the weights", folder.display())]
    Missing {
        /// The folder.
        folder: PathBuf,
        /// What was looked for.
        wanted: &'static str,
    },
    /// A description of the model is no JSON of the form expected.
    #[error("{} does not describe a model that runs here: {source}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The description asks for something that this engine does not do.
    #[error("{} describes a model that this engine does not run: {what}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What is not known, and what is.
        what: String,
    },
    /// The weights are damaged or belong to another model.
    #[error("{} does not hold the weights of this model: {source}; `lavr models verify` finds damaged files", path.display())]
    Weights {
        /// The file or folder.
        path: PathBuf,
        /// What candle says.
        source: candle_core::Error,
    },
    /// The tokenizer cannot be read, or does not know a token that the model needs.
    #[error("the tokenizer {} is not usable: {what}", path.display())]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The machine refused a thread.
    #[error("the model's thread cannot start: {0}")]
    Thread(std::io::Error),
}
