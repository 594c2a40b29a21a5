//! Puts what was measured in the place of what was claimed.

use std::collections::{BTreeMap, BTreeSet};

use lavr_types::{
    Assertion, Claim, CountBound, Entity, Judgement, Span, Verdict, Vocabulary, perception::SpatialRelation,
};

use super::{
    agreement, attribute, color,
    compose::{Edits, cased_like},
};
use crate::text::{Owner, Reading};

/// A text read in a picture is cut off here before it stands in an answer.
const LONGEST_TEXT: usize = 200;

/// The words for a relation: between two things, or of one thing within the picture.
pub(crate) fn words_for(relation: SpatialRelation, has_object: bool) -> &'static str {
    match (relation, has_object) {
        (SpatialRelation::LeftOf, true) => "to the left of",
        (SpatialRelation::LeftOf, false) => "on the left",
        (SpatialRelation::RightOf, true) => "to the right of",
        (SpatialRelation::RightOf, false) => "on the right",
        (SpatialRelation::Above, true) => "above",
        (SpatialRelation::Above, false) => "at the top",
        (SpatialRelation::Below, true) => "below",
        (SpatialRelation::Below, false) => "at the bottom",
        (SpatialRelation::Inside, _) => "in",
        (SpatialRelation::Contains, _) => "around",
        (SpatialRelation::On, _) => "on",
        (SpatialRelation::Center, _) => "in the middle",
        (SpatialRelation::Between, _) => "between",
        (SpatialRelation::InFrontOf, _) => "in front of",
        (SpatialRelation::Behind, _) => "behind",
        (_, _) => "next to",
    }
}

/// The edits that make a claim say the truth.
pub(super) fn replace(
    reading: &Reading<'_>,
    vocabulary: &Vocabulary,
    nouns: &Nouns,
    edits: &mut Edits,
    index: usize,
    claim: &Claim,
    truth: &Assertion,
) {
    match (&claim.assertion, truth) {
        (Assertion::Count { .. }, Assertion::Count { count, .. }) => {
            number(reading, vocabulary, nouns, edits, index, claim, *count);
        }
        (Assertion::Color { .. }, Assertion::Color { color, .. }) => {
            color::replace(reading, vocabulary, edits, index, claim, color);
        }
        (Assertion::Relation { .. }, Assertion::Relation { relation, object, .. }) => {
            let words = relation_words(&claim.surface, *relation, object.is_some());
            edits.add(claim.span, &cased_like(&claim.surface, &words), &[index]);
        }
        (Assertion::Text { .. }, Assertion::Text { text, .. }) => {
            edits.add(claim.span, &safe(text), &[index]);
        }
        (Assertion::Existence { present: true, .. }, Assertion::Existence { entity, present: true }) => {
            name(reading, vocabulary, nouns, edits, index, claim, entity);
        }
        _ => {}
    }
}

/// What a correction changes of the nouns of phrases. Both may be wrong of one noun: three cups that are one bottle.
#[derive(Debug, Default)]
pub(super) struct Nouns {
    /// Phrases whose number it sets, with whether they are plural then.
    pub(super) numbers: BTreeMap<usize, bool>,
    /// Phrases that it gives another noun.
    renamed: BTreeSet<usize>,
}

impl Nouns {
    pub(super) fn changed(reading: &Reading<'_>, judged: &[(Claim, Judgement)]) -> Self {
        let mut nouns = Self::default();
        let contradicted = judged.iter().filter(|(_, judgement)| judgement.verdict == Verdict::Contradicted);
        for (claim, judgement) in contradicted {
            match (&claim.assertion, &judgement.truth) {
                (Assertion::Count { .. }, Some(Assertion::Count { count, .. })) => {
                    let place = counted_by(reading, claim.span);
                    nouns.numbers.extend(place.map(|place| (place, *count != CountBound::Exactly(1))));
                }
                (
                    Assertion::Existence { present: true, .. },
                    Some(Assertion::Existence { present: true, .. }),
                ) => {
                    nouns.renamed.extend(reading.phrase_at(claim.span));
                }
                _ => {}
            }
        }
        nouns
    }
}

/// The phrase whose number words these are.
fn counted_by(reading: &Reading<'_>, span: Span) -> Option<usize> {
    reading.phrases.iter().position(|phrase| {
        phrase.quantity.as_ref().is_some_and(|quantity| reading.span(&quantity.tokens) == span)
    })
}

/// The phrase that these words deny.
pub(super) fn denied_by(reading: &Reading<'_>, span: Span) -> Option<usize> {
    reading.phrases.iter().position(|phrase| {
        phrase
            .negation
            .as_ref()
            .is_some_and(|negation| reading.span(&(negation.tokens.start..phrase.head.end)) == span)
    })
}

/// The phrase that the owner with this noun has.
fn owned_by<'r>(reading: &'r Reading<'_>, noun: Span) -> Option<(usize, &'r Owner)> {
    reading
        .phrases
        .iter()
        .enumerate()
        .find_map(|(place, phrase)| Some((place, phrase.owner.as_ref().filter(|owner| owner.span == noun)?)))
}

/// Marks what a claim names as absent. What an absent thing has stays without it, where it can: "the dog's bowl" is a
/// bowl, but its tail is nothing.
pub(super) fn take_out(
    reading: &Reading<'_>,
    edits: &mut Edits,
    index: usize,
    claim: &Claim,
    absent: &mut BTreeMap<usize, usize>,
) {
    if let Some(phrase) = reading.phrase_at(claim.span) {
        absent.insert(phrase, index);
    } else if let Some((phrase, owner)) = owned_by(reading, claim.span) {
        if reading.phrases[phrase].labels.is_empty() {
            absent.insert(phrase, index);
        } else {
            let words = reading.surface(&owner.tokens);
            edits.add(reading.span(&owner.tokens), &cased_like(words, "the"), &[index]);
        }
    }
}

