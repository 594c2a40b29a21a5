//! Reading a window of a picture as a small grid of mean colours.

use lavr_image::RgbImage;
use lavr_types::Rect;

use crate::lab::{Linear, linear, luminance};

/// Source pixels read along each side of a grid cell, at most.
const READS: u32 = 4;

/// One cell of the grid: its mean colour in linear light and its middle in pixels of the picture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) color: Linear,
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// The cells of a window, about `longest` along its longer side, fewer where the picture has fewer pixels.
/// The window lies inside the picture.
pub(crate) fn cells(pixels: &RgbImage, window: Rect, longest: u32) -> Vec<Cell> {
    let (left, top) = (window.left.floor() as u32, window.top.floor() as u32);
    let width = (window.right.ceil() as u32).min(pixels.width()).saturating_sub(left);
    let height = (window.bottom.ceil() as u32).min(pixels.height()).saturating_sub(top);
    let step = f64::from(width.max(height)) / f64::from(longest).min(f64::from(width.max(height)).max(1.0));
    let count = |side: u32| (f64::from(side) / step).round().max(1.0) as u32;
    let (columns, rows) = (count(width).min(width), count(height).min(height));
    // The cell at `place` of `count` along a side: its first pixel and how many it has.
    let span = |place: u32, count: u32, side: u32| {
        let at = |place: u32| (u64::from(place) * u64::from(side) / u64::from(count)) as u32;
        (at(place), at(place + 1) - at(place))
    };
    let mut cells = Vec::with_capacity((columns * rows) as usize);
    for row in 0..rows {
        let (y, tall) = span(row, rows, height);
        for column in 0..columns {
            let (x, wide) = span(column, columns, width);
            let mut sum = [0.0; 3];
            let (across, down) = (wide.min(READS), tall.min(READS));
            for j in 0..down {
                for i in 0..across {
                    let pixel = pixels.get_pixel(left + x + i * wide / across, top + y + j * tall / down);
                    for (sum, byte) in sum.iter_mut().zip(pixel.0) {
                        *sum += linear(byte);
                    }
                }
            }
            let reads = (across * down) as f32;
            cells.push(Cell {
                color: sum.map(|value| value / reads),
                x: f64::from(left + x) + f64::from(wide) / 2.0,
                y: f64::from(top + y) + f64::from(tall) / 2.0,
            });
        }
    }
    cells
}

/// The luminance that this share of the cells stay under.
pub(crate) fn luminance_quantile(cells: impl Iterator<Item = Linear>, share: f32) -> f32 {
    let mut values: Vec<f32> = cells.map(luminance).collect();
    values.sort_by(f32::total_cmp);
    let place = (share * values.len().saturating_sub(1) as f32).round() as usize;
    values.get(place).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use lavr_image::Rgb;

    use super::*;

    #[test]
    fn a_window_is_read_where_it_lies() {
        let picture =
            RgbImage::from_fn(300, 100, |x, _| if x < 150 { Rgb([255, 0, 0]) } else { Rgb([0, 0, 255]) });
        let cells = cells(&picture, Rect::new(200.0, 10.0, 280.0, 90.0), 16);
        assert_eq!(cells.len(), 256);
        assert!(cells.iter().all(|cell| cell.color == [0.0, 0.0, 1.0] && cell.x > 200.0 && cell.x < 280.0));
    }

    #[test]
    fn a_small_window_has_a_cell_a_pixel() {
        let picture = RgbImage::new(300, 100);
        assert_eq!(cells(&picture, Rect::new(3.0, 4.0, 6.0, 9.0), 64).len(), 15);
        assert_eq!(cells(&picture, Rect::new(299.2, 99.2, 300.0, 100.0), 64).len(), 1);
    }
}
