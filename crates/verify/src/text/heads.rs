//! Nouns: the vocabulary's, and unknown words where a noun must stand. Verbs and colours that look like nouns are told apart.

use std::ops::Range;

use lavr_types::{
    Vocabulary,
    vocabulary::{GrammaticalNumber, MatchKind},
};

use super::{
    Reading, TokenKind,
    denial::{SIGNS, nobody},
    phrases::is_word,
    size::comparison,
    verbs::{Agreement, finite_verb, is_participle},
    words::{
        ABSTRACT, AFTER_NOUNS, COPULAS, DEFINITE, FUNCTION, INDEFINITE, INTRANSITIVE, PLACES, POSSESSIVE,
        PREPOSITIONS, SEVERAL, VERB_NOUNS,
    },
};

pub(super) struct Head {
    pub(super) tokens: Range<usize>,
    pub(super) labels: Vec<String>,
    pub(super) kind: Option<MatchKind>,
    pub(super) number: GrammaticalNumber,
}

/// Nouns from left to right. Of nouns side by side only the last is a head ("train station").
pub(super) fn heads(reading: &Reading<'_>, vocabulary: &Vocabulary, range: &Range<usize>) -> Vec<Head> {
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
        let known = found.map(|found| Head {
            tokens: place..place + found.words,
            labels: found.labels.iter().map(|&label| label.to_owned()).collect(),
            kind: Some(found.kind),
            number: found.number,
        });
        let nobody = nobody(reading, place, range).map(|tokens| Head {
            tokens,
            labels: vec!["person".to_owned()],
            kind: Some(MatchKind::Synonym),
            number: GrammaticalNumber::Singular,
        });
        let known = nobody.or(known);
        let Some(head) = known.or_else(|| unknown_head(reading, vocabulary, place, range)) else {
            place += 1;
            continue;
        };
        let head = compound(reading, vocabulary, head, range);
        let end = head.tokens.end;
        let drop = is_verb_here(reading, vocabulary, &head, heads.last())
            || is_color_here(reading, vocabulary, &head)
            || is_shading_here(reading, vocabulary, &head)
            || is_sign_here(reading, &head)
            // A bed of flowers is none to lie in.
            || head.labels == ["bed"] && reading.word(end) == "of"
            || (PLACES.contains(&reading.word(end - 1)) && head.labels.is_empty())
            || (vocabulary.is_group(reading.word(end - 1))
                || matches!(reading.word(end - 1), "couple" | "pair" | "pairs" | "trio" | "quartet"))
                && reading.word(end) == "of"
                && head.tokens.len() == 1;
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

/// "A giraffe print", "the dog park": a noun with a word behind it that nobody knows names another thing, of which the
/// noun is only a part of the name.
fn compound(reading: &Reading<'_>, vocabulary: &Vocabulary, head: Head, range: &Range<usize>) -> Head {
    let place = head.tokens.end;
    let word = reading.word(place);
    let kept = head.labels.is_empty()
        || head.number != GrammaticalNumber::Singular
        || place >= range.end
        || !is_word(reading, place)
        || word.len() < 3
        || !word.chars().all(char::is_alphabetic)
        // Not before the comma of a list, where a name may stand, nor capitals: "a woman Anna".
        || reading.surface(&(place..place + 1)).starts_with(char::is_uppercase)
        || ["s", "ed", "ing", "ly", "en", "'s", "wards", "ward"].iter().any(|ending| word.ends_with(ending))
        || [FUNCTION, PREPOSITIONS, AFTER_NOUNS, INDEFINITE, DEFINITE, POSSESSIVE, SEVERAL, PLACES, COPULAS]
            .iter()
            .any(|words| words.contains(&word))
        || matches!(word, "available" | "everywhere" | "somewhere" | "throughout")
        || finite_verb(word).is_some()
        || vocabulary.color(word).is_some()
        || vocabulary.is_shading(word)
        || vocabulary.number(word).is_some()
        || vocabulary.longest_match(&[word]).is_some()
        || vocabulary.is_group(word)
        // "A person": whatever they do is said by a verb that nobody knows.
        || head.labels == ["person"];
    if kept {
        return head;
    }
    Head {
        tokens: head.tokens.start..place + 1,
        labels: Vec::new(),
        kind: None,
        number: GrammaticalNumber::Singular,
    }
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
            || word.ends_with("'s")
            || ABSTRACT.contains(&word)
            || comparison(word).is_some()
    };
    // "Ended", but "shed" and "weed".
    let past = |word: &str| word.len() > 4 && word.ends_with("ed") && !word.ends_with("eed");
    let verb = finite_verb(word).is_some() || is_participle(word) || past(word);
    // "A green top" is worn, "the top of the hill" and "the green top of the hill" are places.
    let is_top = word == "top"
        && place > range.start
        && vocabulary.color(reading.before(place)).is_some()
        && reading.word(place + 1) != "of";
    if modifier(word)
        || verb
        || PLACES.contains(&word) && !is_top
        || vocabulary.is_group(word)
        || word.len() < 3
    {
        return None;
    }
    let next = reading.word(place + 1);
    let ends = place + 1 >= range.end
        || !is_word(reading, place + 1)
        || PREPOSITIONS.contains(&next)
        || finite_verb(next).is_some()
        || is_participle(next)
        || past(next) && {
            // Not "an old fashioned train".
            let beyond = reading.word(place + 2);
            !is_word(reading, place + 2)
                || [FUNCTION, PREPOSITIONS, INDEFINITE, DEFINITE, POSSESSIVE]
                    .iter()
                    .any(|words| words.contains(&beyond))
        }
        || matches!(next, "and" | "or" | "that" | "which" | "who");
    if is_colored_plural(reading, vocabulary, place, range) {
        return ends.then(|| Head {
            tokens: place..place + 1,
            labels: Vec::new(),
            kind: None,
            number: GrammaticalNumber::Plural,
        });
    }
    let mut start = place;
    let mut steps = 0;
    while start > range.start && steps < 3 {
        start -= 1;
        steps += 1;
        let before = reading.word(start);
        // What something has is not looked for apart from it; "its color" says something of the thing itself.
        let its_color = POSSESSIVE.contains(&before) && matches!(word, "color" | "colour");
        if INDEFINITE.contains(&before) || DEFINITE.contains(&before) || its_color {
            return ends.then(|| Head {
                tokens: place..place + 1,
                labels: Vec::new(),
                kind: None,
                number: if word.ends_with('s') {
                    GrammaticalNumber::Either
                } else {
                    GrammaticalNumber::Singular
                },
            });
        }
        // A noun that is known is the head itself, and what follows it is something else.
        let ends = !is_word(reading, start)
            || FUNCTION.contains(&before)
            || PREPOSITIONS.contains(&before)
            || PLACES.contains(&before)
            || vocabulary.color(before).is_none() && vocabulary.longest_match(&[before]).is_some();
        if ends {
            return None;
        }
    }
    None
}

