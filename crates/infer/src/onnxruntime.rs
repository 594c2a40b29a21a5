//! Sessions of ONNX Runtime, whose shared library is loaded at run time.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock, PoisonError},
};

use ndarray::{ArrayD, ArrayViewD};
use ort::{
    environment::{Environment, GlobalThreadPoolOptions},
    ep,
    session::{Session as OrtSession, SessionInputValue, builder::SessionBuilder},
    value::{Outlet, Tensor, ValueType},
};

use crate::{Engine, InferError, Session, Signature, error::Cause, session::TensorInfo, threads::threads};

/// The library allows one environment in a process; it lives until the end.
static ENVIRONMENT: OnceLock<Loaded> = OnceLock::new();
/// Held while the environment is made, so that two callers do not both try.
static LOADING: Mutex<()> = Mutex::new(());

struct Loaded {
    library: PathBuf,
    environment: Environment,
}

/// The library of this process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OnnxRuntime {
    environment: &'static Environment,
    library: &'static Path,
}

impl OnnxRuntime {
    /// Loads the library. A process has one: when it is loaded already, `library` is not looked at.
    pub(crate) fn load(library: &Path) -> Result<Self, InferError> {
        let loaded = if let Some(loaded) = ENVIRONMENT.get() {
            loaded
        } else {
            let _one_at_a_time = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(loaded) = ENVIRONMENT.get() {
                loaded
            } else {
                let environment = environment(library)?;
                ENVIRONMENT.get_or_init(|| Loaded { library: library.to_owned(), environment })
            }
        };
        Ok(Self { environment: &loaded.environment, library: &loaded.library })
    }

    /// The library file in use.
    pub(crate) const fn library(self) -> &'static Path {
        self.library
    }

    /// Loads a file.
    pub(crate) fn load_file(self, name: &str, path: &Path) -> Result<impl Session + use<>, InferError> {
        // ONNX Runtime's own message for a missing file is long and names its source files.
        std::fs::File::open(path).map_err(|source| InferError::Read { path: path.to_owned(), source })?;
        self.session(name, |builder| builder.commit_from_file(path))
    }

    /// Loads a file that is in memory already.
    pub(crate) fn load_bytes(self, name: &str, bytes: &[u8]) -> Result<impl Session + use<>, InferError> {
        self.session(name, |builder| builder.commit_from_memory(bytes))
    }

    fn session(
        self,
        name: &str,
        commit: impl FnOnce(&mut SessionBuilder) -> ort::Result<OrtSession>,
    ) -> Result<OnnxRuntimeSession, InferError> {
        let load = || -> Result<_, Cause> {
            let mut builder = OrtSession::builder(self.environment)
                .map_err(text)?
                // Without the arena, zeroing fresh pages costs a third of the time of a large run. It keeps the most
                // memory that any run needed: experts bound the size of their inputs.
                .with_execution_providers([ep::CPU::default().with_arena_allocator(true).build()])
                .map_err(text)?
                // One plan is kept for each input shape, and shapes change from call to call.
                .with_memory_pattern(false)
                .map_err(text)?;
            let session = commit(&mut builder).map_err(text)?;
            let signature = signature(&session)?;
            Ok((session, signature))
        };
        let (session, signature) = catch_unwind(AssertUnwindSafe(load))
            .map_err(|payload| {
                InferError::panicked(format!("onnxruntime, loading {name},"), payload.as_ref())
            })?
            .map_err(|source| InferError::Load {
                model: name.to_owned(),
                engine: Engine::OnnxRuntime,
                source,
            })?;
        Ok(OnnxRuntimeSession { name: name.to_owned(), session: Mutex::new(session), signature })
    }
}

fn environment(library: &Path) -> Result<Environment, InferError> {
    let fail = |reason: String| InferError::Library { library: Some(library.to_owned()), reason };
    catch_unwind(AssertUnwindSafe(|| {
        let builder = ort::init_from(library).map_err(|error| error.to_string())?;
        // One pool for all sessions: a pool for each would have their threads fight for the cores.
        let pool = GlobalThreadPoolOptions::default()
            .with_intra_threads(threads())
            // Threads that wait for work sleep: other tools and the local planner want the cores too.
            .and_then(|pool| pool.with_spin_control(false))
            .map_err(|error| error.to_string())?;
        builder
            .with_name("lavr")
            .with_telemetry(false)
            .with_global_thread_pool(pool)
            .build()
            .map_err(|error| error.to_string())
    }))
    .unwrap_or_else(|payload| Err(InferError::panicked("onnxruntime", payload.as_ref()).to_string()))
    .map_err(fail)
}

/// The engine's message. Its error types carry the builder along and are not all `Send`.
#[expect(clippy::needless_pass_by_value, reason = "the form that `map_err` takes")]
fn text<R>(error: ort::Error<R>) -> Cause {
    error.message().to_owned().into()
}

fn signature(session: &OrtSession) -> Result<Signature, Cause> {
    let metadata = session.metadata().map_err(text)?;
    let keys = metadata.custom_keys().map_err(text)?;
    Ok(Signature {
        inputs: session.inputs().iter().map(tensor).collect(),
        outputs: session.outputs().iter().map(tensor).collect(),
        metadata: keys
            .into_iter()
            .filter_map(|key| metadata.custom(&key).map(|value| (key, value)))
            .collect(),
    })
}

fn tensor(outlet: &Outlet) -> TensorInfo {
    let shape = match outlet.dtype() {
        ValueType::Tensor { shape, .. } => shape.iter().map(|side| usize::try_from(*side).ok()).collect(),
        _ => Vec::new(),
    };
    TensorInfo { name: outlet.name().to_owned(), shape }
}

struct OnnxRuntimeSession {
    name: String,
    // `ort` asks for exclusive access to run. Each run uses all threads, so that callers lose nothing by waiting.
    session: Mutex<OrtSession>,
    signature: Signature,
}

impl OnnxRuntimeSession {
    fn infer(
        &self,
        inputs: Vec<(String, ArrayD<f32>)>,
        read: &mut dyn FnMut(&[ArrayViewD<'_, f32>]),
    ) -> Result<(), Cause> {
        let inputs = inputs
            .into_iter()
            .map(|(name, array)| {
                Ok((name, SessionInputValue::from(Tensor::from_array(array).map_err(text)?)))
            })
            .collect::<Result<Vec<_>, Cause>>()?;
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let outputs = session.run(inputs).map_err(text)?;
        let views = self
            .signature
            .outputs
            .iter()
            .map(|info| outputs[info.name.as_str()].try_extract_array::<f32>().map_err(text))
            .collect::<Result<Vec<_>, _>>()?;
        read(&views);
        Ok(())
    }
}

impl Session for OnnxRuntimeSession {
    fn engine(&self) -> Engine {
        Engine::OnnxRuntime
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run_with(
        &self,
        inputs: Vec<(String, ArrayD<f32>)>,
        read: &mut dyn FnMut(&[ArrayViewD<'_, f32>]),
    ) -> Result<(), InferError> {
        self.signature.check(&self.name, &inputs)?;
        catch_unwind(AssertUnwindSafe(|| self.infer(inputs, read)))
            .map_err(|payload| {
                InferError::panicked(format!("onnxruntime, running {},", self.name), payload.as_ref())
            })?
            .map_err(|source| InferError::Run {
                model: self.name.clone(),
                engine: Engine::OnnxRuntime,
                source,
            })
    }
}
