//! What a text says that pixels can confirm or contradict.

mod attribute;
mod color;
mod combined;
mod model;
mod quote;
mod relation;

use std::collections::HashMap;

use async_trait::async_trait;
use lavr_types::{Assertion, Claim, CountBound, Entity, Span, Usage, Vocabulary, vocabulary::MatchKind};

use crate::{
    language,
    text::{
        Determiner, NounPhrase, Reading,
        phrases::DRINKING_GLASSES,
        reach::{Reach, reach},
    },
};

pub use combined::CombinedExtractor;
pub use model::ModelExtractor;

pub(crate) use attribute::{WEATHER, verb_before};
pub(crate) use color::{said, subject_of};
pub(crate) use model::usage;
pub(crate) use quote::normalized;

/// Finds the claims of a text.
#[async_trait]
pub trait Extractor: Send + Sync {
    /// The claims in the order of their spans, each on character boundaries of `text`.
    async fn extract(&self, text: &str) -> Extraction;
}

/// The claims of a text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Extraction {
    /// The claims, in the order of their spans.
    pub claims: Vec<Claim>,
    /// What a reader has to know: a part of the text that was not read.
    pub notes: Vec<String>,
    /// What the models that were asked cost.
    pub usage: Usage,
}

/// Reads English without a model: nouns by the vocabulary, numbers, colours, sizes, actions, prepositions, quotations.
/// Of the other languages that have a data file (German, Spanish, Chinese) it reads nouns, numbers, colours and denials.
///
/// Each claim's span is the words that carry it: the noun for existence, the number words for a count ("two", "at
/// least three"), the colour with its shade ("dark blue"), the preposition for a relation ("to the left of"), the
/// words between the quotation marks for text. What has to change around them for grammar's sake (noun, article,
/// verb) is the corrector's business.
///
/// ```
/// use lavr_types::{ClaimKind, Vocabulary};
/// use lavr_verify::LexicalExtractor;
///
/// let extraction = LexicalExtractor::new(Vocabulary::builtin()).read("Two dogs sit left of a red car.");
/// let found: Vec<_> = extraction.claims.iter().map(|claim| (claim.kind(), claim.surface.as_str())).collect();
/// assert_eq!(found, [
///     (ClaimKind::Count, "Two"),
///     (ClaimKind::Existence, "dogs"),
///     (ClaimKind::Attribute, "sit"),
///     (ClaimKind::Relation, "left of"),
///     (ClaimKind::Color, "red"),
///     (ClaimKind::Existence, "car"),
/// ]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct LexicalExtractor<'v> {
    vocabulary: &'v Vocabulary,
}

impl<'v> LexicalExtractor<'v> {
    /// An extractor over these words.
    pub const fn new(vocabulary: &'v Vocabulary) -> Self {
        Self { vocabulary }
    }

    /// The claims of a text.
    pub fn read(&self, text: &str) -> Extraction {
        let reading = Reading::new(text, self.vocabulary);
        let mut claims: Vec<Claim> = Vec::new();
        for phrase in &reading.phrases {
            claims.extend(of_phrase(&reading, phrase));
        }
        for sentence in 0..reading.sentences.len() {
            claims.extend(reading.scan(sentence).iter().flat_map(language::claims));
        }
        leave_parts_out(&mut claims);
        claims.extend(color::of_phrases(&reading, self.vocabulary));
        claims.extend(attribute::claims(&reading));
        claims.extend(relation::claims(&reading));
        claims.extend(quote::claims(&reading));
        count_in_places(&mut claims);
        count_parts(&reading, &mut claims);
        claims.extend(sentences_without(&reading, &claims));
        claims.sort_by_key(|claim| (claim.span, claim.kind()));
        let mut notes = Vec::new();
        let read = reading
            .foreign
            .iter()
            .zip(&reading.languages)
            .map(|(foreign, known)| !foreign || known.is_some());
        let read: Vec<bool> = read.collect();
        if read.contains(&false) {
            notes.push(if read.contains(&true) {
                "some sentences are in a language that the lexical extractor does not read: it found no claims in them"
                    .to_owned()
            } else {
                "the text is in a language that the lexical extractor does not read: it found no claims in it"
                    .to_owned()
            });
        }
        Extraction { claims, notes, usage: Usage::default() }
    }
}

