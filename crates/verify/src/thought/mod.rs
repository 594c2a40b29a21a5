//! Where a planner's thought contradicts what its own run has seen.
//!
//! Nothing is looked at anew: the claims of the thought are held against the records of the calls so far. A thought is
//! half plan ("I look for a dog"), half report ("detect found one dog"), and only the report can be wrong. So little
//! is said here, and only what an observation of a whole picture flatly denies: more of a thing than was found, a
//! number that was counted differently, a thing that was looked for by name and not found, one that was found though
//! denied, a clearly measured colour, a surely read text. Planning, asking and hedging sentences are left alone.

mod seen;

use std::collections::BTreeSet;

use lavr_types::{
    Assertion, CallRecord, Claim, Contradiction, CountBound, Entity, ImageId, Span, Vocabulary,
    vocabulary::MatchKind,
};

use crate::{
    LexicalExtractor, Thresholds,
    check::{Comparison, Fit, accepted, compare, fit},
    text::{Reading, TokenKind},
};

use seen::{Looked, Observed, SeenSoFar};

/// Words of sentences that plan, ask, doubt or quote the question: what they name need not be there.
const PLANS: &[&str] = &[
    "if", "whether", "need", "needs", "should", "must", "shall", "will", "would", "can", "could", "may",
    "might", "let", "let's", "want", "wants", "try", "look", "looking", "search", "check", "checking",
    "verify", "confirm", "find", "detect", "call", "use", "ask", "asks", "asked", "asking", "question",
    "user", "how", "which", "what", "where", "who", "why", "count", "measure", "read", "next", "then",
    "first", "expect", "expected", "suppose", "assume", "claims", "claim", "maybe", "perhaps", "probably",
    "possibly", "likely", "seems", "appears", "unless", "or", "to", "before", "after", "instead", "rather",
    "please",
];

/// Words that deny: what a sentence with one of them names is not simply there.
const DENIALS: &[&str] = &[
    "no", "not", "none", "nothing", "never", "without", "neither", "nor", "missing", "absent", "failed",
    "cannot", "missed", "lacks", "zero", "any", "isn't", "aren't", "wasn't", "weren't", "didn't", "doesn't",
    "don't", "can't", "couldn't",
];

/// Words before a number that make it the whole number.
const COUNTING: &[&str] = &[
    "is", "are", "found", "finds", "saw", "sees", "see", "shows", "showed", "show", "detected", "detects",
    "counted", "counts", "contains", "has", "have", "only", "exactly", "just",
];

/// Words that may follow a denied thing without narrowing it.
const ANYWHERE: &[&str] = &[
    "in",
    "the",
    "this",
    "image",
    "picture",
    "photo",
    "photograph",
    "scene",
    "here",
    "visible",
    "present",
    "seen",
    "found",
    "detected",
    "at",
    "all",
    "there",
    "so",
    "and",
];

/// Boxes that overlap by this share are the same thing.
const SAME_THING: f64 = 0.5;

/// The statements of a thought that contradict the observations so far, in the order of the text. Pure: no expert is
/// asked. `images` are the pictures that the run is about; what was seen in crops of them is left out.
pub fn contradictions<'r>(
    thought: &str,
    images: &[ImageId],
    records: impl IntoIterator<Item = &'r CallRecord>,
    vocabulary: &Vocabulary,
    thresholds: &Thresholds,
) -> Vec<Contradiction> {
    let seen = SeenSoFar::read(records, images, vocabulary);
    if seen.detections.is_empty() && seen.colors.is_empty() && seen.texts.is_empty() {
        return Vec::new();
    }
    let reading = Reading::new(thought, vocabulary);
    let claims = LexicalExtractor::new(vocabulary).read(thought).claims;
    let review = Review { reading: &reading, images, seen: &seen, vocabulary, thresholds };
    let mut found: Vec<Contradiction> = Vec::new();
    for claim in claims.iter().filter(|claim| !claim.hedged && claim.readings.is_empty()) {
        let Some(contradiction) = review.of(claim, &claims) else { continue };
        // "Two dogs" is one statement, though it makes two claims.
        if !found.iter().any(|before| before.span.overlaps(contradiction.span)) {
            found.push(contradiction);
        }
    }
    found
}

struct Review<'a> {
    reading: &'a Reading<'a>,
    images: &'a [ImageId],
    seen: &'a SeenSoFar<'a>,
    vocabulary: &'a Vocabulary,
    thresholds: &'a Thresholds,
}

