//! Which things of a text may stand there under a wrong name: those that their sentence is about; and what they may be instead.
//!
//! What is invented is mostly added, in a sentence of its own or at the end of one, and nothing else hangs on it: "A cow stands next to
//! him." What is taken for something else carries what is said with it: "A man rides on a horse and waves", and what is described was seen:
//! "A brown cow stands next to him."

use std::collections::BTreeMap;

use lavr_types::{Span, Vocabulary};

use crate::text::{Determiner, NounPhrase, Reading};

/// Words before a thing that is added to what the sentence is about.
const ADDED: &[&str] = &["and", "or", "to", "beside", "besides", "near", "by", "plus", ","];

/// Words that tell a thing from others of its kind, and nothing of what it is like.
const COMPANY: &[&str] = &["another", "more", "other", "second", "third"];

/// Families of things that are alike, as the vocabulary names them.
const FAMILIES: &[&str] =
    &["animal", "vehicle", "furniture", "fruit", "vegetable", "cutlery", "board", "bag"];

/// Whether two labels share a family.
pub(crate) fn are_kin(one: &str, other: &str, vocabulary: &Vocabulary) -> bool {
    FAMILIES.iter().any(|family| {
        let members = vocabulary.labels_for(family);
        members.contains(&one) && members.contains(&other)
    })
}

/// Labels of things that stand, lie or are used in the same places.
const WIDE_FAMILIES: &[&[&str]] = &[
    &["bicycle", "motorcycle", "horse", "elephant", "skateboard", "surfboard", "snowboard", "skis"],
    &["banana", "apple", "orange", "broccoli", "carrot", "sandwich", "hot dog", "pizza", "donut", "cake"],
    &[
        "backpack",
        "handbag",
        "suitcase",
        "umbrella",
        "bottle",
        "wine glass",
        "cup",
        "fork",
        "knife",
        "spoon",
        "bowl",
        "potted plant",
        "tv",
        "laptop",
        "mouse",
        "remote",
        "keyboard",
        "cell phone",
        "book",
        "clock",
        "vase",
        "scissors",
        "teddy bear",
        "hair drier",
        "toothbrush",
    ],
];

/// Other labels that what carries its sentence may be taken for, though they are not alike.
pub(crate) fn wide_kin_of(label: &str) -> Vec<String> {
    let families =
        WIDE_FAMILIES.iter().filter(|members| members.contains(&label)).flat_map(|members| *members);
    families.filter(|other| **other != label).map(|other| (*other).to_owned()).collect()
}

/// For the things that a text in English names, by the place of their words, whether they carry their sentence.
pub(crate) fn carriers(text: &str, vocabulary: &Vocabulary) -> BTreeMap<Span, bool> {
    let reading = Reading::new(text, vocabulary);
    let phrases = reading.named();
    let is_carrier = |place: usize, phrase: &NounPhrase| {
        let is_spoken_of = phrase.sentence == 0
            || introduces_more(phrases, place)
            || is_referred_to(&reading.phrases, place);
        phrase.negation.is_none()
            && (is_described(&reading, phrase) || !is_added(&reading, phrase) && is_spoken_of)
    };
    let things = phrases.iter().enumerate().filter(|(_, phrase)| !phrase.labels.is_empty());
    things.map(|(place, phrase)| (reading.span(&phrase.head), is_carrier(place, phrase))).collect()
}

/// What a text in English begins with: its first thing, where that carries its sentence.
pub(crate) fn beginning(text: &str, vocabulary: &Vocabulary) -> Option<Span> {
    let reading = Reading::new(text, vocabulary);
    let first = reading.named().first().map(|phrase| reading.span(&phrase.head))?;
    carriers(text, vocabulary).get(&first).filter(|carries| **carries).map(|_| first)
}

/// Whether it is put beside something that comes before it in its sentence.
fn is_added(reading: &Reading<'_>, phrase: &NounPhrase) -> bool {
    ADDED.contains(&reading.before(phrase.tokens.start))
}

/// Whether the text says what it is like: what is made up mostly has no more than a name.
fn is_described(reading: &Reading<'_>, phrase: &NounPhrase) -> bool {
    let named_from = match (&phrase.quantity, &phrase.group, phrase.determiner_at) {
        (_, Some(group), _) => group.end,
        (Some(quantity), ..) => quantity.tokens.end,
        (None, None, Some(determiner)) => determiner + 1,
        (None, None, None) => phrase.tokens.start,
    };
    let is_description = |at: usize| !COMPANY.contains(&reading.word(at));
    phrase.determiner != Determiner::Definite && (named_from..phrase.head.start).any(is_description)
}

/// Whether its sentence speaks for the first time of something else that could be seen.
fn introduces_more(phrases: &[NounPhrase], place: usize) -> bool {
    let sentence = phrases[place].sentence;
    phrases.iter().enumerate().any(|(other, phrase)| {
        let is_new = matches!(phrase.determiner, Determiner::Indefinite) || phrase.quantity.is_some();
        other != place && phrase.sentence == sentence && is_new
    })
}

/// Whether a later sentence speaks of it again.
fn is_referred_to(phrases: &[NounPhrase], place: usize) -> bool {
    let thing = &phrases[place];
    phrases[place + 1..].iter().any(|phrase| {
        phrase.sentence > thing.sentence
            && (phrase.antecedent == Some(place)
                || phrase.possessor == Some(place)
                || phrase.same_thing(thing))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carried(text: &str) -> Vec<&str> {
        let carriers = carriers(text, Vocabulary::builtin());
        carriers.iter().filter(|(_, carries)| **carries).filter_map(|(span, _)| span.of(text)).collect()
    }

    #[test]
    fn what_a_sentence_is_about_may_be_another_thing() {
        assert_eq!(carried("A man rides on a horse and waves."), ["man", "horse"]);
        assert_eq!(carried("There is a lawn. Many boats drive along a wide highway."), ["boats"]);
        assert_eq!(carried("There is a table. A clock hangs over it. It is red."), ["table", "clock"]);
    }

    #[test]
    fn what_is_described_carries_what_is_said_of_it() {
        let described = [
            ("A dog runs. A brown cow stands next to it.", "cow"),
            ("A dog runs. An open laptop lies on the floor.", "laptop"),
            ("A dog runs beside small horses.", "horses"),
        ];
        for (text, thing) in described {
            assert!(carried(text).contains(&thing), "{text}");
        }
        for text in
            ["A dog runs. Another cow stands next to it.", "A dog runs. Two other cows stand next to it."]
        {
            assert_eq!(carried(text), ["dog"], "{text}");
        }
    }

    #[test]
    fn a_text_begins_with_what_it_names_first() {
        let begins =
            |text: &'static str| beginning(text, Vocabulary::builtin()).and_then(|span| span.of(text));
        assert_eq!(begins("Many horses stand in a street. A car is red."), Some("horses"));
        assert_eq!(begins("On a wide meadow stands a horse."), None);
        assert_eq!(begins("There is no dog."), None);
    }

    #[test]
    fn what_is_added_is_rather_invented() {
        assert_eq!(carried("A dog runs. A cow stands next to the dog."), ["dog"]);
        assert_eq!(carried("Two cups stand on a table next to a vase."), ["cups", "table"]);
        assert_eq!(carried("They are served with broccoli and a sandwich."), ["broccoli"]);
    }
}
