//! Inference sessions for the experts' networks.
//!
//! One trait, [`Session`], stands before two engines that are both always compiled: rten, pure Rust, and ONNX
//! Runtime, loaded at run time when its shared library is there. Experts ask a [`SessionSource`] for a model by name
//! and know neither engine nor files.
//!
//! - [`Loader`] makes sessions of files with the engine chosen by [`EngineChoice`];
//! - [`Sessions`] is a source over the catalogue, [`FileSessions`] one over files on disk;
//! - [`set_threads`] fixes the threads for the whole process;
//! - [`off_thread`] runs blocking work away from the async threads.
//!
//! ```no_run
//! use lavr_infer::{EngineChoice, Loader, ndarray::ArrayD};
//!
//! let session = Loader::new(EngineChoice::Auto, None)?.load_file("detector.onnx".as_ref())?;
//! let image = ArrayD::zeros(vec![1, 3, 416, 416]);
//! let outputs = session.run(vec![("image".to_owned(), image)])?;
//! println!("{:?}", outputs[0].shape());
//! # Ok::<(), lavr_infer::InferError>(())
//! ```

mod error;
mod loader;
mod onnxruntime;
mod rten_engine;
mod session;
mod source;
mod store_source;
mod threads;

pub use error::InferError;
pub use loader::{LIBRARY_VARIABLE, Loader, library_from_environment};
/// The arrays that sessions take and give.
pub use ndarray;
pub use session::{Engine, EngineChoice, Session, Signature, TensorInfo};
pub use source::{FileSessions, SessionSource};
pub use store_source::{LIBRARY_MODEL, Sessions, is_model_file};
pub use threads::{off_thread, set_threads, threads};
