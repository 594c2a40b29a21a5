//! What a thing is said to be or do, colours apart: its size, its action, the weather, and what no picture shows
//! (names, feelings, intentions).

use std::ops::Range;

use lavr_types::{Assertion, Claim, Entity, vocabulary::MatchKind};

use super::{
    color::{picture_subject, subject_of},
    entity,
};
use crate::text::{
    NounPhrase, Reading, TokenKind,
    inner::{is_feeling, is_intent},
    size::{comparison, extent},
    status::is_none_of,
    verbs::{base_of, finite_verb, is_participle},
    words::{COPULAS, DEFINITE, DENIALS, FUNCTION, INDEFINITE, POSSESSIVE, PREPOSITIONS, SEVERAL},
};

/// Words that make an adjective stronger or weaker.
const DEGREES: &[&str] = &[
    "very",
    "quite",
    "so",
    "rather",
    "extremely",
    "really",
    "fairly",
    "too",
    "much",
    "slightly",
    "somewhat",
    "far",
    "a",
    "bit",
    "significantly",
    "noticeably",
    "also",
    "both",
    "all",
    "relatively",
    "visibly",
    "clearly",
    "considerably",
    "to",
    "be",
];

/// Verbs of seeming: what stands behind them is said of their subject.
const SEEMING: &[&str] = &[
    "looks",
    "look",
    "looking",
    "seems",
    "seem",
    "appears",
    "appear",
    "appearing",
    "seeming",
    "feels",
    "feel",
    "feeling",
];

/// Verbs that say nothing of what someone does: what they do say, other claims hold.
const NO_ACTION: &[&str] = &[
    "add",
    "appear",
    "belong",
    "cast",
    "consist",
    "contain",
    "cover",
    "display",
    "dominate",
    "feature",
    "get",
    "give",
    "help",
    "include",
    "keep",
    "like",
    "line",
    "make",
    "need",
    "occupy",
    "put",
    "read",
    "say",
    "seem",
    "set",
    "show",
    "suggest",
    "surround",
    "take",
    "try",
    "use",
    "want",
    "remain",
    "adorn",
    "accompany",
    "enjoy",
    "decorate",
    "depict",
    "portray",
    "reveal",
    "see",
    "leave",
    "tower",
    "go",
    "come",
];

pub(crate) const WEATHER: &[&str] = &[
    "sunny", "cloudy", "rainy", "raining", "snowy", "snowing", "foggy", "misty", "overcast", "windy",
    "stormy", "hazy", "clear",
];

/// What weather is said of. "A clear glass" is no weather.
const SKIES: &[&str] = &[
    "day",
    "night",
    "weather",
    "afternoon",
    "morning",
    "evening",
    "sky",
    "skies",
    "conditions",
    "outside",
    "outdoors",
];

/// The longest statement, in words.
const LONGEST: usize = 9;

pub(super) fn claims(reading: &Reading<'_>) -> Vec<Claim> {
    let mut claims = Vec::new();
    for phrase in &reading.phrases {
        claims.extend(before_noun(reading, phrase));
    }
    for (sentence, range) in reading.sentences.iter().enumerate() {
        let question = range.end.checked_sub(1).is_some_and(|last| reading.word(last) == "?");
        if reading.foreign[sentence] || question {
            continue;
        }
        for place in range.clone().filter(|&place| reading.tokens[place].kind == TokenKind::Word) {
            let found = said_of(reading, place, range)
                .or_else(|| light(reading, place, range))
                .or_else(|| weather(reading, place, range))
                .or_else(|| named(reading, place, range))
                .or_else(|| action(reading, place, range));
            claims.extend(found);
        }
    }
    claims
}

fn claim(
    reading: &Reading<'_>,
    tokens: &Range<usize>,
    entity: Entity,
    attribute: String,
    hedged: bool,
) -> Claim {
    Claim {
        span: reading.span(tokens),
        surface: reading.surface(tokens).to_owned(),
        assertion: Assertion::Attribute { entity, attribute },
        hedged,
        readings: Vec::new(),
    }
}

