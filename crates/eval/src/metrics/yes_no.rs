//! What an answer says, yes or no, as each known evaluation script reads it, and what follows for scores.
//!
//! The scripts disagree: of the 68 answers that the tests put to them, seven are read alike by all. A benchmark's own
//! script is its default here; the others have names, so that a number from elsewhere can be met.

use std::{iter::Sum, ops::AddAssign};

/// What an answer was read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reading {
    /// Yes.
    Yes,
    /// No.
    No,
    /// Neither.
    Unclear,
}

/// A script's way to read an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Parser {
    /// POPE's `evaluate.py`: of the text before the first `.`, commas taken out, split at spaces; `No`, `not` or `no` among
    /// these words is a no, everything else a yes: `NO`, `isn't`, `None` and the empty answer too.
    Pope,
    /// OPERA's `pope_eval.py`: dots and commas taken out of the whole answer; `No`, `not`, `no`, `NO` or a word in `n't` is a
    /// no, everything else a yes.
    Opera,
    /// VCD's `eval_pope.py`: looks for what the label says. A question with the label yes is answered yes where `yes` is
    /// anywhere in the answer, one with the label no is answered no where `no` is (`know`, `another`).
    Vcd,
    /// lmms-eval's POPE: the answer must be the word and nothing else; case and space around it are ignored.
    LmmsEvalPope,
    /// VLMEvalKit: of the words, punctuation taken out, `yes` without `no`, or `no` without `yes`.
    VlmEvalKit,
    /// MME's `calculation.py`: `yes` within the first four characters, else `no` within them; `another` is a no.
    Mme,
    /// lmms-eval's MME: as MME's, with space around the answer and dots ignored, and `y` and `n` understood.
    LmmsEvalMme,
    /// AMBER's `inference.py`: `Yes` or `No`, exactly so.
    Amber,
    /// This project's: the first plain `yes` or `no`; an answer without one denies by `not` or `n't`, else affirms.
    Plain,
}

/// Every parser with its name.
pub const PARSERS: [(&str, Parser); 9] = [
    ("pope", Parser::Pope),
    ("opera", Parser::Opera),
    ("vcd", Parser::Vcd),
    ("lmms-eval-pope", Parser::LmmsEvalPope),
    ("vlmevalkit", Parser::VlmEvalKit),
    ("mme", Parser::Mme),
    ("lmms-eval-mme", Parser::LmmsEvalMme),
    ("amber", Parser::Amber),
    ("plain", Parser::Plain),
];

impl Parser {
    /// The parser of this name.
    pub fn named(name: &str) -> Option<Self> {
        PARSERS.iter().find(|(known, _)| *known == name).map(|(_, parser)| *parser)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        PARSERS.iter().find(|(_, parser)| *parser == self).map_or("", |(name, _)| *name)
    }

    /// Reads an answer to a question whose right answer is `label`, yes or no; only [`Parser::Vcd`] looks at that.
    pub fn read(self, answer: &str, label: bool) -> Reading {
        match self {
            Self::Pope => {
                let sentence = answer.split('.').next().unwrap_or_default().replace(',', "");
                no_if(sentence.split(' ').any(|word| matches!(word, "No" | "not" | "no")))
            }
            Self::Opera => {
                let text = answer.replace(['.', ','], "");
                let denies = |word: &str| matches!(word, "No" | "not" | "no" | "NO") || word.ends_with("n't");
                no_if(text.split(' ').any(denies))
            }
            Self::Vcd => {
                let text = answer.to_lowercase();
                no_if(if label { !text.contains("yes") } else { text.contains("no") })
            }
            Self::LmmsEvalPope => word(answer.to_lowercase().trim()),
            Self::VlmEvalKit => {
                let text = without_punctuation(&answer.to_lowercase());
                let says = |wanted: &str| text.split_whitespace().any(|word| word == wanted);
                match (says("yes"), says("no")) {
                    (true, false) => Reading::Yes,
                    (false, true) => Reading::No,
                    _ => Reading::Unclear,
                }
            }
            Self::Mme => start(&answer.to_lowercase()),
            Self::LmmsEvalMme => match answer.to_lowercase().trim().replace('.', "").as_str() {
                "y" => Reading::Yes,
                "n" => Reading::No,
                text => start(text),
            },
            Self::Amber => match answer {
                "Yes" => Reading::Yes,
                "No" => Reading::No,
                _ => Reading::Unclear,
            },
            Self::Plain => plain(answer),
        }
    }
}

