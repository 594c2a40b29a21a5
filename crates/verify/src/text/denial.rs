//! What a text says is not there: "no dog or cat", "neither ... nor", "does not show any", "without", "nobody".

use std::ops::Range;

use lavr_types::{Vocabulary, vocabulary::GrammaticalNumber};

use super::{
    Reading,
    phrase::{Determiner, Negation, NounPhrase},
    phrases::is_word,
    verbs::{base_of, finite_verb},
    words::{COPULAS, PICTURE, PREPOSITIONS},
};

/// Verbs by which a picture, or whoever looks at it, has something in it.
const PRESENTING: &[&str] =
    &["show", "contain", "include", "feature", "depict", "display", "see", "reveal", "portray"];

/// Words behind a denied thing that leave it denied for the whole picture: "is to be seen here".
const EVERYWHERE: &[&str] = &[
    "is", "are", "was", "were", "can", "could", "be", "to", "seen", "found", "visible", "present", "shown",
    "here", "there", "anywhere", "at", "all", "in", "within", "the", "this", "either", "around", "clearly",
    "also", "apparent", "depicted",
];

/// Words before a denied thing that leave all of its kind denied: "no visible text".
const PLAIN: &[&str] =
    &["visible", "single", "apparent", "discernible", "any", "a", "an", "obvious", "real", "actual"];

/// What a denied thing is no more than a sign of: "no sign of a dog".
pub(super) const SIGNS: &[&str] =
    &["sign", "signs", "trace", "traces", "evidence", "indication", "hint", "glimpse"];

/// Places that a picture as a whole may show: what is not in them is not in the picture.
const SCENES: &[&str] = &[
    "alley",
    "area",
    "backyard",
    "bathroom",
    "beach",
    "bedroom",
    "city",
    "courtyard",
    "desert",
    "field",
    "forest",
    "frame",
    "garden",
    "hallway",
    "highway",
    "house",
    "image",
    "kitchen",
    "landscape",
    "library",
    "lot",
    "meadow",
    "office",
    "park",
    "photo",
    "photograph",
    "picture",
    "plaza",
    "restaurant",
    "road",
    "room",
    "scene",
    "shot",
    "sight",
    "square",
    "station",
    "street",
    "town",
    "view",
    "village",
    "yard",
    "zoo",
];

/// The words before a noun that deny it, with where they begin; its article stands behind them.
pub(super) fn denial_before(
    reading: &Reading<'_>,
    phrase: &mut NounPhrase,
    place: usize,
    left: usize,
) -> usize {
    if is_nobody(reading, phrase.head.start) {
        let head = phrase.head.start;
        phrase.negation = Some(Negation { tokens: head..head, words_end: head, with: None });
        return head;
    }
    let Some(start) = words_before(reading, phrase, place, left) else { return place };
    phrase.negation = Some(Negation { tokens: start..phrase.head.start, words_end: place, with: None });
    start
}

fn words_before(reading: &Reading<'_>, phrase: &NounPhrase, place: usize, left: usize) -> Option<usize> {
    let last = place.checked_sub(1).filter(|&last| last >= left)?;
    let word = reading.word(last);
    let from = |start: usize| (start >= left).then_some(start);
    match word {
        "not" if COPULAS.contains(&reading.before(last)) => return from(last - 1).or(Some(last)),
        // "Neither man wears a hat" speaks of two men.
        "neither" => {
            let end = reading.sentences[phrase.sentence].end;
            return (last..end).any(|at| reading.word(at) == "nor").then_some(last);
        }
        "no" | "not" | "without" | "isn't" | "aren't" | "wasn't" | "weren't" | "nor" | "lacks" | "lack"
        | "lacking" => return Some(last),
        "of" if matches!(reading.before(last), "devoid" | "free" | "empty") => return from(last - 1),
        "of" if reading.before(last) == "absence" => {
            let start = last - 1;
            let article = matches!(reading.before(start), "the" | "an");
            return from(start - usize::from(article && start > left));
        }
        "of" if SIGNS.contains(&reading.before(last)) => {
            let sign = last - 1;
            return matches!(reading.before(sign), "no" | "without").then(|| from(sign - 1))?;
        }
        _ => {}
    }
    let open = matches!(phrase.determiner, Determiner::None | Determiner::Any | Determiner::Indefinite);
    open.then(|| verb_before(reading, last, left)).flatten()
}

