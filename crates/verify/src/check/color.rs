//! What colour a thing has.

use async_trait::async_trait;
use futures::future::join_all;
use lavr_types::{
    Assertion, Capability, Claim, Entity, Evidence, Judgement, Rect, Trust, Vocabulary,
    perception::{ColorQuality, ColorReport, ColorShare, Detection},
};
use serde_json::Value;

use super::{
    Checker,
    clothes::{self, WEARER},
    contradicted, insufficient, supported,
};
use crate::{
    Ablation, Scene, Thresholds,
    text::words::{PICTURE, is_whole_picture},
};

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
        if let Some(of) = of_picture(entity) {
            let limits = &scene.thresholds().color;
            let enough = if of == Of::MainColors { limits.main_share } else { limits.dominant_share };
            return whole(Some((accepted(claim, color, scene.vocabulary()).as_slice(), enough)), scene).await;
        }
        let (places, all_measured) = match places(entity, scene) {
            Ok(places) => places,
            Err(reason) => return Judgement::insufficient(reason),
        };
        let accepted = accepted(claim, color, scene.vocabulary());
        let reports = join_all(
            places.iter().map(|place| scene.experts().color(scene.image(), place.bounds, place.worn)),
        )
        .await;
        let mut evidence: Vec<Evidence> = Vec::new();
        let mut fits = Vec::new();
        for (place, report) in places.iter().zip(reports) {
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
                evidence.extend(scene.evidence(place.object));
                evidence.push(seen.evidence(scene.region(place.bounds), value, first.share, Trust::Measured));
            }
            let fit = if place.worn { fit_worn } else { fit };
            fits.push(fit(&seen.value, &accepted, scene.thresholds()));
        }
        verdict(entity, color, &fits, evidence, all_measured)
    }
}

/// What of a picture itself a color is said of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    /// "The picture is green."
    Picture,
    /// "The main colors of the picture are green and blue."
    MainColors,
}

/// Whether a claim of a color is about the picture itself, no thing in it, and about what of it.
fn of_picture(entity: &Entity) -> Option<Of> {
    let surface = entity.surface.to_lowercase();
    let words: Vec<&str> = surface.split_whitespace().collect();
    let (picture, before) = words.split_last()?;
    if entity.label.is_some() || !is_whole_picture(picture) {
        return None;
    }
    match before {
        [] => Some(Of::Picture),
        [.., colors, "of" | "in", _] if colors.starts_with("color") || colors.starts_with("colour") => {
            Some(Of::MainColors)
        }
        _ => None,
    }
}

/// "The picture is dark."
fn says_dark(claim: &Claim) -> bool {
    matches!(&claim.assertion, Assertion::Attribute { entity, attribute } if entity.label.is_none()
        && attribute == "dark"
        && PICTURE.contains(&entity.surface.to_lowercase().as_str()))
}

/// Measures the whole picture: whether these colours have such a share of it, or, without any, whether it is too dark for
/// colours.
/// What is most of a picture is for people to say: nothing is contradicted.
async fn whole(colors: Option<(&[String], f32)>, scene: &Scene<'_>) -> Judgement {
    let bounds = scene.size().bounds();
    let seen = match scene.experts().color(scene.image(), bounds, false).await {
        Ok(seen) => seen,
        Err(unseen) => return Judgement::insufficient(unseen.to_string()),
    };
    let measured = &seen.value;
    let names: Vec<&str> = measured.colors.iter().take(3).map(|color| color.name.as_str()).collect();
    let (share, enough) = match colors {
        None => (f32::from(measured.quality == ColorQuality::TooDark), 1.0),
        Some((colors, enough)) => {
            let of = |color: &&ColorShare| colors.contains(&color.name);
            (measured.colors.iter().filter(of).map(|color| color.share).sum(), enough)
        }
    };
    let value = Value::String(names.join(", "));
    let evidence = vec![seen.evidence(scene.region(bounds), value, share.min(1.0), Trust::Measured)];
    let said = if colors.is_some() { names.join(", ") } else { "its light".to_owned() };
    if share >= enough {
        supported(share.min(1.0), evidence, format!("measured {said}"))
    } else {
        insufficient(evidence, format!("measured {said}, which does not tell"))
    }
}

/// Where to measure one instance.
struct Place<'s> {
    object: &'s Detection,
    bounds: Rect,
    /// Whether it is a piece of clothing on the object.
    worn: bool,
}

