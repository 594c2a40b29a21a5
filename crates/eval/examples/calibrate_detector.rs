//! Measures what the detector finds on labelled photographs, by class and size, and prints one line a finding.
//!
//!     cargo run --release -p lavr-eval --example calibrate_detector -- crates/eval/photos/tuning > calibration.json

use std::{collections::BTreeMap, error::Error, path::PathBuf, sync::Arc};

use lavr_experts::Experts;
use lavr_image::ImageStore;
use lavr_tool::{CancellationToken, Dispatcher};
use lavr_types::{
    CallId, ImageId, ToolCall,
    perception::{Detection, Detections},
};
use serde::Serialize;
use serde_json::json;

/// The lowest score that is recorded.
const LEAST: f64 = 0.15;

/// What the detector made of one class in one picture.
#[derive(Serialize)]
struct Entry {
    file: String,
    label: String,
    /// How many there are, by eye.
    present: u32,
    /// Best score in the whole picture, and in overlapping parts of it.
    best: [f32; 2],
    /// The share of the picture that the best finding covers.
    size: f64,
    /// How many were found from 0.3, 0.4 and 0.5 on in the whole picture.
    counts: [usize; 3],
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from).ok_or("give the folder with objects.json")?;
    let truth: BTreeMap<String, BTreeMap<String, u32>> =
        serde_json::from_str(&std::fs::read_to_string(folder.join("objects.json"))?)?;
    let dispatcher = Dispatcher::new(Experts::open()?.registry()?, Arc::<ImageStore>::default());
    let mut lines = Vec::new();
    for (file, present) in &truth {
        let image = dispatcher.images().open(&folder.join(file))?;
        let whole = detect(&dispatcher, image, false).await?;
        let tiles = detect(&dispatcher, image, true).await?;
        let area = dispatcher.images().size_of(image)?.area() as f64;
        let mut labels: Vec<&str> = whole
            .iter()
            .chain(&tiles)
            .map(|found| found.label.as_str())
            .chain(present.keys().map(String::as_str))
            .collect();
        labels.sort_unstable();
        labels.dedup();
        for label in labels {
            let of = |found: &[Detection]| -> Vec<Detection> {
                found.iter().filter(|object| object.label == label).cloned().collect()
            };
            let (in_whole, in_tiles) = (of(&whole), of(&tiles));
            let score = |found: &[Detection]| found.first().map_or(0.0, |object| object.score);
            let largest = in_whole.first().or(in_tiles.first()).map_or(0.0, |object| object.bounds.area());
            let count = |least: f32| in_whole.iter().filter(|object| object.score >= least).count();
            lines.push(serde_json::to_string(&Entry {
                file: file.clone(),
                label: label.to_owned(),
                present: present.get(label).copied().unwrap_or(0),
                best: [score(&in_whole), score(&in_tiles)],
                size: (largest / area * 1000.0).round() / 1000.0,
                counts: [count(0.3), count(0.4), count(0.5)],
            })?);
        }
    }
    #[expect(clippy::print_stdout, reason = "the output of the program")]
    {
        println!("[\n{}\n]", lines.join(",\n"));
    }
    Ok(())
}

/// Everything in a picture, best first.
async fn detect(
    dispatcher: &Dispatcher,
    image: ImageId,
    tiles: bool,
) -> Result<Vec<Detection>, Box<dyn Error>> {
    let arguments = json!({ "image": image, "threshold": LEAST, "tiles": tiles });
    let call = ToolCall { id: CallId("look".into()), tool: "detect".to_owned(), arguments };
    let record = dispatcher.dispatch(vec![call], &CancellationToken::new()).await.pop().ok_or("no record")?;
    let observation = record.outcome.map_err(|failure| failure.message)?;
    let detections: Detections = serde_json::from_value(observation.value)?;
    Ok(detections.objects)
}
