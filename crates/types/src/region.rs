//! Regions: boxes that know their image and the frame they are written in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Affine, ImageId, Rect, Size};

/// The coordinate space that a box is written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Frame {
    /// Pixels of the image.
    #[default]
    Pixels,
    /// 0 to 1 along each side.
    Unit,
    /// 0 to 1000 along each side, as Qwen-VL and others write boxes.
    PerMille,
    /// Pixels of a model's resized input: `input = pixel * scale + offset`, the offset being padding.
    Resized {
        /// Input pixels per image pixel, along x and y.
        scale: [f64; 2],
        /// Input pixels before the image begins, along x and y.
        offset: [f64; 2],
    },
}

impl Frame {
    /// The map from this frame to the pixels of an image of this size. `None` for a resized frame of scale 0.
    fn to_pixels(self, size: Size) -> Option<Affine> {
        let (width, height) = (f64::from(size.width), f64::from(size.height));
        match self {
            Self::Pixels => Some(Affine::IDENTITY),
            Self::Unit => Some(Affine::scale_then_move([width, height], [0.0, 0.0])),
            Self::PerMille => Some(Affine::scale_then_move([width / 1000.0, height / 1000.0], [0.0, 0.0])),
            Self::Resized { scale, offset } => Affine::scale_then_move(scale, offset).inverse(),
        }
    }
}

/// A box in an image, in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Region {
    /// The image that the box lies in.
    pub image: ImageId,
    /// The size of that image in pixels, so that the region maps between frames by itself.
    pub size: Size,
    /// The frame that `bounds` is written in.
    #[serde(default)]
    pub frame: Frame,
    /// The box.
    pub bounds: Rect,
}

impl Region {
    /// A box in an image of this size, in this frame.
    pub const fn new(image: ImageId, size: Size, frame: Frame, bounds: Rect) -> Self {
        Self { image, size, frame, bounds }
    }

    /// A box in pixels.
    pub const fn in_pixels(image: ImageId, size: Size, bounds: Rect) -> Self {
        Self::new(image, size, Frame::Pixels, bounds)
    }

    /// The whole image.
    pub fn whole(image: ImageId, size: Size) -> Self {
        Self::in_pixels(image, size, size.bounds())
    }

    /// The box in pixels of its image. It is not cut off at the image's edges.
    pub fn pixels(&self) -> Rect {
        // A frame without an inverse holds no point of the image: the box is empty.
        self.frame
            .to_pixels(self.size)
            .map_or(Rect::new(0.0, 0.0, 0.0, 0.0), |map| map.apply_rect(self.bounds))
    }

    /// The same box in another frame of the same image.
    #[must_use]
    pub fn in_frame(&self, frame: Frame) -> Self {
        let pixels = self.pixels();
        let bounds =
            frame.to_pixels(self.size).and_then(Affine::inverse).map_or(pixels, |map| map.apply_rect(pixels));
        Self { frame, bounds, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames() -> impl Strategy<Value = Frame> {
        prop_oneof![
            Just(Frame::Pixels),
            Just(Frame::Unit),
            Just(Frame::PerMille),
            (0.01..4.0f64, 0.01..4.0f64, 0.0..200.0f64, 0.0..200.0f64)
                .prop_map(|(x, y, left, top)| Frame::Resized { scale: [x, y], offset: [left, top] }),
        ]
    }

    proptest! {
        #[test]
        fn frames_are_exact(
            width in 1u32..10_000, height in 1u32..10_000,
            sides in prop::array::uniform4(0.0..1.0f64), way in prop::collection::vec(frames(), 1..6),
        ) {
            let size = Size::new(width, height);
            let [x0, y0, x1, y1] = sides;
            let (w, h) = (f64::from(width), f64::from(height));
            let start = Region::in_pixels(
                ImageId::of_pixels(Size::new(0, 0), &[]), size, Rect::new(x0 * w, y0 * h, x1 * w, y1 * h),
            );
            let end = way.into_iter().fold(start, |region, frame| region.in_frame(frame)).pixels();
            for (a, b) in <[f64; 4]>::from(start.bounds).into_iter().zip(<[f64; 4]>::from(end)) {
                prop_assert!((a - b).abs() < 1e-6, "{a} {b}");
            }
        }
    }
}
