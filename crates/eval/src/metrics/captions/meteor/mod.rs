//! METEOR 1.5: words of a caption aligned with those of a reference, also where only their stems, synonyms or
//! paraphrases agree.
//!
//! Source: Denkowski and Lavie, "Meteor Universal: Language Specific Translation Evaluation for Any Target Language",
//! WMT 2014. Numbers are those of the authors' program as `pycocoevalcap` runs it: English, normalized, parameters for
//! ranking. Their word lists come from the package (model `meteor` of the weights catalogue), so they are as released.

mod align;
mod normal;
mod tables;

use std::{collections::HashSet, iter::Sum, path::Path};

use self::{normal::normalized, tables::Tables};
use super::{Captioned, words};
use crate::EvalError;

/// How much recall weighs against precision.
const ALPHA: f64 = 0.85;
/// How fast the penalty for fragments grows with them.
const BETA: f64 = 0.2;
/// The largest penalty for fragments.
const GAMMA: f64 = 0.6;
/// How much a content word weighs; a function word weighs the rest.
const DELTA: f64 = 0.75;
/// How much a matched word counts: the same word, stem, synonym, paraphrase.
const WEIGHTS: [f64; MODULES] = [1.0, 0.6, 0.8, 0.6];

/// The ways in which words can match.
const MODULES: usize = 4;

/// METEOR with its word lists.
#[derive(Debug)]
pub struct Meteor {
    tables: Tables,
}

/// The lengths and matches of a text, in words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Side {
    length: usize,
    function_words: usize,
    content_matches: [usize; MODULES],
    function_matches: [usize; MODULES],
}

/// What METEOR counts: of one caption and the reference that fits it best, or summed over several captions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MeteorCounts {
    caption: Side,
    reference: Side,
    /// Runs of matched words that follow each other in both texts.
    chunks: usize,
}

impl Meteor {
    /// Reads the word lists out of the package. Of five million paraphrases those are kept that can match one of the
    /// `references`: captions are to be compared with these only.
    ///
    /// # Errors
    /// When the package can't be read or is not as expected.
    pub fn open(
        package: &Path,
        references: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Self, EvalError> {
        let mut tables = Tables::open(package)?;
        let texts = references.into_iter().map(|text| words(text.as_ref()));
        let known: HashSet<String> = texts.flat_map(|words| normalized(&words, &tables.prefixes)).collect();
        tables.read_paraphrases(&known)?;
        Ok(Self { tables })
    }

    /// Counts a caption against the reference for which it scores best.
    pub fn counts(&self, picture: &Captioned) -> MeteorCounts {
        let caption = normalized(&picture.caption, &self.tables.prefixes);
        let mut best: Option<MeteorCounts> = None;
        for reference in &picture.references {
            let reference = normalized(reference, &self.tables.prefixes);
            let counts = align::counts(&caption, &reference, &self.tables);
            if best.is_none_or(|best| counts.score() > best.score()) {
                best = Some(counts);
            }
        }
        best.unwrap_or_default()
    }
}

impl Side {
    /// How much the words weigh together.
    fn weight(&self) -> f64 {
        DELTA * (self.length - self.function_words) as f64 + (1.0 - DELTA) * self.function_words as f64
    }

    /// How much the matched words weigh together.
    fn matched_weight(&self) -> f64 {
        // In the order of the reference: sums of floats depend on it.
        let content = self.content_matches.iter().zip(WEIGHTS).map(|(count, weight)| (count, weight, DELTA));
        let function =
            self.function_matches.iter().zip(WEIGHTS).map(|(count, weight)| (count, weight, 1.0 - DELTA));
        content.chain(function).map(|(count, weight, kind)| *count as f64 * weight * kind).sum()
    }

    fn matches(&self) -> usize {
        self.content_matches.iter().chain(&self.function_matches).sum()
    }

    fn plus(self, other: &Self) -> Self {
        Self {
            length: self.length + other.length,
            function_words: self.function_words + other.function_words,
            content_matches: std::array::from_fn(|module| {
                self.content_matches[module] + other.content_matches[module]
            }),
            function_matches: std::array::from_fn(|module| {
                self.function_matches[module] + other.function_matches[module]
            }),
        }
    }
}

impl MeteorCounts {
    /// METEOR, 0 to 1.
    pub fn score(&self) -> f64 {
        let precision = self.caption.matched_weight() / self.caption.weight();
        let recall = self.reference.matched_weight() / self.reference.weight();
        let mean = 1.0 / ((1.0 - ALPHA) / precision + ALPHA / recall);
        let matches = (self.caption.matches() + self.reference.matches()) as f64 / 2.0;
        let fragments = if self.is_whole() { 0.0 } else { self.chunks as f64 / matches };
        let score = mean * (1.0 - GAMMA * fragments.powf(BETA));
        // Where nothing matches there is no mean.
        if score.is_nan() { 0.0 } else { score.max(0.0) }
    }

    /// Whether all words of both texts match in one run.
    fn is_whole(&self) -> bool {
        self.chunks == 1
            && self.caption.matches() == self.caption.length
            && self.reference.matches() == self.reference.length
    }
}

impl Sum for MeteorCounts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |sum, next| Self {
            caption: sum.caption.plus(&next.caption),
            reference: sum.reference.plus(&next.reference),
            // What agrees word for word is in no fragments.
            chunks: sum.chunks + if next.is_whole() { 0 } else { next.chunks },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four words of which one is a function word, `matches` of them matched.
    fn side(matches: usize) -> Side {
        Side {
            length: 4,
            function_words: 1,
            content_matches: [matches, 0, 0, 0],
            function_matches: [usize::from(matches == 3), 0, 0, 0],
        }
    }

    #[test]
    fn nothing_in_common_scores_nothing_and_the_same_text_all() {
        assert_eq!(MeteorCounts::default().score(), 0.0);
        let none = MeteorCounts { caption: side(0), reference: side(0), chunks: 0 };
        assert_eq!(none.score(), 0.0);
        let same = MeteorCounts { caption: side(3), reference: side(3), chunks: 1 };
        assert!((same.score() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn fragments_cost() {
        let score = |chunks| MeteorCounts { caption: side(3), reference: side(3), chunks }.score();
        assert!((score(2) - (1.0 - 0.6 * 0.5_f64.powf(0.2))).abs() < 1e-12);
        assert!(score(2) > score(3));
    }
}
