//! Where chips go.

use lavr_types::{Point, Rect};

/// The most places that are tried around a box before a chip gives up.
const MOST_TRIES: usize = 4000;

/// Chips leave most of the picture to be seen: from this share of the stage on they have no text, and from the
/// next on there are no more of them.
pub(super) const ROOM_FOR_TEXT: f64 = 0.12;
const ROOM: f64 = 0.15;

/// A chip that looks for a place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    /// The box that it belongs to.
    pub(crate) anchor: Rect,
    /// How wide it is with its text, and without.
    pub(crate) widths: [f64; 2],
    pub(crate) height: f64,
}

/// A chip's place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placed {
    pub(crate) bounds: Rect,
    /// Whether there is room for its text.
    pub(crate) with_text: bool,
}

/// Finds a place for each chip, the first ones first: no two overlap, none leaves `stage`. A chip lies at its
/// box if it can, else near it, else it is made short, else it has no place.
pub(crate) fn place(wishes: &[Wish], stage: Rect, gap: f64) -> Vec<Option<Placed>> {
    let mut taken: Vec<Rect> = Vec::new();
    wishes
        .iter()
        .enumerate()
        .map(|(index, wish)| {
            let others: Vec<Rect> = wishes
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != index)
                .map(|(_, wish)| wish.anchor)
                .collect();
            let covered = taken.iter().map(|bounds| bounds.area()).sum::<f64>() / stage.area().max(1.0);
            let forms = wish.widths.into_iter().zip([(true, ROOM_FOR_TEXT), (false, ROOM)]);
            let placed =
                forms.filter(|(_, (_, room))| covered < *room).find_map(|(width, (with_text, _))| {
                    find(wish, width, stage, gap, &taken, &others).map(|bounds| Placed { bounds, with_text })
                });
            taken.extend(placed.map(|placed| placed.bounds));
            placed
        })
        .collect()
}

