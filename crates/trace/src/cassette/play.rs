//! Playing back.

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use futures::StreamExt as _;
use lavr_model::{
    CancellationToken, Capabilities, ChatModel, ModelError, ModelErrorKind, TurnRequest, TurnStream,
};
use lavr_tool::{DynTool, Registry, ToolContext, ToolError, sorted};
use lavr_types::{Amounts, Failure, FailureKind, Observation, ToolSpec, Usage};
use serde_json::Value;

use super::{
    CassetteError, difference,
    format::{Call, FILE, IMAGES, Line, Turn, VERSION},
};
use crate::{TraceError, images, secrets::Secrets, trace::is_plain};

/// Plays a cassette. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Player(Arc<Tape>);

#[derive(Debug)]
struct Tape {
    folder: PathBuf,
    models: BTreeMap<String, Capabilities>,
    tools: Vec<ToolSpec>,
    turns: Mutex<Takes<Turn>>,
    calls: Mutex<Takes<Call>>,
    /// What was asked and not recorded.
    missed: Mutex<Vec<String>>,
    secrets: Secrets,
}

/// What was recorded, by what was asked: each request of the same form has its own, in order.
#[derive(Debug)]
struct Takes<T> {
    waiting: BTreeMap<String, VecDeque<T>>,
    /// Everything that was asked when it was recorded: who, and what.
    asked: Vec<(String, Value)>,
}

impl<T> Default for Takes<T> {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), asked: Vec::new() }
    }
}

impl<T: Clone> Takes<T> {
    fn add(&mut self, who: &str, what: Value, take: T) {
        self.waiting.entry(format!("{who} {what}")).or_default().push_back(take);
        self.asked.push((who.to_owned(), what));
    }

    /// What was recorded for a request. `again`: the last one serves as often as it is asked for.
    fn take(&mut self, who: &str, what: &Value, again: bool) -> Result<T, String> {
        let waiting = self.waiting.get_mut(&format!("{who} {what}"));
        match waiting
            .map(|takes| if again && takes.len() == 1 { takes.front().cloned() } else { takes.pop_front() })
        {
            Some(Some(take)) => Ok(take),
            Some(None) => Err("it was asked more often than it was recorded".to_owned()),
            None => Err(self.nearest(who, what)),
        }
    }

    /// What differs from the recorded request that is most like it.
    fn nearest(&self, who: &str, what: &Value) -> String {
        let of_it = self.asked.iter().filter(|(name, _)| name == who);
        match of_it.min_by_key(|(_, recorded)| difference::count(recorded, what)) {
            Some((_, recorded)) => difference::between(recorded, what).join("; "),
            None => "it was never asked when this was recorded".to_owned(),
        }
    }
}

impl Player {
    /// Opens the cassette in a folder.
    ///
    /// # Errors
    /// When there is none, or it is of another form.
    pub fn open(folder: &Path) -> Result<Self, CassetteError> {
        let path = folder.join(FILE);
        let text = fs::read_to_string(&path).map_err(TraceError::io(&path))?;
        let name = format!("`{}`", path.display());
        let mut tape = Tape {
            folder: folder.to_owned(),
            models: BTreeMap::new(),
            tools: Vec::new(),
            turns: Mutex::default(),
            calls: Mutex::default(),
            missed: Mutex::default(),
            secrets: Secrets::from_environment(),
        };
        let mut lines = text.lines().enumerate();
        let parse = |(number, line): (usize, &str)| {
            let failed = |source| TraceError::Line { name: name.clone(), line: number + 1, source };
            serde_json::from_str::<Line>(line).map_err(failed)
        };
        match lines.next().map(parse).transpose()? {
            Some(Line::Cassette { version, .. }) if version <= VERSION => {}
            Some(Line::Cassette { version, .. }) => {
                return Err(TraceError::Newer { name, version, known: VERSION }.into());
            }
            _ => return Err(TraceError::Empty(name).into()),
        }
        for line in lines {
            tape.add(parse(line)?);
        }
        Ok(Self(Arc::new(tape)))
    }

    /// The model that was recorded under a name.
    ///
    /// # Errors
    /// When there is none.
    pub fn model(&self, name: &str) -> Result<Arc<dyn ChatModel>, CassetteError> {
        let capabilities = self.0.models.get(name).cloned().ok_or_else(|| CassetteError::NoModel {
            wanted: name.to_owned(),
            recorded: self.0.models.keys().cloned().collect(),
        })?;
        Ok(Arc::new(PlayedModel { name: name.to_owned(), capabilities, tape: Arc::clone(&self.0) }))
    }

    /// The tools that were recorded, in their order.
    ///
    /// # Errors
    /// When they make no registry: the cassette was written by hand.
    pub fn tools(&self) -> Result<Registry, CassetteError> {
        self.0.tools.iter().try_fold(Registry::new(), |registry, spec| {
            let tool = PlayedTool { spec: spec.clone(), tape: Arc::clone(&self.0) };
            Ok(registry.with_dyn(Arc::new(tool))?)
        })
    }

