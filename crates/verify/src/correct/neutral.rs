//! Plain statements for sentences that cannot lose an absent thing gracefully.

use std::ops::Range;

use lavr_types::{
    Vocabulary,
    vocabulary::{GrammaticalNumber, MatchKind},
};

use super::{compose::Edits, removal::Context, structure::preposition_before};
use crate::text::{
    Determiner, NounPhrase, Reading, TokenKind,
    verbs::{finite_verb, is_participle},
    words::article_for,
};

/// "There is a sofa and two dogs": what stays of the sentence, or `None` where nothing does.
pub(super) fn statement(context: &Context<'_>, edits: &Edits) -> Option<String> {
    let sentence = context.reading.sentences[context.sentence].clone();
    introduce(context, edits, &context.present(), &[sentence])
}

/// Says of some phrases that they are there, unless the text says so outside of what was taken.
pub(super) fn introduce(
    context: &Context<'_>,
    edits: &Edits,
    phrases: &[usize],
    taken: &[Range<usize>],
) -> Option<String> {
    let reading = context.reading;
    let mut kept: Vec<usize> = Vec::new();
    for &place in phrases {
        let phrase = &reading.phrases[place];
        // "Three men and one woman" are people of two kinds.
        let same = |other: &NounPhrase| {
            let head = |of: &NounPhrase| context.vocabulary.singular(reading.surface(&of.head));
            let kinds = [other, phrase].iter().all(|of| of.kind == Some(MatchKind::Narrower));
            other.same_thing(phrase) && !(kinds && head(other) != head(phrase))
        };
        let again = is_known(reading, phrase)
            || kept.iter().any(|&other| same(&reading.phrases[other]))
            || reading.phrases.iter().enumerate().any(|(other, another)| {
                same(another)
                    && !taken.iter().any(|range| range.contains(&another.head.start))
                    && !context.absent.contains_key(&other)
                    && !another.pronoun
            });
        if !again {
            kept.push(place);
        }
    }
    let first = *kept.first()?;
    let names: Vec<String> = kept
        .iter()
        .map(|&place| {
            let name = introduced(context, edits, place);
            beside(context, place, &kept).map_or_else(
                || name.clone(),
                |tokens| format!("{name} {}", edits.applied_within(reading, &tokens)),
            )
        })
        .collect();
    let joined = match names.as_slice() {
        [] => return None,
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    };
    let of = &reading.phrases[first];
    // "There is food": a word of either number is one where nothing counts it, but for animals.
    let mass = of.number == GrammaticalNumber::Either
        && of.quantity.is_none()
        && !is_herd(context, of)
        && !reading.surface(&of.head).to_lowercase().ends_with('s');
    let verb = if context.is_plural(first) && !mass { "are" } else { "is" };
    Some(format!("There {verb} {joined}"))
}

/// Whether "the glass" is what an earlier sentence has the word for, if not as a thing of its own: "a pane of glass".
fn is_known(reading: &Reading<'_>, phrase: &NounPhrase) -> bool {
    let noun = reading.word(phrase.head.end - 1);
    phrase.determiner == Determiner::Definite
        && (0..reading.sentences[phrase.sentence].start).any(|at| reading.word(at) == noun)
}

/// What a phrase stands beside, where that is named for the first time right behind it and would else be lost: "a bed -> with pillows",
/// "a plate -> next to yellow rice".
fn beside(context: &Context<'_>, place: usize, others: &[usize]) -> Option<Range<usize>> {
    let reading = context.reading;
    let end = reading.phrases[place].head.end;
    let is_beside = |preposition: &Range<usize>| {
        preposition.start == end && preposition.clone().any(|at| BESIDE.contains(&reading.word(at)))
    };
    let follows = |next: &NounPhrase| {
        let start = next.tokens.start;
        // "Between tall buildings": a word that nobody knows belongs to the noun only behind an article.
        let described = start.saturating_sub(2)..start.saturating_sub(1);
        preposition_before(reading, start).is_some_and(|preposition| is_beside(&preposition))
            || described.start == end && is_beside(&described)
    };
    let next = reading.phrases.iter().enumerate().find(|(other, next)| {
        follows(next)
            && !others.contains(other)
            && !context.absent.contains_key(other)
            && !next.pronoun
            && !next.unreal
            && next.negation.is_none()
            && matches!(next.determiner, Determiner::None | Determiner::Indefinite)
    });
    next.map(|(_, next)| end..next.head.end)
        .or_else(|| beside_unknown(reading, end))
        .or_else(|| in_picture(reading, end))
}

/// The place in the picture right behind a thing: "a mug -> on the left".
fn in_picture(reading: &Reading<'_>, start: usize) -> Option<Range<usize>> {
    let end = start + 3;
    let is_place = matches!(reading.word(start), "on" | "in" | "at")
        && reading.word(start + 1) == "the"
        && matches!(
            reading.word(start + 2),
            "left"
                | "right"
                | "middle"
                | "center"
                | "centre"
                | "top"
                | "bottom"
                | "background"
                | "foreground"
        );
    // "On the left of the table" is a place by something.
    let ends = reading.tokens.get(end).is_none_or(|token| token.kind != TokenKind::Word)
        || matches!(reading.word(end), "and" | "or" | "but" | "while");
    (is_place && ends).then_some(start..end)
}

