//! What colour a thing has.

mod fit;
mod judge;
mod near;
mod picture;
mod place;
mod signs;
mod tint;

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures::future::{join, join_all};
use lavr_types::{
    Assertion, Capability, Claim, Entity, Evidence, Judgement, Trust, Vocabulary,
    perception::{ColorQuality, ColorReport},
};
use serde_json::Value;

use super::{Checker, contradicted, insufficient, supported};
use crate::{
    Ablation, Scene,
    experts::{Seen, Unseen},
};

pub(crate) use fit::{Fit, fit};
use fit::{fit_worn, is_measured};
use judge::Sight;
use picture::{Of, of_picture, says_dark, whole};
use place::{Part, Place, places};
pub(crate) use signs::{SIGNS, Weights};

/// Measures the colours of each instance of a thing. Contradicted only where no instance can have the claimed
/// colour: because all are clearly of one other colour, or because not even a tint of it shows.
#[derive(Debug, Clone, Copy)]
pub struct ColorChecker;

#[async_trait]
impl Checker for ColorChecker {
    fn checks(&self, claim: &Claim, scene: &Scene<'_>) -> bool {
        (matches!(claim.assertion, Assertion::Color { .. }) || says_dark(claim))
            && scene.can(Capability::MeasureColor)
            && !scene.does_without(Ablation::NoColors)
    }

    async fn check(&self, claim: &Claim, scene: &Scene<'_>) -> Judgement {
        if says_dark(claim) {
            return whole(None, scene).await;
        }
        let Assertion::Color { entity, color } = &claim.assertion else {
            return Judgement::insufficient("no claim of a colour");
        };
        let accepted = accepted(claim, color, scene.vocabulary());
        if let Some(of) = of_picture(entity) {
            let limits = &scene.thresholds().color;
            let enough = if of == Of::MainColors { limits.main_share } else { limits.dominant_share };
            return whole(Some((accepted.as_slice(), enough)), scene).await;
        }
        if let Some(reason) = place::no_one_color(entity, scene).or_else(|| scene.blindness()) {
            return Judgement::insufficient(reason);
        }
        match places(entity, scene.told().spot_of(claim), scene) {
            Ok((places, all)) => of_places(entity, color, &accepted, &places, all, scene).await,
            Err(reason) => gone_from_picture(color, &accepted, scene)
                .await
                .unwrap_or_else(|| Judgement::insufficient(reason)),
        }
    }
}

/// What the instances of a thing say.
async fn of_places(
    entity: &Entity,
    color: &str,
    accepted: &[String],
    places: &[Place<'_>],
    all_measured: bool,
    scene: &Scene<'_>,
) -> Judgement {
    let is_one_of_several = scene.told().has_several_colors(entity);
    let reports = join_all(places.iter().map(|place| {
        let all = async {
            match (is_one_of_several, place.part) {
                (true, Part::Thing) => all_of(place, scene).await.ok(),
                _ => None,
            }
        };
        join(measured(place, scene), all)
    }))
    .await;
    let mut evidence: Vec<Evidence> = Vec::new();
    let mut fits = Vec::new();
    for (place, (report, all)) in places.iter().zip(reports) {
        let seen = match report {
            Ok(seen) => seen,
            Err(unseen) => {
                fits.push(Fit::Unclear(unseen.to_string()));
                tracing::debug!("colour of {} not measured: {unseen}", entity.surface);
                continue;
            }
        };
        // What is spoken of is large enough to be seen.
        if seen.value.quality == ColorQuality::TooSmall && places.len() > 1 {
            continue;
        }
        if let Some(first) = seen.value.colors.first() {
            evidence.extend(scene.evidence(place.object));
            evidence.push(seen.evidence(
                scene.region(place.bounds),
                names(&seen.value),
                first.share,
                Trust::Measured,
            ));
        }
        let mut fit = fit_of(&seen.value, place, accepted, entity, scene);
        // Of a color among several ("black and white") there may be little, and not in the middle.
        let least = scene.thresholds().color.tint_share_worn;
        let shows = all.is_some_and(|all| !tint::is_gone(&all.value, accepted, least));
        if shows && matches!(fit, Fit::Gone | Fit::Other(..)) {
            fit = Fit::Unclear("some of it could be so".to_owned());
        }
        fits.push(fit);
    }
    verdict(entity, color, &fits, evidence, all_measured, scene)
}

/// The first names of a report.
fn names(report: &ColorReport) -> Value {
    let names: Vec<&str> = report.colors.iter().take(3).map(|color| color.name.as_str()).collect();
    Value::String(names.join(", "))
}

/// What is known of each basic color at each place that a claim of a color may speak of, in the order of [`SIGNS`]; nothing of places
/// that are not judged by signs.
pub(crate) async fn signs_of(claim: &Claim, scene: &Scene<'_>) -> Vec<BTreeMap<String, Vec<f32>>> {
    let Assertion::Color { entity, .. } = &claim.assertion else { return Vec::new() };
    let is_measured = of_picture(entity).is_none() && place::no_one_color(entity, scene).is_none();
    let places =
        if is_measured { places(entity, scene.told().spot_of(claim), scene) } else { return Vec::new() };
    let places = places.map(|(places, _)| places).unwrap_or_default();
    let judged: Vec<&Place<'_>> = places.iter().filter(|place| place.part != Part::Wearer).collect();
    let reports = join_all(judged.iter().map(|place| measured(place, scene))).await;
    let seen = judged
        .iter()
        .zip(&reports)
        .filter_map(|(place, report)| Some((*place, &report.as_ref().ok()?.value)));
    let clear =
        seen.filter(|(_, report)| matches!(report.quality, ColorQuality::Clear | ColorQuality::Mixed));
    clear
        .map(|(place, report)| {
            let sight = sight(report, place, entity, scene);
            let names = report.tints.keys();
            names.map(|name| (name.clone(), sight.signs(name, scene.thresholds()).to_vec())).collect()
        })
        .collect()
}

/// What a place shows, with what is known of it.
fn sight<'r>(report: &'r ColorReport, place: &Place<'_>, entity: &Entity, scene: &Scene<'_>) -> Sight<'r> {
    Sight {
        place: report,
        is_worn: place.part == Part::Worn,
        is_guessed: place.is_guessed,
        is_one_of_several: scene.told().has_several_colors(entity),
    }
}

