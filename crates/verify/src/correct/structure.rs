//! How the phrases of a sentence hang together: lists, subjects and their verbs, clauses.

use std::ops::Range;

use crate::check::is_clothing;
use crate::text::{
    Determiner, Reading, TokenKind,
    phrases::PORTIONS,
    verbs::{Agreement, finite_verb, finite_verb_behind_singular, is_participle},
    words::{AFTER_NOUNS, FUNCTION, PREPOSITIONS},
};

/// Phrases joined by commas and "and", in order. A phrase that stands alone is a list of one.
pub(super) fn list_around(reading: &Reading<'_>, phrase: usize) -> Vec<usize> {
    let mut list = vec![phrase];
    while let Some(before) = list.first().and_then(|&first| joined_before(reading, first)) {
        list.insert(0, before);
    }
    while let Some(after) = list.last().and_then(|&last| joined_after(reading, last)) {
        list.push(after);
    }
    list
}

/// The phrase that ends where the conjunction before this one begins. Of "a dog with a collar and a cat" both the
/// dog and the collar do: a plural verb behind the cat joins it to the dog.
fn joined_before(reading: &Reading<'_>, phrase: usize) -> Option<usize> {
    let of = &reading.phrases[phrase];
    let separator = separator_before(reading, of.tokens.start)?;
    if separator.start < reading.sentences[of.sentence].start || opens_clause(reading, phrase) {
        return None;
    }
    let others =
        || (0..reading.phrases.len()).filter(|&other| other != phrase && !reading.phrases[other].pronoun);
    // "A spoon inside the cup and a fork": what is new is not listed with what is known.
    let is_new = of.determiner == Determiner::Indefinite && existential_in(reading, of.sentence);
    let fits = |&other: &usize| {
        let known = reading.phrases[other].determiner == Determiner::Definite;
        !(is_new && known && is_placing(reading, other))
    };
    let outer = others().filter(fits).find(|&other| unit_end(reading, other) == separator.start);
    let inner = others().filter(fits).rev().find(|&other| core_end(reading, other) == separator.start);
    let plural_verb = verb_of(reading, phrase)
        .is_some_and(|verb| finite_verb(reading.word(verb)) == Some(Agreement::Plural));
    if plural_verb { outer.or(inner) } else { inner.or(outer) }
}

/// Whether a preposition stands before a phrase.
fn is_placing(reading: &Reading<'_>, phrase: usize) -> bool {
    preposition_before(reading, reading.phrases[phrase].tokens.start).is_some()
}

/// Whether a sentence says what "there is".
pub(super) fn existential_in(reading: &Reading<'_>, sentence: usize) -> bool {
    reading.sentences[sentence].clone().any(|place| {
        reading.word(place) == "there" && finite_verb(reading.word(place + 1)).is_some()
            || reading.word(place) == "there's"
    })
}

fn joined_after(reading: &Reading<'_>, phrase: usize) -> Option<usize> {
    (0..reading.phrases.len()).find(|&other| {
        other != phrase
            && reading.phrases[other].tokens.start >= reading.phrases[phrase].tokens.end
            && joined_before(reading, other) == Some(phrase)
    })
}

/// The tokens of ",", "and", ", and" or "or" right before a token.
pub(super) fn separator_before(reading: &Reading<'_>, place: usize) -> Option<Range<usize>> {
    let one = |place: usize| matches!(reading.word(place), "and" | "or" | "," | "&");
    let last = place.checked_sub(1).filter(|&last| one(last))?;
    match last.checked_sub(1) {
        Some(comma) if reading.word(comma) == "," && reading.word(last) != "," => Some(comma..place),
        _ => Some(last..place),
    }
}

/// Whether a phrase behind "and" or a comma is the subject of a clause of its own ("a dog runs and -> a cat sleeps").
pub(super) fn opens_clause(reading: &Reading<'_>, phrase: usize) -> bool {
    let of = &reading.phrases[phrase];
    let Some(verb) = verb_of(reading, phrase) else { return false };
    match finite_verb_behind_singular(reading.word(verb)) {
        // "A row of bicycles is lined up." What an "and" joins to something without a verb is no clause: "a cat with blue
        // eyes and a collar sits".
        Some(Agreement::Singular) => {
            let joined = reading.before(of.tokens.start) == "and";
            (!of.is_plural() || of.group.is_some())
                && (!joined || clause_has_verb_before(reading, of.tokens.start))
        }
        Some(Agreement::Plural) => of.is_plural() && clause_has_verb_before(reading, of.tokens.start),
        Some(Agreement::Any) => clause_has_verb_before(reading, of.tokens.start),
        None => false,
    }
}

fn clause_has_verb_before(reading: &Reading<'_>, place: usize) -> bool {
    let sentence = reading.sentence_of(place);
    let start = reading.sentences[sentence].start;
    (start..place).any(|at| {
        finite_verb(reading.word(at)).is_some()
            && !reading.phrases.iter().any(|phrase| phrase.tokens.contains(&at))
    })
}

