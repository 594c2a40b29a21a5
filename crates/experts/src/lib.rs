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

pub use lavr_caption::Contrast;
use lavr_caption::{BlipCaptioner, BlipConfig, BlipFiles, Describe, Grounded};
use lavr_infer::{EngineChoice, SessionSource, Sessions};
use lavr_model::ChatModel;
use lavr_prompt::{Library, PromptError};
use lavr_tool::{Registry, RegistryError};
use lavr_vqa::Vqa;
use lavr_weights::{Bundled, Store, WeightsError};

/// The networks that the program itself carries; give them to the store ([`Store::with_bundled`]).
pub const BUNDLED: &[Bundled] = &[lavr_detect::WEIGHTS];

/// The experts could not be put together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExpertsError {
    /// Two tools do not go together, or a schema is not usable.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A prompt of the user's is faulty.
    #[error(transparent)]
    Prompt(#[from] PromptError),
}

/// What the experts are made of: sessions for their networks, files for the rest, and a vision model if there
/// is one. Nothing is loaded or fetched before an expert is first called.
pub struct Experts {
    sessions: Arc<dyn SessionSource>,
    store: Store,
    detector: Option<String>,
    segmenter: Option<String>,
    pose: Option<String>,
    vision: Option<Arc<dyn ChatModel>>,
    contrast: Option<Contrast>,
    prompts: Library,
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
        Self {
            sessions,
            store,
            detector: None,
            segmenter: None,
            pose: None,
            vision: None,
            contrast: None,
            prompts: Library::built_in(),
        }
    }

    /// With another network for `detect` than the one that the program carries, by its name in the catalogue.
    #[must_use]
    pub fn with_detector(mut self, network: impl Into<String>) -> Self {
        self.detector = Some(network.into());
        self
    }

    /// With a network that cuts things out (`segment`), by its name in the catalogue: `color` then measures a part of a thing
    /// within the thing's mask.
    #[must_use]
    pub fn with_segmenter(mut self, network: impl Into<String>) -> Self {
        self.segmenter = Some(network.into());
        self
    }

    /// With a network that finds the points of people's bodies (`pose`), by its name in the catalogue: the verifier then knows
    /// where on a person clothes are.
    #[must_use]
    pub fn with_pose(mut self, network: impl Into<String>) -> Self {
        self.pose = Some(network.into());
        self
    }

    /// With a model that sees images: it answers `vqa`.
    #[must_use]
    pub fn with_vision(mut self, model: Arc<dyn ChatModel>) -> Self {
        self.vision = Some(model);
        self
    }

    /// With visual contrastive decoding in the captioning network, where one is here ([`Experts::captioning_network`]).
    #[must_use]
    pub fn with_contrast(mut self, contrast: Contrast) -> Self {
        self.contrast = Some(contrast);
        self
    }

    /// The captioning network whose files are here, by its name in the catalogue.
    pub fn captioning_network(&self) -> Option<&'static str> {
        network(&self.store).map(|(model, _)| model)
    }

    /// With prompts of one's own for the experts that ask a model.
    #[must_use]
    pub fn with_prompts(mut self, prompts: Library) -> Self {
        self.prompts = prompts;
        self
    }

    /// The registry, in the order in which a planner reads it.
    ///
    /// # Errors
    /// When a tool's name or schema, or a prompt, is not usable.
    pub fn registry(self) -> Result<Registry, ExpertsError> {
        let Self { sessions, store, detector, segmenter, pose, vision, contrast, prompts } = self;
        let detect = lavr_detect::Detect::new(Arc::clone(&sessions));
        let detect = match detector {
            Some(network) => detect.with_network(network),
            None => detect,
        };
        let mut registry = Registry::new().with(detect)?;
        if let Some(network) = segmenter {
            registry = registry.with(lavr_detect::Segment::new(Arc::clone(&sessions), network))?;
        }
        if let Some(network) = pose {
            registry = registry.with(lavr_detect::EstimatePose::new(Arc::clone(&sessions), network))?;
        }
        registry = registry
            .with(lavr_ocr::Ocr::new(sessions))?
            .with(lavr_color::MeasureColor)?
            .with(lavr_relate::Relate)?
            .with(lavr_crop::Crop)?;
        registry = registry.with(captioner(&store, contrast))?;
        if let Some(vision) = vision
            && let Some(vqa) = Vqa::new(vision, &prompts)?
        {
            registry = registry.with(vqa)?;
        }
        Ok(registry)
    }
}

/// The captioning network where the user has given its files; else a description composed from what the other experts
/// see.
fn captioner(store: &Store, contrast: Option<Contrast>) -> Describe {
    let Some((model, files)) = network(store) else { return Describe::new(Grounded) };
    let captioner = BlipCaptioner::new(model, files);
    Describe::new(match contrast {
        Some(contrast) => captioner.with_contrast(contrast),
        None => captioner,
    })
}

/// The captioning network that is here, the large one first.
fn network(store: &Store) -> Option<(&'static str, BlipFiles)> {
    let networks = [
        ("blip-captioning-large-q4k", "blip-image-captioning-large-q4k.gguf", BlipConfig::Large),
        ("blip-captioning-base", "model.safetensors", BlipConfig::Base),
    ];
    networks.into_iter().find_map(|(model, weights, config)| {
        let (weights, tokenizer) = store.find(model, weights).zip(store.find(model, "tokenizer.json"))?;
        Some((model, BlipFiles { config, weights, tokenizer }))
    })
}
