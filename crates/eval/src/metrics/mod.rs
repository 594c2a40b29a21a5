//! Metrics, equal number for number to the reference scripts of their benchmarks.

pub mod amber;
pub mod anls;
pub mod bootstrap;
pub mod captions;
pub mod chair;
pub mod detection;
pub mod edit_distance;
pub mod haelm;
pub mod mmbench;
pub mod mme;
pub mod ocrbench;
pub mod pope;
pub mod round;
pub mod teds;
pub mod verifier;
pub mod vqa;
pub mod yes_no;
