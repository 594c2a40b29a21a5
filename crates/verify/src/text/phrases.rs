//! Finds the noun phrases of a text: heads first, then leftwards over what belongs to them.

use lavr_types::{
    Vocabulary,
    vocabulary::{GrammaticalNumber, MatchKind},
};

use super::{
    Reading, TokenKind,
    around::{determiner_before, group_before, modifiers, quantity_before},
    denial::{denial_before, is_anybody, mark_denied_lists},
    heads::{Head, heads},
    phrase::{Determiner, NounPhrase},
    status::{add_pronouns, find_possessors, mark_unreal},
    verbs::{finite_verb, is_participle},
    words::{
        COPULAS, DEFINITE, DENIALS, FUNCTION, HEDGES, INDEFINITE, PICTURE, PLACES, POSSESSIVE, PREPOSITIONS,
        SEVERAL, VERB_NOUNS,
    },
};

/// Words whose "of" takes a part of what follows, or a helping: "a slice of pizza".
pub(crate) const PORTIONS: &[&str] =
    &["slice", "piece", "plate", "bowl", "chunk", "bite", "bunch", "head", "pile", "helping", "tray", "box"];

/// What "glasses" is taken for where they are for drinking, in a word that the vocabulary knows.
pub(crate) const DRINKING_GLASSES: &str = "drinking glasses";

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
    mark_denied_lists(reading, vocabulary);
    add_pronouns(reading);
    find_possessors(reading);
    mark_unreal(reading, vocabulary);
}

pub(super) fn is_word(reading: &Reading<'_>, place: usize) -> bool {
    reading.tokens.get(place).is_some_and(|token| token.kind == TokenKind::Word)
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
        owner: None,
        possessor: None,
        pronoun: false,
    };
    let mut place = modifiers(reading, vocabulary, &mut phrase, left);
    place = group_before(reading, vocabulary, &mut phrase, place, left);
    if phrase.quantity.is_none() {
        place = quantity_before(reading, vocabulary, &mut phrase, place, left);
    }
    place = determiner_before(reading, vocabulary, &mut phrase, place, left);
    if phrase.quantity.is_none() && phrase.determiner == Determiner::Definite {
        // "two of the dogs"
        let at = place.saturating_sub(2);
        if at >= left
            && place >= 2
            && reading.word(place - 1) == "of"
            && vocabulary.number(reading.word(at)).is_some()
        {
            place = quantity_before(reading, vocabulary, &mut phrase, place - 1, left);
        }
    }
    place = denial_before(reading, &mut phrase, place, left);
    phrase.tokens.start = place;
    if are_for_drinking(reading, &phrase) {
        phrase.labels = vocabulary.labels_for(DRINKING_GLASSES).into_iter().map(str::to_owned).collect();
        phrase.kind = Some(MatchKind::Broader);
    }
    if phrase.negation.is_none() && is_anybody(reading, phrase.head.start) {
        return None;
    }
    if let Some(start) = opening(reading, vocabulary, &phrase, sentence) {
        phrase.tokens.start = start;
    }
    let bare =
        phrase.determiner == Determiner::None && phrase.quantity.is_none() && phrase.negation.is_none();
    if bare
        && phrase.number == GrammaticalNumber::Singular
        && !bare_singular_allowed(reading, vocabulary, &phrase, sentence)
    {
        return None;
    }
    Some(phrase)
}

/// Glasses are worn, but not those that are counted or full ("two glasses", "glasses of water").
fn are_for_drinking(reading: &Reading<'_>, phrase: &NounPhrase) -> bool {
    let counted = phrase.quantity.is_some() && phrase.group.is_none();
    phrase.head.len() == 1
        && reading.word(phrase.head.start) == "glasses"
        && (counted || reading.word(phrase.head.end) == "of")
}

/// "Vintage wooden chair": where the words that open a sentence all go with a bare noun, the start of it.
fn opening(
    reading: &Reading<'_>,
    vocabulary: &Vocabulary,
    phrase: &NounPhrase,
    sentence: usize,
) -> Option<usize> {
    const MOST: usize = 3;

    let start = reading.sentences[sentence].start;
    let before = start..phrase.tokens.start;
    let bare = phrase.determiner == Determiner::None
        && phrase.quantity.is_none()
        && phrase.negation.is_none()
        && phrase.kind.is_some_and(|kind| kind != MatchKind::Thing);
    let singular = phrase.number == GrammaticalNumber::Singular;
    let describes = |at: usize| {
        let word = reading.word(at);
        is_word(reading, at)
            && word.chars().all(|letter| letter.is_alphabetic() || letter == '-')
            && ![
                FUNCTION,
                PREPOSITIONS,
                PLACES,
                PICTURE,
                SEVERAL,
                DEFINITE,
                INDEFINITE,
                POSSESSIVE,
                HEDGES,
                DENIALS,
            ]
            .iter()
            .any(|words| words.contains(&word))
            && !word.ends_with("ly")
            && !is_participle(word)
            // "Everybody loves cake": a verb that nobody knows.
            && !(singular && word.ends_with('s') && !["ss", "us"].iter().any(|ending| word.ends_with(ending)))
            && finite_verb(word).is_none()
            && vocabulary.longest_match(&[word]).is_none()
            && !vocabulary.is_group(word)
            && vocabulary.number(word).is_none()
    };
    (bare && !before.is_empty() && before.len() <= MOST && before.into_iter().all(describes)).then_some(start)
}

fn bare_singular_allowed(
    reading: &Reading<'_>,
    vocabulary: &Vocabulary,
    phrase: &NounPhrase,
    sentence: usize,
) -> bool {
    let start = phrase.tokens.start;
    let before = reading.before(start);
    let first = reading.sentences[sentence].start == start;
    let label_kind = phrase.kind != Some(MatchKind::Thing) && phrase.kind.is_some();
    let joined = matches!(before, "and" | "or" | "," | "with" | "near" | "beside" | ":" | "*")
        && reading.sentences[sentence].contains(&start.wrapping_sub(1));
    // "A slice of pizza" is some of one.
    let portion = before == "of"
        && start >= reading.sentences[sentence].start + 2
        && PORTIONS.contains(&vocabulary.singular(reading.word(start - 2)).as_str());
    let listed =
        before == "or" || before == "," && matches!(reading.word(phrase.head.end), "and" | "or" | ",");
    let verb_noun =
        VERB_NOUNS.contains(&reading.word(phrase.head.start)) && phrase.head.len() == 1 && !listed;
    let game = matches!(
        reading.surface(&phrase.head).to_lowercase().as_str(),
        "baseball" | "basketball" | "football" | "volleyball" | "softball"
    );
    // "There is text", "there is more snow".
    let there = start - usize::from(matches!(before, "more" | "also" | "only" | "still"));
    let introduced = COPULAS.contains(&reading.before(there))
        && there >= reading.sentences[sentence].start + 2
        && reading.word(there - 2) == "there";
    (label_kind && (first || joined || portion) && !verb_noun && !game) || introduced && !verb_noun
}
