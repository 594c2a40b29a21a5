//! When a call is made again, and how long is waited before.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lavr_types::{FailureKind, ToolSpec};

use crate::{ToolError, dice::Dice};

/// When calls that failed are made again.
///
/// Only what may pass is tried again: a failure that the tool calls transient, and a timeout of an idempotent tool (once:
/// waiting for it was expensive). The wait is random between nothing and a limit that doubles from attempt to attempt
/// ("full jitter"), so that calls that failed together do not come back together.
///
/// All calls of a dispatcher share a budget: each call adds `per_call` to it, each repeat takes 1. Where everything
/// fails, repeats add at most that share to the load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    /// The most attempts of one call, the first included; 1 for no retry.
    pub attempts: u32,
    /// The longest wait before the second attempt.
    pub first_wait: Duration,
    /// The longest wait before any attempt. A tool that asks to wait longer is not called again.
    pub longest_wait: Duration,
    /// Repeats that the budget begins with, and the most that it holds.
    pub reserve: f64,
    /// Repeats that each call adds to the budget.
    pub per_call: f64,
    /// Seeds the waits.
    pub seed: u64,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            first_wait: Duration::from_millis(200),
            longest_wait: Duration::from_secs(5),
            reserve: 20.0,
            per_call: 0.5,
            seed: 0,
        }
    }
}

impl Retry {
    /// No call is made twice.
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    fn may_pass(&self, spec: &ToolSpec, error: &ToolError, made: u32) -> bool {
        match error.kind {
            FailureKind::Transient => made < self.attempts,
            FailureKind::TimedOut => spec.idempotent && made < self.attempts.min(2),
            _ => false,
        }
    }
}

/// What the calls of a dispatcher share of retrying.
#[derive(Debug)]
pub(crate) struct Retries {
    policy: Retry,
    state: Mutex<(f64, Dice)>,
}

impl Retries {
    pub(crate) fn new(policy: Retry) -> Self {
        Self { policy, state: Mutex::new((policy.reserve, Dice::new(policy.seed))) }
    }

    /// A call begins: the budget grows.
    pub(crate) fn begin(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = (state.0 + self.policy.per_call).min(self.policy.reserve);
    }

    /// How long to wait before the next attempt after `made` attempts; `None` where there is to be none.
    pub(crate) fn wait(&self, spec: &ToolSpec, error: &ToolError, made: u32) -> Option<Duration> {
        let longest = self.policy.longest_wait;
        let asked = error.retry_after.unwrap_or_default();
        if !self.policy.may_pass(spec, error, made) || asked > longest {
            return None;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.0 < 1.0 {
            return None;
        }
        state.0 -= 1.0;
        let ceiling = self.policy.first_wait.saturating_mul(1 << made.saturating_sub(1).min(16)).min(longest);
        Some(asked.max(ceiling.mul_f64(state.1.share())))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(idempotent: bool) -> ToolSpec {
        ToolSpec { idempotent, ..ToolSpec::new("t", "", json!({})) }
    }

    fn error(kind: FailureKind) -> ToolError {
        ToolError::new(kind, "no")
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let retries = Retries::new(Retry::default());
        let again = |kind, idempotent, made| retries.wait(&spec(idempotent), &error(kind), made).is_some();
        assert!(again(FailureKind::Transient, false, 1) && again(FailureKind::Transient, false, 2));
        assert!(!again(FailureKind::Transient, false, 3));
        assert!(again(FailureKind::TimedOut, true, 1));
        assert!(!again(FailureKind::TimedOut, true, 2) && !again(FailureKind::TimedOut, false, 1));
        for kind in [FailureKind::Failed, FailureKind::Panicked, FailureKind::InvalidArguments] {
            assert!(!again(kind, true, 1), "{kind:?}");
        }
    }

    #[test]
    fn repeats_take_from_a_budget_that_calls_fill() {
        let retries = Retries::new(Retry { reserve: 2.0, per_call: 0.5, ..Retry::default() });
        let again = || retries.wait(&spec(true), &error(FailureKind::Transient), 1).is_some();
        assert!(again() && again() && !again());
        retries.begin();
        assert!(!again());
        retries.begin();
        assert!(again() && !again());
    }

    #[test]
    fn waits_grow_to_a_limit_and_a_tool_may_ask_for_longer() {
        let policy = Retry { attempts: 20, reserve: 100.0, ..Retry::default() };
        let retries = Retries::new(policy);
        for made in 1..20 {
            let wait = retries.wait(&spec(true), &error(FailureKind::Transient), made);
            let ceiling = policy.first_wait * 2u32.pow((made - 1).min(10));
            assert!(wait.is_some_and(|wait| wait <= ceiling.min(policy.longest_wait)), "{made}: {wait:?}");
        }
        let asks = |seconds| error(FailureKind::Transient).retry_after(Duration::from_secs(seconds));
        assert_eq!(retries.wait(&spec(true), &asks(4), 1), Some(Duration::from_secs(4)));
        assert_eq!(retries.wait(&spec(true), &asks(60), 1), None);
    }
}
