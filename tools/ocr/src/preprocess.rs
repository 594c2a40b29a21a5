//! From pixels to the detector's input.
//!
//! The picture is brought to a size that the detector likes, padded to whole strides, and cut into tiles that
//! overlap. Memory then depends on the tile and not on the picture; the maps of the tiles are put together before
//! any line is looked for, so that a line may run across as many tiles as it likes.

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use lavr_image::RgbImage;
use lavr_infer::ndarray::{ArrayD, IxDyn};
use lavr_types::{Rect, Size};

use crate::OcrError;

/// Sides of the detector's input are multiples of this (model card).
pub const STRIDE: u32 = 32;
/// The shorter side is enlarged to this (as RapidOCR does).
const SHORT_SIDE: f64 = 736.0;
/// How much a small picture may be enlarged: a little at first, since letters that fill it would grow too large for
/// the detector and fall apart, and more when nothing was found.
pub const ENLARGEMENTS: [f64; 2] = [2.5, 6.0];
/// The most pixels that the detector is shown. An A4 page of 200 dpi keeps nine tenths of its resolution.
const MOST_PIXELS: f64 = 3_000_000.0;
/// The longest tile, ...
const TILE_WIDTH: u32 = 41 * STRIDE;
/// ... and the most pixels in one: this bounds the memory of the detector's run.
const TILE_PIXELS: u32 = 640_000;
/// How far a tile sees beyond the part of the map that is taken from it, in pixels.
const MARGIN: u32 = STRIDE;

/// The size at which a picture is shown to the detector, before padding.
pub fn detection_size(size: Size, most_enlarged: f64) -> Size {
    let (width, height) = (f64::from(size.width.max(1)), f64::from(size.height.max(1)));
    let enlarged = (SHORT_SIDE / width.min(height)).clamp(1.0, most_enlarged);
    let scale = enlarged.min((MOST_PIXELS / (width * height)).sqrt());
    let side = |length: f64| (length * scale).round().max(1.0) as u32;
    Size::new(side(width), side(height))
}

/// A part of the padded picture that the detector is shown at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// Left edge of the input.
    pub left: u32,
    /// Top edge of the input.
    pub top: u32,
    /// Width of the input, a multiple of [`STRIDE`].
    pub width: u32,
    /// Height of the input, a multiple of [`STRIDE`].
    pub height: u32,
    /// The part of the whole map that is taken from this tile: left, top, right, bottom.
    pub core: [u32; 4],
}

/// The tiles of a picture of this size. Their cores cover the padded picture without overlap.
pub fn tiles(size: Size) -> Vec<Tile> {
    let (width, height) = (padded(size.width), padded(size.height));
    let columns = segments(width, TILE_WIDTH);
    let widest = columns.iter().map(|segment| segment.end - segment.start).max().unwrap_or(STRIDE);
    let rows = segments(height, (TILE_PIXELS / widest / STRIDE).max(4) * STRIDE);
    rows.iter()
        .flat_map(|row| {
            columns.iter().map(move |column| Tile {
                left: column.start,
                top: row.start,
                width: column.end - column.start,
                height: row.end - row.start,
                core: [column.core_start, row.core_start, column.core_end, row.core_end],
            })
        })
        .collect()
}

/// A length, padded to whole strides.
pub fn padded(length: u32) -> u32 {
    length.max(1).next_multiple_of(STRIDE)
}

struct Segment {
    start: u32,
    end: u32,
    core_start: u32,
    core_end: u32,
}

/// Cuts a length into parts of at most `longest`, of about the same size, with margins towards their neighbours.
fn segments(length: u32, longest: u32) -> Vec<Segment> {
    let count = if length <= longest { 1 } else { length.div_ceil(longest - 2 * MARGIN) };
    let core = (length / STRIDE).div_ceil(count) * STRIDE;
    (0..length.div_ceil(core))
        .map(|index| {
            let (core_start, core_end) = (index * core, ((index + 1) * core).min(length));
            Segment {
                start: core_start.saturating_sub(MARGIN),
                end: (core_end + MARGIN).min(length),
                core_start,
                core_end,
            }
        })
        .collect()
}

