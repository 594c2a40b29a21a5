//! Cuts a line out of the picture, upright and at the height that the recognizer takes.

use fast_image_resize::FilterType;
use lavr_image::{Rgb, RgbImage};
use lavr_types::{Point, Rect, Size};

use crate::{OcrError, geometry::TurnedBox, preprocess::resized};

/// Height of the recognizer's input (model card).
pub const LINE_HEIGHT: u32 = 48;
/// The longest input. A line of more than about 130 characters is squeezed.
pub const LONGEST_LINE: u32 = 3200;
/// A box whose sides rise by less than this many pixels from end to end is cut out as if it were straight.
const STRAIGHT_WITHIN: f64 = 1.0;

/// Which way a text runs inside its box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From left to right.
    Right,
    /// Upside down, from right to left.
    Left,
    /// Its head to the right, from top to bottom.
    Down,
    /// Its head to the left, from bottom to top.
    Up,
}

/// The corners of a text that runs this way, in its own order: top left of the text first.
pub fn corners_of_text(corners: [Point; 4], direction: Direction) -> [Point; 4] {
    let [a, b, c, d] = corners;
    match direction {
        Direction::Right => [a, b, c, d],
        Direction::Left => [c, d, a, b],
        Direction::Down => [b, c, d, a],
        Direction::Up => [d, a, b, c],
    }
}

/// The pixels of a box, turned so that a text running this way is upright, [`LINE_HEIGHT`] high. Beyond the picture
/// its edge goes on.
///
/// # Errors
/// When the picture is empty.
pub fn straightened(
    picture: &RgbImage,
    bounds: TurnedBox,
    direction: Direction,
) -> Result<RgbImage, OcrError> {
    let rise = bounds.axis.y.abs() * bounds.width.max(bounds.height);
    if direction == Direction::Right && rise < STRAIGHT_WITHIN {
        straight(picture, bounds)
    } else {
        Ok(turned(picture, bounds, direction))
    }
}

/// The width of a line of these proportions at [`LINE_HEIGHT`].
fn width_at_line_height(length: f64, thickness: f64) -> u32 {
    let width = f64::from(LINE_HEIGHT) * length / thickness.max(1e-6);
    ((width - 1e-6).ceil() as u32).clamp(1, LONGEST_LINE)
}

fn straight(picture: &RgbImage, bounds: TurnedBox) -> Result<RgbImage, OcrError> {
    let (x, y) = (bounds.width / 2.0, bounds.height / 2.0);
    let whole = Size::new(picture.width(), picture.height()).bounds();
    let part = Rect::new(bounds.center.x - x, bounds.center.y - y, bounds.center.x + x, bounds.center.y + y)
        .clamped(whole);
    let width = width_at_line_height(part.width(), part.height());
    resized(picture, part, Size::new(width, LINE_HEIGHT), FilterType::CatmullRom)
}

fn turned(picture: &RgbImage, bounds: TurnedBox, direction: Direction) -> RgbImage {
    let [origin, right, _, below] = corners_of_text(bounds.corners(), direction);
    let (along, across) = (minus(right, origin), minus(below, origin));
    let (length, thickness) = (along.x.hypot(along.y), across.x.hypot(across.y));
    let width = width_at_line_height(length, thickness);
    let (columns, rows) = (f64::from(width), f64::from(LINE_HEIGHT));
    // Where the line shrinks, each pixel is the mean of a grid of samples about one source pixel apart.
    let samples = |length: f64, pixels: f64| ((length / pixels).ceil() as u32).clamp(1, 16);
    let (across_samples, along_samples) = (samples(thickness, rows), samples(length, columns));
    let count = f64::from(across_samples * along_samples);
    let smooth = across_samples * along_samples == 1;
    RgbImage::from_fn(width, LINE_HEIGHT, |column, row| {
        let mut sum = [0.0; 3];
        for i in 0..along_samples {
            let a = (f64::from(column) + (f64::from(i) + 0.5) / f64::from(along_samples)) / columns;
            for j in 0..across_samples {
                let b = (f64::from(row) + (f64::from(j) + 0.5) / f64::from(across_samples)) / rows;
                let x = origin.x + a * along.x + b * across.x - 0.5;
                let y = origin.y + a * along.y + b * across.y - 0.5;
                let value = if smooth { bicubic(picture, x, y) } else { bilinear(picture, x, y) };
                for (sum, value) in sum.iter_mut().zip(value) {
                    *sum += value;
                }
            }
        }
        Rgb(sum.map(|sum| (sum / count).round().clamp(0.0, 255.0) as u8))
    })
}

fn minus(a: Point, b: Point) -> Point {
    Point::new(a.x - b.x, a.y - b.y)
}

fn pixel(picture: &RgbImage, x: f64, y: f64) -> [f64; 3] {
    let x = x.clamp(0.0, f64::from(picture.width()) - 1.0) as u32;
    let y = y.clamp(0.0, f64::from(picture.height()) - 1.0) as u32;
    picture.get_pixel(x, y).0.map(f64::from)
}

