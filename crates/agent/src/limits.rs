//! What bounds a run.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What bounds a run. At a limit the run still answers, and says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The most steps with calls; after them the planner must answer.
    pub steps: u32,
    /// The most calls of the whole run.
    pub calls: u32,
    /// The most calls of one step.
    pub calls_per_step: u32,
    /// How many replies in a row may make no sense before the run falls back to the evidence it has.
    pub misunderstandings: u32,
    /// How long planning and acting may take before the planner must answer from what it has.
    pub time: Duration,
    /// The most tokens of one reply.
    pub reply_tokens: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 6,
            calls: 16,
            calls_per_step: 4,
            misunderstandings: 2,
            time: Duration::from_secs(300),
            reply_tokens: 400,
        }
    }
}
