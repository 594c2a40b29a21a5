//! How well a verifier finds and mends planted errors.
//!
//! A gold [`Record`] is a picture with a caption whose claims are labelled true or hallucinated, and the same caption
//! repaired. A [`SystemRecord`] is what a verifier made of one of the two. Detection is scored by the verdicts it gave,
//! correction by its output text alone: see [`outcomes`].

mod outcome;
mod record;

use std::collections::BTreeMap;

use lavr_types::ClaimKind;
use serde::Serialize;

pub use outcome::{Outcome, outcomes};
pub use record::{
    Caption, CaptionKind, GoldClaim, GoldEdit, Label, Record, SystemClaim, SystemRecord, SystemVerdict,
};

/// Counts of one kind of claim, or of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Hallucinated claims that were refuted.
    #[serde(rename = "TP")]
    pub true_positives: usize,
    /// True claims that were refuted.
    #[serde(rename = "FP")]
    pub false_positives: usize,
    /// Hallucinated claims that were not.
    #[serde(rename = "FN")]
    pub false_negatives: usize,
    /// True claims that were not.
    #[serde(rename = "TN")]
    pub true_negatives: usize,
    /// Hallucinated claims without a verdict either way.
    #[serde(rename = "abst_h")]
    pub abstained_hallucinated: usize,
    /// True claims without a verdict either way.
    #[serde(rename = "abst_t")]
    pub abstained_true: usize,
    /// Hallucinated claims put right.
    pub fixed: usize,
    /// Hallucinated claims taken out where words were due.
    pub neutralised: usize,
    /// Hallucinated claims replaced by something else.
    pub wrong: usize,
    /// Hallucinated claims left as they were.
    pub missed: usize,
    /// True claims left as they were.
    pub kept: usize,
    /// True claims changed or taken out.
    pub damaged: usize,
}

impl Counts {
    /// Hallucinated claims.
    pub const fn hallucinated(&self) -> usize {
        self.true_positives + self.false_negatives
    }

    /// True claims.
    pub const fn true_claims(&self) -> usize {
        self.false_positives + self.true_negatives
    }

    /// Of the refuted claims, how many are hallucinated.
    pub fn precision(&self) -> Option<f64> {
        share(self.true_positives, self.true_positives + self.false_positives)
    }

    /// Of the hallucinated claims, how many are refuted.
    pub fn recall(&self) -> Option<f64> {
        share(self.true_positives, self.hallucinated())
    }

    /// The harmonic mean of both; 0 where one of them is 0, `None` where there are no claims at all.
    pub fn f1(&self) -> Option<f64> {
        let wrong = self.false_positives + self.false_negatives;
        share(2 * self.true_positives, 2 * self.true_positives + wrong)
    }

    /// Of the true claims, how many are refuted.
    pub fn false_alarm(&self) -> Option<f64> {
        share(self.false_positives, self.true_claims())
    }

    /// Of all claims, how many got a verdict either way.
    pub fn coverage(&self) -> Option<f64> {
        let all = self.hallucinated() + self.true_claims();
        share(all - self.abstained_hallucinated - self.abstained_true, all)
    }

    /// Of the hallucinated claims, how many are put right.
    pub fn correction_success(&self) -> Option<f64> {
        share(self.fixed, self.hallucinated())
    }

    /// Of the claims whose words were edited, how many edits are right: the fixed ones, and none of the damaged.
    /// What was taken out where words were due counts as right: the text says nothing false any more.
    pub fn right_edits(&self) -> Option<f64> {
        let right = self.fixed + self.neutralised;
        share(right, right + self.wrong + self.damaged)
    }

    /// Of the true claims, how many are damaged.
    pub fn over_correction(&self) -> Option<f64> {
        share(self.damaged, self.true_claims())
    }

