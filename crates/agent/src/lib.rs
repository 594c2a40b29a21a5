//! The agent: plan, act, observe, verify.
//!
//! [`Run`] is a state machine without I/O: it says what to do [`Next`] and is told what came of it. It can be
//! written out and read back at any point. [`Agent`] is the thin driver that asks the model, dispatches the
//! calls and runs the verifier. A [`Planner`] turns a [`Situation`] into a decision: [`ModelPlanner`] asks a
//! chat model, [`FixedPlanner`] looks, reads, measures and answers from the evidence without one.

mod certainty;
mod driver;
mod error;
mod fixed;
mod grounding;
mod limits;
mod names;
mod planner;
mod provenance;
mod render;
mod run;
mod schema;
mod tool_set;

pub use driver::{Agent, AgentBuilder, Observer};
pub use error::{AgentError, Misunderstanding};
pub use fixed::FixedPlanner;
pub use limits::Limits;
pub use names::ImageNames;
pub use planner::{Decision, ModelPlanner, Plan, Planner, Situation};
pub use render::{observation_text, signature};
pub use run::{Next, Run, Turn};
pub use schema::step_schema;
