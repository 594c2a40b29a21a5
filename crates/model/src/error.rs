//! Why a model gave no reply.

use std::time::Duration;

use lavr_types::{ModelErrorKind, ModelFailure};

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

    /// What a trace keeps of it.
    pub fn failure(&self) -> ModelFailure {
        ModelFailure { kind: self.kind, model: self.model.clone(), message: self.message.clone() }
    }

    /// Whether asking again may help.
    pub const fn is_transient(&self) -> bool {
        matches!(self.kind, ModelErrorKind::RateLimited | ModelErrorKind::Transient)
    }
}

impl From<ModelFailure> for ModelError {
    fn from(ModelFailure { kind, model, message }: ModelFailure) -> Self {
        Self::new(kind, model, message)
    }
}
