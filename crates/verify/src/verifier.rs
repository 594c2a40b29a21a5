//! The whole way: extract, look, check, decide, correct.

use std::{pin::pin, sync::Arc, time::Instant};

use futures::future::{Either, select};
use lavr_tool::{CancellationToken, Dispatcher};
use lavr_types::{
    Assertion, CallRecord, Capability, CheckedClaim, Claim, Entity, Event, ImageId, Judgement, Span, Usage,
    Verdict, Vocabulary,
};

use crate::{
    AnswerChecker, Checker, Correction, Corrector, Edit, Extractor, LexicalExtractor, Policy, RuleCorrector,
    Scene, Thresholds,
    check::standard_checkers,
    experts::{Experts, Listener},
    extract::Extraction,
};

/// Two verdicts that contradict each other cancel out, unless one is this much more certain.
const FAR_MORE_CERTAIN: f32 = 0.4;

/// How a verifier works.
#[derive(Clone)]
pub struct VerifierOptions {
    /// The most expert calls for one text.
    pub calls: u32,
    /// What becomes of claims that nothing confirms or contradicts.
    pub policy: Policy,
    /// The words.
    pub vocabulary: &'static Vocabulary,
    /// Where the lines are drawn.
    pub thresholds: Arc<Thresholds>,
}

impl Default for VerifierOptions {
    fn default() -> Self {
        Self {
            calls: 32,
            policy: Policy::Keep,
            vocabulary: Vocabulary::builtin(),
            thresholds: Arc::new(Thresholds::builtin().clone()),
        }
    }
}

/// A verified text.
#[derive(Debug, Clone, PartialEq)]
pub struct Verification {
    /// The text as it was given.
    pub draft: String,
    /// The corrected text; byte for byte the draft where nothing is contradicted.
    pub text: String,
    /// The claims of the draft in the order of their spans, each with its judgement.
    pub claims: Vec<CheckedClaim>,
    /// The changes in the order of their places. `Edit::claims` are places in `claims`.
    pub edits: Vec<Edit>,
    /// What a reader has to know: a part not read, a limit reached, a check left out.
    pub notes: Vec<String>,
    /// The expert calls, each with its receipt.
    pub calls: Vec<CallRecord>,
    /// What it cost.
    pub usage: Usage,
}

/// Checks every claim of a text against pictures and rewrites what is wrong.
pub struct Verifier {
    dispatcher: Dispatcher,
    options: VerifierOptions,
    extractor: Box<dyn Extractor>,
    checkers: Vec<Box<dyn Checker>>,
    corrector: Box<dyn Corrector>,
}

impl Verifier {
    /// A verifier that asks the tools of this dispatcher, by capability.
    pub fn new(dispatcher: Dispatcher, options: VerifierOptions) -> Self {
        let vocabulary = options.vocabulary;
        Self {
            dispatcher,
            options,
            extractor: Box::new(LexicalExtractor::new(vocabulary)),
            checkers: standard_checkers(),
            corrector: Box::new(RuleCorrector::new(vocabulary)),
        }
    }

    /// With another way to find claims.
    #[must_use]
    pub fn with_extractor(mut self, extractor: impl Extractor + 'static) -> Self {
        self.extractor = Box::new(extractor);
        self
    }

    /// With one more way to check claims.
    #[must_use]
    pub fn with_checker(mut self, checker: impl Checker + 'static) -> Self {
        self.checkers.push(Box::new(checker));
        self
    }

    /// With another way to rewrite.
    #[must_use]
    pub fn with_corrector(mut self, corrector: impl Corrector + 'static) -> Self {
        self.corrector = Box::new(corrector);
        self
    }

