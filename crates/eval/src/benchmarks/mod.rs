//! The benchmarks: their data put into samples, and what responses to those are worth.

pub mod easy_vqa;
pub mod scenes;
pub mod verifier;

pub use easy_vqa::EasyVqa;
pub use verifier::VerifierBench;
