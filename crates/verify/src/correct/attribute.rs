//! What becomes of an attribute that is wrong: its opposite, where that was measured, else the sentence without it.

use std::ops::Range;

use lavr_types::{Assertion, Claim};

use super::{
    compose::{Edits, cased_like},
    structure::list_around,
};
use crate::{
    extract::{WEATHER, subject_of, verb_before},
    text::{
        Reading,
        size::opposite_comparison,
        verbs::is_participle,
        words::{COPULAS, PREPOSITIONS},
    },
};

/// The edits that make the claim say the truth, or nothing. `false` where the sentence has to go.
pub(super) fn replace(
    reading: &Reading<'_>,
    edits: &mut Edits,
    index: usize,
    claim: &Claim,
    truth: Option<&Assertion>,
) -> bool {
    let Some(place) = reading.tokens.iter().position(|token| token.span.start == claim.span.start) else {
        return false;
    };
    let tokens = place..place + 1;
    // "Bigger than" becomes "smaller than".
    if let Some(Assertion::Attribute { attribute, .. }) = truth
        && let Some(opposite) = opposite_comparison(reading.word(place))
        && attribute.starts_with(opposite)
    {
        edits.add(claim.span, &cased_like(&claim.surface, opposite), &[index]);
        return true;
    }
    if WEATHER.contains(&reading.word(place)) || reading.word(place) == "at" {
        return weather(reading, edits, index, place);
    }
    if is_modifier(reading, &tokens) {
        edits.delete(reading, &tokens, &[index]);
        return true;
    }
    if let Some(verb) = verb_before(reading, place).filter(|_| !is_participle(reading.word(place))) {
        // "The dog is very large."
        let ends = !reading.phrases.iter().any(|phrase| phrase.tokens.start == place + 1)
            && reading.word(place + 1) != "than";
        if ends {
            edits.add(reading.span(&(verb + 1..place + 1)), "visible", &[index]);
        }
        return ends;
    }
    action(reading, edits, index, place)
}

/// Whether a word stands before a noun and can go: "a large dog".
pub(super) fn is_modifier(reading: &Reading<'_>, tokens: &Range<usize>) -> bool {
    reading.phrases.iter().any(|phrase| {
        phrase.tokens.start <= tokens.start && tokens.end <= phrase.head.start && !phrase.pronoun
    })
}

/// "On a sunny day" goes, and so does "it is a sunny day, and" before another clause.
fn weather(reading: &Reading<'_>, edits: &mut Edits, index: usize, place: usize) -> bool {
    let sentence = &reading.sentences[reading.sentence_of(place)];
    if reading.word(place) == "at" {
        edits.delete(reading, &(place..place + 2), &[index]);
        return true;
    }
    let article = matches!(reading.before(place), "a" | "an" | "the");
    let preposition = place.checked_sub(1 + usize::from(article)).filter(|at| sentence.contains(at));
    if let Some(at) = preposition.filter(|&at| PREPOSITIONS.contains(&reading.word(at))) {
        edits.delete(reading, &(at..place + 2), &[index]);
        return true;
    }
    let Some(comma) = (place..sentence.end).find(|&at| reading.word(at) == ",") else { return false };
    let clause = comma + 1 + usize::from(matches!(reading.word(comma + 1), "and" | "so" | "but" | "while"));
    let goes_on = reading
        .phrases
        .iter()
        .any(|phrase| phrase.tokens.start >= clause && phrase.tokens.end <= sentence.end);
    if goes_on {
        edits.delete(reading, &(sentence.start..clause), &[index]);
    }
    goes_on
}

/// "A man riding a horse" becomes "a man with a horse", "he sits on a bench" becomes "he is on a bench".
fn action(reading: &Reading<'_>, edits: &mut Edits, index: usize, place: usize) -> bool {
    let tokens = place..place + 1;
    let object = reading.phrase_starting_at(place + 1).is_some();
    let placed = PREPOSITIONS.contains(&reading.word(place + 1));
    let alone = reading.tokens.get(place + 1).is_none_or(|next| next.kind != crate::text::TokenKind::Word);
    if is_participle(reading.word(place)) {
        let predicate = COPULAS.contains(&reading.before(place));
        if object {
            edits.add(reading.span(&tokens), "with", &[index]);
        } else if placed || alone && !predicate {
            edits.delete(reading, &tokens, &[index]);
        } else if alone {
            edits.add(reading.span(&tokens), "visible", &[index]);
        } else {
            return false;
        }
        return true;
    }
    let Some(subject) = subject_of(reading, place) else { return false };
    let plural = reading.phrases[subject].is_plural() || list_around(reading, subject).len() > 1;
    let copula = if plural { "are" } else { "is" };
    let text = match (object, placed, alone) {
        (true, ..) => format!("{copula} with"),
        (_, true, _) => copula.to_owned(),
        (.., true) => format!("{copula} visible"),
        _ => return false,
    };
    edits.add(reading.span(&tokens), &text, &[index]);
    true
}