const fn no_if(denied: bool) -> Reading {
    if denied { Reading::No } else { Reading::Yes }
}

fn word(text: &str) -> Reading {
    match text {
        "yes" => Reading::Yes,
        "no" => Reading::No,
        _ => Reading::Unclear,
    }
}

/// What the first four characters say.
fn start(text: &str) -> Reading {
    let start: String = text.chars().take(4).collect();
    if start.contains("yes") {
        Reading::Yes
    } else if start.contains("no") {
        Reading::No
    } else {
        Reading::Unclear
    }
}

/// VLMEvalKit's punctuation: a mark that stands beside a space anywhere goes without a trace, one that never does becomes
/// a space; then the dots that no digit follows go, the first 32 of them.
fn without_punctuation(text: &str) -> String {
    const MARKS: [char; 21] = [
        ';', '/', '[', ']', '"', '{', '}', '(', ')', '=', '+', '\\', '_', '-', '>', '<', '@', '`', ',', '?',
        '!',
    ];
    let letters: Vec<char> = text.chars().collect();
    let digits_joined = letters
        .windows(3)
        .any(|three| three[1] == ',' && three[0].is_ascii_digit() && three[2].is_ascii_digit());
    let mut out = text.to_owned();
    for mark in MARKS {
        let beside_space =
            letters.windows(2).any(|two| matches!(two, [one, ' '] | [' ', one] if *one == mark));
        out = out.replace(mark, if beside_space || digits_joined { "" } else { " " });
    }
    let letters: Vec<char> = out.chars().collect();
    let mut left = 32;
    let mut kept = String::with_capacity(out.len());
    for (place, letter) in letters.iter().enumerate() {
        let before_digit = letters.get(place + 1).is_some_and(char::is_ascii_digit);
        if *letter == '.' && !before_digit && left > 0 {
            left -= 1;
        } else {
            kept.push(*letter);
        }
    }
    kept
}

fn plain(answer: &str) -> Reading {
    let text = answer.to_lowercase().replace('\u{2019}', "'");
    let mut words =
        text.split(|letter: char| !letter.is_alphabetic() && letter != '\'').filter(|word| !word.is_empty());
    if let Some(first) = words.clone().find(|word| matches!(*word, "yes" | "no")) {
        return word(first);
    }
    match words.clone().next() {
        None => Reading::Unclear,
        Some(_) => no_if(words.any(|word| word == "not" || word == "cannot" || word.ends_with("n't"))),
    }
}

/// Whether an answer opens with the word yes, in whatever case and behind whatever marks.
pub fn opens_with_yes(answer: &str) -> bool {
    let first = answer.split(|letter: char| !letter.is_alphanumeric()).find(|word| !word.is_empty());
    first.is_some_and(|word| word.eq_ignore_ascii_case("yes"))
}

/// How often each label met each reading.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Confusion {
    /// Label yes, read yes.
    pub true_positives: usize,
    /// Label no, read yes.
    pub false_positives: usize,
    /// Label no, read no.
    pub true_negatives: usize,
    /// Label yes, read no.
    pub false_negatives: usize,
    /// Label yes, unclear.
    pub unclear_positives: usize,
    /// Label no, unclear.
    pub unclear_negatives: usize,
}

impl Confusion {
    /// Counts an answer.
    pub const fn add(&mut self, label: bool, reading: Reading) {
        let place = match (label, reading) {
            (true, Reading::Yes) => &mut self.true_positives,
            (false, Reading::Yes) => &mut self.false_positives,
            (false, Reading::No) => &mut self.true_negatives,
            (true, Reading::No) => &mut self.false_negatives,
            (true, Reading::Unclear) => &mut self.unclear_positives,
            (false, Reading::Unclear) => &mut self.unclear_negatives,
        };
        *place += 1;
    }