/// Where "a slice of" begins before a phrase: what is a part of something goes with it.
pub(super) fn portion_before(reading: &Reading<'_>, start: usize) -> Option<usize> {
    let noun = start.checked_sub(2).filter(|_| reading.before(start) == "of")?;
    let word = reading.word(noun);
    let portion =
        PORTIONS.contains(&word) || word.strip_suffix('s').is_some_and(|one| PORTIONS.contains(&one));
    let own = reading.phrases.iter().any(|phrase| phrase.tokens.contains(&noun));
    let article = noun.checked_sub(1).filter(|&at| matches!(reading.word(at), "a" | "an" | "the" | "one"));
    (portion && !own).then_some(article.unwrap_or(noun))
}

/// The end of a phrase with what it consists of: "plates of food".
fn core_end(reading: &Reading<'_>, phrase: usize) -> usize {
    let mut end = reading.phrases[phrase].tokens.end;
    while reading.word(end) == "of" {
        end = match reading.phrase_starting_at(end + 1) {
            Some(inner) => reading.phrases[inner].tokens.end,
            None if is_content(reading, end + 1) => {
                // "A cup of green tea".
                let more = is_content(reading, end + 2);
                end + 2 + usize::from(more)
            }
            None if reading.tokens.get(end + 1).is_some_and(|token| token.kind == TokenKind::Word) => end + 2,
            None => break,
        };
    }
    end
}

/// Whether a word may be a noun or stand before one.
fn is_content(reading: &Reading<'_>, place: usize) -> bool {
    let word = reading.word(place);
    reading.tokens.get(place).is_some_and(|token| token.kind == TokenKind::Word)
        && ![FUNCTION, PREPOSITIONS, AFTER_NOUNS].iter().any(|words| words.contains(&word))
        && finite_verb(word).is_none()
        && !is_participle(word)
        && !word.ends_with("ed")
        && !word.ends_with("ly")
}

/// The end of a phrase with what only serves it: "with a collar", "wearing a hat", "that is red".
pub(super) fn unit_end(reading: &Reading<'_>, phrase: usize) -> usize {
    let mut end = core_end(reading, phrase);
    let mut served = false;
    while matches!(reading.word(end), "with" | "wearing" | "holding" | "carrying") {
        match reading.phrase_starting_at(end + 1).map(|inner| core_end(reading, inner)) {
            // "on a couch with laptops on their laps": the laptops are those of who sits there.
            Some(inner) if is_placed_on_somebody(reading, inner) => break,
            Some(inner) => (end, served) = (inner, true),
            None => break,
        }
    }
    if reading.words_at(end, &["on", "a", "leash"]) {
        end += 3;
    }
    // What people have on: "a woman in a black helmet", "a man in red".
    if reading.word(end) == "in" && reading.phrases[phrase].labels == ["person"] {
        match reading.phrase_starting_at(end + 1) {
            Some(clothes) if is_clothing(reading.surface(&reading.phrases[clothes].head)) => {
                end = reading.phrases[clothes].tokens.end;
            }
            None if reading.tokens.get(end + 2).is_none_or(|next| next.kind != TokenKind::Word)
                && reading.tokens.get(end + 1).is_some_and(|color| color.kind == TokenKind::Word) =>
            {
                end += 2;
            }
            _ => {}
        }
    }
    let sentence = &reading.sentences[reading.phrases[phrase].sentence];
    // "with the words "STOP" printed on it"
    if reading.tokens.get(end).is_some_and(|token| token.kind == TokenKind::Quote) {
        end += 1;
        if matches!(reading.word(end), "printed" | "written" | "painted" | "engraved")
            && reading.word(end + 1) == "on"
        {
            end = reading
                .phrase_starting_at(end + 2)
                .map_or(end + 3, |on| reading.phrases[on].tokens.end)
                .min(sentence.end);
        }
    }
    // "with plates, glasses and a vase." ends the sentence: all of it serves.
    let mut list = end;
    while served && matches!(reading.word(list), "," | "and") {
        let next = if matches!(reading.word(list + 1), "and") { list + 2 } else { list + 1 };
        match reading.phrase_starting_at(next) {
            Some(member) => list = core_end(reading, member),
            None => break,
        }
    }
    if list > end && list + 1 >= sentence.end {
        return list;
    }
    if matches!(reading.word(end), "that" | "which" | "who") {
        while end < sentence.end && reading.tokens[end].kind != TokenKind::Mark {
            end += 1;
        }
    }
    end
}

/// Whether "on their laps", "in his hand", "in front of her" stands there.
fn is_placed_on_somebody(reading: &Reading<'_>, place: usize) -> bool {
    let owned = matches!(reading.word(place), "on" | "in" | "at" | "around" | "under")
        && matches!(reading.word(place + 1), "their" | "his" | "her");
    let before =
        [&["in", "front", "of"][..], &["next", "to"], &["beside"], &["behind"]].into_iter().any(|words| {
            reading.words_at(place, words)
                && matches!(reading.word(place + words.len()), "her" | "him" | "them")
        });
    owned || before
}

