//! Things cut out of real photographs.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use lavr_detect::{Detector, Segment, Segmenter, Settings, WEIGHTS};
use lavr_image::RgbImage;
use lavr_infer::{EngineChoice, SessionSource, Sessions};
use lavr_tool::{CancellationToken, Dispatcher, Registry};
use lavr_types::{
    CallId, CallRecord, FailureKind, ImageId, ToolCall,
    perception::{Instance, Instances, Mask},
};
use lavr_weights::Store;
use serde::Deserialize;
use serde_json::{Value, json};

const NETWORK: &str = "yolo26n-seg";

/// The networks of the catalogue, fetched as a user would fetch them.
fn sessions(engine: EngineChoice) -> Sessions {
    Sessions::new(Store::open_default().unwrap().with_bundled(&[WEIGHTS]), engine)
}

fn picture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/pictures").join(name)
}

fn pixels(name: &str) -> RgbImage {
    let bytes = std::fs::read(picture(name)).unwrap();
    lavr_image::decode(&bytes, name, &lavr_image::Limits::default()).unwrap().pixels
}

fn dispatcher(network: &str, name: &str) -> (Dispatcher, ImageId) {
    let segment = Segment::new(Arc::new(sessions(EngineChoice::Auto)), network);
    let dispatcher = Dispatcher::new(Registry::new().with(segment).unwrap(), Arc::default());
    let id = dispatcher.images().open(&picture(name)).unwrap();
    (dispatcher, id)
}

async fn call(dispatcher: &Dispatcher, arguments: Value) -> CallRecord {
    let call = ToolCall { id: CallId("call_1".to_owned()), tool: "segment".to_owned(), arguments };
    dispatcher.dispatch(vec![call], &CancellationToken::new()).await.remove(0)
}

async fn segment(dispatcher: &Dispatcher, arguments: Value) -> Instances {
    serde_json::from_value(call(dispatcher, arguments).await.outcome.unwrap().value).unwrap()
}

fn labels(instances: &Instances) -> Vec<&str> {
    instances.objects.iter().map(|object| object.label.as_str()).collect()
}

/// Pixels that show both things, as a share of those that show either.
fn overlap(a: &Mask, b: &Mask) -> f64 {
    let [height, width] = a.size;
    let (a, b) = (a.bitmap().unwrap(), b.bitmap().unwrap());
    let places = (0..width).flat_map(|x| (0..height).map(move |y| (x, y)));
    let (both, either) = places.fold((0u32, 0u32), |(both, either), (x, y)| {
        let (a, b) = (a.shows(x, y), b.shows(x, y));
        (both + u32::from(a && b), either + u32::from(a || b))
    });
    f64::from(both) / f64::from(either)
}

#[derive(Deserialize)]
struct Reference {
    picture: String,
    objects: Vec<Instance>,
}

/// `expected/yolo26n-seg.json` was made by `expected/masks.py`: by the training library, from picture to mask.
fn references() -> Vec<Reference> {
    serde_json::from_str(include_str!("expected/yolo26n-seg.json")).unwrap()
}

/// Measured: masks 0.977 to 0.999, boxes 0.987 to 0.999, scores at most 0.043 apart; the same with both engines.
#[tokio::test]
async fn the_masks_are_those_of_the_training_library() {
    for engine in [EngineChoice::Rten, EngineChoice::OnnxRuntime] {
        let segmenter = Segmenter::new(sessions(engine).session(NETWORK).await.unwrap());
        for Reference { picture, objects } in references() {
            let cut_out = segmenter.cut_out(&pixels(&picture), &[], 0.4).unwrap().objects;
            assert_eq!(cut_out.len(), objects.len(), "{picture}: {cut_out:?}");
            for (ours, theirs) in cut_out.iter().zip(&objects) {
                let (mask, expected) = (ours.mask.as_ref().unwrap(), theirs.mask.as_ref().unwrap());
                let (masks, boxes) = (overlap(mask, expected), ours.bounds.iou(theirs.bounds));
                assert_eq!(ours.label, theirs.label, "{picture}");
                assert!(
                    masks > 0.95 && boxes > 0.95,
                    "{picture} {}: masks {masks}, boxes {boxes}",
                    ours.label
                );
                // The library shrinks pictures with another filter.
                assert!(
                    (ours.score - theirs.score).abs() < 0.05,
                    "{picture}: {} {}",
                    ours.score,
                    theirs.score
                );
                assert_eq!(ours.area, mask.area());
            }
        }
    }
}

#[tokio::test]
async fn a_mask_lies_in_its_box_and_fills_much_of_it() {
    let (dispatcher, image) = dispatcher(NETWORK, "dogs.jpg");
    let record = call(&dispatcher, json!({ "image": image, "masks": true })).await;
    let observation = record.outcome.unwrap();
    let dogs: Instances = serde_json::from_value(observation.value).unwrap();
    assert_eq!(labels(&dogs), ["dog", "dog"]);
    for dog in &dogs.objects {
        let bitmap = dog.mask.as_ref().unwrap().bitmap().unwrap();
        let size = bitmap.size();
        let shown = (0..size.width).flat_map(|x| (0..size.height).map(move |y| (x, y)));
        for (x, y) in shown.filter(|(x, y)| bitmap.shows(*x, *y)) {
            let (x, y) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
            assert!((dog.bounds.left..dog.bounds.right).contains(&x), "{x} {y} {:?}", dog.bounds);
            assert!((dog.bounds.top..dog.bounds.bottom).contains(&y), "{x} {y} {:?}", dog.bounds);
        }
        assert!(dog.area as f64 > 0.5 * dog.bounds.area(), "{} of {:?}", dog.area, dog.bounds);
    }
    let seen: Vec<_> = observation.evidence.iter().map(|one| (one.region.pixels(), &one.value)).collect();
    assert_eq!(seen[0], (dogs.objects[0].bounds, &json!("dog")));
}

