//! How far a denial reaches: over the whole picture, or over a part of it only.

use std::ops::Range;

use super::{
    Reading,
    denial::{denied_together, is_presenting, is_verb, is_verb_behind},
    phrase::{Determiner, NounPhrase},
    phrases::is_word,
    words::{COPULAS, DEFINITE, PICTURE, PREPOSITIONS},
};

/// Words behind a denied thing that leave it denied for the whole picture: "is to be seen here".
const EVERYWHERE: &[&str] = &[
    "is", "are", "was", "were", "can", "could", "be", "to", "seen", "found", "visible", "present", "shown",
    "here", "there", "anywhere", "at", "all", "in", "within", "the", "this", "either", "around", "clearly",
    "also", "apparent", "depicted",
];

/// Words before a denied thing that leave all of its kind denied: "no visible text".
const PLAIN: &[&str] =
    &["visible", "single", "apparent", "discernible", "any", "a", "an", "obvious", "real", "actual"];

/// Places that a picture may be of as a whole.
const SCENES: &[&str] = &[
    "alley",
    "backyard",
    "bathroom",
    "beach",
    "bedroom",
    "city",
    "courtyard",
    "desert",
    "field",
    "forest",
    "garden",
    "hallway",
    "highway",
    "kitchen",
    "landscape",
    "library",
    "meadow",
    "office",
    "park",
    "plaza",
    "restaurant",
    "road",
    "room",
    "square",
    "station",
    "street",
    "town",
    "village",
    "yard",
    "zoo",
];

/// Words for all that a picture shows. A street, a room or a park may be a part of it.
const WHOLES: &[&str] =
    &["frame", "image", "photo", "photograph", "picture", "scene", "shot", "sight", "view"];

/// Prepositions that say where something is.
const PLACING: &[&str] = &[
    "on",
    "in",
    "at",
    "near",
    "beside",
    "under",
    "beneath",
    "underneath",
    "below",
    "above",
    "over",
    "behind",
    "inside",
    "within",
    "between",
    "among",
    "against",
    "along",
    "alongside",
    "around",
    "across",
    "through",
    "outside",
    "atop",
    "upon",
    "next",
    "front",
];

/// What a denied phrase says of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It is nowhere in the picture.
    Picture,
    /// It is not in some place of it, or not with somebody: one elsewhere is no disproof.
    Part,
    /// Nothing about presence: "the animal is not a dog".
    None,
}

/// How far a denial reaches.
pub(crate) fn reach(reading: &Reading<'_>, phrase: &NounPhrase) -> Reach {
    let Some(own) = &phrase.negation else { return Reach::None };
    let first = own.with.map_or(phrase, |first| &reading.phrases[first]);
    let Some(negation) = &first.negation else { return Reach::None };
    // "He looks at neither the camera nor her."
    if matches!(phrase.determiner, Determiner::Definite | Determiner::Possessive) {
        return Reach::None;
    }
    let start = negation.tokens.start;
    let lead = reading.word(start);
    let before = reading.before(start);
    let sentence = &reading.sentences[first.sentence];
    let existential = before == "there"
        || COPULAS.contains(&before) && start >= 2 && reading.word(start - 2) == "there"
        || matches!(before, "there's");
    let predicate = COPULAS.contains(&before) && !existential && {
        let subject = reading.phrase_ending_at(start - 1);
        // "In the room is no dog" has its subject behind the verb.
        subject.is_some_and(|subject| {
            let subject = reading.phrases[subject].tokens.start;
            subject <= sentence.start || !PREPOSITIONS.contains(&reading.before(subject))
        }) || matches!(reading.before(start - 1), "it" | "this" | "that" | "he" | "she" | "they")
    };
    let end = last_of_list(reading, own.with.unwrap_or_else(|| index_of(reading, first)));
    let clause = clause_before(reading, sentence, start, is_verb_behind(reading, end));
    let whole = match lead {
        "no" | "neither" | "nor" if predicate => return Reach::None,
        // "There is no cloud in the sky, nor a bird": where the bird is missed is open.
        "nor" => false,
        "no" | "neither" => {
            let subject_end = start.saturating_sub(1);
            let presented = is_presenting(before) && presents(reading, subject_end);
            let accompanied = before == "with" && !has_thing_before(reading, first);
            let opens = start == sentence.start
                || matches!(before, "," | ";" | "but" | "and" | ":")
                    && is_of_picture(reading, clause.clone())
                || COPULAS.contains(&before);
            existential || presented || accompanied || opens
        }
        "not" if reading.words_at(start, &["not", "a", "single"]) => true,
        "isn't" | "aren't" | "wasn't" | "weren't" | "is" | "are" | "was" | "were" => {
            let there = existential || reading.words_at(start + 1, &["not", "a", "single"]);
            if !there || first.determiner == Determiner::Definite {
                return Reach::None;
            }
            true
        }
        "not" => return Reach::None,
        "without" => !has_thing_before(reading, first),
        "lacks" | "lack" | "lacking" | "devoid" | "free" | "empty" => presents(
            reading,
            (sentence.start..start).rev().find(|&at| COPULAS.contains(&reading.word(at))).unwrap_or(start),
        ),
        _ => reading.before(start) != "it" || presents(reading, start),
    };
    let modifiers = own.words_end..phrase.head.start;
    if modifiers
        .clone()
        .any(|at| matches!(reading.word(at), "other" | "more" | "longer" | "further" | "additional"))
    {
        return Reach::None;
    }
    let plain = modifiers.clone().all(|at| PLAIN.contains(&reading.word(at)));
    let whole = whole && plain && !is_placed(reading, clause) && is_everywhere(reading, end, sentence);
    if whole { Reach::Picture } else { Reach::Part }
}

