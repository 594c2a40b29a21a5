//! What can go wrong around a run. Within a run, failures become feedback or notes.

use lavr_image::ImageError;
use lavr_prompt::PromptError;

use crate::{DemonstrationError, Run};

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
    /// Calls wait for somebody to approve them. The run is whole: put it away, and go on with [`crate::Agent::resume`] and an
    /// approver that has decided, in this process or another ([`crate::SavedRun`]).
    #[error("the run waits for approval of {}", waiting(.0))]
    Suspended(Box<Run>),
    /// A run could not be put away or taken up again.
    #[error(transparent)]
    Saved(#[from] crate::SavedRunError),
    /// The caller gave up.
    #[error("interrupted")]
    Cancelled,
}

fn waiting(run: &Run) -> String {
    let calls = run.awaiting();
    calls.iter().map(|call| format!("{} (`{}`)", call.id, call.tool)).collect::<Vec<_>>().join(", ")
}

/// A reply of the planner's model that cannot be acted on. The message is what the model is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Misunderstanding(pub String);