fn number(
    reading: &Reading<'_>,
    vocabulary: &Vocabulary,
    nouns: &Nouns,
    edits: &mut Edits,
    index: usize,
    claim: &Claim,
    count: CountBound,
) {
    let words = match count {
        CountBound::Exactly(number) if claim.surface.chars().any(|c| c.is_ascii_digit()) => {
            number.to_string()
        }
        CountBound::Exactly(number) | CountBound::AtLeast(number) | CountBound::AtMost(number) => {
            vocabulary.number_word(number).map_or_else(|| number.to_string(), str::to_owned)
        }
        CountBound::Several => "several".to_owned(),
    };
    edits.add(claim.span, &cased_like(&claim.surface, &words), &[index]);
    let Some(place) = counted_by(reading, claim.span) else { return };
    let phrase = &reading.phrases[place];
    let (before, after) = (phrase.is_plural(), count != CountBound::Exactly(1));
    // "A trio of dogs plays": the verb of a group may have been singular.
    if before == after && phrase.group.is_none() {
        return;
    }
    if !nouns.renamed.contains(&place) {
        inflect(reading, vocabulary, edits, index, place, after);
    }
    agreement::follow(reading, edits, place, after, index);
}

/// The head of a phrase in the singular or the plural.
fn inflect(
    reading: &Reading<'_>,
    vocabulary: &Vocabulary,
    edits: &mut Edits,
    index: usize,
    place: usize,
    plural: bool,
) {
    let phrase = &reading.phrases[place];
    let surface = reading.surface(&phrase.head);
    let singular = vocabulary.singular(surface);
    let form = if plural { vocabulary.plural(&singular) } else { singular };
    // Only the last word changes, so that the others keep their letters.
    let last = phrase.head.end.saturating_sub(1)..phrase.head.end;
    let word = form.rsplit(' ').next().unwrap_or(&form);
    if phrase.head.len() == form.split(' ').count() && !word.eq_ignore_ascii_case(reading.surface(&last)) {
        edits.add(reading.span(&last), &cased_like(reading.surface(&last), word), &[index]);
    }
}

/// The words of the claim with the side changed, where that is all there is to change.
fn relation_words(surface: &str, relation: SpatialRelation, has_object: bool) -> String {
    let swap = |from: &str, to: &str| {
        let lower = surface.to_lowercase();
        lower.split(' ').any(|word| word == from).then(|| {
            lower.split(' ').map(|word| if word == from { to } else { word }).collect::<Vec<_>>().join(" ")
        })
    };
    let swapped = match relation {
        SpatialRelation::LeftOf => swap("right", "left"),
        SpatialRelation::RightOf => swap("left", "right"),
        SpatialRelation::Above => swap("bottom", "top").or_else(|| swap("lower", "upper")),
        SpatialRelation::Below if !has_object => swap("top", "bottom").or_else(|| swap("upper", "lower")),
        _ => None,
    };
    swapped.unwrap_or_else(|| words_for(relation, has_object).to_owned())
}

/// Text from a picture as it may stand in an answer: one line, no quotation marks, not endless.
pub(super) fn safe(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|c| !matches!(c, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}'))
        .take(LONGEST_TEXT)
        .collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Another noun in the place of the one that is wrong.
fn name(
    reading: &Reading<'_>,
    vocabulary: &Vocabulary,
    nouns: &Nouns,
    edits: &mut Edits,
    index: usize,
    claim: &Claim,
    truth: &Entity,
) {
    let plural = reading.phrase_at(claim.span).is_some_and(|place| {
        nouns.numbers.get(&place).copied().unwrap_or_else(|| reading.phrases[place].is_plural())
    });
    let label = truth.label.as_deref().unwrap_or(&truth.surface);
    let word = if plural { vocabulary.plural(label) } else { label.to_owned() };
    edits.add(claim.span, &cased_like(&claim.surface, &word), &[index]);
}

/// Whether a claim is of a place by a thing that is not confirmed either.
pub(super) fn goes_with_object(claim: &Claim, judged: &[(Claim, Judgement)]) -> bool {
    let Assertion::Relation { object: Some(object), .. } = &claim.assertion else { return false };
    judged.iter().any(|(other, judgement)| {
        judgement.verdict == Verdict::Insufficient
            && matches!(&other.assertion, Assertion::Existence { entity, present: true } if entity.span == object.span)
    })
}

/// Takes out a claim that nothing confirms, where the sentence can do without it.
pub(super) fn drop(
    reading: &Reading<'_>,
    edits: &mut Edits,
    index: usize,
    claim: &Claim,
    absent: &mut BTreeMap<usize, usize>,
    gone: &mut BTreeMap<usize, Vec<usize>>,
    sentence: usize,
) {
    match &claim.assertion {
        Assertion::Existence { present: true, .. } => {
            if let Some(phrase) = reading.phrase_at(claim.span) {
                absent.insert(phrase, index);
            }
        }
        Assertion::Count { .. } => {
            if counted_by(reading, claim.span).is_some_and(|place| reading.phrases[place].is_plural()) {
                edits.add(claim.span, &cased_like(&claim.surface, "several"), &[index]);
            }
        }
        Assertion::Attribute { .. } => {
            let place = reading.tokens.iter().position(|token| token.span == claim.span);
            let tokens = place.map(|place| place..place + 1);
            // No sentence can do without its verb.
            if let Some(tokens) = tokens.filter(|tokens| attribute::is_modifier(reading, tokens)) {
                edits.delete(reading, &tokens, &[index]);
            }
        }
        _ => gone.entry(sentence).or_default().push(index),
    }
}
