//! A turn as the service takes it.

use std::{borrow::Cow, collections::HashMap};

use lavr_model::{Capabilities, Message, Part, ResponseFormat, Role, TurnRequest};
use lavr_types::{CallId, ImageId};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{SchemaError, SchemaMode, images::Urls, schema};

/// The body of a request.
#[derive(Debug, Serialize)]
pub(crate) struct Body<'a> {
    model: &'a str,
    messages: Vec<WireMessage<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
}

#[derive(Debug, Serialize)]
struct WireMessage<'a> {
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Content<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

/// A plain text where there is nothing else: some services take no list.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(Cow<'a, str>),
    Blocks(Vec<Block<'a>>),
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Text { text: Cow<'a, str> },
    ImageUrl { image_url: ImageUrl<'a> },
}

#[derive(Debug, Serialize)]
struct ImageUrl<'a> {
    url: &'a str,
}

/// What this service was found to refuse; learnt from its errors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each stands for a field of its own")]
pub(crate) struct Quirks {
    /// It wants `max_completion_tokens` in the place of `max_tokens`.
    pub(crate) completion_tokens: bool,
    /// It takes no temperature.
    pub(crate) no_temperature: bool,
    /// It takes no seed.
    pub(crate) no_seed: bool,
    /// It takes no `stream_options`.
    pub(crate) no_stream_options: bool,
}

/// The images of a turn that the model will see: the last ones, if there are too many. In order, with repeats.
pub(crate) fn shown(turn: &TurnRequest, capabilities: &Capabilities) -> Vec<ImageId> {
    let most = if capabilities.images { capabilities.max_images } else { 0 };
    let mut images: Vec<_> =
        turn.messages.iter().flat_map(|message| &message.parts).filter_map(image).collect();
    images.drain(..images.len().saturating_sub(most));
    images
}

fn image(part: &Part) -> Option<ImageId> {
    match part {
        Part::Image { image, .. } => Some(*image),
        _ => None,
    }
}

/// Puts a turn together. `urls` has all images that [`shown`] names.
pub(crate) fn body<'a>(
    turn: &'a TurnRequest,
    capabilities: &'a Capabilities,
    schema: SchemaMode,
    quirks: Quirks,
    urls: &'a Urls,
) -> Result<Body<'a>, SchemaError> {
    let limit = (turn.max_tokens > 0).then_some(turn.max_tokens);
    let tools = turn.tools.iter().map(|tool| {
        let function =
            json!({ "name": tool.name, "description": tool.description, "parameters": tool.arguments });
        json!({ "type": "function", "function": function })
    });
    Ok(Body {
        model: &capabilities.name,
        messages: messages(turn, capabilities, urls),
        stream: true,
        stream_options: (!quirks.no_stream_options).then(|| json!({ "include_usage": true })),
        max_tokens: limit.filter(|_| !quirks.completion_tokens),
        max_completion_tokens: limit.filter(|_| quirks.completion_tokens),
        temperature: (!quirks.no_temperature).then_some(turn.sampling.temperature),
        seed: (!quirks.no_seed).then_some(turn.sampling.seed),
        tools: tools.collect(),
        response_format: response_format(&turn.format, schema)?,
    })
}

fn response_format(format: &ResponseFormat, mode: SchemaMode) -> Result<Option<Value>, SchemaError> {
    let ResponseFormat::Schema { name, schema } = format else { return Ok(None) };
    let as_it_is = || json!({ "name": name, "schema": schema, "strict": false });
    let described = match mode {
        SchemaMode::Off => return Ok(None),
        SchemaMode::AsItIs => as_it_is(),
        SchemaMode::Strict => json!({ "name": name, "schema": schema::strict(schema)?, "strict": true }),
        SchemaMode::StrictOrHint => match schema::strict(schema) {
            Ok(lowered) => json!({ "name": name, "schema": lowered, "strict": true }),
            Err(error) => {
                tracing::warn!(name, %error, "the schema goes out as a hint");
                as_it_is()
            }
        },
    };
    Ok(Some(json!({ "type": "json_schema", "json_schema": described })))
}

/// Images that came with tool results and wait for the user message that will carry them.
#[derive(Default)]
struct Following<'a> {
    blocks: Vec<Block<'a>>,
}

fn messages<'a>(turn: &'a TurnRequest, capabilities: &Capabilities, urls: &'a Urls) -> Vec<WireMessage<'a>> {
    let total = turn.messages.iter().flat_map(|message| &message.parts).filter_map(image).count();
    let mut hidden = total - shown(turn, capabilities).len();
    let mut messages = Vec::new();
    let mut following = Following::default();
    for message in &turn.messages {
        if message.role == Role::Tool {
            tool_messages(message, capabilities, urls, &mut hidden, &mut messages, &mut following);
            continue;
        }
        // All results of one turn stand together, so what follows them comes after the last.
        following.flush(&mut messages);
        messages.push(plain_message(message, urls, &mut hidden));
    }
    following.flush(&mut messages);
    messages
}

