//! Points, boxes and the maps between coordinate spaces. x grows to the right, y downwards.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The size of an image in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Size {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

impl Size {
    /// A size in pixels.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// The number of pixels.
    pub const fn area(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// The largest size of the same proportions whose longest side is at most `longest_side`; never larger than this one,
    /// never without a pixel.
    #[must_use]
    pub fn fit_within(self, longest_side: u32) -> Self {
        let longest = self.width.max(self.height);
        if longest <= longest_side || longest == 0 {
            return self;
        }
        let scale = |side: u32| {
            let scaled = u64::from(side) * u64::from(longest_side) / u64::from(longest);
            u32::try_from(scaled).unwrap_or(longest_side).max(1)
        };
        Self::new(scale(self.width), scale(self.height))
    }

    /// The box of the whole image, in pixels.
    pub fn bounds(self) -> Rect {
        Rect::new(0.0, 0.0, f64::from(self.width), f64::from(self.height))
    }
}

/// A point. Its frame is that of whatever holds it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "[f64; 2]", into = "[f64; 2]")]
#[schemars(with = "[f64; 2]")]
pub struct Point {
    /// From the left edge.
    pub x: f64,
    /// From the top edge.
    pub y: f64,
}

impl Point {
    /// A point.
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }
}

impl From<[f64; 2]> for Point {
    fn from([x, y]: [f64; 2]) -> Self {
        Self { x, y }
    }
}

impl From<Point> for [f64; 2] {
    fn from(point: Point) -> Self {
        [point.x, point.y]
    }
}

/// An axis-parallel box, written in JSON as `[left, top, right, bottom]`. Its sides are in order
/// (`left <= right`, `top <= bottom`); a box of no area is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "[f64; 4]", into = "[f64; 4]")]
#[schemars(with = "[f64; 4]")]
pub struct Rect {
    /// The smallest x.
    pub left: f64,
    /// The smallest y.
    pub top: f64,
    /// The largest x.
    pub right: f64,
    /// The largest y.
    pub bottom: f64,
}

impl Rect {
    /// The box spanned by two corners, in whatever order they are given.
    pub fn new(x0: f64, y0: f64, x1: f64, y1: f64) -> Self {
        Self { left: x0.min(x1), top: y0.min(y1), right: x0.max(x1), bottom: y0.max(y1) }
    }

    /// From left to right.
    pub fn width(self) -> f64 {
        self.right - self.left
    }

    /// From top to bottom.
    pub fn height(self) -> f64 {
        self.bottom - self.top
    }

    /// Width times height.
    pub fn area(self) -> f64 {
        self.width() * self.height()
    }

    /// The middle of the box.
    pub fn center(self) -> Point {
        Point::new(f64::midpoint(self.left, self.right), f64::midpoint(self.top, self.bottom))
    }

    /// The part that both boxes cover, if they touch or overlap.
    pub fn intersection(self, other: Self) -> Option<Self> {
        let left = self.left.max(other.left);
        let top = self.top.max(other.top);
        let right = self.right.min(other.right);
        let bottom = self.bottom.min(other.bottom);
        (left <= right && top <= bottom).then_some(Self { left, top, right, bottom })
    }

    /// The smallest box that holds both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// Intersection over union, from 0 (apart) to 1 (equal). Two boxes of no area: 0.
    pub fn iou(self, other: Self) -> f64 {
        let common = self.intersection(other).map_or(0.0, Self::area);
        let total = self.area() + other.area() - common;
        if total > 0.0 { common / total } else { 0.0 }
    }

    /// The share of this box that lies inside `other`, from 0 to 1.
    pub fn share_inside(self, other: Self) -> f64 {
        let area = self.area();
        if area > 0.0 { self.intersection(other).map_or(0.0, Self::area) / area } else { 0.0 }
    }

    /// The box cut off at the edges of `bounds`.
    #[must_use]
    pub fn clamped(self, bounds: Self) -> Self {
        Self {
            left: self.left.clamp(bounds.left, bounds.right),
            top: self.top.clamp(bounds.top, bounds.bottom),
            right: self.right.clamp(bounds.left, bounds.right),
            bottom: self.bottom.clamp(bounds.top, bounds.bottom),
        }
    }

    /// The four corners: top left, top right, bottom right, bottom left.
    pub fn corners(self) -> [Point; 4] {
        [
            Point::new(self.left, self.top),
            Point::new(self.right, self.top),
            Point::new(self.right, self.bottom),
            Point::new(self.left, self.bottom),
        ]
    }

    /// Whether all four sides are finite numbers.
    pub fn is_finite(self) -> bool {
        [self.left, self.top, self.right, self.bottom].into_iter().all(f64::is_finite)
    }
}

impl From<[f64; 4]> for Rect {
    fn from([left, top, right, bottom]: [f64; 4]) -> Self {
        Self::new(left, top, right, bottom)
    }
}

