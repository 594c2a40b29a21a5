//! Whether something is between two others.

use futures::future::join_all;
use lavr_types::{
    Assertion, Entity, Judgement, Trust,
    perception::{Detection, RelationReport, SpatialRelation},
};
use serde_json::Value;

use super::{
    contradicted, insufficient,
    relation::{gap, longer},
    supported,
};
use crate::Scene;

/// The directions of the two axes of the picture.
const AXES: [[SpatialRelation; 2]; 2] =
    [[SpatialRelation::LeftOf, SpatialRelation::RightOf], [SpatialRelation::Above, SpatialRelation::Below]];

/// A thing as the text names it, with its boxes.
type Named<'n> = (&'n Entity, &'n [&'n Detection]);

/// Supported where one instance has the others on opposite sides along an axis; contradicted only where every one lies
/// clearly apart from both on the same side of them.
pub(super) async fn judge(
    (subject, subjects): Named<'_>,
    (object, objects): Named<'_>,
    second: Option<(&Entity, Vec<&Detection>)>,
    scene: &Scene<'_>,
) -> Judgement {
    let pairs: Vec<[&Detection; 2]> = match &second {
        Some((_, seconds)) => {
            objects.iter().flat_map(|one| seconds.iter().map(move |other| [*one, *other])).collect()
        }
        None => (0..objects.len())
            .flat_map(|one| (one + 1..objects.len()).map(move |other| [objects[one], objects[other]]))
            .collect(),
    };
    let triples: Vec<[&Detection; 3]> = subjects
        .iter()
        .flat_map(|subject| pairs.iter().map(move |[one, other]| [*subject, *one, *other]))
        .filter(|[subject, one, other]| {
            !std::ptr::eq(*subject, *one) && !std::ptr::eq(*subject, *other) && !std::ptr::eq(*one, *other)
        })
        .collect();
    if triples.is_empty() {
        return Judgement::insufficient("found no two things that it could be between");
    }
    if triples.len() > scene.thresholds().relation.most_pairs {
        return Judgement::insufficient("too many of them to tell which is meant");
    }
    let reports = join_all(triples.iter().map(|[subject, one, other]| async move {
        let relate =
            |other: &Detection| scene.experts().relate(scene.image(), subject.bounds, Some(other.bounds));
        (relate(one).await, relate(other).await)
    }))
    .await;
    let mut views = Vec::new();
    for (triple, (one, other)) in triples.iter().zip(reports) {
        let (one, other) = match (one, other) {
            (Ok(one), Ok(other)) => (one, other),
            (Err(unseen), _) | (_, Err(unseen)) => return Judgement::insufficient(unseen.to_string()),
        };
        let region = triple[1..].iter().fold(triple[0].bounds, |union, next| union.union(next.bounds));
        let score = triple.iter().map(|found| found.score).fold(1.0, f32::min);
        let value = Value::String(format!("{}; {}", told(&one.value), told(&other.value)));
        let mut evidence: Vec<_> = triple.iter().filter_map(|found| scene.evidence(found)).collect();
        evidence.push(other.evidence(scene.region(region), value, score, Trust::Measured));
        let limit = scene.thresholds().relation.apart * longer(scene);
        let apart = triple[1..].iter().all(|other| gap(triple[0].bounds, other.bounds) > limit);
        let side = same_side(&one.value, &other.value).filter(|_| apart);
        views.push((is_between(&one.value, &other.value), side, score, evidence));
    }
    if let Some((_, _, score, evidence)) =
        views.iter().filter(|view| view.0).max_by(|a, b| a.2.total_cmp(&b.2)).cloned()
    {
        return supported(score, evidence, "it is between them");
    }
    let score = views.iter().map(|view| view.2).fold(1.0, f32::min);
    let sides: Option<Vec<SpatialRelation>> = views.iter().map(|view| view.1).collect();
    let evidence = views.into_iter().flat_map(|view| view.3).collect();
    match sides.as_deref() {
        Some([first, rest @ ..]) if rest.iter().all(|other| other == first) => {
            let truth = Assertion::Relation {
                subject: subject.clone(),
                relation: *first,
                object: Some(object.clone()),
                second: second.map(|(entity, _)| Box::new(entity.clone())),
            };
            let words = crate::correct::words_for(*first, true);
            contradicted(Some(truth), score, evidence, format!("it is {words} both"))
        }
        _ => insufficient(evidence, "the boxes do not tell"),
    }
}

fn told(report: &RelationReport) -> String {
    report.holds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Whether the two others lie on opposite sides along an axis.
fn is_between(one: &RelationReport, other: &RelationReport) -> bool {
    AXES.iter().any(|[low, high]| {
        let opposite = |a, b| one.holds.contains(a) && other.holds.contains(b);
        opposite(low, high) || opposite(high, low)
    })
}

/// The side of both others on which it lies, where it cannot be between them along the other axis.
fn same_side(one: &RelationReport, other: &RelationReport) -> Option<SpatialRelation> {
    let may_be = |report: &RelationReport, side: &SpatialRelation| {
        report.holds.contains(side) || report.unclear.contains(side)
    };
    let may_be_between = AXES.iter().any(|[low, high]| {
        [(low, high), (high, low)].into_iter().any(|(a, b)| {
            one.holds.contains(a) && may_be(other, b) || may_be(one, a) && other.holds.contains(b)
        })
    });
    if may_be_between {
        return None;
    }
    AXES.iter().flatten().copied().find(|side| one.holds.contains(side) && other.holds.contains(side))
}

#[cfg(test)]
mod tests {
    use SpatialRelation::{Above, Below, LeftOf, RightOf};

    use super::*;

    fn report(holds: &[SpatialRelation], unclear: &[SpatialRelation]) -> RelationReport {
        RelationReport { holds: holds.to_vec(), unclear: unclear.to_vec(), offset: [0.0, 0.0] }
    }

    #[test]
    fn opposite_sides_along_an_axis_are_between() {
        let left = report(&[LeftOf], &[Above, Below]);
        let right = report(&[RightOf], &[Above, Below]);
        assert!(is_between(&left, &right) && is_between(&right, &left));
        assert!(!is_between(&left, &left) && !is_between(&left, &report(&[Above], &[RightOf])));
    }

    #[test]
    fn the_same_side_of_both_is_not_between_unless_the_other_axis_may_be() {
        let left = report(&[LeftOf], &[Above, Below]);
        assert_eq!(same_side(&left, &left), Some(LeftOf));
        assert_eq!(same_side(&report(&[LeftOf, Above], &[]), &report(&[LeftOf, Below], &[])), None);
        assert_eq!(same_side(&report(&[LeftOf, Above], &[]), &left), None);
        assert_eq!(same_side(&left, &report(&[RightOf], &[])), None);
    }
}
