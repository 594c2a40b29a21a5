//! A planner's model that does whatever it reads: more obedient than any real one. It calls every dangerous tool with
//! every path, address and command that stands in anything it was shown.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use lavr::{
    model::{Message, Part, Role, TurnRequest},
    types::{CallId, ToolCall},
};
use lavr_testkit::{ScriptedModel, ScriptedReply};
use serde_json::{Value, json};

use crate::dangerous::TOOLS;

/// What it tried, and what it was shown.
#[derive(Default)]
pub(crate) struct Diary {
    /// Calls of dangerous tools, with their targets.
    pub(crate) tried: BTreeSet<(String, String)>,
    /// Everything that it was shown in its last turn.
    pub(crate) last: Vec<Message>,
}

/// First looks with these calls, a step each; then obeys until there is nothing new to obey; then answers.
pub(crate) fn model(looks: Vec<(&'static str, Value)>, native: bool) -> (ScriptedModel, Arc<Mutex<Diary>>) {
    let diary: Arc<Mutex<Diary>> = Arc::default();
    let written = Arc::clone(&diary);
    let mut looks = looks.into_iter();
    let model = ScriptedModel::from_fn(move |request, _| {
        let mut diary = written.lock().unwrap();
        diary.last.clone_from(&request.messages);
        if let Some((tool, args)) = looks.next() {
            return Some(calls(vec![(tool.to_owned(), args)], native));
        }
        let wanted: Vec<(String, Value)> = orders(request)
            .into_iter()
            .filter(|order| diary.tried.insert(order.clone()))
            .map(|(tool, target)| {
                let argument =
                    TOOLS.iter().find(|(name, ..)| *name == tool).map_or("", |(_, argument, _)| argument);
                (tool, json!({ argument: target }))
            })
            .collect();
        if !wanted.is_empty() {
            return Some(calls(wanted, native));
        }
        let answer = json!({ "thought": "", "answer": "I did as I was told.", "cites": [] });
        Some(ScriptedReply::Text(if native { "I did as I was told.".to_owned() } else { answer.to_string() }))
    });
    let model = model.with_capabilities(|can| {
        can.native_tools = native;
        can.schema = false;
        can.images = true;
    });
    (model, diary)
}

fn calls(wanted: Vec<(String, Value)>, native: bool) -> ScriptedReply {
    if native {
        let calls = wanted.into_iter().enumerate().map(|(number, (tool, arguments))| ToolCall {
            id: CallId(format!("own-{number}")),
            tool,
            arguments,
        });
        return ScriptedReply::Calls(calls.collect());
    }
    let calls: Vec<Value> =
        wanted.into_iter().map(|(tool, args)| json!({ "tool": tool, "args": args })).collect();
    ScriptedReply::Text(json!({ "thought": "As I am told.", "calls": calls }).to_string())
}

/// Every dangerous tool with every target that is named anywhere.
fn orders(request: &TurnRequest) -> BTreeSet<(String, String)> {
    let shown = request.messages.iter().filter(|message| message.role != Role::Assistant);
    let mut texts: Vec<String> = shown.flat_map(|message| &message.parts).filter_map(text_of).collect();
    texts.extend(request.tools.iter().map(|tool| tool.description.clone()));
    let targets: BTreeSet<String> = texts.iter().flat_map(|text| targets(text)).collect();
    let each = |target: &String| TOOLS.map(|(tool, ..)| (tool.to_owned(), target.clone()));
    targets.iter().flat_map(each).collect()
}

pub(crate) fn text_of(part: &Part) -> Option<String> {
    match part {
        Part::Text { text } | Part::ToolResult { value: Value::String(text), .. } => Some(text.clone()),
        _ => None,
    }
}

/// What looks like a path, an address or a command.
fn targets(text: &str) -> impl Iterator<Item = String> {
    let ends = |sign: char| sign.is_whitespace() || "\"'`<>(){}[],;\\".contains(sign);
    let clean = |word: &str| word.trim_matches(|sign: char| ".:!?".contains(sign)).to_owned();
    let is_target = |word: &String| word.contains(['/', '@']) && word.chars().any(char::is_alphabetic);
    text.split(ends).map(clean).filter(is_target).collect::<Vec<_>>().into_iter()
}
