//! People in real photographs and the points of their bodies.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use lavr_detect::{Detect, EstimatePose, PoseEstimator, WEIGHTS};
use lavr_image::RgbImage;
use lavr_infer::{EngineChoice, SessionSource, Sessions};
use lavr_tool::{CancellationToken, Dispatcher, Registry};
use lavr_types::{
    CallId, CallRecord, FailureKind, ImageId, Rect, ToolCall,
    perception::{KEYPOINTS, Pose, Poses},
};
use lavr_weights::Store;
use serde::Deserialize;
use serde_json::{Value, json};

const NETWORK: &str = "yolo11n-pose";
const ASTRONAUT: &str = "examples/pictures/astronaut.jpg";
const DOGS: &str = "examples/pictures/dogs.jpg";
const OFFICE: &str = "crates/eval/photos/evaluation/office-talk.jpg";

/// The networks of the catalogue, fetched as a user would fetch them.
fn sessions(engine: EngineChoice) -> Sessions {
    Sessions::new(Store::open_default().unwrap().with_bundled(&[WEIGHTS]), engine)
}

fn picture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}

fn pixels(name: &str) -> RgbImage {
    let bytes = std::fs::read(picture(name)).unwrap();
    lavr_image::decode(&bytes, name, &lavr_image::Limits::default()).unwrap().pixels
}

fn dispatcher(network: &str, name: &str) -> (Dispatcher, ImageId) {
    let pose = EstimatePose::new(Arc::new(sessions(EngineChoice::Auto)), network);
    let dispatcher = Dispatcher::new(Registry::new().with(pose).unwrap(), Arc::default());
    let id = dispatcher.images().open(&picture(name)).unwrap();
    (dispatcher, id)
}

async fn call(dispatcher: &Dispatcher, tool: &str, arguments: Value) -> CallRecord {
    let call = ToolCall { id: CallId("call_1".to_owned()), tool: tool.to_owned(), arguments };
    dispatcher.dispatch(vec![call], &CancellationToken::new()).await.remove(0)
}

async fn pose(dispatcher: &Dispatcher, arguments: Value) -> Vec<Pose> {
    let value = call(dispatcher, "pose", arguments).await.outcome.unwrap().value;
    serde_json::from_value::<Poses>(value).unwrap().people
}

#[derive(Deserialize)]
struct Reference {
    picture: String,
    people: Vec<Person>,
}

#[derive(Deserialize)]
struct Person {
    score: f32,
    #[serde(rename = "box")]
    bounds: Rect,
    /// Of each point x and y, and how surely it shows.
    points: Vec<[f64; 3]>,
}

/// `expected/yolo11n-pose.json` was made by `expected/poses.py`: by the training library, from picture to points.
fn references() -> Vec<Reference> {
    serde_json::from_str(include_str!("expected/yolo11n-pose.json")).unwrap()
}

/// Measured: boxes 0.992 to 0.9995, scores at most 0.025 apart; points at most 0.016 of the box's longer side (2.8 pixels), whether they show 0.031;
/// the same with both engines.
#[tokio::test]
async fn the_people_are_those_of_the_training_library() {
    for engine in [EngineChoice::Rten, EngineChoice::OnnxRuntime] {
        let estimator = PoseEstimator::new(sessions(engine).session(NETWORK).await.unwrap());
        for Reference { picture, people } in references() {
            let found = estimator.estimate(&pixels(&picture), 0.4).unwrap().people;
            assert_eq!(found.len(), people.len(), "{picture}: {found:?}");
            for (ours, theirs) in found.iter().zip(&people) {
                equals(ours, theirs, &picture);
            }
        }
    }
}

/// The JPEG decoders round differently: by up to 4 levels of 255.
fn equals(ours: &Pose, theirs: &Person, picture: &str) {
    let overlap = ours.bounds.iou(theirs.bounds);
    assert!(overlap > 0.97, "{picture}: {overlap}");
    assert!((ours.score - theirs.score).abs() < 0.05, "{picture}: {} {}", ours.score, theirs.score);
    assert_eq!(theirs.points.len(), KEYPOINTS.len());
    let near = 0.025 * ours.bounds.width().max(ours.bounds.height());
    for (name, &[x, y, shows]) in KEYPOINTS.iter().zip(&theirs.points) {
        let Some(point) = ours.keypoint(name) else {
            assert!(shows < 0.55, "{picture}: the {name} is missing");
            continue;
        };
        let away = (point.at.x - x).hypot(point.at.y - y);
        assert!(away < near, "{picture}: the {name} {away} pixels away, {near} at most");
        assert!((f64::from(point.score) - shows).abs() < 0.05, "{picture}: {name} {} {shows}", point.score);
    }
}

