//! Why a model file could not be had.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use crate::{Checksum, Fingerprint};

/// A model file could not be had. Each case says how to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The catalogue has no such model.
    #[error("no model is named `{model}`; there are: {}", known.join(", "))]
    UnknownModel {
        /// The name asked for.
        model: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The model has no such file on this platform.
    #[error("model `{model}` has no file `{file}` for {platform}; there are: {}", listed(known))]
    UnknownFile {
        /// The model.
        model: String,
        /// The file asked for; empty where any would do.
        file: String,
        /// This platform.
        platform: String,
        /// The files there are for this platform.
        known: Vec<String>,
    },
    /// The catalogue does not state what the file must be, so nothing that could be fetched would be verified.
    #[error("{}", bring_your_own(model, file, sources, entry, catalogue))]
    BringYourOwn {
        /// The model.
        model: String,
        /// The file.
        file: String,
        /// Where such a file can be found.
        sources: Vec<String>,
        /// The model's entry with the gaps to fill in.
        entry: String,
        /// The catalogue file in which the user can state it.
        catalogue: PathBuf,
    },
    /// The file is not on this machine and nothing may be fetched.
    #[error(
        "model `{model}`: {file} ({size} bytes) is not on this machine, and fetching is switched off (offline){}\n  help: run `lavr models pull {model}` with a network, or put the file into a directory named in LAVR_MODELS",
        tried(attempts)
    )]
    Offline {
        /// The model.
        model: String,
        /// The file.
        file: String,
        /// Its size in bytes.
        size: u64,
        /// What was found on this machine and could not be used.
        attempts: Vec<Attempt>,
    },
    /// Every source failed.
    #[error(
        "model `{model}`: could not get {file} ({size} bytes){}\n  help: check the network (a proxy is taken from HTTPS_PROXY, another hub from HF_ENDPOINT), or put the file into a directory named in LAVR_MODELS",
        tried(attempts)
    )]
    Unobtainable {
        /// The model.
        model: String,
        /// The file.
        file: String,
        /// Its size in bytes.
        size: u64,
        /// What each source said, in the order tried.
        attempts: Vec<Attempt>,
    },
    /// There is no room for the file.
    #[error(
        "no room on the disk at {}: {file} needs {size} bytes\n  help: make room there, or set LAVR_HOME to a directory on a larger disk",
        directory.display()
    )]
    DiskFull {
        /// The file.
        file: String,
        /// Its size in bytes.
        size: u64,
        /// Where it was to be written.
        directory: PathBuf,
    },
    /// Another process works on a file of the model.
    #[error("model `{model}`: another process is fetching {file}; wait for it, or stop it")]
    Busy {
        /// The model.
        model: String,
        /// The file.
        file: String,
    },
    /// A file or directory of the cache cannot be used.
    #[error("could not {action} {}: {source}", path.display())]
    Io {
        /// What was to be done.
        action: &'static str,
        /// With which file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A catalogue is faulty.
    #[error("{origin} is faulty: {message}")]
    Catalogue {
        /// Which catalogue.
        origin: String,
        /// What is wrong in it.
        message: String,
    },
    /// No place for the cache can be named.
    #[error(
        "no directory for model files: neither LAVR_HOME, nor XDG_CACHE_HOME, nor HOME is set\n  help: set LAVR_HOME to a directory"
    )]
    NoHome,
}

impl WeightsError {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}

/// One source that was tried, and why it gave nothing.
#[derive(Debug)]
pub struct Attempt {
    /// The source, for people.
    pub source: String,
    /// Why it gave nothing.
    pub failure: SourceFailure,
}

/// Why a source gave nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceFailure {
    /// No connection.
    #[error("cannot be reached ({message})")]
    Unreachable {
        /// What the network said.
        message: String,
    },
    /// The source wants to know who asks.
    #[error("refuses access (HTTP {status}): accept the model's terms on its page and set HF_TOKEN")]
    Forbidden {
        /// The HTTP status.
        status: u16,
    },
    /// The source has no such file.
    #[error("has no such file (HTTP 404)")]
    NotFound,
    /// The source answered with another failure.
    #[error("answered HTTP {status}")]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// The download broke off too often. What was received is kept for the next try.
    #[error("broke off after {received} bytes ({message}); the next try goes on from there")]
    Interrupted {
        /// Bytes received so far.
        received: u64,
        /// What the network said.
        message: String,
    },
    /// The source has another file of that name.
    #[error("has another file: expected {expected}, {}", found(actual))]
    OtherFile {
        /// What was wanted.
        expected: Fingerprint,
        /// What the source says it has.
        actual: Announced,
    },
    /// The content is not what the catalogue says.
    #[error("wrong content: expected {expected}, found {actual}")]
    WrongContent {
        /// What was wanted.
        expected: Fingerprint,
        /// What was found.
        actual: Fingerprint,
    },
    /// The registry's client is not installed.
    #[error("needs {client}, which is not installed{}", hint(message))]
    ClientMissing {
        /// The client.
        client: String,
        /// What trying it said.
        message: String,
    },
    /// The registry's client failed.
    #[error("{client} failed: {message}")]
    ClientFailed {
        /// The client.
        client: String,
        /// The end of what it said.
        message: String,
    },
    /// The package is not a readable archive, or lacks the member.
    #[error("the package is of no use: {message}")]
    Archive {
        /// What is wrong.
        message: String,
    },
    /// This program does not carry the file.
    #[error("does not carry the file (a program that does gives it to `Store::with_bundled`)")]
    NotCarried,
    /// A file could not be read or written.
    #[error("could not {action} {}: {source}", path.display())]
    Io {
        /// What was to be done.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no room on the disk.
    #[error("no room on the disk")]
    DiskFull,
}

/// What a source says of its file before sending it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announced {
    /// Its size in bytes.
    Size(u64),
    /// Its SHA-256.
    Sha256(Checksum),
}

impl SourceFailure {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Io { action, path, source },
        }
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn tried(attempts: &[Attempt]) -> String {
    let lines: Vec<_> =
        attempts.iter().map(|attempt| format!("\n  - {}: {}", attempt.source, attempt.failure)).collect();
    lines.concat()
}

fn hint(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(" ({message})") }
}

fn found(announced: &Announced) -> impl fmt::Display {
    match announced {
        Announced::Size(size) => format!("it announces {size} bytes"),
        Announced::Sha256(sha256) => format!("it announces SHA-256 {sha256}"),
    }
}

fn bring_your_own(model: &str, file: &str, sources: &[String], entry: &str, catalogue: &Path) -> String {
    format!(
        "model `{model}` is one to bring yourself: the catalogue states no SHA-256 for {file}, and nothing unverified is loaded\n  \
         1. get the file: {}\n  \
         2. get its size and SHA-256: `wc -c {file}` and `sha256sum {file}`\n  \
         3. write them into {} in this form:\n{}\n  \
         4. put the file into a directory named in LAVR_MODELS, or let `lavr models pull {model}` fetch it",
        listed(sources),
        catalogue.display(),
        format_args!("       {}", entry.trim_end().replace('\n', "\n       ")),
    )
}
