//! Rotated boxes: around points, grown outwards, turned into corners.

use lavr_types::{Point, Quad, Rect, Size};

/// A straight box is taken where it is at most this much larger than the smallest one: the smallest box around a
/// short word is often tilted by chance.
const STRAIGHT_IS_AS_GOOD: f64 = 1.08;

/// A box that may be turned. Its width lies along `axis`, which points to the right within 45 degrees, and its
/// height across it, downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TurnedBox {
    /// The middle.
    pub center: Point,
    /// The direction of the upper side, of length 1.
    pub axis: Point,
    /// Length along the axis.
    pub width: f64,
    /// Length across the axis.
    pub height: f64,
}

impl TurnedBox {
    /// The smallest box around some points, straight where that costs little. `None` without points.
    pub fn around(points: &[Point]) -> Option<Self> {
        let bounds =
            points.iter().map(|point| Rect::new(point.x, point.y, point.x, point.y)).reduce(Rect::union)?;
        let hull = convex_hull(points);
        let sides = hull.iter().zip(hull.iter().cycle().skip(1));
        // One side of the smallest box lies along a side of the hull (Freeman and Shapira, 1975).
        let smallest = sides
            .filter_map(|(from, to)| Self::along(&hull, Point::new(to.x - from.x, to.y - from.y)))
            .min_by(|a, b| a.area().total_cmp(&b.area()));
        Some(match smallest {
            Some(smallest) if bounds.area() > STRAIGHT_IS_AS_GOOD * smallest.area() => smallest,
            _ => Self::straight(bounds),
        })
    }

    /// The smallest box around some points with a side in this direction, unless the direction is nought.
    fn along(points: &[Point], direction: Point) -> Option<Self> {
        let length = direction.x.hypot(direction.y);
        if length == 0.0 {
            return None;
        }
        let (u, v) = (direction.x / length, direction.y / length);
        let frame = points
            .iter()
            .map(|p| (p.x * u + p.y * v, p.y * u - p.x * v))
            .map(|(a, b)| Rect::new(a, b, a, b))
            .reduce(Rect::union)?;
        let middle = frame.center();
        let center = Point::new(middle.x * u - middle.y * v, middle.x * v + middle.y * u);
        let axis = Point::new(u, v);
        Some(Self { center, axis, width: frame.width(), height: frame.height() }.upright())
    }

    /// A box without a turn.
    pub fn straight(bounds: Rect) -> Self {
        Self {
            center: bounds.center(),
            axis: Point::new(1.0, 0.0),
            width: bounds.width(),
            height: bounds.height(),
        }
    }

    /// The same box with its axis within 45 degrees of "to the right".
    fn upright(self) -> Self {
        let Point { x, y } = self.axis;
        let (axis, width, height) = if x.abs() >= y.abs() {
            (Point::new(x, y), self.width, self.height)
        } else {
            (Point::new(-y, x), self.height, self.width)
        };
        let sign = if axis.x < 0.0 { -1.0 } else { 1.0 };
        Self { axis: Point::new(axis.x * sign, axis.y * sign), width, height, ..self }
    }

    /// The direction of the left side, downwards.
    pub fn down(self) -> Point {
        Point::new(-self.axis.y, self.axis.x)
    }

    /// Width times height.
    pub fn area(self) -> f64 {
        self.width * self.height
    }

    /// The box with each side moved outwards. This is the smallest box around the offset polygon with round
    /// joins that DB's "unclip" speaks of: a rectangle's offset is that rectangle, larger, with round corners.
    #[must_use]
    pub fn grown(self, distance: f64) -> Self {
        Self { width: self.width + 2.0 * distance, height: self.height + 2.0 * distance, ..self }
    }

    /// The corners: top left, top right, bottom right, bottom left.
    pub fn corners(self) -> [Point; 4] {
        let (u, v) = (self.axis, self.down());
        let (w, h) = (self.width / 2.0, self.height / 2.0);
        [(-w, -h), (w, -h), (w, h), (-w, h)]
            .map(|(a, b)| Point::new(self.center.x + a * u.x + b * v.x, self.center.y + a * u.y + b * v.y))
    }

    /// The corners, none outside an image of this size.
    pub fn quad_within(self, size: Size) -> Quad {
        let (width, height) = (f64::from(size.width), f64::from(size.height));
        Quad(self.corners().map(|point| Point::new(point.x.clamp(0.0, width), point.y.clamp(0.0, height))))
    }

    /// The box under a stretch of both axes. Axes that are stretched differently would make it a
    /// parallelogram: the result keeps its middle, the direction of its upper side and the lengths of its sides.
    #[must_use]
    pub fn stretched(self, x: f64, y: f64) -> Self {
        let (u, v) = (self.axis, self.down());
        let along = Point::new(u.x * x, u.y * y);
        let (length, across) = (along.x.hypot(along.y), (v.x * x).hypot(v.y * y));
        Self {
            center: Point::new(self.center.x * x, self.center.y * y),
            axis: Point::new(along.x / length, along.y / length),
            width: self.width * length,
            height: self.height * across,
        }
        .upright()
    }

