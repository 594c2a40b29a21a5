//! The program with a model behind a service that sees, and has its price: what it is sent, what it may cost, what is told.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::{path::PathBuf, process::Output};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lavr_testkit::{Answer, Loopback, Request, without_setup};
use serde_json::{Value, json};

/// A dollar for 10,000 tokens read; a turn reads 1,000 of them.
const PRICES: &str = r#"
    [[provider]]
    name = "The service of these tests"
    [provider.models]
    "eyes" = { input = 100.0, output = 0.0 }
"#;
const TURN: f64 = 0.1;

/// A service, and a folder with its prices and a picture of 1600 x 1200.
struct Service {
    server: Loopback,
    folder: tempfile::TempDir,
}

impl Service {
    /// It answers each request as `say` does: an assistant's message of the chat completions.
    async fn start(say: impl Fn(&Value) -> Value + Send + Sync + 'static) -> Self {
        let server = Loopback::start(move |request: &Request, _| {
            let said = say(&request.json());
            let reason = if said["tool_calls"].is_null() { "stop" } else { "tool_calls" };
            let chunk = json!({ "choices": [{ "delta": said, "finish_reason": reason }] });
            let usage = json!({ "choices": [], "usage": { "prompt_tokens": 1000, "completion_tokens": 10 } });
            Answer::events([chunk.to_string(), usage.to_string(), "[DONE]".into()])
        });
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("prices.toml"), PRICES).unwrap();
        image::RgbImage::from_pixel(1600, 1200, image::Rgb([200, 30, 30]))
            .save(folder.path().join("red.png"))
            .unwrap();
        Self { server: server.await.unwrap(), folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn ask(&self, question: &str, options: &[&str]) -> Output {
        self.run("ask", &[&[question, "--planner", "remote"], options].concat()).await
    }

    /// Runs a command about the picture.
    async fn run(&self, name: &str, options: &[&str]) -> Output {
        let mut command = without_setup(env!("CARGO_BIN_EXE_lavr"));
        command
            .env("LAVR_MODEL", "eyes")
            .env("LAVR_BASE_URL", format!("{}/v1", self.server.address))
            .env("LAVR_PRICES", self.path("prices.toml"))
            .arg(name)
            .arg(self.path("red.png"))
            .args(options);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }

    async fn document(&self, question: &str, options: &[&str]) -> Value {
        document(&self.ask(question, &[options, &["--json"]].concat()).await)
    }

    fn bodies(&self) -> Vec<Value> {
        self.server.requests().iter().map(Request::json).collect()
    }
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The planner is offered tools, or has called some; the model of `vqa` is only asked.
fn is_planning(body: &Value) -> bool {
    body["tools"].is_array() || has_results(body)
}

fn has_results(body: &Value) -> bool {
    body["messages"].as_array().unwrap().iter().any(|message| message["role"] == "tool")
}

fn calls(tool: &str, arguments: &Value) -> Value {
    let function = json!({ "name": tool, "arguments": arguments.to_string() });
    json!({ "tool_calls": [{ "index": 0, "id": "theirs", "type": "function", "function": function }] })
}

fn says(text: &str) -> Value {
    json!({ "content": text })
}

/// Asks `vqa` first, then answers with something that only a model can check.
fn asking_vqa(body: &Value) -> Value {
    if !is_planning(body) {
        says("yes")
    } else if has_results(body) {
        says("It is a sunny day.")
    } else {
        calls("vqa", &json!({ "image": "image1", "question": "Is it sunny?" }))
    }
}

#[tokio::test]
async fn the_turns_of_planner_and_vqa_are_counted_and_paid_once_each() {
    let service = Service::start(asking_vqa).await;
    let document = service.document("How is the weather?", &[]).await;
    let bodies = service.bodies();
    let turns = bodies.len();
    let planner = bodies.iter().filter(|body| is_planning(body)).count();
    assert_eq!(planner, 2, "{document:#}");
    // One that the planner asked for, and those of the verifier.
    assert!(turns >= 4, "{document:#}");

    let usage = &document["usage"];
    assert_eq!(usage["model_calls"], turns);
    assert_eq!(
        (usage["input_tokens"].clone(), usage["output_tokens"].clone()),
        (json!(1000 * turns), json!(10 * turns))
    );
    let cost = usage["cost"].as_f64().unwrap();
    assert!((cost - TURN * turns as f64).abs() < 1e-9, "{usage}");
    let models = json!({ "model_calls": 1, "input_tokens": 1000, "output_tokens": 10, "cost": 0.1 });
    assert_eq!(document["steps"][0]["calls"][0]["models"], models);
}

#[tokio::test]
async fn a_person_reads_what_it_cost() {
    let service = Service::start(asking_vqa).await;
    let output = service.ask("How is the weather?", &[]).await;
    let turns = service.bodies().len();
    let shown = String::from_utf8_lossy(&output.stdout);
    let expected =
        format!("{turns} model calls: {} tokens read (0 kept), {} written", 1000 * turns, 10 * turns);
    assert!(shown.contains(&expected), "{shown}");
    let cost = format!(", about ${:.2}", TURN * turns as f64);
    assert!(shown.contains(&cost), "{cost}: {shown}");
}

#[tokio::test]
async fn a_run_ends_where_its_money_does_and_says_so() {
    let free = Service::start(asking_vqa).await;
    let unbounded = free.document("How is the weather?", &[]).await;
    // Enough for the first turn, whose tokens are estimated at most, not for all.
    let service = Service::start(asking_vqa).await;
    let document = service.document("How is the weather?", &["--budget", "usd=0.5"]).await;
    let cost = document["usage"]["cost"].as_f64().unwrap();
    assert!(cost > 0.0 && cost <= 0.5, "{document:#}");
    assert!(cost < unbounded["usage"]["cost"].as_f64().unwrap());
    let turns = service.bodies().len();
    assert_eq!(document["usage"]["model_calls"], turns);
    let notes = document["notes"].to_string();
    assert!(notes.contains("the budget of 0.50 dollars does not allow it"), "{notes}");

    // Nothing can be asked at all: the fixed plan answers, for nothing.
    let poor = Service::start(asking_vqa).await;
    let document = poor.document("How is the weather?", &["--budget", "usd=0.01"]).await;
    assert!(poor.bodies().is_empty());
    assert_eq!(document["usage"]["model_calls"], 0);
    let notes = document["notes"].to_string();
    assert!(notes.contains("the budget of 0.01000 dollars does not allow it"), "{notes}");
}

/// The size in which a request says that the first image is.
fn told_size(body: &Value) -> (u32, u32) {
    let told = body["messages"].to_string();
    let sides = told.split("image1 is ").nth(1).unwrap().split('.').next().unwrap();
    let (width, height) = sides.split_once('x').unwrap();
    (width.parse().unwrap(), height.parse().unwrap())
}

/// The sizes of the pictures that travelled with a request.
fn sent_sizes(value: &Value) -> Vec<(u32, u32)> {
    match value {
        Value::String(text) => {
            let data = text.strip_prefix("data:image/jpeg;base64,");
            let size = |data: &str| {
                let picture = image::load_from_memory(&STANDARD.decode(data).unwrap()).unwrap();
                (picture.width(), picture.height())
            };
            data.map(size).into_iter().collect()
        }
        Value::Array(items) => items.iter().flat_map(sent_sizes).collect(),
        Value::Object(fields) => fields.values().flat_map(sent_sizes).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn with_few_pixels_smaller_pictures_travel_and_what_the_model_points_at_is_found_in_the_whole_one() {
    let service = Service::start(|body| {
        if has_results(body) || !is_planning(body) {
            return says("It is red.");
        }
        let (width, height) = told_size(body);
        let region = [width / 4, height / 4, width / 2, height / 2];
        calls("color", &json!({ "image": "image1", "region": region }))
    })
    .await;
    let document = service.document("Which color is it?", &["--budget", "pixels=700k"]).await;
    let bodies: Vec<Value> = service.bodies().into_iter().filter(is_planning).collect();
    assert_eq!(bodies.len(), 2, "{document:#}");
    // Half of what is left; the model takes 1024 x 768. Then half of what is left after the measuring of 400 x 300 pixels.
    assert_eq!(sent_sizes(&bodies[0]), [(683, 512)]);
    let (width, height) = sent_sizes(&bodies[1])[0];
    assert!(width < 683, "{width} x {height}");
    for body in &bodies {
        assert_eq!(sent_sizes(body), [told_size(body)], "it is told the size that it sees");
    }
    let call = &document["steps"][0]["calls"][0];
    for (side, expected) in call["arguments"]["region"].as_array().unwrap().iter().zip([400, 300, 800, 600]) {
        let side = side.as_f64().unwrap();
        assert!((side - f64::from(expected)).abs() <= 1600.0 / 683.0, "{call:#}");
    }
    assert!(call["value"]["colors"][0]["name"] == "red", "{call:#}");
    let notes = document["notes"].to_string();
    assert!(notes.contains("at first with 683 pixels on their longest side"), "{notes}");
}

#[tokio::test]
async fn a_text_is_checked_with_what_the_budget_leaves_and_the_turns_for_it_are_counted() {
    let service = Service::start(asking_vqa).await;
    let text = ["--text", "It is a sunny day.", "--json"];
    let whole = document(&service.run("verify", &text).await);
    let asked = service.bodies();
    assert_eq!(whole["usage"]["model_calls"], asked.len());
    assert!(asked.len() >= 2 && sent_sizes(&asked[0]) == [(1024, 768)], "{whole:#}");
    assert_eq!(whole["notes"].to_string().matches("smaller picture").count(), 0);

    let service = Service::start(asking_vqa).await;
    let little = document(&service.run("verify", &[&text[..], &["--budget", "pixels=300k"]].concat()).await);
    let asked = service.bodies();
    assert_eq!(little["usage"]["model_calls"], asked.len());
    let pixels: u32 = asked.iter().flat_map(sent_sizes).map(|(width, height)| width * height).sum();
    assert!(pixels > 0 && pixels <= 300_000, "{pixels}: {little:#}");
    // Told once, however often.
    let notes = little["notes"].to_string();
    assert_eq!(notes.matches("the model of `vqa` saw a smaller picture than it takes").count(), 1, "{notes}");
}
