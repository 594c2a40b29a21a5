use lavr_tool::{CancellationToken, Dispatcher};
use lavr_types::{CallId, ImageId, ToolCall, perception::Detections};
use serde_json::{Value, json};

use super::*;
use crate::scenes::random_scene;

async fn call(dispatcher: &Dispatcher, tool: &str, arguments: Value) -> Value {
    let call = ToolCall { id: CallId("call_1".into()), tool: tool.into(), arguments };
    let mut records = dispatcher.dispatch(vec![call], &CancellationToken::new()).await;
    records.pop().unwrap().outcome.unwrap().value
}

async fn detect(dispatcher: &Dispatcher, image: ImageId, more: Value) -> Detections {
    let mut arguments = json!({ "image": image, "threshold": 0.25 });
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(call(dispatcher, "detect", arguments).await).unwrap()
}

#[tokio::test]
async fn without_errors_the_truth_is_told() {
    for seed in 0..20 {
        let scene = random_scene(seed);
        let (dispatcher, image) = Oracle::new(scene.clone(), Rates::perfect(), seed).dispatcher().unwrap();
        for tiles in [false, true] {
            let found = detect(&dispatcher, image, json!({ "tiles": tiles })).await;
            assert_eq!(found.objects.len(), scene.objects.len());
            for object in &scene.objects {
                assert!(
                    found
                        .objects
                        .iter()
                        .any(|seen| seen.label == object.label && seen.bounds == object.bounds)
                );
                let color =
                    call(&dispatcher, "color", json!({ "image": image, "region": object.bounds })).await;
                if let Some(name) = &object.color {
                    assert_eq!(&color["colors"][0]["name"], name.as_str());
                }
            }
        }
        let read = call(&dispatcher, "ocr", json!({ "image": image })).await;
        let texts: Vec<&str> = scene.texts.iter().map(|text| text.text.as_str()).collect();
        let lines: Vec<&str> =
            read["lines"].as_array().unwrap().iter().map(|line| line["text"].as_str().unwrap()).collect();
        assert_eq!(lines, texts);
    }
}

#[tokio::test]
async fn a_look_errs_alike_whatever_is_asked_and_another_look_errs_otherwise() {
    let mut differ = 0;
    for seed in 0..20 {
        let scene = random_scene(seed);
        let oracle = Oracle::new(scene, Rates::like_nanodet(), seed);
        let (dispatcher, image) = oracle.dispatcher().unwrap();
        let all = detect(&dispatcher, image, json!({})).await;
        let (again, _) = oracle.dispatcher().unwrap();
        assert_eq!(detect(&again, image, json!({})).await, all);
        if let Some(first) = all.objects.first() {
            let one = detect(&dispatcher, image, json!({ "labels": [first.label] })).await;
            assert!(one.objects.contains(first));
        }
        let labels: Vec<&str> = all.objects.iter().map(|object| object.label.as_str()).collect();
        let closer = detect(&dispatcher, image, json!({ "tiles": true })).await;
        differ += usize::from(
            closer.objects.iter().map(|object| object.label.as_str()).collect::<Vec<_>>() != labels,
        );
    }
    assert!(differ >= 10, "{differ}");
}

#[tokio::test]
async fn errors_come_at_their_rates() {
    let (mut there, mut found, mut invented) = (0, 0, 0);
    for seed in 0..400 {
        let scene = random_scene(seed);
        let (dispatcher, image) =
            Oracle::new(scene.clone(), Rates::like_nanodet(), seed).dispatcher().unwrap();
        let seen = detect(&dispatcher, image, json!({ "threshold": 0.5 })).await;
        there += scene.objects.len();
        for object in &seen.objects {
            let right = scene
                .objects
                .iter()
                .any(|real| real.label == object.label && real.bounds.iou(object.bounds) > 0.5);
            found += usize::from(right);
            invented += usize::from(!right);
        }
    }
    // Measured shares: 22 of 40 found and 2 false in 37 pictures from 0.5 on.
    let share = found as f64 / there as f64;
    assert!((share - 0.55).abs() < 0.05, "{share}");
    assert!(invented < 400 / 5, "{invented}");
}

#[tokio::test]
async fn words_without_a_label_are_said_to_be_unknown() {
    let (dispatcher, image) = Oracle::new(random_scene(1), Rates::perfect(), 1).dispatcher().unwrap();
    let found = detect(&dispatcher, image, json!({ "labels": ["happiness"] })).await;
    assert_eq!((found.objects.len(), found.unknown_labels), (0, vec!["happiness".to_owned()]));
}
