//! Planners: from what is known so far to the next decision.

mod declared;
mod first;
mod model;

use std::collections::BTreeMap;

use lavr_model::{Reply, TurnRequest};
use lavr_prompt::PromptError;
use lavr_types::{CallId, CallRecord, ImageId, Size, ToolSpec};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{FixedPlanner, ImageNames, Limits, Misunderstanding, PlanFile, ReplayError, Shrunk, Turn};

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
    /// Since when pictures are sent smaller, in order.
    pub shrunk: &'a [Shrunk],
}

impl Situation<'_> {
    /// Every call so far.
    pub fn records(&self) -> impl Iterator<Item = &CallRecord> {
        self.turns.iter().flat_map(Turn::records)
    }

    /// The longest side that pictures are sent with, where the budget of pixels bounds it: `side`, where the model takes less.
    pub(crate) fn longest_side(&self, side: Option<u32>) -> Option<u32> {
        self.longest_side_at(usize::MAX, side)
    }

    /// As [`Self::longest_side`], when the turn of this number was asked for.
    pub(crate) fn longest_side_at(&self, turn: usize, side: Option<u32>) -> Option<u32> {
        let shrunk = self.shrunk.iter().rev().find(|shrunk| shrunk.turns <= turn);
        [shrunk.map(|shrunk| shrunk.longest_side), side].into_iter().flatten().min()
    }

    /// The schema of a tool's arguments.
    pub(crate) fn arguments_of(&self, tool: &str) -> Option<&Value> {
        self.tools.iter().find(|spec| spec.name == tool).map(|spec| &spec.arguments)
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

/// A planner as a trace keeps it: what [`crate::replay`] plans with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "planner")]
#[non_exhaustive]
pub enum PlannerRecord {
    /// The fixed plan.
    Fixed,
    /// The planner that asks a chat model step by step, with its prompt and what it is shown.
    Model(Box<ModelPlanner>),
    /// The planner that has the model write its whole plan first.
    PlanFirst(Box<PlanFirstPlanner>),
    /// The planner that follows a plan file.
    Declared {
        /// What the file is called.
        file: String,
        /// What it holds.
        plan: Box<PlanFile>,
        /// The values of its inputs.
        inputs: BTreeMap<String, Value>,
    },
    /// One that only the program which has it can make again.
    Own {
        /// What it is called, for people.
        name: String,
    },
}

impl PlannerRecord {
    /// The planner, for tools that were there when it was recorded.
    ///
    /// # Errors
    /// When only the program which has it can make it, or a plan does not fit the tools.
    pub fn planner(self, tools: &[&ToolSpec]) -> Result<Box<dyn Planner>, ReplayError> {
        Ok(match self {
            Self::Fixed => Box::new(FixedPlanner),
            Self::Model(planner) => planner,
            Self::PlanFirst(planner) => planner,
            Self::Declared { file, plan, inputs } => {
                Box::new(DeclaredPlanner::with_inputs(plan.check(&file, tools)?, inputs))
            }
            Self::Own { name } => return Err(ReplayError::OwnPlanner(name)),
        })
    }
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

    /// What a trace keeps of the planner for a run of this question with these tools. One of your own is named by its
    /// type.
    fn record(&self, question: &str, tools: &[&ToolSpec]) -> PlannerRecord {
        _ = (question, tools);
        PlannerRecord::Own { name: std::any::type_name::<Self>().to_owned() }
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
