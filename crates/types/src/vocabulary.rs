//! The vocabulary that maps words to labels.
//!
//! People write "puppies", detectors say `dog`. One vocabulary stands between them for the whole toolkit: the
//! detector filters by it, and the verifier reads texts with it. It is data (`data/vocabulary.toml`), so a
//! detector with other labels brings a file of its own.
//!
//! ```
//! use lavr_types::Vocabulary;
//!
//! let words = Vocabulary::builtin();
//! assert_eq!(words.labels_for("puppies"), ["dog"]);
//! assert_eq!(words.labels_for("Fruit"), ["banana", "apple", "orange"]);
//! assert!(words.labels_for("happiness").is_empty());
//! ```

use std::{
    collections::{BTreeMap, HashMap},
    sync::OnceLock,
};

use serde::Deserialize;

mod inflection;

/// The most words that a name may have; longer ones are refused so that a lookup stays short.
const LONGEST_TERM: usize = 4;

/// Maps words ("puppies", "man", "vehicle") to a detector's labels, and knows colour and number words.
///
/// Lookups do not mind case, hyphens or plurals.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    labels: Vec<String>,
    /// Singular names, lower case, one space between words.
    terms: HashMap<String, Term>,
    plurals: HashMap<String, String>,
    singulars: HashMap<String, String>,
    groups: Vec<String>,
    /// Every accepted basic term of a colour word; the first is the one that it is nearest to.
    colors: HashMap<String, Vec<String>>,
    /// Nouns with the colour words that make a kind of them: a "black bear" may be brown.
    color_kinds: BTreeMap<String, Vec<String>>,
    /// Words that make the colour behind them darker, lighter or purer.
    shading: Vec<String>,
    numbers: HashMap<String, u32>,
}

#[derive(Debug, Clone)]
struct Term {
    kind: MatchKind,
    /// Places in `Vocabulary::labels`.
    labels: Vec<usize>,
    complete: bool,
    sometimes: bool,
    /// Places of the labels that it names otherwise.
    senses: Vec<usize>,
}

impl Term {
    const fn new(kind: MatchKind, labels: Vec<usize>, complete: bool) -> Self {
        Self { kind, labels, complete, sometimes: false, senses: Vec::new() }
    }
}

/// How a word relates to the labels that it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchKind {
    /// The label itself: "dog".
    Exact,
    /// Another word for the same: "sofa" for `couch`.
    Synonym,
    /// A word that says more than its label: "puppy". The label can be seen, the rest cannot.
    Narrower,
    /// A word for any of several labels: "animal".
    Broader,
    /// A word for several of its label: "crowd".
    Collective,
    /// A thing that no label names: "tree".
    Thing,
}

/// Whether a word form is singular, plural, or both ("sheep").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GrammaticalNumber {
    /// "dog"
    Singular,
    /// "dogs"
    Plural,
    /// "sheep"
    Either,
}

/// A name found at the beginning of some words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermMatch<'v> {
    /// How it relates to its labels.
    pub kind: MatchKind,
    /// The name as the vocabulary has it, in the singular.
    pub term: &'v str,
    /// The labels: one, several for [`MatchKind::Broader`], none for [`MatchKind::Thing`].
    pub labels: Vec<&'v str>,
    /// Whether the labels are all that the word can mean, so that a miss of each is a miss of the word.
    pub complete: bool,
    /// Whether the word names its labels only sometimes: a "mouse" may be an animal, a "tie" the end of a match. What
    /// such a word names can be confirmed by its labels, but never called absent.
    pub sometimes: bool,
    /// What it names otherwise, where these labels are all that it can mean besides its own: a "kite" may be a bird.
    pub senses: Vec<&'v str>,
    /// How many of the words it takes up.
    pub words: usize,
    /// Whether it stands in the singular or the plural.
    pub number: GrammaticalNumber,
}

