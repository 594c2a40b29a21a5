//! Finds the noun phrases of a text: heads by the vocabulary, then leftwards over what belongs to them.

use std::ops::Range;

use lavr_types::{
    CountBound, Vocabulary,
    vocabulary::{GrammaticalNumber, MatchKind},
};

use super::{
    Reading, TokenKind,
    phrase::{ColorWord, Determiner, NounPhrase, Quantity},
    words::{
        COPULAS, DEFINITE, DEPICTIONS, FUNCTION, HEDGES, INDEFINITE, INTENSITIES, PICTURE, PLACES, POSSESSIVE, PREPOSITIONS,
        SEVERAL, VERB_NOUNS, finite_verb, is_participle,
    },
};

/// How many words that nobody knows may stand between a determiner and its noun.
const MOST_UNKNOWN_MODIFIERS: usize = 3;

struct Head {
    tokens: Range<usize>,
    labels: Vec<String>,
    kind: Option<MatchKind>,
    number: GrammaticalNumber,
}

pub(super) fn find(reading: &mut Reading<'_>, vocabulary: &Vocabulary) {
    for sentence in 0..reading.sentences.len() {
        if reading.foreign[sentence] {
            continue;
        }
        let range = reading.sentences[sentence].clone();
        let mut left = range.start;
        for head in heads(reading, vocabulary, &range) {
            let Some(phrase) = phrase_around(reading, vocabulary, head, left, sentence) else { continue };
            left = phrase.tokens.end;
            reading.phrases.push(phrase);
        }
    }
    add_pronouns(reading);
    mark_unreal(reading);
}

fn is_word(reading: &Reading<'_>, place: usize) -> bool {
    reading.tokens.get(place).is_some_and(|token| token.kind == TokenKind::Word)
}

/// Nouns from left to right. Of nouns side by side only the last is a head ("train station").
fn heads(reading: &Reading<'_>, vocabulary: &Vocabulary, range: &Range<usize>) -> Vec<Head> {
    let mut heads: Vec<Head> = Vec::new();
    let mut place = range.start;
    while place < range.end {
        if !is_word(reading, place) {
            place += 1;
            continue;
        }
        let words: Vec<&str> = (place..range.end.min(place + 4))
            .take_while(|&at| is_word(reading, at))
            .map(|at| reading.word(at))
            .collect();
        let found = vocabulary.longest_match(&words);
        let head = match found {
            Some(found) => Head {
                tokens: place..place + found.words,
                labels: found.labels.iter().map(|&label| label.to_owned()).collect(),
                kind: Some(found.kind),
                number: found.number,
            },
            None => match unknown_head(reading, vocabulary, place, range) {
                Some(head) => head,
                None => {
                    place += 1;
                    continue;
                }
            },
        };
        let end = head.tokens.end;
        let drop = is_verb_here(reading, &head, heads.last())
            || is_color_here(reading, vocabulary, &head)
            || (PLACES.contains(&reading.word(end - 1)) && head.labels.is_empty())
            || vocabulary.is_group(reading.word(end - 1)) && reading.word(end) == "of" && head.tokens.len() == 1;
        if drop {
            place += 1;
            continue;
        }
        if let Some(last) = heads.last()
            && last.tokens.end == head.tokens.start
            && last.number != GrammaticalNumber::Plural
        {
            heads.pop();
        }
        place = end;
        heads.push(head);
    }
    heads
}

