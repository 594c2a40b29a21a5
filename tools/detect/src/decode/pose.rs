//! YOLO for key points (Ultralytics' `-pose` networks of versions 8 and 11).
//!
//! One output `[1, 4 + 1 + 3 * points, anchors]`: the box and the score of a person as without key points, then of each point x and y in
//! pixels of the input and the probability that it shows. That there are seventeen of them, of three numbers, the metadata tells.

use lavr_infer::ndarray::ArrayViewD;
use lavr_tool::ToolError;
use lavr_types::perception::KEYPOINTS;

use super::{Raw, yolo};

/// The entry of the metadata with how many points there are and of how many numbers, as Ultralytics' exports have it: `[17, 3]`.
pub(crate) const SHAPE: &str = "kpt_shape";

/// What is read, between the brackets: the points of COCO, each with the probability that it shows.
pub(crate) const KNOWN_SHAPE: &str = "17, 3";

/// Where a point is in the input, and how surely it shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) score: f32,
}

/// The people above the threshold, each with its anchor.
pub(crate) fn decode(output: &ArrayViewD<'_, f32>, threshold: f32) -> Result<Vec<(Raw, usize)>, ToolError> {
    yolo::by_anchor(output, 1, 3 * KEYPOINTS.len(), threshold)
}

/// The points of an anchor's person, of an output that was decoded.
pub(crate) fn points(output: &ArrayViewD<'_, f32>, anchor: usize) -> [Point; KEYPOINTS.len()] {
    std::array::from_fn(|number| {
        let [x, y, score] = [0, 1, 2].map(|part| output[[0, 5 + 3 * number + part, anchor]]);
        Point { x: x.into(), y: y.into(), score }
    })
}

#[cfg(test)]
mod tests {
    use lavr_infer::ndarray::ArrayD;

    use super::*;

    #[test]
    fn a_person_has_points_where_its_anchor_says() {
        let mut output = ArrayD::zeros(vec![1, 5 + 51, 4]);
        for (row, value) in [(0, 100.0), (1, 200.0), (2, 40.0), (3, 80.0), (4, 0.9)] {
            output[[0, row, 2]] = value;
        }
        for (row, value) in [(5 + 15, 90.0), (5 + 16, 180.0), (5 + 17, 0.75)] {
            output[[0, row, 2]] = value;
        }
        let people = decode(&output.view(), 0.5).unwrap();
        assert_eq!(people.iter().map(|(raw, anchor)| (raw.class, *anchor)).collect::<Vec<_>>(), [(0, 2)]);
        let points = points(&output.view(), 2);
        assert_eq!(points[5], Point { x: 90.0, y: 180.0, score: 0.75 });
        assert_eq!(points[0].score, 0.0);
    }

    #[test]
    fn another_number_of_points_is_told() {
        assert!(decode(&ArrayD::zeros(vec![1, 5 + 63, 4]).view(), 0.5).is_err());
    }
}
