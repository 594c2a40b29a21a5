//! From a part of a picture to a network's input.

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use lavr_image::RgbImage;
use lavr_infer::ndarray::ArrayD;
use lavr_tool::ToolError;
use lavr_types::{Affine, Point, Rect};

/// What a network's input takes: `[1, 3, side, side]`, one plane a channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Input {
    /// Its width and height.
    pub(crate) side: usize,
    /// How the picture lies in it.
    pub(crate) fit: Fit,
    /// The order of its planes.
    pub(crate) channels: Channels,
    /// What is taken from a plane's levels (0 to 255), and what they are then divided by, in the order of the planes.
    pub(crate) normalization: [(f32, f32); 3],
}

/// How a picture lies in a square input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// With its proportions kept, centred, between borders of this level.
    Letterbox { border: u8 },
    /// Stretched over all of it.
    Stretch,
}

/// The order of an input's planes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channels {
    RedGreenBlue,
    BlueGreenRed,
}

/// A part of a picture and its place in a network's input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placed {
    input: Input,
    area: Rect,
    width: usize,
    height: usize,
    left: usize,
    top: usize,
}

impl Placed {
    /// The place of this part of a picture.
    pub(crate) fn new(area: Rect, input: Input) -> Self {
        let side = input.side;
        let (width, height) = match input.fit {
            Fit::Letterbox { .. } => {
                let scale = side as f64 / area.width().max(area.height());
                // Even, so that the borders are equal.
                let fit = |length: f64| ((length * scale / 2.0).round() as usize * 2).clamp(2, side);
                (fit(area.width()), fit(area.height()))
            }
            Fit::Stretch => (side, side),
        };
        Self { input, area, width, height, left: (side - width) / 2, top: (side - height) / 2 }
    }

    /// The network's input.
    pub(crate) fn tensor(&self, pixels: &RgbImage) -> Result<ArrayD<f32>, ToolError> {
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
        let side = self.input.side;
        ArrayD::from_shape_vec(vec![1, 3, side, side], self.normalized(resized.buffer()))
            .map_err(|error| failed(&error))
    }

    /// Lays the resized picture into the planes of the input.
    fn normalized(&self, resized: &[u8]) -> Vec<f32> {
        let Input { side, fit, channels, normalization } = self.input;
        let border = match fit {
            Fit::Letterbox { border } => border,
            Fit::Stretch => 0,
        };
        let mut input = Vec::with_capacity(3 * side * side);
        for (plane, (mean, deviation)) in normalization.into_iter().enumerate() {
            let table: [f32; 256] = std::array::from_fn(|level| (level as f32 - mean) / deviation);
            let border = table[usize::from(border)];
            let channel = match channels {
                Channels::RedGreenBlue => plane,
                Channels::BlueGreenRed => 2 - plane,
            };
            input.resize(input.len() + self.top * side, border);
            for row in resized.chunks_exact(self.width * 3) {
                input.resize(input.len() + self.left, border);
                input.extend(row.iter().skip(channel).step_by(3).map(|&level| table[usize::from(level)]));
                input.resize(input.len() + side - self.left - self.width, border);
            }
            input.resize((plane + 1) * side * side, border);
        }
        input
    }

    /// The length of the input's sides.
    pub(crate) const fn side(&self) -> usize {
        self.input.side
    }

    /// A point of the picture as a point of the input.
    pub(crate) fn to_input(self, x: f64, y: f64) -> [f64; 2] {
        let along = |at: f64, start: f64, length: f64, place: usize, room: usize| {
            place as f64 + (at - start) / length * room as f64
        };
        [
            along(x, self.area.left, self.area.width(), self.left, self.width),
            along(y, self.area.top, self.area.height(), self.top, self.height),
        ]
    }

    /// A box in the input as a box in the picture, cut off at the edges of the part that was looked at.
    pub(crate) fn to_picture(self, input: Rect) -> Rect {
        let [a, b] = [Point::new(input.left, input.top), Point::new(input.right, input.bottom)]
            .map(|corner| self.point_to_picture(corner));
        Rect::new(a.x, a.y, b.x, b.y)
    }

