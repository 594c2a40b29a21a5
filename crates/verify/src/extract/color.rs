//! Colours before a noun ("a red car") and said of one ("the car is red and white").

use std::ops::Range;

use lavr_types::{Assertion, Claim, Entity, Vocabulary};

use super::entity;
use crate::text::{
    ColorWord, NounPhrase, Reading,
    status::{is_none_of, is_one_of, is_some_of},
    verbs::{Agreement, finite_verb},
    words::{COPULAS, DEFINITE, PICTURE, PLACES, is_whole_picture},
};

/// Words between "is" and a colour.
const DEGREES: &[&str] = &[
    "all",
    "both",
    "mostly",
    "mainly",
    "very",
    "also",
    "clearly",
    "painted",
    "colored",
    "coloured",
    "entirely",
    "primarily",
    "predominantly",
    "largely",
];

pub(super) fn of_phrases(reading: &Reading<'_>, vocabulary: &Vocabulary) -> Vec<Claim> {
    let mut claims = Vec::new();
    for phrase in &reading.phrases {
        if phrase.negation.is_none() {
            claims.extend(phrase.colors.iter().filter_map(|color| claim(reading, vocabulary, phrase, color)));
        }
    }
    for (subject, color) in said(reading, vocabulary) {
        let owner = owner(reading, subject);
        claims.extend(owner.and_then(|owner| claim(reading, vocabulary, &reading.phrases[owner], &color)));
    }
    claims.extend(of_picture(reading, vocabulary));
    claims
}

/// "The picture is mostly red", "the main colors of the picture are blue and gray".
fn of_picture(reading: &Reading<'_>, vocabulary: &Vocabulary) -> Vec<Claim> {
    let mut claims = Vec::new();
    for place in (2..reading.tokens.len()).filter(|&place| COPULAS.contains(&reading.word(place))) {
        let sentence = reading.sentence_of(place);
        let Some(subject) = picture_subject(reading, place).filter(|_| !reading.foreign[sentence]) else {
            continue;
        };
        // The frame of a bicycle and the scene of a play have colors of their own.
        if !is_whole_picture(reading.before(place)) {
            continue;
        }
        let picture = || Entity {
            surface: reading.surface(&subject).to_owned(),
            span: reading.span(&subject),
            label: None,
        };
        for color in colors_from(reading, vocabulary, past_degrees(reading, place + 1)) {
            let Some(basic) = vocabulary.color(&color.word) else { continue };
            claims.push(Claim {
                span: reading.span(&color.tokens),
                surface: reading.surface(&color.tokens).to_owned(),
                assertion: Assertion::Color { entity: picture(), color: basic.to_owned() },
                hedged: false,
                readings: Vec::new(),
            });
        }
    }
    claims
}

/// The picture, or its colors ("main colors of the picture"), where they are the subject of the verb at a place: "the picture"
/// opens its clause. In "the dog in the picture is ..." it does not.
pub(super) fn picture_subject(reading: &Reading<'_>, verb: usize) -> Option<Range<usize>> {
    let noun = verb.checked_sub(1)?;
    let article = noun.checked_sub(1)?;
    if !PICTURE.contains(&reading.word(noun)) || !DEFINITE.contains(&reading.word(article)) {
        return None;
    }
    let sentence = reading.sentences[reading.sentence_of(verb)].start;
    let opens = |at: usize| {
        at == sentence
            || at > sentence
                && (matches!(reading.before(at), "," | ";" | ":" | "that" | "while" | "but")
                    || reading.before(at) == "and"
                        && (sentence..at).any(|at| finite_verb(reading.word(at)).is_some()))
    };
    let colors = article.checked_sub(2).filter(|&colors| {
        matches!(reading.before(article), "of" | "in")
            && matches!(reading.word(colors), "color" | "colors" | "colour" | "colours")
    });
    let Some(colors) = colors else { return opens(article).then_some(noun..verb) };
    let main =
        |at: usize| matches!(reading.before(at), "main" | "dominant" | "predominant" | "primary" | "two");
    let mut start = colors;
    while start > sentence && main(start) {
        start -= 1;
    }
    let the = start - usize::from(start > sentence && DEFINITE.contains(&reading.before(start)));
    opens(the).then_some(start..verb)
}

/// The place behind words like "mostly" and "all".
fn past_degrees(reading: &Reading<'_>, mut at: usize) -> usize {
    while DEGREES.contains(&reading.word(at)) {
        at += 1;
    }
    at
}

/// Whether a phrase names not a thing but its colour: "its color", "the colour of the cup".
pub(super) fn is_color_itself(reading: &Reading<'_>, phrase: &NounPhrase) -> bool {
    matches!(reading.word(phrase.head.start), "color" | "colour") && phrase.head.len() == 1
}

/// The thing that a colour is said of. "The color of the cup is green" and "a cup, and its color is green" speak of
/// the cup. `None` where the text leaves open whose colour it is.
fn owner(reading: &Reading<'_>, subject: usize) -> Option<usize> {
    let phrase = &reading.phrases[subject];
    if !is_color_itself(reading, phrase) {
        return Some(subject);
    }
    if reading.word(phrase.head.end) == "of" {
        let after = phrase.head.end + 1;
        return reading.phrases.iter().position(|other| other.tokens.start == after);
    }
    if !matches!(
        reading.word(phrase.tokens.start),
        "its" | "their" | "his" | "her" | "the" | "color" | "colour"
    ) {
        return None;
    }
    let is_thing =
        |other: &NounPhrase| !other.pronoun && !other.labels.is_empty() && other.negation.is_none();
    (0..subject).rev().find(|&earlier| is_thing(&reading.phrases[earlier]))
}

