//! What has happened in a run, turn by turn.

use lavr_model::Verbatim;
use lavr_types::{CallRecord, Step};
use serde::{Deserialize, Serialize};

/// What has happened, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "turn")]
pub enum Turn {
    /// A thought with its calls and what came back.
    Step {
        /// The step.
        step: Step,
        /// The model's own words, where a model decided.
        said: Option<String>,
        /// The model's turn as its service wants it back, where it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        verbatim: Option<Verbatim>,
    },
    /// A reply that could not be acted on, and what the model was told.
    Feedback {
        /// What the model said.
        said: String,
        /// What it was told.
        message: String,
    },
}

impl Turn {
    /// The calls of the turn.
    pub fn records(&self) -> &[CallRecord] {
        match self {
            Self::Step { step, .. } => &step.calls,
            Self::Feedback { .. } => &[],
        }
    }
}
