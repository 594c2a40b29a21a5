//! The rules. Each is antisymmetric or symmetric in its two boxes and does not change under mirroring.

use lavr_types::{
    Rect, Size,
    perception::{RelationReport, SpatialRelation},
};

/// Centres that lie closer than this share of the boxes' mean extent along an axis are in the dead zone.
const DEAD_ZONE_OF_BOXES: f64 = 0.2;

/// ... and those closer than this share of the picture's side.
const DEAD_ZONE_OF_PICTURE: f64 = 0.02;

/// Boxes whose extents along an axis cover each other by more than this share of the shorter one lie beside each
/// other along the other axis, or one before the other: the first axis does not tell them apart.
const COVERED: f64 = 0.75;

/// Share of a box within another from which it counts as inside, and from which it may be.
const INSIDE: (f64, f64) = (0.9, 0.7);

/// Boxes that overlap more than this (intersection over union) are the same place: neither is inside the other.
const SAME: f64 = 0.8;

/// The gap between two boxes in units of their mean longer side up to which they are near, and may be.
const NEAR: (f64, f64) = (0.4, 0.9);

/// What the rules say of one relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finding {
    Holds,
    Unclear,
    Fails,
}

/// Collects findings.
#[derive(Default)]
struct Findings {
    holds: Vec<SpatialRelation>,
    unclear: Vec<SpatialRelation>,
}

impl Findings {
    fn add(&mut self, relation: SpatialRelation, finding: Finding) {
        match finding {
            Finding::Holds => self.holds.push(relation),
            Finding::Unclear => self.unclear.push(relation),
            Finding::Fails => {}
        }
    }

    fn report(self, offset: [f64; 2]) -> RelationReport {
        RelationReport { holds: self.holds, unclear: self.unclear, offset }
    }
}

/// A box's extent along one axis.
#[derive(Debug, Clone, Copy)]
struct Extent {
    from: f64,
    to: f64,
}

impl Extent {
    const fn horizontal(bounds: Rect) -> Self {
        Self { from: bounds.left, to: bounds.right }
    }

    const fn vertical(bounds: Rect) -> Self {
        Self { from: bounds.top, to: bounds.bottom }
    }

    fn length(self) -> f64 {
        self.to - self.from
    }

    fn middle(self) -> f64 {
        f64::midpoint(self.from, self.to)
    }

    /// The common part as a share of the shorter extent.
    fn covered(self, other: Self) -> f64 {
        let common = (self.to.min(other.to) - self.from.max(other.from)).max(0.0);
        let shorter = self.length().min(other.length());
        if shorter > 0.0 { common / shorter } else { 0.0 }
    }

    /// Whether this extent lies before (smaller coordinates) or after the other.
    fn order(self, other: Self, side: f64) -> [Finding; 2] {
        let distance = self.middle() - other.middle();
        let dead = (DEAD_ZONE_OF_BOXES * f64::midpoint(self.length(), other.length()))
            .max(DEAD_ZONE_OF_PICTURE * side);
        if distance.abs() <= dead {
            return [Finding::Unclear, Finding::Unclear];
        }
        let finding = if self.covered(other) > COVERED { Finding::Unclear } else { Finding::Holds };
        if distance < 0.0 { [finding, Finding::Fails] } else { [Finding::Fails, finding] }
    }
}

/// How `subject` lies relative to `object`, both in pixels of a picture of this size.
pub fn relate(subject: Rect, object: Rect, picture: Size) -> RelationReport {
    let (width, height) = (f64::from(picture.width.max(1)), f64::from(picture.height.max(1)));
    let mut findings = Findings::default();

    let [left, right] = Extent::horizontal(subject).order(Extent::horizontal(object), width);
    findings.add(SpatialRelation::LeftOf, left);
    findings.add(SpatialRelation::RightOf, right);
    let [above, below] = Extent::vertical(subject).order(Extent::vertical(object), height);
    findings.add(SpatialRelation::Above, above);
    findings.add(SpatialRelation::Below, below);
    findings.add(SpatialRelation::Inside, is_inside(subject, object));
    findings.add(SpatialRelation::Contains, is_inside(object, subject));
    findings.add(SpatialRelation::On, is_on(subject, object));
    findings.add(SpatialRelation::Near, is_near(subject, object));

    let (from, to) = (object.center(), subject.center());
    findings.report([(to.x - from.x) / width, (to.y - from.y) / height])
}

fn is_inside(inner: Rect, outer: Rect) -> Finding {
    let share = inner.share_inside(outer);
    if share < INSIDE.1 {
        Finding::Fails
    } else if share < INSIDE.0 || inner.iou(outer) > SAME {
        Finding::Unclear
    } else {
        Finding::Holds
    }
}

