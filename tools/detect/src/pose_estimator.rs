//! One look at a picture for people and how they hold themselves.

use std::sync::Arc;

use lavr_image::RgbImage;
use lavr_infer::{Session, ndarray::ArrayViewD};
use lavr_tool::ToolError;
use lavr_types::{
    Point, Size,
    perception::{KEYPOINTS, Keypoint, Pose, Poses},
};

use crate::{
    decode::{Form, Raw, pose, unexpected_network},
    letterbox::Placed,
    suppress::{Found, suppress},
};

/// A point that shows less surely is hidden or guessed, and left out.
const SHOWS: f32 = 0.5;

/// Finds people and the points of their bodies in pixels, with a network that is ready to run.
#[derive(Clone)]
pub struct PoseEstimator {
    session: Arc<dyn Session>,
}

impl PoseEstimator {
    /// An estimator with the session of a network for the key points of COCO.
    pub const fn new(session: Arc<dyn Session>) -> Self {
        Self { session }
    }

    /// Finds the people of a picture. Blocks the thread.
    ///
    /// People of a lower score than `threshold` (0 to 1) are left out, and so are points that rather do not show. Boxes and points
    /// are in pixels of the picture.
    ///
    /// # Errors
    /// When the network fails or is another one than expected.
    pub fn estimate(&self, pixels: &RgbImage, threshold: f32) -> Result<Poses, ToolError> {
        let signature = self.session.signature();
        let form = Form::of(signature, &["person"])?;
        let shape = signature.metadata.get(pose::SHAPE);
        let is_known =
            shape.is_some_and(|shape| shape.trim_matches(['[', ']', '(', ')']) == pose::KNOWN_SHAPE);
        if form != Form::YoloPose || !is_known {
            return Err(ToolError::failed(
                "the network that is to find the points of bodies gives none, or others than the seventeen of COCO; \
                 tools/detect/README.md lists those that do",
            ));
        }
        let name = signature.inputs.first().map(|input| input.name.clone());
        let name = name.ok_or_else(|| unexpected_network("it has no input"))?;
        let size = Size::new(pixels.width(), pixels.height());
        let placed = Placed::new(size.bounds(), form.input());
        let mut people = Ok(Vec::new());
        self.session
            .run_with(vec![(name, placed.tensor(pixels)?)], &mut |outputs| {
                people = match outputs {
                    [output] => poses(&output.view(), threshold, placed),
                    _ => Err(unexpected_network(&format!("{} outputs", outputs.len()))),
                };
            })
            .map_err(|error| {
                ToolError::failed("the network that finds the points of bodies failed on this image")
                    .caused_by(error)
            })?;
        Ok(Poses { people: people? })
    }
}