/// The colours of a place.
async fn measured(place: &Place<'_>, scene: &Scene<'_>) -> Result<Seen<ColorReport>, Unseen> {
    let (experts, image) = (scene.experts(), scene.image());
    match place.part {
        Part::Thing => experts.color(image, place.bounds, false).await,
        Part::Worn => experts.color_of_patch(image, place.bounds, Some(place.object.bounds)).await,
        Part::Wearer => experts.color_of_patch(image, place.bounds, None).await,
    }
}

/// The colours of all that the box of a thing shows, or its mask.
async fn all_of(place: &Place<'_>, scene: &Scene<'_>) -> Result<Seen<ColorReport>, Unseen> {
    scene.experts().color_of_patch(scene.image(), place.bounds, Some(place.object.bounds)).await
}

/// What one place says.
fn fit_of(
    report: &ColorReport,
    place: &Place<'_>,
    accepted: &[String],
    entity: &Entity,
    scene: &Scene<'_>,
) -> Fit {
    let thresholds = scene.thresholds();
    if place.part == Part::Wearer {
        let is_gone = is_measured(report)
            && tint::is_gone(report, accepted, thresholds.color.tint_share_worn)
            && tint::of_neighbors(report, accepted, thresholds) <= 1.0 - thresholds.color.dominant_share;
        return if is_gone {
            Fit::Gone
        } else {
            Fit::Unclear(format!("a person's box does not tell where the {} is", entity.surface))
        };
    }
    // A meter that knows nothing of other light is taken at its word.
    if report.tints.is_empty() && is_measured(report) {
        return match place.part {
            Part::Thing => fit(report, accepted, thresholds),
            _ => fit_worn(report, accepted, thresholds),
        };
    }
    sight(report, place, entity, scene).fit(accepted, thresholds)
}

/// A colour of which nothing is in the picture is no thing's, found or not. A picture in black and white does not tell.
async fn gone_from_picture(color: &str, accepted: &[String], scene: &Scene<'_>) -> Option<Judgement> {
    let bounds = scene.size().bounds();
    let picture = scene.experts().color(scene.image(), bounds, true).await.ok()?;
    let (report, limits) = (&picture.value, &scene.thresholds().color);
    let is_gone = is_measured(report)
        && tint::is_gone(report, accepted, limits.tint_share_of_picture)
        && !tint::is_near(report, accepted, scene.thresholds())
        && !tint::is_colorless(report, limits.tint_share);
    is_gone.then(|| {
        let region = scene.region(bounds);
        let evidence = picture.evidence(region, names(report), 1.0, Trust::Measured);
        contradicted(
            None,
            limits.tint_confidence,
            vec![evidence],
            format!("nothing in the picture is {color}"),
        )
    })
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

fn verdict(
    entity: &Entity,
    color: &str,
    fits: &[Fit],
    evidence: Vec<Evidence>,
    all_measured: bool,
    scene: &Scene<'_>,
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
    if fits.iter().any(|fit| matches!(fit, Fit::Gone)) {
        let reason = format!("nothing of the {} could be {color}", entity.surface);
        return contradicted(None, scene.thresholds().color.tint_confidence, evidence, reason);
    }
    match others.as_slice() {
        [(first, share), rest @ ..] if rest.iter().all(|(name, _)| name == first) => {
            let truth = Assertion::Color { entity: entity.clone(), color: (*first).to_owned() };
            contradicted(Some(truth), *share, evidence, format!("measured {first}, not {color}"))
        }
        [] => insufficient(evidence, "nothing was measured"),
        [(_, share), rest @ ..] => {
            let share = rest.iter().map(|(_, share)| *share).fold(*share, f32::min);
            let reason = format!("no {} is {color}, but they differ among themselves", entity.surface);
            contradicted(None, share, evidence, reason)
        }
    }
}
