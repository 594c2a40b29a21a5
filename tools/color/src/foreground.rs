//! Telling an object in its box from the background.
//!
//! The colours that fill the middle of a box and not the ring around it belong to the object. Pixels are grouped by
//! colour; a group's share in the middle against its share in the ring and the corners, together with the pixel's
//! distance from the middle, decides.

use lavr_types::Rect;

use crate::{cluster::group, lab::Lab};

/// How far the ring reaches beyond the box, as a share of its sides.
pub(crate) const RING: f64 = 0.15;

/// Colour groups made of the window.
const GROUPS: usize = 10;

/// Ellipse of the middle, in units of the box's inscribed ellipse.
const MIDDLE: f64 = 0.6;

/// A corner of the box is mostly background, but less surely so than the ring.
const CORNER_WEIGHT: f32 = 0.5;

/// Share of the box that an object fills at least; less, and the split is not believed.
const LEAST_SHARE: f32 = 0.15;

/// Where a cell of the window lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spot {
    /// Distance from the middle: 1 on the box's inscribed ellipse.
    radius: f64,
    /// Whether it lies in the box.
    inside: bool,
}

impl Spot {
    /// The spot of a point in a box.
    pub(crate) fn new(x: f64, y: f64, bounds: Rect) -> Self {
        let center = bounds.center();
        let across = (x - center.x) / (bounds.width() / 2.0).max(0.5);
        let down = (y - center.y) / (bounds.height() / 2.0).max(0.5);
        Self { radius: across.hypot(down), inside: across.abs() <= 1.0 && down.abs() <= 1.0 }
    }
}

/// For each cell of a window whether it shows the object in the box.
pub(crate) fn foreground(colors: &[Lab], spots: &[Spot]) -> Vec<bool> {
    let (groups, count) = group(colors, GROUPS);
    let mut middle = vec![0.0f32; count];
    let mut around = vec![0.0f32; count];
    for (&group, spot) in groups.iter().zip(spots) {
        if !spot.inside {
            around[group] += 1.0;
        } else if spot.radius > 1.0 {
            around[group] += CORNER_WEIGHT;
        } else if spot.radius <= MIDDLE {
            middle[group] += 1.0;
        }
    }
    let share = |counts: &[f32], group: usize| (counts[group] + 0.5) / (counts.iter().sum::<f32>() + 1.0);
    let odds: Vec<f32> = (0..count).map(|group| share(&middle, group) / share(&around, group)).collect();
    let object: Vec<bool> = groups
        .iter()
        .zip(spots)
        .map(|(&group, spot)| {
            // 1 where object and background are as likely before any colour is looked at.
            let prior = (3.0 * (0.85 - spot.radius)).exp() as f32;
            spot.inside && odds[group] * prior > 1.0
        })
        .collect();
    let inside = spots.iter().filter(|spot| spot.inside).count() as f32;
    let kept = object.iter().filter(|object| **object).count() as f32;
    if kept >= LEAST_SHARE * inside {
        return object;
    }
    spots.iter().map(|spot| spot.inside && spot.radius <= 1.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Lab = Lab { l: 50.0, a: 70.0, b: 50.0 };
    const GREEN: Lab = Lab { l: 60.0, a: -50.0, b: 40.0 };

    /// A window of 60 x 60 with a box of 40 x 40 in its middle, and what colour each place has.
    fn window(color: impl Fn(f64, f64) -> Lab) -> (Vec<Lab>, Vec<Spot>) {
        let bounds = Rect::new(10.0, 10.0, 50.0, 50.0);
        (0..3600)
            .map(|place| (f64::from(place % 60) + 0.5, f64::from(place / 60) + 0.5))
            .map(|(x, y)| (color(x, y), Spot::new(x, y, bounds)))
            .unzip()
    }

    #[test]
    fn a_ball_on_grass_is_told_from_the_grass() {
        let (colors, spots) = window(|x, y| if (x - 30.0).hypot(y - 30.0) < 17.0 { RED } else { GREEN });
        let object = foreground(&colors, &spots);
        for (object, color) in object.iter().zip(&colors) {
            assert_eq!(*object, *color == RED);
        }
    }

    #[test]
    fn an_object_of_the_backgrounds_color_is_the_middle_of_its_box() {
        let (colors, spots) = window(|_, _| GREEN);
        let object = foreground(&colors, &spots);
        let kept = object.iter().filter(|object| **object).count();
        assert!((600..1400).contains(&kept), "{kept}");
    }
}
