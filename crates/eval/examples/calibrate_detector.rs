//! Measures what the detector leaves of each class on labelled photographs, and what a miss is worth.
//!
//!     cargo run --release -p lavr-eval --example calibrate_detector -- \
//!         crates/eval/photos/tuning crates/eval/photos/calibration > calibration.json
//!
//! `--detector NAME` first takes another network of the catalogue than the one that the program carries.
//!
//! A folder has an `objects.json`: for each picture the labels that are there, with their number, or `null` where that
//! is for eyes to argue about. Of one that has `captions.json` alone those are there that its true captions name, and nothing is said of
//! others. To standard output goes one line for each class that left a trace or is there; to standard error, for bars such as those of `[absence]` in `crates/verify/thresholds.toml` and the files in `thresholds`, the share of
//! absent classes that stay below the bars and, by class, how many present ones reach them.

use std::{
    collections::BTreeMap,
    error::Error,
    path::{Path, PathBuf},
    sync::Arc,
};

use lavr_eval::metrics::verifier::Record;
use lavr_experts::Experts;
use lavr_image::ImageStore;
use lavr_tool::{CancellationToken, Dispatcher};
use lavr_types::{
    Assertion, CallId, ImageId, ToolCall, Vocabulary,
    perception::{Detection, Detections},
};
use lavr_verify::LexicalExtractor;
use serde::Serialize;
use serde_json::json;

/// The lowest score that is recorded.
const LEAST: f64 = 0.08;

/// The same of a network with scores further apart, the lowest that the tool takes.
const LEAST_OF_OTHERS: f64 = 0.05;

/// What the levels ask for in the whole picture and in tiles.
const LEVELS: [[f32; 2]; 4] = [[0.3, 0.45], [0.15, 0.25], [0.08, 0.2], [0.05, 0.15]];

/// What the detector made of one class in one picture.
#[derive(Serialize)]
struct Entry {
    file: String,
    label: String,
    /// How many there are, by eye; at least so many, where captions tell.
    present: u32,
    /// Best score of what was found in the whole picture, and in overlapping parts of it, too.
    found: [f32; 2],
    /// The same of what was found or lost its place to something else.
    any: [f32; 2],
    /// The share of the picture that the best finding covers.
    size: f64,
    /// How many were found from 0.3, 0.4 and 0.5 on in the whole picture.
    counts: [usize; 3],
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let (mut experts, mut least) = (Experts::open()?, LEAST);
    if arguments.next_if_eq("--detector").is_some() {
        experts = experts.with_detector(arguments.next().ok_or("--detector needs a name of the catalogue")?);
        least = LEAST_OF_OTHERS;
    }
    let folders: Vec<PathBuf> = arguments.map(PathBuf::from).collect();
    let dispatcher = Dispatcher::new(experts.registry()?, Arc::<ImageStore>::default());
    let mut entries = Vec::new();
    for folder in &folders {
        entries.extend(measure(folder, &dispatcher, least).await?);
    }
    let kept = entries.iter().filter(|entry| entry.present > 0 || entry.any[1] > 0.0);
    let lines: Vec<String> = kept.map(serde_json::to_string).collect::<Result<_, _>>()?;
    #[expect(clippy::print_stdout, reason = "the output of the program")]
    {
        println!("[\n{}\n]", lines.join(",\n"));
    }
    summary(&entries);
    Ok(())
}

/// The labels that are in each picture of a folder, with their number.
type Truth = BTreeMap<String, BTreeMap<String, Option<u32>>>;

