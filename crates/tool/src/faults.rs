//! Faults on purpose: a tool that is slow, fails, gives garbage, flaps, hangs or panics, as often as a test asks for.
//!
//! ```
//! use std::sync::Arc;
//! use lavr_tool::{Faults, Faulty, Registry};
//! # fn experts() -> Registry { Registry::new() }
//!
//! let faults = Faults { error: 0.2, panic: 0.05, ..Faults::none(42) };
//! let registry = experts().wrapped(|tool| Arc::new(Faulty::new(tool, faults)))?;
//! # Ok::<(), lavr_tool::RegistryError>(())
//! ```

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use lavr_types::{Observation, ToolSpec};
use serde_json::{Value, json};

use crate::{DynTool, ToolContext, ToolError, cache::Key, dice::Dice};

/// How often which fault happens: each a share of the calls, 0 to 1, together at most 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Faults {
    /// Seeds the choice. The same calls meet the same faults, in whatever order they come.
    pub seed: u64,
    /// The call takes [`Self::delay`] longer, and succeeds.
    pub slow: f64,
    /// The call fails, as for a service that was not reached.
    pub error: f64,
    /// The call gives something that is no result of the tool.
    pub garbage: f64,
    /// The call fails, and so do the next [`Self::flap_calls`] of the tool.
    pub flap: f64,
    /// The call never ends.
    pub hang: f64,
    /// The tool panics.
    pub panic: f64,
    /// How much longer a slow call takes.
    pub delay: Duration,
    /// How many calls after it a flap takes along.
    pub flap_calls: u32,
}

impl Faults {
    /// No faults.
    pub const fn none(seed: u64) -> Self {
        Self {
            seed,
            slow: 0.0,
            error: 0.0,
            garbage: 0.0,
            flap: 0.0,
            hang: 0.0,
            panic: 0.0,
            delay: Duration::from_millis(100),
            flap_calls: 1,
        }
    }

    /// This share of the calls meets a fault, each kind as often as the others.
    pub const fn mixed(seed: u64, share: f64) -> Self {
        let each = share / 6.0;
        Self {
            slow: each,
            error: each,
            garbage: each,
            flap: each,
            hang: each,
            panic: each,
            ..Self::none(seed)
        }
    }

    fn throw(&self, dice: &mut Dice) -> Option<Fault> {
        let mut left = dice.share();
        let kinds = [
            (self.slow, Fault::Slow),
            (self.error, Fault::Error),
            (self.garbage, Fault::Garbage),
            (self.flap, Fault::Flap),
            (self.hang, Fault::Hang),
            (self.panic, Fault::Panic),
        ];
        kinds.into_iter().find_map(|(share, fault)| {
            left -= share;
            (left < 0.0).then_some(fault)
        })
    }
}

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Late, but right.
    Slow,
    /// A transient failure.
    Error,
    /// A result that is none.
    Garbage,
    /// Failures in a row.
    Flap,
    /// No end.
    Hang,
    /// A crash.
    Panic,
}

/// A tool that is right but for the faults that a test asks for.
pub struct Faulty {
    tool: Arc<dyn DynTool>,
    faults: Faults,
    /// How often each call was made: its next attempt has a throw of its own.
    attempts: Mutex<HashMap<u64, u64>>,
    flapping: AtomicU32,
    met: Mutex<HashMap<Fault, u32>>,
}

impl Faulty {
    /// A tool with faults.
    pub fn new(tool: Arc<dyn DynTool>, faults: Faults) -> Self {
        Self { tool, faults, attempts: Mutex::default(), flapping: AtomicU32::new(0), met: Mutex::default() }
    }

    /// How often each fault has happened so far.
    pub fn met(&self) -> HashMap<Fault, u32> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn next(&self, arguments: &Value) -> Option<Fault> {
        let mut hasher = DefaultHasher::new();
        Key::new(self.tool.spec(), arguments).hash(&mut hasher);
        let call = hasher.finish();
        let attempt = {
            let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
            let attempt = attempts.entry(call).or_default();
            *attempt += 1;
            *attempt
        };
        let mut dice = Dice::new(self.faults.seed ^ call ^ attempt.rotate_left(32));
        let flapping =
            self.flapping.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        let fault = if flapping.is_ok() { Some(Fault::Flap) } else { self.faults.throw(&mut dice) };
        if let Some(fault) = fault {
            *self.met.lock().unwrap_or_else(PoisonError::into_inner).entry(fault).or_default() += 1;
            if fault == Fault::Flap && flapping.is_err() {
                self.flapping.store(self.faults.flap_calls, Ordering::Relaxed);
            }
        }
        fault
    }
}

#[async_trait]
impl DynTool for Faulty {
    fn spec(&self) -> &ToolSpec {
        self.tool.spec()
    }

    async fn call(&self, arguments: Value, context: &ToolContext) -> Result<Observation<Value>, ToolError> {
        match self.next(&arguments) {
            None => {}
            Some(Fault::Slow) => tokio::time::sleep(self.faults.delay).await,
            Some(Fault::Error) => {
                return Err(ToolError::transient("the service was not reached; it may work later"));
            }
            Some(Fault::Flap) => return Err(ToolError::transient("the service is restarting")),
            Some(Fault::Garbage) => return Ok(Observation::new(json!("<html>502 Bad Gateway</html>"))),
            Some(Fault::Hang) => std::future::pending().await,
            // Without the hook that prints a message: a test may ask for thousands.
            Some(Fault::Panic) => std::panic::resume_unwind(Box::new("a fault on purpose")),
        }
        self.tool.call(arguments, context).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_as_often_as_asked_for() {
        let faults = Faults::mixed(7, 0.3);
        let mut dice = Dice::new(1);
        let mut met: HashMap<_, u32> = HashMap::new();
        for _ in 0..60_000 {
            *met.entry(faults.throw(&mut dice)).or_default() += 1;
        }
        assert!((41_000..43_000).contains(&met[&None]), "{met:?}");
        for (fault, times) in met.into_iter().filter(|(fault, _)| fault.is_some()) {
            assert!((2_700..3_300).contains(&times), "{fault:?}: {times}");
        }
    }
}