/// "The image does not show", "there doesn't appear to be", "you cannot see": the start of a denied verb of presence that
/// ends at a place.
fn verb_before(reading: &Reading<'_>, last: usize, left: usize) -> Option<usize> {
    let mut at = last;
    let is = reading.word(at) == "be";
    if !is && !is_presenting(reading.word(at)) {
        return None;
    }
    let step = |at: &mut usize| -> Option<()> {
        *at = at.checked_sub(1).filter(|&at| at >= left)?;
        Some(())
    };
    step(&mut at)?;
    let seeming = reading.word(at) == "to";
    if seeming {
        step(&mut at)?;
        if !matches!(reading.word(at), "appear" | "seem") {
            return None;
        }
        step(&mut at)?;
    }
    if is && !seeming {
        return None;
    }
    let (auxiliary, subject_end) = match reading.word(at) {
        "not" if matches!(reading.before(at), "does" | "do" | "did" | "can") => (at - 1, at - 1),
        "doesn't" | "don't" | "didn't" | "cannot" | "can't" => (at, at),
        _ => return None,
    };
    if auxiliary < left {
        return None;
    }
    let there = reading.before(subject_end) == "there";
    // Of what "there does not appear to be" a picture is not the subject, nor the other way round.
    (if is { there } else { presents(reading, subject_end) }).then_some(auxiliary)
}

/// "Shows", "has": whether a verb says what a picture has in it.
fn is_presenting(word: &str) -> bool {
    matches!(word, "have" | "has" | "had")
        || base_of(word).is_some_and(|base| PRESENTING.contains(&base.as_str()))
}

/// Whether the subject that ends at a place is the picture, what it shows as a whole, or whoever looks at it.
fn presents(reading: &Reading<'_>, end: usize) -> bool {
    let subject = reading.before(end);
    matches!(subject, "i" | "we" | "you" | "one" | "it")
        || SCENES.contains(&subject)
        || PICTURE.contains(&subject)
}

/// Whether a place begins a word for nobody that denies that somebody is there. "Nobody rides the horse" does not.
pub(super) fn nobody(reading: &Reading<'_>, place: usize, range: &Range<usize>) -> Option<Range<usize>> {
    let tokens = match reading.word(place) {
        "nobody" | "no-one" => place..place + 1,
        "no" if reading.word(place + 1) == "one" && place + 1 < range.end => place..place + 2,
        "anybody" | "anyone" => return Some(place..place + 1),
        _ => return None,
    };
    let before = reading.before(place);
    let existential = matches!(before, "is" | "was") && place >= 2 && reading.word(place - 2) == "there";
    let introduced = existential || before == "with" || is_presenting(before);
    let after = tokens.end;
    let seen = |at: usize| {
        matches!(reading.word(at), "visible" | "present" | "around" | "here" | "there")
            || reading.words_at(at, &["to", "be", "seen"])
            || matches!(reading.word(at), "in" | "on" | "at") && scene_behind(reading, at).is_some()
    };
    let present = COPULAS.contains(&reading.word(after)) && seen(after + 1)
        || reading.words_at(after, &["can", "be", "seen"])
        || seen(after);
    (introduced && !reading.word(after).ends_with("ing") || present).then_some(tokens)
}

/// Whether a head is a word for nobody.
fn is_nobody(reading: &Reading<'_>, head: usize) -> bool {
    matches!(reading.word(head), "nobody" | "no-one")
        || reading.word(head) == "no" && reading.word(head + 1) == "one"
}

/// Whether a head is a word that only a denial makes nobody: "anyone".
pub(super) fn is_anybody(reading: &Reading<'_>, head: usize) -> bool {
    matches!(reading.word(head), "anybody" | "anyone")
}

