//! Two steps of a planner with a local model: constrained to a schema, the second on what the first left in
//! memory, and all of it again with a snapshot from disk.
//!
//! `cargo run --release -p lavr-local --example steps -- MODEL.gguf`
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::{path::Path, time::Instant};

use lavr_local::{LocalModel, LocalOptions};
use lavr_model::{CancellationToken, ChatModel as _, Message, ResponseFormat, Role, TurnRequest, collect};
use serde_json::json;

const RULES: &str = "You answer questions about a picture by calling tools, one JSON object a step: \
either {\"thought\", \"tool\", \"label\"} or {\"thought\", \"answer\"}. Tools: detect (finds objects of a label \
and counts them), read_text (reads text). Never guess what a tool can find.";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("name a GGUF file")?;
    let snapshots = std::env::temp_dir().join(format!("lavr-steps-{}", std::process::id()));
    for run in ["cold", "with the snapshot of the run before"] {
        println!("{run}:");
        run_steps(&path, &snapshots)?;
    }
    std::fs::remove_dir_all(&snapshots)?;
    Ok(())
}

fn run_steps(path: &str, snapshots: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let began = Instant::now();
    let options = LocalOptions { snapshots: Some(snapshots.to_owned()), ..LocalOptions::default() };
    let model = LocalModel::load(path, options)?;
    println!("  loaded in {:.2?}", began.elapsed());
    let call = json!({
        "type": "object",
        "properties": {
            "thought": {"type": "string", "maxLength": 120},
            "tool": {"enum": ["detect", "read_text"]},
            "label": {"type": "string", "maxLength": 30},
        },
        "required": ["thought", "tool", "label"],
        "additionalProperties": false,
    });
    let answer = json!({
        "type": "object",
        "properties": {"thought": {"type": "string", "maxLength": 120}, "answer": {"type": "string", "maxLength": 200}},
        "required": ["thought", "answer"],
        "additionalProperties": false,
    });
    let mut request = TurnRequest {
        messages: vec![
            Message::text(Role::System, RULES),
            Message::text(Role::User, "How many cats are there?"),
            Message::text(
                Role::Assistant,
                "{\"thought\": \"I must count the cats.\", \"tool\": \"detect\", \"label\": \"cat\"}",
            ),
            Message::text(Role::User, "Result: {\"count\": 1}"),
            Message::text(
                Role::Assistant,
                "{\"thought\": \"One cat was found.\", \"answer\": \"There is one cat.\"}",
            ),
            Message::text(Role::User, "How many dogs are in the picture?"),
        ],
        stable_messages: 5,
        max_tokens: 160,
        ..TurnRequest::default()
    };
    for (name, schema, result) in [("call", call, "Result: {\"count\": 3}"), ("answer", answer, "")] {
        request.format = ResponseFormat::Schema { name: name.into(), schema };
        let began = Instant::now();
        let reply = futures::executor::block_on(async {
            collect("local", model.stream(request.clone(), CancellationToken::new()).await?).await
        })?;
        println!("  {:.2?} {:?} {:?}\n    {}", began.elapsed(), reply.reason, reply.usage, reply.text);
        request.messages.push(Message::text(Role::Assistant, reply.text));
        request.messages.push(Message::text(Role::User, result));
    }
    Ok(())
}
