//! Holds claims against the pixels: one checker a kind, each asymmetric. To support takes one good look; to
//! contradict takes much more, because a wrong correction is worse than a missed one.

mod absence;
mod answer;
mod between;
mod body;
mod clothes;
mod color;
mod count;
mod depth;
mod existence;
mod inner;
mod relation;
mod size;
mod stand_in;
mod text;

use async_trait::async_trait;
use lavr_types::{Assertion, Claim, Evidence, Judgement, Verdict};

use crate::Scene;

pub use answer::AnswerChecker;
pub use color::ColorChecker;
pub use count::CountChecker;
pub use existence::ExistenceChecker;
pub use inner::InnerChecker;
pub use relation::RelationChecker;
pub use size::SizeChecker;
pub use text::TextChecker;

pub(crate) use clothes::{WEARER, garment, is_clothing};
pub(crate) use color::{Fit, SIGNS, Weights, accepted, fit, signs_of};
pub(crate) use count::count_fits;
pub(crate) use text::{Comparison, compare, is_writing};

/// One way to hold a claim against a picture.
#[async_trait]
pub trait Checker: Send + Sync {
    /// Whether it can say anything of this claim, given the experts that the scene has.
    fn checks(&self, claim: &Claim, scene: &Scene<'_>) -> bool;

    /// What the picture says of the claim's assertion. The claim's other readings are not looked at: the verifier
    /// asks once for each.
    async fn check(&self, claim: &Claim, scene: &Scene<'_>) -> Judgement;
}

/// The checkers for every kind of claim.
pub fn standard_checkers() -> Vec<Box<dyn Checker>> {
    vec![
        Box::new(ExistenceChecker),
        Box::new(CountChecker),
        Box::new(ColorChecker),
        Box::new(SizeChecker),
        Box::new(RelationChecker),
        Box::new(TextChecker),
        Box::new(InnerChecker),
    ]
}

fn supported(confidence: f32, evidence: Vec<Evidence>, reason: impl Into<String>) -> Judgement {
    Judgement { verdict: Verdict::Supported, truth: None, confidence, evidence, reason: reason.into() }
}

fn contradicted(
    truth: Option<Assertion>,
    confidence: f32,
    evidence: Vec<Evidence>,
    reason: impl Into<String>,
) -> Judgement {
    Judgement { verdict: Verdict::Contradicted, truth, confidence, evidence, reason: reason.into() }
}

fn insufficient(evidence: Vec<Evidence>, reason: impl Into<String>) -> Judgement {
    Judgement { evidence, ..Judgement::insufficient(reason) }
}