/// A claim of what a phrase (or what it stands for) is; nothing where it speaks of no thing.
fn of(reading: &Reading<'_>, phrase: usize, tokens: &Range<usize>, attribute: String) -> Option<Claim> {
    let phrase = &reading.phrases[phrase];
    let thing = phrase.antecedent.map_or(phrase, |of| &reading.phrases[of]);
    let real = |phrase: &NounPhrase| !phrase.unreal && phrase.negation.is_none();
    let said_of_none = is_none_of(reading, phrase.tokens.start);
    (real(phrase) && real(thing) && !said_of_none)
        .then(|| claim(reading, tokens, entity(reading, thing), attribute, phrase.hedged))
}

fn lives(phrase: &NounPhrase) -> bool {
    const ANIMALS: &[&str] =
        &["bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe"];
    !phrase.labels.is_empty()
        && phrase.labels.iter().all(|label| label == "person" || ANIMALS.contains(&label.as_str()))
}

/// "A large dog", "a happy man". The size of people and crowds is left out: "a little girl" is young, "a large
/// family" many.
fn before_noun(reading: &Reading<'_>, phrase: &NounPhrase) -> Vec<Claim> {
    if phrase.pronoun || phrase.unreal || phrase.negation.is_some() {
        return Vec::new();
    }
    let person = phrase.labels.iter().any(|label| label == "person");
    let many = phrase.kind == Some(MatchKind::Collective);
    let start = phrase.group.as_ref().map_or(phrase.tokens.start, |group| group.end);
    (start..phrase.head.start)
        .filter(|&place| {
            let word = reading.word(place);
            let size = (extent(word).is_some() || comparison(word).is_some()) && !person && !many;
            size || is_feeling(word) && lives(phrase)
        })
        .map(|place| {
            let tokens = place..place + 1;
            let attribute = reading.word(place).to_owned();
            claim(reading, &tokens, entity(reading, phrase), attribute, phrase.hedged)
        })
        .collect()
}

/// The "is" or "looks" before an adjective, over what makes it stronger or weaker: "is very -> large".
pub(crate) fn verb_before(reading: &Reading<'_>, place: usize) -> Option<usize> {
    let mut verb = place.checked_sub(1)?;
    while verb > 0 && (DEGREES.contains(&reading.word(verb)) || reading.word(verb).ends_with("ly")) {
        verb -= 1;
    }
    let word = reading.word(verb);
    (COPULAS.contains(&word) || SEEMING.contains(&word)).then_some(verb)
}

/// "The dog is very large", "is bigger than the cat", "the man looks happy", "wants to".
fn said_of(reading: &Reading<'_>, place: usize, range: &Range<usize>) -> Option<Claim> {
    let word = reading.word(place);
    if reading.is_in_phrase(place) {
        return None;
    }
    if is_intent(word, reading.word(place + 1)) {
        let subject = doer(reading, place).filter(|&subject| lives(&reading.phrases[subject]))?;
        let tokens = place..if matches!(word, "about" | "going") { place + 2 } else { place + 1 };
        return of(reading, subject, &tokens, statement(reading, place, range));
    }
    let compared = comparison(word).is_some() && reading.word(place + 1) == "than";
    if !(compared || extent(word).is_some() || is_feeling(word)) {
        return None;
    }
    let verb = verb_before(reading, place).filter(|verb| range.contains(verb))?;
    let subject = doer(reading, verb)?;
    let attribute = if compared {
        let than = reading.phrase_starting_at(place + 2)?;
        reading.surface(&(place..reading.phrases[than].tokens.end)).to_lowercase()
    } else {
        word.to_owned()
    };
    if is_feeling(word) && !lives(&reading.phrases[subject]) {
        return None;
    }
    // People are tall or short; how large they are is a matter of speech.
    let person = reading.phrases[subject].labels.iter().any(|label| label == "person");
    if extent(word).is_some() && person {
        return None;
    }
    of(reading, subject, &(place..place + 1), attribute)
}