/// "a marmot": a word that nobody knows, behind an article and before something that ends a noun phrase.
fn unknown_head(
    reading: &Reading<'_>,
    vocabulary: &Vocabulary,
    place: usize,
    range: &Range<usize>,
) -> Option<Head> {
    let word = reading.word(place);
    let modifier = |word: &str| {
        FUNCTION.contains(&word)
            || PREPOSITIONS.contains(&word)
            || vocabulary.color(word).is_some()
            || vocabulary.number(word).is_some()
            || SEVERAL.contains(&word)
            || INDEFINITE.contains(&word)
            || DEFINITE.contains(&word)
            || POSSESSIVE.contains(&word)
            || word.ends_with("ly")
    };
    if modifier(word) || PLACES.contains(&word) || vocabulary.is_group(word) || word.len() < 3 {
        return None;
    }
    let next = reading.word(place + 1);
    let ends = place + 1 >= range.end
        || !is_word(reading, place + 1)
        || PREPOSITIONS.contains(&next)
        || matches!(next, "and" | "or" | "is" | "are" | "was" | "were" | "that" | "which" | "who");
    let mut start = place;
    let mut steps = 0;
    while start > range.start && steps < 3 {
        start -= 1;
        steps += 1;
        let before = reading.word(start);
        if INDEFINITE.contains(&before) || DEFINITE.contains(&before) {
            return ends.then(|| Head {
                tokens: place..place + 1,
                labels: Vec::new(),
                kind: None,
                number: GrammaticalNumber::Either,
            });
        }
        if !is_word(reading, start) || FUNCTION.contains(&before) || PREPOSITIONS.contains(&before) {
            return None;
        }
    }
    None
}

/// "a man watches a dog", "dogs stand on": a noun of the vocabulary used as a verb.
fn is_verb_here(reading: &Reading<'_>, head: &Head, last: Option<&Head>) -> bool {
    let place = head.tokens.start;
    if head.tokens.len() != 1 {
        return false;
    }
    let word = reading.word(place);
    let stem = word.strip_suffix("es").or_else(|| word.strip_suffix('s')).unwrap_or(word);
    let verb_noun = VERB_NOUNS.contains(&word)
        || VERB_NOUNS.contains(&stem)
        || word.strip_suffix('s').is_some_and(|stem| VERB_NOUNS.contains(&stem));
    if !verb_noun {
        return false;
    }
    let before = reading.before(place);
    let after_noun = last.is_some_and(|last| last.tokens.end == place);
    let after_subject = ["he", "she", "it", "they", "who", "which", "that", "to", "can", "will"].contains(&before);
    let next = reading.word(place + 1);
    let object_follows = INDEFINITE.contains(&next)
        || DEFINITE.contains(&next)
        || POSSESSIVE.contains(&next)
        || PREPOSITIONS.contains(&next)
        || SEVERAL.contains(&next)
        || next.ends_with("ly");
    after_subject || (after_noun && object_follows)
}

/// "an orange cat", "the car is orange": the noun "orange" used as a colour.
fn is_color_here(reading: &Reading<'_>, vocabulary: &Vocabulary, head: &Head) -> bool {
    let place = head.tokens.start;
    let word = reading.word(place);
    if head.tokens.len() != 1 || vocabulary.color(word).is_none() {
        return false;
    }
    let next = reading.word(place + 1);
    let noun_follows = is_word(reading, place + 1) && vocabulary.longest_match(&[next]).is_some();
    let color_follows = matches!(next, "and" | "or" | ",") && vocabulary.color(reading.word(place + 2)).is_some();
    let predicate = COPULAS.contains(&reading.before(place));
    let after_color = matches!(reading.before(place), "and" | "or")
        && place >= 2
        && vocabulary.color(reading.word(place - 2)).is_some();
    let adjective_follows = is_word(reading, place + 1)
        && !FUNCTION.contains(&next)
        && !PREPOSITIONS.contains(&next)
        && finite_verb(next).is_none()
        && !is_participle(next);
    noun_follows || color_follows || predicate || after_color || adjective_follows || INTENSITIES.contains(&reading.before(place))
}

