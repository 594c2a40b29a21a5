//! Verbs and pronouns that agree with a noun whose number has changed.

use super::{
    compose::{Edits, cased_like},
    structure::{existential_before, list_around, verb_of},
};
use crate::text::{
    Reading,
    verbs::{agreeing, finite_verb},
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
    for place in verb + 1..sentence.end.saturating_sub(1) {
        let joined = reading.word(place) == "and"
            && finite_verb(reading.word(place + 1)).is_some()
            && !reading.phrases.iter().any(|phrase| phrase.tokens.contains(&(place + 1)));
        if joined {
            agree(reading, edits, place + 1, plural, claims);
        }
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
