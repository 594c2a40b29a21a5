//! Colours of which not even a tint shows.
//!
//! Names of colours divide what cameras see too finely to deny one where another was measured: dark red comes out black, and white
//! in the shade gray. But a place where nothing could be red in whatever light is not red, whatever else it shows.

use lavr_types::perception::ColorReport;

use super::{
    super::clothes,
    fit::{is_neutral, is_vivid},
    place::Part,
};
use crate::Thresholds;

/// Whether no more than this share of what was measured could have one of these colours in other light. Not where that is
/// not known.
pub(super) fn is_gone(report: &ColorReport, colors: &[String], most: f32) -> bool {
    !colors.is_empty()
        && colors.iter().all(|color| report.tints.get(color).is_some_and(|share| *share <= most))
}

/// The share that could have one of these colours in other light; none where that is not known.
pub(super) fn most_of(report: &ColorReport, colors: &[String]) -> f32 {
    colors.iter().filter_map(|color| report.tints.get(color)).copied().fold(0.0, f32::max)
}

/// The share that colours have which some people call by the claimed one's name (yellow and orange), skin aside.
pub(super) fn of_neighbors(
    report: &ColorReport,
    colors: &[String],
    part: Part,
    thresholds: &Thresholds,
) -> f32 {
    let clothed = if part == Part::Thing { None } else { Some(clothes::without_bare(report).0) };
    let shown = clothed.as_ref().unwrap_or(report);
    let is_near = |name: &str| is_neighbor(name, colors, thresholds);
    shown.colors.iter().filter(|color| is_near(&color.name)).map(|color| color.share).sum()
}

fn is_neighbor(name: &str, colors: &[String], thresholds: &Thresholds) -> bool {
    is_vivid(name) && colors.iter().any(|color| thresholds.are_neighbors(color, name))
}

/// Whether a picture has a tint of such a colour.
pub(super) fn is_near(picture: &ColorReport, colors: &[String], thresholds: &Thresholds) -> bool {
    let most = thresholds.color.tint_share_of_picture;
    picture.tints.iter().any(|(name, share)| *share > most && is_neighbor(name, colors, thresholds))
}

/// The colour that a thing has instead, where one dominates and is not what shade makes of another.
pub(super) fn instead(report: &ColorReport, part: Part, thresholds: &Thresholds) -> Option<(String, f32)> {
    let limits = &thresholds.color;
    let bared;
    let worn = part != Part::Thing;
    let shown = if worn {
        let (clothed, share) = clothes::without_bare(report);
        if share < limits.clothed_share {
            return None;
        }
        bared = clothed;
        &bared
    } else {
        report
    };
    let first = shown.colors.first().filter(|first| first.share >= limits.dominant_share)?;
    let may_be_shaded =
        || report.tints.iter().any(|(color, share)| is_vivid(color) && *share > limits.shaded_share);
    // Clothes told from skin and from all around them are what most of them measures.
    if report.bare.is_some() {
        let is_plain = first.name != "black" || first.share >= limits.black_share;
        return is_plain.then(|| (first.name.clone(), first.share));
    }
    let is_plain = match first.name.as_str() {
        // Deep shade is black on anything, and any shade gray on white clothes and black ones.
        "black" => false,
        "gray" => !worn && !may_be_shaded(),
        "white" => !may_be_shaded(),
        _ => true,
    };
    is_plain.then(|| (first.name.clone(), first.share))
}

/// Whether a picture is one in black and white.
pub(super) fn is_colorless(picture: &ColorReport, most: f32) -> bool {
    !picture.tints.is_empty()
        && picture.tints.iter().all(|(color, share)| is_neutral(color) || *share <= most)
}

#[cfg(test)]
mod tests {
    use lavr_types::perception::{ColorQuality, ColorShare};

    use super::*;

