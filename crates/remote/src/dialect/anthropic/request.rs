//! A turn as the service takes it.

use std::borrow::Cow;

use lavr_model::{ResponseFormat, Role};
use serde::Serialize;
use serde_json::{Value, json};

use super::{SERVICE, call_ids};
use crate::{
    conversation::{Line, Manner, Outcome, Piece, lines},
    dialect::{Draft, DraftError},
    schema::{ANTHROPIC, Lowered},
};

/// The service wants a limit always.
const DEFAULT_TOKENS: usize = 4096;

/// The body of a request.
#[derive(Debug, Serialize)]
pub(crate) struct Body<'a> {
    model: &'a str,
    max_tokens: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Block<'a>>,
    messages: Vec<WireMessage<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<Value>,
}

#[derive(Debug, Serialize)]
struct WireMessage<'a> {
    role: &'static str,
    content: Vec<Block<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Block<'a> {
    Known(Known<'a>),
    /// As the service gave it.
    Verbatim(&'a Value),
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Known<'a> {
    Text {
        text: Cow<'a, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<CacheControl>,
    },
    Image {
        source: Source<'a>,
    },
    ToolUse {
        id: &'a str,
        name: &'a str,
        input: Cow<'a, Value>,
    },
    ToolResult {
        tool_use_id: &'a str,
        content: Vec<Block<'a>>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
    },
}

#[derive(Debug, Serialize)]
struct Source<'a> {
    r#type: &'static str,
    media_type: &'static str,
    data: &'a str,
}

/// The service keeps what it has read up to here.
#[derive(Debug, Clone, Copy, Serialize)]
struct CacheControl {
    r#type: &'static str,
}

const EPHEMERAL: CacheControl = CacheControl { r#type: "ephemeral" };

/// Puts a turn together.
pub(crate) fn body<'t>(draft: &Draft<'t>) -> Result<Body<'t>, DraftError> {
    let turn = draft.turn;
    let manner = Manner {
        service: Some(SERVICE),
        call_ids,
        pictures_in_outcomes: draft.capabilities.images_in_tool_results,
    };
    let mut body = Body {
        model: &draft.capabilities.name,
        max_tokens: draft.most_tokens().unwrap_or(DEFAULT_TOKENS),
        system: Vec::new(),
        messages: Vec::new(),
        stream: true,
        temperature: (!draft.quirks.no_temperature).then_some(turn.sampling.temperature),
        tools: turn
            .tools
            .iter()
            .map(|tool| json!({ "name": tool.name, "description": tool.description, "input_schema": tool.arguments }))
            .collect(),
        output_config: output_config(draft)?,
    };
    for line in lines(turn, manner, draft.pictures) {
        body.add(line);
    }
    // Rules and tools come first and stay the same from run to run.
    if turn.stable_messages > 0
        && let Some(Block::Known(Known::Text { cache_control, .. })) = body.system.last_mut()
    {
        *cache_control = Some(EPHEMERAL);
    }
    Ok(body)
}

fn output_config(draft: &Draft<'_>) -> Result<Option<Value>, DraftError> {
    let ResponseFormat::Schema { name, schema } = &draft.turn.format else { return Ok(None) };
    let lowered = draft.schema.lowered(&ANTHROPIC, name, schema)?;
    // The service refuses a schema outside its subset, so one that is a hint stays at home.
    let Some(Lowered { schema, strict: true }) = lowered else { return Ok(None) };
    Ok(Some(json!({ "format": { "type": "json_schema", "schema": schema } })))
}

impl<'a> Body<'a> {
    /// The service wants user and assistant in turns; what one says twice in a row is one message.
    fn add(&mut self, line: Line<'a>) {
        let role = match line.role {
            Role::System if self.messages.is_empty() => {
                self.system.extend(line.pieces.into_iter().flat_map(blocks));
                return;
            }
            // Rules that come late are said by the program.
            Role::System | Role::User | Role::Tool => "user",
            Role::Assistant => "assistant",
        };
        let content = line.pieces.into_iter().flat_map(blocks);
        match self.messages.last_mut() {
            Some(last) if last.role == role => last.content.extend(content),
            _ => self.messages.push(WireMessage { role, content: content.collect() }),
        }
    }
}

fn blocks(piece: Piece<'_>) -> Vec<Block<'_>> {
    let known = match piece {
        // A text of white space alone is refused.
        Piece::Text(text) if text.trim().is_empty() => return Vec::new(),
        Piece::Text(text) => Known::Text { text, cache_control: None },
        Piece::Picture(picture) => {
            let source = Source { r#type: "base64", media_type: picture.media_type, data: picture.base64() };
            Known::Image { source }
        }
        Piece::Call(call) => {
            // The service takes objects alone; what the model wrote in their place is told as it was.
            let input = if call.arguments.is_object() {
                Cow::Borrowed(&call.arguments)
            } else {
                Cow::Owned(json!({ "arguments": call.arguments }))
            };
            Known::ToolUse { id: &call.id.0, name: &call.tool, input }
        }
        Piece::Outcome(Outcome { call, text, failed, pictures, .. }) => {
            let text = Piece::Text(text);
            let content = std::iter::once(text).chain(pictures).flat_map(blocks).collect();
            Known::ToolResult { tool_use_id: call, content, is_error: failed }
        }
        Piece::Verbatim(content) => {
            return content.as_array().into_iter().flatten().map(Block::Verbatim).collect();
        }
    };
    vec![Block::Known(known)]
}
