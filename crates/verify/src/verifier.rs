//! The whole way: extract, look, check, decide, correct.

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::{Either, select};
use lavr_tool::{CancellationToken, Dispatcher};
use lavr_types::{
    Assertion, CallRecord, CheckedClaim, Claim, Draft, Event, ImageId, Judgement, Size, TokenScore, Usage,
    Vocabulary,
};

use crate::{
    Ablation, Ablations, CheckOrder, Checker, Correction, Corrector, Edit, Extractor, LexicalExtractor,
    Policy, Priors, RuleCorrector, Thresholds,
    check::standard_checkers,
    experts::{Bounds, Experts, Listener},
    extract::Extraction,
    judge::Judge,
    scene::Breadth,
    text::{sentences, tokenize},
};

/// The most claims that a note names one by one.
const NAMED: usize = 5;

/// How a verifier works.
#[derive(Clone)]
pub struct VerifierOptions {
    /// The most expert calls for one text. What they leave unchecked is insufficient, and a note says so.
    pub calls: u32,
    /// How long expert calls may take for one text, from the first on; `None` for as long as they need. A call under
    /// way at the end is given up.
    pub time: Option<Duration>,
    /// The most expert calls under way at once.
    pub side_by_side: usize,
    /// Which claims have their calls first.
    pub order: CheckOrder,
    /// What usually stands together, for the order of risk.
    pub priors: Arc<Priors>,
    /// What becomes of claims that nothing confirms or contradicts.
    pub policy: Policy,
    /// The words.
    pub vocabulary: &'static Vocabulary,
    /// Where the lines are drawn.
    pub thresholds: Arc<Thresholds>,
    /// What it does without, to measure what that brings; nothing otherwise.
    pub without: Ablations,
}

