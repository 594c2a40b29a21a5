//! What a store tells while it works.

use std::path::Path;

use crate::SourceFailure;

/// Something that happened while a file was fetched.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProgressEvent<'a> {
    /// Another process fetches this file; its result will be used.
    Waiting,
    /// A source is tried.
    Started {
        /// The source, for people.
        source: &'a str,
        /// How many bytes the file has.
        total: u64,
        /// How many of them are there from an earlier try.
        done: u64,
    },
    /// Bytes came in. Package clients report coarsely.
    Advanced {
        /// How many bytes are there now.
        done: u64,
        /// How many bytes the file has.
        total: u64,
    },
    /// All bytes are there; their SHA-256 is being computed.
    Verifying,
    /// A source gave nothing; the next one is tried.
    SourceFailed {
        /// The source, for people.
        source: &'a str,
        /// Why.
        failure: &'a SourceFailure,
    },
    /// The file is in the cache, verified.
    Finished {
        /// Where it is.
        path: &'a Path,
    },
}

/// Hears what a store does: a terminal draws bars from it.
pub trait Progress: Send + Sync {
    /// Something happened to a file of a model. Called from several tasks at once; must not block.
    fn event(&self, model: &str, file: &str, event: &ProgressEvent<'_>);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _model: &str, _file: &str, _event: &ProgressEvent<'_>) {}
}

/// The progress of one file.
#[derive(Clone, Copy)]
pub(crate) struct Report<'a> {
    pub(crate) progress: &'a dyn Progress,
    pub(crate) model: &'a str,
    pub(crate) file: &'a str,
}

impl Report<'_> {
    pub(crate) fn tell(&self, event: &ProgressEvent<'_>) {
        self.progress.event(self.model, self.file, event);
    }
}
