//! Where something is: by another thing ("left of the car") or by the picture ("on the left").

use std::ops::Range;

use lavr_types::{Assertion, Claim, perception::SpatialRelation};

use super::entity;
use crate::text::{
    Reading, TokenKind,
    status::is_none_of,
    verbs::finite_verb,
    words::{DENIALS, PICTURE, PLACES},
};

/// Words between two things, longest first.
const BETWEEN: &[(&[&str], SpatialRelation)] = &[
    (&["to", "the", "left", "of"], SpatialRelation::LeftOf),
    (&["on", "the", "left", "of"], SpatialRelation::LeftOf),
    (&["to", "the", "right", "of"], SpatialRelation::RightOf),
    (&["on", "the", "right", "of"], SpatialRelation::RightOf),
    (&["on", "top", "of"], SpatialRelation::On),
    (&["in", "front", "of"], SpatialRelation::InFrontOf),
    (&["in", "between"], SpatialRelation::Between),
    (&["inside", "of"], SpatialRelation::Inside),
    (&["left", "of"], SpatialRelation::LeftOf),
    (&["right", "of"], SpatialRelation::RightOf),
    (&["next", "to"], SpatialRelation::Near),
    (&["close", "to"], SpatialRelation::Near),
    (&["adjacent", "to"], SpatialRelation::Near),
    (&["above"], SpatialRelation::Above),
    (&["over"], SpatialRelation::Above),
    (&["below"], SpatialRelation::Below),
    (&["under"], SpatialRelation::Below),
    (&["beneath"], SpatialRelation::Below),
    (&["underneath"], SpatialRelation::Below),
    (&["atop"], SpatialRelation::On),
    (&["on"], SpatialRelation::On),
    (&["inside"], SpatialRelation::Inside),
    (&["in"], SpatialRelation::Inside),
    (&["near"], SpatialRelation::Near),
    (&["beside"], SpatialRelation::Near),
    (&["alongside"], SpatialRelation::Near),
    (&["between"], SpatialRelation::Between),
    (&["behind"], SpatialRelation::Behind),
];

/// Places in the picture.
const IN_PICTURE: &[(&[&str], SpatialRelation)] = &[
    (&["on", "the", "far", "left"], SpatialRelation::LeftOf),
    (&["on", "the", "far", "right"], SpatialRelation::RightOf),
    (&["on", "the", "left"], SpatialRelation::LeftOf),
    (&["to", "the", "left"], SpatialRelation::LeftOf),
    (&["at", "the", "left"], SpatialRelation::LeftOf),
    (&["on", "the", "right"], SpatialRelation::RightOf),
    (&["to", "the", "right"], SpatialRelation::RightOf),
    (&["at", "the", "right"], SpatialRelation::RightOf),
    (&["at", "the", "top"], SpatialRelation::Above),
    (&["at", "the", "bottom"], SpatialRelation::Below),
    (&["at", "the", "very", "top"], SpatialRelation::Above),
    (&["at", "the", "very", "bottom"], SpatialRelation::Below),
    (&["at", "the", "far", "left"], SpatialRelation::LeftOf),
    (&["at", "the", "far", "right"], SpatialRelation::RightOf),
    (&["on", "the", "left-hand"], SpatialRelation::LeftOf),
    (&["on", "the", "right-hand"], SpatialRelation::RightOf),
    (&["in", "the", "middle"], SpatialRelation::Center),
    (&["in", "the", "center"], SpatialRelation::Center),
    (&["in", "the", "centre"], SpatialRelation::Center),
];

/// Sides that name a place in the picture only with a word for a part of it: "in the upper half", but not "in the left hand".
const PARTS: &[(&[&str], SpatialRelation)] = &[
    (&["in", "the", "left"], SpatialRelation::LeftOf),
    (&["in", "the", "right"], SpatialRelation::RightOf),
    (&["in", "the", "upper"], SpatialRelation::Above),
    (&["in", "the", "top"], SpatialRelation::Above),
    (&["in", "the", "lower"], SpatialRelation::Below),
    (&["in", "the", "bottom"], SpatialRelation::Below),
];