impl Default for VerifierOptions {
    fn default() -> Self {
        Self {
            calls: 32,
            time: None,
            side_by_side: 4,
            order: CheckOrder::Risk,
            priors: Arc::new(Priors::builtin().clone()),
            policy: Policy::Keep,
            vocabulary: Vocabulary::builtin(),
            thresholds: Arc::new(Thresholds::builtin().clone()),
            without: Ablations::new(),
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
        self.verify_text(text, &[], images, cancel, listener).await
    }

    /// As [`Self::verify`], for a draft that may tell how sure its model was of each token: what it was unsure of is
    /// checked first.
    pub async fn verify_draft(
        &self,
        draft: &Draft,
        images: &[ImageId],
        cancel: &CancellationToken,
        listener: Listener<'_>,
    ) -> Verification {
        self.verify_text(&draft.text, &draft.tokens, images, cancel, listener).await
    }

    async fn verify_text(
        &self,
        text: &str,
        tokens: &[TokenScore],
        images: &[ImageId],
        cancel: &CancellationToken,
        listener: Listener<'_>,
    ) -> Verification {
        let experts = self.experts(cancel, listener);
        let result = self.run(text, tokens, images, &experts, Breadth::Claims, cancel).await;
        for CheckedClaim { claim, judgement, .. } in &result.claims {
            experts.tell(Event::Judged { claim: claim.clone(), judgement: judgement.clone() });
        }
        for note in &result.notes {
            experts.note(note);
        }
        result
    }

    pub(crate) const fn options(&self) -> &VerifierOptions {
        &self.options
    }

    pub(crate) fn experts<'l>(&self, cancel: &CancellationToken, listener: Listener<'l>) -> Experts<'l> {
        let VerifierOptions { calls, time, side_by_side, .. } = self.options;
        Experts::new(&self.dispatcher, cancel, Bounds { calls, time, side_by_side }, listener)
    }

    /// The whole way for a whole text. Nobody is told of judgements and notes yet.
    pub(crate) async fn run(
        &self,
        text: &str,
        tokens: &[TokenScore],
        images: &[ImageId],
        experts: &Experts<'_>,
        breadth: Breadth,
        cancel: &CancellationToken,
    ) -> Verification {
        let start = Instant::now();
        let Extraction { claims, mut notes, usage: mut models } = self.extract(text, cancel).await;
        let images = sized(images, experts, &mut notes);
        let mut judgements = vec![Judgement::insufficient("not checked"); claims.len()];
        let mut left = Vec::new();
        for table in self.tables(text, &claims) {
            let some: Vec<Claim> = table.iter().map(|&place| claims[place].clone()).collect();
            let judged = self.judge(experts, breadth).judge(text, &some, tokens, &images).await;
            left.extend(judged.left.into_iter().map(|place| table[place]));
            for (place, judgement) in table.into_iter().zip(judged.judgements) {
                judgements[place] = judgement;
            }
        }
        let judged: Vec<(Claim, Judgement)> = claims.into_iter().zip(judgements).collect();
        let correction = self.correct(text, &judged, cancel).await;
        models += correction.usage;
        notes.extend(correction.notes);
        notes.extend(self.unchecked(&judged, &left));
        if cancel.is_cancelled() {
            notes.push("the check was cancelled: some claims were left unchecked".to_owned());
        }
        let calls = experts.records();
        models += calls.iter().map(CallRecord::usage).sum();
        for note in calls.iter().filter_map(CallRecord::shown_smaller) {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        let usage = Usage { elapsed: start.elapsed(), ..models };
        Verification {
            draft: text.to_owned(),
            text: correction.text,
            claims: checked(judged, &correction.edits),
            edits: correction.edits,
            notes,
            calls,
            usage,
        }
    }

    /// The claims that share a table of things, by their places: those of the whole text.
    fn tables(&self, text: &str, claims: &[Claim]) -> Vec<Vec<usize>> {
        if !self.options.without.contains(&Ablation::SentenceTables) {
            return vec![(0..claims.len()).collect()];
        }
        let tokens = tokenize(text);
        let ends: Vec<usize> = sentences(&tokens)
            .iter()
            .filter_map(|range| Some(tokens.get(range.end.checked_sub(1)?)?.span.end))
            .collect();
        let mut tables: Vec<Vec<usize>> = vec![Vec::new(); ends.len().max(1)];
        let last = tables.len() - 1;
        for (place, claim) in claims.iter().enumerate() {
            let sentence = ends.iter().position(|end| claim.span.start < *end).unwrap_or(last);
            tables[sentence].push(place);
        }
        tables.retain(|table| !table.is_empty());
        tables
    }

    /// The claims of a text. A foreign extractor may err; a claim that does not fit the text cannot be edited.
    pub(crate) async fn extract(&self, text: &str, cancel: &CancellationToken) -> Extraction {
        let extracting = self.extractor.extract(text);
        let mut extraction = match select(pin!(extracting), pin!(cancel.cancelled())).await {
            Either::Left((extraction, _)) => extraction,
            Either::Right(_) => Extraction::default(),
        };
        extraction.claims.retain(|claim| claim.span.of(text) == Some(claim.surface.as_str()));
        extraction
    }

    pub(crate) async fn correct(
        &self,
        text: &str,
        judged: &[(Claim, Judgement)],
        cancel: &CancellationToken,
    ) -> Correction {
        let correcting = self.corrector.correct(text, judged, self.options.policy);
        match select(pin!(correcting), pin!(cancel.cancelled())).await {
            Either::Left((correction, _)) => correction,
            Either::Right(_) => Correction { text: text.to_owned(), ..Correction::default() },
        }
    }

    pub(crate) fn judge<'a>(&'a self, experts: &'a Experts<'a>, breadth: Breadth) -> Judge<'a> {
        Judge { checkers: &self.checkers, options: &self.options, experts, breadth }
    }

    /// What the budget left unchecked, for a reader.
    fn unchecked(&self, judged: &[(Claim, Judgement)], left: &[usize]) -> Option<String> {
        if left.is_empty() {
            return None;
        }
        let named: Vec<String> =
            left.iter().take(NAMED).map(|&place| format!("\"{}\"", judged[place].0.surface)).collect();
        let more = left.len().saturating_sub(NAMED);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let calls = self.options.calls;
        let limit = match self.options.time {
            Some(time) => format!("{calls} expert calls or {} s", time.as_secs_f64()),
            None => format!("{calls} expert calls"),
        };
        let limit = match self.dispatcher.budget().spending() {
            Some(budget) => format!("{limit} or the budget ({budget})"),
            None => limit,
        };
        Some(format!("the limit of {limit} was reached before all was checked: {}{more}", named.join(", ")))
    }
}

/// The pictures with their sizes; a note for each that nobody has.
pub(crate) fn sized(
    images: &[ImageId],
    experts: &Experts<'_>,
    notes: &mut Vec<String>,
) -> Vec<(ImageId, Size)> {
    let mut known = Vec::new();
    for &image in images {
        match experts.size(image) {
            Some(size) => known.push((image, size)),
            None => notes.push(format!("no image is named {image}: nothing was checked against it")),
        }
    }
    known
}

/// The claims with what became of their words.
pub(crate) fn checked(judged: Vec<(Claim, Judgement)>, edits: &[Edit]) -> Vec<CheckedClaim> {
    judged
        .into_iter()
        .enumerate()
        .map(|(index, (claim, judgement))| {
            let replacement = replacement(index, &claim, &judgement, edits);
            CheckedClaim { claim, judgement, replacement }
        })
        .collect()
}

/// What stands in the corrected text in the place of a claim's bytes.
fn replacement(index: usize, claim: &Claim, judgement: &Judgement, edits: &[Edit]) -> Option<String> {
    let edit = edits.iter().find(|edit| edit.claims.contains(&index) && edit.span.overlaps(claim.span))?;
    // What is left of a sentence that lost a thing stands in the place of the sentence, not of the thing.
    let taken_out = matches!(judgement.truth, Some(Assertion::Existence { present: false, .. }));
    Some(if taken_out { String::new() } else { edit.replacement.trim().to_owned() })
}
