//! Takes out where something is: a phrase with the words that place it, and what belongs to it.

use std::ops::Range;

use super::{
    compose::deletion,
    removal::{Context, Removal, is_all},
    structure::{opens_clause, preposition_before},
};
use crate::text::{
    Determiner, Reading, TokenKind,
    verbs::is_participle,
    words::{COPULAS, PREPOSITIONS},
};

/// Prepositions that say where something is, whatever it does there.
pub(super) const PLACING: &[&str] = &[
    "on", "in", "near", "next", "beside", "under", "above", "below", "behind", "between", "inside",
    "outside", "along", "by",
];

/// Words behind a thing that say how it is placed.
const PLACED: &[&str] = &[
    "seated",
    "parked",
    "covered",
    "filled",
    "mounted",
    "decorated",
    "surrounded",
    "located",
    "situated",
    "placed",
    "attached",
];

/// Takes out "on a sofa".
pub(super) fn prepositional(
    context: &Context<'_>,
    preposition: Range<usize>,
    end: usize,
) -> Option<(Vec<Removal>, Range<usize>)> {
    let reading = context.reading;
    let sentence = &reading.sentences[context.sentence];
    let mut start = preposition.start;
    if start <= sentence.start {
        // "On the sofa, a dog sleeps."
        let comma = reading.word(end) == ",";
        if !comma {
            return None;
        }
        let range = sentence.start..end + 1;
        return Some((vec![Removal { span: deletion(reading, &range), replacement: String::new() }], range));
    }
    if matches!(reading.word(preposition.start), "of" | "like" | "as") && preposition.len() == 1 {
        // "Next to the tail of an airplane": what is a part of something absent goes with it.
        let whole =
            reading.phrase_ending_at(preposition.start).filter(|_| reading.word(preposition.start) == "of");
        let part = whole.map(|part| &reading.phrases[part]).filter(|part| part.labels.is_empty())?;
        let outer = preposition_before(reading, part.tokens.start)?;
        return prepositional(context, outer, end);
    }
    // "Looks out from under a car"
    while start > sentence.start + 1 && matches!(reading.before(start), "from" | "up" | "down" | "off") {
        start -= 1;
    }
    let before = reading.before(start);
    if COPULAS.contains(&before) {
        return instead_of_predicate(context, start - 1, start..end, end);
    }
    // "riding on a horse": the posture of "sitting" says something without its seat, the ride does not.
    let posture = [
        "sitting", "standing", "lying", "laying", "sleeping", "resting", "walking", "running", "waiting",
        "posing", "swimming", "flying", "smiling", "eating", "playing", "grazing", "perched", "jumping",
    ];
    let located = matches!(before, "located" | "situated" | "positioned" | "placed" | "found")
        && start >= 2
        && COPULAS.contains(&reading.word(start - 2));
    if located || is_participle(before) && !posture.contains(&before) {
        let verb = start - 1;
        if COPULAS.contains(&reading.before(verb)) {
            return instead_of_predicate(context, verb - 1, verb..end, end);
        }
        reading.phrase_ending_at(verb)?;
        start = verb;
    }
    let mut end = end;
    // "Behind a couple seated at a table": how it is placed goes with it.
    if PLACED.contains(&reading.word(end)) {
        let joint = |place: &usize| {
            reading.tokens[*place].kind != TokenKind::Word
                || matches!(reading.word(*place), "and" | "while" | "but")
                || COPULAS.contains(&reading.word(*place))
        };
        end = (end..sentence.end).find(joint).unwrap_or(sentence.end);
    }
    // "With one person on the left and another ...": the second keeps the "with".
    if reading.word(preposition.start) == "with" {
        let joint = past_what_it_does(reading, sentence, end);
        if reading.word(joint) == "and"
            && reading.phrase_starting_at(joint + 1).is_some_and(|next| !opens_clause(reading, next))
        {
            let range = preposition.end..joint + 1;
            return Some((
                vec![Removal { span: deletion(reading, &range), replacement: String::new() }],
                range,
            ));
        }
    }
    if reading.word(preposition.start) == "with" {
        end = past_what_it_does(reading, sentence, end);
    }
    // What hangs on the absent thing alone goes with it: "with a dog on a leash".
    if reading.word(preposition.start) == "with"
        && let Some(next) = reading.phrase_starting_at(end + 1)
        && PREPOSITIONS.contains(&reading.word(end))
        && reading.phrases[next].labels.is_empty()
    {
        end = reading.phrases[next].tokens.end;
    }
    // So does its place in the picture: "with a dog in the background".
    if reading.word(preposition.start) == "with"
        && reading.word(end) == "in"
        && reading.word(end + 1) == "the"
        && matches!(reading.word(end + 2), "background" | "foreground" | "distance")
    {
        end += 3;
    }
    // "on the left, next to the keyboard.": its comma goes, too.
    if reading.before(start) == "," && reading.tokens.get(end).is_none_or(|next| next.kind != TokenKind::Word)
    {
        start -= 1;
    }
    let range = start..end;
    Some((vec![Removal { span: deletion(reading, &range), replacement: String::new() }], range))
}