impl<'a> Following<'a> {
    fn flush(&mut self, messages: &mut Vec<WireMessage<'a>>) {
        let blocks = std::mem::take(&mut self.blocks);
        if !blocks.is_empty() {
            let content = Some(Content::Blocks(blocks));
            messages.push(WireMessage { role: "user", content, tool_calls: Vec::new(), tool_call_id: None });
        }
    }
}

fn plain_message<'a>(message: &'a Message, urls: &'a Urls, hidden: &mut usize) -> WireMessage<'a> {
    let role = match message.role {
        Role::System => "system",
        Role::Assistant => "assistant",
        Role::User | Role::Tool => "user",
    };
    let mut blocks = Vec::new();
    let mut tool_calls = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text { text } => blocks.push(Block::Text { text: text.as_str().into() }),
            Part::Image { image, alternative } => blocks.push(image_block(*image, alternative, urls, hidden)),
            Part::ToolCall { call } => {
                let function = json!({ "name": call.tool, "arguments": call.arguments.to_string() });
                tool_calls.push(json!({ "id": call.id, "type": "function", "function": function }));
            }
            Part::ToolResult { call, value, failed } => {
                let text = format!("Result of {call}: {}", result_text(value, *failed));
                blocks.push(Block::Text { text: text.into() });
            }
        }
    }
    WireMessage { role, content: content(blocks), tool_calls, tool_call_id: None }
}

/// One message for each result. Images go with them where the service takes that, else into a user message after
/// the last result.
fn tool_messages<'a>(
    message: &'a Message,
    capabilities: &Capabilities,
    urls: &'a Urls,
    hidden: &mut usize,
    messages: &mut Vec<WireMessage<'a>>,
    following: &mut Following<'a>,
) {
    let mut images: HashMap<Option<&CallId>, Vec<Block<'a>>> = HashMap::new();
    let mut results = Vec::new();
    let mut latest = None;
    for part in &message.parts {
        match part {
            Part::ToolResult { call, value, failed } => {
                latest = Some(call);
                results.push((call, result_text(value, *failed)));
            }
            Part::Image { image, alternative } => {
                images.entry(latest).or_default().push(image_block(*image, alternative, urls, hidden));
            }
            Part::Text { text } => following.blocks.push(Block::Text { text: text.as_str().into() }),
            // A call has no place among results.
            Part::ToolCall { .. } => {}
        }
    }
    following.blocks.extend(images.remove(&None).unwrap_or_default());
    for (call, text) in results {
        let mut blocks = vec![Block::Text { text: text.into() }];
        let own = images.remove(&Some(call)).unwrap_or_default();
        if capabilities.images_in_tool_results {
            blocks.extend(own);
        } else if !own.is_empty() {
            following.blocks.push(Block::Text { text: format!("Images of {call}:").into() });
            following.blocks.extend(own);
        }
        let (role, tool_call_id) = ("tool", Some(call.0.as_str()));
        messages.push(WireMessage { role, content: content(blocks), tool_calls: Vec::new(), tool_call_id });
    }
}

fn result_text(value: &Value, failed: bool) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    if failed { format!("FAILED: {text}") } else { text }
}

/// The first images of a turn that has too many are told by their alternative, with their id.
fn image_block<'a>(image: ImageId, alternative: &str, urls: &'a Urls, hidden: &mut usize) -> Block<'a> {
    if *hidden == 0
        && let Some(url) = urls.get(&image)
    {
        return Block::ImageUrl { image_url: ImageUrl { url } };
    }
    *hidden = hidden.saturating_sub(1);
    Block::Text { text: format!("[image {image}, not shown: {alternative}]").into() }
}

fn content(mut blocks: Vec<Block<'_>>) -> Option<Content<'_>> {
    if blocks.iter().all(|block| matches!(block, Block::Text { .. })) {
        let mut texts = blocks.drain(..).filter_map(|block| match block {
            Block::Text { text } => Some(text),
            Block::ImageUrl { .. } => None,
        });
        let first = texts.next()?;
        let rest: Vec<_> = texts.collect();
        if rest.is_empty() {
            return Some(Content::Text(first));
        }
        let all: Vec<_> = std::iter::once(first).chain(rest).collect();
        return Some(Content::Text(all.join("\n").into()));
    }
    Some(Content::Blocks(blocks))
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
