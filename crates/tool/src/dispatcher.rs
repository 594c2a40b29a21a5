//! Runs calls: checked, side by side, contained.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};

use async_trait::async_trait;
use futures::{StreamExt, stream};
use lavr_image::ImageStore;
use lavr_types::{CallId, CallRecord, Capability, Concurrency, Failure, FailureKind, Observation, ToolCall};
use serde_json::Value;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    Caller, Registry, ToolContext, ToolError, arguments,
    cache::{EvidenceCache, Key},
    registry::Entry,
};

/// What bounds a dispatcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most calls of one step that run side by side.
    pub parallel: usize,
    /// How deep tools may call tools.
    pub depth: u32,
    /// The most bytes that the arguments of one call may have.
    pub argument_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { parallel: 16, depth: 3, argument_bytes: 64 * 1024 }
    }
}

/// How many calls a dispatcher has answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls whose tool ran.
    pub ran: u32,
    /// Calls answered from the evidence cache.
    pub cached: u32,
}

struct Shared {
    registry: Registry,
    images: Arc<ImageStore>,
    cache: EvidenceCache,
    limits: Limits,
    ran: AtomicU32,
    cached: AtomicU32,
}

/// Runs calls of registered tools. Cloning shares the tools, the images and the cache.
#[derive(Clone)]
pub struct Dispatcher {
    shared: Arc<Shared>,
    depth: u32,
    /// The call on whose behalf this dispatcher runs others.
    parent: Option<CallId>,
}

impl Dispatcher {
    /// A dispatcher of these tools over these images.
    pub fn new(registry: Registry, images: Arc<ImageStore>) -> Self {
        Self::with_limits(registry, images, Limits::default())
    }

    /// With limits of one's own.
    pub fn with_limits(registry: Registry, images: Arc<ImageStore>, limits: Limits) -> Self {
        let (ran, cached) = (AtomicU32::new(0), AtomicU32::new(0));
        let cache = EvidenceCache::default();
        let shared = Shared { registry, images, cache, limits, ran, cached };
        Self { shared: Arc::new(shared), depth: 0, parent: None }
    }

    /// The tools.
    pub fn registry(&self) -> &Registry {
        &self.shared.registry
    }

    /// The images.
    pub fn images(&self) -> &Arc<ImageStore> {
        &self.shared.images
    }

    /// How many calls were answered so far, those that tools made included.
    pub fn counts(&self) -> Counts {
        Counts {
            ran: self.shared.ran.load(Ordering::Relaxed),
            cached: self.shared.cached.load(Ordering::Relaxed),
        }
    }

    /// Runs independent calls side by side and gives their records in the order of the calls.
    ///
    /// A call that fails loses none of its siblings' results. A cancelled one has its record too.
    pub async fn dispatch(&self, calls: Vec<ToolCall>, cancel: &CancellationToken) -> Vec<CallRecord> {
        self.dispatch_observed(calls, cancel, &|_| ()).await
    }

    /// As [`Self::dispatch`]; `observe` sees each record as soon as it stands.
    pub async fn dispatch_observed(
        &self,
        calls: Vec<ToolCall>,
        cancel: &CancellationToken,
        observe: &(dyn Fn(&CallRecord) + Send + Sync),
    ) -> Vec<CallRecord> {
        // Owned, not borrowed, so that the future stays `Send` for any lifetime of `observe`.
        let runs: Vec<_> = calls.into_iter().map(|call| self.run(call, cancel.clone())).collect();
        stream::iter(runs)
            .buffered(self.shared.limits.parallel.max(1))
            .inspect(|record| observe(record))
            .collect()
            .await
    }

    async fn run(&self, call: ToolCall, cancel: CancellationToken) -> CallRecord {
        let start = Instant::now();
        let (outcome, cached) = match self.outcome(&call, &cancel).await {
            Ok((mut observation, cached)) => {
                for evidence in &mut observation.evidence {
                    evidence.call = Some(call.id.clone());
                }
                (Ok(observation), cached)
            }
            Err(error) => {
                log(&call, &error);
                (Err(error.failure()), false)
            }
        };
        CallRecord { call, outcome, cached, elapsed: start.elapsed() }
    }

