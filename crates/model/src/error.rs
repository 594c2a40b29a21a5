//! Why a model gave no reply.

use std::time::Duration;

/// What kind of failure a model met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// A model gave no reply.
#[derive(Debug, thiserror::Error)]
#[error("{model}: {message}")]
pub struct ModelError {
    /// The kind.
    pub kind: ModelErrorKind,
    /// The model.
    pub model: String,
    /// What was wrong and how to mend it, free of secrets.
    pub message: String,
    /// How long the provider asks to wait.
    pub retry_after: Option<Duration>,
    /// What caused it.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ModelError {
    /// An error of this kind.
    pub fn new(kind: ModelErrorKind, model: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, model: model.into(), message: message.into(), retry_after: None, source: None }
    }

    /// The stream ended before [`crate::StreamEvent::Finished`].
    pub fn broken_off(model: impl Into<String>) -> Self {
        Self::new(ModelErrorKind::Transient, model, "the reply broke off before its end; ask again")
    }

    /// With its cause.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Whether asking again may help.
    pub const fn is_transient(&self) -> bool {
        matches!(self.kind, ModelErrorKind::RateLimited | ModelErrorKind::Transient)
    }
}
