//! Experts that contradict each other.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use async_trait::async_trait;
use common::{Object, Rates, Truth, World, object};
use lavr_tool::CancellationToken;
use lavr_types::{Assertion, Claim, Judgement, Verdict};
use lavr_verify::{Checker, Scene, Thresholds, VerifierOptions};

/// Says that there is no dog, as sure as it is told to be.
struct Denies(f32);

#[async_trait]
impl Checker for Denies {
    fn checks(&self, claim: &Claim, _: &Scene<'_>) -> bool {
        matches!(&claim.assertion, Assertion::Existence { entity, present: true } if entity.label.as_deref() == Some("dog"))
    }

    async fn check(&self, claim: &Claim, _: &Scene<'_>) -> Judgement {
        let Assertion::Existence { entity, .. } = &claim.assertion else {
            return Judgement::insufficient("");
        };
        Judgement {
            verdict: Verdict::Contradicted,
            truth: Some(Assertion::Existence { entity: entity.clone(), present: false }),
            confidence: self.0,
            evidence: Vec::new(),
            reason: "there is no dog".to_owned(),
        }
    }
}

/// The text and the judgement of its dog, where the detector is sure by `seen` and another expert denies by `denied`.
async fn judged(seen: f32, denied: f32, options: VerifierOptions) -> (String, Judgement) {
    let dog = Object { score: seen, ..object("dog", [10.0, 10.0, 50.0, 50.0], "") };
    let man = object("person", [60.0, 10.0, 80.0, 70.0], "");
    let truth = Truth { name: "conflict".into(), objects: vec![dog, man], lines: vec![] };
    let World { verifier, image, .. } = World::with_options(&truth, Rates::default(), options, &[]);
    let verifier = verifier.with_checker(Denies(denied));
    let result = verifier.verify("A man and a dog.", &[image], &CancellationToken::new(), &|_| ()).await;
    let claim = result.claims.iter().find(|claim| claim.claim.surface == "dog").unwrap();
    (result.text.clone(), claim.judgement.clone())
}

#[tokio::test]
async fn experts_that_disagree_cancel_out_and_both_are_named() {
    for (seen, denied) in [(0.9, 0.9), (0.6, 0.9), (0.9, 0.6)] {
        let (text, judgement) = judged(seen, denied, VerifierOptions::default()).await;
        assert_eq!(text, "A man and a dog.");
        assert_eq!(judgement.verdict, Verdict::Insufficient);
        assert!(judgement.reason.contains("disagree") && judgement.reason.contains("found: dog"));
        assert!(judgement.reason.contains("there is no dog"), "{}", judgement.reason);
        assert!(!judgement.evidence.is_empty());
    }
}

#[tokio::test]
async fn one_that_is_far_more_certain_overrules_the_other() {
    let (text, judgement) = judged(0.5, 0.99, VerifierOptions::default()).await;
    assert_eq!((text.as_str(), judgement.verdict), ("A man.", Verdict::Contradicted));
    let (text, judgement) = judged(0.99, 0.55, VerifierOptions::default()).await;
    assert_eq!((text.as_str(), judgement.verdict), ("A man and a dog.", Verdict::Supported));
}

#[tokio::test]
async fn how_much_more_certain_is_a_threshold_of_the_file() {
    let file = include_str!("../thresholds.toml").replace("far_more_certain = 0.4", "far_more_certain = 0.2");
    let thresholds = std::sync::Arc::new(Thresholds::parse(&file).unwrap());
    let options = VerifierOptions { thresholds, ..VerifierOptions::default() };
    let (text, _) = judged(0.55, 0.9, options).await;
    assert_eq!(text, "A man.");
}
