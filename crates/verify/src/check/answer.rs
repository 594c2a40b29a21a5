//! Asks a vision model, where there is one, about what no other expert can see.

use async_trait::async_trait;
use lavr_types::{Assertion, Capability, Claim, Judgement, Region, Trust};
use serde_json::Value;

use super::{Checker, insufficient, supported};
use crate::Scene;

/// How far the word of a vision model goes: less than a measurement.
const CONFIDENCE: f32 = 0.6;

/// Asks a vision model whether a statement holds. Its "yes" supports; its "no" alone contradicts nothing, since it
/// names no region and no truth to put in the claim's place.
#[derive(Debug, Clone, Copy)]
pub struct AnswerChecker;

#[async_trait]
impl Checker for AnswerChecker {
    fn checks(&self, claim: &Claim, scene: &Scene<'_>) -> bool {
        scene.can(Capability::Answer) && question(claim).is_some()
    }

    async fn check(&self, claim: &Claim, scene: &Scene<'_>) -> Judgement {
        let Some(question) = question(claim) else { return Judgement::insufficient("no question to ask") };
        let seen = match scene.experts().ask(scene.image(), &question).await {
            Ok(seen) => seen,
            Err(unseen) => return Judgement::insufficient(unseen.to_string()),
        };
        let answer = seen.value.answer.trim().to_owned();
        let region = Region::whole(scene.image(), scene.size());
        let evidence =
            vec![seen.evidence(region, Value::String(answer.clone()), CONFIDENCE, Trust::Measured)];
        let first: String =
            answer.chars().take_while(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
        match first.as_str() {
            "yes" => supported(CONFIDENCE, evidence, format!("{} says yes", seen.value.model)),
            "no" => insufficient(evidence, format!("{} says no, and nothing was measured", seen.value.model)),
            _ => insufficient(evidence, format!("{} gave no clear answer", seen.value.model)),
        }
    }
}

fn question(claim: &Claim) -> Option<String> {
    let statement = match &claim.assertion {
        Assertion::Existence { entity, present: true } => {
            format!("there is \"{}\" in the picture", entity.surface)
        }
        Assertion::Color { entity, color } => format!("\"{}\" in the picture is {color}", entity.surface),
        Assertion::Attribute { entity, attribute } => {
            format!("\"{}\" in the picture is {attribute}", entity.surface)
        }
        // Who someone is, feels or wants does not show: a model that says otherwise guesses.
        _ => return None,
    };
    Some(format!("Is it true that {statement}? Answer yes or no."))
}
