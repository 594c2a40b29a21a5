//! AMBER: answers to questions, where *no* is the positive class, and the words of descriptions.
//!
//! Source: Wang and others, "AMBER: An LLM-free Multi-dimensional Benchmark for MLLMs Hallucination Evaluation", 2023.
//!
//! The reference counts the denominators up from 0.001, rounds precision and recall before it takes their F1, and adds
//! another small number there. All of that shows in the last digit, so all of it is done here.

use std::collections::{BTreeMap, HashSet};

use super::{round::round, yes_no::Confusion};

/// Where each denominator starts.
const START: f64 = 0.001;

/// What a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dimension {
    /// Whether an object is there.
    Existence,
    /// What state an object is in.
    State,
    /// How many there are.
    Number,
    /// What is done.
    Action,
    /// How objects stand to each other.
    Relation,
}

impl Dimension {
    /// The dimension of an annotation's `type`. The reference takes every type that it does not know for relation.
    pub fn of(kind: &str) -> Self {
        match kind {
            "discriminative-hallucination" => Self::Existence,
            "discriminative-attribute-state" => Self::State,
            "discriminative-attribute-number" => Self::Number,
            "discriminative-attribute-action" => Self::Action,
            _ => Self::Relation,
        }
    }
}

/// The rows that AMBER prints, each over one dimension or several.
pub const ROWS: [(&str, &[Dimension]); 7] = [
    (
        "all",
        &[Dimension::Existence, Dimension::State, Dimension::Number, Dimension::Action, Dimension::Relation],
    ),
    ("existence", &[Dimension::Existence]),
    ("attribute", &[Dimension::State, Dimension::Number, Dimension::Action]),
    ("state", &[Dimension::State]),
    ("number", &[Dimension::Number]),
    ("action", &[Dimension::Action]),
    ("relation", &[Dimension::Relation]),
];

/// AMBER's numbers for questions, in percent, one digit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Right answers.
    pub accuracy: f64,
    /// Right ones of the answers no.
    pub precision: f64,
    /// Answers no of the labels no.
    pub recall: f64,
    /// Of both.
    pub f1: f64,
}

/// The numbers of some answers; `dimensions` are those that they are from.
pub fn rates(answers: &Confusion, dimensions: &[Dimension]) -> Rates {
    // The row over everything has counters of its own, attribute adds up three.
    let starts = if dimensions.len() == 3 { 3.0 } else { 1.0 };
    let percent = |part: usize, whole: usize| round(part as f64 / (starts * START + whole as f64) * 100.0, 1);
    let said_no = answers.true_negatives + answers.false_negatives;
    let label_no = answers.all() - answers.positives();
    let precision = percent(answers.true_negatives, said_no);
    let recall = percent(answers.true_negatives, label_no);
    let slack = if dimensions == [Dimension::Existence] { 0.001 } else { 0.0001 };
    let (p, r) = (precision / 100.0, recall / 100.0);
    Rates {
        accuracy: percent(answers.true_positives + answers.true_negatives, answers.all()),
        precision,
        recall,
        f1: round(2.0 * p * r / (p + r + slack) * 100.0, 1),
    }
}

/// Which words AMBER knows: an object's name with the words that mean it, and words that are never held against anyone.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    relation: BTreeMap<String, Vec<String>>,
    safe: HashSet<String>,
    known: HashSet<String>,
}

impl Vocabulary {
    /// The vocabulary of `relation.json` and `safe_words.txt`.
    pub fn new(relation: BTreeMap<String, Vec<String>>, safe: impl IntoIterator<Item = String>) -> Self {
        let known = relation.iter().flat_map(|(name, words)| std::iter::once(name).chain(words)).cloned();
        Self { known: known.collect(), relation, safe: safe.into_iter().collect() }
    }

    /// Whether a noun counts at all.
    pub fn knows(&self, noun: &str) -> bool {
        self.known.contains(noun)
    }

    /// Whether a word is an object's name, with words that mean it.
    pub fn names(&self, object: &str) -> bool {
        self.relation.contains_key(object)
    }

