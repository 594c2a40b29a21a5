use lavr_model::{Capabilities, Message, Part, Sampling, ToolDeclaration, TurnRequest};
use lavr_types::{CallId, ImageId, Size, ToolCall};

use super::*;
use crate::{
    RemoteConfig, SchemaMode,
    dialect::Quirks,
    images::{Encoded, Pictures},
};

fn image(number: u32) -> ImageId {
    ImageId::of_pixels(Size::new(number, 1), &[])
}

fn picture(number: u32) -> Part {
    Part::Image { image: image(number), alternative: format!("picture {number}") }
}

fn text(text: &str) -> Part {
    Part::Text { text: text.into() }
}

fn result(call: &str, value: Value) -> Part {
    Part::ToolResult { call: CallId(call.into()), value, failed: false }
}

fn written(turn: &TurnRequest, capabilities: &Capabilities) -> Value {
    let pictures: Pictures = turn
        .shown(capabilities)
        .into_iter()
        .map(|id| (id, Encoded::new("image/png", id.to_string().as_bytes())))
        .collect();
    let (schema, quirks) = (SchemaMode::Strict, Quirks::default());
    let draft = Draft { turn, capabilities, schema, quirks, pictures: &pictures };
    serde_json::to_value(body(&draft).unwrap()).unwrap()
}

fn capabilities() -> Capabilities {
    RemoteConfig::new("http://localhost", "m").capabilities()
}

fn url(number: u32) -> Value {
    let encoded = Encoded::new("image/png", image(number).to_string().as_bytes());
    json!({ "type": "image_url", "image_url": { "url": encoded.url() } })
}

#[test]
fn a_whole_turn_with_calls_and_images_of_results() {
    let call =
        |id: &str| ToolCall { id: CallId(id.into()), tool: "crop".into(), arguments: json!({ "x": 1 }) };
    let turn = TurnRequest {
        messages: vec![
            Message::text(Role::System, "rules"),
            Message { role: Role::User, parts: vec![text("Look:"), picture(1)] },
            Message {
                role: Role::Assistant,
                parts: vec![
                    text("I zoom in."),
                    Part::ToolCall { call: call("call_1") },
                    Part::ToolCall { call: call("call_2") },
                ],
            },
            Message { role: Role::Tool, parts: vec![result("call_1", json!({ "image": "a" })), picture(2)] },
            Message {
                role: Role::Tool,
                parts: vec![Part::ToolResult {
                    call: CallId("call_2".into()),
                    value: json!("no"),
                    failed: true,
                }],
            },
            Message::text(Role::User, "Go on."),
        ],
        tools: vec![ToolDeclaration {
            name: "crop".into(),
            description: "Zooms.".into(),
            arguments: json!({ "type": "object" }),
        }],
        max_tokens: 9,
        sampling: Sampling { temperature: 0.0, seed: 7 },
        ..Default::default()
    };
    let tool_call = |id: &str| json!({ "id": id, "type": "function", "function": { "name": "crop", "arguments": "{\"x\":1}" } });
    assert_eq!(
        written(&turn, &capabilities()),
        json!({
            "model": "m",
            "messages": [
                { "role": "system", "content": "rules" },
                { "role": "user", "content": [{ "type": "text", "text": "Look:" }, url(1)] },
                { "role": "assistant", "content": "I zoom in.", "tool_calls": [tool_call("call_1"), tool_call("call_2")] },
                { "role": "tool", "tool_call_id": "call_1", "content": "{\"image\":\"a\"}" },
                { "role": "tool", "tool_call_id": "call_2", "content": "FAILED: no" },
                { "role": "user", "content": [{ "type": "text", "text": "Images of call_1:" }, url(2)] },
                { "role": "user", "content": "Go on." },
            ],
            "stream": true,
            "stream_options": { "include_usage": true },
            "max_tokens": 9,
            "temperature": 0.0,
            "seed": 7,
            "tools": [
                { "type": "function",
                  "function": { "name": "crop", "description": "Zooms.", "parameters": { "type": "object" } } },
            ],
        })
    );
}

#[test]
fn images_stand_in_the_result_where_the_service_takes_that() {
    let turn = TurnRequest {
        messages: vec![Message { role: Role::Tool, parts: vec![result("c", json!(1)), picture(2)] }],
        ..Default::default()
    };
    let mut capabilities = capabilities();
    capabilities.images_in_tool_results = true;
    assert_eq!(
        written(&turn, &capabilities)["messages"],
        json!([{ "role": "tool", "tool_call_id": "c", "content": [{ "type": "text", "text": "1" }, url(2)] }])
    );
}

#[test]
fn a_model_without_eyes_gets_alternatives_with_ids() {
    let turn = TurnRequest {
        messages: vec![Message { role: Role::User, parts: vec![picture(1), text("What is it?")] }],
        ..Default::default()
    };
    let mut capabilities = capabilities();
    capabilities.images = false;
    let content = format!("[image {}, not shown: picture 1]\nWhat is it?", image(1));
    assert_eq!(written(&turn, &capabilities)["messages"], json!([{ "role": "user", "content": content }]));
}

#[test]
fn of_too_many_images_the_latest_are_shown_each_once() {
    let turn = TurnRequest {
        messages: vec![Message {
            role: Role::User,
            parts: vec![picture(1), picture(2), picture(1), picture(3)],
        }],
        ..Default::default()
    };
    let mut capabilities = capabilities();
    capabilities.max_images = 2;
    let told = |number: u32, how: &str| {
        let text = format!("[image {}, {how}: picture {number}]", image(number));
        json!({ "type": "text", "text": text })
    };
    assert_eq!(
        written(&turn, &capabilities)["messages"][0]["content"],
        json!([url(1), told(2, "not shown"), told(1, "shown before"), url(3)])
    );
}

#[test]
fn schemas_go_out_as_the_mode_says() {
    let schema = json!({ "type": "object", "properties": { "a": { "type": "string", "minLength": 1 } } });
    let format = ResponseFormat::Schema { name: "step".into(), schema: schema.clone() };
    let impossible = ResponseFormat::Schema { name: "step".into(), schema: json!({ "type": "object" }) };
    let of = |format: &ResponseFormat, schema| {
        let turn = TurnRequest { format: format.clone(), ..Default::default() };
        let (capabilities, quirks, pictures) = (capabilities(), Quirks::default(), Pictures::new());
        let draft = Draft { turn: &turn, capabilities: &capabilities, schema, quirks, pictures: &pictures };
        response_format(&draft).map_err(|error| error.to_string())
    };

    let strict = of(&format, SchemaMode::Strict).unwrap().unwrap();
    assert_eq!(strict["json_schema"]["strict"], json!(true));
    assert_eq!(strict["json_schema"]["schema"]["required"], json!(["a"]));
    let as_it_is = of(&format, SchemaMode::AsItIs).unwrap().unwrap();
    assert_eq!(as_it_is["json_schema"], json!({ "name": "step", "schema": schema, "strict": false }));
    assert_eq!(of(&format, SchemaMode::Off), Ok(None));
    assert!(of(&impossible, SchemaMode::Strict).unwrap_err().contains("its root"));
    let hint = of(&impossible, SchemaMode::StrictOrHint).unwrap().unwrap();
    assert_eq!(hint["json_schema"]["strict"], json!(false));
}
