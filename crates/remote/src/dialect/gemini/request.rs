//! A turn as the service takes it.

use std::borrow::Cow;

use lavr_model::{ResponseFormat, Role, ToolDeclaration};
use serde::Serialize;
use serde_json::{Value, json};

use super::{SERVICE, call_ids};
use crate::{
    conversation::{Line, Manner, Outcome, Piece, lines},
    dialect::{Draft, DraftError},
    images::Encoded,
    schema::GEMINI,
};

/// The body of a request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<Content<'a>>,
    contents: Vec<Content<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    generation_config: GenerationConfig,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GenerationConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_json_schema: Option<Value>,
}

#[derive(Debug, Serialize)]
struct Content<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    parts: Vec<WirePart<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum WirePart<'a> {
    Known(Known<'a>),
    /// A call that another model made, or whose signature is lost.
    Unsigned {
        #[serde(flatten)]
        call: Known<'a>,
        #[serde(rename = "thoughtSignature")]
        signature: &'static str,
    },
    /// As the service gave it.
    Verbatim(&'a Value),
}

/// In the place of a signature that is not there: without it, Gemini 3 refuses the first call of a step.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum Known<'a> {
    Text(Cow<'a, str>),
    InlineData(Blob<'a>),
    FunctionCall {
        name: &'a str,
        args: &'a Value,
    },
    FunctionResponse {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        name: &'a str,
        response: Value,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        parts: Vec<WirePart<'a>>,
    },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Blob<'a> {
    mime_type: &'static str,
    data: &'a str,
}

/// Puts a turn together.
pub(crate) fn body<'t>(draft: &Draft<'t>) -> Result<Body<'t>, DraftError> {
    let (turn, quirks) = (draft.turn, draft.quirks);
    let manner = Manner {
        service: Some(SERVICE),
        call_ids,
        pictures_in_outcomes: draft.capabilities.images_in_tool_results,
    };
    let declarations =
        turn.tools.iter().map(|tool| declaration(draft, tool)).collect::<Result<Vec<_>, DraftError>>()?;
    let mut config = GenerationConfig {
        max_output_tokens: draft.most_tokens(),
        temperature: (!quirks.no_temperature).then_some(turn.sampling.temperature),
        // The service counts seeds in 32 bits with a sign.
        seed: (!quirks.no_seed).then_some(turn.sampling.seed & 0x7fff_ffff),
        response_mime_type: None,
        response_json_schema: None,
    };
    if let ResponseFormat::Schema { name, schema } = &turn.format
        && let Some(lowered) = draft.schema.lowered(&GEMINI, name, schema)?
    {
        config.response_mime_type = Some("application/json");
        config.response_json_schema = Some(lowered.schema);
    }
    let mut body =
        Body { system_instruction: None, contents: Vec::new(), tools: Vec::new(), generation_config: config };
    if !declarations.is_empty() {
        body.tools = vec![json!({ "functionDeclarations": declarations })];
    }
    let mut ids = Vec::new();
    for line in lines(turn, manner, draft.pictures) {
        body.add(line, &mut ids);
    }
    if wants_signatures(&draft.capabilities.name) {
        body.contents.iter_mut().for_each(sign);
    }
    Ok(body)
}

fn wants_signatures(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    !["gemini-1", "gemini-2", "gemma"].iter().any(|older| name.starts_with(older))
}

/// The first call of a step must have a signature, the others need none.
fn sign(content: &mut Content<'_>) {
    let is_call = |part: &&mut WirePart<'_>| matches!(part, WirePart::Known(Known::FunctionCall { .. }));
    if let Some(first) = content.parts.iter_mut().find(is_call)
        && let WirePart::Known(Known::FunctionCall { name, args }) = first
    {
        *first = WirePart::Unsigned { call: Known::FunctionCall { name, args }, signature: NO_SIGNATURE };
    }
}

/// A tool without arguments has no schema: the service refuses an object without properties.
fn declaration(draft: &Draft<'_>, tool: &ToolDeclaration) -> Result<Value, DraftError> {
    let mut declaration = json!({ "name": tool.name, "description": tool.description });
    let has_arguments = tool.arguments["properties"].as_object().is_some_and(|fields| !fields.is_empty());
    if has_arguments {
        let what = format!("the arguments of `{}`", tool.name);
        let lowered = draft.schema.lowered(&GEMINI, &what, &tool.arguments)?;
        declaration["parametersJsonSchema"] =
            lowered.map_or_else(|| tool.arguments.clone(), |lowered| lowered.schema);
    }
    Ok(declaration)
}

impl<'a> Body<'a> {
    /// `ids` are those of calls that the service itself named: it knows no others.
    fn add(&mut self, line: Line<'a>, ids: &mut Vec<&'a str>) {
        let role = match line.role {
            Role::System if self.contents.is_empty() => {
                let parts = line.pieces.into_iter().flat_map(|piece| parts(piece, ids));
                let instruction =
                    self.system_instruction.get_or_insert(Content { role: None, parts: Vec::new() });
                instruction.parts.extend(parts);
                return;
            }
            Role::Assistant => "model",
            // Rules that come late are said by the program.
            Role::System | Role::User | Role::Tool => "user",
        };
        let mut content = Content { role: Some(role), parts: Vec::new() };
        for piece in line.pieces {
            if let Piece::Verbatim(own) = piece {
                ids.extend(call_ids(own).into_iter().flatten());
            }
            content.parts.extend(parts(piece, ids));
        }
        self.contents.push(content);
    }
}

fn parts<'a>(piece: Piece<'a>, ids: &[&'a str]) -> Vec<WirePart<'a>> {
    let known = match piece {
        Piece::Text(text) => Known::Text(text),
        Piece::Picture(picture) => Known::InlineData(blob(picture)),
        Piece::Call(call) => Known::FunctionCall { name: &call.tool, args: &call.arguments },
        Piece::Outcome(Outcome { call, tool, text, failed, pictures }) => {
            let key = if failed { "error" } else { "output" };
            let mut response = json!({});
            // A result that is JSON is told as JSON.
            response[key] = serde_json::from_str::<Value>(&text)
                .ok()
                .filter(|value| value.is_object() || value.is_array())
                .unwrap_or_else(|| Value::from(text.into_owned()));
            let mut shown = Vec::new();
            for picture in pictures {
                match picture {
                    Piece::Picture(picture) => shown.push(WirePart::Known(Known::InlineData(blob(picture)))),
                    // Words have no place among the parts of a response.
                    Piece::Text(text) => {
                        let told = response["images"].as_str().map(|told| format!("{told}\n{text}"));
                        response["images"] = Value::from(told.unwrap_or_else(|| text.into_owned()));
                    }
                    Piece::Call(_) | Piece::Outcome(_) | Piece::Verbatim(_) => {}
                }
            }
            let id = ids.contains(&call).then_some(call);
            let tool = if tool.is_empty() { "tool" } else { tool };
            Known::FunctionResponse { id, name: tool, response, parts: shown }
        }
        Piece::Verbatim(parts) => {
            return parts.as_array().into_iter().flatten().map(WirePart::Verbatim).collect();
        }
    };
    vec![WirePart::Known(known)]
}

fn blob(picture: &Encoded) -> Blob<'_> {
    Blob { mime_type: picture.media_type, data: picture.base64() }
}
