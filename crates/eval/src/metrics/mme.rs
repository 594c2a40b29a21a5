//! MME: accuracy, accuracy of both questions about a picture, and their sum for each task.
//!
//! Source: Fu and others, "MME: A Comprehensive Evaluation Benchmark for Multimodal Large Language Models", 2023.

use std::collections::HashMap;

use super::yes_no::{Confusion, Reading};

/// The tasks whose scores add up to perception.
pub const PERCEPTION: [&str; 10] = [
    "existence",
    "count",
    "position",
    "color",
    "posters",
    "celebrity",
    "scene",
    "landmark",
    "artwork",
    "OCR",
];

/// The tasks whose scores add up to cognition.
pub const COGNITION: [&str; 4] =
    ["commonsense_reasoning", "numerical_calculation", "text_translation", "code_reasoning"];

/// The answers to one task's questions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TaskScore {
    /// All answers.
    pub answers: Confusion,
    /// Pictures with both of their questions answered.
    pub pictures: usize,
    /// Of these, pictures with both answers right.
    pub both_right: usize,
}

impl TaskScore {
    /// Counts the answers to the questions about one picture: the right answer and what was read. Where one of the two is
    /// missing, as in a run over a part of the data, the picture counts for accuracy alone.
    pub fn add(&mut self, picture: &[(bool, Reading)]) {
        let mut right = 0;
        for (label, reading) in picture {
            self.answers.add(*label, *reading);
            right += usize::from(*reading == if *label { Reading::Yes } else { Reading::No });
        }
        if picture.len() == 2 {
            self.pictures += 1;
            self.both_right += usize::from(right == 2);
        }
    }

    /// Right answers of all; an unclear one is wrong.
    pub fn accuracy(&self) -> Option<f64> {
        self.answers.accuracy()
    }

    /// Pictures with both answers right, of all.
    pub fn accuracy_plus(&self) -> Option<f64> {
        (self.pictures > 0).then(|| self.both_right as f64 / self.pictures as f64)
    }

    /// Accuracy and accuracy plus in percent, added: 0 to 200.
    pub fn score(&self) -> Option<f64> {
        Some(self.accuracy()? * 100.0 + self.accuracy_plus()? * 100.0)
    }
}

/// The scores of these tasks, added; tasks without a score are left out.
pub fn sum<S: std::hash::BuildHasher>(scores: &HashMap<String, TaskScore, S>, tasks: &[&str]) -> f64 {
    tasks.iter().filter_map(|task| scores.get(*task)?.score()).sum()
}
