//! OCRBench: whether an answer has the right text in it.
//!
//! Liu et al., "OCRBench: on the hidden mystery of OCR in large multimodal models", 2023.

/// The tasks of the benchmark, in its order.
pub const CATEGORIES: [&str; 10] = [
    "Regular Text Recognition",
    "Irregular Text Recognition",
    "Artistic Text Recognition",
    "Handwriting Recognition",
    "Digit String Recognition",
    "Non-Semantic Text Recognition",
    "Scene Text-centric VQA",
    "Doc-oriented VQA",
    "Key Information Extraction",
    FORMULAS,
];

/// The task whose answers are formulas.
pub const FORMULAS: &str = "Handwritten Mathematical Expression Recognition";

/// The group of tasks that a task is reported under: the first six are all "Text Recognition".
pub fn group(category: &str) -> &str {
    match CATEGORIES.iter().position(|known| *known == category) {
        Some(0..6) => "Text Recognition",
        _ => category,
    }
}

/// Whether one of the right answers is in the answer. Letters count as small ones, and line breaks as blanks; in
/// formulas capitals matter and blanks do not.
///
/// Containment is all that is asked: `no` is in "I do not know", and `12.5` is in 12.50.
pub fn is_right(category: &str, right: &[impl AsRef<str>], answer: &str) -> bool {
    let compared = |text: &str| match category {
        FORMULAS => text.trim().replace(['\n', ' '], ""),
        _ => text.to_lowercase().trim().replace('\n', " "),
    };
    let answer = compared(answer);
    right.iter().any(|right| answer.contains(&compared(right.as_ref())))
}
