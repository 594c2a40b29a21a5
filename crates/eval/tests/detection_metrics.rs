//! COCO average precision against what pycocotools gives.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lavr_eval::metrics::detection::{Found, Matches, Picture, Range, Truth};
use serde_json::Value;

fn bounds(value: &Value) -> [f64; 4] {
    serde_json::from_value(value["bbox"].clone()).unwrap()
}

fn pictures(golden: &Value) -> Vec<Picture> {
    let of = |rows: &str, id: &Value| -> Vec<Value> {
        golden[rows].as_array().unwrap().iter().filter(|row| row["image_id"] == *id).cloned().collect()
    };
    let images = golden["images"].as_array().unwrap();
    let pictures = images.iter().map(|image| Picture {
        truth: of("annotations", &image["id"])
            .iter()
            .map(|row| Truth {
                class: row["category_id"].as_u64().unwrap(),
                bounds: bounds(row),
                area: row["area"].as_f64().unwrap(),
                crowd: row["iscrowd"] == 1,
            })
            .collect(),
        found: of("detections", &image["id"])
            .iter()
            .map(|row| Found {
                class: row["category_id"].as_u64().unwrap(),
                bounds: bounds(row),
                score: row["score"].as_f64().unwrap(),
            })
            .collect(),
    });
    pictures.collect()
}

fn near(value: Option<f64>, expected: &Value, what: &str) {
    let (value, expected) = (value.unwrap(), expected.as_f64().unwrap());
    assert!((value - expected).abs() < 1e-12, "{what}: {value} instead of {expected}");
}

#[test]
fn average_precision_and_recall() {
    let golden: Value = serde_json::from_str(include_str!("golden/coco_map.json")).unwrap();
    let (pictures, stats) = (pictures(&golden), &golden["stats"]);
    let classes = [1, 18, 3];
    let [all, small, medium, large] = Range::ALL.map(|range| Matches::new(&pictures, &classes, range));
    near(all.summary(100).precision(), &stats["AP"], "AP");
    near(all.summary(100).precision_at(0), &stats["AP50"], "AP50");
    near(all.summary(100).precision_at(5), &stats["AP75"], "AP75");
    near(all.summary(1).recall(), &stats["AR1"], "AR1");
    near(all.summary(10).recall(), &stats["AR10"], "AR10");
    near(all.summary(100).recall(), &stats["AR100"], "AR100");
    for (matches, letter) in [(&small, "s"), (&medium, "m"), (&large, "l")] {
        near(matches.summary(100).precision(), &stats[format!("AP{letter}")], letter);
        near(matches.summary(100).recall(), &stats[format!("AR{letter}")], letter);
    }
    for (class, name) in [(1, "person"), (18, "dog"), (3, "car")] {
        near(all.summary(100).of_class(class), &golden["ap_per_class"][name], name);
    }
}

#[test]
fn a_draw_of_every_picture_once_is_the_whole_and_of_one_alone_is_that_one() {
    let golden: Value = serde_json::from_str(include_str!("golden/coco_map.json")).unwrap();
    let pictures = pictures(&golden);
    let matches = Matches::new(&pictures, &[1, 18, 3], Range::All);
    assert_eq!(matches.drawn(100, &[1; 5]), matches.summary(100));
    let alone = Matches::new(&pictures[2..3], &[1, 18, 3], Range::All);
    assert_eq!(matches.drawn(100, &[0, 0, 1]), alone.summary(100));
    assert_eq!(matches.drawn(100, &[]).precision(), None);
}