/// The words of a denial's clause that stand before it. `verb` says whether a verb of its own stands behind it.
fn clause_before(
    reading: &Reading<'_>,
    sentence: &Range<usize>,
    start: usize,
    mut verb: bool,
) -> Range<usize> {
    let first = sentence.clone().find(|&at| is_verb(reading, at)).unwrap_or(start);
    for at in (sentence.start..start).rev() {
        let parts = matches!(reading.word(at), ";" | ":");
        let joins = verb && matches!(reading.word(at), "," | "and" | "but" | "while");
        if parts || joins && first < at {
            return at + 1..start;
        }
        verb |= is_verb(reading, at);
    }
    sentence.start..start
}

/// Whether a clause says, before it denies something, where that is not: "on the table there is no cup".
fn is_placed(reading: &Reading<'_>, mut clause: Range<usize>) -> bool {
    clause.any(|at| PLACING.contains(&reading.word(at)) && scene_behind(reading, at).is_none())
}

/// Whether a clause says what is in the picture, or has no verb: "there is a dog but no -> cat", not "he wears a coat but
/// no -> tie".
fn is_of_picture(reading: &Reading<'_>, mut clause: Range<usize>) -> bool {
    let Some(verb) = clause.find(|&at| is_verb(reading, at)) else { return true };
    let word = reading.word(verb);
    let seen = matches!(reading.word(verb + 1), "visible" | "seen" | "shown" | "present" | "there" | "here");
    word == "there's"
        || COPULAS.contains(&word) && (reading.before(verb) == "there" || seen)
        || is_presenting(word) && presents(reading, verb)
}

fn index_of(reading: &Reading<'_>, phrase: &NounPhrase) -> usize {
    let is_it = |place: &usize| {
        let other = &reading.phrases[*place];
        other.tokens == phrase.tokens && !other.pronoun
    };
    reading.phrases_of(phrase.sentence).find(is_it).unwrap_or(0)
}

fn last_of_list(reading: &Reading<'_>, first: usize) -> usize {
    let ends = denied_together(reading, first).into_iter().map(|place| reading.phrases[place].tokens.end);
    ends.max().unwrap_or_default()
}

