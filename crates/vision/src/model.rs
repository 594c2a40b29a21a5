//! The model as the rest of the program sees it: a thread of its own that answers one request at a time.

use std::{path::Path, sync::Arc, sync::mpsc, thread};

use async_trait::async_trait;
use candle_core::{Device, Tensor};
use candle_transformers::generation::LogitsProcessor;
use futures::{StreamExt as _, channel::mpsc as events};
use lavr_image::{ImageError, ImageStore, StoredImage};
use lavr_model::{
    CancellationToken, Capabilities, ChatModel, FinishReason, ModelError, ModelErrorKind, Price,
    ResponseFormat, StreamEvent, TurnRequest, TurnStream, TurnUsage,
};
use lavr_types::ImageId;

use crate::{
    Precision, VisionError, VisionFiles,
    family::{Family, Said},
    moondream::{self, Moondream},
    network::{Halt, Network, Piece},
    qwen3::Qwen3,
    words::Words,
};

type EventSender = events::UnboundedSender<Result<StreamEvent, ModelError>>;

/// How a model is to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisionOptions {
    /// What the model is called in errors, traces and capabilities; the folder's name when empty.
    pub name: String,
    /// How exactly the matrices are kept. Quantized files stay as they are.
    pub precision: Precision,
    /// The most pixels that a picture is brought to, for models that take any size. A token of Qwen3-VL stands for 1024.
    pub most_pixels: usize,
    /// Tokens of request and reply together, pictures included; never more than the model was trained to hold.
    pub context_tokens: usize,
}

impl Default for VisionOptions {
    fn default() -> Self {
        Self {
            name: String::new(),
            precision: Precision::default(),
            most_pixels: 448 * 448,
            context_tokens: 4096,
        }
    }
}

struct Job {
    request: Box<TurnRequest>,
    cancel: CancellationToken,
    events: EventSender,
}

/// A chat model that sees, in this process.
///
/// Requests are answered one after the other, on a thread of the model's own.
pub struct VisionModel {
    capabilities: Capabilities,
    jobs: mpsc::Sender<Job>,
}

impl std::fmt::Debug for VisionModel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("VisionModel").field("name", &self.capabilities.name).finish_non_exhaustive()
    }
}

impl VisionModel {
    /// Loads a model that takes its pictures from this store. This takes seconds and blocks: call it off the async threads.
    ///
    /// # Errors
    /// When a file cannot be read, is damaged, or is of a kind that this engine does not run.
    pub fn load(
        files: &VisionFiles,
        images: Arc<ImageStore>,
        options: VisionOptions,
    ) -> Result<Self, VisionError> {
        let named = files.family()?;
        let Some(family) = Family::named(&named) else {
            return Err(
                files.unsupported(format!("the model type is `{named}`; known are {}", Family::KNOWN))
            );
        };
        let words = Words::load(&files.tokenizer, family)?;
        let (network, longest_side): (Box<dyn Network>, u32) = match family {
            Family::Qwen3 => {
                let network =
                    Qwen3::load(files, options.precision, options.most_pixels, options.context_tokens)?;
                (Box::new(network), (options.most_pixels as f64).sqrt() as u32)
            }
            Family::Moondream => {
                let begin = words.id(family.ends()[0]);
                (Box::new(Moondream::load(files, begin)?), moondream::SIDE as u32)
            }
        };
        let folder = files.config.parent().and_then(Path::file_name).map(|name| name.to_string_lossy());
        let name = if options.name.is_empty() { folder.map_or(named, Into::into) } else { options.name };
        let capabilities = Capabilities {
            name: name.clone(),
            images: true,
            images_in_tool_results: false,
            max_images: family.most_pictures(),
            longest_side,
            native_tools: false,
            schema: false,
            context_tokens: options.context_tokens,
            thought_tokens: 0,
            price: Some(Price::FREE),
        };
        let mut session = Session { name, family, words, network, images };
        let (jobs, queue) = mpsc::channel::<Job>();
        thread::Builder::new()
            .name("vision".into())
            .spawn(move || {
                for job in queue {
                    if let Err(error) = session.answer(&job) {
                        // A listener who left needs no answer.
                        let _ = job.events.unbounded_send(Err(error));
                    }
                }
            })
            .map_err(VisionError::Thread)?;
        Ok(Self { capabilities, jobs })
    }
}

#[async_trait]
impl ChatModel for VisionModel {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn stream(&self, turn: TurnRequest, cancel: CancellationToken) -> Result<TurnStream, ModelError> {
        let (events, receiver) = events::unbounded();
        self.jobs.send(Job { request: Box::new(turn), cancel, events }).map_err(|_| {
            let message = "the thread of the model has ended; load the model again";
            ModelError::new(ModelErrorKind::Other, &self.capabilities.name, message)
        })?;
        Ok(receiver.boxed())
    }
}

/// Everything that a model needs to answer.
struct Session {
    name: String,
    family: Family,
    words: Words,
    network: Box<dyn Network>,
    images: Arc<ImageStore>,
}

