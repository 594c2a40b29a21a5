//! The detector on real photographs.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use async_trait::async_trait;
use lavr_detect::{Detect, Detector, Settings, WEIGHTS};
use lavr_infer::{EngineChoice, InferError, Loader, Session, SessionSource, Sessions};
use lavr_tool::{CancellationToken, Dispatcher, Registry};
use lavr_types::{
    CallId, CallRecord, FailureKind, ImageId, Rect, ToolCall,
    perception::{Detection, Detections},
};
use lavr_weights::Store;
use serde::Deserialize;
use serde_json::{Value, json};

fn session() -> Arc<dyn Session> {
    static SESSION: OnceLock<Arc<dyn Session>> = OnceLock::new();
    Arc::clone(SESSION.get_or_init(|| {
        let mut network = Vec::new();
        flate2::read::GzDecoder::new(WEIGHTS.gzip).read_to_end(&mut network).unwrap();
        Loader::new(EngineChoice::Rten, None).unwrap().load_bytes("nanodet", network).unwrap()
    }))
}

/// The networks of the catalogue, the embedded one among them.
fn sessions(engine: EngineChoice) -> Sessions {
    Sessions::new(Store::open_default().unwrap().with_bundled(&[WEIGHTS]), engine)
}

struct OneSession;

#[async_trait]
impl SessionSource for OneSession {
    async fn session(&self, model: &str) -> Result<Arc<dyn Session>, InferError> {
        assert_eq!(model, Detect::MODEL);
        Ok(session())
    }
}

fn picture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/pictures").join(name)
}

fn dispatcher(name: &str) -> (Dispatcher, ImageId) {
    let registry = Registry::new().with(Detect::new(Arc::new(OneSession))).unwrap();
    let dispatcher = Dispatcher::new(registry, Arc::default());
    let id = dispatcher.images().open(&picture(name)).unwrap();
    (dispatcher, id)
}

async fn call(dispatcher: &Dispatcher, arguments: Value) -> CallRecord {
    let call = ToolCall { id: CallId("call_1".to_owned()), tool: "detect".to_owned(), arguments };
    dispatcher.dispatch(vec![call], &CancellationToken::new()).await.remove(0)
}

async fn detect(dispatcher: &Dispatcher, arguments: Value) -> Detections {
    serde_json::from_value(call(dispatcher, arguments).await.outcome.unwrap().value).unwrap()
}

fn labels(detections: &Detections) -> Vec<&str> {
    detections.objects.iter().map(|object| object.label.as_str()).collect()
}

#[derive(Deserialize)]
struct Reference {
    picture: String,
    objects: Vec<ReferenceObject>,
}

#[derive(Deserialize)]
struct ReferenceObject {
    label: String,
    score: f32,
    #[serde(rename = "box")]
    bounds: Rect,
}

/// `expected/reference.json` was made by `expected/reference.py` (Python).
#[test]
fn the_boxes_are_those_of_the_python_reference() {
    equals(&Detector::new(session()), include_str!("expected/reference.json"), 0.015);
}

/// The larger networks are fetched as a user would fetch them.
#[tokio::test]
async fn the_boxes_of_the_larger_networks_are_those_of_the_python_reference() {
    for engine in [EngineChoice::Rten, EngineChoice::OnnxRuntime] {
        let sessions = sessions(engine);
        // Their scores hang on the last bit of the input more: two rows of border more or less move one by 0.07.
        let yolo11n = sessions.session("yolo11n").await.unwrap();
        equals(&Detector::new(yolo11n), include_str!("expected/yolo11n.json"), 0.03);
        // The reference runs the training library's own export, this the checkpoint.
        let yolo26m = sessions.session("yolo26m").await.unwrap();
        equals(&Detector::new(yolo26m), include_str!("expected/yolo26m.json"), 0.03);
    }
}

