//! ANLS: average normalised Levenshtein similarity of an answer to the nearest of the right ones.
//!
//! Defined by Biten et al., "Scene Text Visual Question Answering", ICCV 2019; used by `DocVQA`, `InfographicVQA` and
//! ST-VQA. An answer less similar than one half gets nothing.

use std::str::FromStr;

use super::edit_distance::levenshtein;

/// Below this similarity an answer gets nothing.
const THRESHOLD: f64 = 0.5;

/// Where implementations disagree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Variant {
    /// The evaluation script of the `DocVQA` challenge, as VLMEvalKit and lmms-eval have it: an answer of exactly one half
    /// counts; lengths are those of the raw texts in capitals, so blanks around an answer and `ß` make it longer.
    #[default]
    Script,
    /// The definition of the paper, as the package `anls` has it: an answer of exactly one half gets nothing.
    Paper,
    /// The package `anls-star`: an answer of exactly one half counts; lengths are those of the texts compared.
    Star,
}

impl FromStr for Variant {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Ok(match name {
            "script" => Self::Script,
            "paper" => Self::Paper,
            "star" => Self::Star,
            other => return Err(format!("ANLS has no variant `{other}`; there are: script, paper, star")),
        })
    }
}

/// The distance of an answer to one right answer, 0 (the same) to 1 and, in the script's way of counting, beyond.
pub fn distance(right: &str, answer: &str, variant: Variant) -> f64 {
    let (right_compared, answer_compared) = (compared(right), compared(answer));
    let length = match variant {
        Variant::Script | Variant::Paper => in_capitals(right).max(in_capitals(answer)),
        Variant::Star => right_compared.len().max(answer_compared.len()),
    };
    match length {
        0 => 0.0,
        length => levenshtein(&right_compared, &answer_compared) as f64 / length as f64,
    }
}

/// What an answer is worth, 0 to 1: its similarity to the nearest right answer. No right answer, no score: 0.
pub fn anls(right: &[impl AsRef<str>], answer: &str, variant: Variant) -> f64 {
    let nearest =
        right.iter().map(|right| distance(right.as_ref(), answer, variant)).fold(f64::INFINITY, f64::min);
    let similarity = 1.0 - nearest;
    let kept = match variant {
        Variant::Script | Variant::Star => similarity >= THRESHOLD,
        Variant::Paper => nearest < THRESHOLD,
    };
    if kept { similarity } else { 0.0 }
}

/// The code points that are compared: small letters, blanks between words alone and one at a time.
fn compared(text: &str) -> Vec<char> {
    let text = text.to_lowercase();
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().collect()
}

fn in_capitals(text: &str) -> usize {
    text.to_uppercase().chars().count()
}
