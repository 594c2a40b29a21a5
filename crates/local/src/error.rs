//! Why a model file cannot be used.

use std::path::PathBuf;

/// A model file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read the model {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is not a GGUF file, cut short, or contradicts itself.
    #[error("{} is not a usable GGUF file: {what}; fetch it again, or check its SHA-256", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The file is well formed, and of a kind that this engine does not run.
    #[error("{} is a model that this engine does not run: {what}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What is not known, and what is.
        what: String,
    },
    /// The machine refused what the engine needs.
    #[error("the engine cannot start: {what}")]
    Engine {
        /// What was refused.
        what: String,
    },
}

/// What is wrong inside a file, before its path is known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Corrupt(String),
    Unsupported(String),
}

impl Fault {
    pub(crate) fn in_file(self, path: impl Into<PathBuf>) -> LoadError {
        let path = path.into();
        match self {
            Self::Corrupt(what) => LoadError::Corrupt { path, what },
            Self::Unsupported(what) => LoadError::Unsupported { path, what },
        }
    }
}

/// Shorthand for a file that contradicts itself.
pub(crate) fn corrupt(what: impl Into<String>) -> Fault {
    Fault::Corrupt(what.into())
}

/// Shorthand for a file of a kind that is not known.
pub(crate) fn unsupported(what: impl Into<String>) -> Fault {
    Fault::Unsupported(what.into())
}
