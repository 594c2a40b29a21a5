//! Where a thing is.

use async_trait::async_trait;
use futures::future::join_all;
use lavr_types::{
    Assertion, Capability, Claim, Entity, Evidence, Judgement, Rect, Trust,
    perception::{Detection, RelationReport, SpatialRelation},
};
use serde_json::Value;

use super::{Checker, between, contradicted, depth, insufficient, supported};
use crate::{Scene, experts::Seen};

/// Compares boxes. Contradicted only where every pair of instances says the opposite; inside the dead zone nothing
/// is said.
#[derive(Debug, Clone, Copy)]
pub struct RelationChecker;

#[async_trait]
impl Checker for RelationChecker {
    fn checks(&self, claim: &Claim, scene: &Scene<'_>) -> bool {
        matches!(claim.assertion, Assertion::Relation { .. }) && scene.can(Capability::Relate)
    }

    async fn check(&self, claim: &Claim, scene: &Scene<'_>) -> Judgement {
        let Assertion::Relation { subject, relation, object, second } = &claim.assertion else {
            return Judgement::insufficient("no claim of a place");
        };
        let is_named = |entity: &Entity| !scene.labels_of(entity).is_empty();
        if let Some(blindness) = scene.blindness()
            && std::iter::once(subject).chain(object).chain(second.as_deref()).any(is_named)
        {
            return Judgement::insufficient(blindness);
        }
        let limits = &scene.thresholds().relation;
        let instances = |entity: &Entity| scene.find(entity, limits.instance, false).objects;
        let subjects = instances(subject);
        if subjects.is_empty() {
            return Judgement::insufficient(format!("found no {} to place", subject.surface));
        }
        if let (SpatialRelation::InFrontOf | SpatialRelation::Behind, Some(object)) = (relation, object) {
            return depth::judge((subject, &subjects), *relation, (object, &instances(object)), scene);
        }
        if let (SpatialRelation::Between, Some(object)) = (relation, object) {
            let seconds = second.as_deref().map(|second| (second, instances(second)));
            return between::judge((subject, &subjects), (object, &instances(object)), seconds, scene).await;
        }
        let objects: Vec<Option<&Detection>> = match object {
            None => vec![None],
            Some(object) => {
                let found = instances(object);
                if found.is_empty() {
                    return Judgement::insufficient(format!("found no {} to place it by", object.surface));
                }
                found.into_iter().map(Some).collect()
            }
        };
        let pairs: Vec<(&Detection, Option<&Detection>)> = subjects
            .iter()
            .flat_map(|subject| objects.iter().map(|object| (*subject, *object)))
            .filter(|(subject, object)| object.is_none_or(|object| !std::ptr::eq(*subject, object)))
            .collect();
        if pairs.len() > limits.most_pairs {
            return Judgement::insufficient("too many of them to tell which is meant");
        }
        let reports = join_all(pairs.iter().map(|(subject, object)| {
            scene.experts().relate(scene.image(), subject.bounds, object.map(|object| object.bounds))
        }))
        .await;
        let mut views = Vec::new();
        for ((subject, object), report) in pairs.into_iter().zip(reports) {
            match report {
                Ok(report) => views.push(view(*relation, subject, object, &report, scene)),
                Err(unseen) => return Judgement::insufficient(unseen.to_string()),
            }
        }
        verdict(subject, *relation, object.as_ref(), views)
    }
}

struct View {
    holds: bool,
    /// What holds instead, where it surely does not.
    instead: Option<SpatialRelation>,
    confidence: f32,
    evidence: Vec<Evidence>,
}

