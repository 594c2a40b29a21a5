//! Where experts get their sessions from.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::{InferError, Loader, Session, off_thread};

/// Gives sessions by the model's name in the catalogue. Experts hold one of these and no engine.
#[async_trait]
pub trait SessionSource: Send + Sync {
    /// The session of a model. The first call loads it (and may fetch its file), later ones share it.
    ///
    /// # Errors
    /// When the model is unknown, cannot be had, or cannot be loaded.
    async fn session(&self, model: &str) -> Result<Arc<dyn Session>, InferError>;
}

/// A session that is there, or will be made by the first who asks.
type Cell = Arc<OnceCell<Arc<dyn Session>>>;

/// Sessions by name, each made once however many ask at the same time.
#[derive(Default)]
pub(crate) struct Shared {
    cells: Mutex<HashMap<String, Cell>>,
}

impl Shared {
    /// The session of this name, made by `make` if it is the first. A failure is not kept: the next call tries again.
    pub(crate) async fn get_or_load(
        &self,
        model: &str,
        make: impl Future<Output = Result<Arc<dyn Session>, InferError>> + Send,
    ) -> Result<Arc<dyn Session>, InferError> {
        let cell = {
            let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.entry(model.to_owned()).or_default())
        };
        cell.get_or_try_init(|| make).await.cloned()
    }
}

/// Sessions of model files that are on disk already.
///
/// ```no_run
/// use lavr_infer::{EngineChoice, FileSessions, Loader, SessionSource};
///
/// # async fn run() -> Result<(), lavr_infer::InferError> {
/// let sessions = FileSessions::new(Loader::new(EngineChoice::Auto, None)?).with("detector", "models/detector.onnx");
/// let session = sessions.session("detector").await?;
/// println!("{:?} on {}", session.signature().inputs, session.engine());
/// # Ok(())
/// # }
/// ```
pub struct FileSessions {
    loader: Loader,
    files: BTreeMap<String, PathBuf>,
    loaded: Shared,
}

impl FileSessions {
    /// Without any model yet.
    pub fn new(loader: Loader) -> Self {
        Self { loader, files: BTreeMap::new(), loaded: Shared::default() }
    }

    /// With one model more.
    #[must_use]
    pub fn with(mut self, model: impl Into<String>, file: impl Into<PathBuf>) -> Self {
        self.files.insert(model.into(), file.into());
        self
    }
}

#[async_trait]
impl SessionSource for FileSessions {
    async fn session(&self, model: &str) -> Result<Arc<dyn Session>, InferError> {
        let file = self.files.get(model).ok_or_else(|| InferError::UnknownModel {
            model: model.to_owned(),
            known: self.files.keys().cloned().collect::<Vec<_>>().join(", "),
        })?;
        self.loaded
            .get_or_load(model, async {
                let (loader, file) = (self.loader, file.clone());
                off_thread(&CancellationToken::new(), move |_| loader.load_file(&file)).await
            })
            .await
    }
}
