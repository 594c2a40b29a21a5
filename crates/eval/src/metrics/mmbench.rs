//! MMBench: which option an answer chooses, and circular evaluation.
//!
//! Source: Liu and others, "MMBench: Is Your Multi-modal Model an All-around Player?", ECCV 2024. What is not settled by
//! the rules here goes to a judge model in the benchmark's leaderboard; without one it is wrong.

use std::collections::BTreeMap;

/// The options of a question by their letters.
pub type Options = BTreeMap<char, String>;

/// What a model of no picture, or a program without a model, says.
const NO_ANSWER: &str = "Failed to obtain answer via API";

/// Answers that refuse the question.
const REFUSALS: [&str; 4] = [
    "Sorry, I can't help with images of people yet.",
    "I can't process this file.",
    "I'm sorry, but without the image provided",
    "Cannot determine the answer",
];

/// Copies of a question are numbered in steps of this: 5, `1_000_005`, `2_000_005` are one question.
pub const STEP: u64 = 1_000_000;

/// A script's way to find the option in an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Matcher {
    /// VLMEvalKit's, the one of the benchmark's authors: a letter that stands alone among the last five words, else the letter
    /// after "answer is" (a letter of a word too: "the answer is cat" is C), else the one option whose text the answer holds.
    #[default]
    VlmEvalKit,
    /// lmms-eval's: a letter that stands alone or with the usual marks, A to E whatever the options are, else the one option
    /// whose text the answer holds, however long the answer is.
    LmmsEval,
}

impl Matcher {
    /// The option that an answer chooses; `Z` where it refuses, `None` where it cannot be told.
    pub fn infer(self, answer: &str, options: &Options) -> Option<char> {
        self.infer_letter(answer, options).or_else(|| self.infer_text(answer, options))
    }

    /// The option that an answer names by its letter.
    pub fn infer_letter(self, answer: &str, options: &Options) -> Option<char> {
        if answer.contains(NO_ANSWER) {
            return None;
        }
        match self {
            Self::VlmEvalKit => letter_among_last(answer, options),
            Self::LmmsEval => letter_with_marks(answer),
        }
    }

    /// The one option whose text, in whatever case, is in the answer.
    pub fn infer_text(self, answer: &str, options: &Options) -> Option<char> {
        let answer = answer.to_lowercase();
        let length: usize = options.values().map(|text| text.chars().count()).sum();
        if self == Self::VlmEvalKit && answer.chars().count() > 2 * length {
            return None;
        }
        only(
            options
                .iter()
                .filter(|(_, text)| answer.contains(&text.to_lowercase()))
                .map(|(letter, _)| *letter),
        )
    }
}

/// The one item, where there is just one.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

fn letter_among_last(answer: &str, options: &Options) -> Option<char> {
    if REFUSALS.iter().any(|refusal| answer.contains(refusal)) {
        return Some('Z');
    }
    let bare = answer.replace(['.', '(', ')', '[', ']', ',', ':', ';', '!', '*', '#', '{', '}'], " ");
    let words: Vec<&str> = bare.split_whitespace().collect();
    let place = |letter: char| words.iter().position(|word| is_letter(word, letter));
    let named: Vec<(char, usize)> =
        options.keys().filter_map(|letter| Some((*letter, place(*letter)?))).collect();
    match named.as_slice() {
        [(letter, place)] if place + 5 > words.len() => return Some(*letter),
        [] if place('Z').is_some() => return Some('Z'),
        _ => {}
    }
    after_answer_is(answer).filter(|letter| options.contains_key(letter))
}

fn is_letter(word: &str, letter: char) -> bool {
    let mut letters = word.chars();
    letters.next() == Some(letter) && letters.next().is_none()
}

/// The letter A to D, of a word too, behind the first "answer is" that has one; stars between are passed over.
fn after_answer_is(answer: &str) -> Option<char> {
    let text = answer.to_lowercase();
    text.match_indices("answer").find_map(|(place, found)| {
        let rest = behind_space(&text[place + found.len()..])?.strip_prefix("is")?;
        let letter = behind_space(rest)?.trim_start_matches('*').chars().next()?;
        matches!(letter, 'a'..='d').then(|| letter.to_ascii_uppercase())
    })
}

/// What stands behind one space or more.
fn behind_space(text: &str) -> Option<&str> {
    let rest = text.trim_start();
    (rest.len() < text.len()).then_some(rest)
}

fn letter_with_marks(answer: &str) -> Option<char> {
    const LETTERS: [char; 5] = ['A', 'B', 'C', 'D', 'E'];
    const MARKS: [(&str, &str); 12] = [
        ("", "."),
        ("", ","),
        ("", ":"),
        ("", ")"),
        ("", ")."),
        ("(", ")"),
        ("(", ")."),
        (":", ""),
        (":", ","),
        (":", "."),
        (":", ")"),
        (":", ")."),
    ];
    let words: Vec<&str> = answer.split_whitespace().collect();
    let says = |before: &str, letter: char, after: &str| {
        let word = format!("{before}{letter}{after}");
        words.contains(&word.as_str())
    };
    // An A among more than three words may be the article.
    let article = says("", 'A', "") && words.len() > 3;
    let bare = only(LETTERS.into_iter().filter(|letter| says("", *letter, ""))).filter(|_| !article);
    bare.or_else(|| {
        MARKS.iter().find_map(|(before, after)| {
            only(LETTERS.into_iter().filter(|letter| says(before, *letter, after)))
        })
    })
}

/// One copy of a question: its options turned on by some places, with the right letter and the one that was inferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turned {
    /// The right letter.
    pub answer: char,
    /// The letter that the answer chose, where it can be told.
    pub chosen: Option<char>,
}

impl Turned {
    /// Whether the right option was chosen.
    pub fn right(&self) -> bool {
        self.chosen == Some(self.answer)
    }
}

/// Whether all copies of a question were answered right: `Some(false)` where one certainly was not, `None` where only a judge
/// could tell. Without a judge that is wrong too.
pub fn circular(copies: &[Turned]) -> Option<bool> {
    if copies.iter().any(|copy| copy.chosen.is_some() && !copy.right()) {
        return Some(false);
    }
    copies.iter().all(Turned::right).then_some(true)
}

/// The short name of an ability of the second level, where it has one.
pub fn abbreviation(ability: &str) -> &str {
    match ability {
        "coarse_perception" => "CP",
        "finegrained_perception (instance-level)" => "FP-S",
        "finegrained_perception (cross-instance)" => "FP-C",
        "logic_reasoning" => "LR",
        "relation_reasoning" => "RR",
        "attribute_reasoning" => "AR",
        other => other,
    }
}
