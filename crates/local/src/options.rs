//! How a model is to be run.

use std::path::PathBuf;

/// Which vector instructions of the processor may be used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Processor {
    /// The best that it has.
    #[default]
    Best,
    /// AVX2 at most: to see what another machine would do.
    Avx2,
    /// None beyond what the program was built for.
    Portable,
}

/// How a model is to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalOptions {
    /// What the model is called in errors, traces and capabilities; the name that its file gives when empty.
    pub name: String,
    /// Threads that compute. 0 takes all that the machine offers.
    pub threads: usize,
    /// Tokens of request and reply together; never more than the model was trained to hold. The cache of
    /// keys and values is reserved for so many, and uses memory as they come.
    pub context_tokens: usize,
    /// Where the state of stable prefixes is kept from run to run. `None` keeps nothing.
    pub snapshots: Option<PathBuf>,
    /// The most bytes that snapshots may take together; the oldest go first.
    pub snapshot_bytes: u64,
    /// Which vector instructions may be used.
    pub processor: Processor,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self {
            name: String::new(),
            threads: 0,
            context_tokens: 8192,
            snapshots: None,
            snapshot_bytes: 512 << 20,
            processor: Processor::Best,
        }
    }
}
