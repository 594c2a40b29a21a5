//! One attempt: the tool in a task of its own, so that a panic or a hang stays there.

use std::sync::{Arc, atomic::Ordering};

use lavr_types::{FailureKind, Observation, ToolCall, Usage};
use serde_json::Value;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{Dispatcher, ToolContext, ToolError, meter::Meter, registry::Entry};

/// Runs the tool once, in its turn. `attempts` counts it as soon as it starts, `models` what it has chat models do.
pub(crate) async fn run(
    dispatcher: &Dispatcher,
    entry: &Entry,
    call: &ToolCall,
    attempts: &mut u32,
    models: &Meter,
    cancel: &CancellationToken,
) -> Result<Observation<Value>, ToolError> {
    let spec = entry.tool.spec();
    let _place = match &entry.places {
        None => None,
        Some(places) => Some(tokio::select! {
            // Nobody closes the semaphore: an error cannot come.
            place = places.acquire() => place,
            () = cancel.cancelled() => return Err(ToolError::cancelled()),
        }),
    };
    *attempts += 1;
    dispatcher.shared.ran.fetch_add(1, Ordering::Relaxed);
    dispatcher.count(Usage { tool_calls: 1, ..Usage::default() });
    // Cancelled when this future is dropped, too: then nobody waits for the tool any more.
    let own_cancel = cancel.child_token();
    let _guard: DropGuard = own_cancel.clone().drop_guard();
    let meter = Meter::within(Some(models));
    let caller = dispatcher.caller(&call.id, &meter, &own_cancel);
    let (images, budget) = (Arc::clone(dispatcher.images()), dispatcher.budget.clone());
    let context = ToolContext::new(images, own_cancel, caller, budget).with_meter(meter);
    let (tool, arguments) = (Arc::clone(&entry.tool), call.arguments.clone());
    let mut task = Task(tokio::spawn(async move { tool.call(arguments, &context).await }));
    let result = tokio::select! {
        biased;
        result = &mut task.0 => result,
        () = cancel.cancelled() => return Err(ToolError::cancelled()),
        () = tokio::time::sleep(spec.timeout) => return Err(ToolError::timed_out(spec)),
    };
    match result {
        Ok(outcome) => checked(entry, outcome?),
        Err(error) if error.is_panic() => {
            let message =
                format!("`{}` crashed on this input; try another tool or another region", spec.name);
            Err(ToolError::new(FailureKind::Panicked, message).caused_by(error))
        }
        Err(_) => Err(ToolError::cancelled()),
    }
}

/// A task that ends with whoever waits for it.
struct Task(tokio::task::JoinHandle<Result<Observation<Value>, ToolError>>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A tool from outside may give anything: what is not of its kind must not be taken for a finding.
fn checked(entry: &Entry, observation: Observation<Value>) -> Result<Observation<Value>, ToolError> {
    let Some(output) = &entry.output else { return Ok(observation) };
    let Err(error) = output.validate(&observation.value) else { return Ok(observation) };
    let name = &entry.tool.spec().name;
    let message = format!("`{name}` gave something that is no result of it; use another tool, or answer");
    Err(ToolError::transient(message).caused_by(error.to_owned()))
}
