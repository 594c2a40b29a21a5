//! Colours of which not even a tint shows.
//!
//! Names of colours divide what cameras see too finely to deny one where another was measured: dark red comes out black, and white
//! in the shade gray. But a place where nothing could be red in whatever light is not red, whatever else it shows.

use lavr_types::perception::ColorReport;

use super::{
    super::clothes,
    fit::{is_neutral, is_vivid},
};
use crate::Thresholds;

/// Whether no more than this share of what was measured could have one of these colours in other light. Not where that is
/// not known.
pub(super) fn is_gone(report: &ColorReport, colors: &[String], most: f32) -> bool {
    !colors.is_empty()
        && colors.iter().all(|color| report.tints.get(color).is_some_and(|share| *share <= most))
}

/// The share that colours have which some people call by the claimed one's name (yellow and orange), skin aside.
pub(super) fn of_neighbors(report: &ColorReport, colors: &[String], thresholds: &Thresholds) -> f32 {
    let shown = clothes::without_bare(report).0;
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
    fn what_some_call_the_claimed_color_counts_for_it() {
        let shown = report(&[("orange", 0.6), ("brown", 0.3)], &[("orange", 0.01), ("yellow", 0.0)]);
        // That orange may be skin.
        assert_eq!(of_neighbors(&shown, &names(&["yellow"]), Thresholds::builtin()), 0.0);
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
