//! rig in its idiomatic form: one agent, prompted; tool calls side by side where asked for.
//!
//!     rig SERVER ROW        (rows: see measure.py)

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::future::join_all;
use rig::{
    Agent, AgentBuilder,
    agent::AgentRunner,
    completion::message::{ImageDetail, ImageMediaType, Message, UserContent},
    providers::openai::{OpenAIConfig, Route},
    tool::{Tool, ToolContext},
};
use serde::Deserialize;
use serde_json::{Value, json};

const QUESTION: &str = "What do you see?";
const RUNS: usize = 1000;
const TRACE_STEPS: usize = 20;

#[derive(Deserialize)]
struct Args {
    #[serde(rename = "n")]
    _n: u64,
}

fn parameters() -> Value {
    json!({ "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["n"] })
}

struct Noop;

impl Tool for Noop {
    const NAME: &'static str = "noop";
    type Args = Args;
    type Output = String;
    type Error = Infallible;

    fn description(&self) -> String {
        "Does nothing.".to_owned()
    }

    fn parameters(&self) -> Value {
        parameters()
    }

    async fn call(&self, _: &mut ToolContext, _: Args) -> Result<String, Infallible> {
        Ok("ok".to_owned())
    }
}

struct Wait;

impl Tool for Wait {
    const NAME: &'static str = "wait";
    type Args = Args;
    type Output = String;
    type Error = Infallible;

    fn description(&self) -> String {
        "Waits for 100 ms.".to_owned()
    }

    fn parameters(&self) -> Value {
        parameters()
    }

    async fn call(&self, _: &mut ToolContext, _: Args) -> Result<String, Infallible> {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok("ok".to_owned())
    }
}

fn agent(server: &str, scenario: &str) -> Agent {
    let provider = OpenAIConfig::new("none").with_base_url(server).with_route(Route::Chat).client();
    AgentBuilder::new(provider.completion(scenario)).tool(Noop).tool(Wait).build()
}

async fn run(agent: &Agent, prompt: impl Into<Message>) -> Vec<Message> {
    let runner: AgentRunner = agent.prompt(prompt).max_turns(500).tool_concurrency(16);
    let response = runner.run().await.expect("the run ends");
    assert_eq!(response.output(), "done");
    response.messages
}

fn peak_kib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmHWM")).expect("a peak");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

fn tell(value: f64) {
    println!("{}", json!({ "value": value }));
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, server, row] = &arguments[..] else { panic!("SERVER ROW") };
    let scenario = match row.as_str() {
        "step" => "steps-50-1",
        "call" => "steps-20-16",
        "base" => "steps-20-1",
        "parallel" => "wait-16",
        "memory" => "hold-1000",
        _ => "steps-20-1",
    };
    match row.as_str() {
        "trace" => {
            let bytes = std::fs::read(std::env::var("PICTURE").expect("PICTURE")).expect("a picture");
            let data = STANDARD.encode(&bytes);
            let picture = UserContent::image_base64(data, Some(ImageMediaType::JPEG), None::<ImageDetail>);
            let message = Message::User { content: vec![UserContent::text(QUESTION), picture] };
            // It keeps the conversation; there is no other record of a run.
            let messages = run(&agent(server, scenario), message).await;
            tell(serde_json::to_string(&messages).expect("JSON").len() as f64 / TRACE_STEPS as f64);
        }
        "memory" => {
            run(&agent(server, "steps-1-1"), QUESTION).await;
            let agent = agent(server, scenario);
            let before = peak_kib();
            let runs = (0..RUNS).map(|_| {
                let agent = agent.clone();
                tokio::spawn(async move { run(&agent, QUESTION).await })
            });
            join_all(runs).await.into_iter().for_each(|run| drop(run.expect("no panic")));
            tell((peak_kib() - before) / RUNS as f64);
        }
        row => {
            let agent = agent(server, scenario);
            run(&agent, QUESTION).await;
            let mut seconds = Vec::new();
            for _ in 0..if row == "parallel" { 7 } else { 10 } {
                let start = Instant::now();
                run(&agent, QUESTION).await;
                seconds.push(start.elapsed().as_secs_f64() * 1000.0);
            }
            seconds.sort_by(f64::total_cmp);
            let median = (seconds[(seconds.len() - 1) / 2] + seconds[seconds.len() / 2]) / 2.0;
            tell(if row == "step" { median / 50.0 } else { median });
        }
    }
}
