//! How long the dispatcher itself takes: the quantiles of many single calls, and sixteen calls that wait side by side.
//!
//! ```text
//! cargo run --release -p lavr-tool --example latency [CALLS]
//! ```
//!
//! Each call names a picture of twelve million pixels, has its arguments checked against the schema, runs a tool that
//! looks at nothing, and has its outcome recorded. The tool checks that it was given the store's own pixels, not a copy.

#![allow(missing_docs, clippy::print_stdout, reason = "a program for the terminal")]

use std::{
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

use lavr_image::{ImageStore, RgbImage};
use lavr_tool::{CancellationToken, Dispatcher, Registry, Tool, ToolContext, ToolError};
use lavr_types::{CallId, ImageId, Observation, ToolCall};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Deserialize, JsonSchema)]
struct Args {
    /// The picture.
    image: ImageId,
    /// How long to wait.
    milliseconds: u64,
    /// What to look for.
    #[serde(default)]
    labels: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Output {
    width: u32,
    labels: usize,
    /// Whether the pixels are those of the store.
    shared: bool,
}

struct Waits;

impl Tool for Waits {
    const NAME: &'static str = "waits";
    const DESCRIPTION: &'static str = "Waits.";
    const CACHEABLE: bool = false;
    type Args = Args;
    type Output = Output;

    async fn call(&self, args: Args, context: &ToolContext) -> Result<Observation<Output>, ToolError> {
        if args.milliseconds > 0 {
            tokio::time::sleep(Duration::from_millis(args.milliseconds)).await;
        }
        let pixels = context.image(args.image)?.pixels;
        let shared = Arc::ptr_eq(&pixels, &context.images().get(args.image)?.pixels);
        Ok(Observation::new(Output { width: pixels.width(), labels: args.labels.len(), shared }))
    }
}

/// Where the calls are made, and what they name.
struct Bench {
    dispatcher: Dispatcher,
    image: ImageId,
}

impl Bench {
    /// How long calls of one step take that wait so long.
    async fn step(&self, milliseconds: u64, calls: usize) -> Result<Duration, String> {
        let arguments =
            json!({ "image": self.image, "milliseconds": milliseconds, "labels": ["dog", "cat"] });
        let call = |n| ToolCall {
            id: CallId(format!("call_{n}")),
            tool: "waits".into(),
            arguments: arguments.clone(),
        };
        let calls = (0..calls).map(call).collect();
        let start = Instant::now();
        let records = self.dispatcher.dispatch(calls, &CancellationToken::new()).await;
        let elapsed = start.elapsed();
        for record in records {
            let value = record.outcome.map_err(|failure| failure.message)?.value;
            if value["shared"] != Value::Bool(true) {
                return Err("the pixels were copied".into());
            }
        }
        Ok(elapsed)
    }

    /// The times of many single calls, shortest first.
    async fn single_calls(&self, count: usize) -> Result<Vec<Duration>, String> {
        // Warm: threads, allocator, branch predictors.
        for _ in 0..count / 10 {
            self.step(0, 1).await?;
        }
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            times.push(self.step(0, 1).await?);
        }
        times.sort_unstable();
        Ok(times)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let count: usize = std::env::args().nth(1).map_or(Ok(20_000), |text| text.parse())?;
    let images = Arc::new(ImageStore::default());
    let image = images.insert(RgbImage::new(4000, 3000))?;
    let bench = Arc::new(Bench { dispatcher: Dispatcher::new(Registry::new().with(Waits)?, images), image });

    // A call runs in a task of its own. Made from outside of the runtime's threads it has to wake one of them first, which
    // takes as long as a sleeping core needs; a service makes its calls from inside.
    let inside = Arc::clone(&bench);
    let inside = tokio::spawn(async move { inside.single_calls(count).await }).await??;
    for (from, times) in [("a task", inside), ("the main thread", bench.single_calls(count).await?)] {
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
        println!(
            "one call from {from}, {count} times: p50 {:.1} us, p99 {:.1} us, p99.9 {:.1} us",
            at(0.5),
            at(0.99),
            at(0.999)
        );
    }

    let (mut alone, mut together) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        alone.push(bench.step(100, 1).await?.as_secs_f64());
        together.push(bench.step(100, 16).await?.as_secs_f64());
    }
    let mean = |times: &[f64]| times.iter().sum::<f64>() / times.len() as f64;
    println!(
        "100 ms: one call {:.1} ms, sixteen in one step {:.1} ms: {:.3} times",
        mean(&alone) * 1e3,
        mean(&together) * 1e3,
        mean(&together) / mean(&alone)
    );
    Ok(())
}
