//! Planners: from what is known so far to the next decision.

mod declared;
mod first;
mod model;

use lavr_model::{Reply, TurnRequest};
use lavr_prompt::PromptError;
use lavr_types::{CallId, CallRecord, ImageId, Size, ToolSpec};
use serde_json::Value;

use crate::{ImageNames, Limits, Misunderstanding, Turn};

pub use declared::DeclaredPlanner;
pub use first::PlanFirstPlanner;
pub use model::ModelPlanner;

/// What a planner knows when it decides.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The question.
    pub question: &'a str,
    /// The images that were asked about, with their sizes.
    pub images: &'a [(ImageId, Size)],
    /// The names that the planner uses for images.
    pub names: &'a ImageNames,
    /// The tools, in the registry's order.
    pub tools: &'a [&'a ToolSpec],
    /// What has happened.
    pub turns: &'a [Turn],
    /// Whether no more calls are allowed.
    pub must_answer: bool,
    /// What bounds the run.
    pub limits: &'a Limits,
}

impl Situation<'_> {
    /// Every call so far.
    pub fn records(&self) -> impl Iterator<Item = &CallRecord> {
        self.turns.iter().flat_map(Turn::records)
    }

    /// The calls that gave a result: those that an answer may cite.
    pub fn citable(&self) -> Vec<CallId> {
        self.records().filter(|record| record.outcome.is_ok()).map(|record| record.call.id.clone()).collect()
    }
}

/// How a planner goes on.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// It asks a model; the reply goes to [`Planner::read`].
    Ask(Box<TurnRequest>),
    /// It has decided by itself.
    Decided(Decision),
}

/// What a planner wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Independent calls, as tool name and arguments; images may go by their names.
    Call {
        /// Why.
        thought: String,
        /// The calls.
        calls: Vec<(String, Value)>,
    },
    /// To answer.
    Answer {
        /// Why.
        thought: String,
        /// The answer.
        text: String,
        /// The calls that it rests on.
        cites: Vec<CallId>,
    },
}

/// Decides what to do next. Pure: it does no I/O and keeps no state between calls.
pub trait Planner: Send + Sync {
    /// Whether it sees the pictures, and so may point at places that no result holds.
    fn sees(&self) -> bool {
        false
    }

    /// Whether a path, an address or a command stands in what the user wrote for this planner, such as a plan file. All
    /// others that it names are refused, but for those of the question. What an earlier call gave back is never among
    /// them, even where the user's plan says that it shall be put there.
    fn grants(&self, text: &str) -> bool {
        _ = text;
        false
    }

    /// Goes on from a situation.
    ///
    /// # Errors
    /// When a prompt is faulty.
    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, PromptError>;

    /// Reads the reply to what [`Self::plan`] asked.
    ///
    /// # Errors
    /// When the reply is no decision; the message tells the model how to mend it.
    fn read(&self, situation: &Situation<'_>, reply: &Reply) -> Result<Decision, Misunderstanding>;
}
