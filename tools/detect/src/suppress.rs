//! Removing boxes that show the same object again.

use lavr_types::Rect;

/// One scored box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Found {
    /// Index of its class.
    pub(crate) class: usize,
    /// Its box.
    pub(crate) bounds: Rect,
    /// Its score.
    pub(crate) score: f32,
}

/// Boxes of one class that overlap more than this show the same object (upstream's value).
pub(crate) const SAME_CLASS_OVERLAP: f64 = 0.6;

/// Boxes of two classes that overlap more than this show one object that the network could not decide on, such as a
/// cat that also looks a little like a dog. A person on a horse or a cup on a saucer overlaps far less.
pub(crate) const OTHER_CLASS_OVERLAP: f64 = 0.85;

/// Keeps the best box of each object, best first.
pub(crate) fn suppress(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Found> = Vec::new();
    for candidate in found {
        let is_double = kept.iter().any(|better| {
            let limit =
                if better.class == candidate.class { SAME_CLASS_OVERLAP } else { OTHER_CLASS_OVERLAP };
            better.bounds.iou(candidate.bounds) > limit
        });
        if !is_double {
            kept.push(candidate);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(class: usize, sides: [f64; 4], score: f32) -> Found {
        Found { class, bounds: Rect::from(sides), score }
    }

    #[test]
    fn the_best_box_of_an_object_stays() {
        let best = found(0, [0.0, 0.0, 100.0, 100.0], 0.9);
        let other = found(0, [300.0, 0.0, 400.0, 100.0], 0.5);
        let again = found(0, [5.0, 5.0, 105.0, 105.0], 0.7);
        assert_eq!(suppress(vec![other, again, best]), [best, other]);
    }

    #[test]
    fn a_cat_that_is_also_a_dog_is_what_it_more_looks_like() {
        let cat = found(15, [0.0, 0.0, 100.0, 100.0], 0.58);
        let dog = found(16, [1.0, 0.0, 101.0, 99.0], 0.37);
        assert_eq!(suppress(vec![dog, cat]), [cat]);
    }

    #[test]
    fn a_rider_and_the_horse_both_stay() {
        let rider = found(0, [20.0, 0.0, 80.0, 70.0], 0.6);
        let horse = found(17, [0.0, 30.0, 100.0, 130.0], 0.8);
        assert_eq!(suppress(vec![rider, horse]), [horse, rider]);
    }
}
