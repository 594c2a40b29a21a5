//! Demonstrations in the form of each planner.

use lavr_model::{Message, Part, Role};
use lavr_types::{CallId, ToolCall};
use serde_json::{Map, Value, json};

use super::{Call, Demonstration, Shown};

/// One line an image: its name and size.
pub(crate) fn image_lines<'a>(images: impl Iterator<Item = &'a Shown>) -> Vec<String> {
    images
        .enumerate()
        .map(|(index, image)| format!("image{} is {}x{}.", index + 1, image.size.width, image.size.height))
        .collect()
}

/// The question with its images; `pictures` counts how many pictures may still be shown.
fn question(demonstration: &Demonstration, pictures: &mut usize) -> Message {
    let mut parts = Vec::new();
    let lines = image_lines(demonstration.images.iter());
    for (image, line) in demonstration.images.iter().zip(&lines) {
        if let Some(id) = image.id.filter(|_| *pictures > 0) {
            *pictures -= 1;
            parts.push(Part::Image { image: id, alternative: line.clone() });
        }
    }
    let text = format!("{}\nQuestion: {}", lines.join("\n"), demonstration.question);
    parts.push(Part::Text { text });
    Message { role: Role::User, parts }
}

fn answer(demonstration: &Demonstration) -> Message {
    let cites: Vec<String> =
        (1..=demonstration.calls().count()).map(|number| format!("call_{number}")).collect();
    let said = json!({ "thought": demonstration.thought, "answer": demonstration.answer, "cites": cites });
    Message::text(Role::Assistant, said.to_string())
}

/// As a model writes it that writes one JSON object a step.
pub(crate) fn as_steps(demonstration: &Demonstration, pictures: &mut usize) -> Vec<Message> {
    let mut messages = vec![question(demonstration, pictures)];
    let mut number = 0;
    for step in &demonstration.steps {
        let calls: Vec<Value> =
            step.calls.iter().map(|call| json!({ "tool": call.tool, "args": call.args })).collect();
        let said = json!({ "thought": step.thought, "calls": calls });
        messages.push(Message::text(Role::Assistant, said.to_string()));
        let results: Vec<String> = step
            .calls
            .iter()
            .map(|call| {
                number += 1;
                format!("call_{number} {}: {}", call.tool, call.gave)
            })
            .collect();
        messages.push(Message::text(Role::User, results.join("\n")));
    }
    messages.push(answer(demonstration));
    messages
}

/// As a model does it that has tool calls of its own. `number` keeps ids of calls apart.
pub(crate) fn as_native(demonstration: &Demonstration, number: usize, pictures: &mut usize) -> Vec<Message> {
    let mut messages = vec![question(demonstration, pictures)];
    let mut calls = 0;
    for step in &demonstration.steps {
        let mut parts = Vec::new();
        if !step.thought.is_empty() {
            parts.push(Part::Text { text: step.thought.clone() });
        }
        let mut results = Vec::new();
        for call in &step.calls {
            calls += 1;
            let id = CallId(format!("shown_{number}_{calls}"));
            let arguments = call.args.clone();
            parts.push(Part::ToolCall {
                call: ToolCall { id: id.clone(), tool: call.tool.clone(), arguments },
            });
            let value = Value::String(format!("{}: {}", call.tool, call.gave));
            results.push(Part::ToolResult { call: id, value, failed: false });
        }
        messages.push(Message { role: Role::Assistant, parts });
        messages.push(Message { role: Role::Tool, parts: results });
    }
    messages.push(Message::text(Role::Assistant, &demonstration.answer));
    messages
}

/// As a model writes it that writes its whole plan first: an argument that an earlier result holds becomes a reference.
pub(crate) fn as_plan(demonstration: &Demonstration, pictures: &mut usize) -> Vec<Message> {
    let mut before: Vec<(String, &Call)> = Vec::new();
    let mut nodes = Vec::new();
    for call in demonstration.calls() {
        let same = before.iter().filter(|(_, earlier)| earlier.tool == call.tool).count();
        let id = if same == 0 { call.tool.clone() } else { format!("{}{}", call.tool, same + 1) };
        let args = call.args.as_object().into_iter().flatten();
        let args: Map<String, Value> =
            args.map(|(name, value)| (name.clone(), referring(value, &before))).collect();
        nodes.push(json!({ "tool": call.tool, "id": id, "args": args }));
        before.push((id, call));
    }
    // The first thought speaks for the plan: a person thinks of the goal first.
    let thought = demonstration.steps.first().map_or("", |step| step.thought.as_str());
    let said = json!({ "thought": thought, "plan": nodes });
    let results: Vec<String> = before
        .iter()
        .enumerate()
        .map(|(index, (id, call))| format!("{id}: call_{} {}: {}", index + 1, call.tool, call.gave))
        .collect();
    vec![
        question(demonstration, pictures),
        Message::text(Role::Assistant, said.to_string()),
        Message::text(Role::User, results.join("\n")),
        answer(demonstration),
    ]
}

/// A box or an image of an earlier result as a reference to it; any other value as it is.
fn referring(value: &Value, before: &[(String, &Call)]) -> Value {
    let is_box = value.as_array().is_some_and(|sides| sides.len() == 4 && sides.iter().all(Value::is_number));
    let is_image = value.as_str().is_some_and(|text| text.starts_with("image"));
    if !is_box && !is_image {
        return value.clone();
    }
    let found = before.iter().find_map(|(id, call)| Some(format!("${id}{}", path_to(value, &call.gave)?)));
    found.map_or_else(|| value.clone(), Value::String)
}

fn path_to(wanted: &Value, inside: &Value) -> Option<String> {
    if wanted == inside {
        return Some(String::new());
    }
    match inside {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| Some(format!("[{index}]{}", path_to(wanted, item)?))),
        Value::Object(fields) => {
            fields.iter().find_map(|(name, field)| Some(format!(".{name}{}", path_to(wanted, field)?)))
        }
        _ => None,
    }
}
