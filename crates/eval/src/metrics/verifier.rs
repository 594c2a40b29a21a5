//! How well a verifier finds and mends planted errors.
