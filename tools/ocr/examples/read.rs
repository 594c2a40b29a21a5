//! Reads the text of pictures.
//!
//! ```text
//! cargo run --release -p lavr-ocr --example read -- [--engine auto|rten|onnxruntime] [--threads N] [--json]
//!     [--repeat N] [--annotate DIRECTORY] PICTURE...
//! ```
//!
//! Prints each line's score and text; with `--json`, one object a picture with its time, and the peak memory of the
//! process. `--repeat` reads each picture N times and reports the fastest. `docs/benchmarks/rapidocr_peer.py` takes
//! the same pictures.

use std::{
    error::Error,
    path::{Path, PathBuf},
    time::Instant,
};

use lavr_image::{ImageStore, Rgb, RgbImage};
use lavr_infer::{EngineChoice, Sessions, set_threads};
use lavr_ocr::Reader;
use lavr_types::{Point, perception::TextLine};
use lavr_weights::Store;
use serde_json::json;
use tokio_util::sync::CancellationToken;

#[derive(Default)]
struct Options {
    engine: EngineChoice,
    threads: Option<usize>,
    json: bool,
    repeat: usize,
    annotate: Option<PathBuf>,
    pictures: Vec<PathBuf>,
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut options = Options { repeat: 1, ..Options::default() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--engine" => options.engine = value()?.parse()?,
            "--threads" => options.threads = Some(value()?.parse()?),
            "--repeat" => options.repeat = value()?.parse::<usize>()?.max(1),
            "--annotate" => options.annotate = Some(value()?.into()),
            "--json" => options.json = true,
            _ => options.pictures.push(word.into()),
        }
    }
    Ok(options)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    if let Some(threads) = options.threads {
        set_threads(threads)?;
    }
    let sessions = Sessions::new(Store::open_default()?, options.engine);
    let engine = sessions.loader().await?.engine();
    let reader = Reader::load(&sessions).await?;
    let store = ImageStore::default();
    for path in &options.pictures {
        let (mut seconds, mut cpu, mut lines) = (f64::INFINITY, f64::INFINITY, Vec::new());
        let mut pixels = None;
        for _ in 0..options.repeat {
            let (start, cpu_before) = (Instant::now(), cpu_seconds());
            let picture = store.get(store.open(path)?)?.pixels;
            lines = reader.read(&picture, &CancellationToken::new())?;
            seconds = seconds.min(start.elapsed().as_secs_f64());
            cpu = cpu.min(cpu_seconds() - cpu_before);
            pixels = Some(picture);
        }
        if options.json {
            print_json(path, &lines, [seconds, cpu], &engine.to_string());
        } else {
            print_text(path, &lines, seconds, &engine.to_string());
        }
        if let (Some(directory), Some(pixels)) = (&options.annotate, pixels) {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            annotated(&pixels, &lines).save(directory.join(format!("{name}.lines.png")))?;
        }
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a program that prints")]
fn print_json(path: &Path, lines: &[TextLine], [seconds, cpu]: [f64; 2], engine: &str) {
    let lines: Vec<_> = lines.iter().map(|line| json!([line.text, line.score, line.quad])).collect();
    let peak = peak_megabytes();
    println!(
        "{}",
        json!({
            "picture": path, "seconds": seconds, "cpu_seconds": cpu, "engine": engine, "peak_mb": peak,
            "lines": lines
        })
    );
}

#[expect(clippy::print_stdout, reason = "a program that prints")]
fn print_text(path: &Path, lines: &[TextLine], seconds: f64, engine: &str) {
    println!("{}: {} lines, {seconds:.3} s with {engine}", path.display(), lines.len());
    for line in lines {
        println!("{:.3} {}", line.score, line.text);
    }
}

/// The processor time that this process has used, in steps of 10 ms; 0 where the system does not tell.
fn cpu_seconds() -> f64 {
    let status = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = status.rsplit(')').next().unwrap_or_default();
    // User and system time, fields 14 and 15 of the line, in hundredths of a second.
    after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>()
        / 100.0
}

/// The most memory that this process ever held, where the system tells.
fn peak_megabytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some((kilobytes / 1024.0).round())
}

/// The picture with each line's box: its upper side red, the others green.
fn annotated(picture: &RgbImage, lines: &[TextLine]) -> RgbImage {
    let mut drawn = picture.clone();
    for line in lines {
        let corners = line.quad.0;
        for side in (0..4).rev() {
            let color = if side == 0 { Rgb([230, 0, 0]) } else { Rgb([0, 170, 0]) };
            stroke(&mut drawn, corners[side], corners[(side + 1) % 4], color);
        }
    }
    drawn
}

fn stroke(picture: &mut RgbImage, from: Point, to: Point, color: Rgb<u8>) {
    let steps = (to.x - from.x).abs().max((to.y - from.y).abs()).ceil().max(1.0);
    for step in 0..=steps as u32 {
        let share = f64::from(step) / steps;
        let (x, y) = (from.x + share * (to.x - from.x), from.y + share * (to.y - from.y));
        for (dx, dy) in [(0, 0), (1, 0), (0, 1)] {
            if let Some(pixel) = picture.get_pixel_mut_checked(x as u32 + dx, y as u32 + dy) {
                *pixel = color;
            }
        }
    }
}
