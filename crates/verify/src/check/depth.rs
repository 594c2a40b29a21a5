//! What is nearer: all that boxes tell of it.

use lavr_types::{
    Entity, Judgement,
    perception::{Detection, SpatialRelation},
};

use super::{insufficient, supported};
use crate::Scene;

/// What stands on the ground, so that a lower foot is a nearer one.
const ON_GROUND: &[&str] = &[
    "person",
    "bicycle",
    "car",
    "motorcycle",
    "bus",
    "train",
    "truck",
    "fire hydrant",
    "parking meter",
    "bench",
    "dog",
    "horse",
    "sheep",
    "cow",
    "elephant",
    "bear",
    "zebra",
    "giraffe",
    "suitcase",
    "chair",
    "couch",
    "bed",
    "dining table",
    "toilet",
    "refrigerator",
    "oven",
];

/// What stands on a table.
const ON_TABLE: &[&str] = &[
    "bottle",
    "wine glass",
    "cup",
    "bowl",
    "vase",
    "laptop",
    "keyboard",
    "toaster",
    "microwave",
    "teddy bear",
    "sandwich",
    "pizza",
    "cake",
    "donut",
    "hot dog",
];

/// What carries people: who is on it stands neither before nor behind it, and boxes do not tell the two apart.
const CARRIERS: &[&str] = &[
    "bicycle",
    "motorcycle",
    "horse",
    "elephant",
    "bench",
    "chair",
    "couch",
    "bed",
    "toilet",
    "boat",
    "car",
    "suitcase",
];

/// The share of the narrower of two boxes that the other must cover from left to right.
const COVERED: f64 = 0.5;

/// How much lower the foot of the nearer one must be, in heights of the picture, and how far down in its own box the
/// foot of the farther one: what rests on something has its foot higher up.
const LOWER: f64 = 0.03;
const FOOT: f64 = 0.6;

/// Supported where one covers the other in part and both stand on the same level, the nearer one lower in the picture.
/// Never contradicted: what is nearer shows in no box.
pub(super) fn judge(
    (subject, subjects): (&Entity, &[&Detection]),
    relation: SpatialRelation,
    (object, objects): (&Entity, &[&Detection]),
    scene: &Scene<'_>,
) -> Judgement {
    if objects.is_empty() {
        return Judgement::insufficient(format!("found no {} to place it by", object.surface));
    }
    let limits = &scene.thresholds().relation;
    if subjects.len() * objects.len() > limits.most_pairs {
        return Judgement::insufficient("too many of them to tell which is meant");
    }
    let pairs = subjects.iter().flat_map(|one| objects.iter().map(move |other| (*one, *other)));
    let height = f64::from(scene.size().height.max(1));
    let seen = pairs
        .filter(|(one, other)| match relation {
            SpatialRelation::Behind => is_before(other, one, height),
            _ => is_before(one, other, height),
        })
        .max_by(|(a, x), (b, y)| a.score.min(x.score).total_cmp(&b.score.min(y.score)));
    let words = crate::correct::words_for(relation, true);
    let Some((one, other)) = seen else {
        let boxes = subjects.iter().chain(objects).filter_map(|found| scene.evidence(found)).collect();
        return insufficient(boxes, "the boxes do not tell what is nearer: depth does not show in them");
    };
    let evidence = [one, other].into_iter().filter_map(|found| scene.evidence(found)).collect();
    let (near, far) = match relation {
        SpatialRelation::Behind => (object, subject),
        _ => (subject, object),
    };
    let reason =
        format!("it is {words}: the {} stands lower and covers the {} in part", near.surface, far.surface);
    supported(one.score.min(other.score), evidence, reason)
}

/// Whether one box shows something that stands before what another shows.
fn is_before(near: &Detection, far: &Detection, height: f64) -> bool {
    let on_one_level = [ON_GROUND, ON_TABLE]
        .iter()
        .any(|level| level.contains(&near.label.as_str()) && level.contains(&far.label.as_str()));
    let rides = |rider: &Detection, carrier: &Detection| {
        matches!(rider.label.as_str(), "person" | "dog" | "teddy bear")
            && CARRIERS.contains(&carrier.label.as_str())
    };
    let (a, b) = (near.bounds, far.bounds);
    let common = a.right.min(b.right) - a.left.max(b.left);
    let covers = common >= COVERED * a.width().min(b.width());
    let foot = (b.bottom - a.top) / a.height().max(1.0);
    on_one_level
        && !rides(near, far)
        && !rides(far, near)
        && covers
        && a.bottom - b.bottom >= LOWER * height
        && foot >= FOOT
}

#[cfg(test)]
mod tests {
    use lavr_types::Rect;

    use super::*;

    fn found(label: &str, bounds: [f64; 4]) -> Detection {
        Detection { label: label.to_owned(), bounds: Rect::from(bounds), score: 0.9 }
    }

    #[test]
    fn what_stands_lower_and_covers_the_other_in_part_stands_before_it() {
        let bus = found("bus", [10.0, 10.0, 90.0, 60.0]);
        let man = found("person", [40.0, 30.0, 50.0, 75.0]);
        assert!(is_before(&man, &bus, 100.0) && !is_before(&bus, &man, 100.0));
    }

    #[test]
    fn what_may_rest_on_the_other_or_hang_is_not_told() {
        let bus = found("bus", [10.0, 10.0, 90.0, 60.0]);
        for (near, far, why) in [
            (found("person", [91.0, 30.0, 99.0, 75.0]), bus.clone(), "beside it"),
            (found("person", [40.0, 30.0, 50.0, 61.0]), bus.clone(), "on one line"),
            (
                found("dining table", [0.0, 50.0, 90.0, 95.0]),
                found("chair", [30.0, 30.0, 60.0, 70.0]),
                "foot too high",
            ),
            (found("horse", [10.0, 30.0, 60.0, 90.0]), found("person", [25.0, 5.0, 45.0, 80.0]), "a rider"),
            (
                found("person", [40.0, 30.0, 50.0, 75.0]),
                found("clock", [42.0, 30.0, 48.0, 66.0]),
                "on a wall",
            ),
            (found("cup", [40.0, 30.0, 50.0, 75.0]), found("person", [20.0, 0.0, 90.0, 65.0]), "on a table"),
        ] {
            assert!(!is_before(&near, &far, 100.0), "{why}");
        }
    }
}
