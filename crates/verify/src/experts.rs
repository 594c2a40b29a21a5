//! The experts as the verifier calls them: by capability, through the dispatcher, within a budget, with a receipt
//! for every call, and no call twice.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use lavr_tool::{CancellationToken, Dispatcher};
use lavr_types::{
    CallId, CallRecord, Capability, Event, Evidence, Failure, FailureKind, ImageId, Rect, Region, Size,
    ToolCall, ToolSpec, Trust,
    perception::{ColorReport, Detections, Poses, RelationReport, TextLines, VisualAnswer},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::{
    sync::{OnceCell, Semaphore},
    time::Instant,
};

/// Hears what happens while it happens.
pub type Listener<'l> = &'l (dyn Fn(Event) + Send + Sync);

/// What an expert saw, with the call that saw it.
#[derive(Clone)]
pub(crate) struct Seen<T> {
    pub(crate) value: T,
    pub(crate) tool: String,
    pub(crate) call: CallId,
}

impl<T> Seen<T> {
    /// One fact of it.
    pub(crate) fn evidence(&self, region: Region, value: Value, score: f32, trust: Trust) -> Evidence {
        Evidence { region, tool: self.tool.clone(), call: Some(self.call.clone()), value, score, trust }
    }
}

/// Why an expert saw nothing, for the reason of a judgement.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Unseen {
    #[error("there is no tool that can {0}")]
    NoTool(&'static str),
    #[error("left unchecked: the limit of expert calls was reached")]
    Budget,
    #[error("left unchecked: the time for checking was up")]
    Time,
    #[error("the run was cancelled")]
    Cancelled,
    #[error("`{tool}` failed: {message}")]
    Failed { tool: String, message: String },
}

impl Unseen {
    /// Whether a larger budget would have let it see.
    pub(crate) const fn is_limit(&self) -> bool {
        matches!(self, Self::Budget | Self::Time)
    }
}

/// What bounds the calls of one verification.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// The most calls. A call that the evidence cache answers counts too: what is checked depends on the text, not on
    /// what happened before.
    pub(crate) calls: u32,
    /// How long calls may take in all.
    pub(crate) time: Option<Duration>,
    /// The most calls under way at once.
    pub(crate) side_by_side: usize,
}

/// A call that was made for one claim and serves every other that asks the same.
struct Entry {
    number: u32,
    call: ToolCall,
    outcome: OnceCell<Result<Seen<Arc<Value>>, Unseen>>,
}

/// What the calls of one verification share.
struct Ledger<'l> {
    dispatcher: Dispatcher,
    cancel: CancellationToken,
    listener: Listener<'l>,
    calls_left: AtomicU32,
    deadline: Option<Instant>,
    turns: Semaphore,
    numbers: AtomicU32,
    /// Each with its number: they end in another order than they begin.
    records: Mutex<Vec<(u32, CallRecord)>>,
    known: Mutex<HashMap<String, Arc<Entry>>>,
}

/// Calls experts on behalf of one verification. Clones share budget, receipts and what was seen.
#[derive(Clone)]
pub(crate) struct Experts<'l> {
    ledger: Arc<Ledger<'l>>,
    limited: Arc<AtomicBool>,
}

impl<'l> Experts<'l> {
    pub(crate) fn new(
        dispatcher: &Dispatcher,
        cancel: &CancellationToken,
        bounds: Bounds,
        listener: Listener<'l>,
    ) -> Self {
        let ledger = Ledger {
            dispatcher: dispatcher.clone(),
            cancel: cancel.clone(),
            listener,
            calls_left: AtomicU32::new(bounds.calls),
            deadline: bounds.time.map(|time| Instant::now() + time),
            turns: Semaphore::new(bounds.side_by_side.clamp(1, Semaphore::MAX_PERMITS)),
            numbers: AtomicU32::new(1),
            records: Mutex::default(),
            known: Mutex::default(),
        };
        Self { ledger: Arc::new(ledger), limited: Arc::default() }
    }

    /// The same experts for one claim: [`Self::was_limited`] then speaks of its calls alone.
    pub(crate) fn for_one_claim(&self) -> Self {
        Self { ledger: Arc::clone(&self.ledger), limited: Arc::default() }
    }

    /// Whether a call of this handle was left out for want of calls or time.
    pub(crate) fn was_limited(&self) -> bool {
        self.limited.load(Ordering::Relaxed)
    }

    pub(crate) fn has(&self, capability: Capability) -> bool {
        self.tool(capability).is_some()
    }

    pub(crate) fn size(&self, image: ImageId) -> Option<Size> {
        self.ledger.dispatcher.images().size_of(image).ok()
    }

