//! The verifier's changes against Woodpecker, each of which can be taken back to measure what it brings.

use std::collections::BTreeSet;

/// A change against Woodpecker that the verifier does without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ablation {
    /// Each sentence has a table of things and detector passes of its own, instead of one for the text.
    SentenceTables,
    /// One look decides what is absent, instead of two.
    OneLook,
    /// The number of findings is the number of things, instead of an interval.
    ExactCounts,
    /// What the detector finds is there and what it does not find is not, instead of verdicts that abstain in between.
    DetectorVerdicts,
    /// No color is measured.
    NoColors,
}

impl Ablation {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::SentenceTables, Self::OneLook, Self::ExactCounts, Self::DetectorVerdicts, Self::NoColors];
}

/// The score from which Woodpecker takes a finding of its detector for a thing.
pub(crate) const DETECTOR_THRESHOLD: f32 = 0.35;

/// What a verifier does without; nothing where it is at its best.
pub type Ablations = BTreeSet<Ablation>;
