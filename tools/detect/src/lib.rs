//! Expert: finds objects of the eighty COCO classes, with the NanoDet-g that it carries or a larger network.
//!
//! [`Detect`] is the tool, and [`Segment`] one that says of each object which pixels show it, with a network that can.
//! [`EstimatePose`] tells where the parts of people's bodies are.
//! Underneath, [`Detector`], [`Segmenter`] and [`PoseEstimator`] look at pixels with a session and know nothing of tools. The model card
//! (source, licence, input, output, thresholds, limits) is this crate's `README.md`.
//!
//! ```
//! use std::sync::Arc;
//!
//! use lavr_detect::Detect;
//! use lavr_infer::SessionSource;
//! use lavr_tool::{Registry, RegistryError};
//!
//! fn with_detector(registry: Registry, sessions: Arc<dyn SessionSource>) -> Result<Registry, RegistryError> {
//!     registry.with(Detect::new(sessions))
//! }
//! ```

mod call;
mod decode;
mod detector;
mod labels;
mod letterbox;
mod pose;
mod pose_estimator;
mod segment;
mod segmenter;
mod suppress;
mod tiles;
mod tool;

pub use detector::{Detector, Settings};
pub use pose::{EstimatePose, PoseArgs};
pub use pose_estimator::PoseEstimator;
pub use segment::{Segment, SegmentArgs};
pub use segmenter::Segmenter;
pub use tool::{Detect, DetectArgs};

/// The network, as this crate carries it. Hand it to the store: `store.with_bundled(&[lavr_detect::WEIGHTS])`.
pub const WEIGHTS: lavr_weights::Bundled = lavr_weights::Bundled {
    model: Detect::MODEL,
    file: "nanodet_g_coco80.onnx",
    gzip: include_bytes!("../weights/nanodet_g_coco80.onnx.gz"),
};