fn phrase_around(
    reading: &Reading<'_>,
    vocabulary: &Vocabulary,
    head: Head,
    left: usize,
    sentence: usize,
) -> Option<NounPhrase> {
    let mut phrase = NounPhrase {
        tokens: head.tokens.clone(),
        head: head.tokens.clone(),
        sentence,
        determiner: Determiner::None,
        determiner_at: None,
        quantity: None,
        group: None,
        colors: Vec::new(),
        labels: head.labels,
        kind: head.kind,
        number: head.number,
        negation: None,
        hedged: false,
        unreal: false,
        antecedent: None,
        pronoun: false,
    };
    let mut place = modifiers(reading, vocabulary, &mut phrase, left);
    place = group_before(reading, vocabulary, &mut phrase, place, left);
    if phrase.quantity.is_none() {
        place = quantity_before(reading, vocabulary, &mut phrase, place, left);
    }
    place = determiner_before(reading, &mut phrase, place, left);
    if phrase.quantity.is_none() && phrase.determiner == Determiner::Definite {
        // "two of the dogs"
        let at = place.saturating_sub(2);
        if at >= left && place >= 2 && reading.word(place - 1) == "of" && vocabulary.number(reading.word(at)).is_some() {
            place = quantity_before(reading, vocabulary, &mut phrase, place - 1, left);
        }
    }
    place = negation_before(reading, &mut phrase, place, left);
    phrase.tokens.start = place;
    let bare = phrase.determiner == Determiner::None && phrase.quantity.is_none() && phrase.negation.is_none();
    if bare && phrase.number == GrammaticalNumber::Singular && !bare_singular_allowed(reading, &phrase, sentence) {
        return None;
    }
    Some(phrase)
}

/// Walks left over colours and other modifiers; unknown ones count only where a determiner or number stands before them.
fn modifiers(reading: &Reading<'_>, vocabulary: &Vocabulary, phrase: &mut NounPhrase, left: usize) -> usize {
    let mut place = phrase.head.start;
    let mut firm = place;
    let mut unknown = 0;
    let mut colors = Vec::new();
    let mut firm_colors = 0;
    while place > left {
        let word = reading.before(place);
        if !is_word(reading, place - 1) && word != "," {
            break;
        }
        if vocabulary.color(word).is_some() {
            let start = if place >= left + 2 && INTENSITIES.contains(&reading.word(place - 2)) { place - 2 } else { place - 1 };
            colors.push(ColorWord { tokens: start..place, word: word.to_owned() });
            place = start;
            firm = place;
            firm_colors = colors.len();
            continue;
        }
        let joins_colors = matches!(word, "and" | ",")
            && place >= left + 2
            && vocabulary.color(reading.word(place - 2)).is_some()
            && colors.last().is_some_and(|color: &ColorWord| color.tokens.start == place);
        if joins_colors {
            place -= 1;
            continue;
        }
        let stop = word == ","
            || FUNCTION.contains(&word)
            || PREPOSITIONS.contains(&word)
            || INDEFINITE.contains(&word)
            || DEFINITE.contains(&word)
            || POSSESSIVE.contains(&word)
            || SEVERAL.contains(&word)
            || matches!(word, "no" | "any" | "without" | "all" | "pair" | "couple")
            || vocabulary.number(word).is_some()
            || (word.ends_with("'s") || word.ends_with("s'"));
        if stop {
            let opens = INDEFINITE.contains(&word)
                || DEFINITE.contains(&word)
                || POSSESSIVE.contains(&word)
                || SEVERAL.contains(&word)
                || matches!(word, "no" | "any" | "without" | "all")
                || vocabulary.number(word).is_some()
                || word.ends_with("'s");
            let agrees = !(matches!(word, "a" | "an") && phrase.number == GrammaticalNumber::Plural);
            if opens && agrees {
                firm = place;
                firm_colors = colors.len();
            }
            break;
        }
        unknown += 1;
        if unknown > MOST_UNKNOWN_MODIFIERS {
            break;
        }
        place -= 1;
    }
    colors.truncate(firm_colors);
    colors.reverse();
    phrase.colors = colors;
    firm
}