    /// The part of a row of pixels (through their middles at `y`) inside the box, from x to x.
    pub fn span_at(self, y: f64) -> Option<(f64, f64)> {
        let dy = y - self.center.y;
        let mut span = (f64::NEG_INFINITY, f64::INFINITY);
        for (direction, half) in [(self.axis, self.width / 2.0), (self.down(), self.height / 2.0)] {
            let offset = dy * direction.y;
            if direction.x.abs() < 1e-9 {
                if offset.abs() > half {
                    return None;
                }
            } else {
                let ends = [(-half - offset) / direction.x, (half - offset) / direction.x];
                span.0 = span.0.max(ends[0].min(ends[1]));
                span.1 = span.1.min(ends[0].max(ends[1]));
            }
        }
        (span.0 <= span.1).then_some((span.0 + self.center.x, span.1 + self.center.x))
    }
}

/// The corners of the convex hull (Andrew's monotone chain).
fn convex_hull(points: &[Point]) -> Vec<Point> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    sorted.dedup();
    let mut hull: Vec<Point> = Vec::new();
    let mut half = |points: &mut dyn Iterator<Item = &Point>| {
        let first = hull.len();
        for point in points {
            while hull.len() >= first + 2 && !turns_left(hull[hull.len() - 2], hull[hull.len() - 1], *point) {
                hull.pop();
            }
            hull.push(*point);
        }
        // The last corner begins the other half.
        hull.pop();
    };
    half(&mut sorted.iter());
    half(&mut sorted.iter().rev());
    hull
}

fn turns_left(a: Point, b: Point, c: Point) -> bool {
    (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x) > 0.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn turned(angle: f64, width: f64, height: f64) -> TurnedBox {
        let axis = Point::new(angle.to_radians().cos(), angle.to_radians().sin());
        TurnedBox { center: Point::new(100.0, 80.0), axis, width, height }
    }

    fn close(a: TurnedBox, b: TurnedBox) -> bool {
        a.corners().iter().zip(b.corners()).all(|(a, b)| (a.x - b.x).hypot(a.y - b.y) < 0.05)
    }

    proptest! {
        #[test]
        fn the_box_around_its_own_corners_is_itself(
            angle in prop_oneof![-44.0..-8.0f64, 8.0..44.0f64], width in 30.0..90.0f64, height in 10.0..25.0f64,
        ) {
            let original = turned(angle, width, height);
            let found = TurnedBox::around(&original.corners()).unwrap();
            prop_assert!(close(original, found), "{original:?} {found:?}");
        }

        #[test]
        fn a_row_inside_the_box_is_as_long_as_the_box_says(angle in -44.0..44.0f64, width in 30.0..90.0f64) {
            let original = turned(angle, width, 12.0);
            let area: f64 = (0..1600)
                .filter_map(|row| original.span_at(f64::from(row) * 0.1))
                .map(|(left, right)| (right - left) * 0.1)
                .sum();
            prop_assert!((area - original.area()).abs() < 0.02 * original.area(), "{area}");
        }

        #[test]
        fn a_stretch_and_its_inverse_cancel(angle in -40.0..40.0f64, scale in 0.2..5.0f64) {
            let original = turned(angle, 60.0, 12.0);
            prop_assert!(close(original, original.stretched(scale, scale).stretched(1.0 / scale, 1.0 / scale)));
        }

        #[test]
        fn corners_stay_inside_the_image(angle in -44.0..44.0f64, grow in 0.0..500.0f64) {
            let size = Size::new(200, 160);
            for point in turned(angle, 60.0, 12.0).grown(grow).quad_within(size).0 {
                prop_assert!((0.0..=200.0).contains(&point.x) && (0.0..=160.0).contains(&point.y));
            }
        }
    }

    #[test]
    fn a_blob_that_is_almost_straight_gets_a_straight_box() {
        let blob = [(0.0, 1.0), (20.0, 0.0), (20.0, 10.0), (0.0, 10.0)].map(|(x, y)| Point::new(x, y));
        let found = TurnedBox::around(&blob).unwrap();
        assert_eq!(found, TurnedBox::straight(Rect::new(0.0, 0.0, 20.0, 10.0)));
    }

    #[test]
    fn rows_of_points_far_to_the_right_make_the_box_around_them() {
        // The ends of the rows of a long, flat blob: many corners on one line.
        let points: Vec<_> = (0..11)
            .flat_map(|row| [85.0, 86.0, 1100.0, 1104.0].map(|x| Point::new(x, 1030.0 + f64::from(row))))
            .collect();
        let found = TurnedBox::around(&points).unwrap();
        assert_eq!(found, TurnedBox::straight(Rect::new(85.0, 1030.0, 1104.0, 1040.0)));
    }

    #[test]
    fn no_points_make_no_box_and_one_point_an_empty_one() {
        assert_eq!(TurnedBox::around(&[]), None);
        assert_eq!(TurnedBox::around(&[Point::new(3.0, 4.0)]).map(TurnedBox::area), Some(0.0));
    }
}
