//! Real networks on pictures with known text. The networks come from the catalogue's cache, fetched when missing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a failure here fails the test")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use lavr_image::{ImageStore, Rgb, RgbImage};
use lavr_infer::{EngineChoice, InferError, SessionSource, Sessions};
use lavr_ocr::{Ocr, OcrError, Reader};
use lavr_tool::{CancellationToken, Dispatcher, Registry};
use lavr_types::{CallId, FailureKind, Rect, ToolCall, Trust, perception::TextLine, perception::TextLines};
use lavr_weights::Store;
use serde_json::json;

fn sessions(engine: EngineChoice) -> Sessions {
    Sessions::new(Store::open_default().unwrap(), engine)
}

async fn reader() -> Reader {
    Reader::load(&sessions(EngineChoice::Auto)).await.unwrap()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn picture(name: &str) -> RgbImage {
    image::open(fixture(name)).unwrap().to_rgb8()
}

fn expected(name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(fixture(&format!("{name}.expected.txt"))).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn texts(lines: &[TextLine]) -> Vec<String> {
    lines.iter().map(|line| line.text.clone()).collect()
}

fn never() -> CancellationToken {
    CancellationToken::new()
}

fn assert_inside(lines: &[TextLine], size: (u32, u32)) {
    for point in lines.iter().flat_map(|line| line.quad.0) {
        assert!((0.0..=f64::from(size.0)).contains(&point.x) && (0.0..=f64::from(size.1)).contains(&point.y));
    }
}

#[tokio::test]
async fn known_pictures_read_as_expected_with_both_engines() {
    for engine in [EngineChoice::Rten, EngineChoice::OnnxRuntime] {
        let reader = Reader::load(&sessions(engine)).await.unwrap();
        for name in ["sign", "columns", "chinese"] {
            let picture = picture(&format!("{name}.png"));
            let lines = reader.read(&picture, &never()).unwrap();
            assert_eq!(texts(&lines), expected(name), "{name} with {engine}");
            assert_inside(&lines, picture.dimensions());
        }
    }
}

#[tokio::test]
async fn text_is_read_in_all_four_directions_from_its_own_top_left() {
    let lines = reader().await.read(&picture("directions.png"), &never()).unwrap();
    let (mut found, mut wanted) = (texts(&lines), expected("directions"));
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
    // The first side of the quad is the upper side of the text.
    let upper_side = |text: &str| {
        let [a, b, ..] = lines.iter().find(|line| line.text == text).unwrap().quad.0;
        (
            (b.x - a.x).signum() * f64::from((b.x - a.x).abs() > 20.0),
            (b.y - a.y).signum() * f64::from((b.y - a.y).abs() > 20.0),
        )
    };
    assert_eq!(upper_side("LEVEL ROAD"), (1.0, 0.0));
    assert_eq!(upper_side("UPSIDE DOWN"), (-1.0, 0.0));
    assert_eq!(upper_side("CLIMBING"), (0.0, -1.0));
    assert_eq!(upper_side("FALLING"), (0.0, 1.0));
}

#[tokio::test]
async fn small_lettering_of_a_photograph_is_read() {
    let lines = reader().await.read(&picture("astronaut_patch.jpg"), &never()).unwrap();
    // Curved letters six pixels high: the name is there, not every letter of the second.
    assert!(texts(&lines).iter().any(|text| text.contains("COLLINS")), "{lines:?}");
}

#[tokio::test]
async fn a_line_lies_where_it_is_drawn() {
    let lines = reader().await.read(&picture("columns.png"), &never()).unwrap();
    // "The harbor was quiet that" begins at (40, 80) in letters 18 pixels high.
    let bounds = lines[1].quad.bounds();
    let off = [bounds.left - 40.0, bounds.top - 80.0, bounds.right - 280.0, bounds.bottom - 102.0];
    assert!(off.iter().all(|off| off.abs() < 8.0), "{bounds:?}");
}

#[tokio::test]
async fn a_region_is_read_alone_and_its_lines_lie_in_the_whole_picture() {
    let (reader, picture) = (reader().await, picture("columns.png"));
    let whole = reader.read(&picture, &never()).unwrap();
    let right = Rect::new(330.0, 70.0, 640.0, 260.0);
    let lines = reader.read_part(&picture, right, &never()).unwrap();
    assert_eq!(texts(&lines), expected("columns")[5..]);
    for (line, same) in lines.iter().zip(&whole[5..]) {
        assert!(line.quad.bounds().iou(same.quad.bounds()) > 0.75, "{line:?} {same:?}");
    }
}

#[tokio::test]
async fn pictures_without_text_and_of_odd_sizes_give_nothing_and_no_panic() {
    let reader = reader().await;
    for (width, height) in [(1, 1), (3, 2000), (4000, 2), (640, 480), (33, 31)] {
        for color in [[255; 3], [0; 3], [120, 40, 200]] {
            let blank = RgbImage::from_pixel(width, height, Rgb(color));
            assert_eq!(reader.read(&blank, &never()).unwrap(), [], "{width}x{height} {color:?}");
        }
    }
    assert_eq!(reader.read(&RgbImage::new(0, 0), &never()).unwrap(), []);
    let outside = Rect::new(900.0, 900.0, 950.0, 950.0);
    assert_eq!(reader.read_part(&RgbImage::new(40, 40), outside, &never()).unwrap(), []);
}

#[tokio::test]
async fn a_cancelled_reading_stops() {
    let cancel = never();
    cancel.cancel();
    let error = reader().await.read(&picture("sign.png"), &cancel).unwrap_err();
    assert!(matches!(error, OcrError::Infer(InferError::Cancelled)), "{error}");
}

async fn call(dispatcher: &Dispatcher, arguments: serde_json::Value) -> lavr_types::CallRecord {
    let call = ToolCall { id: CallId("call_1".into()), tool: "ocr".into(), arguments };
    dispatcher.dispatch(vec![call], &never()).await.remove(0)
}

fn dispatcher(source: Arc<dyn SessionSource>) -> Dispatcher {
    Dispatcher::new(Registry::new().with(Ocr::new(source)).unwrap(), Arc::new(ImageStore::default()))
}

#[tokio::test]
async fn the_tool_gives_lines_and_untrusted_evidence_with_regions() {
    let dispatcher = dispatcher(Arc::new(sessions(EngineChoice::Auto)));
    let image = dispatcher.images().insert(picture("sign.png")).unwrap();
    let observation = call(&dispatcher, json!({ "image": image })).await.outcome.unwrap();
    let value: TextLines = serde_json::from_value(observation.value).unwrap();
    assert_eq!(texts(&value.lines), expected("sign"));
    assert_eq!(observation.trust, Trust::Untrusted);
    assert_eq!(observation.evidence.len(), 2);
    for (evidence, line) in observation.evidence.iter().zip(&value.lines) {
        assert_eq!((&evidence.value, evidence.trust), (&json!(line.text), Trust::Untrusted));
        assert_eq!((evidence.region.image, evidence.region.bounds), (image, line.quad.bounds()));
        assert_eq!(evidence.tool, "ocr");
    }

    let half = json!({ "image": image, "region": [0, 0, 420, 178] });
    let observation = call(&dispatcher, half).await.outcome.unwrap();
    assert_eq!(observation.value["lines"][0]["text"], "BAKERY");

    let outside = json!({ "image": image, "region": [900, 900, 950, 950] });
    assert_eq!(call(&dispatcher, outside).await.outcome.unwrap_err().kind, FailureKind::InvalidArguments);
}

#[tokio::test]
async fn without_networks_the_tool_is_unavailable() {
    struct Nothing;
    #[async_trait::async_trait]
    impl SessionSource for Nothing {
        async fn session(&self, model: &str) -> Result<Arc<dyn lavr_infer::Session>, InferError> {
            Err(InferError::UnknownModel { model: model.to_owned(), known: String::new() })
        }
    }
    let dispatcher = dispatcher(Arc::new(Nothing));
    let image = dispatcher.images().insert(picture("sign.png")).unwrap();
    let failure = call(&dispatcher, json!({ "image": image })).await.outcome.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(failure.message.contains("text cannot be read here"), "{}", failure.message);
}
