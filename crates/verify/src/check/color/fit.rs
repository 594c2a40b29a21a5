//! Whether what was measured in a place is the colour that was claimed.

use lavr_types::perception::{ColorQuality, ColorReport, ColorShare};

use super::super::clothes;
use crate::Thresholds;

/// What one instance's measurement says of a claimed colour.
pub(crate) enum Fit {
    Fits(f32),
    /// Clearly another colour.
    Other(String, f32),
    /// Not the claimed colour, and no other that is plain.
    Gone,
    Unclear(String),
}

/// As [`fit`], of a part of a person where skin and hair may show: what could be either says nothing.
pub(super) fn fit_worn(report: &ColorReport, accepted: &[String], thresholds: &Thresholds) -> Fit {
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
pub(super) const fn is_measured(report: &ColorReport) -> bool {
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
pub(super) fn is_vivid(color: &str) -> bool {
    !is_neutral(color) && color != "brown"
}

/// Whether it is a colour that shade and glare lend to anything.
pub(super) fn is_neutral(color: &str) -> bool {
    matches!(color, "black" | "gray" | "white")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(quality: ColorQuality, colors: &[(&str, f32)]) -> ColorReport {
        let share =
            |&(name, share): &(&str, f32)| ColorShare { name: name.into(), share, hex: "#000000".into() };
        ColorReport::new(quality, colors.iter().map(share).collect())
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
