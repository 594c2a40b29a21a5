//! Asks a vision model, where there is one, about what no other expert can see.

use async_trait::async_trait;
use futures::future::join;
use lavr_types::{
    Assertion, Capability, Claim, Entity, Evidence, Judgement, Region, Trust,
    perception::{SpatialRelation, VisualAnswer},
    vocabulary::GrammaticalNumber,
};
use serde_json::Value;

use super::{Checker, contradicted, insufficient, supported};
use crate::{
    Scene,
    experts::{Seen, Unseen},
    text::{inner::inner, verbs::finite_verb, words::COPULAS},
};

/// Asks a vision model whether a statement holds, and whether it is wrong. Models say "yes" more readily than "no": a
/// model that says it to both questions has said nothing, and its word counts only where both answers agree.
///
/// What both deny is contradicted where it is an attribute (an action, a size, the weather), or where it is a thing
/// that the detector, too, looked for and did not find. A colour is not: the model names none to put in its place.
#[derive(Debug, Clone, Copy)]
pub struct AnswerChecker;

#[async_trait]
impl Checker for AnswerChecker {
    fn checks(&self, claim: &Claim, scene: &Scene<'_>) -> bool {
        scene.can(Capability::Answer) && statement(claim, scene).is_some()
    }

    async fn check(&self, claim: &Claim, scene: &Scene<'_>) -> Judgement {
        let Some(statement) = statement(claim, scene) else {
            return Judgement::insufficient("no question to ask");
        };
        let mut evidence = Vec::new();
        let mut said = Vec::new();
        let mut model = String::new();
        // Side by side: one wait for both.
        let [plain, opposite] = questions(&statement);
        let answers = join(ask(scene, &plain), ask(scene, &opposite)).await;
        for answer in [answers.0, answers.1] {
            match answer {
                Ok((seen, proof)) => {
                    said.push(yes_or_no(&seen.value.answer));
                    evidence.push(proof);
                    model = seen.value.model;
                }
                Err(unseen) => return insufficient(evidence, unseen.to_string()),
            }
        }
        if said.contains(&None) {
            return insufficient(evidence, format!("{model} gave no clear answer"));
        }
        let confidence = scene.thresholds().answer.confidence;
        match said.as_slice() {
            [Some(true), Some(false)] => {
                supported(confidence, evidence, format!("{model} says yes, asked in two ways"))
            }
            [Some(false), Some(true)] => denied(claim, scene, confidence, evidence, &model),
            _ => insufficient(evidence, format!("{model} answers both the question and its opposite alike")),
        }
    }
}

/// What a denial in both answers makes of a claim.
fn denied(
    claim: &Claim,
    scene: &Scene<'_>,
    confidence: f32,
    evidence: Vec<Evidence>,
    model: &str,
) -> Judgement {
    let reason = format!("{model} says no, asked in two ways");
    match &claim.assertion {
        Assertion::Attribute { .. } => contradicted(None, confidence, evidence, reason),
        Assertion::Existence { entity, present: true } if was_missed(entity, scene) => {
            let truth = Assertion::Existence { entity: entity.clone(), present: false };
            let mut evidence = evidence;
            evidence.extend(scene.searched(&scene.labels_of(entity)));
            contradicted(
                Some(truth),
                confidence,
                evidence,
                format!("{reason}, and the detector found none either"),
            )
        }
        _ => insufficient(evidence, format!("{reason}, and nothing was measured")),
    }
}

/// Whether the detector knows the thing, looked for it, and saw nothing like it.
fn was_missed(entity: &Entity, scene: &Scene<'_>) -> bool {
    let labels = scene.labels_of(entity);
    let limits = &scene.thresholds().existence;
    let found = scene.find(entity, limits.asked, true);
    !labels.is_empty()
        && scene.is_known(&labels)
        && found.looked
        && scene.thresholds().is_missed(found.best)
        && scene.doubt_of(&labels, &[]).is_none()
}

async fn ask(scene: &Scene<'_>, question: &str) -> Result<(Seen<VisualAnswer>, Evidence), Unseen> {
    let seen = scene.experts().ask(scene.image(), question).await?;
    let region = Region::whole(scene.image(), scene.size());
    let answer = Value::String(format!("{question} {}", seen.value.answer.trim()));
    let score = scene.thresholds().answer.confidence;
    // A model that sees may have read its answer in the picture.
    let proof = seen.evidence(region, answer, score, Trust::Untrusted);
    Ok((seen, proof))
}

/// Two ways to ask, of which a true statement gets "yes" and "no".
fn questions(statement: &str) -> [String; 2] {
    [
        format!("Is it true that {statement}? Answer yes or no."),
        format!("Someone wrote that {statement}. Is this a mistake? Answer yes or no."),
    ]
}

/// The answer's first word, where it is one or the other.
fn yes_or_no(answer: &str) -> Option<bool> {
    let first: String = answer
        .trim_start_matches(|c: char| !c.is_alphabetic())
        .chars()
        .take_while(|c| c.is_alphabetic())
        .flat_map(char::to_lowercase)
        .collect();
    match first.as_str() {
        "yes" | "yeah" | "yep" | "true" | "correct" => Some(true),
        "no" | "nope" | "not" | "false" | "incorrect" => Some(false),
        _ => None,
    }
}

fn statement(claim: &Claim, scene: &Scene<'_>) -> Option<String> {
    match &claim.assertion {
        Assertion::Existence { entity, present: true } => {
            Some(format!("there is \"{}\" in the picture", entity.surface))
        }
        Assertion::Color { entity, color } => {
            Some(format!("\"{}\" in the picture is {color}", entity.surface))
        }
        // Who someone is, feels or wants does not show: a model that says otherwise guesses.
        Assertion::Attribute { attribute, .. } if inner(attribute).is_some() => None,
        Assertion::Attribute { entity, attribute } => Some(predicated(entity, attribute, scene)),
        // Depth does not show in boxes.
        Assertion::Relation { subject, relation, object: Some(object), .. }
            if matches!(relation, SpatialRelation::InFrontOf | SpatialRelation::Behind) =>
        {
            Some(format!("\"{}\" in the picture is {relation} \"{}\"", subject.surface, object.surface))
        }
        _ => None,
    }
}

/// "the man is riding a horse", "the dogs are large", "it is sunny".
fn predicated(entity: &Entity, attribute: &str, scene: &Scene<'_>) -> String {
    let name = entity.surface.to_lowercase();
    let words: Vec<&str> = name.split_whitespace().collect();
    let plural = scene
        .vocabulary()
        .longest_match(&words)
        .is_some_and(|found| found.number == GrammaticalNumber::Plural);
    let subject = match name.as_str() {
        "it" | "outside" | "outdoors" => "it".to_owned(),
        _ if attribute.starts_with("at ") => "it".to_owned(),
        _ => format!("the {name} in the picture"),
    };
    let first = attribute.split_whitespace().next().unwrap_or_default();
    if finite_verb(first).is_some() && !COPULAS.contains(&first) {
        return format!("{subject} {attribute}");
    }
    format!("{subject} {} {attribute}", if plural { "are" } else { "is" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_by_their_first_word() {
        for (answer, said) in [
            ("Yes.", Some(true)),
            ("**No**, it is not", Some(false)),
            ("yesterday", None),
            ("true", Some(true)),
            ("Not at all", Some(false)),
            ("It could be", None),
            ("", None),
        ] {
            assert_eq!(yes_or_no(answer), said, "{answer}");
        }
    }
}
