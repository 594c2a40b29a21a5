//! Verbs and pronouns that agree with a noun whose number has changed.

use std::ops::Range;

use super::{
    compose::{Edits, cased_like},
    structure::{existential_before, list_around, verb_of},
};
use crate::text::{
    Reading,
    verbs::{agreeing, finite_verb},
    words::{COPULAS, PREPOSITIONS},
};

/// Makes the verbs and pronouns that belong to a phrase agree with its new number.
pub(super) fn follow(reading: &Reading<'_>, edits: &mut Edits, phrase: usize, plural: bool, claim: usize) {
    let list = list_around(reading, phrase);
    if let Some(verb) = existential_before(reading, phrase) {
        agree(reading, edits, verb, plural, &[claim]);
    }
    if list.len() == 1
        && let Some(verb) = verb_of(reading, phrase)
    {
        verbs(reading, edits, verb, plural, &[claim]);
    }
    let person = reading.phrases[phrase].labels.iter().any(|label| label == "person");
    for (place, other) in reading.phrases.iter().enumerate() {
        if other.antecedent != Some(phrase) || person {
            continue;
        }
        let word = reading.word(other.tokens.start);
        // "Next to it": no verb follows an object.
        let object = verb_of(reading, place).is_none();
        let new = match (word, plural) {
            ("they" | "them", false) => "it",
            ("it", true) if object => "them",
            ("it", true) => "they",
            _ => continue,
        };
        let span = reading.span(&other.tokens);
        edits.add(span, &cased_like(span.of(reading.text).unwrap_or_default(), new), &[claim]);
        if let Some(verb) = verb_of(reading, place) {
            verbs(reading, edits, verb, plural, &[claim]);
        }
    }
}

/// A verb and those joined to it: "sits and watches".
pub(super) fn verbs(reading: &Reading<'_>, edits: &mut Edits, verb: usize, plural: bool, claims: &[usize]) {
    agree(reading, edits, verb, plural, claims);
    let sentence = &reading.sentences[reading.sentence_of(verb)];
    if !plural {
        alone(reading, edits, verb + 1..sentence.end, claims);
    }
    for place in verb + 1..sentence.end.saturating_sub(1) {
        let joined = reading.word(place) == "and"
            && finite_verb(reading.word(place + 1)).is_some()
            && !reading.phrases.iter().any(|phrase| phrase.tokens.contains(&(place + 1)));
        if joined {
            agree(reading, edits, place + 1, plural, claims);
        }
    }
}

/// Who is alone is not "next to each other", nor "together".
fn alone(reading: &Reading<'_>, edits: &mut Edits, places: Range<usize>, claims: &[usize]) {
    const COMPANY: [&[&str]; 3] = [&["each", "other"], &["one", "another"], &["together"]];

    let found = places.clone().find_map(|place| {
        let words = COMPANY.iter().find(|words| reading.words_at(place, words))?;
        Some((place, place + words.len()))
    });
    let Some((word, end)) = found else { return };
    let joins = |place: usize| {
        PREPOSITIONS.contains(&reading.before(place)) || matches!(reading.before(place), "next" | "close")
    };
    let mut start = word;
    while start > places.start && joins(start) {
        start -= 1;
    }
    let is = |place: usize| COPULAS.contains(&reading.before(place));
    // "Stand facing each other", but "are hugging each other".
    if start == word && start > places.start && reading.before(start).ends_with("ing") && !is(start - 1) {
        start -= 1;
    }
    if is(start) {
        edits.add(reading.span(&(start..end)), "visible", claims);
    } else {
        edits.delete(reading, &(start..end), claims);
    }
}

pub(super) fn agree(reading: &Reading<'_>, edits: &mut Edits, verb: usize, plural: bool, claims: &[usize]) {
    let word = reading.word(verb);
    let Some(form) = agreeing(word, plural) else { return };
    if form != word {
        let span = reading.span(&(verb..verb + 1));
        edits.add(span, &cased_like(span.of(reading.text).unwrap_or_default(), &form), claims);
    }
}
