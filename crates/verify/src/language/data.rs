//! A language's words, as its data file lists them.

use std::collections::{BTreeMap, HashMap, HashSet};

use lavr_types::Vocabulary;
use serde::Deserialize;

use super::file::{File, colors, nouns};

/// The most words that a noun of a data file may have.
pub(super) const LONGEST_NOUN: usize = 4;

/// A language file is not sound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum LanguageError {
    /// It is not TOML of the expected shape.
    #[error("the language file is not readable: {0}")]
    Syntax(#[from] toml::de::Error),
    /// It has a noun for a label that the vocabulary does not list, or none for one that it does.
    #[error("{language}: `{label}` must be a label of the vocabulary, and every label must have a noun")]
    Label {
        /// The language.
        language: String,
        /// The label.
        label: String,
    },
    /// A table lacks something that the language's grammar needs.
    #[error("{language}: {message}")]
    Incomplete {
        /// The language.
        language: String,
        /// What is missing, and where.
        message: String,
    },
}

/// How words are set off from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Script {
    /// By spaces.
    Latin,
    /// Not at all.
    Han,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Gender {
    #[serde(rename = "m")]
    Masculine,
    #[serde(rename = "f")]
    Feminine,
    #[serde(rename = "n")]
    Neuter,
}

/// How a colour word follows its noun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Agreement {
    /// A stem with an ending that any stem takes.
    Endings,
    /// Four forms: masculine, feminine, masculine plural, feminine plural.
    GenderNumber,
    /// Not at all.
    None,
}

/// A text of which nothing would be left says this.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Denial {
    pub(crate) singular: String,
    pub(crate) plural: String,
    m: String,
    f: String,
    n: String,
    p: String,
}

impl Denial {
    pub(crate) fn no(&self, gender: Option<Gender>, plural: bool) -> &str {
        match gender {
            _ if plural => &self.p,
            Some(Gender::Masculine) | None => &self.m,
            Some(Gender::Feminine) => &self.f,
            Some(Gender::Neuter) => &self.n,
        }
    }
}

/// The noun that is written for a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Noun {
    pub(crate) gender: Option<Gender>,
    pub(crate) singular: String,
    /// As the singular, in a language whose nouns have no number.
    pub(crate) plural: String,
    /// Its singular has other forms outside the nominative.
    pub(crate) weak: bool,
    /// The word between a number and it; the first is written.
    pub(crate) classifiers: Vec<String>,
}

/// A form of a noun as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NounForm {
    pub(crate) label: String,
    /// `None` where the form is of either number.
    pub(crate) plural: Option<bool>,
    /// It says more than the label does: the label can be seen, the rest cannot.
    pub(crate) narrower: bool,
    /// `None` for words other than the one that is written: it may be another there.
    pub(crate) gender: Option<Gender>,
    /// Whether it is the nominative of the noun that is written for the label.
    pub(crate) plain: bool,
    /// Whether it is that noun's oblique plural.
    pub(crate) oblique_plural: bool,
}

/// What the form of a colour word says of its noun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ColorForm {
    /// It ends in this; any other colour's stem takes the ending.
    Ending(String),
    /// It takes no ending where others would.
    Fixed,
    /// It is in these of the four forms.
    Slots([bool; 4]),
    /// It is written in this place of its list.
    Place(usize),
}

/// A colour word as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Color {
    /// The basic term in English.
    pub(crate) basic: String,
    pub(crate) form: ColorForm,
}

/// A language that texts can be read and mended in.
#[derive(Debug, Clone)]
pub(crate) struct Language {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) script: Script,
    pub(crate) agreement: Agreement,
    pub(crate) denial: Denial,
    pub(crate) oblique_plural: Option<String>,
    pub(crate) presentatives: Vec<String>,
    /// What stands before one thing behind those, by gender.
    one: BTreeMap<String, String>,
    pub(crate) places: Vec<String>,
    /// Before a place they make a way of it: "nach links".
    pub(crate) directions: Vec<String>,
    pub(crate) at_least: Vec<String>,
    pub(crate) at_most: Vec<String>,
    pub(crate) hedges: Vec<String>,
    pub(crate) affirm: BTreeMap<String, String>,
    pub(crate) shades: Vec<String>,
    prefixes: Vec<String>,
    words: HashMap<&'static str, HashSet<String>>,
    number_values: HashMap<String, u32>,
    number_words: BTreeMap<u32, String>,
    colors: HashMap<String, Color>,
    /// What is written for a colour: one stem, four forms, or a form a place.
    color_forms: BTreeMap<String, Vec<String>>,
    noun_forms: HashMap<String, NounForm>,
    nouns: BTreeMap<String, Noun>,
    classifiers: HashSet<String>,
    /// The longest entry in characters, for a script without spaces.
    longest: usize,
}