fn group_before(
    reading: &Reading<'_>,
    vocabulary: &Vocabulary,
    phrase: &mut NounPhrase,
    place: usize,
    left: usize,
) -> usize {
    if place < left + 2 || reading.word(place - 1) != "of" || phrase.number == GrammaticalNumber::Singular {
        return place;
    }
    let word = reading.word(place - 2);
    let mut start = place - 2;
    let bound = match word {
        "couple" => CountBound::AtLeast(2),
        "pair" => CountBound::Exactly(2),
        _ if vocabulary.is_group(word) => CountBound::Several,
        _ => return place,
    };
    // "a large group of"
    while start > left && !INDEFINITE.contains(&reading.word(start - 1)) && place - start < 4 {
        let before = reading.word(start - 1);
        if !is_word(reading, start - 1) || FUNCTION.contains(&before) || PREPOSITIONS.contains(&before) || DEFINITE.contains(&before) {
            break;
        }
        start -= 1;
    }
    let counted = vocabulary.number(reading.before(start)).is_some() || vocabulary.number(reading.word(start)).is_some();
    if start > left && (INDEFINITE.contains(&reading.word(start - 1)) || DEFINITE.contains(&reading.word(start - 1))) {
        start -= 1;
    } else if !counted && !SEVERAL.contains(&reading.before(start)) {
        start = place - 2;
    }
    phrase.group = Some(start..place);
    // One pair of scissors is one thing, and "two groups of people" are no two people.
    let one_thing = word == "pair" && phrase.number == GrammaticalNumber::Either;
    let several = vocabulary.singular(word) != word || counted;
    if !one_thing {
        let bound = if several { CountBound::Several } else { bound };
        phrase.quantity = Some(Quantity { tokens: start..place, bound });
    }
    start
}

fn quantity_before(
    reading: &Reading<'_>,
    vocabulary: &Vocabulary,
    phrase: &mut NounPhrase,
    place: usize,
    left: usize,
) -> usize {
    if place <= left {
        return place;
    }
    let word = reading.before(place);
    let mut start = place - 1;
    if word == "both" {
        phrase.quantity = Some(Quantity { tokens: start..place, bound: CountBound::Exactly(2) });
        return start;
    }
    if SEVERAL.contains(&word) {
        if start > left && (word == "few" && reading.word(start - 1) == "a" || word == "different" && SEVERAL.contains(&reading.word(start - 1))) {
            start -= 1;
        }
        if phrase.number == GrammaticalNumber::Singular {
            return if word == "some" { start } else { place };
        }
        phrase.quantity = Some(Quantity { tokens: start..place, bound: CountBound::Several });
        return start;
    }
    let single = word == "single" && INDEFINITE.contains(&reading.before(start)) && start > left;
    if single {
        phrase.quantity = Some(Quantity { tokens: start - 1..place, bound: CountBound::Exactly(1) });
        return start - 1;
    }
    let Some(mut number) = vocabulary.number(word) else { return place };
    // A range, a year or a price is no count.
    if matches!(reading.before(start), "to" | "or" | "-" | "$" | "#" | "\u{20ac}") && start > left && start >= 2
        && (vocabulary.number(reading.word(start - 2)).is_some() || reading.before(start) != "to" && reading.before(start) != "or")
    {
        return place;
    }
    if word == "dozen" {
        let multiple = if start > left { vocabulary.number(reading.before(start)) } else { None };
        match multiple {
            Some(multiple) => {
                number = number.saturating_mul(multiple);
                start -= 1;
            }
            None if start > left && reading.before(start) == "a" => start -= 1,
            None => return place,
        }
    }
    if word == "hundred" {
        return place;
    }
    let mut bound = CountBound::Exactly(number);
    let two = |first: &str, second: &str| start >= left + 2 && reading.words_at(start - 2, &[first, second]);
    if two("at", "least") {
        (bound, start) = (CountBound::AtLeast(number), start - 2);
    } else if two("at", "most") || two("up", "to") {
        (bound, start) = (CountBound::AtMost(number), start - 2);
    } else if two("more", "than") {
        (bound, start) = (CountBound::AtLeast(number.saturating_add(1)), start - 2);
    } else if two("fewer", "than") || two("less", "than") {
        (bound, start) = (CountBound::AtMost(number.saturating_sub(1)), start - 2);
    } else if start > left && matches!(reading.before(start), "over") && number > 2 {
        (bound, start) = (CountBound::AtLeast(number.saturating_add(1)), start - 1);
    } else if start > left && matches!(reading.before(start), "about" | "around" | "approximately" | "nearly" | "almost" | "roughly") {
        // Not exact, so no number to check.
        (bound, start) = (CountBound::Several, start - 1);
    } else if start > left && matches!(reading.before(start), "exactly" | "only" | "just") {
        start -= 1;
    }
    if bound == CountBound::Exactly(1) && phrase.number == GrammaticalNumber::Plural {
        return place;
    }
    phrase.quantity = Some(Quantity { tokens: start..place, bound });
    start
}