fn find(wish: &Wish, width: f64, stage: Rect, gap: f64, taken: &[Rect], others: &[Rect]) -> Option<Rect> {
    let height = wish.height;
    if width > stage.width() || height > stage.height() {
        return None;
    }
    let at = |corner: Point| {
        let left = corner.x.clamp(stage.left, stage.right - width);
        let top = corner.y.clamp(stage.top, stage.bottom - height);
        Rect::new(left, top, left + width, top + height)
    };
    let is_free = |bounds: &Rect| {
        let padded = Rect::new(bounds.left - gap, bounds.top - gap, bounds.right + gap, bounds.bottom + gap);
        taken.iter().all(|other| other.intersection(padded).is_none_or(|common| common.area() <= 0.0))
    };
    let anchor = wish.anchor;
    let (left, right) = (anchor.left, anchor.right - width);
    let beside_box = [
        Point::new(left, anchor.top - height),
        Point::new(right, anchor.top - height),
        Point::new(left, anchor.bottom),
        Point::new(right, anchor.bottom),
        Point::new(left, anchor.top),
        Point::new(right, anchor.top),
        Point::new(left, anchor.bottom - height),
        Point::new(right, anchor.bottom - height),
        Point::new(anchor.right, anchor.top),
        Point::new(left - width, anchor.top),
    ];
    let center = anchor.center();
    let cost = |rank: usize, bounds: &Rect| {
        let covers: f64 = others
            .iter()
            // A box around this one is no reason to move.
            .filter(|other| anchor.share_inside(**other) < 0.9)
            .map(|other| bounds.share_inside(*other))
            .sum();
        // Clamping at the stage's edge may have pushed the chip over its own thing.
        let hides = bounds.intersection(anchor).map_or(0.0, Rect::area) / anchor.area().max(1.0);
        rank as f64 * 0.08 + covers.min(2.0) + hides
    };
    let best = beside_box
        .into_iter()
        .map(at)
        .enumerate()
        .filter(|(_, bounds)| is_free(bounds))
        .min_by(|a, b| cost(a.0, &a.1).total_cmp(&cost(b.0, &b.1)))
        .map(|(_, bounds)| bounds);
    best.or_else(|| {
        // Rings around the box, each a chip's height further out, the first touching it.
        let step = height + gap;
        (1..=8)
            .flat_map(|ring| {
                let reach = f64::from(ring - 1) * step + gap;
                let columns = ((anchor.width() + 2.0 * reach) / (step * 2.0)).ceil().clamp(1.0, 60.0) as u32;
                let rows = ((anchor.height() + 2.0 * reach) / step).ceil().clamp(1.0, 60.0) as u32;
                let x = move |part: u32, of: u32| {
                    anchor.left - reach - width / 2.0
                        + (anchor.width() + 2.0 * reach) * f64::from(part) / f64::from(of)
                };
                let y = move |part: u32, of: u32| {
                    anchor.top - reach + (anchor.height() + 2.0 * reach) * f64::from(part) / f64::from(of)
                };
                let across = (0..=columns).flat_map(move |part| {
                    [anchor.top - height - reach, anchor.bottom + reach]
                        .map(|top| Point::new(x(part, columns), top))
                });
                let down = (0..=rows).flat_map(move |part| {
                    [anchor.left - width - reach, anchor.right + reach]
                        .map(|left| Point::new(left, y(part, rows)))
                });
                across.chain(down)
            })
            .take(MOST_TRIES)
            .map(at)
            .filter(is_free)
            .min_by(|a, b| {
                let far = |bounds: &Rect| {
                    let other = bounds.center();
                    (other.x - center.x).hypot(other.y - center.y)
                };
                far(a).total_cmp(&far(b))
            })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn chips_overlap_neither_each_other_nor_the_edge(
            stage in (1.0..2000.0f64, 1.0..2000.0f64),
            wishes in prop::collection::vec(
                (prop::array::uniform4(0.0..2000.0f64), 5.0..400.0f64, 0.1..1.0f64, 4.0..60.0f64), 0..40,
            ),
        ) {
            let stage = Rect::new(0.0, 0.0, stage.0, stage.1);
            let wishes: Vec<Wish> = wishes
                .into_iter()
                .map(|(anchor, width, short, height)| Wish {
                    anchor: Rect::from(anchor).clamped(stage),
                    widths: [width, width * short],
                    height,
                })
                .collect();
            let placed = place(&wishes, stage, 2.0);
            prop_assert_eq!(placed.len(), wishes.len());
            let bounds: Vec<Rect> = placed.iter().flatten().map(|placed| placed.bounds).collect();
            for (index, a) in bounds.iter().enumerate() {
                let outside = a.area() - a.intersection(stage).map_or(0.0, Rect::area);
                prop_assert!(outside <= 1e-6, "{a:?} leaves {stage:?}");
                for b in &bounds[..index] {
                    let common = a.intersection(*b).map_or(0.0, Rect::area);
                    prop_assert!(common <= 1e-6, "{a:?} {b:?}");
                }
            }
        }
    }

    #[test]
    fn a_chip_stands_on_its_box_where_there_is_room() {
        let wish = Wish { anchor: Rect::new(50.0, 50.0, 90.0, 90.0), widths: [60.0, 20.0], height: 16.0 };
        let placed = place(&[wish], Rect::new(0.0, 0.0, 200.0, 200.0), 2.0);
        let bounds = Rect::new(50.0, 34.0, 110.0, 50.0);
        assert_eq!(placed, [Some(Placed { bounds, with_text: true })]);
    }

    #[test]
    fn chips_of_the_same_box_stand_apart_and_a_full_stage_leaves_some_out() {
        let wish = Wish { anchor: Rect::new(0.0, 0.0, 60.0, 40.0), widths: [60.0, 10.0], height: 16.0 };
        let placed = place(&[wish; 20], Rect::new(0.0, 0.0, 100.0, 100.0), 1.0);
        let with_text: Vec<_> = placed.iter().flatten().map(|placed| placed.with_text).collect();
        assert_eq!(with_text, [true, true]);
    }
}
