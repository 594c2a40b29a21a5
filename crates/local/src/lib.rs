//! Chat models in this process.
