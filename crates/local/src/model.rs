//! The model as the rest of the program sees it: a thread of its own that answers one request at a time.

use std::{path::Path, sync::Arc, sync::mpsc, thread};

use async_trait::async_trait;
use futures::{StreamExt as _, channel::mpsc as events, channel::oneshot};
use lavr_model::{
    CancellationToken, Capabilities, ChatModel, ModelError, ModelErrorKind, Price, StreamEvent, TurnRequest,
    TurnStream,
};

use crate::{
    LoadError, LocalOptions, Measurement,
    cache::KvCache,
    gguf::Gguf,
    kernels::Isa,
    network::{Network, Work},
    session::{Session, Sink},
    snapshot::{Snapshots, model_key},
    template::Template,
    tokenizer::Tokenizer,
};

type EventSender = events::UnboundedSender<Result<StreamEvent, ModelError>>;

/// What the model's thread is asked for.
enum Job {
    Answer { request: Box<TurnRequest>, cancel: CancellationToken, events: EventSender },
    Measure { prompt: usize, reply: usize, result: oneshot::Sender<Option<Measurement>> },
}

/// A chat model that runs in this process, from a GGUF file.
///
/// Requests are answered one after the other, on threads of the model's own. What it knows of a conversation
/// stays: a next turn that begins as the last one did costs only what is new.
#[derive(Debug)]
pub struct LocalModel {
    capabilities: Capabilities,
    jobs: mpsc::Sender<Job>,
    processor: &'static str,
}

impl LocalModel {
    /// Loads a model. This takes some tenths of a second and blocks: call it off the async threads.
    ///
    /// # Errors
    /// When the file cannot be read, is damaged, or is of a kind that this engine does not run.
    pub fn load(path: impl AsRef<Path>, options: LocalOptions) -> Result<Self, LoadError> {
        let path = path.as_ref();
        let engine = |what: String| LoadError::Engine { what };
        let file = Gguf::open(path)?;
        let isa = Isa::detect(options.processor);
        let network = Network::load(&file, isa).map_err(|fault| fault.in_file(path))?;
        let config = &network.config;
        let tokenizer =
            Arc::new(Tokenizer::load(&file, config.vocabulary).map_err(|fault| fault.in_file(path))?);
        let template = Template::new(file.text("tokenizer.chat_template"), &tokenizer);
        let name = if options.name.is_empty() { config.name.clone() } else { options.name };
        let context = options.context_tokens.clamp(1, config.context);
        let capabilities = Capabilities {
            name: name.clone(),
            images: false,
            images_in_tool_results: false,
            max_images: 0,
            longest_side: 0,
            native_tools: false,
            schema: true,
            context_tokens: context,
            thought_tokens: 0,
            price: Some(Price::FREE),
        };
        let threads = match options.threads {
            0 => thread::available_parallelism().map_or(1, std::num::NonZero::get),
            threads => threads,
        };
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|index| format!("model-{index}"))
            .build()
            .map_err(|error| engine(format!("{threads} threads: {error}")))?;
        let snapshots = options
            .snapshots
            .map(|directory| Snapshots::new(directory, options.snapshot_bytes, model_key(&file)));
        tracing::debug!(model = name, threads, processor = isa.name(), "a local model is loaded");
        let cache = KvCache::new(config.layers, config.kv_heads, config.head_width, context);
        let mut session = Session {
            name,
            network,
            tokenizer,
            template,
            snapshots,
            cache,
            known: Vec::new(),
            grammars: None,
            work: Work::new(),
            logits: Vec::new(),
        };
        let (jobs, queue) = mpsc::channel();
        thread::Builder::new()
            .name("model".into())
            .spawn(move || {
                for job in queue {
                    pool.install(|| run(&mut session, job));
                }
            })
            .map_err(|error| engine(error.to_string()))?;
        Ok(Self { capabilities, jobs, processor: isa.name() })
    }

    /// The processor instructions that it computes with, for `doctor` and benchmarks.
    pub const fn processor(&self) -> &'static str {
        self.processor
    }

    /// Times a prompt of `prompt` arbitrary tokens and a reply of `reply`; for `doctor` and benchmarks. Forgets
    /// what was known.
    ///
    /// # Errors
    /// When so many tokens do not fit, or the model's thread is gone.
    pub async fn measure(&self, prompt: usize, reply: usize) -> Result<Measurement, ModelError> {
        let (result, measured) = oneshot::channel();
        self.jobs.send(Job::Measure { prompt, reply, result }).map_err(|_| self.gone())?;
        measured.await.map_err(|_| self.gone())?.ok_or_else(|| {
            let message =
                format!("{prompt} and {reply} tokens do not fit into {}", self.capabilities.context_tokens);
            ModelError::new(ModelErrorKind::InvalidRequest, &self.capabilities.name, message)
        })
    }

    fn gone(&self) -> ModelError {
        let message = "the thread of the model has ended; load the model again";
        ModelError::new(ModelErrorKind::Other, &self.capabilities.name, message)
    }
}

#[async_trait]
impl ChatModel for LocalModel {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn stream(&self, turn: TurnRequest, cancel: CancellationToken) -> Result<TurnStream, ModelError> {
        let (events, receiver) = events::unbounded();
        self.jobs.send(Job::Answer { request: Box::new(turn), cancel, events }).map_err(|_| self.gone())?;
        Ok(receiver.boxed())
    }
}

struct ToStream(EventSender);

impl Sink for ToStream {
    fn is_open(&self) -> bool {
        !self.0.is_closed()
    }

    fn send(&mut self, event: StreamEvent) {
        // A listener who left is noticed before the next layer.
        let _ = self.0.unbounded_send(Ok(event));
    }
}

fn run(session: &mut Session, job: Job) {
    match job {
        Job::Answer { request, cancel, events } => {
            let mut sink = ToStream(events);
            if let Err(error) = session.answer(&request, &cancel, &mut sink) {
                let _ = sink.0.unbounded_send(Err(error));
            }
        }
        Job::Measure { prompt, reply, result } => {
            let _ = result.send(session.measure(prompt, reply));
        }
    }
}