    /// The calls so far, in the order in which they were asked for.
    pub(crate) fn records(&self) -> Vec<CallRecord> {
        let mut records = self.ledger.records.lock().unwrap_or_else(PoisonError::into_inner).clone();
        records.sort_by_key(|(number, _)| *number);
        records.into_iter().map(|(_, record)| record).collect()
    }

    pub(crate) fn note(&self, text: &str) {
        self.tell(Event::Note { text: text.to_owned() });
    }

    pub(crate) fn tell(&self, event: Event) {
        (self.ledger.listener)(event);
    }

    /// The tool that is asked for a capability.
    pub(crate) fn tool(&self, capability: Capability) -> Option<&ToolSpec> {
        self.ledger.dispatcher.registry().with_capability(capability).next()
    }

    /// Calls the first tool of a capability. Arguments that it does not take are left out.
    ///
    /// The place in the budget and the number of the call are taken before anything is waited for: what is asked
    /// first comes first, however long the calls take.
    async fn call<T: DeserializeOwned>(
        &self,
        capability: Capability,
        can: &'static str,
        arguments: Value,
    ) -> Result<Seen<T>, Unseen> {
        let spec = self.tool(capability).ok_or(Unseen::NoTool(can))?;
        let entry = self.entry(spec, accepted(spec, arguments)).inspect_err(|unseen| self.mark(unseen))?;
        let seen = entry.outcome.get_or_init(|| self.run(&entry)).await;
        let seen = seen.clone().inspect_err(|unseen| self.mark(unseen))?;
        let value = T::deserialize(&*seen.value).map_err(|error| Unseen::Failed {
            tool: spec.name.clone(),
            message: format!("its result has another shape: {error}"),
        })?;
        Ok(Seen { value, tool: seen.tool, call: seen.call })
    }

    fn mark(&self, unseen: &Unseen) {
        self.limited.fetch_or(unseen.is_limit(), Ordering::Relaxed);
    }