fn view(
    relation: SpatialRelation,
    subject: &Detection,
    object: Option<&Detection>,
    report: &Seen<RelationReport>,
    scene: &Scene<'_>,
) -> View {
    let holds = report.value.holds.contains(&relation);
    let unclear = report.value.unclear.contains(&relation);
    let has = |relation: SpatialRelation| report.value.holds.contains(&relation);
    let apart = object.is_some_and(|object| {
        gap(subject.bounds, object.bounds) > scene.thresholds().relation.apart * longer(scene)
    });
    let side = || {
        [SpatialRelation::LeftOf, SpatialRelation::RightOf, SpatialRelation::Above, SpatialRelation::Below]
            .into_iter()
            .filter(|side| has(*side))
            // The axis along which they lie further apart says it best.
            .max_by(|a, b| along(*a, &report.value).total_cmp(&along(*b, &report.value)))
    };
    let instead = if holds || unclear {
        None
    } else {
        match relation {
            SpatialRelation::LeftOf
            | SpatialRelation::RightOf
            | SpatialRelation::Above
            | SpatialRelation::Below => {
                // What lies above and touches is on it.
                let on = (relation == SpatialRelation::Below && has(SpatialRelation::On))
                    .then_some(SpatialRelation::On);
                relation.inverse().filter(|inverse| has(*inverse)).map(|inverse| on.unwrap_or(inverse))
            }
            // To touch and to hold need boxes that meet.
            SpatialRelation::On | SpatialRelation::Inside | SpatialRelation::Contains => {
                let near = has(SpatialRelation::Near).then_some(SpatialRelation::Near);
                if apart {
                    near.or_else(side)
                } else {
                    has(SpatialRelation::Below)
                        .then_some(SpatialRelation::Below)
                        .filter(|_| relation == SpatialRelation::On && apart)
                }
            }
            SpatialRelation::Center => {
                [SpatialRelation::LeftOf, SpatialRelation::RightOf].into_iter().find(|side| has(*side))
            }
            // How near is near is for people to say.
            _ => None,
        }
    };
    let region = object.map_or(subject.bounds, |object| subject.bounds.union(object.bounds));
    let offset = report.value.offset;
    let strength = offset[0].abs().max(offset[1].abs()).clamp(0.0, 0.5) as f32;
    let score = subject.score.min(object.map_or(1.0, |object| object.score));
    let value =
        Value::String(report.value.holds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    let mut evidence: Vec<Evidence> = scene.evidence(subject).into_iter().collect();
    evidence.extend(object.and_then(|object| scene.evidence(object)));
    evidence.push(report.evidence(scene.region(region), value, score, Trust::Measured));
    View { holds, instead, confidence: score * (0.6 + 0.8 * strength).min(1.0), evidence }
}

fn along(side: SpatialRelation, report: &RelationReport) -> f64 {
    match side {
        SpatialRelation::LeftOf | SpatialRelation::RightOf => report.offset[0].abs(),
        _ => report.offset[1].abs(),
    }
}

/// The longer side of the picture.
pub(super) fn longer(scene: &Scene<'_>) -> f64 {
    f64::from(scene.size().width.max(scene.size().height))
}

/// How far two boxes lie apart, in pixels; 0 where they touch or overlap.
pub(super) fn gap(a: Rect, b: Rect) -> f64 {
    let x = (a.left - b.right).max(b.left - a.right).max(0.0);
    let y = (a.top - b.bottom).max(b.top - a.bottom).max(0.0);
    x.max(y)
}

fn verdict(
    subject: &Entity,
    relation: SpatialRelation,
    object: Option<&Entity>,
    views: Vec<View>,
) -> Judgement {
    let words = |relation: SpatialRelation| crate::correct::words_for(relation, object.is_some());
    if let Some(best) =
        views.iter().filter(|view| view.holds).max_by(|a, b| a.confidence.total_cmp(&b.confidence))
    {
        return supported(best.confidence, best.evidence.clone(), format!("it is {}", words(relation)));
    }
    let confidence = views.iter().map(|view| view.confidence).fold(1.0, f32::min);
    let instead: Option<Vec<SpatialRelation>> = views.iter().map(|view| view.instead).collect();
    let evidence: Vec<Evidence> = views.into_iter().flat_map(|view| view.evidence).collect();
    match instead.as_deref() {
        Some([first, rest @ ..]) if rest.iter().all(|other| other == first) => {
            let truth = Assertion::Relation {
                subject: subject.clone(),
                relation: *first,
                object: object.cloned(),
                second: None,
            };
            contradicted(Some(truth), confidence, evidence, format!("it is {}", words(*first)))
        }
        _ => insufficient(evidence, "the boxes do not tell"),
    }
}