    /// Tells whether everything that was asked was on the cassette. An agent takes a failing model or tool for a reason
    /// to go on without it, so a test that does not call this may pass for the wrong reason.
    ///
    /// # Errors
    /// When something was asked that was not recorded; the message says what differs.
    pub fn finish(&self) -> Result<(), CassetteError> {
        let missed = self.0.missed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if missed.is_empty() { Ok(()) } else { Err(CassetteError::NotRecorded(missed)) }
    }
}

impl Tape {
    fn add(&mut self, line: Line) {
        match line {
            // The first line alone begins a cassette.
            Line::Cassette { .. } => {}
            Line::Model { name, capabilities } => _ = self.models.insert(name, capabilities),
            Line::Tool { spec } => self.tools.push(spec),
            Line::Turn(turn) => {
                let what = self.written(&turn.request);
                let turns = self.turns.get_mut().unwrap_or_else(PoisonError::into_inner);
                turns.add(&turn.model.clone(), what, turn);
            }
            Line::Call(call) => {
                let what = self.written(&call.arguments);
                let calls = self.calls.get_mut().unwrap_or_else(PoisonError::into_inner);
                calls.add(&call.tool.clone(), what, call);
            }
        }
    }

    /// A request as it stands on the cassette: keys in order, secrets blotted out.
    fn written(&self, request: &impl serde::Serialize) -> Value {
        let text = self.secrets.blot_out(crate::trace::line(request));
        serde_json::from_str(&text).map(|value| sorted(&value)).unwrap_or_default()
    }

    fn miss(&self, what: String) -> String {
        self.missed.lock().unwrap_or_else(PoisonError::into_inner).push(what.clone());
        what
    }
}

struct PlayedModel {
    name: String,
    capabilities: Capabilities,
    tape: Arc<Tape>,
}

#[async_trait]
impl ChatModel for PlayedModel {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn stream(&self, turn: TurnRequest, _: CancellationToken) -> Result<TurnStream, ModelError> {
        let what = self.tape.written(&turn);
        let taken = {
            let mut turns = self.tape.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.take(&self.name, &what, false)
        };
        let turn = taken.map_err(|why| {
            let message =
                self.tape.miss(format!("the model `{}` was asked something else: {why}", self.name));
            ModelError::new(ModelErrorKind::Other, self.capabilities.name.clone(), message)
        })?;
        // It was not even begun.
        if let (Some(failure), true) = (&turn.failure, turn.events.is_empty()) {
            return Err(failure.clone().into());
        }
        let failure = turn.failure.map(|failure| Err(ModelError::from(failure)));
        Ok(futures::stream::iter(turn.events.into_iter().map(Ok).chain(failure)).boxed())
    }
}

struct PlayedTool {
    spec: ToolSpec,
    tape: Arc<Tape>,
}

#[async_trait]
impl DynTool for PlayedTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, arguments: Value, context: &ToolContext) -> Result<Observation<Value>, ToolError> {
        let what = self.tape.written(&arguments);
        let taken = {
            let mut calls = self.tape.calls.lock().unwrap_or_else(PoisonError::into_inner);
            calls.take(&self.spec.name, &what, self.spec.cacheable)
        };
        let call = taken.map_err(|why| {
            ToolError::failed(
                self.tape.miss(format!("the tool `{}` was called otherwise: {why}", self.spec.name)),
            )
        })?;
        pay(context, &call.models);
        for image in &call.images {
            if context.images().get(image.id).is_ok() {
                continue;
            }
            let file = image.file.as_deref().filter(|name| is_plain(name));
            let bytes = file.map(|name| fs::read(self.tape.folder.join(IMAGES).join(name))).transpose();
            let restored = bytes
                .map_err(TraceError::io(&self.tape.folder))
                .and_then(|bytes| images::restore(context.images(), image, bytes.as_deref()));
            if let Err(error) = restored {
                let what = format!("an image of the tool `{}`: {error}", self.spec.name);
                return Err(ToolError::failed(self.tape.miss(what)));
            }
        }
        match call.outcome {
            // It crashes again, for the dispatcher to contain; the panic hook is not told.
            Err(Failure { kind: FailureKind::Panicked, message }) => {
                std::panic::resume_unwind(Box::new(message))
            }
            outcome => outcome.map_err(ToolError::from),
        }
    }
}

/// What the tool's chat models cost when this was recorded, they cost again: a run within a budget goes on as it did.
fn pay(context: &ToolContext, models: &Usage) {
    if models.is_nothing() {
        return;
    }
    let tokens = models.input_tokens.saturating_add(models.output_tokens);
    let usd = models.cost.unwrap_or_default();
    context.budget().charge(Amounts { turns: models.model_calls, tokens, usd, ..Amounts::default() });
    context.spent(*models);
}