/// "In yellow clothes", "and green trousers": several of what nobody knows need no article, and a color before them tells that they
/// are things.
fn is_colored_plural(
    reading: &Reading<'_>,
    vocabulary: &Vocabulary,
    place: usize,
    range: &Range<usize>,
) -> bool {
    let word = reading.word(place);
    let is_plural = word.ends_with('s') && !word.ends_with("ss");
    let opens = |at: usize| {
        let before = reading.word(at);
        PREPOSITIONS.contains(&before) || matches!(before, "and" | "wears" | "wearing" | "wear")
    };
    is_plural
        && place >= range.start + 2
        && vocabulary.color(reading.before(place)).is_some()
        && opens(place - 2)
}

/// "a man watches a dog", "dogs stand on": a noun of the vocabulary used as a verb.
fn is_verb_here(reading: &Reading<'_>, vocabulary: &Vocabulary, head: &Head, last: Option<&Head>) -> bool {
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
    let after_noun = last.filter(|last| last.tokens.end == place);
    let after_subject = [
        "he", "she", "it", "they", "who", "which", "that", "to", "can", "will", "can't", "cannot", "could",
        "would", "must", "might", "may", "should", "don't", "doesn't", "didn't", "won't",
    ]
    .contains(&before);
    let next = reading.word(place + 1);
    let object_follows = INDEFINITE.contains(&next)
        || DEFINITE.contains(&next)
        || POSSESSIVE.contains(&next)
        || PREPOSITIONS.contains(&next)
        || SEVERAL.contains(&next)
        || matches!(next, "him" | "her" | "it" | "us" | "them")
        || next.ends_with("ly");
    // "a man watches TV", "people watch TV", but "train tracks".
    let verb_follows_noun = after_noun.is_some_and(|noun| {
        let agrees = match finite_verb(word) {
            Some(Agreement::Singular) => noun.number != GrammaticalNumber::Plural,
            Some(_) => noun.number == GrammaticalNumber::Plural,
            None => false,
        };
        // "A man in a red car waves."
        let ends = agrees
            && !is_word(reading, place + 1)
            && INTRANSITIVE
                .iter()
                .any(|verb| *verb == word || *verb == stem || word.strip_suffix('s') == Some(verb));
        object_follows
            || ends
            // "A cup stands there."
            || agrees && matches!(next, "there" | "here")
            || agrees
                && is_word(reading, place + 1)
                && !FUNCTION.contains(&next)
                && finite_verb(next).is_none()
    });
    // "that is green stands behind", "rides home and parks the car"
    let after_predicate =
        place >= 2 && COPULAS.contains(&reading.word(place - 2)) && vocabulary.color(before).is_some();
    let second_verb = before == "and"
        && finite_verb(word).is_some()
        && (INDEFINITE.contains(&next) || DEFINITE.contains(&next) || POSSESSIVE.contains(&next));
    // "The umbrella, which is below the suitcase, stands out."
    let aside = place.checked_sub(1).is_some_and(|before| closes_aside(reading, before));
    let after_aside = aside && finite_verb(word) == Some(Agreement::Singular);
    // "At the center stands a horse."
    let after_place = opens_with_place(reading, place) && finite_verb(word).is_some() && object_follows;
    after_place
        || after_aside
        || after_subject
        || verb_follows_noun
        || (after_predicate && object_follows)
        || second_verb
}

