//! Colours of things in real photographs and of painted patches.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{path::Path, sync::Arc};

use lavr_color::MeasureColor;
use lavr_image::{Rgb, RgbImage};
use lavr_tool::{CancellationToken, Dispatcher, Registry};
use lavr_types::{
    CallId, ImageId, Rect, ToolCall,
    perception::{ColorQuality, ColorReport},
};
use serde_json::{Value, json};

fn dispatcher() -> Dispatcher {
    Dispatcher::new(Registry::new().with(MeasureColor).unwrap(), Arc::default())
}

fn photo(dispatcher: &Dispatcher, name: &str) -> ImageId {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/pictures").join(name);
    dispatcher.images().open(&path).unwrap()
}

async fn color(dispatcher: &Dispatcher, arguments: Value) -> ColorReport {
    let call = ToolCall { id: CallId("call_1".to_owned()), tool: "color".to_owned(), arguments };
    let record = dispatcher.dispatch(vec![call], &CancellationToken::new()).await.remove(0);
    serde_json::from_value(record.outcome.unwrap().value).unwrap()
}

/// The first colour's name where it stands for the whole.
fn clear(report: &ColorReport) -> Option<&str> {
    (report.quality == ColorQuality::Clear).then(|| report.colors[0].name.as_str())
}

#[tokio::test]
async fn things_in_photographs_have_the_colors_that_a_person_sees() {
    let dispatcher = dispatcher();
    let things = [
        ("cat-and-cup.jpg", [110.0, 182.0, 305.0, 361.0], "white"),
        ("dogs.jpg", [292.0, 365.0, 438.0, 527.0], "brown"),
        ("astronaut.jpg", [40.0, 250.0, 130.0, 480.0], "orange"),
        ("cat.jpg", [8.0, 4.0, 450.0, 299.0], "brown"),
    ];
    for (name, region, expected) in things {
        let image = photo(&dispatcher, name);
        let report = color(&dispatcher, json!({ "image": image, "region": region })).await;
        assert_eq!(clear(&report), Some(expected), "{name} {region:?}: {report:?}");
    }
}

#[tokio::test]
async fn a_patch_is_measured_whole_and_a_thing_without_its_ground() {
    let dispatcher = dispatcher();
    // A white disc with a red dot on a green ground.
    let pixels = RgbImage::from_fn(100, 100, |x, y| match (f64::from(x) - 49.5).hypot(f64::from(y) - 49.5) {
        radius if radius < 6.0 => Rgb([200, 20, 20]),
        radius if radius < 40.0 => Rgb([245, 245, 245]),
        _ => Rgb([30, 140, 40]),
    });
    let image = dispatcher.images().insert(pixels).unwrap();
    let share = async |region: [u32; 4], patch: bool, name: &str| {
        let report = color(&dispatcher, json!({ "image": image, "region": region, "patch": patch })).await;
        report.colors.iter().find(|color| color.name == name).map_or(0.0, |color| color.share)
    };
    let disc = [10, 10, 90, 90];
    assert!(share(disc, false, "green").await < 0.05);
    assert!(share(disc, true, "green").await > 0.15);
    // Around a patch of it is more of it.
    let patch = share([30, 30, 70, 70], true, "white").await;
    assert!(patch > 0.7, "{patch}");
}

#[tokio::test]
async fn a_striped_flag_is_mixed() {
    let dispatcher = dispatcher();
    let image = photo(&dispatcher, "astronaut.jpg");
    let report = color(&dispatcher, json!({ "image": image, "region": [0, 0, 95, 330] })).await;
    assert_eq!(report.quality, ColorQuality::Mixed, "{report:?}");
    let names: Vec<_> = report.colors.iter().map(|color| color.name.as_str()).collect();
    assert!(names.contains(&"red"), "{report:?}");
}

#[tokio::test]
async fn the_grass_around_a_ball_does_not_count() {
    let dispatcher = dispatcher();
    let picture = RgbImage::from_fn(400, 300, |x, y| {
        let (x, y) = (f64::from(x) - 200.0, f64::from(y) - 150.0);
        if x.hypot(y) < 60.0 { Rgb([200, 30, 30]) } else { Rgb([60, 140, 50]) }
    });
    let image = dispatcher.images().insert(picture).unwrap();
    let report = color(&dispatcher, json!({ "image": image, "region": [138, 88, 262, 212] })).await;
    assert_eq!(clear(&report), Some("red"));
    assert!(report.colors[0].share > 0.9, "{report:?}");
    assert_eq!(report.colors[0].hex, "#c81e1e");
}

