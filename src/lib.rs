//! LLM-aided visual reasoning.
pub use lavr_types as types;
