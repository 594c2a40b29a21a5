//! Chat models in this process.
#![allow(dead_code)]
mod error;
mod gguf;
mod kernels;
mod map;