    fn report(colors: &[(&str, f32)], tints: &[(&str, f32)]) -> ColorReport {
        let share =
            |&(name, share): &(&str, f32)| ColorShare { name: name.into(), share, hex: "#000000".into() };
        let tints = tints.iter().map(|&(name, share)| (name.to_owned(), share)).collect();
        ColorReport { tints, ..ColorReport::new(ColorQuality::Mixed, colors.iter().map(share).collect()) }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_color_is_gone_only_where_no_tint_of_it_is_left() {
        let dark = report(&[("black", 0.9)], &[("red", 0.4), ("green", 0.0), ("blue", 0.01)]);
        assert!(is_gone(&dark, &names(&["green"]), 0.02));
        assert!(is_gone(&dark, &names(&["green", "blue"]), 0.02));
        assert!(!is_gone(&dark, &names(&["red"]), 0.02));
        assert!(!is_gone(&dark, &names(&["green", "red"]), 0.02));
        // Of this nothing is known.
        assert!(!is_gone(&dark, &names(&["pink"]), 0.02));
        assert!(!is_gone(&dark, &[], 0.02));
    }

    #[test]
    fn what_is_there_instead_must_be_plain() {
        let instead = |colors: &[(&str, f32)], tints: &[(&str, f32)], part| {
            super::instead(&report(colors, tints), part, Thresholds::builtin()).map(|(name, _)| name)
        };
        let one = |name: &str| Some(name.to_owned());
        assert_eq!(instead(&[("blue", 0.6), ("gray", 0.3)], &[("blue", 0.8)], Part::Thing), one("blue"));
        assert_eq!(instead(&[("blue", 0.45), ("gray", 0.4)], &[("blue", 0.8)], Part::Thing), None);
        // A gray thing that may be blue in the shade, and one that may not.
        assert_eq!(instead(&[("gray", 0.9)], &[("blue", 0.7)], Part::Thing), None);
        assert_eq!(instead(&[("gray", 0.9)], &[("blue", 0.1)], Part::Thing), one("gray"));
        // Shade makes clothes gray, and anything black.
        assert_eq!(instead(&[("gray", 0.9)], &[("blue", 0.1)], Part::Chest), None);
        assert_eq!(instead(&[("black", 0.9)], &[], Part::Thing), None);
        // Of clothes that were cut out, and of which skin was told, what dominates is theirs.
        let cut_out = |colors: &[(&str, f32)]| {
            let report = ColorReport { bare: Some(0.3), ..report(colors, &[]) };
            super::instead(&report, Part::Chest, Thresholds::builtin()).map(|(name, _)| name)
        };
        assert_eq!(cut_out(&[("gray", 0.6), ("white", 0.3)]), one("gray"));
        assert_eq!(cut_out(&[("black", 0.8)]), one("black"));
        assert_eq!(cut_out(&[("black", 0.6), ("white", 0.4)]), None);
        // Half of what shows is skin.
        assert_eq!(instead(&[("pink", 0.5), ("white", 0.45)], &[], Part::Chest), one("white"));
        assert_eq!(instead(&[("pink", 0.7), ("white", 0.25)], &[], Part::Chest), None);
    }

    #[test]
    fn what_some_call_the_claimed_color_counts_for_it() {
        let shown = report(&[("orange", 0.6), ("brown", 0.3)], &[("orange", 0.01), ("yellow", 0.0)]);
        let of = |color, part| of_neighbors(&shown, &names(&[color]), part, Thresholds::builtin());
        assert!(of("yellow", Part::Thing) > 0.5 && of("green", Part::Thing) == 0.0);
        // That orange may be skin.
        assert!(of("yellow", Part::Chest) == 0.0);
        assert!(is_near(&shown, &names(&["yellow"]), Thresholds::builtin()));
        assert!(!is_near(&shown, &names(&["green"]), Thresholds::builtin()));
    }

    #[test]
    fn a_picture_in_black_and_white_has_no_colors() {
        assert!(is_colorless(&report(&[], &[("gray", 0.9), ("red", 0.0)]), 0.02));
        assert!(!is_colorless(&report(&[], &[("gray", 0.9), ("red", 0.2)]), 0.02));
        assert!(!is_colorless(&report(&[], &[]), 0.02));
    }
}
