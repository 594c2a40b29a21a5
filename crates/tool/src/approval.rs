//! Calls that somebody has to approve before they run.

use async_trait::async_trait;
use lavr_types::{ToolCall, ToolSpec};

/// What was decided about a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Approval {
    /// It may run.
    Approved,
    /// It must not run. The planner is told why.
    Refused(String),
    /// Nobody has decided yet. A run is suspended until somebody has.
    NotNow,
}

/// Decides whether calls may run: of every tool that needs approval ([`ToolSpec::needs_approval`]), and of those that it
/// asks about by itself. Without an approver, calls of tools that need approval are refused.
#[async_trait]
pub trait Approver: Send + Sync {
    /// Whether calls of a tool are to be approved although the tool does not ask for it.
    fn asks_about(&self, spec: &ToolSpec) -> bool {
        let _ = spec;
        false
    }

    /// Decides about one call. Its tool and arguments are those that would run, after all repairs.
    async fn approve(&self, call: &ToolCall, spec: &ToolSpec) -> Approval;
}