/// What a thing can stand or lie on so that boxes show it. "On the phone" and "on a leash" are no places.
const SUPPORTS: &[&str] = &[
    "bench",
    "chair",
    "couch",
    "bed",
    "dining table",
    "horse",
    "bicycle",
    "motorcycle",
    "skateboard",
    "surfboard",
    "snowboard",
    "skis",
    "boat",
    "elephant",
    "toilet",
    "car",
    "truck",
    "suitcase",
];

/// What a thing can be in so that boxes show it. "In a tie" is no place.
const CONTAINERS: &[&str] =
    &["car", "bus", "train", "truck", "boat", "bowl", "sink", "suitcase", "vase", "bed", "oven"];

/// The most words that may stand between a thing and the preposition that places it.
const LONGEST_LINK: usize = 5;

/// The most words between a phrase and the one that it hangs on: "is sitting to the right of".
const LONGEST_HOLD: usize = 8;

pub(super) fn claims(reading: &Reading<'_>) -> Vec<Claim> {
    let mut claims: Vec<Claim> = Vec::new();
    for (sentence, range) in reading.sentences.iter().enumerate() {
        if reading.foreign[sentence] {
            continue;
        }
        let mut place = range.start;
        while place < range.end {
            match at(reading, place, range) {
                Some((claim, end)) => {
                    claims.extend(claim);
                    place = end;
                }
                None => place += 1,
            }
        }
    }
    claims
}

/// The claim of the preposition at a place, if there is one, and where to read on.
fn at(reading: &Reading<'_>, place: usize, range: &Range<usize>) -> Option<(Option<Claim>, usize)> {
    let part = |words: &[&str]| {
        matches!(reading.word(place + words.len()), "half" | "part" | "portion" | "third" | "section")
    };
    let parts = PARTS.iter().filter(|(words, _)| part(words));
    if let Some((words, relation)) =
        IN_PICTURE.iter().chain(parts).find(|(words, _)| reading.words_at(place, words))
    {
        let mut end = place + words.len();
        let span = place..end;
        if matches!(reading.word(end), "side" | "half" | "part" | "portion" | "third" | "section" | "edge") {
            end += 1;
        }
        let of = reading.word(end) == "of";
        let picture = of && (end + 1..end + 4).any(|at| PICTURE.contains(&reading.word(at)));
        if !of || picture {
            if picture {
                end += 3;
            }
            // "To the left" without "of" goes on from something said before: no place in the picture. So does "the lamp
            // is on the left and the vase on the right of the couch", and a centre is that of a table more often.
            let by_other = (place..range.end).any(|at| {
                matches!(reading.word(at), "left" | "right")
                    && reading.word(at + 1) == "of"
                    && !(at + 2..at + 5).any(|at| PICTURE.contains(&reading.word(at)))
            });
            let center = *relation == SpatialRelation::Center && place > range.start;
            let relative = (reading.word(place) == "to" || by_other || center) && !picture;
            let subjects = if relative { Vec::new() } else { subjects(reading, place, end, range) };
            return Some((claim(reading, &span, &subjects, *relation, [None; 2]), end.min(range.end)));
        }
    }
    if let Some(found) = by_pronoun(reading, place, range) {
        return Some(found);
    }
    if let Some((relation, end)) = in_corner(reading, place) {
        let subjects = subjects(reading, place, end, range);
        return Some((claim(reading, &(place..place + 1), &subjects, relation, [None; 2]), place + 1));
    }
    let (words, relation) = BETWEEN.iter().find(|(words, _)| reading.words_at(place, words))?;
    let end = place + words.len();
    let object = reading.phrase_starting_at(end)?;
    let thing = &reading.phrases[object];
    let inside =
        !thing.labels.is_empty() && thing.labels.iter().all(|label| CONTAINERS.contains(&label.as_str()));
    let support =
        !thing.labels.is_empty() && thing.labels.iter().all(|label| SUPPORTS.contains(&label.as_str()));
    let second = second_of(reading, object);
    let checkable = match relation {
        SpatialRelation::On => support,
        SpatialRelation::Inside => inside,
        // "Between the trees": a thing has to be between two.
        SpatialRelation::Between => second.is_some() || thing.is_plural() && !thing.pronoun,
        _ => true,
    };
    // "At the far left of the table" is a part of it.
    let part = matches!(words, [side, "of"] if matches!(*side, "left" | "right"))
        && matches!(reading.before(place), "far" | "upper" | "lower" | "top" | "bottom");
    // "Looks over", "jumps over", "walks by": a way, not a place.
    let moving = words == &["over"]
        && ["ing", "s", "ed"].iter().any(|ending| reading.before(place).ends_with(ending))
        && reading.phrase_ending_at(place).is_none()
        && !matches!(reading.before(place), "is" | "hanging" | "hangs" | "flying" | "flies" | "hovering");
    if !checkable
        || moving
        || part
        || thing.unreal
        || thing.negation.is_some()
        || thing.pronoun && thing.antecedent.is_none()
    {
        return Some((None, end));
    }
    let second = second.filter(|_| *relation == SpatialRelation::Between);
    let behind = second.map_or(thing.tokens.end, |second| reading.phrases[second].tokens.end);
    let subjects = subjects(reading, place, behind, range);
    Some((claim(reading, &(place..end), &subjects, *relation, [Some(object), second]), end))
}

