//! POPE, polling for objects: [`Confusion`](super::yes_no::Confusion) holds its scores, [`questions`] makes its questions.
//!
//! Source: Li and others, "Evaluating Object Hallucination in Large Vision-Language Models", EMNLP 2023.

mod questions;

pub use questions::{Annotated, Article, Question, Strategy, questions};
