//! Rewrites what is wrong, and nothing else.

mod agreement;
mod attribute;
mod color;
mod compose;
mod denial;
mod foreign;
mod gate;
mod neutral;
mod place;
mod removal;
mod rewrite;
mod structure;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use lavr_types::{Assertion, Claim, Entity, Judgement, Span, Usage, Verdict, Vocabulary};

use crate::{
    LexicalExtractor,
    text::{Reading, verbs::base_of},
};

use compose::Edits;
pub use rewrite::ModelCorrector;
pub(crate) use value::words_for;

/// What becomes of claims that nothing confirms or contradicts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Policy {
    /// They stay as they are.
    #[default]
    Keep,
    /// They stay, with `[unverified]` behind them.
    Mark,
    /// They go, where the sentence can do without them.
    Drop,
}

/// A change of the draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes of the draft that go.
    pub span: Span,
    /// What stands in their place.
    pub replacement: String,
    /// The claims that made it necessary, by place in the list that was judged.
    pub claims: Vec<usize>,
}

/// A corrected text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Correction {
    /// The text; byte for byte the draft where there is no edit.
    pub text: String,
    /// The changes in the order of their places; they do not overlap.
    pub edits: Vec<Edit>,
    /// What could not be mended.
    pub notes: Vec<String>,
    /// What the models that were asked cost.
    pub usage: Usage,
}

/// Makes a text true to the judgements of its claims.
#[async_trait]
pub trait Corrector: Send + Sync {
    /// The corrected text. A claim that is not contradicted keeps its bytes, unless the policy says otherwise or
    /// grammar needs them to agree with an edit.
    async fn correct(&self, draft: &str, judged: &[(Claim, Judgement)], policy: Policy) -> Correction;
}

/// Edits spans by rule, without a model.
///
/// Counts, colours, relations and text are replaced by what was measured; noun, article and verb then agree. An
/// attribute of which only the opposite is known gives way to it, any other goes ("a large dog" is a dog). What is
/// absent goes with the words that only serve it; a sentence that cannot lose it gracefully is put plainly ("There
/// is a sofa.") or removed. The result is read again, and must not say again what was contradicted.
///
/// These are the rules of English. Sentences in a language that has a data file (German, Spanish, Chinese) are edited
/// where the file can make the edit agree; all others keep their words, and a note says what is wrong in them.
#[derive(Debug, Clone, Copy)]
pub struct RuleCorrector<'v> {
    vocabulary: &'v Vocabulary,
}

/// How far the corrector goes with a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    Graceful,
    /// Put plainly.
    Plain,
    /// Taken out.
    Out,
}

impl<'v> RuleCorrector<'v> {
    /// A corrector over these words.
    pub const fn new(vocabulary: &'v Vocabulary) -> Self {
        Self { vocabulary }
    }

    /// As [`Corrector::correct`], without waiting.
    pub fn rewrite(&self, draft: &str, judged: &[(Claim, Judgement)], policy: Policy) -> Correction {
        let unchanged = || Correction { text: draft.to_owned(), ..Correction::default() };
        let concerned = |(_, judgement): &(Claim, Judgement)| {
            judgement.verdict == Verdict::Contradicted
                || (policy != Policy::Keep && judgement.verdict == Verdict::Insufficient)
        };
        if !judged.iter().any(concerned) {
            return unchanged();
        }
        let reading = Reading::new(draft, self.vocabulary);
        let mut severity: BTreeMap<usize, Severity> = BTreeMap::new();
        loop {
            let mut edits = self.edits(&reading, judged, policy, &severity);
            let notes = foreign::edits(&reading, judged, policy, &mut edits);
            let mut correction = edits.apply(&reading);
            correction.notes = notes;
            let faults = self.faults(&reading, judged, &correction.text);
            if faults.is_empty() {
                return correction;
            }
            let mut stuck = true;
            for sentence in faults {
                let now = severity.entry(sentence).or_insert(Severity::Graceful);
                if *now < Severity::Out {
                    *now = if *now == Severity::Graceful { Severity::Plain } else { Severity::Out };
                    stuck = false;
                }
            }
            if stuck {
                correction.notes.push("a contradicted claim could not be taken out of the text".to_owned());
                return correction;
            }
        }
    }