#[tokio::test]
async fn masks_are_left_out_unless_they_are_asked_for_and_areas_are_told() {
    let (dispatcher, image) = dispatcher(NETWORK, "dogs.jpg");
    let without = call(&dispatcher, json!({ "image": image, "masks": false })).await.outcome.unwrap().value;
    assert!(without["objects"][0].get("mask").is_none(), "{without}");
    assert_eq!(without, call(&dispatcher, json!({ "image": image })).await.outcome.unwrap().value);
    let with = segment(&dispatcher, json!({ "image": image, "masks": true })).await;
    let areas: Vec<_> = with.objects.iter().map(|dog| dog.mask.as_ref().unwrap().area()).collect();
    let told: Vec<_> = (0..2).map(|number| without["objects"][number]["area"].as_u64().unwrap()).collect();
    assert_eq!(told, areas);
}

#[tokio::test]
async fn only_what_is_asked_for_is_cut_out() {
    let (dispatcher, image) = dispatcher(NETWORK, "coffee.jpg");
    let all = segment(&dispatcher, json!({ "image": image })).await;
    assert_eq!(labels(&all), ["cup", "dining table"]);
    let mug = segment(&dispatcher, json!({ "image": image, "labels": ["mug", "dragon"] })).await;
    assert_eq!(
        (labels(&mug), mug.unknown_labels.as_slice()),
        (vec!["cup"], ["dragon".to_owned()].as_slice())
    );
    let dragon = segment(&dispatcher, json!({ "image": image, "labels": ["dragon"] })).await;
    assert_eq!((labels(&dragon), dragon.unknown_labels.len()), (vec![], 1));
    let sure = segment(&dispatcher, json!({ "image": image, "threshold": 0.9 })).await;
    assert_eq!(labels(&sure), ["cup"]);
}

#[tokio::test]
async fn a_network_without_masks_is_refused() {
    let (dispatcher, image) = dispatcher("nanodet", "dogs.jpg");
    let failure = call(&dispatcher, json!({ "image": image })).await.outcome.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Failed);
    assert!(failure.message.contains("finds boxes and gives no masks"), "{}", failure.message);
}

#[tokio::test]
async fn a_network_that_is_not_in_the_catalogue_is_named() {
    let (dispatcher, image) = dispatcher("nonesuch", "dogs.jpg");
    let failure = call(&dispatcher, json!({ "image": image })).await.outcome.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(failure.message.contains("`nonesuch`"), "{}", failure.message);
}

#[tokio::test]
async fn a_threshold_that_is_none_is_refused() {
    let (dispatcher, image) = dispatcher(NETWORK, "dogs.jpg");
    let failure = call(&dispatcher, json!({ "image": image, "threshold": 40 })).await.outcome.unwrap_err();
    assert_eq!(failure.kind, FailureKind::InvalidArguments);
}

#[tokio::test]
async fn odd_sizes_are_no_trouble() {
    let (dispatcher, _) = dispatcher(NETWORK, "dogs.jpg");
    for (width, height) in [(1, 1), (1, 900), (900, 2), (417, 416)] {
        let image = dispatcher.images().insert(RgbImage::new(width, height)).unwrap();
        let found = segment(&dispatcher, json!({ "image": image, "threshold": 0.05, "masks": true })).await;
        for mask in found.objects.into_iter().filter_map(|object| object.mask) {
            assert_eq!((mask.size, mask.bitmap().is_some()), ([height, width], true));
        }
    }
}

/// A detector that was given the same network takes the boxes and leaves the masks.
#[tokio::test]
async fn the_detector_takes_its_boxes() {
    let detector = Detector::new(sessions(EngineChoice::Auto).session(NETWORK).await.unwrap());
    let segmenter = Segmenter::new(sessions(EngineChoice::Auto).session(NETWORK).await.unwrap());
    let pixels = pixels("dogs.jpg");
    let whole = lavr_types::Size::new(pixels.width(), pixels.height()).bounds();
    let settings = Settings { threshold: 0.4, ..Settings::default() };
    let found = detector.find(&pixels, whole, &[], settings, &CancellationToken::new()).unwrap().objects;
    let cut_out = segmenter.cut_out(&pixels, &[], 0.4).unwrap().objects;
    let boxes: Vec<_> = cut_out.iter().map(|one| (one.label.as_str(), one.bounds, one.score)).collect();
    let found: Vec<_> = found.iter().map(|one| (one.label.as_str(), one.bounds, one.score)).collect();
    assert_eq!(found, boxes);
}
