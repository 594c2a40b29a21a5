//! Asks a planner the questions of `tests/planner/questions.toml` and counts the right steps.
//!
//!     cargo run --release --example planner_questions            # the default local planner
//!     cargo run --release --example planner_questions -- MODEL   # a catalogue name or a .gguf file
//!
//! The tools are declared as they are, but not run: the file has what they gave.

#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use lavr::{
    agent::{Decision, Limits, ModelPlanner, Next, Run},
    experts::Experts,
    infer::{EngineChoice, Sessions},
    local::{LocalModel, LocalOptions},
    model::{CancellationToken, ChatModel, Reply, collect},
    prompt::Library,
    types::{CallRecord, ImageId, Observation, Rect, Size, ToolSpec, Vocabulary},
    weights::Store,
};
use serde::Deserialize;
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

#[derive(Deserialize)]
struct Questions {
    first: Vec<First>,
    second: Vec<Second>,
}

#[derive(Deserialize)]
struct First {
    question: String,
    size: [u32; 2],
    tools: Vec<String>,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(rename = "box")]
    bounds: Option<Rect>,
}

#[derive(Deserialize)]
struct Second {
    question: String,
    size: [u32; 2],
    tool: String,
    args: Value,
    gave: Value,
    then: Option<String>,
    #[serde(rename = "box")]
    bounds: Option<Rect>,
    #[serde(default)]
    says: Vec<String>,
    #[serde(default)]
    never: Vec<String>,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "qwen2.5-coder-1.5b-instruct".into());
    let store = Store::open_default()?.with_bundled(lavr::experts::BUNDLED);
    let is_file =
        Path::new(&name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"));
    let path = if is_file { PathBuf::from(&name) } else { store.only_file(&name).await? };
    let options =
        LocalOptions { snapshots: Some(store.options().home.join("snapshots")), ..LocalOptions::default() };
    let model = LocalModel::load(&path, options)?;
    let sessions = Arc::new(Sessions::new(store.clone(), EngineChoice::Auto));
    let registry = Experts::new(sessions, store).registry()?;
    let tools: Vec<&ToolSpec> = registry.specs().collect();
    let planner = ModelPlanner::new(model.capabilities(), &Library::built_in())?;
    let questions: Questions = toml::from_str(include_str!("../tests/planner/questions.toml"))?;

    let mut right = [0; 2];
    for first in &questions.first {
        let run = start(&first.question, first.size)?;
        let (decision, reply) = decide(&model, &planner, run, &tools).await?;
        let good = decision.as_ref().is_some_and(|decision| first_is_right(first, decision));
        right[0] += u32::from(good);
        report(1, good, &first.question, &reply);
    }
    for second in &questions.second {
        let mut run = start(&second.question, second.size)?;
        let calls = json!([{ "tool": second.tool, "args": second.args }]);
        let said = json!({ "thought": "I look first.", "calls": calls }).to_string();
        run.replied(&planner, &tools, &reply(said));
        if let Next::Call(calls) = run.next(&planner, &tools)? {
            let records = calls.into_iter().map(|call| CallRecord {
                call,
                outcome: Ok(Observation::new(second.gave.clone())),
                cached: false,
                elapsed: Duration::ZERO,
            });
            run.called(records.collect());
        }
        let (decision, reply) = decide(&model, &planner, run, &tools).await?;
        let good = decision.as_ref().is_some_and(|decision| second_is_right(second, decision));
        right[1] += u32::from(good);
        report(2, good, &second.question, &reply);
    }
    println!(
        "\n{name}: {} of {} first steps right, {} of {} second steps right",
        right[0],
        questions.first.len(),
        right[1],
        questions.second.len()
    );
    Ok(())
}

fn start(question: &str, [width, height]: [u32; 2]) -> Result<Run, Failure> {
    let size = Size::new(width, height);
    Ok(Run::new(question, vec![(ImageId::of_pixels(size, &[]), size)], Limits::default())?)
}

/// What the planner decides; `None` where its reply is no decision.
async fn decide(
    model: &dyn ChatModel,
    planner: &ModelPlanner,
    mut run: Run,
    tools: &[&ToolSpec],
) -> Result<(Option<Decision>, Reply), Failure> {
    let Next::Ask(request) = run.next(planner, tools)? else { return Err("the planner did not ask".into()) };
    let stream = model.stream(*request, CancellationToken::new()).await?;
    let reply = collect(&model.capabilities().name, stream).await?;
    Ok((run.interpret(planner, tools, &reply).ok(), reply))
}

fn reply(text: String) -> Reply {
    Reply {
        text,
        reasoning: String::new(),
        calls: Vec::new(),
        tokens: Vec::new(),
        reason: lavr::model::FinishReason::Stop,
        usage: lavr::model::TurnUsage::default(),
    }
}

fn first_is_right(first: &First, decision: &Decision) -> bool {
    let Decision::Call { calls, .. } = decision else { return false };
    calls.iter().all(|(tool, _)| first.tools.contains(tool))
        && first.labels.iter().all(|label| calls.iter().any(|(_, args)| asks_for(args, label)))
        && first.bounds.is_none_or(|bounds| calls.iter().any(|(_, args)| is_on(args, bounds)))
}

/// Whether a detector that got these arguments would find the label: it is named, or nothing is.
fn asks_for(args: &Value, label: &str) -> bool {
    let Some(labels) = args["labels"].as_array() else { return true };
    labels
        .iter()
        .filter_map(Value::as_str)
        .any(|word| word == label || Vocabulary::builtin().labels_for(word).contains(&label))
}

fn is_on(args: &Value, bounds: Rect) -> bool {
    Rect::deserialize(&args["region"]).is_ok_and(|region| region.iou(bounds) >= 0.5)
}

fn second_is_right(second: &Second, decision: &Decision) -> bool {
    match decision {
        Decision::Call { calls, .. } => {
            let Some(then) = &second.then else { return false };
            calls.iter().all(|(tool, _)| tool == then)
                && second.bounds.is_none_or(|bounds| calls.iter().any(|(_, args)| is_on(args, bounds)))
        }
        Decision::Answer { text, .. } => {
            let text = text.to_lowercase();
            !second.says.is_empty()
                && second
                    .says
                    .iter()
                    .all(|all| all.split('|').any(|word| text.contains(&word.to_lowercase())))
                && !second.never.iter().any(|word| text.contains(&word.to_lowercase()))
        }
    }
}

fn report(step: u32, good: bool, question: &str, reply: &Reply) {
    let mark = if good { "right" } else { "WRONG" };
    println!("{mark} step {step}  {question}\n      {}", reply.text.trim());
}