/// The finite verb whose subject the phrase (or a list that ends with it) is.
pub(super) fn verb_of(reading: &Reading<'_>, phrase: usize) -> Option<usize> {
    let sentence = &reading.sentences[reading.phrases[phrase].sentence];
    let of = &reading.phrases[phrase];
    let mut at = of.tokens.end;
    let next_to_it = at;
    // Over what places it: "the dog on the sofa is".
    for _ in 0..4 {
        if at >= sentence.end {
            return None;
        }
        let word = reading.word(at);
        let unknown_verb = at == next_to_it && !of.is_plural() && finite_verb_behind_singular(word).is_some();
        if finite_verb(word).is_some() || unknown_verb {
            return Some(at);
        }
        // "A pitcher of water stands", "the rider, who wears a helmet, stands".
        if word == "of" && reading.phrase_starting_at(at + 1).is_none() {
            at += 2;
            continue;
        }
        if word == "," && matches!(reading.word(at + 1), "who" | "which") {
            at = (at + 1..sentence.end).find(|&place| reading.word(place) == ",")? + 1;
            continue;
        }
        if word.ends_with("ly") || matches!(word, "both" | "all" | "also" | "that" | "which" | "who") {
            at += 1;
        } else if PREPOSITIONS.contains(&word) || is_participle(word) || word == "left" || word == "right" {
            let next = reading
                .phrases
                .iter()
                .filter(|next| next.tokens.start > at && next.tokens.start <= at + 4)
                .min_by_key(|next| next.tokens.start)?;
            if (at..next.tokens.start).any(|place| {
                finite_verb(reading.word(place)).is_some() || reading.tokens[place].kind != TokenKind::Word
            }) {
                return None;
            }
            at = next.tokens.end;
        } else {
            return None;
        }
    }
    None
}

/// The place of "is" or "are" in "there is" right before a phrase.
pub(super) fn existential_before(reading: &Reading<'_>, phrase: usize) -> Option<usize> {
    let start = reading.phrases[phrase].tokens.start;
    let verb = start.checked_sub(1)?;
    let verb = if matches!(reading.word(verb), "also" | "only") { verb.checked_sub(1)? } else { verb };
    let there =
        matches!(reading.word(verb), "is" | "are" | "was" | "were") && reading.before(verb) == "there";
    (there || reading.word(verb) == "there's").then_some(verb)
}

/// The tokens of the preposition right before a phrase, all its words: "to the left of", "in front of".
pub(super) fn preposition_before(reading: &Reading<'_>, start: usize) -> Option<Range<usize>> {
    const LONG: &[&[&str]] = &[
        &["to", "the", "left", "of"],
        &["to", "the", "right", "of"],
        &["on", "the", "left", "of"],
        &["on", "the", "right", "of"],
        &["on", "the", "left", "side", "of"],
        &["on", "the", "right", "side", "of"],
        &["in", "the", "middle", "of"],
        &["in", "the", "center", "of"],
        &["in", "the", "back", "of"],
        &["at", "the", "edge", "of"],
        &["on", "the", "side", "of"],
        &["on", "the", "back", "of"],
        &["in", "front", "of"],
        &["on", "top", "of"],
        &["on", "back", "of"],
        &["next", "to"],
        &["close", "to"],
        &["adjacent", "to"],
        &["left", "of"],
        &["right", "of"],
        &["inside", "of"],
        &["out", "of"],
        &["along", "with"],
        &["up", "against"],
        &["in", "between"],
    ];
    for words in LONG {
        if let Some(place) = start.checked_sub(words.len())
            && reading.words_at(place, words)
        {
            return Some(place..start);
        }
    }
    let last = start.checked_sub(1)?;
    PREPOSITIONS.contains(&reading.word(last)).then_some(last..start)
}

/// The clause that a subject opens: from it to the next clause or the end mark.
pub(super) fn clause_of(reading: &Reading<'_>, phrase: usize) -> Range<usize> {
    let of = &reading.phrases[phrase];
    let sentence = reading.sentences[of.sentence].clone();
    let mut end = of.tokens.end;
    while end < sentence.end {
        let ends = (end + 1 >= sentence.end && reading.tokens[end].kind == TokenKind::Mark)
            || reading.word(end) == ";"
            || (matches!(reading.word(end), "while" | "but"))
            || (matches!(reading.word(end), "and" | ",") && next_clause_at(reading, end).is_some());
        if ends {
            break;
        }
        end += 1;
    }
    let start = match existential_before(reading, phrase) {
        Some(verb) if reading.word(verb) == "there's" => verb,
        Some(verb) => verb - 1,
        None => of.tokens.start,
    };
    start..end
}

/// Where the clause behind "and" or a comma at this place begins.
fn next_clause_at(reading: &Reading<'_>, place: usize) -> Option<usize> {
    let mut at = place + 1;
    if reading.word(place) == "," && matches!(reading.word(at), "and" | "while" | "but") {
        at += 1;
    }
    if reading.word(at) == "there" && finite_verb(reading.word(at + 1)).is_some() {
        return Some(at);
    }
    let phrase = reading.phrase_starting_at(at)?;
    opens_clause(reading, phrase).then_some(at)
}