    /// Verifies a text about some pictures. `listener` hears of calls and judgements as they come.
    ///
    /// It gives a result whatever happens: what could not be checked is insufficient and stays as it is, and a note
    /// says so.
    pub async fn verify(
        &self,
        text: &str,
        images: &[ImageId],
        cancel: &CancellationToken,
        listener: Listener<'_>,
    ) -> Verification {
        let start = Instant::now();
        let extracting = self.extractor.extract(text);
        let Extraction { claims, mut notes, usage: mut models } =
            match select(pin!(extracting), pin!(cancel.cancelled())).await {
                Either::Left((extraction, _)) => extraction,
                Either::Right(_) => Extraction::default(),
            };
        // A foreign extractor may err; a claim that does not fit the text cannot be edited.
        let claims: Vec<Claim> =
            claims.into_iter().filter(|claim| claim.span.of(text) == Some(claim.surface.as_str())).collect();
        let experts = Experts::new(&self.dispatcher, cancel, self.options.calls, listener);
        let judgements = self.judge(&claims, images, &experts, &mut notes).await;
        for (claim, judgement) in claims.iter().zip(&judgements) {
            experts.tell(Event::Judged { claim: claim.clone(), judgement: judgement.clone() });
        }
        let judged: Vec<(Claim, Judgement)> = claims.into_iter().zip(judgements).collect();
        let correcting = self.corrector.correct(text, &judged, self.options.policy);
        let correction = match select(pin!(correcting), pin!(cancel.cancelled())).await {
            Either::Left((correction, _)) => correction,
            Either::Right(_) => Correction { text: text.to_owned(), ..Correction::default() },
        };
        models += correction.usage;
        notes.extend(correction.notes);
        if experts.exhausted() {
            notes.push("the limit of expert calls was reached: some claims were left unchecked".to_owned());
        }
        if cancel.is_cancelled() {
            notes.push("the check was cancelled: some claims were left unchecked".to_owned());
        }
        for note in &notes {
            experts.note(note);
        }
        let claims = judged
            .into_iter()
            .enumerate()
            .map(|(index, (claim, judgement))| {
                let replacement = replacement(index, &claim, &correction.edits);
                CheckedClaim { claim, judgement, replacement }
            })
            .collect();
        let calls = experts.into_records();
        let cached = calls.iter().filter(|record| record.cached).count() as u32;
        let usage = Usage {
            tool_calls: calls.len() as u32 - cached,
            cached_calls: cached,
            elapsed: start.elapsed(),
            ..models
        };
        Verification {
            draft: text.to_owned(),
            text: correction.text,
            claims,
            edits: correction.edits,
            notes,
            calls,
            usage,
        }
    }

    async fn judge(
        &self,
        claims: &[Claim],
        images: &[ImageId],
        experts: &Experts<'_>,
        notes: &mut Vec<String>,
    ) -> Vec<Judgement> {
        let mut per_image: Vec<Vec<Judgement>> = Vec::new();
        for &image in images {
            let Some(size) = experts.size(image) else {
                notes.push(format!("no image is named {image}: nothing was checked against it"));
                continue;
            };
            let detector = experts.name_of(Capability::Detect);
            let thresholds = self.options.thresholds.for_detector(detector);
            let vocabulary = self.options.vocabulary;
            let scene = Scene::observe(image, size, claims, experts, thresholds, vocabulary).await;
            let mut judgements = Vec::with_capacity(claims.len());
            for claim in claims {
                judgements.push(self.judge_claim(claim, &scene).await);
            }
            // What is said of a thing that turns out to be another is held against that other.
            for (index, claim) in recast(claims, &judgements) {
                judgements[index] = self.judge_claim(&claim, &scene).await;
            }
            per_image.push(judgements);
        }
        (0..claims.len())
            .map(|index| over_images(per_image.iter().map(|judgements| judgements[index].clone()).collect()))
            .collect()
    }

    /// Every reading of the claim is checked; the claim is contradicted only where all of them are.
    async fn judge_claim(&self, claim: &Claim, scene: &Scene<'_>) -> Judgement {
        let mut best: Option<Judgement> = None;
        for assertion in std::iter::once(&claim.assertion).chain(&claim.readings) {
            let reading = Claim { assertion: assertion.clone(), readings: Vec::new(), ..claim.clone() };
            let judgement = self.judge_reading(&reading, scene).await;
            let better = best.as_ref().is_none_or(|best| rank(judgement.verdict) > rank(best.verdict));
            if judgement.verdict == Verdict::Supported {
                return judgement;
            }
            if better {
                best = Some(judgement);
            }
        }
        let judgement = best.unwrap_or_else(|| Judgement::insufficient("nothing to check"));
        if claim.hedged && judgement.verdict == Verdict::Contradicted {
            let reason = format!("{}; but the text does not insist", judgement.reason);
            return Judgement { verdict: Verdict::Insufficient, truth: None, reason, ..judgement };
        }
        judgement
    }

    async fn judge_reading(&self, claim: &Claim, scene: &Scene<'_>) -> Judgement {
        let mut judgements = Vec::new();
        for checker in &self.checkers {
            if checker.checks(claim, scene) {
                judgements.push(checker.check(claim, scene).await);
            }
        }
        let judgement =
            agreed(judgements).unwrap_or_else(|| Judgement::insufficient(no_expert(claim, scene)));
        if judgement.verdict == Verdict::Insufficient && AnswerChecker.checks(claim, scene) {
            let answer = AnswerChecker.check(claim, scene).await;
            if answer.verdict != Verdict::Insufficient {
                return answer;
            }
        }
        judgement
    }
}

