//! A turn as the service takes it.

use std::borrow::Cow;

use lavr_model::{ResponseFormat, Role};
use serde::Serialize;
use serde_json::{Value, json};

use super::{SERVICE, call_ids};
use crate::{
    conversation::{Line, Manner, Piece, lines},
    dialect::{Draft, DraftError},
    schema::{Lowered, OPENAI},
};

/// The least limit of tokens that the service takes.
const LEAST_TOKENS: usize = 16;

/// The body of a request.
#[derive(Debug, Serialize)]
pub(crate) struct Body<'a> {
    model: &'a str,
    input: Vec<Item<'a>>,
    stream: bool,
    store: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    include: Option<[&'static str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Value>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Item<'a> {
    Message {
        role: &'static str,
        content: Vec<Content<'a>>,
    },
    Call {
        r#type: &'static str,
        call_id: &'a str,
        name: &'a str,
        arguments: String,
    },
    Outcome {
        r#type: &'static str,
        call_id: &'a str,
        output: Output<'a>,
    },
    /// As the service gave it.
    Verbatim(&'a Value),
}

/// A plain text where there is nothing else.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Output<'a> {
    Text(String),
    Contents(Vec<Content<'a>>),
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Content<'a> {
    InputText {
        text: Cow<'a, str>,
    },
    /// What the assistant said.
    OutputText {
        text: Cow<'a, str>,
    },
    InputImage {
        image_url: &'a str,
    },
}

/// Puts a turn together.
pub(crate) fn body<'t>(draft: &Draft<'t>) -> Result<Body<'t>, DraftError> {
    let (turn, quirks) = (draft.turn, draft.quirks);
    let manner = Manner {
        service: Some(SERVICE),
        call_ids,
        pictures_in_outcomes: draft.capabilities.images_in_tool_results,
    };
    let mut input = Vec::new();
    for line in lines(turn, manner, draft.pictures) {
        items(line, &mut input);
    }
    // Not `strict`: that would make every argument required.
    let tools = turn.tools.iter().map(|tool| {
        json!({ "type": "function", "name": tool.name, "description": tool.description,
                "parameters": tool.arguments, "strict": false })
    });
    Ok(Body {
        model: &draft.capabilities.name,
        input,
        stream: true,
        store: false,
        include: (!quirks.no_encrypted_thoughts).then_some(["reasoning.encrypted_content"]),
        max_output_tokens: draft.most_tokens().map(|most| most.max(LEAST_TOKENS)),
        temperature: (!quirks.no_temperature).then_some(turn.sampling.temperature),
        tools: tools.collect(),
        text: format(draft)?,
    })
}

fn format(draft: &Draft<'_>) -> Result<Option<Value>, DraftError> {
    let ResponseFormat::Schema { name, schema } = &draft.turn.format else { return Ok(None) };
    let Some(Lowered { schema, strict }) = draft.schema.lowered(&OPENAI, name, schema)? else {
        return Ok(None);
    };
    let format = json!({ "type": "json_schema", "name": name, "schema": schema, "strict": strict });
    Ok(Some(json!({ "format": format })))
}

/// A message is an item, and so is each call and each outcome.
fn items<'a>(line: Line<'a>, input: &mut Vec<Item<'a>>) {
    let role = match line.role {
        Role::System => "system",
        Role::Assistant => "assistant",
        Role::User | Role::Tool => "user",
    };
    let mut content = Vec::new();
    let mut calls = Vec::new();
    for piece in line.pieces {
        match piece {
            Piece::Call(call) => calls.push(Item::Call {
                r#type: "function_call",
                call_id: &call.id.0,
                name: &call.tool,
                arguments: call.arguments.to_string(),
            }),
            Piece::Outcome(outcome) => {
                let text = outcome.marked_text().into_owned();
                let output = if outcome.pictures.is_empty() {
                    Output::Text(text)
                } else {
                    let pictures = outcome.pictures.into_iter().filter_map(|piece| said(piece, role));
                    let text = Content::InputText { text: text.into() };
                    Output::Contents(std::iter::once(text).chain(pictures).collect())
                };
                calls.push(Item::Outcome { r#type: "function_call_output", call_id: outcome.call, output });
            }
            Piece::Verbatim(Value::Array(output)) => calls.extend(output.iter().map(Item::Verbatim)),
            piece => content.extend(said(piece, role)),
        }
    }
    if !content.is_empty() {
        input.push(Item::Message { role, content });
    }
    input.extend(calls);
}

fn said<'a>(piece: Piece<'a>, role: &str) -> Option<Content<'a>> {
    match piece {
        Piece::Text(text) if role == "assistant" => Some(Content::OutputText { text }),
        Piece::Text(text) => Some(Content::InputText { text }),
        Piece::Picture(picture) => Some(Content::InputImage { image_url: picture.url() }),
        Piece::Call(_) | Piece::Outcome(_) | Piece::Verbatim(_) => None,
    }
}