fn determiner_before(reading: &Reading<'_>, phrase: &mut NounPhrase, place: usize, left: usize) -> usize {
    if place <= left || phrase.group.is_some() {
        return place;
    }
    let word = reading.before(place);
    let determiner = match word {
        "a" | "an" if phrase.number == GrammaticalNumber::Plural => return place,
        _ if INDEFINITE.contains(&word) => Determiner::Indefinite,
        _ if DEFINITE.contains(&word) => Determiner::Definite,
        _ if POSSESSIVE.contains(&word) => Determiner::Possessive,
        "any" => Determiner::Any,
        _ if word.ends_with("'s") && word != "it's" && word != "there's" => {
            phrase.determiner = Determiner::Possessive;
            phrase.determiner_at = Some(place - 1);
            let mut start = place - 1;
            while start > left && place - start < 4 {
                let before = reading.word(start - 1);
                if DEFINITE.contains(&before) || INDEFINITE.contains(&before) || POSSESSIVE.contains(&before) {
                    return start - 1;
                }
                if !is_word(reading, start - 1) || FUNCTION.contains(&before) || PREPOSITIONS.contains(&before) {
                    break;
                }
                start -= 1;
            }
            return place - 1;
        }
        _ => return place,
    };
    phrase.determiner = determiner;
    phrase.determiner_at = Some(place - 1);
    let mut start = place - 1;
    if start > left && matches!(reading.before(start), "all" | "both" | "only") {
        if reading.before(start) == "both" && phrase.quantity.is_none() {
            phrase.quantity = Some(Quantity { tokens: start - 1..start, bound: CountBound::Exactly(2) });
        }
        start -= 1;
    }
    start
}

fn negation_before(reading: &Reading<'_>, phrase: &mut NounPhrase, place: usize, left: usize) -> usize {
    if place <= left {
        return place;
    }
    let word = reading.before(place);
    let negated = matches!(word, "no" | "without" | "isn't" | "aren't" | "wasn't" | "weren't" | "not" | "neither");
    if !negated {
        return place;
    }
    let start = if word == "not" && COPULAS.contains(&reading.before(place - 1)) { place - 2 } else { place - 1 };
    phrase.negation = Some(start.max(left)..phrase.head.start);
    start.max(left)
}

fn bare_singular_allowed(reading: &Reading<'_>, phrase: &NounPhrase, sentence: usize) -> bool {
    let start = phrase.tokens.start;
    let before = reading.before(start);
    let first = reading.sentences[sentence].start == start;
    let label_kind = phrase.kind != Some(MatchKind::Thing) && phrase.kind.is_some();
    let joined = matches!(before, "and" | "or" | "," | "with" | "near" | "beside") && reading.sentences[sentence].contains(&start.wrapping_sub(1));
    let verb_noun = VERB_NOUNS.contains(&reading.word(phrase.head.start)) && phrase.head.len() == 1;
    label_kind && (first || joined) && !verb_noun
}

/// "it", "they", "he" and "she" stand for the nearest noun phrase that agrees.
fn add_pronouns(reading: &mut Reading<'_>) {
    let mut found = Vec::new();
    for (sentence, range) in reading.sentences.iter().enumerate() {
        if reading.foreign[sentence] {
            continue;
        }
        for place in range.clone() {
            let word = reading.word(place);
            if !matches!(word, "it" | "they" | "he" | "she") {
                continue;
            }
            // The weather's and the sentence's "it" stands for nothing: so does one with no phrase before it.
            let antecedent = antecedent(reading, place, word, sentence);
            let Some(antecedent) = antecedent else { continue };
            found.push((place, sentence, antecedent));
        }
    }
    for (place, sentence, antecedent) in found {
        let of = reading.phrases[antecedent].clone();
        reading.phrases.push(NounPhrase {
            tokens: place..place + 1,
            head: place..place + 1,
            sentence,
            determiner: Determiner::Definite,
            determiner_at: None,
            quantity: None,
            group: None,
            colors: Vec::new(),
            negation: None,
            hedged: false,
            antecedent: Some(antecedent),
            pronoun: true,
            ..of
        });
    }
}

