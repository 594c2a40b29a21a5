//! What colour a thing has.

use async_trait::async_trait;
use futures::future::join_all;
use lavr_types::{
    Assertion, Capability, Claim, Entity, Evidence, Judgement, Trust, Vocabulary,
    perception::{ColorQuality, ColorReport, Detection},
};
use serde_json::Value;

use super::{Checker, contradicted, insufficient, supported};
use crate::{Ablation, Scene, Thresholds};

/// Measures the colours of each instance of a thing. Contradicted only where no instance can have the claimed
/// colour and all are clearly of one other colour.
#[derive(Debug, Clone, Copy)]
pub struct ColorChecker;

pub(crate) enum Fit {
    Fits(f32),
    /// Clearly another colour.
    Other(String, f32),
    Unclear(String),
}

#[async_trait]
impl Checker for ColorChecker {
    fn checks(&self, claim: &Claim, scene: &Scene<'_>) -> bool {
        matches!(claim.assertion, Assertion::Color { .. })
            && scene.can(Capability::MeasureColor)
            && !scene.does_without(Ablation::NoColors)
    }

    async fn check(&self, claim: &Claim, scene: &Scene<'_>) -> Judgement {
        let Assertion::Color { entity, color } = &claim.assertion else {
            return Judgement::insufficient("no claim of a colour");
        };
        let labels = scene.labels_of(entity);
        if labels.is_empty() {
            return Judgement::insufficient(format!("no detector label stands for \"{}\"", entity.surface));
        }
        // A person's box holds clothes, hair and skin; no word says which is meant.
        if labels.iter().any(|label| label == "person") {
            return Judgement::insufficient("a person has no one colour");
        }
        if let Some(blindness) = scene.blindness() {
            return Judgement::insufficient(blindness);
        }
        let limits = &scene.thresholds().color;
        let found = scene.find(entity, limits.instance, false);
        if found.objects.is_empty() {
            return Judgement::insufficient(format!("found no {} to measure", entity.surface));
        }
        let accepted = accepted(claim, color, scene.vocabulary());
        let some: Vec<&Detection> = found.objects.iter().copied().take(limits.most_instances).collect();
        let all_measured = some.len() == found.objects.len();
        let reports =
            join_all(some.iter().map(|object| scene.experts().color(scene.image(), object.bounds))).await;
        let mut evidence: Vec<Evidence> = Vec::new();
        let mut fits = Vec::new();
        for (object, report) in some.iter().zip(reports) {
            let seen = match report {
                Ok(seen) => seen,
                Err(unseen) => {
                    fits.push(Fit::Unclear(unseen.to_string()));
                    tracing::debug!("colour of {} not measured: {unseen}", entity.surface);
                    continue;
                }
            };
            if let Some(first) = seen.value.colors.first() {
                let names: Vec<&str> =
                    seen.value.colors.iter().take(3).map(|color| color.name.as_str()).collect();
                let value = Value::String(names.join(", "));
                evidence.extend(scene.evidence(object));
                evidence.push(seen.evidence(
                    scene.region(object.bounds),
                    value,
                    first.share,
                    Trust::Measured,
                ));
            }
            fits.push(fit(&seen.value, &accepted, scene.thresholds()));
        }
        verdict(entity, color, &fits, evidence, all_measured)
    }
}

/// The basic colours that confirm the claim's word: "golden" is seen as yellow, brown or orange.
pub(crate) fn accepted(claim: &Claim, color: &str, vocabulary: &Vocabulary) -> Vec<String> {
    // "Navy blue" is a word of its own, of "very dark blue" the last says it.
    let word = claim.surface.split_whitespace().next_back().unwrap_or_default();
    let whole = vocabulary.colors_for(&claim.surface);
    let basics = if whole.is_empty() { vocabulary.colors_for(word) } else { whole };
    let mut accepted: Vec<String> = basics.into_iter().map(str::to_owned).collect();
    if !accepted.iter().any(|known| known == color) {
        accepted = vec![color.to_owned()];
    }
    accepted
}

pub(crate) fn fit(report: &ColorReport, accepted: &[String], thresholds: &Thresholds) -> Fit {
    let limits = &thresholds.color;
    let is_neighbor = |name: &str| accepted.iter().any(|color| thresholds.are_neighbors(color, name));
    let share: f32 =
        report.colors.iter().filter(|color| accepted.contains(&color.name)).map(|color| color.share).sum();
    let near: f32 =
        report.colors.iter().filter(|color| is_neighbor(&color.name)).map(|color| color.share).sum();
    if share >= limits.supported_share {
        return Fit::Fits(share.clamp(0.5, 1.0));
    }
    let unclear = |why: &str| Fit::Unclear(why.to_owned());
    match report.quality {
        ColorQuality::TooDark => return unclear("it is too dark to tell colours"),
        ColorQuality::TooSmall => return unclear("it is too small to measure"),
        ColorQuality::Mixed => return unclear("it has several colours"),
        ColorQuality::Clear => {}
    }
    let Some(dominant) = report.colors.first() else { return unclear("no colour was measured") };
    let clear = dominant.share >= limits.dominant_share
        && share <= limits.negligible_share
        && near <= 1.0 - limits.dominant_share
        && !is_neighbor(&dominant.name);
    if clear {
        Fit::Other(dominant.name.clone(), dominant.share)
    } else {
        unclear("the colours are too close to call")
    }
}

fn verdict(
    entity: &Entity,
    color: &str,
    fits: &[Fit],
    evidence: Vec<Evidence>,
    all_measured: bool,
) -> Judgement {
    let best = fits
        .iter()
        .filter_map(|fit| if let Fit::Fits(share) = fit { Some(*share) } else { None })
        .reduce(f32::max);
    if let Some(best) = best {
        return supported(best, evidence, format!("measured {color}"));
    }
    let unclear =
        fits.iter().find_map(|fit| if let Fit::Unclear(why) = fit { Some(why.as_str()) } else { None });
    if let Some(why) = unclear {
        return insufficient(evidence, why);
    }
    if !all_measured {
        return insufficient(evidence, "not every instance was measured");
    }
    let others: Vec<(&str, f32)> = fits
        .iter()
        .filter_map(
            |fit| if let Fit::Other(name, share) = fit { Some((name.as_str(), *share)) } else { None },
        )
        .collect();
    match others.as_slice() {
        [(first, share), rest @ ..] if rest.iter().all(|(name, _)| name == first) => {
            let truth = Assertion::Color { entity: entity.clone(), color: (*first).to_owned() };
            contradicted(Some(truth), *share, evidence, format!("measured {first}, not {color}"))
        }
        [] => insufficient(evidence, "nothing was measured"),
        _ => insufficient(
            evidence,
            format!("no {} is {color}, but they differ among themselves", entity.surface),
        ),
    }
}
