//! The agent: plan, act, observe, verify.
//!
//! [`Run`] is a state machine without I/O: it says what to do [`Next`] and is told what came of it. It can be
//! written out and read back at any point. [`Agent`] is the thin driver that asks the model, dispatches the
//! calls and runs the verifier. A [`Planner`] turns a [`Situation`] into a decision: [`ModelPlanner`] asks a
//! chat model step by step, [`DeclaredPlanner`] follows a [`PlanFile`] without a model, [`FixedPlanner`] looks, reads,
//! measures and answers from the evidence.

mod certainty;
mod demonstration;
mod drive;
mod driver;
mod error;
mod fixed;
mod grounding;
mod intake;
mod limits;
mod names;
mod plan;
mod planner;
mod provenance;
mod render;
mod replay;
mod run;
mod saved;
mod schema;
mod sight;
mod tool_set;

pub use demonstration::{Demonstration, DemonstrationError, DemonstrationSet, Demonstrations, PickBy};
pub use driver::{Agent, AgentBuilder, Observer};
pub use error::{AgentError, Misunderstanding};
pub use fixed::FixedPlanner;
pub use limits::Limits;
pub use names::ImageNames;
pub use plan::{CheckedPlan, Node, PlanError, PlanFile, PlanMistake, Sentence};
pub use planner::{
    Decision, DeclaredPlanner, ModelPlanner, Plan, PlanFirstPlanner, Planner, PlannerRecord, Situation,
};
pub use render::{observation_text, signature};
pub use replay::{ReplayError, replay};
pub use run::{Next, Run, Turn};
pub use saved::{PutAway, SavedRun, SavedRunError};
pub use schema::step_schema;
pub use sight::Shrunk;