fn no_expert(claim: &Claim, scene: &Scene<'_>) -> String {
    match &claim.assertion {
        Assertion::Color { .. } if !scene.can(Capability::MeasureColor) => {
            "no tool measures colours".to_owned()
        }
        Assertion::Relation { .. } if !scene.can(Capability::Relate) => "no tool relates regions".to_owned(),
        Assertion::Text { .. } if !scene.can(Capability::ReadText) => "no tool reads text".to_owned(),
        _ => "no expert here can check such a statement".to_owned(),
    }
}

/// Claims about things that other things stand in for, with those in their place.
fn recast(claims: &[Claim], judgements: &[Judgement]) -> Vec<(usize, Claim)> {
    let stand_ins: Vec<(Span, &Entity)> = claims
        .iter()
        .zip(judgements)
        .filter(|(_, judgement)| judgement.verdict == Verdict::Contradicted)
        .filter_map(|(claim, judgement)| match (&claim.assertion, &judgement.truth) {
            (
                Assertion::Existence { entity, present: true },
                Some(Assertion::Existence { entity: other, present: true }),
            ) => Some((entity.span, other)),
            _ => None,
        })
        .collect();
    let replace = |entity: &mut Entity| {
        let other = stand_ins.iter().find(|(span, _)| *span == entity.span);
        if let Some((_, other)) = other {
            *entity = (*other).clone();
        }
        other.is_some()
    };
    let mut recast = Vec::new();
    for (index, claim) in claims.iter().enumerate() {
        let mut claim = claim.clone();
        let mut changed = false;
        for assertion in std::iter::once(&mut claim.assertion).chain(&mut claim.readings) {
            match assertion {
                Assertion::Count { entity, .. } | Assertion::Color { entity, .. } => {
                    changed |= replace(entity);
                }
                Assertion::Relation { subject, object, .. } => {
                    changed |= replace(subject);
                    changed |= object.as_mut().is_some_and(replace);
                }
                _ => {}
            }
        }
        if changed {
            recast.push((index, claim));
        }
    }
    recast
}

const fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Contradicted => 0,
        Verdict::Insufficient => 1,
        Verdict::Supported => 2,
    }
}

/// What several checkers say together: conflicts are insufficient unless one is far more certain.
fn agreed(judgements: Vec<Judgement>) -> Option<Judgement> {
    let best = |verdict: Verdict| {
        judgements
            .iter()
            .filter(|judgement| judgement.verdict == verdict)
            .max_by(|a, b| a.confidence.total_cmp(&b.confidence))
            .cloned()
    };
    match (best(Verdict::Supported), best(Verdict::Contradicted)) {
        (Some(yes), Some(no)) => Some(if (yes.confidence - no.confidence).abs() >= FAR_MORE_CERTAIN {
            if yes.confidence > no.confidence { yes } else { no }
        } else {
            let evidence = yes.evidence.into_iter().chain(no.evidence).collect();
            let reason = format!("the experts disagree: {}; {}", yes.reason, no.reason);
            Judgement { evidence, ..Judgement::insufficient(reason) }
        }),
        (Some(one), None) | (None, Some(one)) => Some(one),
        (None, None) => judgements.into_iter().next(),
    }
}

/// What several pictures say together: a text about them is right where one of them bears it out, and wrong only
/// where none can. Which picture a number or a colour was said of is not known, so those are not contradicted.
fn over_images(judgements: Vec<Judgement>) -> Judgement {
    let several = judgements.len() > 1;
    let all_contradicted = judgements.iter().all(|judgement| judgement.verdict == Verdict::Contradicted);
    let absent_in_all = judgements
        .iter()
        .all(|judgement| matches!(&judgement.truth, Some(Assertion::Existence { present: false, .. })));
    let evidence: Vec<_> = judgements.iter().flat_map(|judgement| judgement.evidence.clone()).collect();
    let best = judgements.into_iter().reduce(|best, next| {
        let order = |judgement: &Judgement| (rank(judgement.verdict), judgement.confidence);
        let ((a, x), (b, y)) = (order(&best), order(&next));
        if b > a || (a == b && y > x) { next } else { best }
    });
    let Some(best) = best else { return Judgement::insufficient("there is no picture to check it against") };
    if several && all_contradicted {
        if absent_in_all {
            return Judgement { evidence, ..best };
        }
        return Judgement {
            evidence,
            ..Judgement::insufficient("there are several pictures, and the text does not say which it means")
        };
    }
    best
}

/// What stands in the corrected text in the place of a claim's bytes.
fn replacement(index: usize, claim: &Claim, edits: &[Edit]) -> Option<String> {
    let touching: Vec<&Edit> = edits
        .iter()
        .filter(|edit| {
            edit.claims.contains(&index) && (edit.span.overlaps(claim.span) || edit.span == claim.span)
        })
        .collect();
    let edit = touching.iter().find(|edit| edit.span.overlaps(claim.span))?;
    Some(edit.replacement.trim().to_owned())
}
