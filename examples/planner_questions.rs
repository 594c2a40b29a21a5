//! Asks a planner the questions of `tests/planner/questions.toml` and counts the right steps.
//!
//!     cargo run --release --example planner_questions            # the default local planner
//!     cargo run --release --example planner_questions -- MODEL   # a catalogue name or a .gguf file
//!     cargo run --release --example planner_questions -- MODEL first   # the whole plan first
//!
//! The tools are declared as they are, but not run: the file has what they gave.

#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use lavr::{
    agent::{Decision, Limits, ModelPlanner, Next, PlanFirstPlanner, Planner, Run},
    experts::Experts,
    infer::{EngineChoice, Sessions},
    local::{LocalModel, LocalOptions},
    model::{CancellationToken, ChatModel, Reply, collect},
    prompt::Library,
    types::{CallRecord, FailureKind, ImageId, Observation, Rect, Size, ToolCall, ToolSpec, Vocabulary},
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
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "qwen2.5-coder-1.5b-instruct".into());
    let whole_plan = arguments.next().is_some_and(|form| form == "first");
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
    let prompts = Library::built_in();
    let planner: Box<dyn Planner> = if whole_plan {
        Box::new(PlanFirstPlanner::new(model.capabilities(), &prompts)?)
    } else {
        Box::new(ModelPlanner::new(model.capabilities(), &prompts)?)
    };
    let mut asking = Asking { model, planner, tools, turns: 0, tokens: 0 };
    let questions: Questions = toml::from_str(include_str!("../tests/planner/questions.toml"))?;

    let began = Instant::now();
    let mut right = [0; 2];
    for first in &questions.first {
        let mut run = start(&first.question, first.size)?;
        let (decision, said) = asking.decide(&mut run).await?;
        let good = decision.as_ref().is_some_and(|decision| first_is_right(first, decision));
        right[0] += u32::from(good);
        report(1, good, &first.question, &said);
    }
    for second in &questions.second {
        let mut run = start(&second.question, second.size)?;
        if whole_plan {
            // The plan is the model's own, and so is its first step.
            if let Some(reply) = asking.ask(&mut run).await? {
                run.replied(asking.planner.as_ref(), &asking.tools, &reply);
            }
        } else {
            let calls = json!([{ "tool": second.tool, "args": second.args }]);
            let said = json!({ "thought": "I look first.", "calls": calls }).to_string();
            run.replied(asking.planner.as_ref(), &asking.tools, &reply(said));
        }
        if let Next::Call(calls) = run.next(asking.planner.as_ref(), &asking.tools)? {
            run.called(calls.into_iter().map(|call| gave(second, call)).collect());
        }
        let (decision, said) = asking.decide(&mut run).await?;
        let good = decision.as_ref().is_some_and(|decision| second_is_right(second, decision));
        right[1] += u32::from(good);
        report(2, good, &second.question, &said);
    }
    println!(
        "\n{name}, {}: {} of {} first steps right, {} of {} second steps right; {} turns of the model, {} tokens written, {:.0} s",
        if whole_plan { "whole plan first" } else { "step by step" },
        right[0],
        questions.first.len(),
        right[1],
        questions.second.len(),
        asking.turns,
        asking.tokens,
        began.elapsed().as_secs_f64(),
    );
    Ok(())
}

/// What a call gave: as the file has it, or nothing where the file has another call.
fn gave(second: &Second, call: ToolCall) -> CallRecord {
    let outcome = if call.tool == second.tool {
        Ok(Observation::new(second.gave.clone()))
    } else {
        let message = "this tool saw nothing here".to_owned();
        Err(lavr::types::Failure { kind: FailureKind::Failed, message })
    };
    CallRecord::ran(call, outcome, Duration::ZERO)
}

struct Asking<'a> {
    model: LocalModel,
    planner: Box<dyn Planner>,
    tools: Vec<&'a ToolSpec>,
    turns: u32,
    tokens: u64,
}

impl Asking<'_> {
    /// What the model replies, where the planner asks it.
    async fn ask(&mut self, run: &mut Run) -> Result<Option<Reply>, Failure> {
        let Next::Ask(request) = run.next(self.planner.as_ref(), &self.tools)? else { return Ok(None) };
        let stream = self.model.stream(*request, CancellationToken::new()).await?;
        let reply = collect(&self.model.capabilities().name, stream).await?;
        self.turns += 1;
        self.tokens += reply.usage.output_tokens;
        Ok(Some(reply))
    }

    /// What the planner decides next, by itself or by its model, and what the model said; `None` where that is no decision.
    async fn decide(&mut self, run: &mut Run) -> Result<(Option<Decision>, String), Failure> {
        match self.ask(run).await? {
            Some(reply) => Ok((run.interpret(self.planner.as_ref(), &self.tools, &reply).ok(), reply.text)),
            // The plan goes on by itself.
            None => match run.next(self.planner.as_ref(), &self.tools)? {
                Next::Call(calls) => {
                    let calls = calls.into_iter().map(|call| (call.tool, call.arguments)).collect::<Vec<_>>();
                    let said = json!(calls).to_string();
                    Ok((Some(Decision::Call { thought: String::new(), calls }), said))
                }
                _ => Ok((None, String::new())),
            },
        }
    }
}

fn start(question: &str, [width, height]: [u32; 2]) -> Result<Run, Failure> {
    let size = Size::new(width, height);
    Ok(Run::new(question, vec![(ImageId::of_pixels(size, &[]), size)], Limits::default())?)
}

fn reply(text: String) -> Reply {
    Reply {
        text,
        reasoning: String::new(),
        calls: Vec::new(),
        tokens: Vec::new(),
        reason: lavr::model::FinishReason::Stop,
        verbatim: None,
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

fn report(step: u32, good: bool, question: &str, said: &str) {
    let mark = if good { "right" } else { "WRONG" };
    println!("{mark} step {step}  {question}\n      {}", said.trim());
}
