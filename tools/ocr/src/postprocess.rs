//! From the detector's map to boxes around lines (the post-processing of DB: Liao et al., "Real-time Scene Text
//! Detection with Differentiable Binarization", 2020; thresholds of the PP-OCR model card).

use lavr_infer::ndarray::ArrayView2;
use lavr_types::Point;

use crate::geometry::TurnedBox;

/// A pixel belongs to a line above this.
const PIXEL_THRESHOLD: f32 = 0.3;
/// A box is kept at this mean of its pixels.
const BOX_THRESHOLD: f64 = 0.5;
/// How far a box grows: the network marks the core of a line only. In units of area by perimeter.
const UNCLIP_RATIO: f64 = 1.6;
/// The shortest side of a box on the map, before and after it grows.
const SHORTEST_CORE: f64 = 3.0;
const SHORTEST_BOX: f64 = 5.0;
/// The most boxes; the largest are kept.
const MOST_BOXES: usize = 1000;

/// A line of text on the detector's map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FoundLine {
    /// Where.
    pub bounds: TurnedBox,
    /// Mean of the map inside, 0 to 1.
    pub score: f32,
}

/// The lines on a map of probabilities (rows by columns). Coordinates are pixels of the map.
pub fn lines_on(map: &ArrayView2<'_, f32>) -> Vec<FoundLine> {
    let mut found: Vec<_> = blobs(map)
        .into_iter()
        .filter_map(|outline| {
            let core = TurnedBox::around(&outline)?;
            if core.width.min(core.height) < SHORTEST_CORE {
                return None;
            }
            let score = mean_inside(map, core);
            let distance = core.area() * UNCLIP_RATIO / (2.0 * (core.width + core.height));
            let bounds = core.grown(distance);
            let keep = score >= BOX_THRESHOLD && bounds.width.min(bounds.height) >= SHORTEST_BOX;
            keep.then_some(FoundLine { bounds, score: score as f32 })
        })
        .collect();
    if found.len() > MOST_BOXES {
        found.sort_by(|a, b| b.bounds.area().total_cmp(&a.bounds.area()));
        found.truncate(MOST_BOXES);
    }
    found
}

/// A stretch of marked pixels in one row.
#[derive(Clone, Copy)]
struct Run {
    row: usize,
    start: usize,
    end: usize,
}

/// The outlines of connected marked pixels: the corners of the ends of their runs, which hold their hull.
fn blobs(map: &ArrayView2<'_, f32>) -> Vec<Vec<Point>> {
    let mut runs: Vec<Run> = Vec::new();
    let mut parents: Vec<usize> = Vec::new();
    let mut previous = 0..0;
    for (row, values) in map.rows().into_iter().enumerate() {
        let first = runs.len();
        let mut start = None;
        for (column, value) in values.iter().chain([&0.0]).enumerate() {
            match start {
                None if *value > PIXEL_THRESHOLD => start = Some(column),
                Some(begun) if *value <= PIXEL_THRESHOLD => {
                    runs.push(Run { row, start: begun, end: column });
                    parents.push(parents.len());
                    start = None;
                }
                _ => {}
            }
        }
        join(&runs, &mut parents, previous, first);
        previous = first..runs.len();
    }
    let mut outlines: Vec<Vec<Point>> = vec![Vec::new(); runs.len()];
    for (index, run) in runs.iter().enumerate() {
        let root = root_of(&mut parents, index);
        for x in [run.start, run.end] {
            for y in [run.row, run.row + 1] {
                outlines[root].push(Point::new(x as f64, y as f64));
            }
        }
    }
    outlines.retain(|outline| !outline.is_empty());
    outlines
}

/// Joins the runs of a row (from `first` on) with those of the row above that they touch, at corners too.
fn join(runs: &[Run], parents: &mut [usize], above: std::ops::Range<usize>, first: usize) {
    let mut candidate = above.start;
    for index in first..runs.len() {
        let run = runs[index];
        while candidate < above.end && runs[candidate].end < run.start {
            candidate += 1;
        }
        let mut touching = candidate;
        while touching < above.end && runs[touching].start <= run.end {
            let (a, b) = (root_of(parents, touching), root_of(parents, index));
            parents[a.max(b)] = a.min(b);
            touching += 1;
        }
    }
}

fn root_of(parents: &mut [usize], mut index: usize) -> usize {
    while parents[index] != index {
        parents[index] = parents[parents[index]];
        index = parents[index];
    }
    index
}