/// The other of two things that something is between: "the car and -> the bus". None where the first are two already, nor
/// where the other is the subject of a clause: "a lamp stands between two chairs and a cat sleeps".
fn second_of(reading: &Reading<'_>, object: usize) -> Option<usize> {
    let first = &reading.phrases[object];
    let end = first.tokens.end;
    let second = (reading.word(end) == "and").then(|| reading.phrase_starting_at(end + 1))??;
    let phrase = &reading.phrases[second];
    let spoken = |at: usize| finite_verb(reading.word(at)).is_some() && !reading.is_in_phrase(at);
    let start = reading.sentences[first.sentence].start;
    let clause = spoken(phrase.tokens.end) && (start..first.tokens.start).any(spoken);
    let several = first.quantity.is_some() && first.is_plural();
    (!several && !clause && !phrase.pronoun && !phrase.unreal && phrase.negation.is_none()).then_some(second)
}

/// "To its left": by something named before. Which of several is left open.
fn by_pronoun(reading: &Reading<'_>, place: usize, range: &Range<usize>) -> Option<(Option<Claim>, usize)> {
    let side = matches!(reading.word(place), "to" | "on")
        && matches!(reading.word(place + 1), "its" | "his" | "her" | "their");
    let relation = match reading.word(place + 2) {
        "left" if side => SpatialRelation::LeftOf,
        "right" if side => SpatialRelation::RightOf,
        _ => return None,
    };
    let (end, plural) = (place + 3, reading.word(place + 1) == "their");
    if reading.tokens.get(end).is_some_and(|token| token.kind == TokenKind::Word)
        && !matches!(reading.word(end), "and" | "is" | "are" | "stands" | "sits" | "lies" | "there" | "while")
    {
        return Some((None, end));
    }
    let subjects = match reading.phrase_ending_at(place) {
        Some(subject) => vec![subject],
        None => subjects(reading, place, end, range),
    };
    let first = subjects.first().map_or(place, |&subject| reading.phrases[subject].tokens.start);
    let known = |phrase: &crate::text::NounPhrase| {
        !phrase.pronoun && !phrase.unreal && phrase.negation.is_none() && phrase.is_plural() == plural
    };
    let objects: Vec<usize> = (0..reading.phrases.len())
        .filter(|&other| {
            let phrase = &reading.phrases[other];
            !subjects.contains(&other)
                && known(phrase)
                && phrase.tokens.end <= first.min(place)
                && phrase.sentence + 1 >= reading.sentence_of(place)
        })
        .collect();
    let mut readings: Vec<Claim> = objects
        .iter()
        .filter_map(|&object| claim(reading, &(place..end), &subjects, relation, [Some(object), None]))
        .collect();
    if readings.is_empty() {
        return Some((None, end));
    }
    let mut first = readings.remove(0);
    for other in readings {
        first.readings.push(other.assertion);
        first.readings.extend(other.readings);
    }
    Some((Some(first), end))
}