/// A vocabulary file is not sound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VocabularyError {
    /// It is not TOML of the expected shape.
    #[error("the vocabulary is not readable: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A word stands in two places.
    #[error("`{word}` stands for both `{first}` and `{second}`: keep one of them")]
    Ambiguous {
        /// The word.
        word: String,
        /// What it stood for before.
        first: String,
        /// What it is to stand for as well.
        second: String,
    },
    /// A word is said to name its label only sometimes, and names none at all.
    #[error(
        "`{0}` stands under `sometimes` (or its `senses`), and nowhere else: list it with a label, and under `words`, too, or take it out"
    )]
    Unplaced(String),
    /// A hypernym or a collective names a label that there is none of.
    #[error("`{word}` refers to the label `{label}`, which the vocabulary does not list")]
    UnknownLabel {
        /// The word.
        word: String,
        /// The label.
        label: String,
    },
    /// A kind is named by a word that is no colour.
    #[error(
        "`{word}` stands under `color_kinds` for `{noun}`, and is no color: list it under `colors` or take it out"
    )]
    NoColor {
        /// The noun.
        noun: String,
        /// The word.
        word: String,
    },
    /// A word is empty, too long or not in lower case.
    #[error("`{0}` cannot be a name: write one to {LONGEST_TERM} words in lower case")]
    BadWord(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    label: Vec<LabelEntry>,
    #[serde(default)]
    hypernym: Vec<HypernymEntry>,
    #[serde(default)]
    collectives: BTreeMap<String, String>,
    #[serde(default)]
    groups: WordList,
    #[serde(default)]
    things: WordList,
    #[serde(default)]
    sometimes: Sometimes,
    #[serde(default)]
    irregular_plurals: BTreeMap<String, String>,
    #[serde(default)]
    colors: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    shades: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    color_kinds: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    shading: WordList,
    #[serde(default)]
    numbers: BTreeMap<String, u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WordList {
    words: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sometimes {
    words: Vec<String>,
    #[serde(default)]
    senses: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LabelEntry {
    name: String,
    plural: Option<String>,
    #[serde(default)]
    synonyms: Vec<String>,
    #[serde(default)]
    kinds: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HypernymEntry {
    name: String,
    plural: Option<String>,
    labels: Vec<String>,
    #[serde(default)]
    complete: bool,
}

impl Vocabulary {
    /// The vocabulary of the eighty COCO labels, in English.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the file is part of the program; a test reads it"
    )]
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Vocabulary> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            Self::parse(include_str!("../data/vocabulary.toml")).expect("the built-in vocabulary is sound")
        })
    }

    /// Reads a vocabulary from TOML laid out as `data/vocabulary.toml` is.
    ///
    /// # Errors
    /// When the text is not of that layout, a word stands for two things, or an entry names an unknown label.
    pub fn parse(text: &str) -> Result<Self, VocabularyError> {
        let file: File = toml::from_str(text)?;
        let mut vocabulary = Self {
            labels: file.label.iter().map(|entry| entry.name.clone()).collect(),
            terms: HashMap::new(),
            plurals: HashMap::new(),
            singulars: HashMap::new(),
            groups: file.groups.words,
            colors: HashMap::new(),
            color_kinds: BTreeMap::new(),
            shading: file.shading.words,
            numbers: file.numbers.into_iter().collect(),
        };
        for (singular, plural) in file.irregular_plurals {
            vocabulary.learn_plural(&singular, &plural);
        }
        for (place, entry) in file.label.into_iter().enumerate() {
            if let Some(plural) = &entry.plural {
                vocabulary.learn_plural(&entry.name, plural);
            }
            let one = |kind| Term::new(kind, vec![place], true);
            vocabulary.learn(&entry.name, one(MatchKind::Exact))?;
            for word in &entry.synonyms {
                vocabulary.learn(word, one(MatchKind::Synonym))?;
            }
            for word in &entry.kinds {
                vocabulary.learn(word, one(MatchKind::Narrower))?;
            }
        }
        for entry in file.hypernym {
            if let Some(plural) = &entry.plural {
                vocabulary.learn_plural(&entry.name, plural);
            }
            let labels = entry
                .labels
                .iter()
                .map(|label| vocabulary.place_of(&entry.name, label))
                .collect::<Result<_, _>>()?;
            vocabulary.learn(&entry.name, Term::new(MatchKind::Broader, labels, entry.complete))?;
        }
        for (word, label) in file.collectives {
            let labels = vec![vocabulary.place_of(&word, &label)?];
            vocabulary.learn(&word, Term::new(MatchKind::Collective, labels, true))?;
        }
        for word in file.things.words {
            vocabulary.learn(&word, Term::new(MatchKind::Thing, Vec::new(), false))?;
        }
        for word in file.sometimes.words {
            match vocabulary.terms.get_mut(&word) {
                Some(term) => term.sometimes = true,
                None => return Err(VocabularyError::Unplaced(word)),
            }
        }
        for (word, labels) in file.sometimes.senses {
            let places = labels.iter().map(|label| vocabulary.place_of(&word, label));
            let senses = places.collect::<Result<_, _>>()?;
            match vocabulary.terms.get_mut(&word).filter(|term| term.sometimes) {
                Some(term) => term.senses = senses,
                None => return Err(VocabularyError::Unplaced(word)),
            }
        }
        for (basic, shades) in file.colors {
            for word in shades {
                vocabulary.learn_color(word, vec![basic.clone()])?;
            }
            vocabulary.learn_color(basic.clone(), vec![basic])?;
        }
        for (word, basics) in file.shades {
            vocabulary.learn_color(word, basics)?;
        }
        for (noun, colors) in file.color_kinds {
            if noun != normal(&noun) || noun.is_empty() {
                return Err(VocabularyError::BadWord(noun));
            }
            if let Some(word) = colors.iter().find(|word| vocabulary.color(word).is_none()) {
                return Err(VocabularyError::NoColor { noun, word: word.clone() });
            }
            vocabulary.color_kinds.insert(noun, colors);
        }
        Ok(vocabulary)
    }

    fn place_of(&self, word: &str, label: &str) -> Result<usize, VocabularyError> {
        self.labels
            .iter()
            .position(|known| known == label)
            .ok_or_else(|| VocabularyError::UnknownLabel { word: word.to_owned(), label: label.to_owned() })
    }

    fn learn(&mut self, word: &str, term: Term) -> Result<(), VocabularyError> {
        let count = word.split(' ').count();
        if word.is_empty() || count > LONGEST_TERM || word != normal(word) {
            return Err(VocabularyError::BadWord(word.to_owned()));
        }
        let name_of = |term: &Term| {
            term.labels.first().map_or_else(|| "no label".to_owned(), |&place| self.labels[place].clone())
        };
        if let Some(before) = self.terms.get(word) {
            return Err(VocabularyError::Ambiguous {
                word: word.to_owned(),
                first: name_of(before),
                second: name_of(&term),
            });
        }
        self.terms.insert(word.to_owned(), term);
        Ok(())
    }

    fn learn_plural(&mut self, singular: &str, plural: &str) {
        self.plurals.insert(singular.to_owned(), plural.to_owned());
        self.singulars.insert(plural.to_owned(), singular.to_owned());
    }

    fn learn_color(&mut self, word: String, basics: Vec<String>) -> Result<(), VocabularyError> {
        let key = normal(&word);
        if let Some(before) = self.colors.get(&key) {
            return Err(VocabularyError::Ambiguous {
                word,
                first: before.join(" or "),
                second: basics.join(" or "),
            });
        }
        self.colors.insert(key, basics);
        Ok(())
    }

    /// The labels, in the order of a detector's class index.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = &str> {
        self.labels.iter().map(String::as_str)
    }

    /// The labels that a phrase stands for: one for a label or a synonym, several for a hypernym, none for an
    /// unknown word. A phrase with modifiers ("a small brown dog") is looked up by its last words.
    pub fn labels_for(&self, phrase: &str) -> Vec<&str> {
        let phrase = normal(phrase);
        let words: Vec<&str> = phrase.split(' ').filter(|word| !word.is_empty()).collect();
        (words.len().saturating_sub(LONGEST_TERM)..words.len())
            .filter_map(|start| {
                self.longest_match(&words[start..]).filter(|found| found.words == words.len() - start)
            })
            .map(|found| found.labels)
            .next()
            .unwrap_or_default()
    }

    /// The longest name that the words begin with.
    pub fn longest_match(&self, words: &[&str]) -> Option<TermMatch<'_>> {
        (1..=words.len().min(LONGEST_TERM)).rev().find_map(|count| {
            let phrase = normal(&words[..count].join(" "));
            let (term, number) = self.term_of(&phrase)?;
            let (term, found) = self.terms.get_key_value(&term)?;
            Some(TermMatch {
                kind: found.kind,
                term,
                labels: found.labels.iter().map(|&place| self.labels[place].as_str()).collect(),
                complete: found.complete,
                sometimes: found.sometimes,
                senses: found.senses.iter().map(|&place| self.labels[place].as_str()).collect(),
                words: count,
                number,
            })
        })
    }

    /// The singular name that a phrase in lower case is a form of.
    fn term_of(&self, phrase: &str) -> Option<(String, GrammaticalNumber)> {
        if self.terms.contains_key(phrase) {
            let number = if self.plural(phrase) == phrase {
                GrammaticalNumber::Either
            } else if matches!(self.terms.get(phrase), Some(term) if term.kind == MatchKind::Collective) {
                // "The crowd are" and "the crowd is" are both English.
                GrammaticalNumber::Either
            } else {
                GrammaticalNumber::Singular
            };
            return Some((phrase.to_owned(), number));
        }
        let singular = self.singular(phrase);
        (singular != phrase && self.terms.contains_key(&singular))
            .then_some((singular, GrammaticalNumber::Plural))
    }

    /// Whether the word makes several of what follows its "of": "a group of people".
    pub fn is_group(&self, word: &str) -> bool {
        let word = normal(word);
        self.groups.contains(&word) || self.groups.contains(&self.singular(&word))
    }

    /// The basic colour term that a word is nearest to: "crimson" gives `red`, "dark-green" gives `green`. `None` for
    /// other words.
    pub fn color(&self, word: &str) -> Option<&str> {
        self.color_terms(word)?.first().map(String::as_str)
    }

    /// Every basic colour term that a word may stand for: "golden" is seen as yellow, brown or orange.
    /// Empty for words that are no colour.
    pub fn colors_for(&self, word: &str) -> Vec<&str> {
        self.color_terms(word).map(|basics| basics.iter().map(String::as_str).collect()).unwrap_or_default()
    }

    fn color_terms(&self, word: &str) -> Option<&Vec<String>> {
        let word = normal(word);
        self.colors.get(&word).or_else(|| {
            let (shade, color) = word.split_once(' ')?;
            self.colors.get(color).filter(|_| self.is_shading(shade) || is_tinge(shade))
        })
    }

    /// Whether the word makes a colour behind it darker, lighter or purer: "dark", "pale", and "reddish" in "reddish
    /// brown".
    pub fn is_shading(&self, word: &str) -> bool {
        let word = word.to_lowercase();
        self.shading.contains(&word) || (is_tinge(&word) && self.colors.contains_key(&word))
    }

    /// Whether a colour word before a noun names a kind of it and says little of its colour: "black" before "bear", "red"
    /// before "wine" and "wine glass". `noun` is all that stands behind the colour: of a "white coffee mug" it is the colour.
    pub fn names_a_kind(&self, color: &str, noun: &str) -> bool {
        let color = normal(color);
        let kinds = |noun: &str| self.color_kinds.get(noun).is_some_and(|colors| colors.contains(&color));
        kinds(&normal(noun)) || kinds(&self.singular(noun))
    }

    /// The number that a word or digits stand for: "two", "twenty-one", "12".
    pub fn number(&self, word: &str) -> Option<u32> {
        let word = word.to_lowercase();
        if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()) {
            return word.parse().ok();
        }
        if let Some((tens, units)) = word.split_once('-') {
            let (tens, units) = (*self.numbers.get(tens)?, *self.numbers.get(units)?);
            return (tens >= 20 && tens % 10 == 0 && (1..10).contains(&units)).then_some(tens + units);
        }
        self.numbers.get(&word).copied()
    }

    /// The word for a small number: `two` for 2; `None` where there is no single word for it.
    pub fn number_word(&self, number: u32) -> Option<&str> {
        // "dozen" and "hundred" need an article and are not numbers on their own.
        self.numbers
            .iter()
            .filter(|&(word, &value)| value == number && word != "dozen" && word != "hundred")
            .map(|(word, _)| word.as_str())
            .min()
    }
}

/// "Reddish", "bluish": less than a colour of its own where another follows.
fn is_tinge(word: &str) -> bool {
    word.ends_with("ish")
}

/// Lower case, hyphens and runs of white space as one space.
fn normal(phrase: &str) -> String {
    let lower = phrase.to_lowercase().replace(['-', '\u{2010}', '\u{2011}'], " ").replace('\u{2019}', "'");
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