fn equals(detector: &Detector, expected: &str, tolerance: f32) {
    let references: Vec<Reference> = serde_json::from_str(expected).unwrap();
    for reference in references {
        let pixels = lavr_image::decode(
            &std::fs::read(picture(&reference.picture)).unwrap(),
            &reference.picture,
            &lavr_image::Limits::default(),
        )
        .unwrap()
        .pixels;
        let area = Rect::new(0.0, 0.0, f64::from(pixels.width()), f64::from(pixels.height()));
        let settings = Settings { threshold: 0.4, ..Settings::default() };
        let found = detector.find(&pixels, area, &[], settings, &CancellationToken::new()).unwrap();
        assert_eq!(found.objects.len(), reference.objects.len(), "{}: {found:?}", reference.picture);
        for expected in &reference.objects {
            let is_it = |object: &&Detection| {
                object.label == expected.label && object.bounds.iou(expected.bounds) > 0.97
            };
            let object = found.objects.iter().find(is_it);
            assert!(object.is_some(), "{}: {found:?}", reference.picture);
            let object = object.unwrap();
            // The JPEG decoders and resize filters round differently: a level of 255 here and there.
            assert!((object.score - expected.score).abs() < tolerance, "{object:?} {:?}", expected.score);
        }
    }
}

#[tokio::test]
async fn both_dogs_are_found_and_mapped_to_their_places() {
    let (dispatcher, image) = dispatcher("dogs.jpg");
    let record = call(&dispatcher, json!({ "image": image })).await;
    let observation = record.outcome.unwrap();
    let found: Detections = serde_json::from_value(observation.value).unwrap();
    assert_eq!(labels(&found), ["dog", "dog"]);
    let heads = [Rect::new(197.0, 162.0, 333.0, 329.0), Rect::new(293.0, 369.0, 431.0, 529.0)];
    for head in heads {
        assert!(found.objects.iter().any(|dog| dog.bounds.iou(head) > 0.5), "{found:?}");
    }
    let seen: Vec<_> = observation.evidence.iter().map(|one| (one.region.pixels(), &one.value)).collect();
    assert_eq!(seen[0], (found.objects[0].bounds, &json!("dog")));
}

#[tokio::test]
async fn other_words_for_a_class_are_understood_and_unknown_ones_given_back() {
    let (dispatcher, image) = dispatcher("cat-and-cup.jpg");
    let found = detect(&dispatcher, json!({ "image": image, "labels": ["mug", "dragon"] })).await;
    assert_eq!(labels(&found), ["cup"]);
    assert_eq!(found.unknown_labels, ["dragon"]);
    let nothing = detect(&dispatcher, json!({ "image": image, "labels": ["dragon"] })).await;
    assert!(nothing.objects.is_empty());
    assert_eq!(nothing.unknown_labels, ["dragon"]);
}

#[tokio::test]
async fn asking_for_dogs_does_not_make_a_cat_one() {
    let (dispatcher, image) = dispatcher("cat.jpg");
    let found = detect(&dispatcher, json!({ "image": image, "labels": ["dog"], "threshold": 0.3 })).await;
    assert_eq!(labels(&found), Vec::<&str>::new());
    let found = detect(&dispatcher, json!({ "image": image, "labels": ["cat"], "threshold": 0.3 })).await;
    assert_eq!(labels(&found), ["cat"]);
}

#[tokio::test]
async fn a_region_is_looked_at_alone_and_boxes_stay_in_the_images_pixels() {
    let (dispatcher, image) = dispatcher("dogs.jpg");
    let region = Rect::new(240.0, 300.0, 500.0, 529.0);
    let found = detect(&dispatcher, json!({ "image": image, "region": region })).await;
    let dog = found.objects.iter().find(|object| object.label == "dog").unwrap();
    assert!(dog.bounds.share_inside(region) > 0.999, "{dog:?}");
    assert!(dog.bounds.iou(Rect::new(293.0, 369.0, 431.0, 529.0)) > 0.5, "{dog:?}");
}

