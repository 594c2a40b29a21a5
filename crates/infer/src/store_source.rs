//! Sessions of the catalogue's models.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use lavr_weights::Store;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::{EngineChoice, InferError, Loader, Session, SessionSource, off_thread, source::Shared};

/// The name of the ONNX Runtime library in the catalogue.
pub const LIBRARY_MODEL: &str = "onnxruntime";

/// Whether a model's name is the path of its file: it ends as one does (`.onnx`, `.pt`), which no name of the catalogue does.
pub fn is_model_file(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "onnx" || extension == "pt")
}

/// Sessions of the catalogue's models. The first use of a model fetches its file if need be and loads it, off the
/// async threads; later uses share the session.
///
/// A name that [`is_model_file`] is the path of one, which is taken as it is.
///
/// The engine is settled at the first use: with [`EngineChoice::Auto`], ONNX Runtime when its library is in the
/// cache already or named by `ORT_DYLIB_PATH`, else rten; with [`EngineChoice::OnnxRuntime`], its library is fetched.
///
/// ```no_run
/// use lavr_infer::{EngineChoice, SessionSource, Sessions};
/// use lavr_weights::Store;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let sessions = Sessions::new(Store::open_default()?, EngineChoice::Auto);
/// let detector = sessions.session("ppocrv6-det").await?;
/// # Ok(()) }
/// ```
pub struct Sessions {
    store: Store,
    choice: EngineChoice,
    loader: OnceCell<Loader>,
    loaded: Shared,
}

impl Sessions {
    /// Sessions of this store's models. Nothing is read or fetched yet.
    pub fn new(store: Store, choice: EngineChoice) -> Self {
        Self { store, choice, loader: OnceCell::new(), loaded: Shared::default() }
    }

    /// The store that the model files come from.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The engine, settled now if no session was asked for yet.
    ///
    /// # Errors
    /// When ONNX Runtime was asked for and cannot be had.
    pub async fn loader(&self) -> Result<Loader, InferError> {
        self.loader.get_or_try_init(|| self.settle()).await.copied()
    }

    async fn settle(&self) -> Result<Loader, InferError> {
        let choice = self.choice;
        let named = crate::library_from_environment();
        let library = match (choice, named) {
            (EngineChoice::Rten, _) => None,
            (_, Some(named)) => Some(named),
            (EngineChoice::OnnxRuntime, None) => Some(self.only_file(LIBRARY_MODEL).await?),
            (EngineChoice::Auto, None) => {
                let store = self.store.clone();
                off_thread(&CancellationToken::new(), move |_| {
                    Ok::<_, InferError>(store.find_only(LIBRARY_MODEL))
                })
                .await?
            }
        };
        off_thread(&CancellationToken::new(), move |_| Loader::new(choice, library.as_deref())).await
    }

    async fn only_file(&self, model: &str) -> Result<PathBuf, InferError> {
        self.store
            .only_file(model)
            .await
            .map_err(|error| InferError::Weights { model: model.to_owned(), source: error.into() })
    }
}

#[async_trait]
impl SessionSource for Sessions {
    async fn session(&self, model: &str) -> Result<Arc<dyn Session>, InferError> {
        self.loaded
            .get_or_load(model, async {
                let loader = self.loader().await?;
                let file = if is_model_file(model) { model.into() } else { self.only_file(model).await? };
                off_thread(&CancellationToken::new(), move |_| loader.load_file(&file)).await
            })
            .await
    }
}
