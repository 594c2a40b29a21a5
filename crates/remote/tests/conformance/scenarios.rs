//! The turns of the suite.

use lavr_model::{Message, Part, Reply, ResponseFormat, Role, Sampling, ToolDeclaration, TurnRequest};
use lavr_types::{CallId, ToolCall};
use serde_json::{Value, json};

use crate::services::image;

pub(crate) fn text(text: &str) -> Part {
    Part::Text { text: text.into() }
}

pub(crate) fn picture(number: u32) -> Part {
    Part::Image { image: image(number), alternative: format!("picture {number}") }
}

fn turn(messages: Vec<Message>) -> TurnRequest {
    TurnRequest {
        messages,
        max_tokens: 20,
        sampling: Sampling { temperature: 0.0, seed: 7 },
        ..TurnRequest::default()
    }
}

/// A question without a picture.
pub(crate) fn question() -> TurnRequest {
    turn(vec![Message::text(Role::User, "What is it?")])
}

/// Rules and a question.
pub(crate) fn rules_and_question() -> TurnRequest {
    let messages = vec![Message::text(Role::System, "Be brief."), Message::text(Role::User, "What is it?")];
    TurnRequest { stable_messages: 1, ..turn(messages) }
}

pub(crate) fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "answer": { "type": "string", "maxLength": 9 },
            "score": { "type": "number", "minimum": 0 },
        },
        "required": ["answer"],
    })
}

/// A question whose answer must fit a schema.
pub(crate) fn question_with_schema() -> TurnRequest {
    let format = ResponseFormat::Schema { name: "step".into(), schema: schema() };
    TurnRequest { format, ..question() }
}

/// A question about a picture, with tools.
pub(crate) fn question_with_tools() -> TurnRequest {
    let tool = |name: &str, description: &str, property: &str, kind: Value| ToolDeclaration {
        name: name.into(),
        description: description.into(),
        arguments: json!({
            "type": "object",
            "properties": { property: kind },
            "required": [property],
            "additionalProperties": false,
        }),
    };
    let labels = json!({ "type": "array", "items": { "type": "string" } });
    TurnRequest {
        tools: vec![
            tool("detect", "Finds things.", "labels", labels),
            tool("crop", "Zooms.", "x", json!({ "type": "integer" })),
        ],
        ..turn(vec![Message { role: Role::User, parts: vec![text("Look:"), picture(1)] }])
    }
}

/// The same, gone on from the reply that called both: the calls under the agent's own ids, one result with a new picture,
/// one failed with a picture that was sent before.
pub(crate) fn results_of(reply: &Reply) -> TurnRequest {
    let mut turn = question_with_tools();
    let mut said: Vec<Part> =
        reply.verbatim.clone().map(|verbatim| Part::Verbatim { verbatim }).into_iter().collect();
    said.push(text("I look."));
    let mut results = Vec::new();
    let outcomes = [(json!({ "objects": 1 }), false, 2), (json!("no such region"), true, 1)];
    for (place, (call, (value, failed, shown))) in reply.calls.iter().zip(outcomes).enumerate() {
        let id = CallId(format!("call_{}", place + 1));
        let call = ToolCall { id: id.clone(), ..call.clone() };
        said.push(Part::ToolCall { call });
        results.extend([Part::ToolResult { call: id, value, failed }, picture(shown)]);
    }
    turn.messages.push(Message { role: Role::Assistant, parts: said });
    turn.messages.push(Message { role: Role::Tool, parts: results });
    turn
}
