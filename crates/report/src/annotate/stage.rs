//! The part of the drawing that the picture takes up.

use image::{RgbImage, imageops};
use lavr_types::{Rect, Size};

use super::{canvas::Canvas, style};

/// Pictures whose longer side is shorter are enlarged to it.
const SMALLEST_SIDE: u32 = 1000;
/// Pictures whose longer side is longer are shrunk to it.
const LARGEST_SIDE: u32 = 2400;
/// The stage is at least so wide and so high: room for the band's text, and for a chip or two.
const SMALLEST_STAGE: Size = Size::new(640, 160);
/// Pictures enlarged by more than this show their pixels as squares, not as a blur.
const SMOOTH_UP_TO: f64 = 8.0;

/// The picture's place and scale, in pixels of the drawing. It begins at the drawing's top left corner.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stage {
    pub(super) width: u32,
    pub(super) height: u32,
    picture: Size,
    shown: Size,
}

impl Stage {
    pub(super) fn of(picture: Size) -> Self {
        let longest = picture.width.max(picture.height).max(1);
        let side = longest.clamp(SMALLEST_SIDE, LARGEST_SIDE);
        let scaled =
            |length: u32| (f64::from(length) * f64::from(side) / f64::from(longest)).round().max(1.0) as u32;
        let shown = Size::new(scaled(picture.width), scaled(picture.height));
        Self {
            width: shown.width.max(SMALLEST_STAGE.width),
            height: shown.height.max(SMALLEST_STAGE.height),
            picture,
            shown,
        }
    }

    /// The whole stage.
    pub(super) fn bounds(&self) -> Rect {
        Size::new(self.width, self.height).bounds()
    }

    /// Where the picture is shown: in the middle.
    pub(super) fn shown(&self) -> Rect {
        let (left, top) = self.offset();
        let (left, top) = (f64::from(left), f64::from(top));
        Rect::new(left, top, left + f64::from(self.shown.width), top + f64::from(self.shown.height))
    }

    fn offset(&self) -> (u32, u32) {
        ((self.width - self.shown.width) / 2, (self.height - self.shown.height) / 2)
    }

    /// A box in pixels of the picture as it lies on the stage.
    pub(super) fn project(&self, bounds: Rect) -> Rect {
        let shown = self.shown();
        let (x, y) = (
            shown.width() / f64::from(self.picture.width.max(1)),
            shown.height() / f64::from(self.picture.height.max(1)),
        );
        Rect::new(
            shown.left + bounds.left * x,
            shown.top + bounds.top * y,
            shown.left + bounds.right * x,
            shown.top + bounds.bottom * y,
        )
        .clamped(shown)
    }

    /// Puts the picture on the canvas.
    pub(super) fn show(&self, pixels: &RgbImage, canvas: &mut Canvas) {
        canvas.fill(self.bounds(), 0.0, style::BACKDROP, 1.0);
        let (left, top) = self.offset();
        if self.shown == self.picture {
            canvas.put(pixels, left, top);
            return;
        }
        let scale = f64::from(self.shown.width.max(self.shown.height))
            / f64::from(self.picture.width.max(self.picture.height).max(1));
        let filter = if scale > SMOOTH_UP_TO {
            imageops::FilterType::Nearest
        } else {
            imageops::FilterType::CatmullRom
        };
        canvas.put(&imageops::resize(pixels, self.shown.width, self.shown.height, filter), left, top);
    }
}
