//! Tests of the whole engine: on tiny random models against a plain reference, and on a real one against
//! llama.cpp.

mod llama_cpp;
mod network;
mod reference;
mod tiny;
mod turns;