fn poses(output: &ArrayViewD<'_, f32>, threshold: f32, placed: Placed) -> Result<Vec<Pose>, ToolError> {
    let all = pose::decode(output, threshold)?;
    let all = all.into_iter().map(|(Raw { class, bounds, score }, anchor)| Found {
        class,
        bounds: placed.to_picture(bounds),
        score,
        in_tile: false,
        more: anchor,
    });
    let kept = suppress(all.collect()).kept.into_iter();
    Ok(kept
        .map(|Found { bounds, score, more: anchor, .. }| {
            let points = KEYPOINTS.iter().zip(pose::points(output, anchor));
            let shown = points.filter(|(_, point)| point.score >= SHOWS);
            let keypoints = shown.map(|(name, pose::Point { x, y, score })| Keypoint {
                name: (*name).to_owned(),
                at: placed.point_to_picture(Point::new(x, y)),
                score,
            });
            Pose { bounds, score, keypoints: keypoints.collect() }
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use lavr_infer::{Engine, InferError, Signature, TensorInfo, ndarray::ArrayD};
    use lavr_types::Rect;
    use proptest::prelude::*;

    use super::*;

    /// A network that gives the same whatever it sees.
    struct Fixed {
        signature: Signature,
        outputs: Vec<ArrayD<f32>>,
    }

    impl Fixed {
        fn new(shape: &str, outputs: Vec<ArrayD<f32>>) -> Arc<Self> {
            let port = |name: &str| TensorInfo { name: name.to_owned(), shape: Vec::new() };
            let signature = Signature {
                inputs: vec![port("images")],
                outputs: outputs.iter().map(|_| port("output0")).collect(),
                metadata: [("kpt_shape".to_owned(), shape.to_owned())].into(),
            };
            Arc::new(Self { signature, outputs })
        }
    }

    impl Session for Fixed {
        fn engine(&self) -> Engine {
            Engine::Rten
        }

        fn signature(&self) -> &Signature {
            &self.signature
        }

        fn run_with(
            &self,
            _: Vec<(String, ArrayD<f32>)>,
            read: &mut dyn FnMut(&[ArrayViewD<'_, f32>]),
        ) -> Result<(), InferError> {
            read(&self.outputs.iter().map(|output| output.view()).collect::<Vec<_>>());
            Ok(())
        }
    }

    fn nobody() -> ArrayD<f32> {
        ArrayD::zeros(vec![1, 5 + 51, 4])
    }

    fn seen(shape: &str, outputs: Vec<ArrayD<f32>>) -> Result<Poses, ToolError> {
        PoseEstimator::new(Fixed::new(shape, outputs)).estimate(&RgbImage::new(64, 32), 0.4)
    }

    #[test]
    fn points_are_in_pixels_of_the_picture_and_those_that_hardly_show_are_left_out() {
        let mut output = nobody();
        // 64 x 32 pixels lie in the input as 640 x 320, 160 below its upper edge.
        let person = [(0, 320.0), (1, 320.0), (2, 200.0), (3, 100.0), (4, 0.9)];
        let nose = [(5, 100.0), (6, 200.0), (7, 0.5)];
        let left_eye = [(8, 110.0), (9, 190.0), (10, 0.49)];
        let right_ankle = [(53, 630.0), (54, 900.0), (55, 0.75)];
        for (row, value) in person.into_iter().chain(nose).chain(left_eye).chain(right_ankle) {
            output[[0, row, 2]] = value;
        }
        let people = seen("[17, 3]", vec![output]).unwrap().people;
        let point = |name: &str, x, y, score| Keypoint { name: name.to_owned(), at: Point::new(x, y), score };
        let keypoints = vec![point("nose", 10.0, 4.0, 0.5), point("right ankle", 63.0, 32.0, 0.75)];
        assert_eq!(people, [Pose { bounds: Rect::new(22.0, 11.0, 42.0, 21.0), score: 0.9, keypoints }]);
        assert_eq!((people[0].keypoint("left eye"), people[0].keypoint("nose").is_some()), (None, true));
    }

    #[test]
    fn only_the_seventeen_points_of_coco_are_taken_with_whether_they_show() {
        for shape in ["[17, 3]", "(17, 3)"] {
            assert_eq!(seen(shape, vec![nobody()]).unwrap(), Poses::default());
        }
        for shape in ["[21, 3]", "[17, 2]", ""] {
            let error = seen(shape, vec![nobody()]).unwrap_err();
            assert!(error.to_string().contains("others than the seventeen of COCO"), "{shape}: {error}");
        }
    }

    #[test]
    fn a_network_that_gives_something_else_is_an_error_and_not_a_picture_without_people() {
        assert!(seen("[17, 3]", vec![nobody(), nobody()]).unwrap_err().to_string().contains("2 outputs"));
        let suppressed = seen("[17, 3]", vec![ArrayD::zeros(vec![1, 300, 57])]).unwrap_err();
        assert!(suppressed.to_string().contains("[1, 56, anchors]"), "{suppressed}");
    }

    proptest! {
        #[test]
        fn people_come_best_first_each_once_and_all_lies_in_the_picture(
            numbers in prop::collection::vec(-200.0..900.0f32, 56 * 12),
            scores in prop::collection::vec(0.0..1.0f32, 18 * 12),
            width in 1..300u32, height in 1..300u32,
        ) {
            let mut output = ArrayD::from_shape_vec(vec![1, 56, 12], numbers).unwrap();
            // The rows of probabilities: that of the person, and the third of each point.
            for (row, scores) in [4].into_iter().chain((7..56).step_by(3)).zip(scores.chunks(12)) {
                for (anchor, score) in scores.iter().enumerate() {
                    output[[0, row, anchor]] = *score;
                }
            }
            for anchor in 0..12 {
                for row in [2, 3] {
                    output[[0, row, anchor]] = output[[0, row, anchor]].abs();
                }
            }
            let estimator = PoseEstimator::new(Fixed::new("[17, 3]", vec![output]));
            let people = estimator.estimate(&RgbImage::new(width, height), 0.4).unwrap().people;
            let whole = Size::new(width, height).bounds();
            prop_assert!(people.is_sorted_by(|a, b| a.score >= b.score));
            for (number, person) in people.iter().enumerate() {
                prop_assert!(person.score > 0.4 && person.bounds.clamped(whole) == person.bounds);
                prop_assert!(people[..number].iter().all(|other| other.bounds.iou(person.bounds) <= 0.6));
                let mut names = KEYPOINTS.iter();
                for Keypoint { name, at, score } in &person.keypoints {
                    prop_assert!(names.any(|one| one == name), "{name} in its order, once");
                    prop_assert!((0.5..=1.0).contains(score));
                    prop_assert!((0.0..=whole.right).contains(&at.x) && (0.0..=whole.bottom).contains(&at.y));
                }
            }
        }
    }
}
