//! Recording.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use async_trait::async_trait;
use futures::StreamExt as _;
use lavr_image::{ImageStore, Origin};
use lavr_model::{
    CancellationToken, Capabilities, ChatModel, ModelError, ModelErrorKind, StreamEvent, TurnRequest,
    TurnStream,
};
use lavr_tool::{DynTool, Registry, ToolContext, ToolError};
use lavr_types::{Failure, FailureKind, ImageId, ModelFailure, Observation, ToolSpec, TraceImage};
use serde_json::Value;

use super::{
    CassetteError,
    format::{Call, FILE, IMAGES, Line, Turn, VERSION},
};
use crate::{TraceError, images, secrets::Secrets, trace::line};

/// Records what models and tools say. Cloning shares the cassette.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<Tape>);

#[derive(Debug)]
struct Tape {
    folder: PathBuf,
    secrets: Secrets,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    /// The images whose files are there.
    written: BTreeSet<ImageId>,
    failure: Option<TraceError>,
}

impl Recorder {
    /// Begins a cassette in a folder, which must be empty or new.
    ///
    /// # Errors
    /// When something is there, or the folder cannot be written.
    pub fn create(folder: &Path) -> Result<Self, CassetteError> {
        fs::create_dir_all(folder).map_err(TraceError::io(folder))?;
        if fs::read_dir(folder).map_err(TraceError::io(folder))?.next().is_some() {
            return Err(CassetteError::NotEmpty(folder.to_owned()));
        }
        let path = folder.join(FILE);
        let file = File::create_new(&path).map_err(TraceError::io(&path))?;
        let state = State { file, written: BTreeSet::new(), failure: None };
        let secrets = Secrets::from_environment();
        let tape = Tape { folder: folder.to_owned(), secrets, state: Mutex::new(state) };
        tape.write(&Line::Cassette { version: VERSION, lavr: env!("CARGO_PKG_VERSION").to_owned() });
        Ok(Self(Arc::new(tape)))
    }

    /// The model, recorded under a name.
    #[must_use]
    pub fn model(&self, name: &str, model: Arc<dyn ChatModel>) -> Arc<dyn ChatModel> {
        let capabilities = model.capabilities().clone();
        self.0.write(&Line::Model { name: name.to_owned(), capabilities });
        Arc::new(RecordedModel { name: name.to_owned(), model, tape: Arc::clone(&self.0) })
    }

    /// The tools, recorded. What tools ask of other tools is recorded, too.
    ///
    /// # Errors
    /// Never for tools that came out of a registry.
    pub fn tools(&self, registry: Registry) -> Result<Registry, CassetteError> {
        Ok(registry.wrapped(|tool| {
            self.0.write(&Line::Tool { spec: tool.spec().clone() });
            Arc::new(RecordedTool { tool, tape: Arc::clone(&self.0) })
        })?)
    }

    /// Tells whether all was written. Until the last wrapper is gone, more may come.
    ///
    /// # Errors
    /// When something could not be written.
    pub fn finish(&self) -> Result<(), CassetteError> {
        let mut state = self.0.lock();
        match state.failure.take() {
            Some(failure) => Err(failure.into()),
            None => Ok(state.file.sync_all().map_err(TraceError::io(&self.0.folder))?),
        }
    }
}

impl Tape {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, entry: &Line) {
        let text = self.secrets.blot_out(line(entry)) + "\n";
        let mut state = self.lock();
        if state.failure.is_none()
            && let Err(error) = state.file.write_all(text.as_bytes())
        {
            state.failure = Some(TraceError::io(&self.folder)(error));
        }
    }

    fn call(
        &self,
        tool: &str,
        arguments: Value,
        outcome: Result<Observation<Value>, Failure>,
        context: &ToolContext,
    ) {
        let store = context.images();
        let asked: BTreeSet<ImageId> = images::ids(&arguments.to_string()).collect();
        let told: Vec<ImageId> =
            outcome.iter().flat_map(|seen| images::ids(&line(seen)).collect::<Vec<_>>()).collect();
        let mut found = Vec::new();
        for id in told {
            self.image(id, store, &asked, &mut found);
        }
        let (tool, models) = (tool.to_owned(), context.models());
        self.write(&Line::Call(Call { tool, arguments, outcome, images: found, models }));
    }

    /// Keeps an image that a tool made, after those that it was made from.
    fn image(&self, id: ImageId, store: &ImageStore, asked: &BTreeSet<ImageId>, found: &mut Vec<TraceImage>) {
        if asked.contains(&id) || found.iter().any(|known| known.id == id) {
            return;
        }
        let Ok(image) = store.get(id) else { return };
        if let Origin::Derived { parent, .. } = image.origin {
            self.image(parent, store, asked, found);
        }
        let kept = images::keep(&image, None).and_then(|(kept, file)| {
            if let Some(file) = file
                && self.lock().written.insert(id)
            {
                let folder = self.folder.join(IMAGES);
                fs::create_dir_all(&folder).map_err(TraceError::io(&folder))?;
                let path = folder.join(&file.name);
                fs::write(&path, &file.bytes).map_err(TraceError::io(&path))?;
            }
            Ok(kept)
        });
        match kept {
            Ok(kept) => found.push(kept),
            Err(error) => self.lock().failure = Some(error),
        }
    }
}

