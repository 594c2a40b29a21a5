//! Edit distances of text and tokens.
