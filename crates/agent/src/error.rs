//! What can go wrong around a run. Within a run, failures become feedback or notes.

use lavr_image::ImageError;
use lavr_prompt::PromptError;

use crate::DemonstrationError;

/// A run could not begin or end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// There is no question.
    #[error("the question is empty: say what you want to know about the picture")]
    EmptyQuestion,
    /// There is no image.
    #[error("no picture is given: name at least one")]
    NoImage,
    /// An image is not in the store.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A prompt is faulty.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// A demonstration is faulty.
    #[error(transparent)]
    Demonstration(#[from] DemonstrationError),
    /// A trace cannot be replayed.
    #[error(transparent)]
    Replay(#[from] crate::ReplayError),
    /// The caller gave up.
    #[error("interrupted")]
    Cancelled,
}

/// A reply of the planner's model that cannot be acted on. The message is what the model is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Misunderstanding(pub String);
