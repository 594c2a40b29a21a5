//! A turn as the service takes it.

use lavr_model::{ResponseFormat, Role};
use serde::Serialize;
use serde_json::{Value, json};

use super::{SERVICE, call_ids};
use crate::{
    SchemaMode,
    conversation::{Line, Manner, Piece, lines},
    dialect::Draft,
};

/// The body of a request.
#[derive(Debug, Serialize)]
pub(crate) struct Body<'a> {
    model: &'a str,
    messages: Vec<WireMessage<'a>>,
    stream: bool,
    options: Options,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'a Value>,
}

#[derive(Debug, Serialize)]
struct Options {
    temperature: f32,
    seed: u64,
    /// Left to itself, the service cuts a conversation off at a few thousand tokens, and says nothing.
    num_ctx: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_predict: Option<usize>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum WireMessage<'a> {
    Known(Known<'a>),
    /// As the service gave it.
    Verbatim(&'a Value),
}

#[derive(Debug, Default, Serialize)]
struct Known<'a> {
    role: &'static str,
    content: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_name: Option<&'a str>,
}

/// Puts a turn together.
pub(crate) fn body<'t>(draft: &Draft<'t>) -> Body<'t> {
    let turn = draft.turn;
    let manner = Manner {
        service: Some(SERVICE),
        call_ids,
        pictures_in_outcomes: draft.capabilities.images_in_tool_results,
    };
    let tools = turn.tools.iter().map(|tool| {
        let function =
            json!({ "name": tool.name, "description": tool.description, "parameters": tool.arguments });
        json!({ "type": "function", "function": function })
    });
    Body {
        model: &draft.capabilities.name,
        messages: lines(turn, manner, draft.pictures).into_iter().flat_map(messages).collect(),
        stream: true,
        options: Options {
            temperature: turn.sampling.temperature,
            seed: turn.sampling.seed,
            num_ctx: draft.capabilities.context_tokens,
            num_predict: draft.most_tokens(),
        },
        tools: tools.collect(),
        // A grammar is made of it: any schema will do.
        format: match &turn.format {
            ResponseFormat::Schema { schema, .. } if draft.schema != SchemaMode::Off => Some(schema),
            _ => None,
        },
    }
}

/// One message for a line; one for each result.
fn messages(line: Line<'_>) -> Vec<WireMessage<'_>> {
    let role = match line.role {
        Role::System => "system",
        Role::Assistant => "assistant",
        Role::User | Role::Tool => "user",
    };
    let mut message = Known { role, ..Known::default() };
    let mut others = Vec::new();
    for piece in line.pieces {
        match piece {
            Piece::Outcome(outcome) => {
                let content = outcome.marked_text().into_owned();
                let mut result = Known { role: "tool", content, ..Known::default() };
                result.tool_name = Some(outcome.tool).filter(|tool| !tool.is_empty());
                outcome.pictures.into_iter().for_each(|piece| result.say(piece));
                others.push(WireMessage::Known(result));
            }
            Piece::Verbatim(own) => others.push(WireMessage::Verbatim(own)),
            piece => message.say(piece),
        }
    }
    let says = !(message.content.is_empty() && message.images.is_empty() && message.tool_calls.is_empty());
    says.then_some(WireMessage::Known(message)).into_iter().chain(others).collect()
}

impl<'a> Known<'a> {
    fn say(&mut self, piece: Piece<'a>) {
        match piece {
            Piece::Text(text) => {
                if !self.content.is_empty() {
                    self.content.push('\n');
                }
                self.content.push_str(&text);
            }
            Piece::Picture(picture) => self.images.push(picture.base64()),
            Piece::Call(call) => {
                let function = json!({ "name": call.tool, "arguments": call.arguments });
                self.tool_calls.push(json!({ "function": function }));
            }
            Piece::Outcome(_) | Piece::Verbatim(_) => {}
        }
    }
}
