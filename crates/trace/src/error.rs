//! What can go wrong with traces.

use std::{io, path::PathBuf};

use lavr_agent::AgentError;
use lavr_image::ImageError;
use lavr_types::{ImageId, RunId};

/// A trace could not be written, read or replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// A file or folder cannot be read or written.
    #[error("could not use `{}`: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line of a trace is not of the format.
    #[error("line {line} of {name} is no line of a trace: {source}")]
    Line {
        /// What is read.
        name: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// There is no header.
    #[error("{0} is empty: a trace begins with a line that holds its header")]
    Empty(String),
    /// The format is newer than this program.
    #[error(
        "{name} has version {version} of the trace format, and this lavr reads up to {known}: use a newer lavr"
    )]
    Newer {
        /// What is read.
        name: String,
        /// Its version.
        version: u32,
        /// The newest that is known.
        known: u32,
    },
    /// A picture of the trace cannot be used.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A picture of the trace is not there.
    #[error("the trace does not hold the pixels of {0}: export it again from the store that recorded it")]
    NoPixels(ImageId),
    /// The file of a picture holds other pixels.
    #[error("the file of {wanted} holds other pixels ({found}): it was changed after it was recorded")]
    OtherPixels {
        /// What the trace names.
        wanted: ImageId,
        /// What the file holds.
        found: ImageId,
    },
    /// A picture could not be written as a file.
    #[error("could not write the picture {id}: {message}")]
    Encode {
        /// The picture.
        id: ImageId,
        /// What the encoder said.
        message: String,
    },
    /// The database failed.
    #[error("the store of runs at `{}`: {source}", path.display())]
    Database {
        /// Its file.
        path: PathBuf,
        /// What it said.
        source: rusqlite::Error,
    },
    /// The database was made by a newer program.
    #[error("the store of runs at `{}` was made by a newer lavr (layout {version}): use that one", path.display())]
    NewerStore {
        /// Its file.
        path: PathBuf,
        /// Its layout.
        version: u32,
    },
    /// No run has this name.
    #[error("no run is named `{0}`: `lavr runs list` shows them")]
    NoRun(String),
    /// Nothing was recorded yet.
    #[error("no run is recorded yet: `lavr ask` records one")]
    NoRuns,
    /// Several runs are meant.
    #[error("`{prefix}` may be any of {}: write more of the name", names.join(", "))]
    Ambiguous {
        /// What was given.
        prefix: String,
        /// What it may mean.
        names: Vec<String>,
    },
    /// The run is in the store already.
    #[error("the run {0} is in the store already: `lavr runs remove {0}` first to take it in anew")]
    Known(RunId),
    /// The trace could not be sent.
    #[error("could not send the trace to {endpoint}: {message}")]
    Telemetry {
        /// Where it should go, without credentials.
        endpoint: String,
        /// What went wrong.
        message: String,
    },
    /// The run cannot be driven again.
    #[error(transparent)]
    Replay(#[from] AgentError),
}

impl TraceError {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |source| Self::Io { path, source }
    }
}
