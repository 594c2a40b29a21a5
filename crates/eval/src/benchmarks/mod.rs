//! The benchmarks: their data put into samples, and what responses to those are worth.

pub mod easy_vqa;

pub use easy_vqa::EasyVqa;