fn claim(
    reading: &Reading<'_>,
    vocabulary: &Vocabulary,
    phrase: &NounPhrase,
    color: &ColorWord,
) -> Option<Claim> {
    if phrase.unreal {
        return None;
    }
    let entity = match phrase.antecedent.and_then(|index| reading.phrases.get(index)) {
        Some(antecedent) if antecedent.unreal || antecedent.negation.is_some() => return None,
        Some(antecedent) => entity(reading, antecedent),
        None => entity(reading, phrase),
    };
    Some(Claim {
        span: reading.span(&color.tokens),
        surface: reading.surface(&color.tokens).to_owned(),
        assertion: Assertion::Color { entity, color: vocabulary.color(&color.word)?.to_owned() },
        hedged: phrase.hedged,
        readings: Vec::new(),
    })
}

/// Colours behind "is" and "are" with the phrase that they are said of.
pub(crate) fn said(reading: &Reading<'_>, vocabulary: &Vocabulary) -> Vec<(usize, ColorWord)> {
    let mut found = Vec::new();
    for place in 0..reading.tokens.len() {
        if !COPULAS.contains(&reading.word(place))
            || reading.foreign.get(reading.sentence_of(place)) != Some(&false)
        {
            continue;
        }
        if picture_subject(reading, place).is_some() {
            continue;
        }
        let Some(subject) = subject_of(reading, place) else { continue };
        // "None of the cars are red."
        let start = reading.phrases[subject].tokens.start;
        if is_none_of(reading, start) || is_some_of(reading, start) && !is_one_of(reading, start) {
            continue;
        }
        let at = past_degrees(reading, place + 1);
        let colors = colors_from(reading, vocabulary, at);
        let Some(end) = colors.last().map(|color| color.tokens.end) else { continue };
        // "is orange juice": the colour belongs to a noun behind it.
        if reading
            .phrases
            .iter()
            .any(|phrase| phrase.tokens.start < end && phrase.tokens.end > at && !phrase.pronoun)
        {
            continue;
        }
        found.extend(colors.into_iter().map(|color| (subject, color)));
    }
    found
}

fn colors_from(reading: &Reading<'_>, vocabulary: &Vocabulary, mut at: usize) -> Vec<ColorWord> {
    let mut colors = Vec::new();
    loop {
        let shade = (0..2)
            .take_while(|&shade| {
                let word = reading.word(at + shade);
                vocabulary.is_shading(word)
                    && !reading.word(at + shade + 1).is_empty()
                    && (vocabulary.color(reading.word(at + shade + 1)).is_some()
                        || vocabulary.is_shading(reading.word(at + shade + 1)))
            })
            .count();
        let word = reading.word(at + shade);
        if vocabulary.color(word).is_none() {
            break;
        }
        let tokens: Range<usize> = at..at + shade + 1;
        colors.push(ColorWord { tokens: tokens.clone(), word: word.to_owned() });
        at = tokens.end;
        if reading.word(at) == "," && reading.word(at + 1) == "and" {
            at += 2;
        } else if matches!(reading.word(at), "and" | ",") {
            at += 1;
        } else if reading.word(at) == "or" {
            // "Black or gray" leaves it open.
            return Vec::new();
        } else {
            break;
        }
    }
    colors
}

/// Where a place in the picture begins that ends before a token: "on the other side", "in front".
fn before_place(reading: &Reading<'_>, end: usize) -> Option<usize> {
    let mut at = end.checked_sub(1).filter(|&at| PLACES.contains(&reading.word(at)))?;
    while PLACES.contains(&reading.before(at))
        || matches!(reading.before(at), "other" | "opposite" | "far" | "very" | "upper" | "lower")
    {
        at -= 1;
    }
    let at = if DEFINITE.contains(&reading.before(at)) { at - 1 } else { at };
    matches!(reading.before(at), "on" | "in" | "at" | "to").then(|| at - 1)
}

/// The subject of a finite verb: the phrase before it, or the phrase that this one only places
/// ("the dog on the sofa is ...").
pub(crate) fn subject_of(reading: &Reading<'_>, verb: usize) -> Option<usize> {
    let mut end = verb;
    while end > 0
        && (reading.before(end).ends_with("ly") || matches!(reading.before(end), "also" | "both" | "all"))
    {
        end -= 1;
    }
    // "The dog in the picture is ...": the picture is where it is.
    let pictured = end >= 3
        && PICTURE.contains(&reading.before(end))
        && DEFINITE.contains(&reading.before(end - 1))
        && matches!(reading.before(end - 2), "in" | "of" | "within");
    if pictured {
        end -= 3;
    }
    let relative = matches!(reading.before(end), "that" | "which" | "who");
    if relative {
        return reading.phrase_ending_at(end - 1);
    }
    let mut nearest = reading.phrase_ending_at(end);
    // "The book in the middle at the front is ...": the middle and the front are no things.
    while nearest.is_none() {
        end = before_place(reading, end)?;
        nearest = reading.phrase_ending_at(end);
    }
    let nearest = nearest?;
    let plural = match finite_verb(reading.word(verb)) {
        Some(Agreement::Singular) => Some(false),
        Some(Agreement::Plural) => Some(true),
        _ => None,
    };
    let mut best = nearest;
    let mut inner = nearest;
    while let Some(outer) = reading.governor(inner) {
        if plural.is_none_or(|plural| reading.phrases[outer].is_plural() == plural) {
            best = outer;
        }
        inner = outer;
    }
    Some(best)
}