impl Language {
    /// Reads a language file.
    ///
    /// # Errors
    /// When it is not TOML of the expected shape, or does not fit the vocabulary.
    pub(crate) fn parse(text: &str, vocabulary: &Vocabulary) -> Result<Self, LanguageError> {
        let file: File = toml::from_str(text)?;
        let label = |label: &str| LanguageError::Label { language: file.name.clone(), label: label.into() };
        if let Some(unknown) =
            file.nouns.keys().find(|noun| !vocabulary.labels().any(|label| label == **noun))
        {
            return Err(label(unknown));
        }
        if let Some(missing) = vocabulary.labels().find(|label| !file.nouns.contains_key(*label)) {
            return Err(label(missing));
        }
        let incomplete = |message: String| LanguageError::Incomplete { language: file.name.clone(), message };
        let mut number_values = HashMap::new();
        let mut number_words = BTreeMap::new();
        for (value, words) in &file.numbers {
            let value: u32 =
                value.parse().map_err(|_| incomplete(format!("`{value}` in [numbers] is no number")))?;
            let first = words.first().ok_or_else(|| incomplete(format!("no word for {value}")))?;
            number_words.insert(value, first.clone());
            number_values.extend(words.iter().map(|word| (word.clone(), value)));
        }
        let (colors, color_forms) = colors(&file.colors, vocabulary).map_err(incomplete)?;
        let (nouns, noun_forms) = nouns(&file).map_err(incomplete)?;
        let set = |words: &[String]| words.iter().cloned().collect::<HashSet<String>>();
        let words = HashMap::from([
            ("function", set(&file.function_words)),
            ("foreign", set(&file.foreign_words)),
            ("article", set(&file.articles)),
            ("and", set(&file.and)),
            ("or", set(&file.or)),
            ("preposition", set(&file.prepositions)),
            ("denial", set(&file.denials)),
            ("negation", set(&file.negations)),
            ("several", set(&file.several)),
            ("plural verb", set(&file.plural_verbs)),
            ("copula", set(&file.copulas)),
            ("plural mark", set(&file.plural_marks)),
            ("other", set(&file.other_words)),
            ("hedge", set(&file.hedges)),
            ("pronoun", set(&file.pronouns)),
            ("place", set(&file.places)),
            ("bound", file.at_least.iter().chain(&file.at_most).cloned().collect()),
        ]);
        let entries = words.values().flatten().chain(number_values.keys()).chain(colors.keys());
        let longest =
            entries.chain(noun_forms.keys()).map(|entry| entry.chars().count()).max().unwrap_or_default();
        Ok(Self {
            classifiers: nouns.values().flat_map(|noun| noun.classifiers.iter().cloned()).collect(),
            code: file.code,
            name: file.name,
            script: file.script,
            agreement: file.colors.agreement,
            denial: file.denial,
            oblique_plural: file.oblique_plural,
            presentatives: file.presentatives,
            one: file.one,
            places: file.places,
            directions: file.directions,
            at_least: file.at_least,
            at_most: file.at_most,
            hedges: file.hedges,
            affirm: file.affirm,
            shades: file.colors.shades,
            prefixes: file.colors.prefixes,
            words,
            number_values,
            number_words,
            colors,
            color_forms,
            noun_forms,
            nouns,
            longest,
        })
    }

    /// Whether a word in lower case stands in a list.
    pub(crate) fn lists(&self, list: &'static str, word: &str) -> bool {
        self.words.get(list).is_some_and(|words| words.contains(word))
    }

    pub(crate) fn is_classifier(&self, word: &str) -> bool {
        self.classifiers.contains(word)
    }

    /// Whether it is a word of the tables at all.
    pub(crate) fn knows(&self, word: &str) -> bool {
        self.words.iter().any(|(list, words)| *list != "foreign" && words.contains(word))
            || self.number_values.contains_key(word)
            || self.noun_forms.contains_key(word)
            || self.is_classifier(word)
            || self.color(word).is_some()
    }

    pub(super) const fn longest(&self) -> usize {
        self.longest
    }

    /// The number that a word or digits stand for.
    pub(crate) fn number(&self, word: &str) -> Option<u32> {
        if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()) {
            return word.parse().ok();
        }
        self.number_values.get(word).copied()
    }

    /// The word that is written for a number.
    pub(crate) fn number_word(&self, number: u32) -> Option<&str> {
        self.number_words.get(&number).map(String::as_str)
    }

    /// The colour that a word in lower case says, with its form.
    pub(crate) fn color(&self, word: &str) -> Option<Color> {
        let bare =
            || self.prefixes.iter().find_map(|prefix| self.colors.get(word.strip_prefix(prefix.as_str())?));
        self.colors.get(word).or_else(bare).cloned()
    }

    /// What is written for a basic colour.
    pub(crate) fn color_forms(&self, basic: &str) -> Option<&[String]> {
        self.color_forms.get(basic).map(Vec::as_slice)
    }

    /// The label that a noun in lower case stands for, with its form.
    pub(crate) fn noun(&self, word: &str) -> Option<&NounForm> {
        self.noun_forms.get(word)
    }

    /// What stands before one thing of a gender behind a presentative: "es gibt einen".
    pub(crate) fn one(&self, gender: Gender) -> Option<&str> {
        let key = match gender {
            Gender::Masculine => "m",
            Gender::Feminine => "f",
            Gender::Neuter => "n",
        };
        self.one.get(key).map(String::as_str)
    }

    /// The noun that is written for a label.
    pub(crate) fn noun_for(&self, label: &str) -> Option<&Noun> {
        self.nouns.get(label)
    }
}