/// Who does what the verb at a place says: "a man riding", "he is riding", "the man on the left rides".
fn doer(reading: &Reading<'_>, verb: usize) -> Option<usize> {
    let before = verb.checked_sub(1)?;
    if is_participle(reading.word(verb)) || matches!(reading.word(verb), "about") {
        let mut copula = before;
        while copula > 0
            && (reading.word(copula).ends_with("ly")
                || matches!(reading.word(copula), "also" | "both" | "all" | "busy"))
        {
            copula -= 1;
        }
        if COPULAS.contains(&reading.word(copula)) {
            return subject_of(reading, copula);
        }
        return reading.phrase_ending_at(verb);
    }
    if let Some(behind) = subject_behind(reading, verb) {
        return Some(behind);
    }
    subject_past_name(reading, verb).or_else(|| {
        // "He sits and -> waits": the subject is that of the verb before.
        let sentence = &reading.sentences[reading.sentence_of(verb)];
        let earlier = (sentence.start..before).rev().take_while(|&at| !matches!(reading.word(at), ";" | ","));
        let earlier = earlier.filter(|_| reading.word(before) == "and");
        earlier
            .filter(|&at| finite_verb(reading.word(at)).is_some())
            .find_map(|at| subject_past_name(reading, at))
    })
}

/// "To the left of the dog sits -> a cat": where a place opens the sentence the subject stands behind the verb.
fn subject_behind(reading: &Reading<'_>, verb: usize) -> Option<usize> {
    let place = reading.phrase_ending_at(verb)?;
    let start = reading.phrases[place].tokens.start;
    let sentence = reading.sentences[reading.sentence_of(verb)].start;
    let opens = PREPOSITIONS.contains(&reading.before(start))
        && !reading.phrases.iter().any(|other| (sentence..start).contains(&other.tokens.start))
        && !(sentence..start)
            .any(|at| matches!(reading.word(at), "," | ":") || finite_verb(reading.word(at)).is_some());
    opens.then(|| reading.phrase_starting_at(verb + 1)).flatten()
}

/// The subject of a finite verb, over a name between them: "a man named Bob -> looks".
fn subject_past_name(reading: &Reading<'_>, verb: usize) -> Option<usize> {
    subject_of(reading, verb).or_else(|| {
        let mut end = verb;
        while end > 0 && reading.surface(&(end - 1..end)).starts_with(char::is_uppercase) {
            end -= 1;
        }
        (end < verb && matches!(reading.before(end), "named" | "called"))
            .then(|| reading.phrase_ending_at(end - 1))
            .flatten()
    })
}

