//! Signs.

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};
use image::RgbImage;
use lavr_types::Rect;

use super::RenderError;
use crate::scenes::scene::SceneText;

/// The font of the reports, with its licence beside it there.
const FONT: &[u8] = include_bytes!("../../../../report/fonts/DejaVuSans-Bold.subset.ttf");

const PLATE: [u8; 3] = [250, 250, 246];
const INK: [u8; 3] = [24, 26, 32];

/// Width of the frame and the least distance of the letters from the edge, as shares of the sign's height.
const FRAME: f64 = 0.06;
const MARGIN: f64 = 0.2;

/// Draws a text as large as it fits onto a framed plate.
pub(super) fn sign(canvas: &mut RgbImage, text: &SceneText) -> Result<(), RenderError> {
    let font = FontRef::try_from_slice(FONT)?;
    let bounds = text.bounds;
    let inset = |by: f64| {
        let by = by * bounds.height();
        Rect::new(bounds.left + by, bounds.top + by, bounds.right - by, bounds.bottom - by)
    };
    fill_box(canvas, bounds, INK);
    fill_box(canvas, inset(FRAME), PLATE);
    let room = inset(MARGIN);
    let unit = font.as_scaled(PxScale::from(1.0));
    let wide: f32 = text.text.chars().map(|letter| unit.h_advance(unit.glyph_id(letter))).sum();
    let height = (room.height() as f32).min(room.width() as f32 / wide.max(1e-3));
    let scaled = font.as_scaled(PxScale::from(height));
    let mut x = bounds.center().x as f32 - wide * height / 2.0;
    let baseline = bounds.center().y as f32 + f32::midpoint(scaled.ascent(), scaled.descent());
    for letter in text.text.chars() {
        let glyph = scaled.glyph_id(letter);
        if let Some(outline) = font.outline_glyph(glyph.with_scale_and_position(height, point(x, baseline))) {
            let start = outline.px_bounds().min;
            outline.draw(|dx, dy, cover| {
                let (x, y) = (start.x as i64 + i64::from(dx), start.y as i64 + i64::from(dy));
                if let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y))
                    && let Some(pixel) = canvas.get_pixel_mut_checked(x, y)
                {
                    for (channel, ink) in pixel.0.iter_mut().zip(INK) {
                        let mixed = f32::from(*channel)
                            + (f32::from(ink) - f32::from(*channel)) * cover.clamp(0.0, 1.0);
                        *channel = mixed.round() as u8;
                    }
                }
            });
        }
        x += scaled.h_advance(glyph);
    }
    Ok(())
}

fn fill_box(canvas: &mut RgbImage, bounds: Rect, color: [u8; 3]) {
    let inside = bounds.clamped(Rect::new(0.0, 0.0, f64::from(canvas.width()), f64::from(canvas.height())));
    for y in inside.top.round() as u32..inside.bottom.round() as u32 {
        for x in inside.left.round() as u32..inside.right.round() as u32 {
            if let Some(pixel) = canvas.get_pixel_mut_checked(x, y) {
                pixel.0 = color;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_has_ink_on_its_plate_and_touches_nothing_else() {
        let mut canvas = RgbImage::from_pixel(200, 100, image::Rgb([90, 120, 90]));
        let bounds = Rect::new(20.0, 30.0, 180.0, 70.0);
        sign(&mut canvas, &SceneText { text: "FRESH BREAD".into(), bounds, carrier: "sign".into() }).unwrap();
        assert_eq!(canvas.get_pixel(10, 50).0, [90, 120, 90]);
        assert_eq!(canvas.get_pixel(21, 31).0, INK);
        let letters = (0..200).flat_map(|x| (38..62).map(move |y| (x, y)));
        let dark =
            letters.filter(|(x, y)| (30..170).contains(x) && canvas.get_pixel(*x, *y).0[0] < 80).count();
        assert!((200..2500).contains(&dark), "{dark}");
    }
}
