//! An RGB picture with shapes whose edges are smooth.

use image::{Rgb, RgbImage};
use lavr_types::{Point, Rect};

pub(super) type Color = [u8; 3];

/// Where shapes are drawn. What lies outside of it is cut off.
pub(super) struct Canvas {
    image: RgbImage,
}

impl Canvas {
    pub(super) fn new(width: u32, height: u32, background: Color) -> Self {
        Self { image: RgbImage::from_pixel(width, height, Rgb(background)) }
    }

    pub(super) fn into_image(self) -> RgbImage {
        self.image
    }

    /// Puts pixels down with their top left corner at (x, y).
    pub(super) fn put(&mut self, pixels: &RgbImage, x: u32, y: u32) {
        image::imageops::replace(&mut self.image, pixels, x.into(), y.into());
    }

    /// Mixes a colour into a pixel; `share` from 0 (nothing) to 1 (the colour alone).
    pub(super) fn mix(&mut self, x: i64, y: i64, color: Color, share: f32) {
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return };
        if let Some(pixel) = self.image.get_pixel_mut_checked(x, y) {
            let share = share.clamp(0.0, 1.0);
            for (channel, new) in pixel.0.iter_mut().zip(color) {
                *channel = (f32::from(*channel) * (1.0 - share) + f32::from(new) * share).round() as u8;
            }
        }
    }

    /// Fills a box with round corners.
    pub(super) fn fill(&mut self, area: Rect, radius: f64, color: Color, share: f32) {
        let radius = radius.min(area.width() / 2.0).min(area.height() / 2.0).max(0.0);
        let center = area.center();
        let (half_width, half_height) = (area.width() / 2.0 - radius, area.height() / 2.0 - radius);
        self.shape(area, color, share, |point| {
            let dx = (point.x - center.x).abs() - half_width;
            let dy = (point.y - center.y).abs() - half_height;
            dx.max(0.0).hypot(dy.max(0.0)) + dx.max(dy).min(0.0) - radius
        });
    }

    /// Draws a line with round ends.
    pub(super) fn line(&mut self, from: Point, to: Point, width: f64, color: Color, share: f32) {
        let radius = width / 2.0;
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let length_squared = dx * dx + dy * dy;
        let spanned = Rect::new(from.x, from.y, to.x, to.y);
        let area = Rect::new(
            spanned.left - radius,
            spanned.top - radius,
            spanned.right + radius,
            spanned.bottom + radius,
        );
        self.shape(area, color, share, |point| {
            let along = (point.x - from.x) * dx + (point.y - from.y) * dy;
            let t = if length_squared > 0.0 { (along / length_squared).clamp(0.0, 1.0) } else { 0.0 };
            (point.x - from.x - t * dx).hypot(point.y - from.y - t * dy) - radius
        });
    }

    /// Fills where the distance to the shape's edge is negative, with a smooth edge one pixel wide.
    fn shape(&mut self, area: Rect, color: Color, share: f32, distance: impl Fn(Point) -> f64) {
        if !area.is_finite() {
            return;
        }
        let (width, height) = (f64::from(self.image.width()), f64::from(self.image.height()));
        let columns = (area.left - 1.0).clamp(0.0, width) as u32..(area.right + 2.0).clamp(0.0, width) as u32;
        let rows = (area.top - 1.0).clamp(0.0, height) as u32..(area.bottom + 2.0).clamp(0.0, height) as u32;
        for y in rows {
            for x in columns.clone() {
                let distance = distance(Point::new(f64::from(x) + 0.5, f64::from(y) + 0.5));
                let cover = (0.5 - distance).clamp(0.0, 1.0) as f32;
                if cover > 0.0 {
                    self.mix(x.into(), y.into(), color, share * cover);
                }
            }
        }
    }
}