/// "In the top left corner": each of the two words is a place in the picture. Gives the end of the whole, too.
fn in_corner(reading: &Reading<'_>, place: usize) -> Option<(SpatialRelation, usize)> {
    let height = |word: &str| match word {
        "top" | "upper" => Some(SpatialRelation::Above),
        "bottom" | "lower" => Some(SpatialRelation::Below),
        _ => None,
    };
    let side = |word: &str| match word {
        "left" => Some(SpatialRelation::LeftOf),
        "right" => Some(SpatialRelation::RightOf),
        _ => None,
    };
    // Which of the two words this is.
    let (relation, start) = match (height(reading.word(place)), side(reading.word(place))) {
        (Some(relation), _) if side(reading.word(place + 1)).is_some() => (relation, place),
        (_, Some(relation)) if height(reading.before(place)).is_some() => (relation, place - 1),
        _ => return None,
    };
    let opens = reading.before(start) == "the"
        && start.checked_sub(2).is_some_and(|at| matches!(reading.word(at), "in" | "at" | "on"));
    let mut end = start + 2;
    if matches!(reading.word(end), "corner" | "part" | "side" | "area" | "section") {
        end += 1;
    }
    let of_picture =
        reading.word(end) != "of" || (end + 1..end + 4).any(|at| PICTURE.contains(&reading.word(at)));
    (opens && of_picture).then_some((relation, end))
}

/// The things that the words at `place` may be said of, likeliest first: what stands before them, else what
/// follows ("On the left is a dog").
fn subjects(reading: &Reading<'_>, place: usize, end: usize, range: &Range<usize>) -> Vec<usize> {
    let before = reading
        .phrases
        .iter()
        .enumerate()
        .filter(|(_, phrase)| phrase.tokens.end <= place && phrase.tokens.start >= range.start)
        .max_by_key(|(_, phrase)| phrase.tokens.end);
    if let Some((nearest, phrase)) = before {
        let link = phrase.tokens.end..place;
        // "The dog, which is sitting left of the car": said of what stands before the comma.
        if reading.word(link.start) == ","
            && matches!(reading.word(link.start + 1), "which" | "who")
            && link.len() <= LONGEST_LINK + 2
            && !(link.start + 2..place).any(|at| matches!(reading.word(at), "," | "and" | "but"))
            && !(link.start + 2..place).any(|at| DENIALS.contains(&reading.word(at)))
        {
            return vec![nearest];
        }
        let apart = link.clone().any(|at| {
            let word = reading.word(at);
            matches!(word, "and" | "," | ";" | "while" | "but" | ":" | "or") || DENIALS.contains(&word)
        });
        // "..., and in the upper half a clock": a place that opens a clause is that of what follows.
        if apart && matches!(reading.before(place), "and" | "while" | ";") {
            return following(reading, end, range);
        }
        if link.len() > LONGEST_LINK || apart {
            return Vec::new();
        }
        // Whichever thing of the clause it is said of: "a dog on a sofa next to a cat". What has a place in the picture of its own is
        // none of them: "a cup on the left and -> a dog on the right".
        let placed = |at: usize| {
            reading.word(at) == "and"
                && PLACES.contains(&reading.before(at))
                && reading.phrase_starting_at(at + 1).is_some()
        };
        let clause = (range.start..place)
            .rev()
            .take_while(|&at| !matches!(reading.word(at), "," | ";" | ":" | "while" | "but") && !placed(at))
            .last()
            .unwrap_or(place);
        let mut subjects: Vec<usize> = (0..reading.phrases.len())
            .filter(|&other| {
                let tokens = &reading.phrases[other].tokens;
                tokens.start >= clause && tokens.end <= phrase.tokens.end
            })
            .collect();
        subjects.sort_by_key(|&other| reading.phrases[other].tokens.start);
        if !subjects.contains(&nearest) {
            subjects.push(nearest);
        }
        return subjects;
    }
    following(reading, end, range)
}