    fn edits(
        self,
        reading: &Reading<'_>,
        judged: &[(Claim, Judgement)],
        policy: Policy,
        severity: &BTreeMap<usize, Severity>,
    ) -> Edits {
        let mut edits = Edits::default();
        let mut absent: BTreeMap<usize, usize> = BTreeMap::new();
        let mut gone: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut affirmed: BTreeMap<usize, usize> = BTreeMap::new();
        let nouns = value::Nouns::changed(reading, judged);
        for (index, (claim, judgement)) in judged.iter().enumerate() {
            let sentence = sentence_at(reading, claim.span);
            if judgement.verdict == Verdict::Insufficient {
                match policy {
                    Policy::Mark => edits.insert_after(claim.span.end, " [unverified]", index),
                    Policy::Drop if is_foreign(reading, sentence) => {}
                    // The place goes with the thing that it is a place by.
                    Policy::Drop if value::goes_with_object(claim, judged) => {}
                    Policy::Drop if color::take_out(reading, self.vocabulary, &mut edits, index, claim) => {}
                    Policy::Drop => {
                        value::drop(reading, &mut edits, index, claim, &mut absent, &mut gone, sentence);
                    }
                    Policy::Keep => {}
                }
                continue;
            }
            if judgement.verdict != Verdict::Contradicted || is_foreign(reading, sentence) {
                continue;
            }
            match (severity.get(&sentence), &claim.assertion, &judgement.truth) {
                (Some(Severity::Out), ..) => gone.entry(sentence).or_default().push(index),
                (
                    _,
                    Assertion::Existence { present: true, .. },
                    Some(Assertion::Existence { present: false, .. }) | None,
                ) => {
                    value::take_out(reading, &mut edits, index, claim, &mut absent);
                }
                // "Yes, there is a cat" answers no question about a dog.
                (_, Assertion::Existence { present: true, .. }, Some(_))
                    if reading.word(reading.sentences[sentence].start) == "yes" =>
                {
                    if let Some(phrase) = reading.phrase_at(claim.span) {
                        absent.insert(phrase, index);
                    }
                }
                (_, Assertion::Existence { present: false, .. }, Some(_)) => {
                    if let Some(phrase) = value::denied_by(reading, claim.span) {
                        affirmed.insert(phrase, index);
                    }
                }
                (_, Assertion::Attribute { .. }, truth)
                    if attribute::replace(reading, &mut edits, index, claim, truth.as_ref()) => {}
                (_, _, None) if color::take_out(reading, self.vocabulary, &mut edits, index, claim) => {}
                (_, Assertion::Attribute { .. }, _) | (_, Assertion::Color { .. }, None) => {
                    gone.entry(sentence).or_default().push(index);
                }
                (_, _, Some(truth)) => {
                    value::replace(reading, self.vocabulary, &nouns, &mut edits, index, claim, truth);
                }
                _ => {}
            }
        }
        denial::affirm(reading, &mut edits, &affirmed);
        add_stand_ins(reading, severity, &mut absent);
        let sentences: BTreeSet<usize> =
            absent.keys().map(|&phrase| reading.phrases[phrase].sentence).collect();
        for sentence in sentences {
            if gone.contains_key(&sentence) {
                continue;
            }
            let plain = severity.get(&sentence).is_some_and(|severity| *severity >= Severity::Plain);
            let context = removal::Context {
                reading,
                vocabulary: self.vocabulary,
                absent: &absent,
                numbers: &nouns.numbers,
                sentence,
            };
            let claims: Vec<usize> = absent
                .iter()
                .filter(|(phrase, _)| reading.phrases[**phrase].sentence == sentence)
                .map(|(_, claim)| *claim)
                .collect();
            if let Some(answer) = neutral::denied_answer(&context) {
                edits.replace_sentence(reading, sentence, &answer, &claims);
                continue;
            }
            if !plain && let Some(removals) = removal::graceful(&context, &edits) {
                for removal in removals {
                    edits.add(removal.span, &removal.replacement, &claims);
                }
                continue;
            }
            match neutral::statement(&context, &edits) {
                Some(statement) => edits.replace_sentence(reading, sentence, &statement, &claims),
                None => gone.entry(sentence).or_default().extend(claims),
            }
        }
        for (sentence, claims) in gone {
            edits.remove_sentence(reading, sentence, &claims);
        }
        self.deny_plainly(reading, judged, &absent, &mut edits);
        edits
    }