/// Whether a place in the picture that ends right before a word opens the sentence: "in the center -> stands". "The other" and
/// "the shop in the back" do not.
fn opens_with_place(reading: &Reading<'_>, place: usize) -> bool {
    let start = reading.sentences[reading.sentence_of(place)].start;
    let is_part = |at: usize| {
        let word = reading.word(at);
        DEFINITE.contains(&word)
            || PLACES.contains(&word)
            || matches!(word, "of" | "far" | "very" | "upper" | "lower")
    };
    matches!(reading.word(start), "at" | "in" | "on" | "to")
        && PLACES.contains(&reading.before(place))
        && (start + 1..place).all(is_part)
}

/// Whether a mark closes what stands behind the subject: "the dog, which is black," "a man, perhaps a guard," "the words
/// "STOP"".
fn closes_aside(reading: &Reading<'_>, mark: usize) -> bool {
    if reading.tokens[mark].kind == TokenKind::Quote {
        return true;
    }
    let start = reading.sentences[reading.sentence_of(mark)].start;
    let opened =
        (start..mark).rev().find(|&at| reading.word(at) == ",").filter(|_| reading.word(mark) == ",");
    opened.is_some_and(|at| {
        matches!(
            reading.word(at + 1),
            "which"
                | "who"
                | "perhaps"
                | "possibly"
                | "probably"
                | "maybe"
                | "named"
                | "called"
                | "wearing"
                | "holding"
        )
    })
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
    let color_follows =
        matches!(next, "and" | "or" | ",") && vocabulary.color(reading.word(place + 2)).is_some();
    let predicate = COPULAS.contains(&reading.before(place));
    let after_color = matches!(reading.before(place), "and" | "or")
        && place >= 2
        && vocabulary.color(reading.word(place - 2)).is_some();
    let adjective_follows = is_word(reading, place + 1)
        && !FUNCTION.contains(&next)
        && !PREPOSITIONS.contains(&next)
        && finite_verb(next).is_none()
        && !is_participle(next);
    noun_follows
        || color_follows
        || predicate
        || after_color
        || adjective_follows
        || vocabulary.is_shading(reading.before(place))
}

/// "no sign of a dog" speaks of a dog.
fn is_sign_here(reading: &Reading<'_>, head: &Head) -> bool {
    let place = head.tokens.start;
    SIGNS.contains(&reading.word(place))
        && reading.word(place + 1) == "of"
        && matches!(reading.before(place), "no" | "without" | "any")
}

/// "a light blue car", "a dark, pale red": the noun "light" in the service of a colour.
fn is_shading_here(reading: &Reading<'_>, vocabulary: &Vocabulary, head: &Head) -> bool {
    let place = head.tokens.start;
    let next = reading.word(place + 1);
    head.tokens.len() == 1
        && vocabulary.is_shading(reading.word(place))
        && (vocabulary.color(next).is_some() || vocabulary.is_shading(next))
}