/// The end of what is said of a thing behind "with": "a chair placed in front of it", "a cat to its left", "a person
/// standing by the door".
fn past_what_it_does(reading: &Reading<'_>, sentence: &Range<usize>, end: usize) -> usize {
    let word = reading.word(end);
    let joint = |place: &usize| {
        reading.tokens[*place].kind != TokenKind::Word
            || matches!(reading.word(*place), "and" | "while" | "but")
    };
    let close = (end..sentence.end).find(joint).unwrap_or(sentence.end);
    let doing = is_participle(word) || word.len() > 4 && word.ends_with("ed");
    // "In it", "in front of her", "to its left": back to what the thing serves.
    let back = PREPOSITIONS.contains(&word)
        && close <= end + 4
        && (end + 1..close).any(|place| {
            matches!(reading.word(place), "it" | "them" | "him" | "her" | "its" | "their" | "his")
        });
    if doing || back { close } else { end }
}

/// "is on a sofa" becomes "is visible", unless another place follows.
pub(super) fn instead_of_predicate(
    context: &Context<'_>,
    copula: usize,
    predicate: Range<usize>,
    end: usize,
) -> Option<(Vec<Removal>, Range<usize>)> {
    let reading = context.reading;
    // "There is next to the sofa a dog" is beyond a rule.
    if reading.before(copula) == "there" {
        return None;
    }
    let after = past_its_places(context, end);
    let predicate = predicate.start..predicate.end.max(after);
    // "Behind the laptop and in front of a window": the other place stays.
    if reading.word(after) == "and" && PREPOSITIONS.contains(&reading.word(after + 1)) {
        let predicate = predicate.start..after + 1;
        let span = deletion(reading, &predicate);
        return Some((vec![Removal { span, replacement: String::new() }], predicate));
    }
    if PREPOSITIONS.contains(&reading.word(after)) && reading.word(after) != "along" {
        let span = deletion(reading, &predicate);
        return Some((vec![Removal { span, replacement: String::new() }], predicate));
    }
    if copula > 0
        && let Some(subject) = reading.phrase_ending_at(copula)
        && is_all(context, subject, predicate.end)
    {
        return None;
    }
    let span = reading.span(&predicate);
    Some((vec![Removal { span, replacement: "visible".to_owned() }], predicate))
}

/// The end of what belongs to a verb that goes: "in his left hand", "at a ball". Where something is stays.
pub(super) fn past_its_places(context: &Context<'_>, mut end: usize) -> usize {
    let reading = context.reading;
    while PREPOSITIONS.contains(&reading.word(end)) {
        let next = (0..reading.phrases.len())
            .filter(|&next| (end + 1..=end + 4).contains(&reading.phrases[next].tokens.start))
            .min_by_key(|&next| reading.phrases[next].tokens.start);
        let Some(index) = next else { break };
        let next = &reading.phrases[index];
        let places = PLACING.contains(&reading.word(end)) && next.determiner != Determiner::Possessive;
        if places && !context.absent.contains_key(&index) {
            break;
        }
        end = next.tokens.end;
    }
    end
}
