//! From a choice of engine and a file to a session.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{Engine, EngineChoice, InferError, Session, onnxruntime::OnnxRuntime, rten_engine};

/// The variable that names an ONNX Runtime library, as other programs that use it know it.
pub const LIBRARY_VARIABLE: &str = "ORT_DYLIB_PATH";

/// The side of the pictures that checkpoints are read for: what detectors are trained with unless told otherwise.
const CHECKPOINT_SIDE: usize = 640;

/// Loads model files with one engine.
///
/// ```
/// use lavr_infer::{EngineChoice, Loader};
///
/// let loader = Loader::new(EngineChoice::Rten, None)?;
/// assert_eq!(loader.to_string(), "rten");
/// assert!(loader.load_bytes("broken", b"no model".to_vec()).is_err());
/// # Ok::<(), lavr_infer::InferError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Loader {
    // `None` is rten.
    runtime: Option<OnnxRuntime>,
}

impl Loader {
    /// Chooses the engine. `library` is the ONNX Runtime library, where the caller has one; without it,
    /// [`LIBRARY_VARIABLE`] is looked up. A process loads one library once: a second one named later is not used.
    ///
    /// [`EngineChoice::Auto`] falls back to rten, with a warning in the log when there is a library that does not work.
    ///
    /// # Errors
    /// [`InferError::Library`] when ONNX Runtime is asked for and cannot be had.
    pub fn new(choice: EngineChoice, library: Option<&Path>) -> Result<Self, InferError> {
        if choice == EngineChoice::Rten {
            return Ok(Self { runtime: None });
        }
        let library = library.map(Path::to_owned).or_else(library_from_environment);
        let loaded = match &library {
            Some(library) => OnnxRuntime::load(library),
            None => Err(InferError::Library { library: None, reason: "none is installed here".to_owned() }),
        };
        match loaded {
            Ok(runtime) => Ok(Self { runtime: Some(runtime) }),
            Err(error) if choice == EngineChoice::OnnxRuntime => Err(error),
            Err(error) => {
                if library.is_some() {
                    tracing::warn!(%error, "using rten instead");
                }
                Ok(Self { runtime: None })
            }
        }
    }

    /// The engine in use.
    pub const fn engine(&self) -> Engine {
        if self.runtime.is_some() { Engine::OnnxRuntime } else { Engine::Rten }
    }

    /// Loads a file: ONNX, or the checkpoint of a detector (`.pt`, [`lavr_checkpoint`]). Blocks while it does.
    ///
    /// # Errors
    /// [`InferError::Read`], [`InferError::Checkpoint`], [`InferError::Load`], [`InferError::Panicked`].
    pub fn load_file(&self, path: &Path) -> Result<Arc<dyn Session>, InferError> {
        let name = path.display().to_string();
        if path.extension().is_some_and(|extension| extension == "pt") {
            return self.load_bytes(&name, lavr_checkpoint::to_onnx(path, CHECKPOINT_SIDE)?);
        }
        Ok(match self.runtime {
            Some(runtime) => Arc::new(runtime.load_file(&name, path)?),
            None => Arc::new(rten_engine::load_file(&name, path)?),
        })
    }

    /// Loads a file that is in memory already. Blocks while it does. `name` is for messages.
    ///
    /// # Errors
    /// [`InferError::Load`], [`InferError::Panicked`].
    pub fn load_bytes(&self, name: &str, bytes: Vec<u8>) -> Result<Arc<dyn Session>, InferError> {
        Ok(match self.runtime {
            Some(runtime) => Arc::new(runtime.load_bytes(name, &bytes)?),
            None => Arc::new(rten_engine::load_bytes(name, bytes)?),
        })
    }
}

/// `rten`, or `onnxruntime` and its library, as `lavr doctor` shows it.
impl fmt::Display for Loader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.runtime {
            Some(runtime) => write!(formatter, "onnxruntime ({})", runtime.library().display()),
            None => formatter.write_str("rten"),
        }
    }
}

/// The library that the environment names, if it names one.
pub fn library_from_environment() -> Option<PathBuf> {
    std::env::var_os(LIBRARY_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from)
}
