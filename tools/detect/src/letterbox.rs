//! From a part of a picture to the network's input.

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use lavr_image::RgbImage;
use lavr_infer::ndarray::ArrayD;
use lavr_tool::ToolError;
use lavr_types::{Affine, Point, Rect};

/// Width and height of the network's input.
pub(crate) const SIDE: usize = 416;

/// Mean and standard deviation of the training pictures in the order blue, green, red, as the upstream
/// configuration (`config/legacy_v0.x_configs/nanodet-g.yml`) has them.
const NORMALIZATION: [(f32, f32); 3] = [(103.53, 57.375), (116.28, 57.12), (123.675, 58.395)];

/// How a part of a picture lies in the square input: shrunk or enlarged with its proportions kept, centred.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Letterbox {
    area: Rect,
    width: usize,
    height: usize,
    left: usize,
    top: usize,
}

impl Letterbox {
    /// The letterbox of this part of a picture.
    pub(crate) fn new(area: Rect) -> Self {
        let scale = SIDE as f64 / area.width().max(area.height());
        // Even, so that the borders are equal and a mirrored input is the exact mirror image.
        let fit = |side: f64| ((side * scale / 2.0).round() as usize * 2).clamp(2, SIDE);
        let (width, height) = (fit(area.width()), fit(area.height()));
        Self { area, width, height, left: (SIDE - width) / 2, top: (SIDE - height) / 2 }
    }

    /// The network's input: `[1, 3, 416, 416]`, blue, green, red, normalised; black around the picture.
    /// `mirrored` swaps left and right.
    pub(crate) fn tensor(&self, pixels: &RgbImage, mirrored: bool) -> Result<ArrayD<f32>, ToolError> {
        let failed = |error: &dyn std::fmt::Display| {
            ToolError::failed("the picture could not be resized for the detector")
                .caused_by(error.to_string())
        };
        let source = ImageRef::new(pixels.width(), pixels.height(), pixels.as_raw(), PixelType::U8x3)
            .map_err(|error| failed(&error))?;
        let mut resized = Image::new(self.width as u32, self.height as u32, PixelType::U8x3);
        // A triangle that widens as the picture shrinks, so that no source pixel is passed over.
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear))
            .crop(self.area.left, self.area.top, self.area.width(), self.area.height())
            .use_alpha(false);
        Resizer::new().resize(&source, &mut resized, &options).map_err(|error| failed(&error))?;
        ArrayD::from_shape_vec(vec![1, 3, SIDE, SIDE], self.normalized(resized.buffer(), mirrored))
            .map_err(|error| failed(&error))
    }

    /// Lays the resized picture into the planes of the input.
    fn normalized(&self, resized: &[u8], mirrored: bool) -> Vec<f32> {
        let tables = NORMALIZATION.map(|(mean, deviation)| {
            std::array::from_fn::<f32, 256, _>(|value| (value as f32 - mean) / deviation)
        });
        let mut input = Vec::with_capacity(3 * SIDE * SIDE);
        for (plane, table) in tables.iter().enumerate() {
            let channel = 2 - plane;
            let black = table[0];
            input.resize(input.len() + self.top * SIDE, black);
            for row in resized.chunks_exact(self.width * 3) {
                input.resize(input.len() + self.left, black);
                let values = row.iter().skip(channel).step_by(3).map(|&value| table[usize::from(value)]);
                if mirrored {
                    input.extend(values.rev());
                } else {
                    input.extend(values);
                }
                input.resize(input.len() + SIDE - self.left - self.width, black);
            }
            input.resize((plane + 1) * SIDE * SIDE, black);
        }
        input
    }

    /// A box in the input as a box in the picture, cut off at the edges of the part that was looked at.
    pub(crate) fn to_picture(self, input: Rect) -> Rect {
        let (width, height) = (self.width as f64, self.height as f64);
        let scale = [self.area.width() / width, self.area.height() / height];
        let (left, top) = (self.left as f64, self.top as f64);
        let map = Affine::scale_then_move(
            scale,
            [self.area.left - left * scale[0], self.area.top - top * scale[1]],
        );
        let (a, b) =
            (map.apply(Point::new(input.left, input.top)), map.apply(Point::new(input.right, input.bottom)));
        Rect::new(a.x, a.y, b.x, b.y).clamped(self.area)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_picture_fills_one_side_of_the_input_and_comes_back_whole(
            left in 0.0..500.0f64, top in 0.0..500.0f64, width in 1.0..4000.0f64, height in 1.0..4000.0f64,
        ) {
            let area = Rect::new(left, top, left + width, top + height);
            let letterbox = Letterbox::new(area);
            prop_assert_eq!(letterbox.width.max(letterbox.height), SIDE);
            let whole = Rect::new(
                letterbox.left as f64,
                letterbox.top as f64,
                (letterbox.left + letterbox.width) as f64,
                (letterbox.top + letterbox.height) as f64,
            );
            let back = letterbox.to_picture(whole);
            for (a, b) in <[f64; 4]>::from(area).into_iter().zip(<[f64; 4]>::from(back)) {
                prop_assert!((a - b).abs() < 1e-6, "{area:?} {back:?}");
            }
        }
    }

    #[test]
    fn a_wide_picture_lies_between_black_bands_in_blue_green_red_order() {
        let red = RgbImage::from_pixel(832, 416, lavr_image::Rgb([255, 0, 0]));
        let input = Letterbox::new(Rect::new(0.0, 0.0, 832.0, 416.0)).tensor(&red, false).unwrap();
        let [blue_mean, red_mean] = [NORMALIZATION[0], NORMALIZATION[2]];
        assert_eq!(input[[0, 2, 0, 0]], -red_mean.0 / red_mean.1);
        assert_eq!(input[[0, 2, 208, 208]], (255.0 - red_mean.0) / red_mean.1);
        assert_eq!(input[[0, 0, 208, 208]], -blue_mean.0 / blue_mean.1);
        let bright_rows = (0..SIDE).filter(|&y| input[[0, 2, y, 0]] > 0.0).count();
        assert_eq!(bright_rows, 208);
    }

    #[test]
    fn a_mirrored_input_is_the_other_way_round() {
        let picture = RgbImage::from_fn(416, 416, |x, _| lavr_image::Rgb([(x / 2) as u8, 0, 0]));
        let area = Rect::new(0.0, 0.0, 416.0, 416.0);
        let plain = Letterbox::new(area).tensor(&picture, false).unwrap();
        let mirrored = Letterbox::new(area).tensor(&picture, true).unwrap();
        assert_eq!(plain[[0, 2, 7, 10]], mirrored[[0, 2, 7, 405]]);
    }
}
