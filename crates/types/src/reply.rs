//! What a chat model replied, as data.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{TokenScore, ToolCall, Usage};

/// Why a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model was done.
    Stop,
    /// The model called tools.
    ToolCalls,
    /// The limit of tokens was reached: the reply is cut off.
    Length,
    /// The provider withheld the reply.
    Filtered,
}

/// What a turn cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnUsage {
    /// Tokens of the request.
    pub input_tokens: u64,
    /// Of these, tokens whose state was kept from an earlier turn.
    pub cached_tokens: u64,
    /// Of these, tokens that the provider put into its cache, where it counts them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_written_tokens: u64,
    /// Tokens of the reply.
    pub output_tokens: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl TurnUsage {
    /// One turn of what a run cost; in dollars, too, where the model's price is known.
    pub fn spent(&self, price: Option<Price>) -> Usage {
        Usage {
            model_calls: 1,
            input_tokens: self.input_tokens,
            cached_tokens: self.cached_tokens,
            output_tokens: self.output_tokens,
            cost: price.map(|price| price.of(self)),
            ..Usage::default()
        }
    }
}

const MILLION: f64 = 1e6;

/// What a model costs, in US dollars per million tokens.
///
/// The numbers are what somebody noted from a price list at some date (`lavr_model::PriceTable`): good for a budget and an estimate,
/// no bill. Providers ask more for very long prompts, less for batches; neither is told here.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// Tokens of the request.
    pub input: f64,
    /// Of these, tokens that the provider had in its cache.
    pub cached_input: f64,
    /// Of these, tokens that were put into its cache, where it bills that apart.
    pub cache_write: f64,
    /// Tokens of the reply, thoughts included.
    pub output: f64,
}

impl Price {
    /// What costs nothing by the token: a model on this machine.
    pub const FREE: Self = Self::new(0.0, 0.0);

    /// A price without discount for what is in a cache, nor charge for putting it there.
    pub const fn new(input: f64, output: f64) -> Self {
        Self { input, cached_input: input, cache_write: input, output }
    }

    /// With another price for tokens from the cache.
    #[must_use]
    pub const fn with_cached_input(mut self, cached_input: f64) -> Self {
        self.cached_input = cached_input;
        self
    }

    /// What a turn cost, in US dollars.
    pub fn of(&self, usage: &TurnUsage) -> f64 {
        let cached = usage.cached_tokens.min(usage.input_tokens);
        let written = usage.cache_written_tokens.min(usage.input_tokens - cached);
        let fresh = usage.input_tokens - cached - written;
        let sum = fresh as f64 * self.input
            + cached as f64 * self.cached_input
            + written as f64 * self.cache_write
            + usage.output_tokens as f64 * self.output;
        sum / MILLION
    }
}

/// A turn of the assistant as a service gave it, where the service wants it back unchanged (thoughts that are signed or
/// encrypted, which a model that calls tools goes on from). What it says is in [`Reply`] as well: this is for the adapter of
/// the same service alone, and nobody else looks into it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verbatim {
    /// Which adapter understands it.
    pub service: String,
    /// The turn in the service's own form. It holds no picture.
    pub value: Value,
}

/// A whole turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// Its text.
    pub text: String,
    /// What the model thought before it replied, where it says so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reasoning: String,
    /// Its calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ToolCall>,
    /// How sure the model was of the tokens of the text, in order; empty where it does not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<TokenScore>,
    /// The turn as the service wants it back, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verbatim: Option<Verbatim>,
    /// Why it ended.
    pub reason: FinishReason,
    /// What it cost.
    pub usage: TurnUsage,
}

/// What kind of failure a model met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ModelErrorKind {
    /// The request does not fit the model (too long, images where it sees none, a schema that it cannot follow).
    InvalidRequest,
    /// The key is missing or refused.
    Unauthorized,
    /// The provider asks to wait.
    RateLimited,
    /// The provider or the network failed in a way that may pass.
    Transient,
    /// The reply is not what the protocol says.
    Protocol,
    /// The weights cannot be loaded.
    Weights,
    /// The turn would cost more than the run has left.
    OverBudget,
    /// The caller gave up.
    Cancelled,
    /// Anything else.
    Other,
}

/// Why a model gave no reply, as a trace keeps it: without its source chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelFailure {
    /// The kind.
    pub kind: ModelErrorKind,
    /// The model.
    pub model: String,
    /// What was wrong and how to mend it, free of secrets.
    pub message: String,
}

/// Tells whether two requests are the same without keeping them: the first 64 bits of the SHA-256 of their JSON, as 16
/// hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let digest = Sha256::digest(bytes);
        Self(digest.iter().take(8).fold(String::with_capacity(16), |mut text, byte| {
            _ = write!(text, "{byte:02x}");
            text
        }))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