impl From<Rect> for [f64; 4] {
    fn from(rect: Rect) -> Self {
        [rect.left, rect.top, rect.right, rect.bottom]
    }
}

/// Four corners in the order top left, top right, bottom right, bottom left of what they frame (so a
/// text line that stands on its head begins at its own top left). Written as four `[x, y]` pairs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Quad(pub [Point; 4]);

impl Quad {
    /// The smallest axis-parallel box that holds the four corners.
    pub fn bounds(self) -> Rect {
        let [first, rest @ ..] = self.0;
        rest.into_iter().fold(Rect::new(first.x, first.y, first.x, first.y), |bounds, point| {
            bounds.union(Rect::new(point.x, point.y, point.x, point.y))
        })
    }

    /// The corners under a map.
    #[must_use]
    pub fn map(self, affine: Affine) -> Self {
        Self(self.0.map(|point| affine.apply(point)))
    }
}

impl From<Rect> for Quad {
    fn from(rect: Rect) -> Self {
        Self(rect.corners())
    }
}

/// An affine map of the plane: `x' = a x + b y + c`, `y' = d x + e y + f`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "[f64; 6]", into = "[f64; 6]")]
#[schemars(with = "[f64; 6]")]
pub struct Affine([f64; 6]);

impl Affine {
    /// The map that moves nothing.
    pub const IDENTITY: Self = Self([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);

    /// Scales both axes, then moves.
    pub const fn scale_then_move(scale: [f64; 2], offset: [f64; 2]) -> Self {
        Self([scale[0], 0.0, offset[0], 0.0, scale[1], offset[1]])
    }

    /// Where a point goes.
    pub fn apply(self, point: Point) -> Point {
        let [a, b, c, d, e, f] = self.0;
        Point::new(a * point.x + b * point.y + c, d * point.x + e * point.y + f)
    }

    /// The smallest box around where a box goes.
    pub fn apply_rect(self, rect: Rect) -> Rect {
        Quad(rect.corners().map(|corner| self.apply(corner))).bounds()
    }

    /// First this map, then `next`.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        let [a, b, c, d, e, f] = self.0;
        let [p, q, r, s, t, u] = next.0;
        Self([
            p * a + q * d,
            p * b + q * e,
            p * c + q * f + r,
            s * a + t * d,
            s * b + t * e,
            s * c + t * f + u,
        ])
    }

    /// The map back, unless this one flattens the plane.
    pub fn inverse(self) -> Option<Self> {
        let [a, b, c, d, e, f] = self.0;
        let determinant = a * e - b * d;
        if determinant == 0.0 || !determinant.is_finite() {
            return None;
        }
        let (a, b, d, e) = (e / determinant, -b / determinant, -d / determinant, a / determinant);
        Some(Self([a, b, -(a * c + b * f), d, e, -(d * c + e * f)]))
    }
}

impl From<[f64; 6]> for Affine {
    fn from(values: [f64; 6]) -> Self {
        Self(values)
    }
}

impl From<Affine> for [f64; 6] {
    fn from(affine: Affine) -> Self {
        affine.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rects() -> impl Strategy<Value = Rect> {
        prop::array::uniform4(-1e4..1e4).prop_map(Rect::from)
    }

    #[test]
    fn a_smaller_size_keeps_its_proportions_and_both_sides() {
        assert_eq!(Size::new(4000, 2000).fit_within(1000), Size::new(1000, 500));
        assert_eq!(Size::new(100, 50).fit_within(1000), Size::new(100, 50));
        assert_eq!(Size::new(20_000, 1).fit_within(100), Size::new(100, 1));
    }

    proptest! {
        #[test]
        fn iou_is_symmetric_and_between_zero_and_one(a in rects(), b in rects()) {
            let iou = a.iou(b);
            prop_assert!((0.0..=1.0 + 1e-9).contains(&iou));
            prop_assert!((iou - b.iou(a)).abs() < 1e-12);
        }

        #[test]
        fn a_map_and_its_inverse_cancel(
            a in 0.1..5.0f64, b in -0.05..0.05f64, c in -1e3..1e3f64,
            d in -0.05..0.05f64, e in 0.1..5.0f64, f in -1e3..1e3f64, x in -1e4..1e4f64, y in -1e4..1e4f64,
        ) {
            let map = Affine([a, b, c, d, e, f]);
            let back = map.then(map.inverse().unwrap()).apply(Point::new(x, y));
            prop_assert!((back.x - x).abs() < 1e-5 && (back.y - y).abs() < 1e-5);
        }
    }

    #[test]
    fn corners_in_any_order_make_the_same_box() {
        assert_eq!(Rect::new(3.0, 4.0, 1.0, 2.0), Rect::new(1.0, 2.0, 3.0, 4.0));
    }
}
