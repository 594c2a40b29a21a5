//! The nouns of a description without a tagger, and which words are alike.

use std::{
    collections::{HashMap, HashSet},
    io::{BufRead as _, BufReader},
    path::Path,
};

use crate::{EvalError, data::fault, metrics::amber::Vocabulary};

/// Plurals that no ending tells.
const IRREGULAR: [(&str, &str); 8] = [
    ("children", "child"),
    ("feet", "foot"),
    ("geese", "goose"),
    ("leaves", "leaf"),
    ("knives", "knife"),
    ("mice", "mouse"),
    ("shelves", "shelf"),
    ("teeth", "tooth"),
];

/// Endings of plurals with those of their singulars (the rules of WordNet's morphology for nouns).
const ENDINGS: [(&str, &str); 8] = [
    ("s", ""),
    ("ses", "s"),
    ("ves", "f"),
    ("xes", "x"),
    ("zes", "z"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("ies", "y"),
];

/// The words of a description that the vocabulary knows, each in the form in which it does, in their order.
///
/// The reference tags the words, takes the nouns and brings them to their singular with WordNet. Only words of the
/// vocabulary count, and those are nouns; so a word is taken for one where it is in it. Case counts, as there: a capital at
/// the start of a sentence keeps a word from being known.
pub(super) fn nouns(text: &str, vocabulary: &Vocabulary) -> Vec<String> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '-')
        .filter_map(|word| known_form(word, vocabulary))
        .collect()
}

fn known_form(word: &str, vocabulary: &Vocabulary) -> Option<String> {
    let irregular = IRREGULAR.iter().find(|(plural, _)| *plural == word).map(|(_, one)| (*one).to_owned());
    let men = word.strip_suffix("men").map(|stem| format!("{stem}man"));
    let endings =
        ENDINGS.iter().filter_map(|(plural, one)| Some(format!("{}{one}", word.strip_suffix(plural)?)));
    std::iter::once(word.to_owned())
        .chain(irregular)
        .chain(men)
        .chain(endings)
        .find(|form| vocabulary.knows(form))
}

/// Word vectors of the vocabulary's words: two are alike where the cosine between them is above a threshold.
#[derive(Debug, Default)]
pub(super) struct Vectors(HashMap<String, Vec<f32>>);

impl Vectors {
    /// Reads the vectors of the vocabulary's words out of a file with a word and its numbers a line (the text format of
    /// GloVe and word2vec). A name of several words has their mean.
    pub(super) fn read(path: &Path, vocabulary: &Vocabulary) -> Result<Self, EvalError> {
        let wanted: HashSet<&str> = vocabulary.words().flat_map(str::split_whitespace).collect();
        let file = std::fs::File::open(path).map_err(EvalError::file(path, "read"))?;
        let mut single: HashMap<String, Vec<f32>> = HashMap::new();
        let mut length = None;
        for (index, line) in BufReader::new(file).lines().enumerate() {
            let line = line.map_err(EvalError::file(path, "read"))?;
            let mut fields = line.split_whitespace();
            let Some(word) = fields.next() else { continue };
            if !wanted.contains(word) {
                continue;
            }
            let bad = |message: String| fault(path, Some(index + 1), message);
            let numbers = fields.map(str::parse).collect::<Result<Vec<f32>, _>>();
            let numbers = numbers.map_err(|error| {
                bad(format!("the vector of `{word}` holds something that is no number ({error})"))
            })?;
            if *length.get_or_insert(numbers.len()) != numbers.len() || numbers.is_empty() {
                return Err(bad(format!("the vector of `{word}` is not as long as those before it")));
            }
            single.insert(word.to_owned(), numbers);
        }
        let mean = |name: &str| {
            let parts: Vec<&Vec<f32>> = name.split_whitespace().filter_map(|word| single.get(word)).collect();
            let sum = |place: usize| parts.iter().map(|part| part[place]).sum::<f32>();
            Some((0..parts.first()?.len()).map(|place| sum(place) / parts.len() as f32).collect::<Vec<f32>>())
        };
        Ok(Self(vocabulary.words().filter_map(|name| Some((name.to_owned(), mean(name)?))).collect()))
    }

    /// How many words have a vector.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the cosine between two words is above a threshold; every word is like itself.
    pub(super) fn alike(&self, one: &str, other: &str, threshold: f32) -> bool {
        if one == other {
            return true;
        }
        let (Some(one), Some(other)) = (self.0.get(one), self.0.get(other)) else { return false };
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let size = dot(one, one).sqrt() * dot(other, other).sqrt();
        size > 0.0 && dot(one, other) / size > threshold
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vocabulary {
        let words = ["dog", "puppy", "bus", "box", "shelf", "woman", "glasses", "traffic light", "wolf"];
        Vocabulary::new(words.into_iter().map(|word| (word.to_owned(), Vec::new())).collect(), [])
    }

    #[test]
    fn nouns_are_known_in_the_plural_and_not_with_a_capital() {
        let text =
            "Dogs: two dogs, puppies, buses and boxes on shelves. Women; women with glasses see wolves.";
        assert_eq!(
            nouns(text, &vocabulary()),
            ["dog", "puppy", "bus", "box", "shelf", "woman", "glasses", "wolf"]
        );
    }

    #[test]
    fn words_are_alike_by_the_angle_between_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vectors.txt");
        std::fs::write(&path, "4 2\ndog 1 0\npuppy 2 0.1\nbus 0 1\ntraffic 1 1\n").unwrap();
        let vectors = Vectors::read(&path, &vocabulary()).unwrap();
        assert_eq!(vectors.len(), 4);
        assert!(vectors.alike("dog", "puppy", 0.8));
        assert!(!vectors.alike("dog", "bus", 0.8));
        assert!(!vectors.alike("dog", "traffic light", 0.8));
        assert!(vectors.alike("wolf", "wolf", 0.8));

        std::fs::write(&path, "dog 1 0\nbus 1\n").unwrap();
        let error = Vectors::read(&path, &vocabulary()).unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("bus"), "{error}");
    }
}