/// Whether something that a detector may know stands before a denial in its clause: "a man without an umbrella".
fn has_thing_before(reading: &Reading<'_>, phrase: &NounPhrase) -> bool {
    let start = phrase.tokens.start;
    let sentence = reading.sentences[phrase.sentence].start;
    let clause = (sentence..start)
        .rev()
        .take_while(|&at| !matches!(reading.word(at), ";" | ":" | "while" | "but"))
        .last()
        .unwrap_or(start);
    reading
        .phrases_of(phrase.sentence)
        .map(|other| &reading.phrases[other])
        .any(|other| other.tokens.start >= clause && other.tokens.end <= start && !other.labels.is_empty())
}

/// Whether the words behind what is denied leave it denied for the whole picture: "no dogs are visible", but not "no dogs
/// are on the couch", nor "no dogs are asleep".
fn is_everywhere(reading: &Reading<'_>, end: usize, sentence: &Range<usize>) -> bool {
    let mut at = end;
    while at < sentence.end && is_word(reading, at) && !matches!(reading.word(at), "but" | "while" | "and") {
        if matches!(reading.word(at), "in" | "on" | "at" | "within" | "from")
            && let Some(scene) = scene_behind(reading, at)
        {
            at = scene + 1;
        } else if EVERYWHERE.contains(&reading.word(at)) && !matches!(reading.word(at), "in" | "within") {
            at += 1;
        } else {
            return false;
        }
    }
    true
}

/// "In the picture", "in sight": the word for all that the picture shows behind a preposition.
pub(super) fn scene_behind(reading: &Reading<'_>, preposition: usize) -> Option<usize> {
    (preposition + 1..preposition + 4)
        .take_while(|&at| is_word(reading, at) && !PREPOSITIONS.contains(&reading.word(at)))
        .filter(|&at| is_scene(reading, at))
        .last()
}

/// Whether the subject that ends at a place is the picture, what it shows as a whole, or whoever looks at it.
pub(super) fn presents(reading: &Reading<'_>, end: usize) -> bool {
    let subject = reading.before(end);
    matches!(subject, "i" | "we" | "you")
        || subject == "it" && is_picture(reading, end - 1)
        || PICTURE.contains(&subject)
        || is_scene(reading, end.saturating_sub(1))
}

/// Whether an "it" stands for the picture: where nothing else was named that it could stand for.
fn is_picture(reading: &Reading<'_>, place: usize) -> bool {
    let sentence = reading.sentence_of(place);
    let before = sentence.checked_sub(1).map(|before| reading.sentences[before].start);
    let opens = reading.sentences[sentence].start == place;
    // "The image shows a kitchen. It has no cups."
    let of_picture = before.is_some_and(|start| {
        DEFINITE.contains(&reading.word(start)) && PICTURE.contains(&reading.word(start + 1))
    });
    let could_be = |phrase: &NounPhrase| phrase.tokens.end <= place && !phrase.is_plural();
    let earlier = reading.phrases_of(sentence.saturating_sub(1)).start..reading.phrases_of(sentence).end;
    opens && of_picture || !reading.phrases[earlier].iter().any(could_be)
}

/// Whether a word names all that the picture shows: one for the picture, or for the place that the text begins with as
/// what it shows ("a photo of a kitchen").
fn is_scene(reading: &Reading<'_>, place: usize) -> bool {
    let word = reading.word(place);
    WHOLES.contains(&word) || !word.is_empty() && scene_shown(reading).is_some_and(|shown| shown == word)
}

/// The place that the first sentence says the picture is of: "kitchen" in "The image shows a small kitchen with ...".
fn scene_shown<'r>(reading: &'r Reading<'_>) -> Option<&'r str> {
    let first = reading.sentences.first()?;
    let is_of = |at: usize| {
        let word = reading.word(at);
        (word == "of" || is_presenting(word)) && PICTURE.contains(&reading.before(at))
            || matches!(word, "is" | "it's") && matches!(reading.before(at), "this" | "it" | "")
    };
    let verb = first.clone().take(4).find(|&at| is_of(at))?;
    let article = Some(verb + 1).filter(|&at| matches!(reading.word(at), "a" | "an" | "the"))?;
    let noun = (article + 1..first.end.min(article + 5))
        .take_while(|&at| is_word(reading, at) && !PREPOSITIONS.contains(&reading.word(at)))
        .last()?;
    SCENES.contains(&reading.word(noun)).then(|| reading.word(noun))
}