    /// All words that count.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.known.iter().map(String::as_str)
    }

    /// The words for some objects with the object's place: first what means each of them, then their own names.
    fn spread<'w>(&'w self, objects: &'w [String]) -> Vec<(&'w str, usize)> {
        let meanings = objects.iter().enumerate().flat_map(|(place, object)| {
            let words = self.relation.get(object).map(Vec::as_slice).unwrap_or_default();
            words.iter().map(move |word| (word.as_str(), place))
        });
        let names = objects.iter().enumerate().map(|(place, object)| (object.as_str(), place));
        meanings.chain(names).collect()
    }
}

/// What a description's picture holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Objects {
    /// The objects that are there.
    pub truth: Vec<String>,
    /// Objects that are not, and that people would expect there.
    pub likely: Vec<String>,
}

/// What descriptions named, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Named {
    /// Nouns that mean no object of the picture.
    pub hallucinated: usize,
    /// All nouns that count.
    pub nouns: usize,
    /// Objects of the pictures that were named.
    pub covered: usize,
    /// Objects of the pictures.
    pub objects: usize,
    /// Absent objects that people would expect, named.
    pub expected: usize,
    /// Absent objects that people would expect.
    pub expectable: usize,
    /// Descriptions without a hallucinated noun.
    pub clean: usize,
    /// Descriptions.
    pub descriptions: usize,
}

impl std::ops::AddAssign for Named {
    fn add_assign(&mut self, other: Self) {
        self.hallucinated += other.hallucinated;
        self.nouns += other.nouns;
        self.covered += other.covered;
        self.objects += other.objects;
        self.expected += other.expected;
        self.expectable += other.expectable;
        self.clean += other.clean;
        self.descriptions += other.descriptions;
    }
}

/// AMBER's numbers for descriptions, in percent, one digit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DescriptionRates {
    /// Hallucinated nouns of all.
    pub chair: f64,
    /// Objects named of all.
    pub cover: f64,
    /// Descriptions with a hallucinated noun.
    pub hal: f64,
    /// Absent objects that people would expect, named, of all such.
    pub cog: f64,
}

impl Named {
    /// AMBER's numbers.
    pub fn rates(&self) -> DescriptionRates {
        let percent = |part: usize, whole: usize| part as f64 / (START + whole as f64) * 100.0;
        DescriptionRates {
            chair: round(percent(self.hallucinated, self.nouns), 1),
            cover: round(percent(self.covered, self.objects), 1),
            hal: round(100.0 - percent(self.clean, self.descriptions), 1),
            cog: round(percent(self.expected, self.expectable), 1),
        }
    }
}

/// What one description named, by its nouns in their singular.
///
/// `similar` tells whether two words mean the same; a word must be similar to itself. The reference asks word vectors for a
/// cosine above 0.8.
pub fn named(
    nouns: &[String],
    objects: &Objects,
    vocabulary: &Vocabulary,
    similar: impl Fn(&str, &str) -> bool,
) -> Named {
    let truth = vocabulary.spread(&objects.truth);
    let likely = vocabulary.spread(&objects.likely);
    let (mut covered, mut expected) = (HashSet::new(), HashSet::new());
    let (mut hallucinated, mut counted) = (0, 0);
    for noun in nouns.iter().filter(|noun| vocabulary.knows(noun)) {
        counted += 1;
        if vocabulary.safe.contains(noun) {
            continue;
        }
        let same =
            |words: &[(&str, usize)]| words.iter().find(|(word, _)| word == noun).map(|(_, place)| *place);
        let alike = |words: &[(&str, usize)]| {
            words.iter().find(|(word, _)| similar(noun, word)).map(|(_, place)| *place)
        };
        if let Some(place) = same(&truth) {
            covered.insert(place);
            continue;
        }
        expected.extend(same(&likely));
        expected.extend(alike(&likely));
        match alike(&truth) {
            Some(place) => {
                covered.insert(place);
            }
            None => hallucinated += 1,
        }
    }
    Named {
        hallucinated,
        nouns: counted,
        covered: covered.len(),
        objects: objects.truth.len(),
        expected: expected.len(),
        expectable: objects.likely.len(),
        clean: usize::from(hallucinated == 0),
        descriptions: 1,
    }
}