/// Where the instances of a thing are, the best first, and whether these are all; else why it cannot be measured.
fn places<'s>(entity: &Entity, scene: &'s Scene<'_>) -> Result<(Vec<Place<'s>>, bool), String> {
    let labels = scene.labels_of(entity);
    let worn = labels.is_empty() && clothes::covers_the_chest(&entity.surface);
    if labels.is_empty() && !worn {
        return Err(format!("no detector label stands for \"{}\"", entity.surface));
    }
    // A person's box holds clothes, hair and skin; no word says which is meant.
    if labels.iter().any(|label| label == WEARER) {
        return Err("a person has no one colour".to_owned());
    }
    if let Some(blindness) = scene.blindness() {
        return Err(blindness);
    }
    let limits = &scene.thresholds().color;
    let measured = if worn { vec![WEARER.to_owned()] } else { labels };
    let objects = scene.find_labels(&measured, limits.instance, false).objects;
    if objects.is_empty() {
        let name = if worn { WEARER } else { entity.surface.as_str() };
        return Err(format!("found no {name} to measure"));
    }
    let number = objects.len();
    let some: Vec<Place<'_>> = objects
        .into_iter()
        .take(limits.most_instances)
        .filter_map(|object| {
            let bounds = if worn { clothes::torso(object.bounds)? } else { object.bounds };
            Some(Place { object, bounds, worn })
        })
        .collect();
    if some.is_empty() {
        return Err(format!("too little of the {} shows", entity.surface));
    }
    let all = some.len() == number;
    Ok((some, all))
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

/// As [`fit`], of a part of a person where skin and hair may show: what could be either says nothing.
fn fit_worn(report: &ColorReport, accepted: &[String], thresholds: &Thresholds) -> Fit {
    let whole = fit_surface(report, accepted, thresholds);
    if matches!(whole, Fit::Fits(_)) {
        return whole;
    }
    if accepted.iter().any(|color| clothes::may_be_bare(color)) {
        return Fit::Unclear("skin and hair may have that colour".to_owned());
    }
    let (clothed, share) = clothes::without_bare(report);
    if share < thresholds.color.clothed_share {
        return Fit::Unclear("skin or hair covers most of it".to_owned());
    }
    match fit_surface(&clothed, accepted, thresholds) {
        // Dark red in poor light measures black, and white in shade gray.
        Fit::Other(color, _) if matches!(color.as_str(), "black" | "gray") => {
            Fit::Unclear(format!("{color} clothes may be dark or shaded ones of another colour"))
        }
        other => other,
    }
}

/// Whether a thing may have one of the accepted colours, by what its box shows: it, and more or less of what is around it.
pub(crate) fn fit(report: &ColorReport, accepted: &[String], thresholds: &Thresholds) -> Fit {
    let by_surface = fit_surface(report, accepted, thresholds);
    if !matches!(by_surface, Fit::Unclear(_)) || !is_measured(report) {
        return by_surface;
    }
    let limits = &thresholds.color;
    let is_neighbor = |name: &str| accepted.iter().any(|color| thresholds.are_neighbors(color, name));
    let sum = |of: &dyn Fn(&str) -> bool| sum_of(report, of);
    let is_gone = sum(&|name| accepted.iter().any(|color| color == name)) <= limits.negligible_share
        && sum(&is_neighbor) <= 1.0 - limits.dominant_share;
    // Where a vivid colour is claimed and as good as nothing of it shows, the one vivid colour that does is the thing's.
    match only_paint(report, thresholds) {
        Some(paint)
            if is_gone && accepted.iter().all(|color| is_vivid(color)) && !is_neighbor(&paint.name) =>
        {
            Fit::Other(paint.name.clone(), paint.share.max(0.5))
        }
        _ => by_surface,
    }
}

/// Whether light and size let colours be told.
const fn is_measured(report: &ColorReport) -> bool {
    matches!(report.quality, ColorQuality::Mixed | ColorQuality::Clear)
}

fn sum_of(report: &ColorReport, of: &dyn Fn(&str) -> bool) -> f32 {
    report.colors.iter().filter(|color| of(&color.name)).map(|color| color.share).sum()
}

/// As [`fit`], of what is one surface but for spots.
fn fit_surface(report: &ColorReport, accepted: &[String], thresholds: &Thresholds) -> Fit {
    let limits = &thresholds.color;
    let is_neighbor = |name: &str| accepted.iter().any(|color| thresholds.are_neighbors(color, name));
    let sum = |of: &dyn Fn(&str) -> bool| sum_of(report, of);
    let share = sum(&|name| accepted.iter().any(|color| color == name));
    let near = sum(&is_neighbor);
    // Shadows, tyres and glare are black, gray and white on anything.
    let paint = sum(&|name| !is_neutral(name));
    let only_neutral = accepted.iter().all(|color| is_neutral(color));
    let enough = if only_neutral && paint >= limits.paint_share {
        limits.neutral_share
    } else {
        limits.supported_share
    };
    if share >= enough {
        return Fit::Fits(share.clamp(0.5, 1.0));
    }
    let unclear = |why: &str| Fit::Unclear(why.to_owned());
    match report.quality {
        ColorQuality::TooDark => return unclear("it is too dark to tell colours"),
        ColorQuality::TooSmall => return unclear("it is too small to measure"),
        ColorQuality::Mixed | ColorQuality::Clear => {}
    }
    let Some(dominant) = report.colors.first() else { return unclear("no colour was measured") };
    let second = report.colors.get(1).map_or(0.0, |color| color.share);
    let stands_out = report.quality == ColorQuality::Clear || dominant.share >= limits.stands_out * second;
    if !stands_out {
        return unclear("it has several colours");
    }
    let clear = dominant.share >= limits.dominant_share
        && share <= limits.negligible_share
        && near <= 1.0 - limits.dominant_share
        && !is_neighbor(&dominant.name)
        // What is mostly black or gray may be so from shade, its paint being another.
        && (!is_neutral(&dominant.name) || paint < limits.paint_share);
    if clear {
        Fit::Other(dominant.name.clone(), dominant.share)
    } else {
        unclear("the colours are too close to call")
    }
}

/// The vivid colour that stands alone beside what may be shade, glare or background, if one does.
fn only_paint<'r>(report: &'r ColorReport, thresholds: &Thresholds) -> Option<&'r ColorShare> {
    let limits = &thresholds.color;
    let mut vivid = report.colors.iter().filter(|color| is_vivid(&color.name));
    let paint = vivid.next()?;
    let is_shade_of_it = |other: &ColorShare| thresholds.are_neighbors(&paint.name, &other.name);
    let rival = vivid.find(|other| !is_shade_of_it(other)).map_or(0.0, |other| other.share);
    let largest = report.colors.first().map_or(0.0, |color| color.share);
    let stands_alone = paint.share >= limits.paint_alone
        && paint.share >= limits.stands_out * rival
        && paint.share >= limits.paint_of_largest * largest;
    stands_alone.then_some(paint)
}

