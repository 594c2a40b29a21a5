//! The circuit breaker: a tool that fails again and again is left alone for a while.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lavr_types::FailureKind;
use tokio::time::Instant;

/// When a tool is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    /// After so many failed attempts in a row; 0 for never. Only failures of the tool count, not those of its callers.
    pub failures: u32,
    /// For how long. Then one call goes through: if it succeeds, the others follow; if not, the tool rests again.
    pub rest: Duration,
}

impl Default for Breaker {
    /// Eight in a row: a tool that fails three times in ten would do that once in fifteen thousand attempts.
    fn default() -> Self {
        Self { failures: 8, rest: Duration::from_secs(15) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Instant,
    },
    /// One call is out to see whether the tool works again.
    HalfOpen,
}

/// The breaker of one tool.
#[derive(Debug)]
pub(crate) struct Circuit(Mutex<State>);

impl Circuit {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(State::Closed { failures: 0 }))
    }

    /// Lets an attempt through, or tells how long the tool still rests.
    pub(crate) fn admit(&self, policy: Breaker) -> Result<Admission<'_>, Duration> {
        let mut state = self.lock();
        match *state {
            State::Closed { .. } => {}
            State::Open { until } => {
                let left = until.saturating_duration_since(Instant::now());
                if !left.is_zero() {
                    return Err(left);
                }
                *state = State::HalfOpen;
            }
            // Whoever is out will tell soon.
            State::HalfOpen => return Err(policy.rest),
        }
        Ok(Admission { circuit: self, policy, told: false })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An attempt that was let through. Dropped without a word (nobody waited for the end), it leaves things as they were.
#[derive(Debug)]
pub(crate) struct Admission<'c> {
    circuit: &'c Circuit,
    policy: Breaker,
    told: bool,
}

impl Admission<'_> {
    /// What came of the attempt; `None` for success. Tells whether the tool rests from now on.
    pub(crate) fn tell(mut self, failure: Option<FailureKind>) -> bool {
        self.told = true;
        let mut state = self.circuit.lock();
        let failed = match failure {
            None => false,
            Some(
                FailureKind::Transient | FailureKind::TimedOut | FailureKind::Panicked | FailureKind::Failed,
            ) => true,
            // These say nothing about the tool.
            Some(_) => {
                if *state == State::HalfOpen {
                    *state = State::Open { until: Instant::now() };
                }
                return false;
            }
        };
        let open = State::Open { until: Instant::now() + self.policy.rest };
        *state = match (*state, failed) {
            (_, false) => State::Closed { failures: 0 },
            (State::HalfOpen, true) => open,
            (State::Closed { failures }, true)
                if self.policy.failures > 0 && failures + 1 >= self.policy.failures =>
            {
                open
            }
            (State::Closed { failures }, true) => State::Closed { failures: failures.saturating_add(1) },
            (still_open @ State::Open { .. }, true) => still_open,
        };
        matches!(*state, State::Open { .. })
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        if !self.told {
            let mut state = self.circuit.lock();
            if *state == State::HalfOpen {
                *state = State::Open { until: Instant::now() };
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]
mod tests {
    use super::*;

    const POLICY: Breaker = Breaker { failures: 3, rest: Duration::from_secs(10) };

    fn attempt(circuit: &Circuit, failure: Option<FailureKind>) -> bool {
        circuit.admit(POLICY).unwrap().tell(failure)
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row_and_closes_after_one_success() {
        let circuit = Circuit::new();
        assert!(!attempt(&circuit, Some(FailureKind::Transient)));
        assert!(!attempt(&circuit, Some(FailureKind::TimedOut)));
        assert!(!attempt(&circuit, None));
        assert!(!attempt(&circuit, Some(FailureKind::Failed)));
        assert!(!attempt(&circuit, Some(FailureKind::InvalidArguments)));
        assert!(!attempt(&circuit, Some(FailureKind::Failed)));
        assert!(attempt(&circuit, Some(FailureKind::Panicked)));
        assert!(circuit.admit(POLICY).is_err());

        tokio::time::advance(POLICY.rest).await;
        // One call is let through, and no other until it is back.
        let probe = circuit.admit(POLICY).unwrap();
        assert!(circuit.admit(POLICY).is_err());
        assert!(probe.tell(Some(FailureKind::Failed)), "it still fails: rest again");
        assert!(circuit.admit(POLICY).is_err());

        tokio::time::advance(POLICY.rest).await;
        assert!(!attempt(&circuit, None));
        assert!(!attempt(&circuit, None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_nobody_waits_for_lets_the_next_one_through() {
        let circuit = Circuit::new();
        for _ in 0..3 {
            attempt(&circuit, Some(FailureKind::Failed));
        }
        tokio::time::advance(POLICY.rest).await;
        drop(circuit.admit(POLICY).unwrap());
        assert!(!attempt(&circuit, None));
    }
}
