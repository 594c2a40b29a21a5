//! Why text could not be read.

use lavr_infer::InferError;

/// Text could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OcrError {
    /// A network could not be had or run.
    #[error(transparent)]
    Infer(#[from] InferError),
    /// The recognizer's file lacks its list of characters.
    #[error(
        "the recognizer has no list of characters in its metadata entry `character`: use the file of the catalogue"
    )]
    NoCharacters,
    /// A network gives another shape than the decoder expects.
    #[error(
        "the {network} gave an output of shape {shape:?}, expected {expected}: use the file of the catalogue"
    )]
    Shape {
        /// Which network.
        network: &'static str,
        /// What it gave.
        shape: Vec<usize>,
        /// What the decoder knows.
        expected: String,
    },
    /// The pixels could not be resized.
    #[error("the image could not be resized: {0}")]
    Resize(String),
}
