//! What is denied though it is there: the denial is turned round, and what is rightly denied with it stays denied.

use std::{collections::BTreeMap, ops::Range};

use super::{
    agreement,
    compose::{Edits, cased_like},
    structure::{existential_before, verb_of},
};
use crate::check::is_writing;
use crate::text::{
    NounPhrase, Reading,
    denial::denied_together,
    verbs::{agreeing, finite_verb},
    words::{COPULAS, article_for},
};

/// Turns the denials of some phrases (with the claims that make them) round: "no dog" becomes "a dog", "no dog or cat"
/// with a cat there "a cat but no dog", "without a dog" "with a dog".
pub(super) fn affirm(reading: &Reading<'_>, edits: &mut Edits, affirmed: &BTreeMap<usize, usize>) {
    let mut done: Vec<usize> = Vec::new();
    for &phrase in affirmed.keys() {
        let Some(negation) = &reading.phrases[phrase].negation else { continue };
        let first = negation.with.unwrap_or(phrase);
        if !done.contains(&first) {
            done.push(first);
            affirm_list(reading, edits, first, affirmed);
        }
    }
}

fn affirm_list(reading: &Reading<'_>, edits: &mut Edits, first: usize, affirmed: &BTreeMap<usize, usize>) {
    let members = denied_together(reading, first);
    let (there, rest): (Vec<usize>, Vec<usize>) =
        members.iter().copied().partition(|member| affirmed.contains_key(member));
    let claims: Vec<usize> = there.iter().filter_map(|member| affirmed.get(member).copied()).collect();
    let of = &reading.phrases[first];
    let (Some(negation), Some(&last)) = (&of.negation, members.last()) else { return };
    let Some(&named) = there.first() else { return };
    let names = |of: &[usize], name: fn(&Reading<'_>, usize) -> String| -> Vec<String> {
        of.iter().map(|&member| name(reading, member)).collect()
    };
    let mut things = joined(&names(&there, affirmed_name), "and");
    if !rest.is_empty() {
        let denied = joined(&names(&rest, bare_name), "or");
        things = format!("{things} but no {denied}");
    }
    let plural = there.len() > 1 || reading.phrases[named].is_plural();
    let first_plural = reading.phrases[named].is_plural();
    if matches!(reading.word(negation.tokens.start), "devoid" | "free" | "empty") {
        free_of(reading, edits, negation.tokens.start..reading.phrases[last].head.end, &things, &claims);
        return;
    }
    let Some(words) = without_denial(reading, negation.tokens.start..negation.words_end, first_plural) else {
        return;
    };
    join(reading, edits, negation.tokens.start..reading.phrases[last].head.end, rest.is_empty(), &claims);
    let span = reading.span(&(negation.tokens.start..reading.phrases[last].head.end));
    let text = if words.is_empty() { things } else { format!("{words} {things}") };
    edits.add(span, &cased_like(span.of(reading.text).unwrap_or_default(), &text), &claims);
    if let Some(verb) = existential_before(reading, first) {
        agreement::agree(reading, edits, verb, first_plural, &claims);
    }
    if let Some(verb) = verb_of(reading, last) {
        agreement::verbs(reading, edits, verb, plural, &claims);
    }
    // "No, there are no dogs" answers the other way round.
    let start = reading.sentences[of.sentence].start;
    if reading.word(start) == "no" && reading.word(start + 1) == "," {
        edits.add(reading.span(&(start..start + 1)), "Yes", &claims);
    }
}

/// "The street is free of people" becomes "the street has people", "a street devoid of cars" "a street with cars".
fn free_of(reading: &Reading<'_>, edits: &mut Edits, denial: Range<usize>, things: &str, claims: &[usize]) {
    let mut start = denial.start;
    while reading.before(start).ends_with("ly") {
        start -= 1;
    }
    let copula = start.checked_sub(1).filter(|&copula| COPULAS.contains(&reading.word(copula)));
    let has = match copula.map(|copula| reading.word(copula)) {
        Some("is") => "has",
        Some("are") => "have",
        Some(_) => "had",
        None => "with",
    };
    let span = reading.span(&(copula.unwrap_or(start)..denial.end));
    let text = format!("{has} {things}");
    edits.add(span, &cased_like(span.of(reading.text).unwrap_or_default(), &text), claims);
}

