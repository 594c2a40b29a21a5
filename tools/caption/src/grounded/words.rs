//! Counts, articles and lists in English.

use lavr_types::Vocabulary;

/// Labels that come in the plural only and are counted as pairs.
const PAIRS: [&str; 2] = ["scissors", "skis"];

/// Labels that are not counted.
const MASSES: [&str; 1] = ["broccoli"];

/// More than this many are counted with "at least": crowds hide each other.
const SURE_COUNT: usize = 5;

/// "a dog", "two brown dogs", "at least seven people", "a pair of scissors".
pub(super) fn counted(count: usize, color: Option<&str>, label: &str) -> String {
    let vocabulary = Vocabulary::builtin();
    let noun = |noun: &str| color.map_or_else(|| noun.to_owned(), |color| format!("{color} {noun}"));
    if MASSES.contains(&label) {
        return noun(label);
    }
    let is_pair = PAIRS.contains(&label);
    if count == 1 {
        return if is_pair {
            with_article(&format!("pair of {}", noun(label)))
        } else {
            with_article(&noun(label))
        };
    }
    let number = u32::try_from(count)
        .ok()
        .filter(|&number| number <= 12)
        .and_then(|number| vocabulary.number_word(number))
        .map_or_else(|| count.to_string(), str::to_owned);
    let nouns = if is_pair { format!("pairs of {}", noun(label)) } else { noun(&vocabulary.plural(label)) };
    let at_least = if count > SURE_COUNT { "at least " } else { "" };
    format!("{at_least}{number} {nouns}")
}

/// With "a" or "an".
pub(super) fn with_article(phrase: &str) -> String {
    let vowel = phrase.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {phrase}", if vowel { "an" } else { "a" })
}

/// "a", "a and b", "a, b and c".
pub(super) fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// With a capital first letter.
pub(super) fn capitalized(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_agree_with_their_nouns() {
        let cases = [
            (1, None, "dog", "a dog"),
            (1, None, "umbrella", "an umbrella"),
            (1, Some("orange"), "cat", "an orange cat"),
            (2, Some("brown"), "dog", "two brown dogs"),
            (3, None, "person", "three people"),
            (2, None, "knife", "two knives"),
            (3, None, "sheep", "three sheep"),
            (7, None, "person", "at least seven people"),
            (23, None, "bird", "at least 23 birds"),
            (1, None, "scissors", "a pair of scissors"),
            (1, Some("green"), "broccoli", "green broccoli"),
        ];
        for (count, color, label, expected) in cases {
            assert_eq!(counted(count, color, label), expected);
        }
    }

    #[test]
    fn lists_end_with_and() {
        let parts = ["a cup", "a cat", "two dogs"].map(str::to_owned);
        assert_eq!(list(&parts), "a cup, a cat and two dogs");
        assert_eq!(list(&parts[..1]), "a cup");
    }
}
