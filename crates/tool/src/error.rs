//! Why a tool gave nothing: one face for the planner, one for the operator.

use std::time::Duration;

use lavr_image::{FolderError, ImageError};
use lavr_types::{Failure, FailureKind, ToolSpec};

/// A tool gave nothing.
///
/// `message` is what the planner reads: what was wrong and how to mend it, free of paths and secrets. The source
/// chain is for the operator's log.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ToolError {
    /// The kind.
    pub kind: FailureKind,
    /// For the planner.
    pub message: String,
    /// How long to wait before the same call may succeed, where the tool knows.
    pub retry_after: Option<Duration>,
    /// For the operator.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ToolError {
    /// An error of this kind.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retry_after: None, source: None }
    }

    /// The arguments fit the schema but not the world (an unknown image, a box outside).
    pub fn invalid_arguments(message: impl Into<String>) -> Self {
        Self::new(FailureKind::InvalidArguments, message)
    }

    /// Something that the tool needs is not there.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Unavailable, message)
    }

    /// The tool failed in a way that may pass: the dispatcher may make the same call again.
    pub fn transient(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Transient, message)
    }

    /// The tool failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Failed, message)
    }

    /// The caller gave up.
    pub fn cancelled() -> Self {
        Self::new(FailureKind::Cancelled, "the call was cancelled")
    }

    /// The tool took longer than it may.
    pub fn timed_out(spec: &ToolSpec) -> Self {
        let (name, limit) = (&spec.name, spec.timeout);
        let message = format!("`{name}` took longer than {limit:?}; try a smaller region or another tool");
        Self::new(FailureKind::TimedOut, message)
    }

    /// With how long to wait before the same call may succeed.
    #[must_use]
    pub const fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// With its cause, for the operator.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The planner's face.
    pub fn failure(&self) -> Failure {
        Failure { kind: self.kind, message: self.message.clone() }
    }
}

impl From<Failure> for ToolError {
    fn from(failure: Failure) -> Self {
        Self::new(failure.kind, failure.message)
    }
}

impl From<FolderError> for ToolError {
    /// A planner is told which of its paths was refused, not where the folders lie.
    fn from(error: FolderError) -> Self {
        let message = match &error {
            FolderError::Outside { path, .. } => {
                format!("`{}` may not be read: it lies outside of the allowed folders", path.display())
            }
            FolderError::Missing(_) | FolderError::NotAFile(_) | FolderError::TooManyBytes { .. } => {
                error.to_string()
            }
            _ => "the file could not be read".to_owned(),
        };
        Self::invalid_arguments(message).caused_by(error)
    }
}

impl From<ImageError> for ToolError {
    fn from(error: ImageError) -> Self {
        match error {
            // These speak of the arguments alone.
            ImageError::Unknown(_) | ImageError::Forgotten { .. } | ImageError::EmptyRegion { .. } => {
                Self::invalid_arguments(error.to_string())
            }
            ImageError::Folder(error) => error.into(),
            other => Self::failed("the image could not be read").caused_by(other),
        }
    }
}
