//! Painting things over: their light and shade stay, their color is another.

use image::RgbaImage;

/// The paints: a basic term with the sRGB color of a surface in full light.
pub const PAINTS: &[(&str, [u8; 3])] = &[
    ("red", [226, 32, 32]),
    ("green", [44, 170, 64]),
    ("blue", [44, 84, 226]),
    ("yellow", [255, 224, 30]),
    ("white", [255, 255, 255]),
    ("black", [52, 52, 54]),
];

/// Gives every pixel the paint's color at its own lightness, stretched so that the picture's mean lightness becomes 0.75 of
/// full light: a dark thing in white paint is white. Colors that are no paint change nothing.
pub(super) fn paint(picture: &mut RgbaImage, color: &str) {
    let Some((_, paint)) = PAINTS.iter().find(|(name, _)| *name == color) else { return };
    let lightness = |[red, green, blue, _]: [u8; 4]| {
        (0.299 * f32::from(red) + 0.587 * f32::from(green) + 0.114 * f32::from(blue)) / 255.0
    };
    let (mut sum, mut cover) = (0.0_f64, 0.0_f64);
    for pixel in picture.pixels() {
        let weight = f64::from(pixel.0[3]);
        sum += weight * f64::from(lightness(pixel.0));
        cover += weight;
    }
    let mean = if cover > 0.0 { (sum / cover) as f32 } else { 0.5 };
    for pixel in picture.pixels_mut() {
        // Half of the contrast: deep shade has no color left to name.
        let light = (0.75 + 0.55 * (lightness(pixel.0) - mean)).clamp(0.2, 1.0);
        for (channel, full) in pixel.0.iter_mut().zip(paint) {
            *channel = (f32::from(*full) * light).round() as u8;
        }
    }
}
