//! Runs calls: checked, side by side, contained.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use futures::{StreamExt, stream};
use lavr_image::ImageStore;
use lavr_types::{
    Budget, CallId, CallRecord, Capability, Failure, FailureKind, Observation, ToolCall, ToolSpec, Usage,
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
    Approver, Breaker, Caller, Registry, Retry, cache::EvidenceCache, meter::Meter, registry::Entry,
    retry::Retries,
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
    /// How deep the arguments of one call may be nested.
    pub argument_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { parallel: 16, depth: 3, argument_bytes: 64 * 1024, argument_depth: 32 }
    }
}

/// How a dispatcher works: its limits, and how far it goes to make a call succeed.
///
/// The ladder: a call that failed in a way that may pass is made again; arguments that can be read in one way only are
/// mended; another expert of the same capability stands in; and what is left is told to the planner. Each rung that was
/// taken stands in [`CallRecord::repairs`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DispatcherOptions {
    /// What bounds it.
    pub limits: Limits,
    /// When calls are made again.
    pub retry: Retry,
    /// When a tool is left alone.
    pub breaker: Breaker,
    /// Whether misspelt names and values of the wrong form are mended.
    pub mend: bool,
    /// Whether another tool of the same capability may stand in for one that failed.
    pub stand_ins: bool,
}

impl Default for DispatcherOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            retry: Retry::default(),
            breaker: Breaker::default(),
            mend: true,
            stand_ins: true,
        }
    }
}

/// How many calls a dispatcher has answered, for whomever: what one run cost is told by its records
/// ([`CallRecord::usage`](lavr_types::CallRecord::usage)).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// How often a tool ran, repeats and stand-ins included.
    pub ran: u32,
    /// Calls answered from the evidence cache.
    pub cached: u32,
}

pub(crate) struct Shared {
    pub(crate) registry: Registry,
    pub(crate) images: Arc<ImageStore>,
    pub(crate) cache: EvidenceCache,
    pub(crate) options: DispatcherOptions,
    pub(crate) retries: Retries,
    pub(crate) ran: AtomicU32,
    pub(crate) cached: AtomicU32,
}

/// Runs calls of registered tools. Cloning shares the tools, the images, the cache, and what is known of failing tools.
#[derive(Clone)]
pub struct Dispatcher {
    pub(crate) shared: Arc<Shared>,
    pub(crate) approver: Option<Arc<dyn Approver>>,
    pub(crate) budget: Budget,
    pub(crate) depth: u32,
    /// The call on whose behalf this dispatcher runs others.
    pub(crate) parent: Option<CallId>,
    /// What chat models cost that are asked on its behalf.
    pub(crate) meter: Option<Meter>,
}

impl Dispatcher {
    /// A dispatcher of these tools over these images.
    pub fn new(registry: Registry, images: Arc<ImageStore>) -> Self {
        Self::with_options(registry, images, DispatcherOptions::default())
    }

    /// With options of one's own.
    pub fn with_options(registry: Registry, images: Arc<ImageStore>, options: DispatcherOptions) -> Self {
        let shared = Shared {
            registry,
            images,
            cache: EvidenceCache::default(),
            options,
            retries: Retries::new(options.retry),
            ran: AtomicU32::new(0),
            cached: AtomicU32::new(0),
        };
        let budget = Budget::default();
        Self { shared: Arc::new(shared), approver: None, budget, depth: 0, parent: None, meter: None }
    }

    /// The same dispatcher, whose calls this approver decides about.
    #[must_use]
    pub fn with_approver(mut self, approver: Arc<dyn Approver>) -> Self {
        self.approver = Some(approver);
        self
    }

    /// The same dispatcher for one run: what its calls cost is reserved from this budget.
    #[must_use]
    pub fn within(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// What its calls are paid from.
    pub const fn budget(&self) -> &Budget {
        &self.budget
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

    /// As [`Self::dispatch`]; `observe` sees each record as soon as it and those before it stand.
    pub async fn dispatch_observed(
        &self,
        calls: Vec<ToolCall>,
        cancel: &CancellationToken,
        observe: &(dyn Fn(&CallRecord) + Send + Sync),
    ) -> Vec<CallRecord> {
        // Owned, not borrowed, so that the future stays `Send` for any lifetime of `observe`.
        let runs: Vec<_> = calls.into_iter().map(|call| self.run(call, cancel.clone())).collect();
        stream::iter(runs)
            .buffered(self.shared.options.limits.parallel.max(1))
            .inspect(|record| observe(record))
            .collect()
            .await
    }

    /// Whether somebody has to approve calls of a tool.
    pub(crate) fn needs_approval(&self, spec: &ToolSpec) -> bool {
        spec.needs_approval || self.approver.as_ref().is_some_and(|approver| approver.asks_about(spec))
    }

    /// What a running tool calls others through.
    /// Counts a call where this dispatcher runs it on behalf of another: that one's record tells of it.
    pub(crate) fn count(&self, usage: Usage) {
        if let Some(meter) = &self.meter {
            meter.add(usage);
        }
    }

    pub(crate) fn caller(&self, id: &CallId, meter: &Meter, cancel: &CancellationToken) -> Arc<dyn Caller> {
        let (parent, meter) = (Some(id.clone()), Some(meter.clone()));
        let dispatcher = Self { depth: self.depth + 1, parent, meter, ..self.clone() };
        Arc::new(SubCaller { dispatcher, cancel: cancel.clone(), made: AtomicU32::new(0) })
    }

    /// The tools that may stand in for one that failed.
    pub(crate) fn stand_ins<'d>(&'d self, spec: &'d ToolSpec) -> impl Iterator<Item = &'d Entry> {
        let allowed = self.shared.options.stand_ins;
        self.registry()
            .stand_ins(spec)
            // Nobody was asked about another tool.
            .filter(move |other| allowed && !self.needs_approval(other.tool.spec()))
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
        if self.dispatcher.depth > self.dispatcher.shared.options.limits.depth {
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