fn antecedent(reading: &Reading<'_>, place: usize, word: &str, sentence: usize) -> Option<usize> {
    let agrees = |phrase: &NounPhrase| {
        let person = phrase.labels.iter().any(|label| label == "person");
        match word {
            "it" => !phrase.is_plural() && !person,
            "they" => phrase.is_plural(),
            _ => !phrase.is_plural() && person,
        }
    };
    let near = |phrase: &&(usize, &NounPhrase)| {
        phrase.1.tokens.end <= place && phrase.1.sentence + 1 >= sentence && !phrase.1.pronoun && agrees(phrase.1)
    };
    let phrases: Vec<(usize, &NounPhrase)> = reading.phrases.iter().enumerate().collect();
    // The subject of the sentence before is what a new sentence goes on about.
    let opens = reading.sentences[sentence].start == place;
    if opens {
        let first = phrases.iter().filter(near).find(|(_, phrase)| phrase.sentence + 1 == sentence);
        return first.map(|(index, _)| *index);
    }
    phrases.iter().rev().find(|phrase| near(phrase)).map(|(index, _)| *index)
}

/// Marks what is hedged, and what speaks of no thing in the picture.
fn mark_unreal(reading: &mut Reading<'_>) {
    let mut marks = Vec::new();
    for phrase in &reading.phrases {
        let range = &reading.sentences[phrase.sentence];
        let question = range.end.checked_sub(1).is_some_and(|last| reading.word(last) == "?");
        let start = phrase.tokens.start;
        let before = |back: usize| {
            start.checked_sub(back).filter(|place| *place >= range.start).map_or("", |place| reading.word(place))
        };
        let likeness = before(1) == "of" && DEPICTIONS.contains(&before(2)) && !speaks_of_picture(reading, range, start)
            || (before(1) == "like" && !matches!(before(2), "looks" | "look"))
            || before(1) == "as"
            || (matches!(before(1), "toy" | "stuffed" | "plastic" | "fake" | "inflatable"));
        let inside = (phrase.tokens.start..phrase.head.start)
            .any(|place| matches!(reading.word(place), "toy" | "fake" | "plastic" | "inflatable" | "painted" | "imaginary"));
        let conditional = matches!(reading.word(range.start), "if" | "imagine");
        // A hedge reaches from its own place to the end of its clause, and back to the subject of "seems".
        let hedged = range.clone().any(|place| {
            let word = reading.word(place);
            let far = place < start && (place..start).any(|at| matches!(reading.word(at), ";"));
            let hedge = HEDGES.contains(&word)
                || (word == "looks" || word == "look") && reading.word(place + 1) == "like";
            hedge && !far
        });
        marks.push((likeness || inside && phrase.kind != Some(MatchKind::Thing) || question || conditional, hedged));
    }
    for (phrase, (unreal, hedged)) in reading.phrases.iter_mut().zip(marks) {
        phrase.unreal |= unreal;
        phrase.hedged |= hedged;
    }
}

/// "A photo of a dog", "This is a picture of ...", "The image shows": the picture in hand, not one inside it.
fn speaks_of_picture(reading: &Reading<'_>, range: &Range<usize>, start: usize) -> bool {
    let Some(noun) = start.checked_sub(2) else { return false };
    PICTURE.contains(&reading.word(noun))
        && (range.start..noun).all(|place| {
            let word = reading.word(place);
            INDEFINITE.contains(&word)
                || DEFINITE.contains(&word)
                || matches!(word, "is" | "it" | "close-up" | "black-and-white" | "beautiful" | "color" | "colour" | "in")
                || (!FUNCTION.contains(&word) && !PREPOSITIONS.contains(&word))
        })
}