fn bilinear(picture: &RgbImage, x: f64, y: f64) -> [f64; 3] {
    let weights = |fraction: f64| [1.0 - fraction, fraction];
    weighted(picture, (x.floor(), y.floor()), &weights(x - x.floor()), &weights(y - y.floor()))
}

/// Catmull-Rom interpolation.
fn bicubic(picture: &RgbImage, x: f64, y: f64) -> [f64; 3] {
    let weights = |t: f64| {
        [
            ((2.0 - t) * t - 1.0) * t / 2.0,
            1.0 + (1.5 * t - 2.5) * t * t,
            ((4.0 - 3.0 * t) * t + 1.0) * t / 2.0,
            (t - 1.0) * t * t / 2.0,
        ]
    };
    weighted(picture, (x.floor() - 1.0, y.floor() - 1.0), &weights(x - x.floor()), &weights(y - y.floor()))
}

/// The weighted mean of the pixels from `first` on.
fn weighted(picture: &RgbImage, first: (f64, f64), columns: &[f64], rows: &[f64]) -> [f64; 3] {
    let mut sum = [0.0; 3];
    for (j, row) in rows.iter().enumerate() {
        for (i, column) in columns.iter().enumerate() {
            let value = pixel(picture, first.0 + i as f64, first.1 + j as f64);
            for (sum, value) in sum.iter_mut().zip(value) {
                *sum += row * column * value;
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red grows to the right, green downwards.
    fn ramp() -> RgbImage {
        RgbImage::from_fn(200, 160, |x, y| Rgb([x as u8, y as u8, 40]))
    }

    fn region(degrees: f64, width: f64, height: f64) -> TurnedBox {
        let angle = degrees.to_radians();
        let axis = Point::new(angle.cos(), angle.sin());
        TurnedBox { center: Point::new(100.0, 80.0), axis, width, height }
    }

    fn near(line: &RgbImage, x: u32, y: u32, red: f64, green: f64) {
        let found = line.get_pixel(x, y).0;
        let off = (f64::from(found[0]) - red).abs().max((f64::from(found[1]) - green).abs());
        assert!(off <= 2.0, "{found:?} is not near {red} {green}");
    }

    #[test]
    fn a_straight_line_is_cut_out_at_line_height() {
        let line = straightened(&ramp(), region(0.0, 80.0, 24.0), Direction::Right).unwrap();
        assert_eq!(line.dimensions(), (160, 48));
        near(&line, 80, 24, 100.0, 80.0);
        near(&line, 10, 24, 65.0, 80.0);
        near(&line, 80, 4, 100.0, 70.0);
    }

    #[test]
    fn a_turned_line_is_made_upright() {
        let bounds = region(30.0, 80.0, 24.0);
        let line = straightened(&ramp(), bounds, Direction::Right).unwrap();
        assert_eq!(line.dimensions(), (160, 48));
        near(&line, 80, 24, 100.0, 80.0);
        // 35 pixels to the left along the axis.
        near(&line, 10, 24, 100.0 - 35.0 * bounds.axis.x, 80.0 - 35.0 * bounds.axis.y);
    }

    #[test]
    fn each_direction_begins_at_the_texts_own_top_left() {
        let bounds = region(0.0, 24.0, 80.0);
        let start = |direction| {
            let line = straightened(&ramp(), bounds, direction).unwrap();
            assert_eq!(line.dimensions(), (160, 48));
            *line.get_pixel(1, 1)
        };
        // Text that runs down has its top to the right; text that runs up begins at the bottom left.
        let (down, up) = (start(Direction::Down).0, start(Direction::Up).0);
        assert!(down[0] > 108 && down[1] < 44, "{down:?}");
        assert!(up[0] < 92 && up[1] > 116, "{up:?}");
        let flat = region(0.0, 80.0, 24.0);
        let left = straightened(&ramp(), flat, Direction::Left).unwrap().get_pixel(1, 1).0;
        assert!(left[0] > 136 && left[1] > 88, "{left:?}");
    }

    #[test]
    fn large_letters_shrink_without_noise() {
        let stripes = RgbImage::from_fn(400, 400, |x, _| Rgb([if x % 2 == 0 { 0 } else { 255 }; 3]));
        let bounds = TurnedBox { center: Point::new(200.0, 200.0), ..region(20.0, 300.0, 200.0) };
        let line = straightened(&stripes, bounds, Direction::Right).unwrap();
        let values: Vec<_> = line.pixels().map(|pixel| pixel.0[0]).collect();
        assert!(values.iter().all(|value| (80..176).contains(value)), "{:?}", values.iter().max());
    }

    #[test]
    fn boxes_beyond_the_picture_go_on_with_its_edge() {
        let bounds = TurnedBox { center: Point::new(-500.0, 80.0), ..region(10.0, 80.0, 24.0) };
        let line = straightened(&ramp(), bounds, Direction::Right).unwrap();
        assert!(line.pixels().all(|pixel| pixel.0[0] == 0));
    }
}
