//! What a text says is not there: "no dog or cat", "neither ... nor", "does not show any", "without", "nobody".

use std::ops::Range;

use lavr_types::{Vocabulary, vocabulary::GrammaticalNumber};

use super::{
    Reading,
    phrase::{Determiner, Negation, NounPhrase},
    reach::{presents, scene_behind},
    verbs::{base_of, finite_verb},
    words::COPULAS,
};

/// Verbs by which a picture, or whoever looks at it, has something in it.
const PRESENTING: &[&str] =
    &["show", "contain", "include", "feature", "depict", "display", "see", "reveal", "portray"];

/// What a denied thing is no more than a sign of: "no sign of a dog".
pub(super) const SIGNS: &[&str] =
    &["sign", "signs", "trace", "traces", "evidence", "indication", "hint", "glimpse"];

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
pub(super) fn is_presenting(word: &str) -> bool {
    matches!(word, "have" | "has" | "had")
        || base_of(word).is_some_and(|base| PRESENTING.contains(&base.as_str()))
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
        // "With no cars or buses, dogs and cats are about": an "or" closed the list.
        if comma && closed > 0 && !matches!(reading.word(end + 1), "or" | "and/or" | "nor") {
            break;
        }
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
    let clause_end = members.iter().position(|&member| {
        let start = reading.phrases[member].tokens.start;
        start > 0 && reading.before(start) == ","
    });
    if let Some(clause_end) =
        clause_end.filter(|_| accompanies(reading, first) && is_verb_behind(reading, end))
    {
        members.truncate(clause_end);
    }
    members
}

/// Whether a denial only goes with something else: "in a room with no people, ...", "without people, ...".
fn accompanies(reading: &Reading<'_>, first: usize) -> bool {
    let negation = reading.phrases[first].negation.as_ref();
    negation.is_some_and(|negation| {
        let start = negation.tokens.start;
        reading.word(start) == "without" || reading.before(start) == "with"
    })
}

/// Whether a verb follows what ends at a place, so that it is the subject of a clause.
pub(super) fn is_verb_behind(reading: &Reading<'_>, end: usize) -> bool {
    let verb = (end..end + 2).find(|&at| !reading.word(at).ends_with("ly") && reading.word(at) != "also");
    verb.is_some_and(|at| {
        is_verb(reading, at) || matches!(reading.word(at), "can" | "could" | "may" | "fill")
    })
}

/// Whether a word is a finite verb here, and no part of something that is named.
pub(super) fn is_verb(reading: &Reading<'_>, place: usize) -> bool {
    let word = reading.word(place);
    (COPULAS.contains(&word) || word == "there's" || is_presenting(word) || finite_verb(word).is_some())
        && !reading.is_in_phrase(place)
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

/// All that is denied together with the first of a list, that one too.
pub(crate) fn denied_together(reading: &Reading<'_>, first: usize) -> Vec<usize> {
    let member = |place: &usize| {
        *place == first
            || reading.phrases[*place].negation.as_ref().is_some_and(|negation| negation.with == Some(first))
    };
    reading.phrases_of(reading.phrases[first].sentence).filter(member).collect()
}
