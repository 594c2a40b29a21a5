//! Whether a thing is there.

use async_trait::async_trait;
use lavr_types::{Assertion, Claim, Entity, Evidence, Judgement, vocabulary::MatchKind};

use super::{
    Checker,
    absence::absence,
    contradicted, insufficient,
    stand_in::{StandIn, stand_in},
    supported,
};
use crate::{Ablation, Scene, ablation::DETECTOR_THRESHOLD};

/// Looks for a thing with the detector. Present on one good finding; absent only after two misses of a class
/// that the detector finds reliably.
#[derive(Debug, Clone, Copy)]
pub struct ExistenceChecker;

#[async_trait]
impl Checker for ExistenceChecker {
    fn checks(&self, claim: &Claim, _: &Scene<'_>) -> bool {
        matches!(claim.assertion, Assertion::Existence { .. })
    }

    async fn check(&self, claim: &Claim, scene: &Scene<'_>) -> Judgement {
        let Assertion::Existence { entity, present } = &claim.assertion else {
            return Judgement::insufficient("no claim of existence");
        };
        let labels = scene.labels_of(entity);
        let name = scene.name_of(entity);
        if labels.is_empty() {
            return Judgement::insufficient(format!("no detector label stands for \"{name}\""));
        }
        if let Some(blindness) = scene.blindness() {
            return Judgement::insufficient(blindness);
        }
        if !scene.is_known(&labels) {
            return Judgement::insufficient(format!("the detector does not know \"{name}\""));
        }
        if scene.does_without(Ablation::DetectorVerdicts) {
            return by_threshold(entity, *present, &labels, scene);
        }
        let limits = &scene.thresholds().existence;
        let found = scene.find(entity, limits.support, false);
        let evidence = found.objects.iter().filter_map(|object| scene.evidence(object)).collect::<Vec<_>>();
        let others = scene.told().others_of(entity);
        if *present && others > 0 && (1..=others).contains(&found.objects.len()) {
            return one_more(entity, &labels, others, evidence, scene);
        }
        match (found.objects.first(), *present) {
            (Some(best), true) => {
                let sure = scene.thresholds().confidence(best.score);
                supported(sure, evidence, format!("found: {} (score {:.2})", best.label, best.score))
            }
            (Some(best), false) => {
                seen_though_denied(entity, scene.thresholds().confidence(best.score), evidence, scene)
            }
            (None, true) if claim.hedged => maybe(entity, &labels, scene),
            (None, true) => missing(entity, &labels, scene),
            (None, false) => match absence(entity, &labels, scene) {
                Ok(sure) => {
                    supported(sure, scene.searched(&labels), format!("looked twice and found no {name}"))
                }
                Err(reason) => insufficient(Vec::new(), reason),
            },
        }
    }
}

/// One more of a kind of which only the others were found.
fn one_more(
    entity: &Entity,
    labels: &[String],
    others: usize,
    evidence: Vec<Evidence>,
    scene: &Scene<'_>,
) -> Judgement {
    let name = scene.name_of(entity);
    let plausible = scene.find(entity, scene.thresholds().count.plausible, true);
    let seen = plausible.objects.len();
    let sure = scene.thresholds().absence_of_more(labels, scene.traces(labels, &plausible.objects));
    match sure {
        Some(sure) if seen <= others && plausible.looked_twice && !scene.names_only_sometimes(entity) => {
            contradicted(
                Some(Assertion::Existence { entity: entity.clone(), present: false }),
                sure,
                evidence,
                format!("looked twice and found no {name} beside the other"),
            )
        }
        _ => insufficient(
            evidence,
            format!("found one that may be the other, and no second {name} for certain"),
        ),
    }
}

/// As Woodpecker decides: what is found at the detector's threshold is there, and anything else is not.
fn by_threshold(entity: &Entity, present: bool, labels: &[String], scene: &Scene<'_>) -> Judgement {
    let found = scene.find(entity, DETECTOR_THRESHOLD, false).objects;
    let is_there = !found.is_empty();
    let evidence = if is_there {
        found.iter().filter_map(|object| scene.evidence(object)).collect()
    } else {
        scene.searched(labels)
    };
    let score = found.first().map_or(1.0, |object| object.score);
    let reason = if is_there { "found" } else { "not found" };
    if present == is_there {
        return supported(score, evidence, reason);
    }
    let truth = Assertion::Existence { entity: entity.clone(), present: is_there };
    contradicted(Some(truth), score, evidence, reason)
}

fn seen_though_denied(entity: &Entity, score: f32, evidence: Vec<Evidence>, scene: &Scene<'_>) -> Judgement {
    // A dog is no disproof of "no puppy".
    if scene.match_kind(entity).is_some_and(|(kind, _)| kind == MatchKind::Narrower) {
        return insufficient(evidence, format!("what was found need not be a \"{}\"", entity.surface));
    }
    let truth = Assertion::Existence { entity: entity.clone(), present: true };
    contradicted(Some(truth), score, evidence, format!("found {} though denied", scene.name_of(entity)))
}

/// What a text says may be there is borne out by a find that would be too faint for more.
fn maybe(entity: &Entity, labels: &[String], scene: &Scene<'_>) -> Judgement {
    let faint = scene.find(entity, scene.thresholds().count.plausible, true).objects;
    let Some(best) = faint.first() else { return missing(entity, labels, scene) };
    let evidence = scene.evidence(best).into_iter().collect();
    supported(best.score, evidence, format!("may be: {} (score {:.2})", best.label, best.score))
}

fn missing(entity: &Entity, labels: &[String], scene: &Scene<'_>) -> Judgement {
    let absent = match absence(entity, labels, scene) {
        Ok(sure) => sure,
        Err(reason) => return insufficient(Vec::new(), reason),
    };
    // What the word may mean besides must be absent, too.
    for sense in scene.senses_of(entity) {
        let other = Entity { surface: sense.to_owned(), label: Some(sense.to_owned()), span: entity.span };
        if let Err(reason) = absence(&other, &[sense.to_owned()], scene) {
            return insufficient(Vec::new(), format!("\"{}\" may mean a {sense}: {reason}", entity.surface));
        }
    }
    let name = scene.name_of(entity);
    let mut evidence = scene.searched(labels);
    match stand_in(entity, labels, scene) {
        StandIn::None => contradicted(
            Some(Assertion::Existence { entity: entity.clone(), present: false }),
            absent,
            evidence,
            format!("looked twice and found no {name}"),
        ),
        StandIn::Unclear(label) => {
            insufficient(evidence, format!("found no {name}, but a {label}, which is easily taken for one"))
        }
        StandIn::Seen(object) => {
            evidence.extend(scene.evidence(object));
            let label = object.label.clone();
            let other = Entity { surface: label.clone(), span: entity.span, label: Some(label) };
            let reason = format!("found no {name} but {}", other.surface);
            contradicted(
                Some(Assertion::Existence { entity: other, present: true }),
                absent.min(scene.thresholds().confidence(object.score)),
                evidence,
                reason,
            )
        }
    }
}
