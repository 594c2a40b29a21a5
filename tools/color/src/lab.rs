//! From sRGB bytes to CIELAB.
//!
//! The transfer function and the primaries are those of IEC 61966-2-1 (sRGB), the white point is D65, and CIELAB is
//! that of CIE 15:2004.

use std::sync::OnceLock;

/// D65, 2 degree observer, Y = 1.
const WHITE: [f32; 3] = [0.950_47, 1.0, 1.088_83];

/// A colour in CIELAB: lightness 0 to 100, green to red, blue to yellow.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Lab {
    pub(crate) l: f32,
    pub(crate) a: f32,
    pub(crate) b: f32,
}

impl Lab {
    /// The squared CIE 1976 difference.
    pub(crate) fn squared_distance(self, other: Self) -> f32 {
        let (l, a, b) = (self.l - other.l, self.a - other.a, self.b - other.b);
        l * l + a * a + b * b
    }

    /// The distance from the neutral axis.
    pub(crate) fn chroma(self) -> f32 {
        self.a.hypot(self.b)
    }
}

/// Linear light, 0 to 1.
pub(crate) type Linear = [f32; 3];

/// One byte as linear light.
pub(crate) fn linear(byte: u8) -> f32 {
    static TABLE: OnceLock<[f32; 256]> = OnceLock::new();
    TABLE.get_or_init(|| {
        std::array::from_fn(|value| {
            let value = value as f32 / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        })
    })[usize::from(byte)]
}

/// Relative luminance, 0 to 1.
pub(crate) fn luminance([r, g, b]: Linear) -> f32 {
    0.212_672_9 * r + 0.715_152_2 * g + 0.072_175 * b
}

/// Linear light as CIELAB.
pub(crate) fn to_lab(color: Linear) -> Lab {
    let [r, g, b] = color;
    let x = 0.412_456_4 * r + 0.357_576_1 * g + 0.180_437_5 * b;
    let z = 0.019_333_9 * r + 0.119_192 * g + 0.950_304_1 * b;
    let [x, y, z] = [x / WHITE[0], luminance(color) / WHITE[1], z / WHITE[2]].map(cube_root);
    Lab { l: 116.0 * y - 16.0, a: 500.0 * (x - y), b: 200.0 * (y - z) }
}

fn cube_root(t: f32) -> f32 {
    if t > 216.0 / 24_389.0 { t.cbrt() } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 }
}

/// Linear light as sRGB.
pub(crate) fn bytes(color: Linear) -> [u8; 3] {
    color.map(|value| {
        let value = value.clamp(0.0, 1.0);
        let encoded =
            if value <= 0.003_130_8 { value * 12.92 } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 };
        (encoded * 255.0).round() as u8
    })
}

/// Linear light as `#rrggbb`.
pub(crate) fn hex(color: Linear) -> String {
    let [r, g, b] = bytes(color);
    format!("#{r:02x}{g:02x}{b:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lab(bytes: [u8; 3]) -> [f32; 3] {
        let lab = to_lab(bytes.map(linear));
        [lab.l, lab.a, lab.b]
    }

    #[test]
    fn the_primaries_have_their_published_values() {
        let known = [
            ([255, 255, 255], [100.0, 0.0, 0.0]),
            ([0, 0, 0], [0.0, 0.0, 0.0]),
            ([255, 0, 0], [53.24, 80.09, 67.20]),
            ([0, 255, 0], [87.73, -86.18, 83.18]),
            ([0, 0, 255], [32.30, 79.19, -107.86]),
        ];
        for (bytes, expected) in known {
            for (value, expected) in lab(bytes).into_iter().zip(expected) {
                assert!((value - expected).abs() < 0.05, "{bytes:?}: {value} {expected}");
            }
        }
    }

    #[test]
    fn bytes_survive_the_way_through_linear_light() {
        for bytes in [[0, 1, 2], [10, 128, 255], [200, 99, 33]] {
            let [r, g, b] = bytes;
            assert_eq!(hex(bytes.map(linear)), format!("#{r:02x}{g:02x}{b:02x}"));
        }
    }
}