    /// The entry of a call: an earlier one that is the same, else a new one, as far as the budget goes.
    fn entry(&self, spec: &ToolSpec, arguments: Value) -> Result<Arc<Entry>, Unseen> {
        let ledger = &*self.ledger;
        let mut known = ledger.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = format!("{} {arguments}", spec.name);
        if let Some(entry) = known.get(&key) {
            return Ok(Arc::clone(entry));
        }
        if ledger.cancel.is_cancelled() {
            return Err(Unseen::Cancelled);
        }
        if ledger.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(Unseen::Time);
        }
        ledger
            .calls_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .map_err(|_| Unseen::Budget)?;
        let number = ledger.numbers.fetch_add(1, Ordering::Relaxed);
        let call = ToolCall { id: CallId(format!("check_{number}")), tool: spec.name.clone(), arguments };
        let entry = Arc::new(Entry { number, call, outcome: OnceCell::new() });
        known.insert(key, Arc::clone(&entry));
        Ok(entry)
    }

    async fn run(&self, entry: &Entry) -> Result<Seen<Arc<Value>>, Unseen> {
        let ledger = &*self.ledger;
        let start = Instant::now();
        let work = async {
            // Nobody closes the semaphore: an error cannot come, and would only mean more at once.
            let _turn = ledger.turns.acquire().await.ok();
            self.tell(Event::CallStarted { call: entry.call.clone() });
            ledger.dispatcher.dispatch(vec![entry.call.clone()], &ledger.cancel).await.pop()
        };
        let record = match ledger.deadline {
            // Dropped with its future, the call is cancelled.
            Some(deadline) => {
                let Ok(record) = tokio::time::timeout_at(deadline, work).await else {
                    let message = "the time for checking was up".to_owned();
                    let outcome = Err(Failure { kind: FailureKind::TimedOut, message });
                    let (call, elapsed) = (entry.call.clone(), start.elapsed());
                    self.keep(entry.number, CallRecord::ran(call, outcome, elapsed));
                    return Err(Unseen::Time);
                };
                record
            }
            None => work.await,
        };
        let tool = entry.call.tool.clone();
        let Some(record) = record else {
            return Err(Unseen::Failed { tool, message: "it gave no record".to_owned() });
        };
        let seen = match &record.outcome {
            Ok(observation) => Ok(Seen {
                value: Arc::new(observation.value.clone()),
                // Another expert may have stood in.
                tool: record.call.tool.clone(),
                call: record.call.id.clone(),
            }),
            Err(failure) if failure.kind == FailureKind::Cancelled => Err(Unseen::Cancelled),
            Err(failure) if failure.kind == FailureKind::OverBudget => Err(Unseen::Budget),
            Err(failure) => Err(Unseen::Failed { tool, message: failure.message.clone() }),
        };
        self.keep(entry.number, record);
        seen
    }

    fn keep(&self, number: u32, record: CallRecord) {
        self.tell(Event::CallEnded { record: record.clone() });
        self.ledger.records.lock().unwrap_or_else(PoisonError::into_inner).push((number, record));
    }

    /// Looks for labels down to a score, in the whole picture or in overlapping tiles too.
    pub(crate) async fn detect(
        &self,
        image: ImageId,
        labels: &[String],
        tiles: bool,
        threshold: f32,
    ) -> Result<Seen<Detections>, Unseen> {
        // Written with two digits: the call is a key of the evidence cache.
        let threshold = (f64::from(threshold) * 100.0).round() / 100.0;
        let mut arguments = json!({ "image": image, "labels": labels, "threshold": threshold });
        if tiles {
            arguments["tiles"] = Value::Bool(true);
        }
        self.call(Capability::Detect, "find objects", arguments).await
    }

    /// Whether the detector can take a second look in tiles.
    pub(crate) fn has_second_look(&self) -> bool {
        self.takes(Capability::Detect, "tiles")
    }

    /// Whether the expert of this kind has an argument of this name.
    fn takes(&self, capability: Capability, argument: &str) -> bool {
        self.tool(capability)
            .is_some_and(|spec| properties(spec).is_some_and(|all| all.contains_key(argument)))
    }

    /// The people and the points of their bodies.
    pub(crate) async fn poses(&self, image: ImageId) -> Result<Seen<Poses>, Unseen> {
        self.call(Capability::Pose, "find the points of bodies", json!({ "image": image })).await
    }

    pub(crate) async fn read(&self, image: ImageId) -> Result<Seen<TextLines>, Unseen> {
        self.call(Capability::ReadText, "read text", json!({ "image": image })).await
    }

    /// The colours of the thing in a box, or of all that a patch shows where the expert can measure one.
    pub(crate) async fn color(
        &self,
        image: ImageId,
        region: Rect,
        patch: bool,
    ) -> Result<Seen<ColorReport>, Unseen> {
        self.color_of(image, region, None, patch).await
    }

    /// The colours of a patch; where it is a part of the thing of a box and masks can be had, without what is not the thing.
    pub(crate) async fn color_of_patch(
        &self,
        image: ImageId,
        patch: Rect,
        thing: Option<Rect>,
    ) -> Result<Seen<ColorReport>, Unseen> {
        self.color_of(image, patch, thing, true).await
    }

    async fn color_of(
        &self,
        image: ImageId,
        region: Rect,
        thing: Option<Rect>,
        patch: bool,
    ) -> Result<Seen<ColorReport>, Unseen> {
        let mut arguments = json!({ "image": image, "region": region });
        // Only where there are masks does it matter whose part it is.
        if thing.is_some() && self.has(Capability::Segment) && self.takes(Capability::MeasureColor, "of") {
            arguments["of"] = json!(thing);
        }
        if patch && self.takes(Capability::MeasureColor, "patch") {
            arguments["patch"] = Value::Bool(true);
        }
        if self.takes(Capability::MeasureColor, "tints") {
            arguments["tints"] = Value::Bool(true);
        }
        self.call(Capability::MeasureColor, "measure colours", arguments).await
    }

    pub(crate) async fn relate(
        &self,
        image: ImageId,
        subject: Rect,
        object: Option<Rect>,
    ) -> Result<Seen<RelationReport>, Unseen> {
        let mut arguments = json!({ "image": image, "subject": subject });
        if let Some(object) = object {
            arguments["object"] = json!(object);
        }
        self.call(Capability::Relate, "relate regions", arguments).await
    }

    pub(crate) async fn ask(&self, image: ImageId, question: &str) -> Result<Seen<VisualAnswer>, Unseen> {
        self.ask_about(image, None, question).await
    }

    /// As [`Self::ask`], about a part of the picture where one is given.
    pub(crate) async fn ask_about(
        &self,
        image: ImageId,
        region: Option<Rect>,
        question: &str,
    ) -> Result<Seen<VisualAnswer>, Unseen> {
        let mut arguments = json!({ "image": image, "question": question });
        if let Some(region) = region {
            arguments["region"] = json!(region);
        }
        self.call(Capability::Answer, "answer questions about the picture", arguments).await
    }
}

fn properties(spec: &ToolSpec) -> Option<&Map<String, Value>> {
    spec.arguments.get("properties").and_then(Value::as_object)
}

/// The arguments without those that the tool's schema does not name.
fn accepted(spec: &ToolSpec, arguments: Value) -> Value {
    match (arguments, properties(spec)) {
        (Value::Object(fields), Some(known)) => {
            Value::Object(fields.into_iter().filter(|(name, _)| known.contains_key(name)).collect())
        }
        (arguments, _) => arguments,
    }
}
