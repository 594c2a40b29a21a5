//! What can go wrong with an evaluation as a whole. A sample that fails is no such error: it is recorded and scored.

use std::path::PathBuf;

/// An evaluation could not start, go on or be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// A file could not be read or written.
    #[error("`{}` could not be {action}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried: "read", "written".
        action: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// A data file is not as its benchmark's format says.
    #[error("`{}`{}: {message}", path.display(), line.map(|line| format!(", line {line}")).unwrap_or_default())]
    Data {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: Option<usize>,
        /// What is wrong and what is expected.
        message: String,
    },
    /// The benchmark can't run as asked.
    #[error("{0}")]
    Unfit(String),
    /// The folder of results holds another run.
    #[error("`{}` holds another run ({difference}); give another folder, or start afresh", path.display())]
    OtherRun {
        /// The file of records.
        path: PathBuf,
        /// What differs.
        difference: String,
    },
    /// The run was cancelled; what was done is recorded.
    #[error("interrupted after {done} of {all} samples; the same command goes on from there")]
    Cancelled {
        /// How many samples are recorded.
        done: usize,
        /// How many there are.
        all: usize,
    },
}

impl EvalError {
    /// Makes an input or output error one of this file.
    pub(crate) fn file(
        path: impl Into<PathBuf>,
        action: &'static str,
    ) -> impl FnOnce(std::io::Error) -> EvalError {
        let path = path.into();
        move |source| EvalError::File { path, action, source }
    }
}
