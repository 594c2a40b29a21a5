//! What a chat model replied, as data.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{TokenScore, ToolCall};

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
    /// Tokens of the reply.
    pub output_tokens: u64,
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
