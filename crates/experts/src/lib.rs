//! All experts of lavr in one registry.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use lavr_experts::Experts;
//! use lavr_tool::Dispatcher;
//!
//! let experts = Experts::open()?;
//! let dispatcher = Dispatcher::new(experts.registry()?, Arc::default());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::sync::Arc;

use lavr_infer::{EngineChoice, SessionSource, Sessions};
use lavr_model::ChatModel;
use lavr_tool::{Registry, RegistryError};
use lavr_weights::{Bundled, Store, WeightsError};

/// The networks that the program itself carries; give them to the store ([`Store::with_bundled`]).
pub const BUNDLED: &[Bundled] = &[lavr_detect::WEIGHTS];

/// What the experts are made of: sessions for their networks, files for the rest, and a vision model if there
/// is one. Nothing is loaded or fetched before an expert is first called.
pub struct Experts {
    sessions: Arc<dyn SessionSource>,
    store: Store,
    vision: Option<Arc<dyn ChatModel>>,
}

impl Experts {
    /// Experts over the user's own cache, with the engine that is here.
    ///
    /// # Errors
    /// When no place for the cache can be named, or the user's catalogue is faulty.
    pub fn open() -> Result<Self, WeightsError> {
        let store = Store::open_default()?.with_bundled(BUNDLED);
        Ok(Self::new(Arc::new(Sessions::new(store.clone(), EngineChoice::Auto)), store))
    }

    /// Experts over these sessions and files.
    pub fn new(sessions: Arc<dyn SessionSource>, store: Store) -> Self {
        Self { sessions, store, vision: None }
    }

    /// With a model that sees images: it answers `vqa`.
    #[must_use]
    pub fn with_vision(mut self, model: Arc<dyn ChatModel>) -> Self {
        self.vision = Some(model);
        self
    }

    /// The registry, in the order in which a planner reads it.
    ///
    /// # Errors
    /// When a tool's name or schema is not usable.
    pub fn registry(self) -> Result<Registry, RegistryError> {
        let Self { sessions, store: _, vision: _ } = self;
        Registry::new()
            .with(lavr_detect::Detect::new(Arc::clone(&sessions)))?
            .with(lavr_ocr::Ocr::new(sessions))?
            .with(lavr_color::MeasureColor)?
            .with(lavr_relate::Relate)?
            .with(lavr_crop::Crop)
    }
}