/// What was set against a denial goes along with what is affirmed: "a bed but no chairs" becomes "a bed and chairs", "there
/// is no dog, only a cat" "there is a dog and a cat". `all` says whether nothing stays denied.
fn join(reading: &Reading<'_>, edits: &mut Edits, denial: Range<usize>, all: bool, claims: &[usize]) {
    let mut start = denial.start;
    if reading.before(start) == "there's" {
        start -= 1;
    } else if COPULAS.contains(&reading.before(start)) && start >= 2 && reading.word(start - 2) == "there" {
        start -= 2;
    }
    if let Some(but) = start.checked_sub(1).filter(|&but| reading.word(but) == "but") {
        edits.add(reading.span(&(but..but + 1)), "and", claims);
    }
    let comma = denial.end + usize::from(reading.word(denial.end) == ",");
    if !all || !matches!(reading.word(comma), "but" | "only" | "just") {
        return;
    }
    let next = comma + 1;
    let thing = reading.phrase_starting_at(next).or_else(|| reading.phrase_starting_at(comma));
    let speaks = |at: usize| finite_verb(reading.word(at)).is_some();
    match thing.map(|thing| reading.phrases[thing].tokens.end) {
        // "There are no people, but two cars are parked": a clause.
        Some(end) if !speaks(end) => {
            let and = if denial.end < comma { " and" } else { "and" };
            edits.add(reading.span(&(denial.end..next)), and, claims);
        }
        None if !matches!(reading.word(next), "there" | "there's") => {}
        _ => edits.add(reading.span(&(comma..next)), "and", claims),
    }
}

/// What the words of a denial become: nothing for "no", "with" for "without", "shows" for "does not show". `None` where
/// they have no opposite of their own.
fn without_denial(reading: &Reading<'_>, words: Range<usize>, plural: bool) -> Option<String> {
    let copula = |one: &str| agreeing(one, plural).unwrap_or_else(|| one.to_owned());
    // Behind the auxiliary and its "not".
    let rest = |from: usize| {
        let from = if reading.word(from) == "not" { from + 1 } else { from };
        reading.surface(&(from..words.end)).to_owned()
    };
    if words.is_empty() {
        return Some(String::new());
    }
    let first = reading.word(words.start);
    Some(match first {
        "no" | "neither" | "nor" | "not" => String::new(),
        "without" => "with".to_owned(),
        "lacks" => "has".to_owned(),
        "lack" => "have".to_owned(),
        "lacking" => "having".to_owned(),
        "isn't" | "aren't" => copula("is"),
        "wasn't" | "weren't" => copula("was"),
        _ if COPULAS.contains(&first) => copula(if matches!(first, "is" | "are") { "is" } else { "was" }),
        "can" | "can't" | "cannot" => format!("can {}", rest(words.start + 1)),
        "does" | "doesn't" => third_person(&rest(words.start + 1))?,
        "do" | "don't" => rest(words.start + 1),
        "the" | "an" | "absence" => {
            let article = if first == "absence" { "" } else { "the " };
            format!("{article}presence of")
        }
        _ => return None,
    })
}

/// "Show" becomes "shows", "appear to be" becomes "appears to be".
fn third_person(words: &str) -> Option<String> {
    let (verb, rest) = words.split_once(' ').unwrap_or((words, ""));
    let verb = agreeing(verb, false)?;
    Some(if rest.is_empty() { verb } else { format!("{verb} {rest}") })
}

/// The noun with what stands before it, without its article and the words that deny it.
fn bare_name(reading: &Reading<'_>, phrase: usize) -> String {
    let of = &reading.phrases[phrase];
    let denied = of.negation.as_ref().map_or(of.tokens.start, |negation| negation.words_end);
    let start = of.determiner_at.map_or(denied, |at| at + 1).max(denied);
    let start = start.max(of.tokens.start).min(of.head.start);
    lowered(reading, start, reading.surface(&(start..of.head.end)))
}

/// A noun at the start of a sentence has its capital from there.
fn lowered(reading: &Reading<'_>, place: usize, name: &str) -> String {
    let opens = reading.sentences.iter().any(|sentence| sentence.start == place);
    if opens { name.to_lowercase() } else { name.to_owned() }
}

fn affirmed_name(reading: &Reading<'_>, phrase: usize) -> String {
    let of: &NounPhrase = &reading.phrases[phrase];
    match reading.word(of.head.start) {
        "nobody" | "anybody" => return "somebody".to_owned(),
        "no" | "no-one" | "anyone" => return "someone".to_owned(),
        _ => {}
    }
    let name = bare_name(reading, phrase);
    if of.is_plural() || is_writing(reading.surface(&of.head)) {
        name
    } else {
        format!("{} {name}", article_for(&name))
    }
}

fn joined(names: &[String], conjunction: &str) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} {conjunction} {last}", most.join(", ")),
    }
}
