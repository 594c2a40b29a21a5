//! Plans: calls that refer to each other's results.
//!
//! A [`PlanFile`] is what a person writes (TOML) or a model (JSON, the same nodes). [`PlanFile::check`] holds it
//! against the tools and gives a [`CheckedPlan`], which runs on references and records alone: no I/O, no state of its
//! own. What has been called is found again in the records by tool and arguments.

mod argument;
mod check;
mod error;
mod explain;
mod expression;
mod file;
mod filter;
mod order;
mod progress;
mod schema;
mod template;
mod text;

pub use check::CheckedPlan;
pub(crate) use check::argument_misfits;
pub use error::{PlanError, PlanMistake};
pub use file::{Node, PlanFile, Sentence};
pub(crate) use progress::{Inputs, Progress, holds};
