//! How large a thing is, as far as a picture tells.

use async_trait::async_trait;
use lavr_types::{Assertion, Claim, Entity, Evidence, Judgement, Rect, Trust, perception::Detection};
use serde_json::json;

use super::{Checker, contradicted, insufficient, supported};
use crate::{
    Scene,
    text::size::{Extent, comparison, extent, opposite_comparison},
};

/// Compares boxes. A box measures the picture and not the thing: what is near looks large. So "large" and "small" are
/// never contradicted; they are supported where the thing fills much of the picture or little of it, or stands out
/// among others of its kind. "Bigger than the cat" is contradicted only where both stand on one ground line, whole in
/// the picture, and the boxes clearly say the opposite.
#[derive(Debug, Clone, Copy)]
pub struct SizeChecker;

/// What the statement says, read from the claim's words.
enum Statement<'c> {
    Plain(Extent),
    Compared { word: &'c str, extent: Extent, than: &'c str },
}

fn read(attribute: &str) -> Option<Statement<'_>> {
    let (word, rest) = attribute.split_once(' ').unwrap_or((attribute, ""));
    if let Some(than) = rest.strip_prefix("than ") {
        return comparison(word).map(|extent| Statement::Compared { word, extent, than });
    }
    // "A smaller dog": than others of its kind.
    rest.is_empty().then(|| extent(word).or_else(|| comparison(word)).map(Statement::Plain))?
}

#[async_trait]
impl Checker for SizeChecker {
    fn checks(&self, claim: &Claim, _: &Scene<'_>) -> bool {
        matches!(&claim.assertion, Assertion::Attribute { attribute, .. } if read(attribute).is_some())
    }

    async fn check(&self, claim: &Claim, scene: &Scene<'_>) -> Judgement {
        let Assertion::Attribute { entity, attribute } = &claim.assertion else {
            return Judgement::insufficient("no claim of a size");
        };
        let Some(statement) = read(attribute) else {
            return Judgement::insufficient("no claim of a size");
        };
        if let Some(blindness) = scene.blindness() {
            return Judgement::insufficient(blindness);
        }
        if scene.labels_of(entity).is_empty() {
            return Judgement::insufficient(format!("no detector label stands for \"{}\"", entity.surface));
        }
        let found = scene.find(entity, scene.thresholds().size.instance, false).objects;
        if found.is_empty() {
            return Judgement::insufficient(format!("found no {} to measure", entity.surface));
        }
        match statement {
            Statement::Plain(extent) => alone(entity, extent, &found, scene),
            Statement::Compared { word, extent, than } => {
                let labels: Vec<String> =
                    scene.vocabulary().labels_for(than).into_iter().map(str::to_owned).collect();
                let others = scene.find_labels(&labels, scene.thresholds().size.instance, false).objects;
                beside(entity, (word, extent, than), &found, &others, scene)
            }
        }
    }
}

/// A thing's size in the picture and among its kind.
fn alone(entity: &Entity, extent: Extent, found: &[&Detection], scene: &Scene<'_>) -> Judgement {
    let limits = &scene.thresholds().size;
    let mut sizes: Vec<(&Detection, f64)> =
        found.iter().map(|object| (*object, share(object.bounds, scene))).collect();
    sizes.sort_by(|a, b| b.1.total_cmp(&a.1));
    if extent == Extent::Small {
        sizes.reverse();
    }
    let Some(&(object, size)) = sizes.first() else {
        return Judgement::insufficient(format!("found no {} to measure", entity.surface));
    };
    let evidence = measured(&[object], scene);
    let percent = size * 100.0;
    let stands_out = sizes.get(1).is_some_and(|&(_, next)| {
        let (more, less) = if extent == Extent::Large { (size, next) } else { (next, size) };
        more >= limits.ratio * less
    });
    if stands_out {
        let word = if extent == Extent::Large { "largest" } else { "smallest" };
        return supported(
            limits.confidence,
            evidence,
            format!("one is clearly the {word} of {}", sizes.len()),
        );
    }
    let fits = match extent {
        Extent::Large => size >= limits.large_share,
        Extent::Small => size <= limits.small_share,
    };
    if fits {
        return supported(limits.confidence, evidence, format!("it takes up {percent:.1} % of the picture"));
    }
    insufficient(
        evidence,
        format!(
            "it takes up {percent:.1} % of the picture, which does not tell how large it is: near things look large"
        ),
    )
}