fn truth(folder: &Path) -> Result<Truth, Box<dyn Error>> {
    let objects = folder.join("objects.json");
    if objects.exists() {
        return Ok(serde_json::from_str(&std::fs::read_to_string(objects)?)?);
    }
    let records: Vec<Record> = serde_json::from_str(&std::fs::read_to_string(folder.join("captions.json"))?)?;
    let extractor = LexicalExtractor::new(Vocabulary::builtin());
    let told = |record: Record| {
        let claims = extractor.read(&record.control_caption.text).claims;
        let named = claims.into_iter().filter_map(|claim| match claim.assertion {
            Assertion::Existence { entity, present: true } => entity.label.map(|label| (label, Some(1))),
            _ => None,
        });
        let named: BTreeMap<String, Option<u32>> = named.collect();
        let all = Vocabulary::builtin().labels().map(|label| (label.to_owned(), None));
        (record.file, all.chain(named).collect())
    };
    Ok(records.into_iter().map(told).collect())
}

/// Every class in every picture of a folder, but for those that are for eyes to argue about.
async fn measure(folder: &Path, dispatcher: &Dispatcher, least: f64) -> Result<Vec<Entry>, Box<dyn Error>> {
    let truth = truth(folder)?;
    let mut entries = Vec::new();
    for (file, present) in &truth {
        let image = dispatcher.images().open(&folder.join(file))?;
        let whole = detect(dispatcher, image, least, false).await?;
        let tiles = detect(dispatcher, image, least, true).await?;
        let area = dispatcher.images().size_of(image)?.area() as f64;
        for label in Vocabulary::builtin().labels() {
            let Some(present) = present.get(label).copied().unwrap_or(Some(0)) else { continue };
            let of = |some: &[Detection]| -> Vec<Detection> {
                some.iter().filter(|object| object.label == label).cloned().collect()
            };
            let score = |some: &[Detection]| some.first().map_or(0.0, |object| object.score);
            let [in_whole, in_tiles] = [of(&whole.objects), of(&tiles.objects)];
            let found = [score(&in_whole), score(&in_tiles)];
            let lost = [score(&of(&whole.rivals)), score(&of(&tiles.rivals))];
            let largest = in_whole.first().or(in_tiles.first()).map_or(0.0, |object| object.bounds.area());
            let count = |least: f32| in_whole.iter().filter(|object| object.score >= least).count();
            entries.push(Entry {
                file: file.clone(),
                label: label.to_owned(),
                present,
                found,
                any: [found[0].max(lost[0]), found[1].max(lost[1])],
                size: (largest / area * 1000.0).round() / 1000.0,
                counts: [count(0.3), count(0.4), count(0.5)],
            });
        }
    }
    Ok(entries)
}

#[expect(clippy::print_stderr, reason = "for the person who calibrates")]
fn summary(entries: &[Entry]) {
    for (number, bars) in LEVELS.iter().enumerate() {
        let is_missed = |entry: &Entry| {
            let best = if number == 0 { entry.found } else { entry.any };
            best[0] < bars[0] && best[1] < bars[1]
        };
        let absent: Vec<&Entry> = entries.iter().filter(|entry| entry.present == 0).collect();
        let clear = absent.iter().filter(|entry| is_missed(entry)).count();
        eprintln!("below {bars:?}: {clear} of {} absent", absent.len());
        let mut classes: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| entry.present > 0) {
            let counts = classes.entry(&entry.label).or_default();
            *counts = [counts[0] + usize::from(!is_missed(entry)), counts[1] + 1];
        }
        for (label, [seen, shown]) in classes {
            eprintln!("    {label}: {seen} of {shown}");
        }
    }
}

/// Everything in a picture, best first, and what lost its place to something else.
async fn detect(
    dispatcher: &Dispatcher,
    image: ImageId,
    least: f64,
    tiles: bool,
) -> Result<Detections, Box<dyn Error>> {
    // Asked for by name, so that what lost its place is told.
    let labels: Vec<&str> = Vocabulary::builtin().labels().collect();
    let arguments = json!({ "image": image, "labels": labels, "threshold": least, "tiles": tiles });
    let call = ToolCall { id: CallId("look".into()), tool: "detect".to_owned(), arguments };
    let record = dispatcher.dispatch(vec![call], &CancellationToken::new()).await.pop().ok_or("no record")?;
    let observation = record.outcome.map_err(|failure| failure.message)?;
    Ok(serde_json::from_value(observation.value)?)
}
