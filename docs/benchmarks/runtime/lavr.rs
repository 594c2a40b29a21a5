//! lavr against a scripted model on loopback: one of the programs that `docs/benchmarks/runtime/run.py` compares.
//!
//!     runtime SERVER ROW        (rows: see measure.py)

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "a benchmark")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::join_all;
use lavr_agent::{Agent, Limits};
use lavr_image::ImageStore;
use lavr_remote::{RemoteConfig, RemoteModel};
use lavr_tool::{CancellationToken, Dispatcher, Registry, Tool, ToolContext, ToolError};
use lavr_trace::{Given, Retention, RunStore};
use lavr_types::{Event, ImageId, Observation, Task};
use schemars::JsonSchema;
use serde::Deserialize;

const QUESTION: &str = "What do you see?";
const RUNS: usize = 1000;
const TRACE_STEPS: usize = 20;

#[derive(Deserialize, JsonSchema)]
struct Args {
    /// Any number.
    #[serde(rename = "n")]
    _n: u64,
}

struct Noop;

impl Tool for Noop {
    const NAME: &'static str = "noop";
    const DESCRIPTION: &'static str = "Does nothing.";
    const CACHEABLE: bool = false;
    type Args = Args;
    type Output = String;

    async fn call(&self, _: Args, _: &ToolContext) -> Result<Observation<String>, ToolError> {
        Ok(Observation::new("ok".to_owned()))
    }
}

struct Wait;

impl Tool for Wait {
    const NAME: &'static str = "wait";
    const DESCRIPTION: &'static str = "Waits for 100 ms.";
    const CACHEABLE: bool = false;
    type Args = Args;
    type Output = String;

    async fn call(&self, _: Args, _: &ToolContext) -> Result<Observation<String>, ToolError> {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok(Observation::new("ok".to_owned()))
    }
}

fn agent(server: &str, scenario: &str, images: &Arc<ImageStore>) -> Agent {
    let registry = Registry::new().with(Noop).unwrap().with(Wait).unwrap();
    let dispatcher = Dispatcher::new(registry, Arc::clone(images));
    let config = RemoteConfig::new(server, scenario);
    let model = RemoteModel::new(config, Arc::clone(images) as _).unwrap();
    let limits = Limits { steps: 500, calls: 10_000, calls_per_step: 32, ..Limits::default() };
    Agent::builder(dispatcher).model(Arc::new(model)).limits(limits).build().unwrap()
}

async fn run(agent: &Agent, image: ImageId) {
    let answer = agent.ask(QUESTION, &[image], &CancellationToken::new(), &|_| ()).await.unwrap();
    assert_eq!(answer.text, "done", "{:?}", answer.notes);
}

fn peak_kib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap()
}

fn tell(value: f64) {
    println!("{{\"value\": {value}}}");
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, server, row] = &arguments[..] else { panic!("give the server's address and a row") };
    let scenario = match row.as_str() {
        "step" => "steps-50-1",
        "call" => "steps-20-16",
        "parallel" => "wait-16",
        "memory" => "hold-1000",
        _ => "steps-20-1",
    };
    let images = Arc::new(ImageStore::default());
    let dot = images.insert(lavr_image::RgbImage::new(8, 8)).unwrap();
    match row.as_str() {
        "trace" => {
            let photo = images.open(std::env::var("PICTURE").unwrap().as_ref()).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let runs = RunStore::open(&folder.path().join("runs.sqlite"), Retention::default()).unwrap();
            let given = [Given { image: photo, name: "picture.jpg".into() }];
            let recorder = runs.record(Task::Ask, Some(QUESTION), &given, Arc::clone(&images)).unwrap();
            let agent = agent(server, scenario, &images);
            let observe = |event: &Event| recorder.tell(event);
            let answer = agent.ask(QUESTION, &[photo], &CancellationToken::new(), &observe).await.unwrap();
            assert_eq!(answer.text, "done", "{:?}", answer.notes);
            let trace = runs.trace(&recorder.finish().unwrap()).unwrap();
            // The pictures lie beside the events, each once.
            let beside: usize = trace.images.values().map(|image| image.bytes.len()).sum();
            tell((trace.to_jsonl().len() + beside) as f64 / TRACE_STEPS as f64);
        }
        "memory" => {
            run(&agent(server, "steps-1-1", &images), dot).await;
            let agent = Arc::new(agent(server, scenario, &images));
            let before = peak_kib();
            let runs = (0..RUNS).map(|_| {
                let agent = Arc::clone(&agent);
                tokio::spawn(async move { run(&agent, dot).await })
            });
            join_all(runs).await.into_iter().for_each(|run| run.unwrap());
            tell((peak_kib() - before) / RUNS as f64);
        }
        row => {
            let agent = agent(server, scenario, &images);
            run(&agent, dot).await;
            let mut milliseconds = Vec::new();
            for _ in 0..if row == "parallel" { 7 } else { 10 } {
                let start = Instant::now();
                run(&agent, dot).await;
                milliseconds.push(start.elapsed().as_secs_f64() * 1000.0);
            }
            milliseconds.sort_by(f64::total_cmp);
            let middle = milliseconds.len() / 2;
            let median = f64::midpoint(milliseconds[(milliseconds.len() - 1) / 2], milliseconds[middle]);
            tell(if row == "step" { median / 50.0 } else { median });
        }
    }
}
