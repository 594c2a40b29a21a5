//! The ways in which services want to be asked, and reply.
//!
//! A dialect writes the body of a request from neutral lines ([`crate::conversation`]), puts the events of a reply
//! together ([`Assembler`]), and says where and with which key the service is asked. All else (asking again, limits, the
//! gate, cancellation, pictures) is the same for all and knows no dialect.

mod anthropic;
mod chat_completions;
mod gemini;
mod ollama;
mod responses;
mod tool_calls;

use std::{collections::VecDeque, fmt, str::FromStr};

use lavr_model::{Capabilities, StreamEvent, TurnRequest};
use reqwest::{
    RequestBuilder,
    header::{HeaderName, HeaderValue},
};

use crate::{SchemaError, SchemaMode, failure::Told, images::Pictures};

/// The protocol that a service speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// `POST /chat/completions`, as `OpenAI` and nearly every other service and local server has it.
    #[default]
    ChatCompletions,
    /// `POST /responses` of `OpenAI`.
    Responses,
    /// `POST /messages` of Anthropic.
    Anthropic,
    /// `POST /models/NAME:streamGenerateContent` of Google Gemini.
    Gemini,
    /// `POST /api/chat` of Ollama.
    Ollama,
}

/// What is asked, of whom, in which form.
pub(crate) struct Draft<'t> {
    pub(crate) turn: &'t TurnRequest,
    pub(crate) capabilities: &'t Capabilities,
    pub(crate) schema: SchemaMode,
    pub(crate) quirks: Quirks,
    pub(crate) pictures: &'t Pictures,
}

impl Draft<'_> {
    /// The most tokens of a reply with the thoughts before it; `None` where there is no limit.
    pub(crate) fn most_tokens(&self) -> Option<usize> {
        (self.turn.max_tokens > 0).then_some(self.turn.max_tokens + self.capabilities.thought_tokens)
    }
}

/// What a service was found to refuse; learnt from its errors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each stands for a field of its own")]
pub(crate) struct Quirks {
    /// It wants `max_completion_tokens` in the place of `max_tokens`.
    pub(crate) completion_tokens: bool,
    /// It takes no temperature.
    pub(crate) no_temperature: bool,
    /// It takes no seed.
    pub(crate) no_seed: bool,
    /// It takes no `stream_options`.
    pub(crate) no_stream_options: bool,
    /// It gives no encrypted thoughts.
    pub(crate) no_encrypted_thoughts: bool,
}

/// Puts a reply together from what the service sends.
pub(crate) trait Assembler: Send {
    /// Takes the data of one event in, or the whole of a reply that does not stream; what it says at once goes to
    /// `events`.
    fn push(&mut self, data: &[u8], events: &mut VecDeque<StreamEvent>) -> Result<Progress, Fault>;

    /// The last events of the reply. `None` if it broke off: neither a reason to finish came nor a last word.
    fn finish(self: Box<Self>) -> Option<Vec<StreamEvent>>;
}

/// How far a reply has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    More,
    /// Nothing comes after this.
    Complete,
}

/// Why an event cannot be used.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It is not what the protocol says.
    Form(serde_json::Error),
    /// The service tells of a failure.
    Told(Told),
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Form(error)
    }
}

/// How a service cuts its stream into events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Server-sent events.
    Events,
    /// One JSON document a line.
    Lines,
}

/// Why a request cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DraftError {
    #[error("{what}: {source}")]
    Schema { what: String, source: SchemaError },
    #[error("the request cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::ChatCompletions, Self::Responses, Self::Anthropic, Self::Gemini, Self::Ollama];

    /// Its name in `LAVR_PROVIDER`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChatCompletions => "openai",
            Self::Responses => "openai-responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
        }
    }

    /// The address of the service that it comes from.
    pub const fn base_url(self) -> &'static str {
        match self {
            Self::ChatCompletions | Self::Responses => "https://api.openai.com/v1",
            Self::Anthropic => "https://api.anthropic.com/v1",
            Self::Gemini => "https://generativelanguage.googleapis.com/v1beta",
            Self::Ollama => "http://localhost:11434",
        }
    }

    /// The variables that hold a key for that service, the first that is set.
    pub(crate) const fn key_variables(self) -> &'static [&'static str] {
        match self {
            Self::ChatCompletions | Self::Responses => &["OPENAI_API_KEY"],
            Self::Anthropic => &["ANTHROPIC_API_KEY"],
            Self::Gemini => &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
            Self::Ollama => &["OLLAMA_API_KEY"],
        }
    }

    /// Where a model is asked.
    pub(crate) fn address(self, base_url: &str, model: &str) -> String {
        let base = base_url.trim_end_matches('/');
        match self {
            Self::ChatCompletions => format!("{base}/chat/completions"),
            Self::Responses => format!("{base}/responses"),
            Self::Anthropic => format!("{base}/messages"),
            Self::Gemini if model.contains('/') => format!("{base}/{model}:streamGenerateContent?alt=sse"),
            Self::Gemini => format!("{base}/models/{model}:streamGenerateContent?alt=sse"),
            Self::Ollama => format!("{base}/api/chat"),
        }
    }

    /// With the headers that the service wants. A key goes into a header and nowhere else.
    pub(crate) fn head(self, request: RequestBuilder, key: Option<&str>) -> RequestBuilder {
        let request = match self {
            Self::Anthropic => request.header("anthropic-version", anthropic::VERSION),
            _ => request,
        };
        let Some(key) = key else { return request };
        let name = match self {
            Self::Anthropic => HeaderName::from_static("x-api-key"),
            Self::Gemini => HeaderName::from_static("x-goog-api-key"),
            Self::ChatCompletions | Self::Responses | Self::Ollama => return request.bearer_auth(key),
        };
        match HeaderValue::from_str(key) {
            Ok(mut value) => {
                value.set_sensitive(true);
                request.header(name, value)
            }
            // The service will say that there is none.
            Err(_) => request,
        }
    }

    pub(crate) const fn framing(self) -> Framing {
        match self {
            Self::Ollama => Framing::Lines,
            _ => Framing::Events,
        }
    }

    pub(crate) fn body(self, draft: &Draft<'_>) -> Result<Vec<u8>, DraftError> {
        Ok(match self {
            Self::ChatCompletions => serde_json::to_vec(&chat_completions::body(draft)?)?,
            Self::Responses => serde_json::to_vec(&responses::body(draft)?)?,
            Self::Anthropic => serde_json::to_vec(&anthropic::body(draft)?)?,
            Self::Gemini => serde_json::to_vec(&gemini::body(draft)?)?,
            Self::Ollama => serde_json::to_vec(&ollama::body(draft))?,
        })
    }

    pub(crate) fn assembler(self) -> Box<dyn Assembler> {
        match self {
            Self::ChatCompletions => Box::new(chat_completions::Assembling::default()),
            Self::Responses => Box::new(responses::Assembling::default()),
            Self::Anthropic => Box::new(anthropic::Assembling::default()),
            Self::Gemini => Box::new(gemini::Assembling::default()),
            Self::Ollama => Box::new(ollama::Assembling::default()),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Dialect {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|dialect| dialect.name().eq_ignore_ascii_case(name)).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("no provider is named `{name}`; LAVR_PROVIDER is one of {names}")
        })
    }
}
