//! Benchmarks of visual reasoning and hallucination, and the metrics that they are scored by.

pub mod metrics;
