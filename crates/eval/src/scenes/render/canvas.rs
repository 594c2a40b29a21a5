//! Backgrounds, and pictures with transparency laid on them.

use image::{RgbImage, Rgba32FImage, RgbaImage, imageops::FilterType};
use lavr_types::Rect;

use crate::scenes::scene::Background;

/// Fills a picture with a background: an even change from top to bottom.
pub(super) fn fill(canvas: &mut RgbImage, background: Background) {
    let last = f32::max(1.0, canvas.height().saturating_sub(1) as f32);
    for (_, y, pixel) in canvas.enumerate_pixels_mut() {
        let part = y as f32 / last;
        for ((channel, top), bottom) in pixel.0.iter_mut().zip(background.top).zip(background.bottom) {
            *channel = (f32::from(top) + (f32::from(bottom) - f32::from(top)) * part).round() as u8;
        }
    }
}

/// Lays a picture into a box, stretched to it. What lies outside of the canvas is left out.
pub(super) fn paste(canvas: &mut RgbImage, picture: &RgbaImage, bounds: Rect) {
    let (width, height) = (bounds.width().round() as u32, bounds.height().round() as u32);
    if width == 0 || height == 0 || picture.width() == 0 || picture.height() == 0 {
        return;
    }
    // Colors are weighted by their cover while they are mixed, so that what is transparent lends none of its own.
    let mut weighted = Rgba32FImage::new(picture.width(), picture.height());
    for (to, from) in weighted.pixels_mut().zip(picture.pixels()) {
        let [red, green, blue, cover] = from.0.map(|value| f32::from(value) / 255.0);
        to.0 = [red * cover, green * cover, blue * cover, cover];
    }
    let resized = image::imageops::resize(&weighted, width, height, FilterType::CatmullRom);
    let (left, top) = (bounds.left.round() as i64, bounds.top.round() as i64);
    for (x, y, from) in resized.enumerate_pixels() {
        let at = |start: i64, offset: u32| u32::try_from(start + i64::from(offset)).ok();
        let (Some(x), Some(y)) = (at(left, x), at(top, y)) else { continue };
        let Some(to) = canvas.get_pixel_mut_checked(x, y) else { continue };
        let cover = from.0[3].clamp(0.0, 1.0);
        for (channel, value) in to.0.iter_mut().zip(from.0) {
            let mixed = f32::from(*channel) / 255.0 * (1.0 - cover) + value.clamp(0.0, 1.0);
            *channel = (mixed.clamp(0.0, 1.0) * 255.0).round() as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_transparent_leaves_the_background_and_what_is_outside_is_left_out() {
        let mut canvas = RgbImage::new(40, 30);
        fill(&mut canvas, Background { top: [100; 3], bottom: [200; 3] });
        assert_eq!((canvas.get_pixel(0, 0).0, canvas.get_pixel(0, 29).0), ([100; 3], [200; 3]));
        let before = canvas.clone();
        let picture = RgbaImage::from_fn(8, 8, |x, _| image::Rgba([255, 0, 0, if x < 4 { 255 } else { 0 }]));
        paste(&mut canvas, &picture, Rect::new(32.0, 5.0, 48.0, 21.0));
        assert_eq!(canvas.get_pixel(33, 10).0, [255, 0, 0]);
        assert_eq!(canvas.get_pixel(20, 10), before.get_pixel(20, 10));
        paste(&mut canvas, &picture, Rect::new(-12.0, 5.0, 4.0, 21.0));
        assert_eq!(canvas.get_pixel(2, 10), before.get_pixel(2, 10));
    }
}
