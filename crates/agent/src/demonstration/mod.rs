//! Demonstrations: questions answered well, shown to a planner's model before its own question.
//!
//! A demonstration is a file (`docs/plans.md` has the form): a question about images, steps with calls and what they gave,
//! an answer. [`DemonstrationSet`] reads a folder of them and holds them against the tools; [`Demonstrations`] picks some for
//! a question; each planner writes them in its own form: steps, tool calls, or a whole plan.

mod file;
mod pick;
mod render;
mod set;

pub use file::Demonstration;
pub(crate) use file::{Call, Shown};
pub use pick::{Demonstrations, PickBy};
pub(crate) use render::{as_native, as_plan, as_steps};
pub use set::{DemonstrationError, DemonstrationSet};
