//! A turn as the service takes it.

use std::borrow::Cow;

use lavr_model::{ResponseFormat, Role};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    conversation::{Line, Manner, Outcome, Piece, lines},
    dialect::{Draft, DraftError},
    schema::{Lowered, OPENAI},
};

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

#[derive(Debug, Default, Serialize)]
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

/// Puts a turn together.
pub(crate) fn body<'t>(draft: &Draft<'t>) -> Result<Body<'t>, DraftError> {
    let (turn, quirks) = (draft.turn, draft.quirks);
    let manner = Manner {
        service: None,
        call_ids: |_| Vec::new(),
        pictures_in_outcomes: draft.capabilities.images_in_tool_results,
    };
    let limit = draft.most_tokens();
    let tools = turn.tools.iter().map(|tool| {
        let function =
            json!({ "name": tool.name, "description": tool.description, "parameters": tool.arguments });
        json!({ "type": "function", "function": function })
    });
    Ok(Body {
        model: &draft.capabilities.name,
        messages: lines(turn, manner, draft.pictures).into_iter().flat_map(messages).collect(),
        stream: true,
        stream_options: (!quirks.no_stream_options).then(|| json!({ "include_usage": true })),
        max_tokens: limit.filter(|_| !quirks.completion_tokens),
        max_completion_tokens: limit.filter(|_| quirks.completion_tokens),
        temperature: (!quirks.no_temperature).then_some(turn.sampling.temperature),
        seed: (!quirks.no_seed).then_some(turn.sampling.seed),
        tools: tools.collect(),
        response_format: response_format(draft)?,
    })
}

fn response_format(draft: &Draft<'_>) -> Result<Option<Value>, DraftError> {
    let ResponseFormat::Schema { name, schema } = &draft.turn.format else { return Ok(None) };
    let Some(Lowered { schema, strict }) = draft.schema.lowered(&OPENAI, name, schema)? else {
        return Ok(None);
    };
    let described = json!({ "name": name, "schema": schema, "strict": strict });
    Ok(Some(json!({ "type": "json_schema", "json_schema": described })))
}

/// One message for a line; one for each result.
fn messages(line: Line<'_>) -> Vec<WireMessage<'_>> {
    let role = match line.role {
        Role::System => "system",
        Role::Assistant => "assistant",
        Role::User => "user",
        Role::Tool => return line.pieces.into_iter().filter_map(result).collect(),
    };
    let mut message = WireMessage { role, ..WireMessage::default() };
    let mut blocks = Vec::new();
    for piece in line.pieces {
        if let Piece::Call(call) = piece {
            let function = json!({ "name": call.tool, "arguments": call.arguments.to_string() });
            message.tool_calls.push(json!({ "id": call.id, "type": "function", "function": function }));
        } else {
            blocks.extend(block(piece));
        }
    }
    message.content = content(blocks);
    vec![message]
}

fn result(piece: Piece<'_>) -> Option<WireMessage<'_>> {
    let Piece::Outcome(outcome) = piece else { return None };
    let text = Cow::Owned(outcome.marked_text().into_owned());
    let Outcome { call, pictures, .. } = outcome;
    let mut blocks = vec![Block::Text { text }];
    blocks.extend(pictures.into_iter().filter_map(block));
    let content = content(blocks);
    Some(WireMessage { role: "tool", content, tool_call_id: Some(call), ..WireMessage::default() })
}

fn block(piece: Piece<'_>) -> Option<Block<'_>> {
    match piece {
        Piece::Text(text) => Some(Block::Text { text }),
        Piece::Picture(picture) => Some(Block::ImageUrl { image_url: ImageUrl { url: picture.url() } }),
        Piece::Call(_) | Piece::Outcome(_) | Piece::Verbatim(_) => None,
    }
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