/// The thing right behind a place.
fn following(reading: &Reading<'_>, end: usize, range: &Range<usize>) -> Vec<usize> {
    let after = reading
        .phrases
        .iter()
        .enumerate()
        .filter(|(_, phrase)| phrase.tokens.start >= end && phrase.tokens.end <= range.end && !phrase.pronoun)
        .min_by_key(|(_, phrase)| phrase.tokens.start);
    match after {
        Some((next, phrase)) if phrase.tokens.start - end <= LONGEST_LINK => vec![next],
        _ => Vec::new(),
    }
}

fn claim(
    reading: &Reading<'_>,
    tokens: &Range<usize>,
    subjects: &[usize],
    relation: SpatialRelation,
    [object, second]: [Option<usize>; 2],
) -> Option<Claim> {
    let thing = |index: usize| {
        let phrase = &reading.phrases[index];
        let phrase = phrase.antecedent.map_or(phrase, |of| &reading.phrases[of]);
        let real = !phrase.unreal && phrase.negation.is_none() && !is_none_of(reading, phrase.tokens.start);
        real.then(|| entity(reading, phrase))
    };
    let object_entity = match object {
        Some(object) => Some(thing(object)?),
        None => None,
    };
    let second_entity = match second {
        Some(second) => Some(thing(second)?),
        None => None,
    };
    let mut readings: Vec<Assertion> = subjects
        .iter()
        .filter_map(|&subject| {
            let subject = thing(subject)?;
            // Nothing stands beside itself.
            if object_entity.iter().chain(&second_entity).any(|object| object.span == subject.span) {
                return None;
            }
            let (object, second) = (object_entity.clone(), second_entity.clone().map(Box::new));
            Some(Assertion::Relation { subject, relation, object, second })
        })
        .collect();
    if readings.is_empty() {
        return None;
    }
    let assertion = readings.remove(0);
    let hedged = subjects.iter().chain(&object).chain(&second).any(|&index| reading.phrases[index].hedged);
    Some(Claim {
        span: reading.span(tokens),
        surface: reading.surface(tokens).to_owned(),
        assertion,
        hedged,
        readings,
    })
}

impl Reading<'_> {
    /// The phrase that this one hangs on: the nearest before it in the same sentence with nothing but words in
    /// between, and no "and": "a man holding -> an umbrella", "a dog on -> a sofa".
    pub(crate) fn governor(&self, phrase: usize) -> Option<usize> {
        let of = &self.phrases[phrase];
        let (outer, before) = self
            .phrases
            .iter()
            .enumerate()
            .filter(|(_, other)| other.sentence == of.sentence && other.tokens.end <= of.tokens.start)
            .max_by_key(|(_, other)| other.tokens.end)?;
        let link = before.tokens.end..of.tokens.start;
        let plain = link.clone().all(|at| {
            self.tokens[at].kind == crate::text::TokenKind::Word
                && !matches!(
                    self.word(at),
                    "and" | "or" | "but" | "while" | "that" | "which" | "who" | "as" | "because"
                )
        });
        (plain && !link.is_empty() && link.len() <= LONGEST_HOLD).then_some(outer)
    }
}
