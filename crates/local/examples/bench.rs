//! Times a GGUF model: load, prefill of 128 tokens, decode of 64, peak memory.
//!
//! `cargo run --release -p lavr-local --example bench -- MODEL.gguf [THREADS] [RUNS] [best|avx2|portable]`
//!
//! `docs/benchmarks/time_llama_cpp.py` does the same with llama.cpp; both print one line of JSON.
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::time::Instant;

use lavr_local::{LocalModel, LocalOptions, Processor};

const PROMPT: usize = 128;
const REPLY: usize = 64;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("name a GGUF file")?;
    let threads = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let runs = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let processor = match arguments.next().as_deref() {
        None | Some("best") => Processor::Best,
        Some("avx2") => Processor::Avx2,
        Some("portable") => Processor::Portable,
        Some(other) => return Err(format!("`{other}` is neither best, avx2 nor portable").into()),
    };
    let began = Instant::now();
    let model = LocalModel::load(
        &path,
        LocalOptions { threads, processor, context_tokens: 2048, ..LocalOptions::default() },
    )?;
    let load = began.elapsed();
    let (mut prefill, mut decode) = (Vec::new(), Vec::new());
    let (mut prefill_seconds, mut decode_seconds) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..runs {
        // The prompt alone, then with a reply: the difference is what the reply takes of the processor.
        let start = processor_seconds();
        futures::executor::block_on(model.measure(PROMPT, 0))?;
        let middle = processor_seconds();
        let measured = futures::executor::block_on(model.measure(PROMPT, REPLY))?;
        let end = processor_seconds();
        prefill_seconds = prefill_seconds.min(middle - start);
        decode_seconds = decode_seconds.min(end - middle - (middle - start));
        prefill.push((PROMPT as f64 / measured.prefill.as_secs_f64() * 10.0).round() / 10.0);
        decode.push((REPLY as f64 / measured.decode.as_secs_f64() * 100.0).round() / 100.0);
    }
    let best = |rates: &[f64]| rates.iter().copied().fold(0.0, f64::max);
    let report = serde_json::json!({
        "engine": "lavr",
        "processor": model.processor(),
        "threads": threads,
        "load_s": (load.as_secs_f64() * 100.0).round() / 100.0,
        "prefill_tok_s": best(&prefill),
        "decode_tok_s": best(&decode),
        "prefill_all": prefill,
        "decode_all": decode,
        "prefill_cpu_s": (prefill_seconds * 100.0).round() / 100.0,
        "decode_cpu_s": (decode_seconds * 100.0).round() / 100.0,
        "peak_mib": peak_mib(),
    });
    println!("{report}");
    Ok(())
}

/// Peak resident memory, where the system tells it.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
}

/// Processor time of all threads so far; not a number where the system does not tell it.
fn processor_seconds() -> f64 {
    let read = || {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        let mut fields = stat.rsplit(") ").next()?.split_whitespace().skip(11);
        let user: f64 = fields.next()?.parse().ok()?;
        let system: f64 = fields.next()?.parse().ok()?;
        // Ticks of a hundredth of a second, on all common systems.
        Some((user + system) / 100.0)
    };
    read().unwrap_or(f64::NAN)
}