impl Session {
    fn answer(&mut self, job: &Job) -> Result<(), ModelError> {
        let request = &job.request;
        if request.max_tokens == 0 || request.messages.is_empty() {
            return Err(self.invalid("the request needs a message, and room for at least one token of reply"));
        }
        if !request.tools.is_empty() || request.format != ResponseFormat::Text {
            let message = "this model calls no tools and follows no schema; ask it for plain text";
            return Err(self.invalid(message));
        }
        let pieces = self.pieces(request)?;
        let stop = || job.cancel.is_cancelled() || job.events.is_closed();
        let halted = |halt: Halt| halted(&self.name, halt);
        let (mut logits, read) = self.network.read(&pieces, &stop).map_err(halted)?;
        let mut usage = TurnUsage { input_tokens: read as u64, ..TurnUsage::default() };
        let mut sampler = LogitsProcessor::new(
            request.sampling.seed,
            (request.sampling.temperature > 0.0).then_some(f64::from(request.sampling.temperature)),
            None,
        );
        let mut write = self.words.reply();
        let reason = loop {
            if stop() {
                return Err(halted(Halt::Stopped));
            }
            let count = logits.len();
            let token = Tensor::from_vec(logits, count, &Device::Cpu)
                .and_then(|logits| sampler.sample(&logits))
                .map_err(|error| halted(error.into()))?;
            if self.words.is_end(token) {
                break FinishReason::Stop;
            }
            usage.output_tokens += 1;
            let text =
                write(token).map_err(|error| ModelError::new(ModelErrorKind::Weights, &self.name, error))?;
            if let Some(text) = text {
                let _ = job.events.unbounded_send(Ok(StreamEvent::Text { text }));
            }
            if usage.output_tokens >= request.max_tokens as u64 {
                break FinishReason::Length;
            }
            logits = match self.network.next(token) {
                Ok(logits) => logits,
                Err(Halt::TooLong { .. }) => break FinishReason::Length,
                Err(halt) => return Err(halted(halt)),
            };
        };
        let _ = job.events.unbounded_send(Ok(StreamEvent::Finished { reason, usage }));
        Ok(())
    }

    /// The conversation as the network reads it. Pictures over what the model takes give way to their alternatives, the
    /// oldest first.
    fn pieces(&self, request: &TurnRequest) -> Result<Vec<Piece>, ModelError> {
        let mut messages = request.messages.clone();
        let pictures = messages.iter().flat_map(|message| &message.parts);
        let pictures = pictures.filter(|part| matches!(part, lavr_model::Part::Image { .. })).count();
        let mut over = pictures.saturating_sub(self.family.most_pictures());
        for part in messages.iter_mut().flat_map(|message| &mut message.parts) {
            if let lavr_model::Part::Image { alternative, .. } = part
                && over > 0
            {
                over -= 1;
                *part = lavr_model::Part::Text { text: std::mem::take(alternative) };
            }
        }
        let mut pieces: Vec<Piece> = Vec::new();
        for said in self.family.write(&messages) {
            let tokens = match said {
                Said::Mark(mark) => self.words.of_mark(&mark),
                Said::Text(text) => self.words.of_text(&text),
                Said::Picture(image) => {
                    let image = self.shown(image, request.longest_side);
                    let image = image.map_err(|error| self.invalid(error.to_string()))?;
                    pieces.push(Piece::Picture(image.pixels));
                    continue;
                }
            };
            let tokens = tokens.map_err(|error| self.invalid(error))?;
            match pieces.last_mut() {
                Some(Piece::Tokens(before)) => before.extend(tokens),
                _ => pieces.push(Piece::Tokens(tokens)),
            }
        }
        Ok(pieces)
    }

    /// A picture as large as the request wants it, at most.
    fn shown(&self, image: ImageId, longest_side: Option<u32>) -> Result<StoredImage, ImageError> {
        let Some(side) = longest_side else { return self.images.get(image) };
        let size = self.images.size_of(image)?.fit_within(side.max(1));
        self.images.resized(image, size)
    }

    fn invalid(&self, message: impl Into<String>) -> ModelError {
        ModelError::new(ModelErrorKind::InvalidRequest, &self.name, message)
    }
}

fn halted(name: &str, halt: Halt) -> ModelError {
    let (kind, message) = match halt {
        Halt::Stopped => (ModelErrorKind::Cancelled, "the request was cancelled".to_owned()),
        Halt::TooLong { tokens, most } => (
            ModelErrorKind::InvalidRequest,
            format!(
                "the request has {tokens} tokens and the model holds {most}; shorten it, or send smaller pictures"
            ),
        ),
        Halt::Picture(what) => {
            (ModelErrorKind::InvalidRequest, format!("the picture cannot be taken in: {what}"))
        }
        Halt::Failed(error) => {
            let message = "the network failed; check the weights' SHA-256";
            return ModelError::new(ModelErrorKind::Weights, name, message).caused_by(error);
        }
    };
    ModelError::new(kind, name, message)
}