#[async_trait]
impl Extractor for LexicalExtractor<'_> {
    async fn extract(&self, text: &str) -> Extraction {
        self.read(text)
    }
}

/// The thing that a phrase names; for a pronoun, what it stands for.
fn entity(reading: &Reading<'_>, phrase: &NounPhrase) -> Entity {
    let surface = reading.surface(&phrase.head);
    // The word alone names what is worn.
    let for_drinking = surface.eq_ignore_ascii_case("glasses") && !phrase.labels.is_empty();
    Entity {
        surface: if for_drinking { DRINKING_GLASSES } else { surface }.to_owned(),
        span: reading.span(&phrase.head),
        label: label_of(&phrase.labels, phrase.kind),
    }
}

fn label_of(labels: &[String], kind: Option<MatchKind>) -> Option<String> {
    match labels {
        [label] if kind != Some(MatchKind::Broader) => Some(label.clone()),
        _ => None,
    }
}

fn of_phrase(reading: &Reading<'_>, phrase: &NounPhrase) -> Vec<Claim> {
    if phrase.unreal || phrase.pronoun || color::is_color_itself(reading, phrase) {
        return Vec::new();
    }
    let claim_at = |span: Span, assertion| Claim {
        span,
        surface: span.of(reading.text).unwrap_or_default().to_owned(),
        assertion,
        hedged: phrase.hedged,
        readings: Vec::new(),
    };
    let claim = |tokens: &std::ops::Range<usize>, assertion| claim_at(reading.span(tokens), assertion);
    if let Some(negation) = &phrase.negation {
        let tokens = negation.tokens.start..phrase.head.end;
        // "The animal is not a dog" says what something is, not what is there.
        let reach = if phrase.quantity.is_none() { reach(reading, phrase) } else { Reach::None };
        let absent = Assertion::Existence { entity: entity(reading, phrase), present: false };
        let denied = match reach {
            Reach::Picture => claim(&tokens, absent),
            // That there is one elsewhere is no disproof: a reading that nothing contradicts.
            Reach::Part => Claim { readings: vec![Assertion::Other], ..claim(&tokens, absent) },
            Reach::None => claim(&tokens, Assertion::Other),
        };
        return vec![denied];
    }
    let mut claims =
        vec![claim(&phrase.head, Assertion::Existence { entity: entity(reading, phrase), present: true })];
    if let Some(owner) = &phrase.owner {
        let entity = Entity {
            surface: owner.span.of(reading.text).unwrap_or_default().to_owned(),
            span: owner.span,
            label: label_of(&owner.labels, Some(owner.kind)),
        };
        claims.push(claim_at(owner.span, Assertion::Existence { entity, present: true }));
    }
    if let Some(quantity) = &phrase.quantity {
        let assertion = Assertion::Count { entity: entity(reading, phrase), count: quantity.bound };
        claims.push(claim(&quantity.tokens, assertion));
    }
    claims
}

/// "Three dogs look out. One dog is on the left." counts the dogs once: the smaller number that follows picks some of
/// them out, and to hold it against the whole picture would damage it.
fn leave_parts_out(claims: &mut Vec<Claim>) {
    let mut counted: HashMap<String, u32> = HashMap::new();
    claims.retain(|claim| {
        let Assertion::Count { entity, count: CountBound::Exactly(number) } = &claim.assertion else {
            return true;
        };
        let name = entity.label.clone().unwrap_or_else(|| entity.surface.to_lowercase());
        let whole = counted.entry(name).or_insert(*number);
        let is_part = *number < *whole;
        *whole = (*whole).max(*number);
        !is_part
    });
}

