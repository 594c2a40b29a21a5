//! The way of one call: checked, mended, approved, answered from the cache or run; made again, or made by another tool,
//! where that may help.

use std::{sync::atomic::Ordering, time::Instant};

use lavr_types::{CallRecord, FailureKind, Observation, Repair, ToolCall, ToolSpec, Usage};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
    Approval, Dispatcher, Registry, ToolError, arguments, attempt,
    cache::{self, Key},
    cost,
    mend::{mend_arguments, only_near},
    meter::Meter,
    registry::Entry,
};

/// A call on its way.
pub(crate) struct Work {
    call: ToolCall,
    attempts: u32,
    repairs: Vec<Repair>,
    cached: bool,
    /// What chat models cost that were asked for it.
    models: Meter,
}

impl Dispatcher {
    pub(crate) async fn run(&self, call: ToolCall, cancel: CancellationToken) -> CallRecord {
        let start = Instant::now();
        let models = Meter::within(self.meter.as_ref());
        let mut work = Work { call, attempts: 0, repairs: Vec::new(), cached: false, models };
        let outcome = match self.climb(&mut work, &cancel).await {
            Ok(mut observation) => {
                for evidence in &mut observation.evidence {
                    evidence.call = Some(work.call.id.clone());
                }
                Ok(observation)
            }
            Err(error) => {
                log(&work.call, &error);
                Err(error.failure())
            }
        };
        let Work { call, attempts, repairs, cached, models } = work;
        let (elapsed, models) = (start.elapsed(), models.sum());
        CallRecord { call, outcome, cached, elapsed, attempts, repairs, models }
    }

    async fn climb(
        &self,
        work: &mut Work,
        cancel: &CancellationToken,
    ) -> Result<Observation<Value>, ToolError> {
        let limits = &self.shared.options.limits;
        arguments::bound(&mut work.call, limits).map_err(ToolError::invalid_arguments)?;
        let mut entry = self.resolve(work)?;
        self.check_arguments(entry, work)?;
        self.approve(entry.tool.spec(), &work.call).await?;
        self.shared.retries.begin();
        let asked = entry.tool.spec();
        let mut others = self.stand_ins(asked);
        loop {
            let error = match self.answer(entry, work, cancel).await {
                Err(error) if another_may_help(error.kind) => error,
                result => return result,
            };
            // Only a tool that takes the arguments as they are: nothing is guessed.
            let takes = |other: &&Entry| takes_alike(asked, other, &work.call.arguments);
            let Some(next) = others.find(takes) else {
                return Err(error);
            };
            let to = next.tool.spec().name.clone();
            let from = std::mem::replace(&mut work.call.tool, to.clone());
            work.repairs.push(Repair::StoodIn { from, to, failure: error.failure() });
            entry = next;
        }
    }

    /// The tool that is meant.
    fn resolve(&self, work: &mut Work) -> Result<&Entry, ToolError> {
        let registry = &self.shared.registry;
        if let Some(entry) = registry.entry(&work.call.tool) {
            return Ok(entry);
        }
        let names = registry.specs().map(|spec| spec.name.as_str());
        let near = self.shared.options.mend.then(|| only_near(&work.call.tool, names)).flatten();
        let entry = near.and_then(|name| registry.entry(name));
        let entry = entry.ok_or_else(|| unknown_tool(registry, &work.call.tool))?;
        let to = entry.tool.spec().name.clone();
        let from = std::mem::replace(&mut work.call.tool, to.clone());
        work.repairs.push(Repair::ToolRenamed { from, to });
        Ok(entry)
    }

    fn check_arguments(&self, entry: &Entry, work: &mut Work) -> Result<(), ToolError> {
        let spec = entry.tool.spec();
        if self.shared.options.mend {
            mend_arguments(&spec.arguments, &mut work.call.arguments, &mut work.repairs);
        }
        match arguments::mistakes(&entry.validator, &spec.arguments, &work.call.arguments) {
            Some(message) => Err(ToolError::invalid_arguments(format!("`{}`: {message}", spec.name))),
            None => Ok(()),
        }
    }

    async fn approve(&self, spec: &ToolSpec, call: &ToolCall) -> Result<(), ToolError> {
        if !self.needs_approval(spec) {
            return Ok(());
        }
        let name = &spec.name;
        let approval = match &self.approver {
            Some(approver) => approver.approve(call, spec).await,
            None => Approval::Refused("calls of it need approval, and nobody here can give it".to_owned()),
        };
        match approval {
            Approval::Approved => Ok(()),
            Approval::Refused(why) => {
                Err(ToolError::new(FailureKind::Refused, format!("`{name}` was not allowed: {why}")))
            }
            Approval::NotNow => Err(ToolError::new(
                FailureKind::AwaitingApproval,
                format!("`{name}` waits for somebody to approve it"),
            )),
        }
    }