/// The mean of the pixels whose middle lies inside the box. 0 where there are none.
fn mean_inside(map: &ArrayView2<'_, f32>, bounds: TurnedBox) -> f64 {
    let corners = bounds.corners().map(|corner| corner.y);
    let top = corners.into_iter().fold(f64::INFINITY, f64::min).max(0.0) as usize;
    let bottom = corners.into_iter().fold(0.0, f64::max).ceil() as usize;
    let (mut sum, mut count) = (0.0, 0usize);
    for row in top..bottom.min(map.nrows()) {
        let Some((left, right)) = bounds.span_at(row as f64 + 0.5) else { continue };
        let first = (left - 0.5).ceil().max(0.0) as usize;
        let last = ((right - 0.5).floor() + 1.0).clamp(0.0, map.ncols() as f64) as usize;
        for column in first..last {
            sum += f64::from(map[[row, column]]);
            count += 1;
        }
    }
    if count > 0 { sum / count as f64 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use lavr_infer::ndarray::Array2;
    use proptest::prelude::*;

    use super::*;

    /// A map with this probability inside the boxes and 0 elsewhere.
    fn map_of(size: (usize, usize), boxes: &[TurnedBox], value: f32) -> Array2<f32> {
        Array2::from_shape_fn(size, |(row, column)| {
            let inside = boxes.iter().any(|bounds| {
                bounds
                    .span_at(row as f64 + 0.5)
                    .is_some_and(|(left, right)| (left..=right).contains(&(column as f64 + 0.5)))
            });
            if inside { value } else { 0.0 }
        })
    }

    fn line(x: f64, y: f64, degrees: f64) -> TurnedBox {
        let angle = degrees.to_radians();
        let axis = Point::new(angle.cos(), angle.sin());
        TurnedBox { center: Point::new(x, y), axis, width: 80.0, height: 10.0 }
    }

    #[test]
    fn two_lines_are_found_and_grown_by_the_ratio() {
        let map = map_of((100, 200), &[line(60.0, 20.0, 0.0), line(120.0, 60.0, 0.0)], 0.9);
        let mut found = lines_on(&map.view());
        found.sort_by(|a, b| a.bounds.center.y.total_cmp(&b.bounds.center.y));
        assert_eq!(found.len(), 2);
        // 80 by 10: the sides move out by 800 * 1.6 / 180.
        let grown = 800.0 * 1.6 / 180.0;
        assert_eq!(found[0].bounds, line(60.0, 20.0, 0.0).grown(grown));
        assert!((found[1].score - 0.9).abs() < 1e-6);
    }

    #[test]
    fn a_turned_line_keeps_its_direction() {
        let original = line(100.0, 60.0, -20.0);
        let found = lines_on(&map_of((120, 200), &[original], 0.8).view());
        assert_eq!(found.len(), 1);
        let direction = found[0].bounds.axis;
        assert!((direction.y.atan2(direction.x).to_degrees() + 20.0).abs() < 1.5, "{direction:?}");
        assert!(
            (found[0].bounds.center.x - 100.0).abs() < 1.0 && (found[0].bounds.center.y - 60.0).abs() < 1.0
        );
    }

    #[test]
    fn faint_and_tiny_marks_are_no_lines() {
        assert!(lines_on(&map_of((100, 200), &[line(60.0, 20.0, 0.0)], 0.4).view()).is_empty());
        let speck = TurnedBox { width: 2.0, height: 2.0, ..line(60.0, 20.0, 0.0) };
        assert!(lines_on(&map_of((100, 200), &[speck], 0.9).view()).is_empty());
        assert!(lines_on(&Array2::zeros((0, 0)).view()).is_empty());
        assert!(lines_on(&Array2::zeros((40, 40)).view()).is_empty());
    }

    #[test]
    fn a_map_that_is_all_text_is_one_line() {
        assert_eq!(lines_on(&Array2::ones((40, 64)).view()).len(), 1);
    }

    #[test]
    fn branches_that_meet_further_down_are_one_blob() {
        let rows = ["#...#...#", "#...#...#", "#########", "#...#....", "....#...#"];
        let map = Array2::from_shape_fn((5, 9), |(y, x)| f32::from(u8::from(rows[y].as_bytes()[x] == b'#')));
        assert_eq!(blobs(&map.view()).len(), 2);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_map_gives_finite_boxes_with_scores_between_0_and_1(
            values in prop::collection::vec(0.0..1.0f32, 24 * 40),
        ) {
            let map = Array2::from_shape_vec((24, 40), values).unwrap();
            for found in lines_on(&map.view()) {
                prop_assert!(found.bounds.corners().iter().all(|point| point.x.is_finite() && point.y.is_finite()));
                prop_assert!((0.0..=1.0).contains(&found.score));
            }
        }
    }
}