/// "Two brown dogs and a white one", "several people, one person in front": numbers that say how many there are of a
/// part. That there are more of them in all is no contradiction.
fn count_parts(reading: &Reading<'_>, claims: &mut [Claim]) {
    let introduces = |phrase: &NounPhrase| {
        !phrase.pronoun
            && !phrase.unreal
            && phrase.negation.is_none()
            && (phrase.quantity.is_some() || phrase.determiner == Determiner::Indefinite)
    };
    for claim in claims {
        let Assertion::Count { count, .. } = &mut claim.assertion else { continue };
        let CountBound::Exactly(number) = *count else { continue };
        let counted = reading.phrases.iter().position(|phrase| {
            phrase.quantity.as_ref().is_some_and(|quantity| reading.span(&quantity.tokens) == claim.span)
        });
        let Some(place) = counted else { continue };
        let phrase = &reading.phrases[place];
        // "Two of the dogs"
        let of = phrase.quantity.as_ref().is_some_and(|quantity| reading.word(quantity.tokens.end) == "of")
            && phrase.determiner == Determiner::Definite;
        let color =
            |phrase: &NounPhrase| phrase.colors.iter().map(|color| color.word.clone()).collect::<Vec<_>>();
        let part = reading.phrases.iter().enumerate().any(|(at, other)| {
            at != place
                && introduces(other)
                && other.same_thing(phrase)
                && (color(other) != color(phrase)
                    || reading.word(other.tokens.start) == "another"
                    || number == 1
                        && other
                            .quantity
                            .as_ref()
                            .is_some_and(|quantity| quantity.bound == CountBound::Several))
        });
        if of || part {
            *count = CountBound::AtLeast(number);
        }
    }
}

/// "There is one dog on the left" counts the dogs there, and leaves open how many there are elsewhere: the whole picture
/// can show that there are fewer, but not that there are more.
fn count_in_places(claims: &mut [Claim]) {
    let placed: Vec<Span> = claims
        .iter()
        .filter_map(|claim| match &claim.assertion {
            Assertion::Relation { subject, object: None, .. } => Some(subject.span),
            _ => None,
        })
        .collect();
    for claim in claims {
        if let Assertion::Count { entity, count } = &mut claim.assertion
            && let CountBound::Exactly(number) = *count
            && placed.contains(&entity.span)
        {
            *count = CountBound::AtLeast(number);
        }
    }
}

/// "No object was recognized", "nobody could read text": what was looked for in vain is said of the looking.
fn tells_of_looking(reading: &Reading<'_>, range: &std::ops::Range<usize>) -> bool {
    const DENYING: &[&str] = &["no", "nothing", "nobody", "none", "not"];
    const FOUND: &[&str] = &["recognized", "recognised", "identified", "detected"];

    range.clone().any(|place| DENYING.contains(&reading.word(place)))
        && range.clone().any(|place| {
            let before = if reading.before(place) == "not" { place - 1 } else { place };
            FOUND.contains(&reading.word(place)) && matches!(reading.before(before), "was" | "were")
        })
}

/// Sentences in which nothing else was found: said, but nothing that an expert checks.
fn sentences_without(reading: &Reading<'_>, claims: &[Claim]) -> Vec<Claim> {
    let mut found = Vec::new();
    // The end of the claims that begin no later, so that each sentence is looked up once.
    let mut ends: Vec<(usize, usize)> =
        claims.iter().map(|claim| (claim.span.start, claim.span.end)).collect();
    ends.sort_unstable();
    let mut last = 0;
    for (_, end) in &mut ends {
        last = last.max(*end);
        *end = last;
    }
    let is_claimed = |span: Span| {
        let before = ends.partition_point(|(start, _)| *start < span.end);
        before.checked_sub(1).is_some_and(|at| ends[at].1 > span.start)
    };
    for (sentence, range) in reading.sentences.iter().enumerate() {
        let mut range = range.clone();
        while range.end > range.start && reading.tokens[range.end - 1].kind == crate::text::TokenKind::Mark {
            range.end -= 1;
        }
        let span = reading.span(&range);
        let spoken = range.clone().any(|place| reading.word(place).contains(char::is_alphabetic));
        if reading.foreign[sentence] || !spoken || tells_of_looking(reading, &range) || is_claimed(span) {
            continue;
        }
        found.push(Claim {
            span,
            surface: reading.surface(&range).to_owned(),
            assertion: Assertion::Other,
            hedged: false,
            readings: Vec::new(),
        });
    }
    found
}

#[cfg(test)]
mod tests;