    /// A point in the input as a point in the picture, on the edge of the part that was looked at if it is none in it.
    pub(crate) fn point_to_picture(self, input: Point) -> Point {
        let (width, height) = (self.width as f64, self.height as f64);
        let scale = [self.area.width() / width, self.area.height() / height];
        let (left, top) = (self.left as f64, self.top as f64);
        let corner = [self.area.left - left * scale[0], self.area.top - top * scale[1]];
        let Point { x, y } = Affine::scale_then_move(scale, corner).apply(input);
        Point::new(x.clamp(self.area.left, self.area.right), y.clamp(self.area.top, self.area.bottom))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decode::Form;

    proptest! {
        #[test]
        fn the_picture_fills_its_place_in_the_input_and_comes_back_whole(
            left in 0.0..500.0f64, top in 0.0..500.0f64, width in 1.0..4000.0f64, height in 1.0..4000.0f64,
            form in prop::sample::select(vec![Form::NanoDet, Form::Yolo, Form::Detr]),
        ) {
            let area = Rect::new(left, top, left + width, top + height);
            let placed = Placed::new(area, form.input());
            prop_assert_eq!(placed.width.max(placed.height), form.input().side);
            if form.input().fit == Fit::Stretch {
                prop_assert_eq!(placed.width, placed.height);
            }
            let whole = Rect::new(
                placed.left as f64,
                placed.top as f64,
                (placed.left + placed.width) as f64,
                (placed.top + placed.height) as f64,
            );
            let [x, y] = placed.to_input(area.center().x, area.center().y);
            prop_assert!((x - whole.center().x).abs() < 1e-6 && (y - whole.center().y).abs() < 1e-6);
            let back = placed.to_picture(whole);
            for (a, b) in <[f64; 4]>::from(area).into_iter().zip(<[f64; 4]>::from(back)) {
                prop_assert!((a - b).abs() < 1e-6, "{area:?} {back:?}");
            }
        }

        #[test]
        fn a_point_comes_back_to_its_place_and_one_of_the_border_to_the_edge(
            left in 0.0..500.0f64, top in 0.0..500.0f64, width in 1.0..4000.0f64, height in 1.0..4000.0f64,
            across in -0.5..1.5f64, down in -0.5..1.5f64,
        ) {
            let area = Rect::new(left, top, left + width, top + height);
            let placed = Placed::new(area, Form::YoloPose.input());
            let point = Point::new(left + across * width, top + down * height);
            let [x, y] = placed.to_input(point.x, point.y);
            let back = placed.point_to_picture(Point::new(x, y));
            prop_assert!((back.x - point.x.clamp(area.left, area.right)).abs() < 1e-6, "{point:?} {back:?}");
            prop_assert!((back.y - point.y.clamp(area.top, area.bottom)).abs() < 1e-6, "{point:?} {back:?}");
        }
    }

    fn red() -> (RgbImage, Rect) {
        let pixels = RgbImage::from_pixel(832, 416, lavr_image::Rgb([255, 0, 0]));
        (pixels, Rect::new(0.0, 0.0, 832.0, 416.0))
    }

    #[test]
    fn for_nanodet_a_wide_picture_lies_between_black_bands_in_blue_green_red_order() {
        let (pixels, area) = red();
        let input = Placed::new(area, Form::NanoDet.input()).tensor(&pixels).unwrap();
        let (mean, deviation) = (123.675, 58.395);
        assert_eq!(input[[0, 2, 0, 0]], -mean / deviation);
        assert_eq!(input[[0, 2, 208, 208]], (255.0 - mean) / deviation);
        assert_eq!(input[[0, 0, 208, 208]], -103.53 / 57.375);
        assert_eq!((0..416).filter(|&y| input[[0, 2, y, 0]] > 0.0).count(), 208);
    }

    #[test]
    fn for_yolo_it_lies_between_gray_bands_in_red_green_blue_order() {
        let (pixels, area) = red();
        let input = Placed::new(area, Form::Yolo.input()).tensor(&pixels).unwrap();
        assert_eq!(input.shape(), [1, 3, 640, 640]);
        assert_eq!(input[[0, 2, 0, 0]], 114.0 / 255.0);
        assert_eq!((input[[0, 0, 320, 320]], input[[0, 2, 320, 320]]), (1.0, 0.0));
    }

    #[test]
    fn for_a_transformer_it_is_stretched() {
        let (pixels, area) = red();
        let input = Placed::new(area, Form::Detr.input()).tensor(&pixels).unwrap();
        assert!((0..640).all(|y| input[[0, 0, y, 0]] == 1.0));
    }
}