    async fn outcome(
        &self,
        call: &ToolCall,
        cancel: &CancellationToken,
    ) -> Result<(Observation<Value>, bool), ToolError> {
        let registry = &self.shared.registry;
        let Some(entry) = registry.entry(&call.tool) else {
            return Err(unknown_tool(registry, &call.tool));
        };
        let spec = entry.tool.spec();
        let size = serde_json::to_string(&call.arguments).map_or(usize::MAX, |text| text.len());
        if size > self.shared.limits.argument_bytes {
            let limit = self.shared.limits.argument_bytes;
            return Err(ToolError::invalid_arguments(format!(
                "the arguments have {size} bytes, more than the {limit} allowed: pass images by name, not by content"
            )));
        }
        if let Some(message) = arguments::mistakes(&entry.validator, &spec.arguments, &call.arguments) {
            return Err(ToolError::invalid_arguments(format!("`{}`: {message}", spec.name)));
        }
        if !spec.cacheable {
            let observation = self.execute(entry, call, cancel).await?;
            return Ok((observation, false));
        }
        let slot = self.shared.cache.slot(Key::new(spec, &call.arguments));
        let mut ran = false;
        let observation = slot
            .get_or_try_init(|| {
                ran = true;
                self.execute(entry, call, cancel)
            })
            .await?
            .clone();
        if !ran {
            self.shared.cached.fetch_add(1, Ordering::Relaxed);
        }
        Ok((observation, !ran))
    }

    /// Runs the tool in a task of its own, so that a panic or a hang stays there.
    async fn execute(
        &self,
        entry: &Entry,
        call: &ToolCall,
        cancel: &CancellationToken,
    ) -> Result<Observation<Value>, ToolError> {
        let spec = entry.tool.spec();
        let _turn = match spec.concurrency {
            Concurrency::Shared => None,
            Concurrency::Exclusive => Some(tokio::select! {
                turn = entry.turn.lock() => turn,
                () = cancel.cancelled() => return Err(ToolError::cancelled()),
            }),
        };
        self.shared.ran.fetch_add(1, Ordering::Relaxed);
        // Cancelled when this future is dropped, too: then nobody waits for the tool any more.
        let own_cancel = cancel.child_token();
        let _guard: DropGuard = own_cancel.clone().drop_guard();
        let caller =
            Self { shared: Arc::clone(&self.shared), depth: self.depth + 1, parent: Some(call.id.clone()) };
        let caller = SubCaller { dispatcher: caller, cancel: own_cancel.clone(), made: AtomicU32::new(0) };
        let context = ToolContext::new(Arc::clone(&self.shared.images), own_cancel, Arc::new(caller));
        let (tool, arguments) = (Arc::clone(&entry.tool), call.arguments.clone());
        let mut task = tokio::spawn(async move { tool.call(arguments, &context).await });
        let result = tokio::select! {
            biased;
            result = &mut task => result,
            () = cancel.cancelled() => {
                task.abort();
                return Err(ToolError::cancelled());
            }
            () = tokio::time::sleep(spec.timeout) => {
                task.abort();
                return Err(ToolError::timed_out(spec));
            }
        };
        match result {
            Ok(outcome) => outcome,
            Err(error) if error.is_panic() => {
                let message =
                    format!("`{}` crashed on this input; try another tool or another region", spec.name);
                Err(ToolError::new(FailureKind::Panicked, message).caused_by(error))
            }
            Err(_) => Err(ToolError::cancelled()),
        }
    }
}

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Dispatcher")
            .field("registry", &self.shared.registry)
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

fn unknown_tool(registry: &Registry, name: &str) -> ToolError {
    let names = registry.specs().map(|spec| spec.name.as_str()).collect::<Vec<_>>().join(", ");
    let shown: String = name.chars().take(64).collect();
    let hint = registry.nearest(name).map_or_else(String::new, |near| format!(" Did you mean `{near}`?"));
    ToolError::new(FailureKind::UnknownTool, format!("no tool is named `{shown}`.{hint} Tools: {names}"))
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

/// What tools call tools through.
struct SubCaller {
    dispatcher: Dispatcher,
    cancel: CancellationToken,
    made: AtomicU32,
}

#[async_trait]
impl Caller for SubCaller {
    async fn call(&self, capability: Capability, arguments: Value) -> Result<Observation<Value>, Failure> {
        let registry = self.dispatcher.registry();
        let Some(spec) = registry.with_capability(capability).next() else {
            let message = format!("no tool with the capability {capability:?} is registered");
            return Err(Failure { kind: FailureKind::Unavailable, message });
        };
        if self.dispatcher.depth > self.dispatcher.shared.limits.depth {
            let message = "tools call each other too deep".to_owned();
            return Err(Failure { kind: FailureKind::Refused, message });
        }
        let number = self.made.fetch_add(1, Ordering::Relaxed) + 1;
        let parent = self.dispatcher.parent.as_ref().map_or("call", |id| id.0.as_str());
        let id = CallId(format!("{parent}.{number}"));
        let call = ToolCall { id, tool: spec.name.clone(), arguments };
        // Boxed: a call may make calls.
        let run: std::pin::Pin<Box<dyn Future<Output = CallRecord> + Send + '_>> =
            Box::pin(self.dispatcher.run(call, self.cancel.clone()));
        run.await.outcome
    }
}
