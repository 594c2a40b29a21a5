//! Image store: safe decoding, crops with lineage, frames.