/// Resting on something shows as: higher, above it for most of its width, and reaching down to its upper half. What
/// lies wholly within the other's box (a cup on a table seen from above) may rest on it; the boxes do not tell.
fn is_on(subject: Rect, object: Rect) -> Finding {
    if Extent::horizontal(subject).covered(Extent::horizontal(object)) < 0.5
        || subject.center().y >= object.bottom
        || subject.width() > 2.0 * object.width()
    {
        return Finding::Fails;
    }
    // Where the subject's foot is: 0 at the object's upper edge, 1 at its lower edge.
    let foot = (subject.bottom - object.top) / object.height().max(1.0);
    let gap = (object.top - subject.bottom) / subject.height().max(1.0);
    let stands_out = (object.top - subject.top) / subject.height().max(1.0);
    if gap > 0.3 || foot > 1.0 {
        Finding::Fails
    } else if gap <= 0.1 && foot <= 0.6 && stands_out >= 0.3 {
        Finding::Holds
    } else {
        Finding::Unclear
    }
}

fn is_near(a: Rect, b: Rect) -> Finding {
    let gap_x = (a.left.max(b.left) - a.right.min(b.right)).max(0.0);
    let gap_y = (a.top.max(b.top) - a.bottom.min(b.bottom)).max(0.0);
    let longer = |bounds: Rect| bounds.width().max(bounds.height());
    let gap = gap_x.hypot(gap_y) / f64::midpoint(longer(a), longer(b)).max(1.0);
    if gap <= NEAR.0 {
        Finding::Holds
    } else if gap <= NEAR.1 {
        Finding::Unclear
    } else {
        Finding::Fails
    }
}

/// Where `subject` lies in a picture of this size: at the left, right, top, bottom or in the middle.
pub fn place(subject: Rect, picture: Size) -> RelationReport {
    let (width, height) = (f64::from(picture.width.max(1)), f64::from(picture.height.max(1)));
    let center = subject.center();
    let offset = [center.x / width - 0.5, center.y / height - 0.5];
    let mut findings = Findings::default();

    let [left, right] = side_of(offset[0], subject.width() / width);
    findings.add(SpatialRelation::LeftOf, left);
    findings.add(SpatialRelation::RightOf, right);
    let [above, below] = side_of(offset[1], subject.height() / height);
    findings.add(SpatialRelation::Above, above);
    findings.add(SpatialRelation::Below, below);
    let away = offset[0].abs().max(offset[1].abs() / 1.5);
    let center = if away <= 0.1 {
        Finding::Holds
    } else if away <= 0.2 {
        Finding::Unclear
    } else {
        Finding::Fails
    };
    findings.add(SpatialRelation::Center, center);
    findings.report(offset)
}

/// Whether a thing whose middle is this far from the picture's middle, and that takes up this share of the picture,
/// is on the one side or the other. A thing that fills most of the picture is on neither.
fn side_of(offset: f64, share: f64) -> [Finding; 2] {
    let finding = if offset.abs() <= 0.05 {
        return [Finding::Unclear, Finding::Unclear];
    } else if offset.abs() < 0.12 || share > 0.7 {
        Finding::Unclear
    } else {
        Finding::Holds
    };
    if offset < 0.0 { [finding, Finding::Fails] } else { [Finding::Fails, finding] }
}

#[cfg(test)]
mod tests {
    use SpatialRelation::{Above, Below, Center, Contains, Inside, LeftOf, Near, On, RightOf};
    use proptest::prelude::*;

    use super::*;

    const PICTURE: Size = Size::new(1000, 800);

    fn boxes() -> impl Strategy<Value = Rect> {
        (0.0..900.0f64, 0.0..700.0f64, 1.0..600.0f64, 1.0..600.0f64)
            .prop_map(|(x, y, w, h)| Rect::new(x, y, (x + w).min(1000.0), (y + h).min(800.0)))
    }

    fn sorted(mut relations: Vec<SpatialRelation>) -> Vec<SpatialRelation> {
        relations.sort();
        relations
    }

    fn changed(
        relations: &[SpatialRelation],
        change: impl Fn(SpatialRelation) -> Option<SpatialRelation>,
    ) -> Vec<SpatialRelation> {
        sorted(relations.iter().copied().filter_map(change).collect())
    }

    fn mirror(bounds: Rect) -> Rect {
        Rect::new(1000.0 - bounds.right, bounds.top, 1000.0 - bounds.left, bounds.bottom)
    }