    fn add(&mut self, other: &Self) {
        self.true_positives += other.true_positives;
        self.false_positives += other.false_positives;
        self.false_negatives += other.false_negatives;
        self.true_negatives += other.true_negatives;
        self.abstained_hallucinated += other.abstained_hallucinated;
        self.abstained_true += other.abstained_true;
        self.fixed += other.fixed;
        self.neutralised += other.neutralised;
        self.wrong += other.wrong;
        self.missed += other.missed;
        self.kept += other.kept;
        self.damaged += other.damaged;
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The scores of a verifier on a set of records.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VerifierScores {
    /// By kind of claim.
    pub by_kind: BTreeMap<ClaimKind, Counts>,
    /// Over all claims.
    pub micro: Counts,
    /// Over hallucinated claims whose subject an expert here could see, and all true claims.
    pub visible: Counts,
    /// Correction given detection: of the refuted hallucinated claims, how many are put right.
    pub fixed_of_detected: usize,
    /// Planted captions, and how many came out wholly as they should.
    pub planted: [usize; 2],
    /// Control captions, and how many came out byte for byte.
    pub control: [usize; 2],
}

impl VerifierScores {
    /// Mean F1 over the kinds that have claims.
    pub fn macro_f1(&self) -> Option<f64> {
        let all: Vec<f64> = self.by_kind.values().filter_map(Counts::f1).collect();
        (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
    }
}

/// Scores what a verifier made of records. A system record whose gold record is not there is left aside.
pub fn score<'r>(
    gold: impl IntoIterator<Item = &'r Record>,
    system: impl IntoIterator<Item = &'r SystemRecord>,
) -> VerifierScores {
    let gold: BTreeMap<&str, &Record> = gold.into_iter().map(|record| (record.id.as_str(), record)).collect();
    let mut scores = VerifierScores::default();
    for made in system {
        let Some(record) = gold.get(made.image_id.as_str()) else { continue };
        let caption = record.of(made.caption_kind);
        let tally = match made.caption_kind {
            CaptionKind::Planted => &mut scores.planted,
            CaptionKind::Control => &mut scores.control,
        };
        tally[0] += 1;
        let right = match made.caption_kind {
            CaptionKind::Planted => &record.control_caption.text,
            CaptionKind::Control => &caption.text,
        };
        tally[1] += usize::from(made.output == *right);
        for (claim, outcome) in caption.claims.iter().zip(outcomes(caption, &made.output)) {
            let (counts, fixed_of_detected) = count(claim, outcome, &made.claims);
            scores.by_kind.entry(claim.kind).or_default().add(&counts);
            scores.micro.add(&counts);
            if claim.visible || claim.label == Label::True {
                scores.visible.add(&counts);
            }
            scores.fixed_of_detected += usize::from(fixed_of_detected);
        }
    }
    scores
}

/// One claim's part in the counts, and whether it was both refuted and fixed.
fn count(claim: &GoldClaim, outcome: Outcome, verdicts: &[SystemClaim]) -> (Counts, bool) {
    let mut counts = Counts::default();
    let over = |verdict: &&SystemClaim| verdict.span[0] < claim.span[1] && claim.span[0] < verdict.span[1];
    let refuted = verdicts.iter().filter(over).any(|verdict| verdict.verdict == SystemVerdict::Refuted);
    // Said so, or said nothing at all.
    let abstained =
        !refuted && verdicts.iter().filter(over).all(|verdict| verdict.verdict == SystemVerdict::Abstain);
    match claim.label {
        Label::Hallucinated => {
            counts.true_positives = usize::from(refuted);
            counts.false_negatives = usize::from(!refuted);
            counts.abstained_hallucinated = usize::from(abstained);
            let removal_is_right =
                claim.correction.as_deref() == Some("") || claim.accept.iter().any(String::is_empty);
            let place = match outcome {
                Outcome::Kept => &mut counts.missed,
                Outcome::Fixed => &mut counts.fixed,
                Outcome::Removed if removal_is_right => &mut counts.fixed,
                Outcome::Removed => &mut counts.neutralised,
                Outcome::Changed => &mut counts.wrong,
            };
            *place = 1;
        }
        Label::True => {
            counts.false_positives = usize::from(refuted);
            counts.true_negatives = usize::from(!refuted);
            counts.abstained_true = usize::from(abstained);
            let place = if outcome == Outcome::Kept { &mut counts.kept } else { &mut counts.damaged };
            *place = 1;
        }
    }
    (counts, refuted && counts.fixed == 1)
}
