//! The experts as the verifier calls them: by capability, through the dispatcher, within a budget, with a receipt
//! for every call.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU32, Ordering},
};

use lavr_tool::{CancellationToken, Dispatcher};
use lavr_types::{
    CallId, CallRecord, Capability, Event, Evidence, ImageId, Rect, Region, Size, ToolCall, ToolSpec, Trust,
    perception::{ColorReport, Detections, RelationReport, TextLines, VisualAnswer},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// Hears what happens while it happens.
pub type Listener<'l> = &'l (dyn Fn(Event) + Send + Sync);

/// What an expert saw, with the call that saw it.
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
    #[error("the limit of expert calls was reached")]
    Budget,
    #[error("the run was cancelled")]
    Cancelled,
    #[error("`{tool}` failed: {message}")]
    Failed { tool: String, message: String },
}

/// Calls experts on behalf of one verification.
pub(crate) struct Experts<'d> {
    dispatcher: &'d Dispatcher,
    cancel: &'d CancellationToken,
    listener: Listener<'d>,
    budget: AtomicU32,
    numbers: AtomicU32,
    records: Mutex<Vec<CallRecord>>,
}

impl<'d> Experts<'d> {
    pub(crate) fn new(
        dispatcher: &'d Dispatcher,
        cancel: &'d CancellationToken,
        budget: u32,
        listener: Listener<'d>,
    ) -> Self {
        Self {
            dispatcher,
            cancel,
            listener,
            budget: AtomicU32::new(budget),
            numbers: AtomicU32::new(1),
            records: Mutex::default(),
        }
    }

    pub(crate) fn has(&self, capability: Capability) -> bool {
        self.tool(capability).is_some()
    }

    pub(crate) fn size(&self, image: ImageId) -> Option<Size> {
        self.dispatcher.images().size_of(image).ok()
    }

    /// Whether calls were left out for want of budget.
    pub(crate) fn exhausted(&self) -> bool {
        self.budget.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn into_records(self) -> Vec<CallRecord> {
        self.records.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&self, text: &str) {
        (self.listener)(Event::Note { text: text.to_owned() });
    }

    pub(crate) fn tell(&self, event: Event) {
        (self.listener)(event);
    }

    /// The name of the tool that is asked for a capability.
    pub(crate) fn name_of(&self, capability: Capability) -> Option<&str> {
        self.tool(capability).map(|spec| spec.name.as_str())
    }

    fn tool(&self, capability: Capability) -> Option<&ToolSpec> {
        self.dispatcher.registry().with_capability(capability).next()
    }

    /// Calls the first tool of a capability. Arguments that it does not take are left out.
    async fn call<T: DeserializeOwned>(
        &self,
        capability: Capability,
        can: &'static str,
        arguments: Value,
    ) -> Result<Seen<T>, Unseen> {
        let spec = self.tool(capability).ok_or(Unseen::NoTool(can))?;
        if self.cancel.is_cancelled() {
            return Err(Unseen::Cancelled);
        }
        let taken = self
            .budget
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_ok();
        if !taken {
            return Err(Unseen::Budget);
        }
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let call = ToolCall {
            id: CallId(format!("check_{number}")),
            tool: spec.name.clone(),
            arguments: accepted(spec, arguments),
        };
        (self.listener)(Event::CallStarted { call: call.clone() });
        let mut records = self.dispatcher.dispatch(vec![call], self.cancel).await;
        let failed = |message: String| Unseen::Failed { tool: spec.name.clone(), message };
        let Some(record) = records.pop() else { return Err(failed("it gave no record".to_owned())) };
        (self.listener)(Event::CallEnded { record: record.clone() });
        let seen = match &record.outcome {
            Ok(observation) => serde_json::from_value(observation.value.clone())
                .map(|value| Seen { value, tool: spec.name.clone(), call: record.call.id.clone() })
                .map_err(|error| failed(format!("its result has another shape: {error}"))),
            Err(failure) => Err(failed(failure.message.clone())),
        };
        self.records.lock().unwrap_or_else(PoisonError::into_inner).push(record);
        seen
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
        self.tool(Capability::Detect)
            .is_some_and(|spec| properties(spec).is_some_and(|all| all.contains_key("tiles")))
    }

    pub(crate) async fn read(&self, image: ImageId) -> Result<Seen<TextLines>, Unseen> {
        self.call(Capability::ReadText, "read text", json!({ "image": image })).await
    }

    pub(crate) async fn color(&self, image: ImageId, region: Rect) -> Result<Seen<ColorReport>, Unseen> {
        self.call(Capability::MeasureColor, "measure colours", json!({ "image": image, "region": region }))
            .await
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
        self.call(
            Capability::Answer,
            "answer questions about the picture",
            json!({ "image": image, "question": question }),
        )
        .await
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
