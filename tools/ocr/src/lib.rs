//! Expert: reads text lines.