struct RecordedModel {
    name: String,
    model: Arc<dyn ChatModel>,
    tape: Arc<Tape>,
}

#[async_trait]
impl ChatModel for RecordedModel {
    fn capabilities(&self) -> &Capabilities {
        self.model.capabilities()
    }

    async fn stream(&self, turn: TurnRequest, cancel: CancellationToken) -> Result<TurnStream, ModelError> {
        let mut take = Take::new(self, turn.clone());
        match self.model.stream(turn, cancel).await {
            Ok(stream) => Ok(futures::stream::unfold((stream, take), |(mut stream, mut take)| async move {
                let event = stream.next().await;
                take.hear(event.as_ref());
                event.map(|event| (event, (stream, take)))
            })
            .boxed()),
            Err(error) => {
                take.end(Some(error.failure()));
                Err(error)
            }
        }
    }
}

/// One turn that is being recorded. Dropped before its end, it was given up.
struct Take {
    turn: Option<Turn>,
    tape: Arc<Tape>,
}

impl Take {
    fn new(model: &RecordedModel, request: TurnRequest) -> Self {
        let turn = Turn { model: model.name.clone(), request, events: Vec::new(), failure: None };
        Self { turn: Some(turn), tape: Arc::clone(&model.tape) }
    }

    fn hear(&mut self, event: Option<&Result<StreamEvent, ModelError>>) {
        let Some(turn) = &mut self.turn else { return };
        match event {
            Some(Ok(event)) => {
                join(&mut turn.events, event);
                if matches!(event, StreamEvent::Finished { .. }) {
                    self.end(None);
                }
            }
            Some(Err(error)) => self.end(Some(error.failure())),
            None => self.end(None),
        }
    }

    fn end(&mut self, failure: Option<ModelFailure>) {
        if let Some(turn) = self.turn.take() {
            self.tape.write(&Line::Turn(Turn { failure, ..turn }));
        }
    }
}

impl Drop for Take {
    fn drop(&mut self) {
        let Some(turn) = &self.turn else { return };
        let message = "when this was recorded, the reply was given up before its end".to_owned();
        let failure = ModelFailure { kind: ModelErrorKind::Other, model: turn.model.clone(), message };
        self.end(Some(failure));
    }
}

fn join(events: &mut Vec<StreamEvent>, event: &StreamEvent) {
    match (events.last_mut(), event) {
        (Some(StreamEvent::Text { text }), StreamEvent::Text { text: more })
        | (Some(StreamEvent::Reasoning { text }), StreamEvent::Reasoning { text: more }) => {
            text.push_str(more);
        }
        _ => events.push(event.clone()),
    }
}

struct RecordedTool {
    tool: Arc<dyn DynTool>,
    tape: Arc<Tape>,
}

#[async_trait]
impl DynTool for RecordedTool {
    fn spec(&self) -> &ToolSpec {
        self.tool.spec()
    }

    async fn call(&self, arguments: Value, context: &ToolContext) -> Result<Observation<Value>, ToolError> {
        let call = Some((arguments.clone(), context.clone()));
        let mut under_way = UnderWay { tool: self, call, start: Instant::now() };
        let result = self.tool.call(arguments, context).await;
        under_way.end(result.as_ref().map(Clone::clone).map_err(ToolError::failure));
        result
    }
}

/// One call that is being recorded. Dropped before its end, it took too long, panicked, or nobody waited any more.
struct UnderWay<'a> {
    tool: &'a RecordedTool,
    call: Option<(Value, ToolContext)>,
    start: Instant,
}

impl UnderWay<'_> {
    fn end(&mut self, outcome: Result<Observation<Value>, Failure>) {
        if let Some((arguments, context)) = self.call.take() {
            self.tool.tape.call(&self.tool.spec().name, arguments, outcome, &context);
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let spec = self.tool.spec();
        let failure = if std::thread::panicking() {
            Failure { kind: FailureKind::Panicked, message: "the tool crashed".to_owned() }
        } else if self.start.elapsed() >= spec.timeout {
            ToolError::timed_out(spec).failure()
        } else {
            ToolError::cancelled().failure()
        };
        self.end(Err(failure));
    }
}
