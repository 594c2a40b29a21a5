//! Confidence intervals by resampling.
