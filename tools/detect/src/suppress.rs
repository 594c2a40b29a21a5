//! Removing boxes that show the same object again.

use lavr_types::Rect;

/// One scored box, with what else is known of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Found<More = ()> {
    /// Index of its class.
    pub(crate) class: usize,
    /// Its box.
    pub(crate) bounds: Rect,
    /// Its score.
    pub(crate) score: f32,
    /// Whether it was found in a tile, not in the whole picture.
    pub(crate) in_tile: bool,
    /// What else is known of it.
    pub(crate) more: More,
}

/// Boxes of one class that overlap more than this show the same object (upstream's value).
pub(crate) const SAME_CLASS_OVERLAP: f64 = 0.6;

/// Boxes of two classes that overlap more than this show one object that the network could not decide on, such as a
/// cat that also looks a little like a dog. A person on a horse or a cup on a saucer overlaps far less.
pub(crate) const OTHER_CLASS_OVERLAP: f64 = 0.85;

/// A box found in a tile that lies to this share in a better one of its class, or holds it, shows a part of the same object
/// or the object with its surroundings.
pub(crate) const PART: f64 = 0.9;

/// The boxes that stay, and those that lost their place to a box of another class; both best first.
#[derive(Debug)]
pub(crate) struct Suppressed<More = ()> {
    pub(crate) kept: Vec<Found<More>>,
    pub(crate) rivals: Vec<Found<More>>,
}

/// Keeps the best box of each object.
pub(crate) fn suppress<More>(mut found: Vec<Found<More>>) -> Suppressed<More> {
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let (mut kept, mut rivals) = (Vec::new(), Vec::new());
    for candidate in found {
        let same = |better: &Found<More>| {
            let (a, b) = (better.bounds, candidate.bounds);
            let is_part = || a.share_inside(b) > PART || b.share_inside(a) > PART;
            better.class == candidate.class
                && (a.iou(b) > SAME_CLASS_OVERLAP || (better.in_tile || candidate.in_tile) && is_part())
        };
        let hides = |better: &Found<More>| {
            better.class != candidate.class && better.bounds.iou(candidate.bounds) > OTHER_CLASS_OVERLAP
        };
        if kept.iter().any(same) {
            continue;
        }
        if kept.iter().any(hides) {
            if !rivals.iter().any(same) {
                rivals.push(candidate);
            }
        } else {
            kept.push(candidate);
        }
    }
    Suppressed { kept, rivals }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(class: usize, sides: [f64; 4], score: f32) -> Found {
        Found { class, bounds: Rect::from(sides), score, in_tile: false, more: () }
    }

    #[test]
    fn the_best_box_of_an_object_stays() {
        let best = found(0, [0.0, 0.0, 100.0, 100.0], 0.9);
        let other = found(0, [300.0, 0.0, 400.0, 100.0], 0.5);
        let again = found(0, [5.0, 5.0, 105.0, 105.0], 0.7);
        assert_eq!(suppress(vec![other, again, best]).kept, [best, other]);
    }

    #[test]
    fn a_cat_that_is_also_a_dog_is_what_it_more_looks_like() {
        let cat = found(15, [0.0, 0.0, 100.0, 100.0], 0.58);
        let dog = found(16, [1.0, 0.0, 101.0, 99.0], 0.37);
        let suppressed = suppress(vec![dog, cat]);
        assert_eq!((suppressed.kept, suppressed.rivals), (vec![cat], vec![dog]));
    }

    #[test]
    fn a_rider_and_the_horse_both_stay() {
        let rider = found(0, [20.0, 0.0, 80.0, 70.0], 0.6);
        let horse = found(17, [0.0, 30.0, 100.0, 130.0], 0.8);
        assert_eq!(suppress(vec![rider, horse]).kept, [horse, rider]);
    }

    #[test]
    fn a_head_found_in_a_tile_is_no_second_animal() {
        let cat = found(15, [0.0, 0.0, 200.0, 100.0], 0.7);
        let head = Found { in_tile: true, ..found(15, [140.0, 5.0, 195.0, 60.0], 0.6) };
        assert_eq!(suppress(vec![cat, head]).kept, [cat]);
        // In the whole picture the network sees both at once, and means two.
        let kitten = Found { in_tile: false, ..head };
        assert_eq!(suppress(vec![cat, kitten]).kept.len(), 2);
    }
}