/// A part of a picture in another size. Shrinking averages, enlarging interpolates.
///
/// # Errors
/// When the part lies outside the picture or a side is zero.
pub fn resized(
    picture: &RgbImage,
    part: Rect,
    size: Size,
    enlarge: FilterType,
) -> Result<RgbImage, OcrError> {
    let fail = |error: &dyn std::fmt::Display| OcrError::Resize(error.to_string());
    let source = ImageRef::new(picture.width(), picture.height(), picture.as_raw(), PixelType::U8x3)
        .map_err(|error| fail(&error))?;
    let mut target = Image::new(size.width, size.height, PixelType::U8x3);
    let shrinks = part.width() > f64::from(size.width) || part.height() > f64::from(size.height);
    let filter = if shrinks { FilterType::Bilinear } else { enlarge };
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(filter))
        .crop(part.left, part.top, part.width(), part.height())
        .use_alpha(false);
    Resizer::new().resize(&source, &mut target, &options).map_err(|error| fail(&error))?;
    RgbImage::from_raw(size.width, size.height, target.into_vec()).ok_or_else(|| fail(&"wrong size"))
}

/// The detector's input for one tile, `[1, 3, height, width]`: blue, green, red, from -1 to 1 (model card). Beyond
/// the picture its last row and column go on, so that its edge does not look like the edge of a letter.
pub fn tile_input(picture: &RgbImage, tile: Tile) -> ArrayD<f32> {
    let (width, height) = (tile.width as usize, tile.height as usize);
    let mut input = vec![0.0; 3 * width * height];
    let stride = picture.width() as usize * 3;
    let last_column = picture.width() as usize - 1;
    for row in 0..height {
        let y = (tile.top as usize + row).min(picture.height() as usize - 1);
        let line = &picture.as_raw()[y * stride..(y + 1) * stride];
        for column in 0..width {
            let x = (tile.left as usize + column).min(last_column);
            for channel in 0..3 {
                input[(2 - channel) * width * height + row * width + column] =
                    normalized(line[3 * x + channel]);
            }
        }
    }
    // The length fits the shape by construction.
    ArrayD::from_shape_vec(IxDyn(&[1, 3, height, width]), input)
        .unwrap_or_else(|_| ArrayD::zeros(IxDyn(&[0])))
}

/// A pixel as both networks take it: 0 to 255 becomes -1 to 1.
pub(crate) fn normalized(value: u8) -> f32 {
    f32::from(value) / 127.5 - 1.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cores_cover_the_padded_picture_once(width in 1u32..5000, height in 1u32..5000) {
            let tiles = tiles(Size::new(width, height));
            let area: u64 = tiles
                .iter()
                .map(|tile| u64::from(tile.core[2] - tile.core[0]) * u64::from(tile.core[3] - tile.core[1]))
                .sum();
            prop_assert_eq!(area, u64::from(padded(width)) * u64::from(padded(height)));
            for tile in tiles {
                prop_assert!(tile.width % STRIDE == 0 && tile.height % STRIDE == 0);
                prop_assert!(tile.left <= tile.core[0] && tile.core[2] <= tile.left + tile.width);
                prop_assert!(tile.top <= tile.core[1] && tile.core[3] <= tile.top + tile.height);
                prop_assert!(tile.width <= TILE_WIDTH && tile.width * tile.height <= TILE_PIXELS);
            }
        }

        #[test]
        fn the_detector_is_never_shown_too_much(width in 1u32..20_000, height in 1u32..20_000) {
            let size = detection_size(Size::new(width, height), ENLARGEMENTS[1]);
            prop_assert!(size.width > 0 && size.height > 0);
            prop_assert!(size.area() as f64 <= MOST_PIXELS + f64::from(size.width + size.height + 1));
        }
    }

    #[test]
    fn a_page_keeps_its_size_and_a_small_picture_grows() {
        let first = |width, height| detection_size(Size::new(width, height), ENLARGEMENTS[0]);
        assert_eq!(first(1240, 1754), Size::new(1240, 1754));
        assert_eq!(first(640, 480), Size::new(981, 736));
        assert_eq!(first(100, 50), Size::new(250, 125));
    }

    #[test]
    fn the_input_is_blue_green_red_from_minus_one_to_one() {
        let picture = RgbImage::from_pixel(40, 3, lavr_image::Rgb([255, 51, 0]));
        let tile = tiles(Size::new(40, 3))[0];
        let input = tile_input(&picture, tile);
        assert_eq!(input.shape(), [1, 3, 32, 64]);
        for (channel, value) in [-1.0, 51.0 / 127.5 - 1.0, 1.0].into_iter().enumerate() {
            assert!((input[[0, channel, 0, 0]] - value).abs() < 1e-6);
            assert_eq!(input[[0, channel, 31, 63]], input[[0, channel, 0, 0]]);
        }
    }
}