#[tokio::test]
async fn left_and_right_are_the_persons_own() {
    let (dispatcher, image) = dispatcher(NETWORK, ASTRONAUT);
    let record = call(&dispatcher, "pose", json!({ "image": image })).await;
    let observation = record.outcome.unwrap();
    let people = serde_json::from_value::<Poses>(observation.value).unwrap().people;
    let [astronaut] = people.as_slice() else { panic!("{people:?}") };
    let at = |name: &str| astronaut.keypoint(name).unwrap().at;
    // She faces the camera.
    for part in ["eye", "ear", "shoulder", "wrist"] {
        let (left, right) = (at(&format!("left {part}")), at(&format!("right {part}")));
        assert!(left.x > right.x, "{part}: {left:?} {right:?}");
    }
    assert!(at("nose").y < at("left shoulder").y && at("left shoulder").y < at("left wrist").y);
    assert!(
        ["left knee", "right ankle"].iter().all(|name| astronaut.keypoint(name).is_none()),
        "not in sight"
    );
    let seen: Vec<_> = observation.evidence.iter().map(|one| (one.region.pixels(), &one.value)).collect();
    assert_eq!(seen, [(astronaut.bounds, &json!("person"))]);
}

/// What was the left hand is a right one in the mirror, at the place that the mirror shows.
#[tokio::test]
async fn in_the_mirror_left_and_right_change_places() {
    let estimator = PoseEstimator::new(sessions(EngineChoice::Auto).session(NETWORK).await.unwrap());
    let straight = pixels(ASTRONAUT);
    let width = f64::from(straight.width());
    let mirrored = RgbImage::from_fn(straight.width(), straight.height(), |x, y| {
        *straight.get_pixel(straight.width() - 1 - x, y)
    });
    let [straight, mirrored] =
        [straight, mirrored].map(|pixels| estimator.estimate(&pixels, 0.4).unwrap().people.remove(0));
    for point in straight.keypoints.iter().filter(|point| point.score > 0.8) {
        let other = match point.name.split_once(' ') {
            Some(("left", part)) => format!("right {part}"),
            Some((_, part)) => format!("left {part}"),
            None => point.name.clone(),
        };
        let image = mirrored.keypoint(&other).unwrap().at;
        let away = (width - image.x - point.at.x).hypot(image.y - point.at.y);
        assert!(away < 0.05 * straight.bounds.height(), "the {}: {away} pixels", point.name);
    }
}

#[tokio::test]
async fn the_surer_one_asks_the_fewer_people_there_are() {
    let (dispatcher, image) = dispatcher(NETWORK, OFFICE);
    let all = pose(&dispatcher, json!({ "image": image })).await;
    assert_eq!(all.len(), 3, "{all:?}");
    let sure = pose(&dispatcher, json!({ "image": image, "threshold": all[0].score - 0.001 })).await;
    assert_eq!(sure, all[..1]);
    let faint = pose(&dispatcher, json!({ "image": image, "threshold": 0.05 })).await;
    assert_eq!(faint[..3], all);
}

#[tokio::test]
async fn dogs_are_no_people() {
    let (dispatcher, image) = dispatcher(NETWORK, DOGS);
    assert_eq!(pose(&dispatcher, json!({ "image": image })).await, []);
}

#[tokio::test]
async fn a_network_without_points_is_refused() {
    for network in ["nanodet", "yolo26n-seg"] {
        let (dispatcher, image) = dispatcher(network, ASTRONAUT);
        let failure = call(&dispatcher, "pose", json!({ "image": image })).await.outcome.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Failed);
        assert!(failure.message.contains("or others than the seventeen of COCO"), "{}", failure.message);
    }
}

/// It would find no dog in any picture.
#[tokio::test]
async fn the_detector_refuses_a_network_that_knows_people_alone() {
    let detect = Detect::new(Arc::new(sessions(EngineChoice::Auto))).with_network(NETWORK);
    let dispatcher = Dispatcher::new(Registry::new().with(detect).unwrap(), Arc::default());
    let image = dispatcher.images().open(&picture(DOGS)).unwrap();
    let failure = call(&dispatcher, "detect", json!({ "image": image })).await.outcome.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Failed);
    assert!(failure.message.contains("class 1 is not \"bicycle\""), "{}", failure.message);
}

#[tokio::test]
async fn a_network_that_is_not_in_the_catalogue_is_named() {
    let (dispatcher, image) = dispatcher("nonesuch", ASTRONAUT);
    let failure = call(&dispatcher, "pose", json!({ "image": image })).await.outcome.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(failure.message.contains("`nonesuch`"), "{}", failure.message);
}

#[tokio::test]
async fn a_threshold_that_is_none_is_refused() {
    let (dispatcher, image) = dispatcher(NETWORK, ASTRONAUT);
    for threshold in [40.0, 0.0, -1.0] {
        let arguments = json!({ "image": image, "threshold": threshold });
        let failure = call(&dispatcher, "pose", arguments).await.outcome.unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments, "{threshold}");
    }
}

#[tokio::test]
async fn odd_sizes_are_no_trouble() {
    let (dispatcher, _) = dispatcher(NETWORK, ASTRONAUT);
    for (width, height) in [(1, 1), (1, 900), (900, 2), (417, 416)] {
        let image = dispatcher.images().insert(RgbImage::new(width, height)).unwrap();
        let found = pose(&dispatcher, json!({ "image": image, "threshold": 0.05 })).await;
        let whole = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
        assert!(found.iter().all(|person| person.bounds.clamped(whole) == person.bounds), "{found:?}");
    }
}
