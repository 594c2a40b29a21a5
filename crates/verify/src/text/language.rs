//! Whether a sentence is English enough to be read.

use lavr_types::Vocabulary;

use super::{Token, TokenKind};

const ENGLISH: &[&str] = &[
    "a", "an", "the", "is", "are", "was", "were", "of", "on", "at", "with", "and", "or", "to", "there",
    "this", "that", "it", "its", "his", "her", "their", "he", "she", "they", "by", "from", "next", "near",
    "no", "not", "has", "have", "wearing", "holding", "sitting", "standing", "which", "who", "behind",
    "under", "above", "left", "right", "another", "beside", "them", "between", "around", "along", "through",
    "these", "those", "been", "image", "picture", "shows", "front", "also", "only", "many", "few", "each",
    "other", "here", "you", "be", "sure", "yes", "overall", "can", "him", "below", "inside", "outside",
    "onto", "toward", "towards", "during", "where", "then", "than", "any", "some", "several", "two", "three",
    "both", "while", "into", "one",
];

/// Frequent short words of neighbours of English in the same script that are no English words.
const FOREIGN: &[&str] = &[
    // German, Dutch
    "der", "das", "ein", "eine", "einem", "einen", "einer", "eines", "und", "ist", "sind", "auf", "dem",
    "den", "mit", "nicht", "im", "zwei", "drei", "neben", "unter", "ueber", "vor", "hinter", "liegt",
    "sitzt", "steht", "het", "een", "van", "op", "naast", "zijn", "twee", "ik", "es",
    // Spanish, Portuguese, French, Italian
    "el", "los", "las", "un", "una", "unos", "y", "en", "del", "con", "hay", "dos", "tres", "sobre", "junto",
    "um", "uma", "e", "os", "da", "em", "com", "le", "les", "une", "des", "et", "est", "dans", "sur", "avec",
    "deux", "trois", "il", "lo", "gli", "di", "uno", "nel", "sul", "della", "che", "due", "la", "de", "du",
    "une",
];

/// Crude, and on the safe side: a sentence that is not clearly English has no claims for the lexical extractor.
pub(crate) fn is_english(tokens: &[Token], vocabulary: &Vocabulary) -> bool {
    let words: Vec<&str> = tokens
        .iter()
        .filter(|token| token.kind == TokenKind::Word)
        .map(|token| token.lower.as_str())
        .collect();
    if words.is_empty() {
        return tokens.iter().any(|token| token.kind == TokenKind::Quote);
    }
    let latin = words.iter().filter(|word| word.is_ascii()).count();
    if latin * 10 < words.len() * 7 {
        return false;
    }
    let english = function_words(&words);
    let foreign = words.iter().filter(|word| FOREIGN.contains(word)).count();
    let known = known_words(&words, vocabulary);
    // A long run of words without one that English cannot do without is something else.
    let enough = english * 12 >= words.len() || (known * 3 >= words.len());
    english + known > 0 && foreign <= english && enough
}

/// How many of the words show that a sentence is English.
pub(crate) fn english_words(tokens: &[Token], vocabulary: &Vocabulary) -> usize {
    let words = tokens.iter().filter(|token| token.kind == TokenKind::Word);
    let words: Vec<&str> = words.map(|token| token.lower.as_str()).collect();
    function_words(&words) + known_words(&words, vocabulary)
}

fn function_words(words: &[&str]) -> usize {
    words.iter().filter(|word| ENGLISH.contains(word)).count()
}

fn known_words(words: &[&str], vocabulary: &Vocabulary) -> usize {
    let known = |word: &&&str| {
        vocabulary.longest_match(&[word]).is_some()
            || vocabulary.color(word).is_some()
            || vocabulary.number(word).is_some()
    };
    words.iter().filter(known).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tokenize;

    #[test]
    fn english_is_told_from_its_neighbours() {
        for (text, english) in [
            ("A dog sits on a sofa.", true),
            ("Two red cars", true),
            ("Dog and cat in a park.", true),
            ("Ein Hund sitzt auf dem Sofa.", false),
            ("Hund und Katze im Auto", false),
            ("Die Katze liegt auf dem Bus.", false),
            ("Un perro y un gato en el sofa.", false),
            ("Un chat est sur la table.", false),
            ("\u{4e00}\u{53ea}\u{72d7}\u{548c}\u{4e00}\u{53ea}\u{732b}\u{3002}", false),
            ("Lorem ipsum dolor sit amet consectetur adipiscing elit", false),
            ("", false),
        ] {
            assert_eq!(is_english(&tokenize(text), Vocabulary::builtin()), english, "{text}");
        }
    }
}
