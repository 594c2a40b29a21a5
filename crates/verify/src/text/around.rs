//! What stands before a noun and belongs to it: colours and other modifiers, number, article.

use std::ops::Range;

use lavr_types::{CountBound, Span, Vocabulary, vocabulary::GrammaticalNumber};

use super::{
    Reading,
    phrase::{ColorWord, Determiner, NounPhrase, Owner, Quantity},
    phrases::is_word,
    words::{DEFINITE, FUNCTION, INDEFINITE, POSSESSIVE, PREPOSITIONS, SEVERAL},
};

/// How many words that nobody knows may stand between a determiner and its noun.
const MOST_UNKNOWN_MODIFIERS: usize = 3;

/// Walks left over colours and other modifiers; unknown ones count only where a determiner or number stands before them.
pub(super) fn modifiers(
    reading: &Reading<'_>,
    vocabulary: &Vocabulary,
    phrase: &mut NounPhrase,
    left: usize,
) -> usize {
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
        // "A black bear", "a red wine glass": the color is part of a name.
        let named: Vec<&str> = (place..phrase.head.end).map(|at| reading.word(at)).collect();
        if vocabulary.names_a_kind(word, &named.join(" ")) {
            place -= 1;
            firm = place;
            firm_colors = colors.len();
            continue;
        }
        if vocabulary.color(word).is_some() {
            let mut start = place - 1;
            let mut word = word.to_owned();
            // "Navy blue" is one colour.
            if start > left {
                let both = format!("{} {word}", reading.word(start - 1));
                if vocabulary.color(&both).is_some() && vocabulary.color(reading.word(start - 1)).is_some() {
                    (start, word) = (start - 1, both);
                }
            }
            while start > left && vocabulary.is_shading(reading.word(start - 1)) {
                start -= 1;
            }
            colors.push(ColorWord { tokens: start..place, word });
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
        // "No visible text": no predicate.
        let described =
            word == "visible" && place >= left + 2 && matches!(reading.word(place - 2), "no" | "any" | "the");
        let stop = word == ","
            || FUNCTION.contains(&word) && !described
            || PREPOSITIONS.contains(&word)
            || INDEFINITE.contains(&word)
            || DEFINITE.contains(&word)
            || POSSESSIVE.contains(&word)
            || SEVERAL.contains(&word)
            || matches!(word, "no" | "any" | "without" | "all" | "pair" | "couple" | "single")
            || vocabulary.number(word).is_some()
            || (word.ends_with("'s") || word.ends_with("s'"));
        if stop {
            let opens = INDEFINITE.contains(&word)
                || DEFINITE.contains(&word)
                || POSSESSIVE.contains(&word)
                || SEVERAL.contains(&word)
                || matches!(word, "no" | "any" | "without" | "all" | "single")
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

pub(super) fn group_before(
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
        "trio" => CountBound::Exactly(3),
        "quartet" => CountBound::Exactly(4),
        _ if vocabulary.is_group(word) => CountBound::Several,
        _ => return place,
    };
    // "a large group of"
    while start > left && !INDEFINITE.contains(&reading.word(start - 1)) && place - start < 4 {
        let before = reading.word(start - 1);
        if !is_word(reading, start - 1)
            || FUNCTION.contains(&before)
            || PREPOSITIONS.contains(&before)
            || DEFINITE.contains(&before)
        {
            break;
        }
        start -= 1;
    }
    let counted = vocabulary.number(reading.before(start)).is_some()
        || vocabulary.number(reading.word(start)).is_some();
    if start > left
        && (INDEFINITE.contains(&reading.word(start - 1)) || DEFINITE.contains(&reading.word(start - 1)))
    {
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

pub(super) fn quantity_before(
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
        if start > left
            && (word == "few" && reading.word(start - 1) == "a"
                || word == "different" && SEVERAL.contains(&reading.word(start - 1)))
        {
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
        if start >= left + 2 && matches!(reading.word(start - 2), "not" | "isn't" | "wasn't") {
            phrase.determiner = Determiner::Any;
            phrase.determiner_at = Some(place - 1);
            return start - 1;
        }
        phrase.quantity = Some(Quantity { tokens: start - 1..place, bound: CountBound::Exactly(1) });
        return start - 1;
    }
    let Some(mut number) = vocabulary.number(word) else { return place };
    // A range, a year or a price is no count.
    if matches!(reading.before(start), "to" | "or" | "-" | "$" | "#" | "\u{20ac}" | "number" | "no")
        && start > left
        && start >= 2
        && (vocabulary.number(reading.word(start - 2)).is_some()
            || reading.before(start) != "to" && reading.before(start) != "or")
    {
        return place;
    }
    let between = reading.before(start) == "and" && start >= left + 3 && reading.word(start - 3) == "between";
    if between || word == "hundred" {
        return place;
    }
    if word == "dozen" {
        let multiple = if start > left { vocabulary.number(reading.before(start)) } else { None };
        match multiple {
            Some(multiple) => {
                number = number.saturating_mul(multiple);
                start -= 1;
            }
            None if start >= left + 2 && reading.words_at(start - 2, &["half", "a"]) => {
                (number, start) = (6, start - 2);
            }
            None if start > left && matches!(reading.before(start), "a" | "half") => {
                number = if reading.before(start) == "a" { number } else { 6 };
                start -= 1;
            }
            None => return place,
        }
    }
    let mut bound = CountBound::Exactly(number);
    (bound, start) = bound_before(reading, number, start, left).unwrap_or((bound, start));
    // "Two more people" leaves open how many there are besides.
    let more = (place..phrase.head.start)
        .any(|at| matches!(reading.word(at), "more" | "other" | "additional" | "further" | "extra" | "such"));
    if more && let CountBound::Exactly(least) = bound {
        bound = CountBound::AtLeast(least);
    }
    if bound == CountBound::Several && number < 2 {
        return place;
    }
    if bound == CountBound::Exactly(1) && phrase.number == GrammaticalNumber::Plural {
        return place;
    }
    phrase.quantity = Some(Quantity { tokens: start..place, bound });
    start
}

/// The words before a number that bound it, and where they begin: "at least".
fn bound_before(
    reading: &Reading<'_>,
    number: u32,
    start: usize,
    left: usize,
) -> Option<(CountBound, usize)> {
    let words =
        |count: usize, words: &[&str]| start >= left + count && reading.words_at(start - count, words);
    if words(2, &["at", "least"]) {
        Some((CountBound::AtLeast(number), start - 2))
    } else if words(2, &["at", "most"]) || words(2, &["up", "to"]) {
        Some((CountBound::AtMost(number), start - 2))
    } else if words(3, &["no", "fewer", "than"]) || words(3, &["no", "less", "than"]) {
        Some((CountBound::AtLeast(number), start - 3))
    } else if words(3, &["no", "more", "than"]) || words(3, &["not", "more", "than"]) {
        Some((CountBound::AtMost(number), start - 3))
    } else if words(2, &["more", "than"]) {
        Some((CountBound::AtLeast(number.saturating_add(1)), start - 2))
    } else if words(2, &["fewer", "than"]) || words(2, &["less", "than"]) {
        Some((CountBound::AtMost(number.saturating_sub(1)), start - 2))
    } else if start > left && matches!(reading.before(start), "over") && number > 2 {
        Some((CountBound::AtLeast(number.saturating_add(1)), start - 1))
    } else if start > left
        && matches!(
            reading.before(start),
            "about" | "around" | "approximately" | "nearly" | "almost" | "roughly" | "another" | "other"
        )
    {
        // Not exact, or not all: no number to check.
        Some((CountBound::Several, start - 1))
    } else if start > left && matches!(reading.before(start), "exactly" | "only" | "just") {
        Some((CountBound::Exactly(number), start - 1))
    } else {
        None
    }
}

pub(super) fn determiner_before(
    reading: &Reading<'_>,
    vocabulary: &Vocabulary,
    phrase: &mut NounPhrase,
    place: usize,
    left: usize,
) -> usize {
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
            phrase.owner = owner(reading, vocabulary, start..place);
            while start > left && place - start < 4 {
                let before = reading.word(start - 1);
                if DEFINITE.contains(&before) || INDEFINITE.contains(&before) || POSSESSIVE.contains(&before)
                {
                    if let Some(owner) = &mut phrase.owner {
                        owner.tokens.start = start - 1;
                    }
                    return start - 1;
                }
                if !is_word(reading, start - 1)
                    || FUNCTION.contains(&before)
                    || PREPOSITIONS.contains(&before)
                {
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

/// Who has what stands behind "the dog's", where the vocabulary knows it.
fn owner(reading: &Reading<'_>, vocabulary: &Vocabulary, tokens: Range<usize>) -> Option<Owner> {
    let noun = reading.word(tokens.start).strip_suffix("'s")?;
    let found = vocabulary.longest_match(&[noun]).filter(|found| !found.labels.is_empty())?;
    let span = reading.span(&tokens);
    let apostrophe = span.of(reading.text)?.rfind(['\'', '\u{2019}'])?;
    Some(Owner {
        span: Span::new(span.start, span.start + apostrophe),
        labels: found.labels.iter().map(|&label| label.to_owned()).collect(),
        kind: found.kind,
        tokens,
    })
}
