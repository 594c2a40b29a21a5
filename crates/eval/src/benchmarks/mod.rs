//! The benchmarks: their data put into samples, and what responses to those are worth.

pub mod amber;
pub mod anls;
pub mod captions;
pub mod chair;
mod coco;
pub mod coco_ap;
pub mod easy_vqa;
pub mod edit_distance;
pub mod haelm;
pub mod mmbench;
pub mod mme;
pub mod ocrbench;
mod polls;
pub mod pope;
pub mod questions;
pub mod scenes;
mod short_answers;
pub mod teds;
pub mod verifier;
pub mod vqa;

pub use amber::Amber;
pub use anls::Anls;
pub use captions::CaptionsBench;
pub use chair::Chair;
pub use coco_ap::CocoAp;
pub use easy_vqa::EasyVqa;
pub use edit_distance::EditDistance;
pub use haelm::Haelm;
pub use mmbench::MmBench;
pub use mme::Mme;
pub use ocrbench::OcrBench;
pub use pope::Pope;
pub use questions::Questions;
pub use teds::Teds;
pub use verifier::VerifierBench;
pub use vqa::Vqa;
