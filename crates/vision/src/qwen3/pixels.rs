//! From a picture to the patches that the network sees.

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use lavr_image::RgbImage;
use lavr_types::Size;

use super::config::Eye;

/// A picture cut into patches.
pub(crate) struct Patches {
    /// `rows * columns` patches of `channels * side * side` values, block by block: the patches that are merged into one
    /// token follow each other.
    pub(crate) values: Vec<f32>,
    /// Rows of patches.
    pub(crate) rows: usize,
    /// Columns of patches.
    pub(crate) columns: usize,
}

/// Pictures longer than this many times their width are refused, as the reference does.
const LONGEST_RATIO: f64 = 200.0;

/// Mean and deviation of the training pictures (`preprocessor_config.json`).
const CENTRE: f32 = 0.5;

/// The size that a picture is brought to: sides that are multiples of `factor`, no more pixels than `most` and no fewer
/// than `least`, proportions kept as nearly as that allows. The reference calls it `smart_resize`.
///
/// # Errors
/// When the picture is empty, or too long for its width.
pub(crate) fn fitting(size: Size, factor: usize, least: usize, most: usize) -> Result<Size, String> {
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    if width < 1.0 || height < 1.0 {
        return Err("the picture has no pixels".to_owned());
    }
    let ratio = (width / height).max(height / width);
    if ratio > LONGEST_RATIO {
        return Err(format!("one side of the picture is {ratio:.0} times the other; crop it"));
    }
    let factor = factor as f64;
    let to_grid = |side: f64, round: fn(f64) -> f64| (round(side / factor) * factor).max(factor);
    let (mut wide, mut high) = (to_grid(width, f64::round_ties_even), to_grid(height, f64::round_ties_even));
    let (least, most) = (least as f64, most as f64);
    if wide * high > most {
        let shrink = (width * height / most).sqrt();
        (wide, high) = (to_grid(width / shrink, f64::floor), to_grid(height / shrink, f64::floor));
    } else if wide * high < least {
        let grow = (least / (width * height)).sqrt();
        (wide, high) = (to_grid(width * grow, f64::ceil), to_grid(height * grow, f64::ceil));
    }
    Ok(Size::new(wide as u32, high as u32))
}

/// Cuts a picture into patches, resized to `size`.
///
/// # Errors
/// When the picture cannot be resized.
pub(crate) fn patches(pixels: &RgbImage, size: Size, eye: &Eye) -> Result<Patches, String> {
    let resized = resized(pixels, size)?;
    let (side, merge) = (eye.patch_size, eye.spatial_merge_size);
    let (width, height) = (size.width as usize, size.height as usize);
    let (rows, columns) = (height / side, width / side);
    let mut values = Vec::with_capacity(width * height * 3);
    for (row, column) in in_blocks(rows, columns, merge) {
        for channel in 0..3 {
            for y in row * side..(row + 1) * side {
                let line = &resized[(y * width + column * side) * 3..][..side * 3];
                values.extend(
                    line.iter()
                        .skip(channel)
                        .step_by(3)
                        .map(|&value| (f32::from(value) / 255.0 - CENTRE) / CENTRE),
                );
            }
        }
    }
    Ok(Patches { values, rows, columns })
}

/// The places of patches, row and column, in the order in which the network reads them.
pub(crate) fn in_blocks(rows: usize, columns: usize, merge: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows / merge).flat_map(move |block_row| {
        (0..columns / merge).flat_map(move |block_column| {
            (0..merge).flat_map(move |row| {
                (0..merge).map(move |column| (block_row * merge + row, block_column * merge + column))
            })
        })
    })
}

fn resized(pixels: &RgbImage, size: Size) -> Result<Vec<u8>, String> {
    if (pixels.width(), pixels.height()) == (size.width, size.height) {
        return Ok(pixels.as_raw().clone());
    }
    let source = ImageRef::new(pixels.width(), pixels.height(), pixels.as_raw(), PixelType::U8x3)
        .map_err(|error| error.to_string())?;
    let mut resized = Image::new(size.width, size.height, PixelType::U8x3);
    // Catmull-Rom is the bicubic filter with a = -0.5, Pillow's.
    let options =
        ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom)).use_alpha(false);
    Resizer::new().resize(&source, &mut resized, &options).map_err(|error| error.to_string())?;
    Ok(resized.into_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_reference() {
        // `smart_resize` of transformers 5.24 with these factors and bounds.
        for (size, expected) in [
            (Size::new(640, 480), Size::new(640, 480)),
            (Size::new(300, 200), Size::new(320, 224)),
            (Size::new(4000, 3000), Size::new(1152, 864)),
            (Size::new(10, 12), Size::new(256, 288)),
            (Size::new(48, 1000), Size::new(64, 1184)),
        ] {
            assert_eq!(fitting(size, 32, 65_536, 1 << 20).unwrap(), expected, "{size:?}");
        }
    }

    #[test]
    fn a_thread_of_a_picture_is_refused_with_advice() {
        assert!(fitting(Size::new(2001, 10), 32, 65_536, 1 << 20).unwrap_err().contains("crop it"));
    }

    #[test]
    fn patches_of_a_block_follow_each_other() {
        let order: Vec<_> = in_blocks(2, 4, 2).collect();
        assert_eq!(order, [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (0, 3), (1, 2), (1, 3)]);
    }
}
