//! From the words that a planner uses to the classes that the network knows.

use lavr_types::Vocabulary;

/// The classes that are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// For each class whether it is asked for.
    pub(crate) classes: Vec<bool>,
    /// Words that stand for no class.
    pub(crate) unknown: Vec<String>,
}

impl Wanted {
    /// Reads the words; none at all ask for every class.
    pub(crate) fn new(words: &[String], vocabulary: &Vocabulary) -> Self {
        if words.is_empty() {
            return Self { classes: vec![true; vocabulary.labels().len()], unknown: Vec::new() };
        }
        let mut wanted = Self { classes: vec![false; vocabulary.labels().len()], unknown: Vec::new() };
        for word in words {
            let labels = vocabulary.labels_for(word);
            if labels.is_empty() && !wanted.unknown.contains(word) {
                wanted.unknown.push(word.clone());
            }
            for (class, label) in vocabulary.labels().enumerate() {
                wanted.classes[class] |= labels.contains(&label);
            }
        }
        wanted
    }

    /// Whether any class is asked for.
    pub(crate) fn any(&self) -> bool {
        self.classes.contains(&true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> (Vec<String>, Vec<String>) {
        let vocabulary = Vocabulary::builtin();
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        let wanted = Wanted::new(&words, vocabulary);
        let labels = vocabulary
            .labels()
            .zip(&wanted.classes)
            .filter(|(_, asked)| **asked)
            .map(|(label, _)| label.to_owned());
        (labels.collect(), wanted.unknown)
    }

    #[test]
    fn synonyms_and_plurals_find_their_class() {
        assert_eq!(read(&["People", "puppies"]), (vec!["person".to_owned(), "dog".to_owned()], vec![]));
    }

    #[test]
    fn words_without_a_class_are_given_back() {
        assert_eq!(
            read(&["unicorn", "cat", "unicorn"]),
            (vec!["cat".to_owned()], vec!["unicorn".to_owned()])
        );
    }

    #[test]
    fn no_words_ask_for_everything() {
        assert_eq!(read(&[]).0.len(), 80);
    }
}