/// Two things' sizes beside each other.
fn beside(
    entity: &Entity,
    (word, extent, than): (&str, Extent, &str),
    subjects: &[&Detection],
    objects: &[&Detection],
    scene: &Scene<'_>,
) -> Judgement {
    let limits = &scene.thresholds().size;
    let ([subject], [object]) = (subjects, objects) else {
        return Judgement::insufficient(if objects.is_empty() {
            format!("found no other thing to compare it with (\"{than}\")")
        } else {
            "more than one of them was found, and nothing says which is meant".to_owned()
        });
    };
    if std::ptr::eq(*subject, *object) {
        return Judgement::insufficient("both words stand for the same finding");
    }
    let (one, other) = (share(subject.bounds, scene), share(object.bounds, scene));
    let evidence = measured(&[subject, object], scene);
    let (more, less) = if extent == Extent::Large { (one, other) } else { (other, one) };
    let factor = (one / other).max(other / one);
    let reason = format!(
        "its box is {factor:.1} times {} than the other's",
        if one > other { "larger" } else { "smaller" }
    );
    if more >= limits.ratio * less {
        return supported(limits.confidence, evidence, reason);
    }
    let near = same_ground(subject.bounds, object.bounds, scene)
        && [subject.bounds, object.bounds].into_iter().all(|bounds| is_whole(bounds, scene));
    if less < limits.opposite_ratio * more {
        return insufficient(evidence, format!("{reason}: too close to call"));
    }
    if !near {
        return insufficient(evidence, format!("{reason}, but one may stand nearer than the other"));
    }
    let Some(opposite) = opposite_comparison(word) else { return insufficient(evidence, reason) };
    let truth = Assertion::Attribute { entity: entity.clone(), attribute: format!("{opposite} than {than}") };
    contradicted(Some(truth), limits.confidence, evidence, reason)
}

/// The share of the picture that a box takes up.
fn share(bounds: Rect, scene: &Scene<'_>) -> f64 {
    let picture = f64::from(scene.size().width) * f64::from(scene.size().height);
    (bounds.width() * bounds.height() / picture.max(1.0)).max(f64::MIN_POSITIVE)
}

/// Whether two things stand equally far away, as their lower edges tell.
fn same_ground(one: Rect, other: Rect, scene: &Scene<'_>) -> bool {
    (one.bottom - other.bottom).abs() <= scene.thresholds().size.ground * f64::from(scene.size().height)
}

/// Whether a box ends inside the picture: one that the edge cuts off shows a part.
fn is_whole(bounds: Rect, scene: &Scene<'_>) -> bool {
    let (width, height) = (f64::from(scene.size().width), f64::from(scene.size().height));
    let margin = scene.thresholds().size.margin * width.max(height);
    bounds.left >= margin
        && bounds.top >= margin
        && bounds.right <= width - margin
        && bounds.bottom <= height - margin
}

fn measured(objects: &[&Detection], scene: &Scene<'_>) -> Vec<Evidence> {
    objects
        .iter()
        .filter_map(|object| {
            let percent = (share(object.bounds, scene) * 1000.0).round() / 10.0;
            let seen = scene.evidence(object)?;
            Some(Evidence {
                value: json!(format!("{}: {percent} % of the picture", object.label)),
                trust: Trust::Measured,
                ..seen
            })
        })
        .collect()
}
