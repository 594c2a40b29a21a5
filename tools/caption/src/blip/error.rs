//! Why the captioning network gave nothing.

use std::path::PathBuf;

/// The captioning network gave nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlipError {
    /// A file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The configuration is not that of a BLIP network.
    #[error("{} does not describe a BLIP network: {source}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The configuration's numbers do not go together.
    #[error("{} does not describe a usable BLIP network: {reason}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The weights are damaged or belong to another network.
    #[error("{} does not hold the weights of this network: {source}. `lavr models verify` finds damaged files", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What candle says.
        source: candle_core::Error,
    },
    /// The tokenizer cannot be read or used.
    #[error("the tokenizer {} is not usable: {source}", path.display())]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: tokenizers::Error,
    },
    /// The tokenizer knows more tokens than the network.
    #[error("the tokenizer {} has {words} tokens, the network {network}: they belong to different models", tokenizer.display())]
    Mismatch {
        /// The tokenizer's file.
        tokenizer: PathBuf,
        /// Its tokens.
        words: usize,
        /// The network's tokens.
        network: usize,
    },
    /// The picture could not be brought to the network's size.
    #[error("the picture could not be resized for the captioning network: {0}")]
    Resize(String),
    /// The network failed.
    #[error("the captioning network failed: {0}")]
    Run(#[from] candle_core::Error),
    /// The caller gave up.
    #[error("captioning was cancelled")]
    Cancelled,
}