#[tokio::test]
async fn shares_of_a_striped_thing_are_told() {
    let dispatcher = dispatcher();
    let picture =
        RgbImage::from_fn(
            300,
            300,
            |x, _| {
                if x % 60 < 30 { Rgb([230, 200, 30]) } else { Rgb([25, 60, 190]) }
            },
        );
    let image = dispatcher.images().insert(picture).unwrap();
    let report = color(&dispatcher, json!({ "image": image })).await;
    assert_eq!(report.quality, ColorQuality::Mixed);
    let mut names: Vec<_> = report.colors.iter().map(|color| color.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["blue", "yellow"]);
    assert!(report.colors.iter().all(|color| (color.share - 0.5).abs() < 0.06), "{report:?}");
}

#[tokio::test]
async fn a_thing_in_light_and_shade_has_one_color() {
    let dispatcher = dispatcher();
    // A green cylinder lit from the left.
    let picture = RgbImage::from_fn(300, 300, |x, _| {
        let light = 1.0 - 0.65 * f64::from(x) / 300.0;
        Rgb([40.0, 160.0, 60.0].map(|value: f64| (value * light) as u8))
    });
    let image = dispatcher.images().insert(picture).unwrap();
    let report = color(&dispatcher, json!({ "image": image })).await;
    assert_eq!(clear(&report), Some("green"), "{report:?}");
}

#[tokio::test]
async fn a_red_thing_with_gray_parts_is_not_simply_gray() {
    let dispatcher = dispatcher();
    let picture =
        RgbImage::from_fn(
            300,
            300,
            |x, _| if x % 50 < 12 { Rgb([190, 30, 30]) } else { Rgb([120, 120, 118]) },
        );
    let image = dispatcher.images().insert(picture).unwrap();
    let report = color(&dispatcher, json!({ "image": image })).await;
    assert_eq!((report.quality, report.colors[0].name.as_str()), (ColorQuality::Mixed, "gray"));
}

#[tokio::test]
async fn darkness_and_smallness_are_admitted() {
    let dispatcher = dispatcher();
    let night = RgbImage::from_fn(200, 200, |x, y| Rgb([(x % 9) as u8, 8, (y % 12) as u8]));
    let image = dispatcher.images().insert(night).unwrap();
    let report = color(&dispatcher, json!({ "image": image, "region": [50, 50, 150, 150] })).await;
    assert_eq!(report.quality, ColorQuality::TooDark);

    let image = photo(&dispatcher, "cat.jpg");
    let report = color(&dispatcher, json!({ "image": image, "region": [10, 10, 13, 200] })).await;
    assert_eq!(report, ColorReport::new(ColorQuality::TooSmall, vec![]));
}

#[tokio::test]
async fn a_black_thing_in_daylight_is_black() {
    let dispatcher = dispatcher();
    let picture = RgbImage::from_fn(300, 300, |x, y| {
        if (100..200).contains(&x) && (100..200).contains(&y) {
            Rgb([14, 13, 15])
        } else {
            Rgb([180, 190, 200])
        }
    });
    let image = dispatcher.images().insert(picture).unwrap();
    let report = color(&dispatcher, json!({ "image": image, "region": [98, 98, 202, 202] })).await;
    assert_eq!(clear(&report), Some("black"), "{report:?}");
}

#[test]
fn any_region_of_any_picture_gives_a_report() {
    let picture = RgbImage::from_fn(50, 40, |x, y| Rgb([(x * 5) as u8, (y * 6) as u8, 90]));
    for region in [
        Rect::new(0.0, 0.0, 50.0, 40.0),
        Rect::new(-30.0, -30.0, 500.0, 400.0),
        Rect::new(49.0, 39.0, 50.0, 40.0),
        Rect::new(41.5, 20.2, 49.9, 39.9),
    ] {
        let report = lavr_color::measure(&picture, region, None, lavr_color::MeasureOptions::default());
        let sum: f32 = report.colors.iter().map(|color| color.share).sum();
        assert!(sum <= 1.001, "{region:?}: {report:?}");
    }
}
