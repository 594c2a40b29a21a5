//! Finds objects in pictures, or times the detector end to end on decoded pixels.
//!
//! ```text
//! gunzip -k tools/detect/weights/nanodet_g_coco80.onnx.gz
//! cargo run --release -p lavr-detect --example detect -- examples/pictures/*.jpg
//! cargo run --release -p lavr-detect --example detect -- --bench 30 --engine onnxruntime examples/pictures/*.jpg
//! ```
//!
//! The network is unpacked from the crate itself. `--engine onnxruntime` needs `ORT_DYLIB_PATH`.

use std::{error::Error, io::Read, path::PathBuf, time::Instant};

use lavr_detect::{Detector, Settings, WEIGHTS};
use lavr_image::{Limits, RgbImage};
use lavr_infer::{EngineChoice, Loader};
use lavr_tool::CancellationToken;
use lavr_types::Rect;

#[expect(clippy::print_stdout, reason = "an example's output")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut settings = Settings::default();
    let (mut rounds, mut engine, mut threads, mut pictures) = (0, EngineChoice::Auto, None, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--bench" => rounds = value()?.parse()?,
            "--engine" => engine = value()?.parse()?,
            "--threads" => threads = Some(value()?.parse()?),
            "--threshold" => settings.threshold = value()?.parse()?,
            "--tiles" => settings.tiles = true,
            _ => pictures.push(PathBuf::from(argument)),
        }
    }
    if let Some(threads) = threads {
        lavr_infer::set_threads(threads)?;
    }
    let mut network = Vec::new();
    flate2::read::GzDecoder::new(WEIGHTS.gzip).read_to_end(&mut network)?;
    let loader = Loader::new(engine, None)?;
    let detector = Detector::new(loader.load_bytes(WEIGHTS.file, network)?);
    for path in pictures {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let pixels = lavr_image::decode(&std::fs::read(&path)?, &name, &Limits::default())?.pixels;
        if rounds > 0 {
            let (fastest, middle) = time(&detector, &pixels, settings, rounds)?;
            println!(
                "{name}\t{}x{}\tmin {fastest:.1} ms\tmedian {middle:.1} ms",
                pixels.width(),
                pixels.height()
            );
            continue;
        }
        println!("{name} {}x{}", pixels.width(), pixels.height());
        for object in find(&detector, &pixels, settings)?.objects {
            let [left, top, right, bottom] = <[f64; 4]>::from(object.bounds).map(f64::round);
            println!("  {} {:.2} [{left}, {top}, {right}, {bottom}]", object.label, object.score);
        }
    }
    Ok(())
}

fn find(
    detector: &Detector,
    pixels: &RgbImage,
    settings: Settings,
) -> Result<lavr_types::perception::Detections, lavr_tool::ToolError> {
    let area = Rect::new(0.0, 0.0, f64::from(pixels.width()), f64::from(pixels.height()));
    detector.find(pixels, area, &[], settings, &CancellationToken::new())
}

/// Fastest and middle time in milliseconds, after three rounds to warm up.
fn time(
    detector: &Detector,
    pixels: &RgbImage,
    settings: Settings,
    rounds: usize,
) -> Result<(f64, f64), lavr_tool::ToolError> {
    let mut times = Vec::with_capacity(rounds);
    for round in 0..rounds + 3 {
        let start = Instant::now();
        find(detector, pixels, settings)?;
        if round >= 3 {
            times.push(start.elapsed().as_secs_f64() * 1000.0);
        }
    }
    times.sort_by(f64::total_cmp);
    Ok((times.first().copied().unwrap_or_default(), times.get(times.len() / 2).copied().unwrap_or_default()))
}
