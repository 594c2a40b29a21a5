//! Puts another colour in the place of one that is wrong, or none.

use lavr_types::{Assertion, Claim, Span, Vocabulary};

use super::compose::{Edits, cased_like};
use crate::{
    extract::said,
    text::{ColorWord, Reading, words::COPULAS},
};

/// The colours that are said of one thing in one place ("red and white"), and which of them a claim is.
struct Group {
    colors: Vec<ColorWord>,
    place: usize,
    /// Whether they stand behind "is" or "are", not before a noun.
    is_predicate: bool,
}

impl Group {
    fn of(reading: &Reading<'_>, vocabulary: &Vocabulary, claim: &Claim) -> Option<Self> {
        let place_in =
            |colors: &[ColorWord]| colors.iter().position(|color| reading.span(&color.tokens) == claim.span);
        let before_noun = reading.phrases.iter().find_map(|phrase| {
            let place = place_in(&phrase.colors)?;
            Some(Self { colors: phrase.colors.clone(), place, is_predicate: false })
        });
        before_noun.or_else(|| {
            let said = said(reading, vocabulary);
            let subject = said.iter().find(|(_, color)| reading.span(&color.tokens) == claim.span)?.0;
            let colors: Vec<ColorWord> =
                said.into_iter().filter(|(other, _)| *other == subject).map(|(_, color)| color).collect();
            let place = place_in(&colors)?;
            Some(Self { colors, place, is_predicate: true })
        })
    }

    /// The bytes that go where the others of the group stay.
    fn without(&self, reading: &Reading<'_>) -> Option<Span> {
        let span = |place: usize| self.colors.get(place).map(|color| reading.span(&color.tokens));
        let this = span(self.place)?;
        match (self.place.checked_sub(1).and_then(span), span(self.place + 1)) {
            (_, Some(next)) => Some(Span::new(this.start, next.start)),
            (Some(before), None) => Some(Span::new(before.end, this.end)),
            (None, None) => None,
        }
    }
}

/// The edits that make a claim say the measured colour.
pub(super) fn replace(
    reading: &Reading<'_>,
    vocabulary: &Vocabulary,
    edits: &mut Edits,
    index: usize,
    claim: &Claim,
    truth: &str,
) {
    // "red and white" of something white: the word that is wrong goes, the right one stays.
    let taken = Group::of(reading, vocabulary, claim).and_then(|group| {
        let said_already = group.colors.iter().enumerate().any(|(other, color)| {
            other != group.place && vocabulary.colors_for(&color.word).contains(&truth)
        });
        said_already.then(|| group.without(reading)).flatten()
    });
    match taken {
        Some(taken) => edits.add(taken, "", &[index]),
        None => edits.add(claim.span, &cased_like(&claim.surface, truth), &[index]),
    }
}

/// The edits that make a claim say nothing: "a red car" is a car, and "the car is red" that it is visible. `false` where the
/// sentence cannot do without the colour.
pub(super) fn take_out(
    reading: &Reading<'_>,
    vocabulary: &Vocabulary,
    edits: &mut Edits,
    index: usize,
    claim: &Claim,
) -> bool {
    if !matches!(claim.assertion, Assertion::Color { .. }) {
        return false;
    }
    let Some(group) = Group::of(reading, vocabulary, claim) else { return false };
    if let Some(taken) = group.without(reading) {
        edits.add(taken, "", &[index]);
        return true;
    }
    let tokens = &group.colors[group.place].tokens;
    if !group.is_predicate {
        edits.delete(reading, tokens, &[index]);
        return true;
    }
    let Some(copula) = (0..tokens.start).rev().find(|&at| COPULAS.contains(&reading.word(at))) else {
        return false;
    };
    edits.add(reading.span(&(copula + 1..tokens.end)), "visible", &[index]);
    true
}
