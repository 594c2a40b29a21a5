//! Whether people would call what was measured by a name.
//!
//! The shares of colors in a box say little by themselves: red in the shade measures black, a white shirt has gray folds, and a
//! third of a box is what stands behind. How much each sign counts is learned, from things and clothes in photographs of
//! which people told the color: a logistic regression says how likely a name is one of those that people would use, and one over all
//! names which of them they would use first. Signs and weights are named alike ([`SIGNS`], `[color.named]` and
//! `[color.first]` of `thresholds.toml`); `fit_colors.rs` among the examples of lavr-eval makes the weights.

use lavr_types::perception::{ColorQuality, ColorReport, ColorShare};

use super::{
    super::clothes,
    fit::{Fit, is_neutral, is_vivid},
    near::{lab, nearness},
    signs::{SIGNS, Weights},
};
use crate::Thresholds;

/// What was measured of one place, and what is known of the place.
pub(super) struct Sight<'r> {
    /// The place.
    pub(super) place: &'r ColorReport,
    /// Whether the place is on a person, for clothes.
    pub(super) is_worn: bool,
    /// Whether the place is where clothes mostly are in a person's box, without a look at the body.
    pub(super) is_guessed: bool,
    /// Whether the text gives the thing other colors, too ("black and white"), so that a little of this one is enough.
    pub(super) is_one_of_several: bool,
}

/// No tint is left where no more of the place than this has one.
const GONE: f32 = 0.02;

/// Less than this of clothes without skin says little of all of them.
const LEAST_CLOTHED: f32 = 0.15;

impl Sight<'_> {
    /// What the place says of a claim that the thing has one of these colors.
    pub(super) fn fit(&self, accepted: &[String], thresholds: &Thresholds) -> Fit {
        let limits = &thresholds.color;
        match self.place.quality {
            ColorQuality::TooDark => return Fit::Unclear("it is too dark to tell colours".to_owned()),
            ColorQuality::TooSmall => return Fit::Unclear("it is too small to measure".to_owned()),
            ColorQuality::Mixed | ColorQuality::Clear => {}
        }
        let named = |color: &str| logistic(self.sum(color, &limits.named, thresholds));
        let likely = accepted.iter().map(|color| named(color)).fold(0.0, f32::max);
        if likely >= limits.supported_likelihood {
            return Fit::Fits(likely);
        }
        if likely > limits.contradicted_likelihood {
            return Fit::Unclear(format!("one in {:.0} would call it so", 1.0 / likely.max(0.01)));
        }
        let tint = |color: &String| self.place.tints.get(color).copied().unwrap_or(0.0);
        if self.is_one_of_several {
            return if accepted.iter().any(|color| tint(color) >= GONE) {
                Fit::Unclear("some of it could be so".to_owned())
            } else {
                Fit::Gone
            };
        }
        match self.first(accepted, thresholds) {
            Some((color, share)) if share >= limits.first_share => Fit::Other(color.to_owned(), 1.0 - likely),
            _ => Fit::Gone,
        }
    }

    /// The name that people would use first, the claimed ones aside, and how many of them.
    fn first(&self, accepted: &[String], thresholds: &Thresholds) -> Option<(&str, f32)> {
        let weights = &thresholds.color.first;
        let names = self.place.tints.keys();
        let sums: Vec<(&str, f32)> =
            names.map(|color| (color.as_str(), self.sum(color, weights, thresholds))).collect();
        let all: f32 = sums.iter().map(|(_, sum)| sum.exp()).sum();
        let others = sums.into_iter().filter(|(color, _)| !accepted.iter().any(|one| one == color));
        others.max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(color, sum)| (color, sum.exp() / all))
    }

    fn sum(&self, color: &str, weights: &Weights, thresholds: &Thresholds) -> f32 {
        weights.of(&self.signs(color, thresholds))
    }

    /// The signs of a color, in the order of [`SIGNS`].
    pub(super) fn signs(&self, color: &str, thresholds: &Thresholds) -> [f32; SIGNS.len()] {
        let (place, worn) = (self.place, self.is_worn);
        let may_be_bare = |name: &str| worn && clothes::may_be_bare(name);
        let clothed = place.colors.iter().filter(|one| !may_be_bare(&one.name)).map(|one| one.share);
        let kept = clothed.sum::<f32>().max(LEAST_CLOTHED);
        // What may be skin counts where that is what is claimed.
        let shown = place.colors.iter().filter_map(|one| match (may_be_bare(&one.name), one.name == color) {
            (true, false) => None,
            (true, true) => Some((one, one.share)),
            _ => Some((one, one.share / kept)),
        });
        let shown: Vec<(&ColorShare, f32)> = shown.collect();
        let is_near = |name: &str| name != color && thresholds.are_neighbors(color, name);
        let is_other = |name: &str| name != color && !thresholds.are_neighbors(color, name);
        let most = |is: &dyn Fn(&str) -> bool| -> f32 {
            shown.iter().filter(|(one, _)| is(&one.name)).map(|(_, share)| *share).fold(0.0, f32::max)
        };
        let share: f32 = shown.iter().filter(|(one, _)| one.name == color).map(|(_, share)| share).sum();
        let neighbors = shown.iter().filter(|(one, _)| is_near(&one.name));
        let near: f32 = neighbors.map(|(one, share)| share * nearness(&one.hex, &one.name, color)).sum();
        let (other, vivid) = (most(&is_other), most(&|name| is_other(name) && is_vivid(name)));
        let tint = place.tints.get(color).copied().unwrap_or(0.0);
        let logarithm = |share: f32| (share + 1e-3).log10();
        let flag = |is: bool| f32::from(u8::from(is));
        let (neutral, gone, light) = (flag(is_neutral(color)), flag(tint < GONE), self.lightness());
        let is = |name: &str| flag(color == name);
        [
            share.sqrt(),
            logarithm(tint),
            logarithm(tint) * neutral,
            gone,
            near,
            near * flag(worn),
            other,
            other * gone,
            vivid * neutral,
            light * is("white"),
            light * is("black"),
            flag(worn),
            neutral,
            flag(may_be_bare(color)),
            is("white"),
            is("black"),
            is("gray"),
            is("brown"),
            flag(worn && place.bare.is_none()),
            flag(self.is_guessed),
        ]
    }

    /// How light it is, 0 to 1: the colors' own L* in CIELAB, by their shares.
    fn lightness(&self) -> f32 {
        let is_shown = |name: &str| !(self.is_worn && clothes::may_be_bare(name));
        let shown: Vec<_> = self.place.colors.iter().filter(|one| is_shown(&one.name)).collect();
        let shown = if shown.is_empty() { self.place.colors.iter().collect() } else { shown };
        let all: f32 = shown.iter().map(|one| one.share).sum();
        if all <= 0.0 {
            return 0.0;
        }
        shown.iter().map(|one| one.share / all * lightness(&one.hex)).sum()
    }
}