/// The words of a statement from its verb on: to the end of the next thing, else of the words.
fn statement(reading: &Reading<'_>, place: usize, range: &Range<usize>) -> String {
    let mut end = place + 1;
    let joint = |at: usize| {
        reading.tokens[at].kind != TokenKind::Word
            || matches!(
                reading.word(at),
                "and" | "while" | "but" | "as" | "with" | "that" | "which" | "who" | "or"
            )
    };
    while end < range.end && end - place < LONGEST && !joint(end) {
        if let Some(next) = reading.phrase_starting_at(end) {
            end = reading.phrases[next].tokens.end;
            let second = reading.phrase_starting_at(end + 1).filter(|_| reading.word(end) == "and");
            if let Some(second) = second.filter(|_| (place..end).any(|at| reading.word(at) == "between")) {
                end = reading.phrases[second].tokens.end;
            }
            break;
        }
        end += 1;
    }
    let text = reading.surface(&(place..end));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// "The picture is very dark."
fn light(reading: &Reading<'_>, place: usize, range: &Range<usize>) -> Option<Claim> {
    let copula = (range.start..place).rev().find(|&at| !DEGREES.contains(&reading.word(at)))?;
    let noun = copula.checked_sub(1).filter(|noun| range.contains(noun))?;
    let said = reading.word(place) == "dark"
        && COPULAS.contains(&reading.word(copula))
        && picture_subject(reading, copula) == Some(noun..copula)
        && reading.tokens.get(place + 1).is_none_or(|next| next.kind != TokenKind::Word);
    let picture = || Entity {
        surface: reading.surface(&(noun..noun + 1)).to_owned(),
        span: reading.span(&(noun..noun + 1)),
        label: None,
    };
    said.then(|| claim(reading, &(place..place + 1), picture(), "dark".to_owned(), false))
}

fn weather(reading: &Reading<'_>, place: usize, range: &Range<usize>) -> Option<Claim> {
    let word = reading.word(place);
    let word_at = |at: usize| if range.contains(&at) { reading.word(at) } else { "" };
    let named = |at: usize| Entity {
        surface: reading.surface(&(at..at + 1)).to_owned(),
        span: reading.span(&(at..at + 1)),
        label: None,
    };
    if word == "night" && word_at(place.wrapping_sub(1)) == "at" {
        return Some(claim(reading, &(place - 1..place + 1), named(place), "at night".to_owned(), false));
    }
    if !WEATHER.contains(&word) {
        return None;
    }
    let (next, before) = (word_at(place + 1), word_at(place.wrapping_sub(1)));
    let of = if SKIES.contains(&next) {
        place + 1
    } else if COPULAS.contains(&before) {
        let subject = place.checked_sub(2).filter(|at| range.contains(at))?;
        let sky =
            SKIES.contains(&reading.word(subject)) || (reading.word(subject) == "it" && word != "clear");
        sky.then_some(subject)?
    } else {
        return None;
    };
    Some(claim(reading, &(place..place + 1), named(of), word.to_owned(), false))
}

/// "A woman named Anna", "Barack Obama speaks".
fn named(reading: &Reading<'_>, place: usize, range: &Range<usize>) -> Option<Claim> {
    let name_at = |at: usize| {
        let surface = reading.surface(&(at..at + 1));
        range.contains(&at)
            && reading.tokens[at].kind == TokenKind::Word
            && surface.starts_with(char::is_uppercase)
            && surface.chars().skip(1).any(char::is_lowercase)
            && !(reading.is_in_phrase(at) || reading.phrase_starting_at(at).is_some())
    };
    if matches!(reading.word(place), "named" | "called") {
        let mut end = place + 1;
        while name_at(end) {
            end += 1;
        }
        let subject = reading.phrase_ending_at(place).filter(|&subject| lives(&reading.phrases[subject]))?;
        let name = place + 1..end;
        let attribute = format!("named {}", reading.surface(&name));
        return (!name.is_empty()).then(|| of(reading, subject, &name, attribute))?;
    }
    // Two names in a row that do something.
    let common = |at: usize| {
        let word = reading.word(at);
        finite_verb(word).is_some()
            || is_participle(word)
            || FUNCTION.contains(&word)
            || PREPOSITIONS.contains(&word)
            || DEFINITE.contains(&word)
            || INDEFINITE.contains(&word)
            || POSSESSIVE.contains(&word)
            || SEVERAL.contains(&word)
            || word.ends_with("ly")
    };
    let two = name_at(place) && name_at(place + 1) && !common(place) && !common(place + 1);
    let acts = finite_verb(reading.word(place + 2)).is_some() || is_participle(reading.word(place + 2));
    let goes_on =
        place > range.start && (name_at(place - 1) || matches!(reading.before(place), "named" | "called"));
    if !two || !acts || goes_on {
        return None;
    }
    let name = place..place + 2;
    let entity =
        Entity { surface: reading.surface(&name).to_owned(), span: reading.span(&name), label: None };
    Some(claim(reading, &name, entity, format!("named {}", reading.surface(&name)), false))
}

/// "A man riding a horse", "the dog sleeps": what people, animals and vehicles do.
fn action(reading: &Reading<'_>, place: usize, range: &Range<usize>) -> Option<Claim> {
    const VEHICLES: &[&str] = &["car", "bus", "train", "truck", "boat", "airplane", "motorcycle", "bicycle"];
    let word = reading.word(place);
    let named = reading.is_in_phrase(place) || reading.phrase_starting_at(place).is_some();
    if named || SEEMING.contains(&word) {
        return None;
    }
    let base = base_of(word)?;
    if NO_ACTION.contains(&base.as_str()) {
        return None;
    }
    let denied = (range.start..place)
        .rev()
        .take_while(|&at| !matches!(reading.word(at), "," | ";" | "and" | "while" | "but"))
        .any(|at| DENIALS.contains(&reading.word(at)));
    let subject = doer(reading, place)?;
    let phrase = &reading.phrases[subject];
    let moves = phrase.labels.len() == 1 && VEHICLES.contains(&phrase.labels[0].as_str());
    if denied || !(lives(phrase) || moves) {
        return None;
    }
    // "To the left of the dog sits a cat": it sits.
    let said = if reading.phrases[subject].tokens.start > place {
        word.to_owned()
    } else {
        statement(reading, place, range)
    };
    of(reading, subject, &(place..place + 1), said)
}