impl Review<'_> {
    fn of(&self, claim: &Claim, claims: &[Claim]) -> Option<Contradiction> {
        let words = self.words_around(claim.span)?;
        if words.iter().any(|word| PLANS.contains(&word.as_str())) {
            return None;
        }
        let denied = words.iter().any(|word| DENIALS.contains(&word.as_str()));
        match &claim.assertion {
            Assertion::Count { entity, count } if !denied => self.count(claim, entity, *count),
            Assertion::Existence { entity, present: true } if !denied => {
                // The number says it better, or explains why nothing is wrong.
                let counted = claims.iter().any(|other| {
                    matches!(&other.assertion, Assertion::Count { entity: counted, .. } if counted.span == entity.span)
                });
                if counted { None } else { self.presence(claim, entity) }
            }
            Assertion::Existence { entity, present: false } => self.absence(claim, entity),
            Assertion::Color { entity, color } if !denied => self.color(claim, entity, color),
            Assertion::Text { text, .. } if !denied => self.text(claim, text),
            _ => None,
        }
    }

    /// The words of the sentence that holds a span; none where it asks something.
    fn words_around(&self, span: Span) -> Option<Vec<String>> {
        let token = self.reading.tokens.iter().position(|token| token.span.end > span.start)?;
        let range = self.reading.sentences.get(self.reading.sentence_of(token))?.clone();
        let tokens = self.reading.tokens.get(range)?;
        let asks = tokens.iter().any(|token| token.kind == TokenKind::Mark && token.lower == "?");
        let words = tokens.iter().filter(|token| token.kind == TokenKind::Word);
        (!asks).then(|| words.map(|token| token.lower.clone()).collect())
    }

    /// The one label that a thing has, where the word means it and no more than it (`narrower` allows "puppy").
    fn label(&self, entity: &Entity, narrower: bool) -> Option<String> {
        let surface = entity.surface.to_lowercase();
        let words: Vec<&str> = surface.split_whitespace().collect();
        let found = self.vocabulary.longest_match(&words)?;
        let fits = match found.kind {
            MatchKind::Exact | MatchKind::Synonym => true,
            MatchKind::Narrower => narrower,
            _ => false,
        };
        match found.labels.as_slice() {
            [label] if fits && found.words == words.len() => Some((*label).to_owned()),
            _ => None,
        }
    }

    /// The richest look for a label at each picture; none where one was not looked at.
    fn looks(&self, label: &str) -> Option<Vec<&Observed<'_, Looked>>> {
        let looks = self.images.iter().map(|&image| self.seen.richest_look(image, label));
        looks.collect::<Option<Vec<_>>>().filter(|looks| {
            !looks.is_empty()
                && looks.iter().all(|look| look.value.threshold <= self.thresholds.count.confident)
        })
    }

    fn count(&self, claim: &Claim, entity: &Entity, count: CountBound) -> Option<Contradiction> {
        let (CountBound::Exactly(number) | CountBound::AtLeast(number)) = count else { return None };
        let label = self.label(entity, true)?;
        let looks = self.looks(&label)?;
        let most = looks.iter().map(|look| look.value.of(&label).len()).sum::<usize>() as u32;
        let said = format!("{} {}", claim.surface.to_lowercase(), entity.surface.to_lowercase());
        let look = looks.iter().max_by_key(|look| look.value.of(&label).len())?;
        if number > most {
            return Some(self.contradiction(claim.span, entity, said, look, self.number_of(most, &label)));
        }
        // "One dog is black" leaves room for another; "there is one dog" does not.
        let [look] = looks.as_slice() else { return None };
        let whole = matches!(count, CountBound::Exactly(_)) && self.counts_all(claim.span);
        let sure = look.value.of(&label);
        let sure =
            sure.iter().filter(|object| object.score >= self.thresholds.count.confident).count() as u32;
        (whole && number < sure && self.label(entity, false).is_some())
            .then(|| self.contradiction(claim.span, entity, said, look, self.number_of(sure, &label)))
    }

    /// Whether a number stands where a whole is counted: "there are two dogs", "detect found two dogs".
    fn counts_all(&self, span: Span) -> bool {
        let token = self.reading.tokens.iter().position(|token| token.span.start >= span.start);
        token.is_some_and(|token| COUNTING.contains(&self.reading.before(token)))
    }

    fn presence(&self, claim: &Claim, entity: &Entity) -> Option<Contradiction> {
        let label = self.label(entity, true)?;
        let looks = self.looks(&label)?;
        let sure = self.thresholds.is_reliable(&label)
            && looks.iter().all(|look| look.value.of(&label).is_empty() && look.value.was_asked_for(&label));
        let look = looks.first().filter(|_| sure)?;
        let said = article(&entity.surface.to_lowercase());
        Some(self.contradiction(claim.span, entity, said, look, format!("no {label}")))
    }

    fn absence(&self, claim: &Claim, entity: &Entity) -> Option<Contradiction> {
        let label = self.label(entity, false)?;
        let [image] = self.images else { return None };
        if !self.denies_everywhere(claim.span) {
            return None;
        }
        let support = self.thresholds.existence.support;
        let surely =
            |look: &&Observed<'_, Looked>| look.value.of(&label).iter().any(|object| object.score >= support);
        let look = self.seen.looks(*image, &label).find(surely)?;
        let number = look.value.of(&label).iter().filter(|object| object.score >= support).count() as u32;
        let said = format!("no {}", entity.surface.to_lowercase());
        Some(self.contradiction(claim.span, entity, said, look, self.number_of(number, &label)))
    }

    /// Whether nothing narrows what is denied: "no dog on the left" leaves room for one on the right.
    fn denies_everywhere(&self, span: Span) -> bool {
        let Some(token) = self.reading.tokens.iter().position(|token| token.span.end > span.start) else {
            return false;
        };
        let Some(sentence) = self.reading.sentences.get(self.reading.sentence_of(token)) else {
            return false;
        };
        self.reading.tokens[sentence.clone()]
            .iter()
            .filter(|token| token.span.start >= span.end)
            .take_while(|token| token.kind == TokenKind::Word)
            .all(|token| ANYWHERE.contains(&token.lower.as_str()))
    }

    fn color(&self, claim: &Claim, entity: &Entity, color: &str) -> Option<Contradiction> {
        let label = self.label(entity, true).filter(|label| label != "person")?;
        let [image] = self.images else { return None };
        let look = self.seen.richest_look(*image, &label)?;
        // Of several it is open which one is meant.
        let [object] = look.value.of(&label)[..] else { return None };
        let accepted = accepted(claim, color, self.vocabulary);
        let measured: Vec<_> = self
            .seen
            .colors
            .iter()
            .filter(|seen| seen.image == *image && seen.value.0.iou(object.bounds) >= SAME_THING)
            .map(|seen| (seen, fit(&seen.value.1, &accepted, self.thresholds)))
            .collect();
        let others: BTreeSet<&str> = measured
            .iter()
            .map(|(_, fit)| if let Fit::Other(name, _) = fit { name.as_str() } else { "" })
            .collect();
        let (seen, _) = measured.first()?;
        let other = others.first().filter(|other| others.len() == 1 && !other.is_empty())?;
        let said = format!("{} {}", claim.surface.to_lowercase(), entity.surface.to_lowercase());
        Some(self.contradiction(claim.span, entity, said, seen, (*other).to_owned()))
    }

    fn text(&self, claim: &Claim, text: &str) -> Option<Contradiction> {
        let mut other = None;
        for seen in &self.seen.texts {
            match compare(text, &seen.value.lines, self.thresholds) {
                Comparison::Says { .. } => return None,
                Comparison::SaysElse { best } => other = other.or(Some((seen, best.text))),
                Comparison::Unclear { .. } | Comparison::Unlike => {}
            }
        }
        let (seen, read) = other?;
        let (call, tool) = (seen.record.call.id.clone(), seen.record.call.tool.clone());
        let (said, seen) = (format!("\"{text}\""), format!("\"{read}\""));
        Some(Contradiction { span: claim.span, said, call, tool, seen })
    }

    fn contradiction<T>(
        &self,
        span: Span,
        entity: &Entity,
        said: String,
        seen: &Observed<'_, T>,
        what: String,
    ) -> Contradiction {
        // From the words that claim it to the thing, where they stand together.
        let near = self.reading.sentences.iter().any(|sentence| {
            let sentence = self.reading.span(sentence);
            sentence.contains(span) && sentence.contains(entity.span)
        });
        let whole = Span::new(span.start.min(entity.span.start), span.end.max(entity.span.end));
        let (call, tool) = (seen.record.call.id.clone(), seen.record.call.tool.clone());
        Contradiction { span: if near { whole } else { span }, said, call, tool, seen: what }
    }

    /// "no dog", "one dog", "two dogs", "27 dogs"
    fn number_of(&self, number: u32, label: &str) -> String {
        match number {
            0 => format!("no {label}"),
            1 => format!("one {label}"),
            _ => {
                let word = self.vocabulary.number_word(number);
                let number = word.map_or_else(|| number.to_string(), str::to_owned);
                format!("{number} {}", self.vocabulary.plural(label))
            }
        }
    }
}

fn article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

#[cfg(test)]
mod tests;
