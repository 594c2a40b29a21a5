//! Measures which cut-outs the experts see, each alone on the canvas, and prints what `scenes/calibration.json` holds.
//!
//!     cargo run --release -p lavr-eval --example calibrate_cutouts -- crates/eval/scenes > calibration.json

use std::{error::Error, path::PathBuf, sync::Arc};

use lavr_eval::scenes::{
    Background, SIZE, Scene, SceneObject,
    render::{Calibration, CutOut, Entry, PAINTS, Studio},
};
use lavr_experts::Experts;
use lavr_image::ImageStore;
use lavr_tool::{CancellationToken, Dispatcher};
use lavr_types::{
    CallId, ImageId, Rect, ToolCall,
    perception::{ColorQuality, ColorReport, Detections},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Longer sides as shares of the canvas's.
const SIZES: [f64; 3] = [0.26, 0.32, 0.38];

/// Centres as shares of the room that is left beside the thing.
const PLACES: [[f64; 2]; 3] = [[0.1, 0.3], [0.5, 0.6], [0.9, 0.85]];

const BACKGROUNDS: [Background; 2] = [
    Background { top: [214, 220, 224], bottom: [196, 200, 202] },
    Background { top: [226, 222, 212], bottom: [206, 200, 188] },
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from).ok_or("give the folder with the cut-outs")?;
    let studio = Studio::uncalibrated(&folder)?;
    let dispatcher = Dispatcher::new(Experts::open()?.registry()?, Arc::<ImageStore>::default());
    let mut entries = Vec::new();
    for cutout in studio.cutouts() {
        let own = cutout.color.as_deref();
        let paints = PAINTS.iter().map(|(color, _)| Some(*color)).filter(|color| *color != own);
        for color in std::iter::once(own).chain(paints) {
            for size in SIZES {
                entries.push(measure(&dispatcher, &studio, cutout, color, size).await?);
            }
        }
    }
    let calibration = Calibration {
        how: format!(
            "Each cut-out, as photographed and in each paint, alone on a canvas of {} x {} pixels at three places on two \
             backgrounds; the detector at threshold 0.25 on the whole picture, the color meter on the thing's own box.",
            SIZE.width, SIZE.height
        ),
        command: "cargo run --release -p lavr-eval --example calibrate_cutouts -- crates/eval/scenes"
            .to_owned(),
        entries,
    };
    #[expect(clippy::print_stdout, reason = "the output of the program")]
    {
        // One entry a line, so that two measurements can be compared line by line.
        let text = serde_json::to_string(&calibration)?;
        println!("{}", text.replace("{\"cutout\"", "\n{\"cutout\""));
    }
    Ok(())
}

async fn measure(
    dispatcher: &Dispatcher,
    studio: &Studio,
    cutout: &CutOut,
    color: Option<&str>,
    size: f64,
) -> Result<Entry, Box<dyn Error>> {
    let [width, height] = cutout.proportions().map(|share| (share * size * f64::from(SIZE.width)).round());
    let (mut score, mut doubled, mut named, mut placements) = (1.0_f32, 0.0_f32, 0.0, 0.0);
    for background in BACKGROUNDS {
        for [across, down] in PLACES {
            let left = (across * (f64::from(SIZE.width) - width)).round();
            let top = (down * (f64::from(SIZE.height) - height)).round();
            let bounds = Rect::new(left, top, left + width, top + height);
            let object = SceneObject {
                label: cutout.label.clone(),
                bounds,
                color: color.map(str::to_owned),
                cutout: Some(cutout.name.clone()),
            };
            let scene =
                Scene { id: "alone".into(), size: SIZE, background, objects: vec![object], texts: vec![] };
            let image = dispatcher.images().insert(studio.render(&scene)?)?;
            let found: Detections = call(dispatcher, "detect", image, json!({ "threshold": 0.25 })).await?;
            let of = |own: bool| {
                found
                    .objects
                    .iter()
                    .filter(|object| object.label == cutout.label && (object.bounds.iou(bounds) > 0.5) == own)
                    .map(|object| object.score)
                    .fold(0.0, f32::max)
            };
            score = score.min(of(true));
            doubled = doubled.max(of(false));
            let report: ColorReport = call(dispatcher, "color", image, json!({ "region": bounds })).await?;
            let first = report.colors.first().map(|color| color.name.as_str());
            named += f64::from(u8::from(report.quality == ColorQuality::Clear && first == color));
            placements += 1.0;
        }
    }
    Ok(Entry {
        cutout: cutout.name.clone(),
        label: cutout.label.clone(),
        color: color.map(str::to_owned),
        size,
        score: (score * 1000.0).round() / 1000.0,
        doubled: (doubled * 1000.0).round() / 1000.0,
        named: color.map(|_| named / placements),
    })
}

async fn call<T: DeserializeOwned>(
    dispatcher: &Dispatcher,
    tool: &str,
    image: ImageId,
    more: Value,
) -> Result<T, Box<dyn Error>> {
    let mut arguments = json!({ "image": image });
    if let (Some(arguments), Value::Object(more)) = (arguments.as_object_mut(), more) {
        arguments.extend(more);
    }
    let call = ToolCall { id: CallId("look".into()), tool: tool.to_owned(), arguments };
    let record = dispatcher.dispatch(vec![call], &CancellationToken::new()).await.pop().ok_or("no record")?;
    let observation = record.outcome.map_err(|failure| failure.message)?;
    Ok(serde_json::from_value(observation.value)?)
}