/// The lightness of `#rrggbb`, 0 to 1; 0 where it is no such color.
fn lightness(hex: &str) -> f32 {
    lab(hex).map_or(0.0, |[lightness, ..]| lightness / 100.0)
}

fn logistic(sum: f32) -> f32 {
    1.0 / (1.0 + (-sum).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 11] =
        ["black", "white", "gray", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown"];

    fn report(colors: &[(&str, f32, &str)], tints: &[(&str, f32)]) -> ColorReport {
        let share = |&(name, share, hex): &(&str, f32, &str)| ColorShare {
            name: name.into(),
            share,
            hex: hex.into(),
        };
        let mut all: std::collections::BTreeMap<String, f32> =
            NAMES.iter().map(|name| ((*name).to_owned(), 0.0)).collect();
        all.extend(tints.iter().map(|(name, share)| ((*name).to_owned(), *share)));
        let colors = colors.iter().map(share).collect();
        ColorReport { tints: all, ..ColorReport::new(ColorQuality::Mixed, colors) }
    }

    fn fit(place: &ColorReport, is_worn: bool, color: &str) -> Fit {
        let sight = Sight { place, is_worn, is_guessed: false, is_one_of_several: false };
        sight.fit(&[color.to_owned()], Thresholds::builtin())
    }

    #[test]
    fn a_plain_color_is_told_from_any_other() {
        let red =
            report(&[("red", 0.9, "#c02020"), ("black", 0.1, "#201010")], &[("red", 0.95), ("pink", 0.4)]);
        for is_worn in [false, true] {
            assert!(matches!(fit(&red, is_worn, "red"), Fit::Fits(_)));
            for other in ["green", "blue", "yellow"] {
                assert!(matches!(fit(&red, is_worn, other), Fit::Other(name, _) if name == "red"), "{other}");
            }
        }
    }

    #[test]
    fn what_may_be_so_in_other_light_stays_open() {
        let shaded =
            report(&[("black", 0.6, "#2a1010"), ("gray", 0.3, "#605050")], &[("black", 0.7), ("red", 0.6)]);
        assert!(matches!(fit(&shaded, false, "red"), Fit::Unclear(_)));
        let dark = ColorReport { quality: ColorQuality::TooDark, ..shaded };
        assert!(matches!(fit(&dark, false, "green"), Fit::Unclear(_)));
    }

    #[test]
    fn of_a_color_among_several_a_tint_is_enough() {
        let bird = report(
            &[("black", 0.9, "#101010"), ("gray", 0.1, "#404040")],
            &[("black", 0.9), ("green", 0.03)],
        );
        assert!(matches!(fit(&bird, false, "green"), Fit::Other(name, _) if name == "black"));
        let several = Sight { place: &bird, is_worn: false, is_guessed: false, is_one_of_several: true };
        let fit = |color: &str| several.fit(&[color.to_owned()], Thresholds::builtin());
        assert!(matches!(fit("green"), Fit::Unclear(_)));
        assert!(matches!(fit("yellow"), Fit::Gone));
    }

    #[test]
    fn skin_is_no_color_of_clothes() {
        let shirt =
            report(&[("brown", 0.5, "#b08060"), ("blue", 0.5, "#2030a0")], &[("blue", 0.5), ("brown", 0.1)]);
        let sight = |is_worn| Sight { place: &shirt, is_worn, is_guessed: false, is_one_of_several: false };
        let share = |is_worn| sight(is_worn).signs("blue", Thresholds::builtin())[0];
        assert!(share(true) > 0.99 && share(false) < 0.72, "{} {}", share(true), share(false));
    }

    #[test]
    fn lightness_is_that_of_cielab() {
        for (hex, light) in [("#ffffff", 1.0), ("#000000", 0.0), ("#777777", 0.5), ("no", 0.0)] {
            assert!((lightness(hex) - light).abs() < 0.01, "{hex}: {}", lightness(hex));
        }
    }
}