    /// Better a plain denial than silence, of what was contradicted.
    fn deny_plainly(
        self,
        reading: &Reading<'_>,
        judged: &[(Claim, Judgement)],
        absent: &BTreeMap<usize, usize>,
        edits: &mut Edits,
    ) {
        let denied = absent.iter().find(|(_, claim)| {
            judged.get(**claim).is_some_and(|(_, judgement)| judgement.verdict == Verdict::Contradicted)
        });
        if let Some((phrase, claim)) = denied.filter(|_| edits.leaves_nothing(reading)) {
            let denial = neutral::denial(reading, self.vocabulary, *phrase);
            edits.replace_all(reading, &denial, *claim);
        }
    }

    /// The sentences of the draft whose contradicted claims the new text still makes.
    fn faults(self, reading: &Reading<'_>, judged: &[(Claim, Judgement)], text: &str) -> BTreeSet<usize> {
        let said = LexicalExtractor::new(self.vocabulary).read(text).claims;
        judged
            .iter()
            .filter(|(claim, judgement)| {
                judgement.verdict == Verdict::Contradicted
                    && !is_foreign(reading, sentence_at(reading, claim.span))
                    && said.iter().any(|other| says_same(&other.assertion, &claim.assertion))
                    // Said elsewhere too, where it was not contradicted: not this edit's fault.
                    && !judged.iter().any(|(other, verdict)| {
                        verdict.verdict != Verdict::Contradicted && says_same(&other.assertion, &claim.assertion)
                    })
            })
            .map(|(claim, _)| sentence_at(reading, claim.span))
            .collect()
    }
}

#[async_trait]
impl Corrector for RuleCorrector<'_> {
    async fn correct(&self, draft: &str, judged: &[(Claim, Judgement)], policy: Policy) -> Correction {
        self.rewrite(draft, judged, policy)
    }
}

/// What stands for something absent is absent.
fn add_stand_ins(
    reading: &Reading<'_>,
    severity: &BTreeMap<usize, Severity>,
    absent: &mut BTreeMap<usize, usize>,
) {
    for (place, phrase) in reading.phrases.iter().enumerate() {
        let tail = phrase.possessor.filter(|_| phrase.labels.is_empty());
        if let Some(claim) = phrase.antecedent.or(tail).and_then(|of| absent.get(&of)).copied()
            && !severity.contains_key(&phrase.sentence)
        {
            absent.entry(place).or_insert(claim);
        }
    }
}

fn is_foreign(reading: &Reading<'_>, sentence: usize) -> bool {
    reading.foreign.get(sentence).copied().unwrap_or_default()
}

fn sentence_at(reading: &Reading<'_>, span: Span) -> usize {
    let token = reading.tokens.iter().position(|token| token.span.end > span.start).unwrap_or(0);
    reading.sentence_of(token)
}

/// Whether two attributes say the same, whatever else of the text is mended: "sits on a red sofa" and "sit on a sofa".
fn same_attribute(one: &str, other: &str) -> bool {
    let verb = |attribute: &str| attribute.split_whitespace().next().and_then(base_of);
    one == other || verb(one).is_some_and(|base| verb(other) == Some(base))
}

/// Whether two assertions say the same of the same kind of thing, wherever they stand.
fn says_same(one: &Assertion, other: &Assertion) -> bool {
    let same = |a: &Entity, b: &Entity| {
        if a.label.is_some() { a.label == b.label } else { a.surface.eq_ignore_ascii_case(&b.surface) }
    };
    match (one, other) {
        (Assertion::Existence { entity: a, present: p }, Assertion::Existence { entity: b, present: q }) => {
            p == q && same(a, b)
        }
        (Assertion::Count { entity: a, count: p }, Assertion::Count { entity: b, count: q }) => {
            p == q && same(a, b)
        }
        (Assertion::Color { entity: a, color: p }, Assertion::Color { entity: b, color: q }) => {
            p == q && same(a, b)
        }
        (
            Assertion::Relation { subject: a, relation: p, object: x, second: u },
            Assertion::Relation { subject: b, relation: q, object: y, second: v },
        ) => {
            let alike = |one: Option<&Entity>, other: Option<&Entity>| match (one, other) {
                (Some(one), Some(other)) => same(one, other),
                (None, None) => true,
                _ => false,
            };
            p == q && same(a, b) && alike(x.as_ref(), y.as_ref()) && alike(u.as_deref(), v.as_deref())
        }
        (Assertion::Text { text: a, .. }, Assertion::Text { text: b, .. }) => a == b,
        (
            Assertion::Attribute { entity: a, attribute: p },
            Assertion::Attribute { entity: b, attribute: q },
        ) => same(a, b) && same_attribute(p, q),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
