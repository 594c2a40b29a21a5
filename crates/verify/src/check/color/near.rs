//! How far a measured color may pass for one that some people call by another name: green for blue, gray for white.
//!
//! That two names are neighbors says nothing of one color: dark gray is no white, and a yellowish green no blue. In CIELAB, by hue or lightness.

use super::fit::is_neutral;

/// The hues that names stand for, in degrees of CIELAB's a and b, set by hand around those of the basic terms; red turns into pink at 360.
const HUES: [(&str, f32, f32); 8] = [
    ("red", 10.0, 40.0),
    ("orange", 40.0, 72.0),
    ("brown", 30.0, 85.0),
    ("yellow", 75.0, 110.0),
    ("green", 110.0, 200.0),
    ("blue", 220.0, 295.0),
    ("purple", 295.0, 335.0),
    ("pink", 335.0, 385.0),
];

/// Beyond the ends of a name's hues a color passes less and less for it: to 1/e at so many degrees.
const HUE_FADES: f32 = 25.0;

/// What lightness passes for white and for black: from where none does to where all of it does.
const WHITE: (f32, f32) = (0.35, 0.75);
const BLACK: (f32, f32) = (0.55, 0.2);

/// The chroma up to which a color passes for gray, to 1/e; and the one from which the hue of a grayish color can be told.
const GRAY_FADES: f32 = 14.0;
const TELLS_HUE: f32 = 8.0;

/// What a neutral color passes for a vivid neighbor, whatever its hue: white for yellow, black for brown.
const NEUTRAL_PASSES: f32 = 0.3;

/// How far the color `#rrggbb` of a name may pass for a neighboring one, 0 to 1.
pub(super) fn nearness(hex: &str, name: &str, color: &str) -> f32 {
    let Some([l, a, b]) = lab(hex) else { return 0.0 };
    let chroma = a.hypot(b);
    let ramp = |(from, to): (f32, f32)| ((l / 100.0 - from) / (to - from)).clamp(0.0, 1.0);
    match color {
        "white" => ramp(WHITE),
        "black" => ramp(BLACK),
        "gray" if is_neutral(name) => 1.0,
        "gray" => (-(chroma / GRAY_FADES).powi(2)).exp(),
        _ => {
            let by_hue = by_hue(b.atan2(a).to_degrees(), color);
            if is_neutral(name) {
                (1.0 - NEUTRAL_PASSES).mul_add((chroma / TELLS_HUE).min(1.0) * by_hue, NEUTRAL_PASSES)
            } else {
                by_hue
            }
        }
    }
}

fn by_hue(hue: f32, color: &str) -> f32 {
    let Some((_, from, to)) = HUES.iter().find(|(name, ..)| *name == color) else { return 0.0 };
    let middle = f32::midpoint(*from, *to);
    let away = ((hue - middle + 180.0).rem_euclid(360.0) - 180.0).abs() - (to - from) / 2.0;
    (-(away.max(0.0) / HUE_FADES).powi(2)).exp()
}

/// L*, a* and b* of `#rrggbb` under the light D65 (CIE 15:2004); none where it is no such color.
pub(super) fn lab(hex: &str) -> Option<[f32; 3]> {
    let channel = |at: usize| {
        let byte = hex.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok())?;
        let value = f32::from(byte) / 255.0;
        Some(if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) })
    };
    let (red, green, blue) = (channel(1)?, channel(3)?, channel(5)?);
    let x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505;
    let y = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    let z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.0890;
    let [x, y, z] = [x, y, z].map(|value: f32| {
        if value > 216.0 / 24_389.0 { value.cbrt() } else { (24_389.0 / 27.0 * value + 16.0) / 116.0 }
    });
    Some([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lightness_and_hue_are_those_of_cielab() {
        for (hex, [l, a, b]) in [
            ("#ffffff", [100.0, 0.0, 0.0]),
            ("#000000", [0.0, 0.0, 0.0]),
            ("#ff0000", [53.2, 80.1, 67.2]),
            ("#0000ff", [32.3, 79.2, -107.9]),
            ("#777777", [50.0, 0.0, 0.0]),
        ] {
            let lab = lab(hex).unwrap();
            let is_near = lab.iter().zip([l, a, b]).all(|(one, other)| (one - other).abs() < 0.3);
            assert!(is_near, "{hex}: {lab:?}");
        }
        assert_eq!(lab("no"), None);
    }

    #[test]
    fn a_neighbor_passes_by_hue_or_lightness() {
        for (hex, name, color, least, most) in [
            ("#464143", "gray", "white", 0.0, 0.05),
            ("#c8c8c8", "gray", "white", 0.9, 1.0),
            ("#464143", "gray", "black", 0.6, 1.0),
            ("#a8a92e", "green", "blue", 0.0, 0.01),
            ("#18365f", "blue", "green", 0.0, 0.1),
            ("#208080", "blue", "green", 0.9, 1.0),
            ("#b04040", "red", "pink", 0.5, 1.0),
            ("#808080", "gray", "blue", 0.3, 0.4),
        ] {
            let near = nearness(hex, name, color);
            assert!((least..=most).contains(&near), "{hex} {color}: {near}");
        }
    }
}
