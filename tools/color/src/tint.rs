//! What a colour might be called in other light.
//!
//! A camera does not tell paint from light: a maroon coat in the shade is black in the picture, a white shirt in the evening
//! orange. So the question "is there anything red here?" is put to each colour in other light, too: brighter and dimmer, duller
//! and stronger. What none of these lights makes red is not red.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU16, Ordering},
};

use crate::{
    lab::{Lab, Linear, bytes, linear, to_lab},
    naming::{TERMS, votes},
};

/// How much brighter the light may be (linear).
const EXPOSURES: [f32; 6] = [0.4, 0.65, 1.0, 1.6, 2.5, 4.0];

/// How much stronger the colours may be: a lens, haze and glare make them duller.
const STRENGTHS: [f32; 3] = [0.7, 1.0, 1.5];

/// How far the hue may be turned, in degrees about the neutral axis: light is not white, and people draw the line between yellow
/// and orange each elsewhere.
const TURNS: [f32; 3] = [-10.0, 0.0, 10.0];

/// The share of the vote from which on a term may be meant.
const LEAST_VOTE: f32 = 0.25;

/// Bits of each sRGB channel that are looked at: colours so close have the same names.
const BITS: u32 = 5;

/// For each colour that was looked at the terms that it may have, and that it was looked at. A cache: it grows by what pictures show.
static KNOWN: [AtomicU16; 1 << (3 * BITS)] = [const { AtomicU16::new(0) }; 1 << (3 * BITS)];

const LOOKED_AT: u16 = 1 << TERMS.len();

/// For each basic colour term the share of some colours that may be called so in other light, where `gain` is what makes the
/// picture well exposed.
pub(crate) fn tints(colors: &[Linear], gain: f32) -> BTreeMap<String, f32> {
    let mut counts = [0usize; TERMS.len()];
    for color in colors {
        let terms = terms_of(color.map(|value| (value * gain).min(1.0)));
        for (term, count) in counts.iter_mut().enumerate() {
            *count += usize::from(terms & (1 << term) != 0);
        }
    }
    let share = |count: usize| count as f32 / colors.len().max(1) as f32;
    TERMS.iter().zip(counts).map(|(term, count)| ((*term).to_owned(), share(count))).collect()
}

/// The terms that a colour may have in other light, a bit for each.
fn terms_of(color: Linear) -> u16 {
    let bytes = bytes(color);
    let place = bytes.iter().fold(0, |place, byte| (place << BITS) | usize::from(byte >> (8 - BITS)));
    let Some(known) = KNOWN.get(place) else { return 0 };
    let terms = known.load(Ordering::Relaxed);
    if terms != 0 {
        return terms;
    }
    // The middle of what shares these bits.
    let middle = bytes.map(|byte| (byte >> (8 - BITS) << (8 - BITS)) | (1 << (7 - BITS)));
    let terms = LOOKED_AT | relit(middle.map(linear));
    known.store(terms, Ordering::Relaxed);
    terms
}

/// The terms of one colour in all lights.
fn relit(color: Linear) -> u16 {
    let mut terms = 0;
    for exposure in EXPOSURES {
        let Lab { l, a, b } = to_lab(color.map(|value| (value * exposure).min(1.0)));
        for turn in TURNS {
            let (sin, cos) = turn.to_radians().sin_cos();
            for strength in STRENGTHS {
                let lit = Lab { l, a: strength * (a * cos - b * sin), b: strength * (a * sin + b * cos) };
                for (term, vote) in votes(lit).into_iter().enumerate() {
                    terms |= u16::from(vote >= LEAST_VOTE) << term;
                }
            }
        }
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(color: [u8; 3]) -> Vec<&'static str> {
        let shares = tints(&[color.map(linear)], 1.0);
        TERMS.into_iter().filter(|term| shares[*term] > 0.0).collect()
    }

    #[test]
    fn what_light_makes_of_a_color_is_told() {
        // Maroon in the shade, white at dusk, navy.
        assert!(terms([40, 12, 14]).contains(&"red"), "{:?}", terms([40, 12, 14]));
        assert!(terms([170, 150, 130]).contains(&"white"));
        assert!(terms([20, 24, 44]).contains(&"blue") && terms([20, 24, 44]).contains(&"black"));
    }

    #[test]
    fn no_light_makes_green_of_red_or_black_of_white() {
        for (color, no) in [
            ([200, 30, 30], ["green", "blue"]),
            ([30, 60, 190], ["yellow", "red"]),
            ([250, 250, 250], ["black", "red"]),
            ([128, 128, 128], ["green", "red"]),
        ] {
            let terms = terms(color);
            assert!(no.iter().all(|no| !terms.contains(no)), "{color:?}: {terms:?}");
        }
    }

    #[test]
    fn shares_are_of_all_colors() {
        let colors =
            [[200, 30, 30], [30, 60, 190], [30, 60, 190], [250, 250, 250]].map(|color| color.map(linear));
        let shares = tints(&colors, 1.0);
        assert_eq!((shares["blue"], shares["green"], shares.len()), (0.5, 0.0, TERMS.len()));
        assert!(tints(&[], 1.0).values().all(|share| *share == 0.0));
    }
}