/// The same of a few words behind a preposition of which none is known as a thing, to the end of their clause.
fn beside_unknown(reading: &Reading<'_>, start: usize) -> Option<Range<usize>> {
    if !BESIDE.contains(&reading.word(start)) {
        return None;
    }
    let ends = |at: usize| {
        reading.tokens.get(at).is_none_or(|token| token.kind != TokenKind::Word)
            || matches!(reading.word(at), "and" | "or" | "but" | "while" | "as" | "that" | "which" | "who")
    };
    let end = (start + 1..=reading.tokens.len()).find(|&at| ends(at))?;
    let is_known =
        reading.phrases.iter().any(|phrase| phrase.tokens.start < end && phrase.tokens.end > start);
    let words = end - start - 1;
    // The last word is the thing itself, be it one that may be a verb: "tall buildings".
    let acts =
        (start..end - 1).any(|at| finite_verb(reading.word(at)).is_some() || is_participle(reading.word(at)));
    ((1..=MOST_UNKNOWN).contains(&words) && !is_known && !acts).then_some(start..end)
}

/// The most words behind a preposition that are taken for one thing.
const MOST_UNKNOWN: usize = 4;

/// Prepositions after which comes what something stands beside.
const BESIDE: &[&str] = &["among", "behind", "beside", "between", "near", "next", "under", "with"];

/// Whether a word of either number names animals or people: "sheep", "cattle".
fn is_herd(context: &Context<'_>, phrase: &NounPhrase) -> bool {
    let animals = context.vocabulary.labels_for("animal");
    phrase.labels.iter().all(|label| label == "person" || animals.contains(&label.as_str()))
        && !phrase.labels.is_empty()
}

/// The phrase as one that is named for the first time: "the sofa" becomes "a sofa", "the vase of flowers" a vase of flowers.
fn introduced(context: &Context<'_>, edits: &Edits, place: usize) -> String {
    let reading = context.reading;
    let phrase = &reading.phrases[place];
    let of = phrase.head.end;
    let contents = reading.phrases.iter().enumerate().find(|(other, contents)| {
        reading.word(of) == "of"
            && contents.tokens.start == of + 1
            && contents.determiner == Determiner::None
            && !contents.pronoun
            && !context.absent.contains_key(other)
    });
    let end = contents.map_or(phrase.head.end, |(_, contents)| contents.head.end);
    let mut start = phrase.determiner_at.map_or(phrase.tokens.start, |at| at + 1);
    if let Some(quantity) = &phrase.quantity {
        start = start.min(quantity.tokens.start);
        if phrase.determiner_at.is_some_and(|at| at < quantity.tokens.start) {
            start = quantity.tokens.start;
        }
    }
    let text = edits.applied_within(reading, &(start..end));
    let text = lowered(&text);
    let counted = phrase.quantity.is_some() || phrase.group.is_some();
    if counted || phrase.is_plural() { text } else { format!("{} {text}", article_for(&text)) }
}

/// A first word that had its capital from the sentence loses it.
fn lowered(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) if !characters.clone().next().is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(characters).collect()
        }
        _ => text.to_owned(),
    }
}

/// "There is no cat": for a text of which nothing else would be left.
pub(super) fn denial(reading: &Reading<'_>, vocabulary: &Vocabulary, phrase: usize) -> String {
    let of = reading.phrases[phrase].antecedent.unwrap_or(phrase);
    // Of what an absent thing has, the thing is denied: "the dog's leash".
    let owner = reading.phrases[of].owner.as_ref().filter(|_| reading.phrases[of].labels.is_empty());
    let noun = match owner {
        Some(owner) => owner.span.of(reading.text).unwrap_or_default().to_lowercase(),
        None => reading.surface(&reading.phrases[of].head).to_lowercase(),
    };
    let end = reading
        .text
        .trim_end()
        .chars()
        .next_back()
        .filter(|last| matches!(last, '.' | '!'))
        .map_or(String::new(), String::from);
    if owner.is_none() && reading.phrases[of].is_plural() {
        format!("There are no {}{end}", vocabulary.plural(&vocabulary.singular(&noun)))
    } else {
        format!("There is no {noun}{end}")
    }
}

/// An answer that begins with "Yes" and affirms what is absent is turned round.
pub(super) fn denied_answer(context: &Context<'_>) -> Option<String> {
    let reading = context.reading;
    let sentence = &reading.sentences[context.sentence];
    if reading.word(sentence.start) != "yes" {
        return None;
    }
    let phrase =
        *context.absent.keys().find(|&&phrase| reading.phrases[phrase].sentence == context.sentence)?;
    let denial = denial(reading, context.vocabulary, phrase);
    let denial = denial.trim_end_matches(['.', '!']);
    Some(format!("No, {}{}", "t", denial.trim_start_matches('T')))
}