    /// Answers a checked call from the cache, or by running its tool.
    async fn answer(
        &self,
        entry: &Entry,
        work: &mut Work,
        cancel: &CancellationToken,
    ) -> Result<Observation<Value>, ToolError> {
        let spec = entry.tool.spec();
        if !spec.cacheable {
            return self.attempts(entry, work, cancel).await;
        }
        let key = Key::new(spec, &work.call.arguments);
        loop {
            let slot = self.shared.cache.slot(key.clone(), &work.call.arguments, self.images());
            let mut ran = false;
            let filled = slot.get_or_try_init(|| {
                ran = true;
                self.attempts(entry, work, cancel)
            });
            let observation = tokio::select! {
                biased;
                // Somebody else may be filling the slot, and take longer than this caller waits.
                filled = filled => filled?.clone(),
                () = cancel.cancelled() => return Err(ToolError::cancelled()),
            };
            let shown_smaller = cache::of_a_smaller_picture(&observation);
            if shown_smaller {
                self.shared.cache.drop_slot(&key, &slot);
            }
            if ran {
                return Ok(observation);
            }
            if shown_smaller {
                // Somebody else had few pixels left; this caller may have more.
                continue;
            }
            let asked = cache::named(&work.call.arguments);
            if self.images().still_has(cache::spoken_of(&observation), &asked) {
                work.cached = true;
                self.shared.cached.fetch_add(1, Ordering::Relaxed);
                self.count(Usage { cached_calls: 1, ..Usage::default() });
                return Ok(observation);
            }
            // What it made was forgotten since: it is made again.
            self.shared.cache.drop_slot(&key, &slot);
        }
    }

    /// An attempt, given up where the time of the run ends before that of the tool.
    async fn in_time(
        &self,
        attempt: impl Future<Output = Result<Observation<Value>, ToolError>>,
        spec: &ToolSpec,
    ) -> Result<Observation<Value>, ToolError> {
        match self.budget.time_left() {
            None => attempt.await,
            Some(left) => match tokio::time::timeout(left, attempt).await {
                Ok(result) => result,
                Err(_) => Err(ToolError::new(
                    FailureKind::OverBudget,
                    format!(
                        "`{}` was given up: the time of the run was up; answer from what you know",
                        spec.name
                    ),
                )),
            },
        }
    }

    /// Runs the tool, again where its failure may pass.
    async fn attempts(
        &self,
        entry: &Entry,
        work: &mut Work,
        cancel: &CancellationToken,
    ) -> Result<Observation<Value>, ToolError> {
        let spec = entry.tool.spec();
        let mut made = 0;
        loop {
            let admission =
                entry.circuit.admit(self.shared.options.breaker).map_err(|left| rests(spec, left))?;
            let cost = cost::of(spec, &work.call.arguments, self.images());
            let reserved = self.budget.reserve(cost).map_err(|over| cost::refused(spec, &over))?;
            made += 1;
            let attempt = attempt::run(self, entry, &work.call, &mut work.attempts, &work.models, cancel);
            let result = self.in_time(attempt, spec).await;
            reserved.settle(cost);
            if admission.tell(result.as_ref().err().map(|error| error.kind)) {
                tracing::warn!(
                    "`{}` failed {} times in a row and rests",
                    spec.name,
                    self.shared.options.breaker.failures
                );
            }
            let Err(error) = result else { return result };
            let Some(wait) = self.shared.retries.wait(spec, &error, made) else { return Err(error) };
            log(&work.call, &error);
            work.repairs.push(Repair::Retried { failure: error.failure(), waited: wait });
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = cancel.cancelled() => return Err(ToolError::cancelled()),
            }
        }
    }
}

/// Whether another tool takes the arguments, and for what they are: a text that was checked as a question must not become an
/// address.
fn takes_alike(asked: &ToolSpec, other: &Entry, arguments: &Value) -> bool {
    let format = |spec: &ToolSpec, name: &str| spec.arguments["properties"][name]["format"].clone();
    let mut names = arguments.as_object().into_iter().flatten().map(|(name, _)| name);
    other.validator.is_valid(arguments)
        && names.all(|name| format(asked, name) == format(other.tool.spec(), name))
}

/// Whether another tool may succeed where this one failed.
const fn another_may_help(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::Unavailable
            | FailureKind::TimedOut
            | FailureKind::Panicked
            | FailureKind::Transient
            | FailureKind::Failed
            | FailureKind::CircuitOpen
    )
}

fn unknown_tool(registry: &Registry, name: &str) -> ToolError {
    let names = registry.specs().map(|spec| spec.name.as_str()).collect::<Vec<_>>().join(", ");
    let shown: String = name.chars().take(64).collect();
    let hint = registry.nearest(&shown).map_or_else(String::new, |near| format!(" Did you mean `{near}`?"));
    ToolError::new(FailureKind::UnknownTool, format!("no tool is named `{shown}`.{hint} Tools: {names}"))
}

fn rests(spec: &ToolSpec, left: std::time::Duration) -> ToolError {
    let seconds = left.as_secs_f64().ceil();
    let message = format!(
        "`{}` keeps failing and is left alone for {seconds} s; use another tool, or answer",
        spec.name
    );
    ToolError::new(FailureKind::CircuitOpen, message)
}

/// For the operator. What is missing on this machine is worth a warning, what a planner can mend by itself is not.
fn log(call: &ToolCall, error: &ToolError) {
    let cause = error.source.as_deref().map_or_else(String::new, |cause| format!(": {cause}"));
    if error.source.is_some() && matches!(error.kind, FailureKind::Unavailable | FailureKind::Panicked) {
        tracing::warn!("`{}` {error}{cause}", call.tool);
    } else {
        tracing::debug!(call = %call.id, tool = call.tool, kind = ?error.kind, "call failed: {error}{cause}");
    }
}
