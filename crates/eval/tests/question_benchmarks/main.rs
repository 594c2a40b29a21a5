//! The question benchmarks from their files to their scores.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod amber;
mod haelm;
mod mmbench;
mod mme;
mod pope;

use std::path::Path;

use async_trait::async_trait;
use lavr_eval::{
    Answers, Benchmark, Cell, Response, Responses, RunOptions, Sample, Scores, Subject, Task,
    catalogue::{Source, entry},
    run,
};
use lavr_image::ImageStore;
use lavr_tool::CancellationToken;
use lavr_types::ImageId;
use serde_json::{Value, json};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn write(path: &Path, content: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

fn lines(records: impl IntoIterator<Item = Value>) -> String {
    let lines: Vec<String> = records.into_iter().map(|record| record.to_string()).collect();
    lines.join("\n") + "\n"
}

fn picture() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(8, 8, image::Rgb([200, 40, 40]))
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

fn source(data: &Path, variant: Option<&str>) -> Source {
    Source { data: Some(data.into()), variant: variant.map(str::to_owned), ..Source::default() }
}

fn open(name: &str, data: &Path, variant: Option<&str>) -> Box<dyn Benchmark> {
    entry(name).unwrap().open(&source(data, variant)).unwrap()
}

/// What opening says is wrong.
fn fault(name: &str, data: &Path, variant: Option<&str>) -> String {
    entry(name).unwrap().open(&source(data, variant)).err().unwrap().to_string()
}

async fn responses(benchmark: &dyn Benchmark, subject: &dyn Subject) -> Responses {
    let (images, cancel) = (ImageStore::default(), CancellationToken::new());
    run(benchmark, subject, &images, &RunOptions::default(), &cancel, &|_| ()).await.unwrap()
}

/// Another program's answers, by sample.
async fn answered(benchmark: &dyn Benchmark, folder: &Path, answers: &[(&str, &str)]) -> Responses {
    let path = folder.join("answers.jsonl");
    write(&path, lines(answers.iter().map(|(id, text)| json!({ "id": id, "text": text }))));
    responses(benchmark, &Answers::read(&path).unwrap()).await
}

#[track_caller]
fn share(scores: &Scores, table: &str, row: &str, column: &str) -> f64 {
    match scores.cell(table, row, column) {
        Some(Cell::Share { value: Some(value), .. }) => *value,
        other => panic!("{table}, {row}, {column}: {other:?}\n{}", scores.plain()),
    }
}

#[track_caller]
fn number(scores: &Scores, table: &str, row: &str, column: &str) -> f64 {
    match scores.cell(table, row, column) {
        Some(Cell::Number { value, .. }) => *value,
        Some(Cell::Count { value }) => *value as f64,
        other => panic!("{table}, {row}, {column}: {other:?}\n{}", scores.plain()),
    }
}

/// Says the same to every question, and remembers nothing.
struct Always(Response);

#[async_trait]
impl Subject for Always {
    fn name(&self) -> String {
        "always".into()
    }

    fn can(&self, _: &Task) -> bool {
        true
    }

    async fn answer(&self, _: &Sample, image: Option<ImageId>, _: &CancellationToken) -> Response {
        assert!(image.is_some(), "a subject that looks gets the picture");
        self.0.clone()
    }
}

const HIDDEN: &str = "Yes answers and true positives lost";

/// What a benchmark asks, each question behind its name.
fn asked(benchmark: &dyn Benchmark) -> Vec<String> {
    let text = |sample: &Sample| match &sample.task {
        Task::Question(text) => format!("{} {text}", sample.id),
        other => panic!("{other:?}"),
    };
    benchmark.samples().iter().map(text).collect()
}
