//! A noun phrase as the reading found it.

use std::ops::Range;

use lavr_types::{
    CountBound, Span,
    vocabulary::{GrammaticalNumber, MatchKind},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Determiner {
    None,
    /// "a", "an", "another"
    Indefinite,
    /// "the", "this", "these", ...
    Definite,
    /// "his", "the man's"
    Possessive,
    /// "any"
    Any,
}

/// The words that say how many: "two", "at least 3", "a couple of", "several".
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Quantity {
    pub(crate) tokens: Range<usize>,
    pub(crate) bound: CountBound,
}

/// A colour with the words that shade it: "dark blue".
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ColorWord {
    pub(crate) tokens: Range<usize>,
    /// The colour word alone, lower case.
    pub(crate) word: String,
}

/// Who has the thing: "the dog's" in "the dog's bowl".
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    /// From its determiner to the word with the apostrophe.
    pub(crate) tokens: Range<usize>,
    /// The bytes of the noun alone: "dog".
    pub(crate) span: Span,
    pub(crate) labels: Vec<String>,
    pub(crate) kind: MatchKind,
}

/// The words that deny a thing.
#[derive(Debug, Clone)]
pub(crate) struct Negation {
    /// All before the noun: "no", "isn't a", "without a", "does not show any". Of a further member of a list, what stands
    /// between the joint and the noun.
    pub(crate) tokens: Range<usize>,
    /// Where the noun's own words begin, its article among them.
    pub(crate) words_end: usize,
    /// The first of the phrases that are denied together ("no dog or -> cat"); `None` for that one itself.
    pub(crate) with: Option<usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct NounPhrase {
    /// From the determiner (or negation) to the end of the head.
    pub(crate) tokens: Range<usize>,
    pub(crate) head: Range<usize>,
    pub(crate) sentence: usize,
    pub(crate) determiner: Determiner,
    /// The token of the determiner.
    pub(crate) determiner_at: Option<usize>,
    pub(crate) quantity: Option<Quantity>,
    /// The tokens of "a group of".
    pub(crate) group: Option<Range<usize>>,
    pub(crate) colors: Vec<ColorWord>,
    /// Several for a hypernym, none for a thing that no label names.
    pub(crate) labels: Vec<String>,
    pub(crate) kind: Option<MatchKind>,
    pub(crate) number: GrammaticalNumber,
    pub(crate) negation: Option<Negation>,
    pub(crate) hedged: bool,
    /// It speaks of a picture, a likeness or a question, not of a thing seen.
    pub(crate) unreal: bool,
    /// For a pronoun, the phrase that it stands for.
    pub(crate) antecedent: Option<usize>,
    pub(crate) owner: Option<Owner>,
    /// For a phrase with "its" or "their", the phrase that has it.
    pub(crate) possessor: Option<usize>,
    pub(crate) pronoun: bool,
}

impl NounPhrase {
    /// Whether it can stand for more than one.
    pub(crate) fn is_plural(&self) -> bool {
        match self.number {
            GrammaticalNumber::Plural => true,
            GrammaticalNumber::Singular => false,
            GrammaticalNumber::Either => match &self.quantity {
                Some(quantity) => quantity.bound != CountBound::Exactly(1),
                None => self.determiner != Determiner::Indefinite,
            },
        }
    }

    /// Whether both name the same kind of thing.
    pub(crate) fn same_thing(&self, other: &Self) -> bool {
        !self.labels.is_empty() && self.labels == other.labels
    }
}