    /// All answers.
    pub const fn all(&self) -> usize {
        self.positives() + self.false_positives + self.true_negatives + self.unclear_negatives
    }

    /// Questions with the label yes.
    pub const fn positives(&self) -> usize {
        self.true_positives + self.false_negatives + self.unclear_positives
    }

    /// Answers that are neither yes nor no.
    pub const fn unclear(&self) -> usize {
        self.unclear_positives + self.unclear_negatives
    }

    /// Right answers of all; an unclear one is wrong.
    pub fn accuracy(&self) -> Option<f64> {
        share(self.true_positives + self.true_negatives, self.all())
    }

    /// Right ones of the answers yes.
    pub fn precision(&self) -> Option<f64> {
        share(self.true_positives, self.true_positives + self.false_positives)
    }

    /// Answers yes of the labels yes; an unclear answer misses.
    pub fn recall(&self) -> Option<f64> {
        share(self.true_positives, self.positives())
    }

    /// As [`Self::recall`], unclear answers left out as if they had not been asked (lmms-eval, MME).
    pub fn recall_of_clear(&self) -> Option<f64> {
        share(self.true_positives, self.true_positives + self.false_negatives)
    }

    /// The harmonic mean of precision and recall; `None` where one has no value or both are 0.
    pub fn f1(&self) -> Option<f64> {
        f1(self.precision()?, self.recall()?)
    }

    /// Answers yes of all: a model that agrees with everything has 1.
    pub fn yes_rate(&self) -> Option<f64> {
        share(self.true_positives + self.false_positives, self.all())
    }

    /// Labels yes of all; lmms-eval prints this one as its yes-ratio.
    pub fn label_yes_rate(&self) -> Option<f64> {
        share(self.positives(), self.all())
    }

    /// True positives lost: labels yes that were not answered yes, of all labels yes.
    pub fn lost(&self) -> Option<f64> {
        share(self.positives() - self.true_positives, self.positives())
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The harmonic mean of precision and recall; `None` where both are 0.
pub fn f1(precision: f64, recall: f64) -> Option<f64> {
    (precision + recall > 0.0).then(|| 2.0 * precision * recall / (precision + recall))
}

impl AddAssign for Confusion {
    fn add_assign(&mut self, other: Self) {
        self.true_positives += other.true_positives;
        self.false_positives += other.false_positives;
        self.true_negatives += other.true_negatives;
        self.false_negatives += other.false_negatives;
        self.unclear_positives += other.unclear_positives;
        self.unclear_negatives += other.unclear_negatives;
    }
}

impl<'c> Sum<&'c Confusion> for Confusion {
    fn sum<I: Iterator<Item = &'c Confusion>>(all: I) -> Self {
        all.fold(Self::default(), |mut sum, one| {
            sum += *one;
            sum
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parser_is_found_by_its_name() {
        for (name, parser) in PARSERS {
            assert_eq!(Parser::named(name), Some(parser));
            assert_eq!(parser.name(), name);
        }
        assert_eq!(Parser::named("no-such"), None);
    }

    #[test]
    fn the_plain_parser_reads_as_a_person_would() {
        for (answer, reading) in [
            ("Yes.", Reading::Yes),
            ("**No**", Reading::No),
            ("There isn\u{2019}t a dog.", Reading::No),
            ("I cannot see a dog", Reading::No),
            ("There is a dog.", Reading::Yes),
            ("I know there is a dog", Reading::Yes),
            ("Yes, I do not see any cat, but there is a dog.", Reading::Yes),
            (" \n", Reading::Unclear),
        ] {
            assert_eq!(Parser::Plain.read(answer, true), reading, "{answer}");
        }
    }

    #[test]
    fn an_opening_yes_is_seen_behind_marks() {
        assert!(opens_with_yes("**Yes**, but not a cat"));
        assert!(!opens_with_yes("Yesterday"));
        assert!(!opens_with_yes(""));
    }
}