/// Whether it is a colour that neither light lends to anything nor wood, earth, skin and hair have.
fn is_vivid(color: &str) -> bool {
    !is_neutral(color) && color != "brown"
}

/// Whether it is a colour that shade and glare lend to anything.
fn is_neutral(color: &str) -> bool {
    matches!(color, "black" | "gray" | "white")
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

#[cfg(test)]
mod tests {
    use super::*;

    fn report(quality: ColorQuality, colors: &[(&str, f32)]) -> ColorReport {
        let share =
            |&(name, share): &(&str, f32)| ColorShare { name: name.into(), share, hex: "#000000".into() };
        ColorReport { quality, colors: colors.iter().map(share).collect() }
    }

    /// What is there instead of a claimed colour, if that can be told.
    fn instead(claimed: &str, colors: &[(&str, f32)], worn: bool) -> Option<String> {
        let report = report(ColorQuality::Mixed, colors);
        let accepted = [claimed.to_owned()];
        let fit = if worn {
            fit_worn(&report, &accepted, Thresholds::builtin())
        } else {
            fit(&report, &accepted, Thresholds::builtin())
        };
        if let Fit::Other(name, _) = fit { Some(name) } else { None }
    }

    #[test]
    fn a_vivid_color_of_which_nothing_shows_is_the_one_vivid_color_that_does() {
        let car = [("brown", 0.49), ("orange", 0.38), ("gray", 0.06), ("yellow", 0.05)];
        assert_eq!(instead("blue", &car, false).as_deref(), Some("orange"));
        assert_eq!(instead("orange", &car, false), None);
        // What is between the two may be either.
        assert_eq!(instead("red", &car, false), None);
        // Some of it shows, if little.
        assert_eq!(instead("blue", &[("red", 0.4), ("gray", 0.4), ("blue", 0.1)], false), None);
        // Two that stand side by side leave open which is meant, and a spot of paint says little of a large thing: the lamps
        // of a dark truck are red.
        assert_eq!(instead("green", &[("red", 0.3), ("blue", 0.25), ("gray", 0.3)], false), None);
        assert_eq!(instead("green", &[("black", 0.5), ("gray", 0.3), ("red", 0.16)], false), None);
        assert_eq!(instead("green", &[("gray", 0.65), ("red", 0.3)], false), None);
    }

    #[test]
    fn shade_is_no_color_that_was_claimed_in_vain() {
        assert_eq!(instead("black", &[("red", 0.4), ("gray", 0.4)], false), None);
        assert_eq!(instead("blue", &[("gray", 0.5), ("black", 0.4)], false), None);
    }
}