#[tokio::test]
async fn tiles_find_what_is_small_in_the_picture() {
    let (dispatcher, _) = dispatcher("dogs.jpg");
    // The same dogs in the corner of a large blank picture.
    let photo = lavr_image::decode(
        &std::fs::read(picture("dogs.jpg")).unwrap(),
        "dogs",
        &lavr_image::Limits::default(),
    )
    .unwrap();
    let mut large = lavr_image::RgbImage::from_pixel(2600, 2000, lavr_image::Rgb([128, 128, 128]));
    for (x, y, pixel) in photo.pixels.enumerate_pixels() {
        large.put_pixel(x + 1700, y + 1300, *pixel);
    }
    let image = dispatcher.images().insert(large).unwrap();
    let whole = detect(&dispatcher, json!({ "image": image, "labels": ["dog"] })).await;
    let tiled = detect(&dispatcher, json!({ "image": image, "labels": ["dog"], "tiles": true })).await;
    assert!(tiled.objects.len() > whole.objects.len(), "{whole:?} {tiled:?}");
    assert!(tiled.objects.iter().all(|dog| dog.bounds.left > 1850.0 && dog.bounds.top > 1430.0), "{tiled:?}");
}

#[tokio::test]
async fn odd_sizes_are_no_trouble() {
    let (dispatcher, _) = dispatcher("dogs.jpg");
    for (width, height) in [(1, 1), (1, 900), (900, 2), (417, 416)] {
        let image = dispatcher.images().insert(lavr_image::RgbImage::new(width, height)).unwrap();
        let found = detect(&dispatcher, json!({ "image": image, "tiles": true })).await;
        let bounds = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
        assert!(
            found.objects.iter().all(|object| object.bounds.clamped(bounds) == object.bounds),
            "{found:?}"
        );
    }
}

#[tokio::test]
async fn a_threshold_that_is_none_is_refused() {
    let (dispatcher, image) = dispatcher("cat.jpg");
    let failure = call(&dispatcher, json!({ "image": image, "threshold": 40 })).await.outcome.unwrap_err();
    assert_eq!(failure.kind, FailureKind::InvalidArguments);
}

#[tokio::test]
async fn a_larger_network_takes_the_place_of_the_embedded_one_and_is_told() {
    let larger = Detect::new(Arc::new(sessions(EngineChoice::Auto))).with_network("yolo11n");
    let registry = Registry::new().with(larger).unwrap();
    assert_eq!(registry.specs().next().unwrap().network.as_deref(), Some("yolo11n"));
    let dispatcher = Dispatcher::new(registry, Arc::default());
    let image = dispatcher.images().open(&picture("dogs.jpg")).unwrap();
    let found = detect(&dispatcher, json!({ "image": image })).await;
    assert_eq!(labels(&found), ["dog", "dog"]);
    assert!(found.objects.iter().all(|dog| dog.score > 0.7), "{found:?}");
}

/// Of the cat that is not there the larger network leaves no trace, and the embedded one a doubtful one.
#[tokio::test]
async fn what_only_the_embedded_network_sees_is_a_doubt() {
    let larger = Detect::new(Arc::new(sessions(EngineChoice::Auto))).with_network("yolo11n");
    let dispatcher = Dispatcher::new(Registry::new().with(larger).unwrap(), Arc::default());
    let image = dispatcher.images().open(&picture("dogs.jpg")).unwrap();
    let arguments = json!({ "image": image, "labels": ["cat", "dog"], "threshold": 0.05, "tiles": true });
    let closer = detect(&dispatcher, arguments).await;
    assert!(closer.objects.iter().all(|object| object.label == "dog"), "{closer:?}");
    assert!(closer.doubts.iter().any(|doubt| doubt.label == "cat"), "{closer:?}");
    assert!(closer.doubts.iter().all(|doubt| doubt.label != "dog"), "what was found is in no doubt");
    let once = detect(&dispatcher, json!({ "image": image, "labels": ["cat"], "threshold": 0.05 })).await;
    assert_eq!(once.doubts, [], "one look, one network");
}

#[tokio::test]
async fn a_network_that_is_not_in_the_catalogue_is_named() {
    let unknown = Detect::new(Arc::new(sessions(EngineChoice::Auto))).with_network("nonesuch");
    let dispatcher = Dispatcher::new(Registry::new().with(unknown).unwrap(), Arc::default());
    let image = dispatcher.images().open(&picture("dogs.jpg")).unwrap();
    let failure = call(&dispatcher, json!({ "image": image })).await.outcome.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(failure.message.contains("`nonesuch`"), "{}", failure.message);
}