/// "No dog, cat or bird", "neither cars nor buses": each member of a list is denied with the first.
pub(super) fn mark_denied_lists(reading: &mut Reading<'_>, vocabulary: &Vocabulary) {
    let firsts: Vec<usize> =
        (0..reading.phrases.len()).filter(|&place| reading.phrases[place].negation.is_some()).collect();
    for first in firsts {
        if reading.phrases[first].negation.as_ref().is_none_or(|negation| negation.with.is_some()) {
            continue;
        }
        for member in denied_with(reading, vocabulary, first) {
            let phrase = &mut reading.phrases[member];
            let tokens = match &phrase.negation {
                Some(own) => own.tokens.clone(),
                None => phrase.tokens.start..phrase.head.start,
            };
            let words_end = phrase.negation.as_ref().map_or(tokens.start, |own| own.words_end);
            phrase.negation = Some(Negation { tokens, words_end, with: Some(first) });
        }
    }
}

/// The phrases that are listed behind a denied one.
fn denied_with(reading: &Reading<'_>, vocabulary: &Vocabulary, first: usize) -> Vec<usize> {
    let mut members = Vec::new();
    let mut end = reading.phrases[first].tokens.end;
    // Members that stand behind a comma wait for the "or" that closes the list.
    let mut closed = 0;
    loop {
        let comma = reading.word(end) == ",";
        let joint = end + usize::from(comma);
        let (start, closes) = match reading.word(joint) {
            "or" | "and/or" | "and" => (joint + 1, true),
            // "Nor" stands in the phrase that it denies.
            "nor" => (joint, true),
            _ if comma => (joint, false),
            _ => break,
        };
        let Some(next) = reading.phrase_starting_at(start) else { break };
        let phrase = &reading.phrases[next];
        let own = phrase.negation.is_some();
        let open = matches!(phrase.determiner, Determiner::None | Determiner::Any | Determiner::Indefinite)
            && phrase.quantity.is_none()
            && !phrase.pronoun;
        if reading.word(joint) == "and" && !joins(reading, vocabulary, first, next) {
            break;
        }
        if !open || own != (reading.word(joint) == "nor") {
            break;
        }
        members.push(next);
        end = reading.phrases[next].tokens.end;
        if closes {
            closed = members.len();
        }
    }
    members.truncate(closed);
    members
}

/// "No cars and buses": an "and" goes on with what is denied where a bare plural follows that opens no clause.
fn joins(reading: &Reading<'_>, vocabulary: &Vocabulary, first: usize, next: usize) -> bool {
    let (of, phrase) = (&reading.phrases[first], &reading.phrases[next]);
    let bare = phrase.determiner == Determiner::None && phrase.number != GrammaticalNumber::Singular;
    let start = reading.sentences[of.sentence].start;
    let verb = |at: usize| {
        finite_verb(reading.word(at)).is_some() && vocabulary.longest_match(&[reading.word(at)]).is_none()
    };
    let spoken = (start..of.tokens.start).any(verb);
    bare && phrase.colors.is_empty() && !(spoken && verb(phrase.tokens.end))
}

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
        _ => true,
    };
    let modifiers = own.words_end..phrase.head.start;
    if modifiers
        .clone()
        .any(|at| matches!(reading.word(at), "other" | "more" | "longer" | "further" | "additional"))
    {
        return Reach::None;
    }
    let plain = modifiers.clone().all(|at| PLAIN.contains(&reading.word(at)));
    let end = last_of_list(reading, own.with.unwrap_or_else(|| index_of(reading, first)));
    if whole && plain && is_everywhere(reading, end, sentence) { Reach::Picture } else { Reach::Part }
}

fn index_of(reading: &Reading<'_>, phrase: &NounPhrase) -> usize {
    reading.phrases.iter().position(|other| other.tokens == phrase.tokens && !other.pronoun).unwrap_or(0)
}

/// All that is denied together with the first of a list, that one too.
pub(crate) fn denied_together(reading: &Reading<'_>, first: usize) -> Vec<usize> {
    let member = |place: &usize| {
        *place == first
            || reading.phrases[*place].negation.as_ref().is_some_and(|negation| negation.with == Some(first))
    };
    (0..reading.phrases.len()).filter(member).collect()
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
        .phrases
        .iter()
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

/// "In the picture", "on the street": the word for all that the picture shows behind a preposition.
fn scene_behind(reading: &Reading<'_>, preposition: usize) -> Option<usize> {
    (preposition + 1..preposition + 4)
        .take_while(|&at| is_word(reading, at) && !PREPOSITIONS.contains(&reading.word(at)))
        .filter(|&at| SCENES.contains(&reading.word(at)))
        .last()
}