    fn mirror_relation(relation: SpatialRelation) -> SpatialRelation {
        match relation {
            LeftOf => RightOf,
            RightOf => LeftOf,
            other => other,
        }
    }

    proptest! {
        #[test]
        fn what_holds_one_way_holds_inversely_the_other_way(a in boxes(), b in boxes()) {
            let (there, back) = (relate(a, b, PICTURE), relate(b, a, PICTURE));
            prop_assert_eq!(changed(&there.holds, SpatialRelation::inverse), changed(&back.holds, |r| r.inverse().map(|_| r)));
            prop_assert_eq!(changed(&there.unclear, SpatialRelation::inverse), changed(&back.unclear, |r| r.inverse().map(|_| r)));
            prop_assert!((there.offset[0] + back.offset[0]).abs() < 1e-9);
        }

        #[test]
        fn mirroring_swaps_left_and_right_and_nothing_else(a in boxes(), b in boxes()) {
            let (plain, mirrored) = (relate(a, b, PICTURE), relate(mirror(a), mirror(b), PICTURE));
            prop_assert_eq!(changed(&plain.holds, |r| Some(mirror_relation(r))), sorted(mirrored.holds));
            prop_assert_eq!(changed(&plain.unclear, |r| Some(mirror_relation(r))), sorted(mirrored.unclear));
        }

        #[test]
        fn a_relation_never_holds_together_with_its_opposite(a in boxes(), b in boxes()) {
            for report in [relate(a, b, PICTURE), place(a, PICTURE)] {
                for [one, other] in [[LeftOf, RightOf], [Above, Below]] {
                    prop_assert!(!(report.holds.contains(&one) && (report.holds.contains(&other) || report.unclear.contains(&other))));
                }
                prop_assert!(report.holds.iter().all(|relation| !report.unclear.contains(relation)));
            }
        }
    }

    #[test]
    fn a_cup_before_a_cat_is_neither_left_nor_right_of_it_for_sure() {
        let (cup, cat) = (Rect::new(110.0, 182.0, 305.0, 361.0), Rect::new(8.0, 103.0, 640.0, 382.0));
        let report = relate(cup, cat, Size::new(640, 478));
        assert_eq!(report.holds, [Inside, Near]);
        assert!(report.unclear.contains(&LeftOf) && !report.unclear.contains(&RightOf), "{report:?}");
    }

    #[test]
    fn a_vase_on_a_table_is_on_it_and_above_it() {
        let (vase, table) = (Rect::new(400.0, 200.0, 480.0, 420.0), Rect::new(200.0, 380.0, 800.0, 700.0));
        let report = relate(vase, table, PICTURE);
        assert_eq!(report.holds, [Above, On, Near]);
        assert!(relate(table, vase, PICTURE).holds.contains(&Below));
        assert!(!relate(table, vase, PICTURE).holds.contains(&On));
    }

    #[test]
    fn a_box_in_a_box_is_inside_and_the_other_contains_it() {
        let (inner, outer) = (Rect::new(300.0, 300.0, 400.0, 400.0), Rect::new(100.0, 100.0, 700.0, 700.0));
        assert!(relate(inner, outer, PICTURE).holds.contains(&Inside));
        assert!(relate(outer, inner, PICTURE).holds.contains(&Contains));
    }

    #[test]
    fn the_same_box_has_no_clear_relation_but_nearness() {
        let bounds = Rect::new(300.0, 300.0, 400.0, 400.0);
        assert_eq!(relate(bounds, bounds, PICTURE).holds, [Near]);
    }

    #[test]
    fn far_apart_is_not_near() {
        let (a, b) = (Rect::new(0.0, 0.0, 50.0, 50.0), Rect::new(900.0, 700.0, 950.0, 750.0));
        let report = relate(a, b, PICTURE);
        assert_eq!((report.holds, report.unclear), (vec![LeftOf, Above], vec![]));
    }

    #[test]
    fn places_in_the_picture_have_a_dead_zone() {
        let at = |x: f64, y: f64| place(Rect::new(x - 40.0, y - 40.0, x + 40.0, y + 40.0), PICTURE);
        assert_eq!(at(100.0, 100.0).holds, [LeftOf, Above]);
        assert_eq!(at(500.0, 400.0).holds, [Center]);
        assert_eq!(at(600.0, 400.0).unclear, [RightOf, Above, Below]);
    }

    #[test]
    fn what_fills_the_picture_is_on_no_side() {
        let report = place(Rect::new(0.0, 0.0, 900.0, 800.0), PICTURE);
        assert_eq!(report.holds, [Center]);
    }
}
