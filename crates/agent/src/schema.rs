//! The JSON schema of one step, for models whose output is held to a schema.

use lavr_tool::inlined;
use lavr_types::{CallId, ToolSpec};
use serde_json::{Map, Value, json};

use crate::names::is_image;

/// What one step may be.
pub struct StepChoices<'a> {
    /// The tools that may be called; none where the planner must answer.
    pub tools: &'a [&'a ToolSpec],
    /// The names of the images.
    pub images: &'a [String],
    /// The most calls of the step.
    pub calls: u32,
    /// Calls that an answer may cite: those that gave a result.
    pub citable: &'a [CallId],
    /// Whether the planner may answer.
    pub may_answer: bool,
}

/// Longest thought and answer, in characters: a small model under a grammar otherwise runs to the limit.
const THOUGHT_LENGTH: u32 = 240;
const ANSWER_LENGTH: u32 = 800;
const ARGUMENT_LENGTH: u32 = 200;
const LIST_LENGTH: u32 = 8;

/// The JSON schema of one step: a thought, then either calls or an answer.
pub fn step_schema(choices: &StepChoices<'_>) -> Value {
    let thought = json!({ "type": "string", "maxLength": THOUGHT_LENGTH });
    let mut forms = Vec::new();
    if !choices.tools.is_empty() {
        let calls: Vec<Value> = choices.tools.iter().map(|tool| call_schema(tool, choices.images)).collect();
        forms.push(object(&[
            ("thought", thought.clone()),
            (
                "calls",
                json!({ "type": "array", "minItems": 1, "maxItems": choices.calls, "items": { "anyOf": calls } }),
            ),
        ]));
    }
    if choices.may_answer || forms.is_empty() {
        let mut fields =
            vec![("thought", thought), ("answer", json!({ "type": "string", "maxLength": ANSWER_LENGTH }))];
        if !choices.citable.is_empty() {
            let cites =
                json!({ "type": "array", "maxItems": LIST_LENGTH, "items": { "enum": choices.citable } });
            fields.push(("cites", cites));
        }
        forms.push(object(&fields));
    }
    if forms.len() == 1 { forms.remove(0) } else { json!({ "anyOf": forms }) }
}

/// Longest plan and longest name of a node.
const PLAN_LENGTH: u32 = 6;
const NODE_NAME: &str = "^[a-z][a-z0-9_]{0,15}$";
/// A reference to the result of another node, or to the element of an `each`.
const REFERENCE: &str = r"^\$[a-z][a-z0-9_]{0,15}(\.[a-z_]{1,20}|\[[0-9]\]){0,4}$";
const EACH: &str = r"^[a-z]{1,10} in \$[a-z][a-z0-9_]{0,15}\.[a-z_]{1,20}$";

/// The JSON schema of a whole plan: a thought, then calls that may refer to each other's results; or an answer, where that is
/// allowed.
pub(crate) fn plan_schema(choices: &StepChoices<'_>) -> Value {
    let nodes: Vec<Value> = choices.tools.iter().map(|tool| node_schema(tool, choices.images)).collect();
    let plan = object(&[
        ("thought", json!({ "type": "string", "maxLength": THOUGHT_LENGTH })),
        (
            "plan",
            json!({ "type": "array", "minItems": 1, "maxItems": PLAN_LENGTH, "items": { "anyOf": nodes } }),
        ),
    ]);
    if !choices.may_answer {
        return plan;
    }
    let answer = step_schema(&StepChoices { tools: &[], ..*choices });
    json!({ "anyOf": [plan, answer] })
}

fn node_schema(tool: &ToolSpec, images: &[String]) -> Value {
    let takes = inlined(&tool.arguments);
    let mut args = lowered(&takes, images);
    for (name, property) in args["properties"].as_object_mut().into_iter().flatten() {
        let taken = &takes["properties"][name];
        if is_image(taken) || property["type"] == "array" && property["minItems"] == 4 {
            *property = json!({ "anyOf": [property.take(), { "type": "string", "pattern": REFERENCE }] });
        }
    }
    let mut node = object(&[
        ("id", json!({ "type": "string", "pattern": NODE_NAME })),
        ("tool", json!({ "const": tool.name })),
        ("each", json!({ "type": "string", "pattern": EACH })),
        ("args", args),
    ]);
    node["required"] = json!(["id", "tool", "args"]);
    node
}

fn object(fields: &[(&str, Value)]) -> Value {
    let required: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> =
        fields.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn call_schema(tool: &ToolSpec, images: &[String]) -> Value {
    object(&[("tool", json!({ "const": tool.name })), ("args", lowered(&inlined(&tool.arguments), images))])
}

/// The schema of a tool's arguments as a planner is held to it: images by name, no descriptions, no nulls,
/// every list and text bounded.
pub(crate) fn lowered(schema: &Value, images: &[String]) -> Value {
    if is_image(schema) {
        return json!({ "enum": images });
    }
    let Some(fields) = schema.as_object() else { return schema.clone() };
    let mut lower = Map::new();
    for (key, value) in fields {
        match key.as_str() {
            "description" | "default" | "format" | "title" | "$schema" => {}
            "type" => {
                // An optional argument is left out, not null.
                let kinds: Vec<&Value> =
                    value.as_array().into_iter().flatten().filter(|kind| *kind != "null").collect();
                let kind = if kinds.len() == 1 { kinds[0] } else { value };
                lower.insert("type".into(), kind.clone());
            }
            "anyOf" => {
                let forms: Vec<Value> = value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter(|form| form["type"] != "null")
                    .map(|form| lowered(form, images))
                    .collect();
                match <[Value; 1]>::try_from(forms) {
                    Ok([Value::Object(only)]) => lower.extend(only),
                    Ok([other]) => drop(lower.insert("anyOf".into(), json!([other]))),
                    Err(forms) => drop(lower.insert("anyOf".into(), Value::Array(forms))),
                }
            }
            "properties" => {
                let properties = value.as_object().into_iter().flatten();
                let properties: Map<String, Value> =
                    properties.map(|(name, schema)| (name.clone(), lowered(schema, images))).collect();
                lower.insert(key.clone(), Value::Object(properties));
            }
            "items" => drop(lower.insert(key.clone(), lowered(value, images))),
            _ => drop(lower.insert(key.clone(), value.clone())),
        }
    }
    match lower.get("type").and_then(Value::as_str) {
        Some("array") => drop(lower.entry("maxItems").or_insert(json!(LIST_LENGTH))),
        Some("string") if !lower.contains_key("enum") => {
            lower.entry("maxLength").or_insert(json!(ARGUMENT_LENGTH));
        }
        _ => {}
    }
    Value::Object(lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Within the schema of a step, `#/$defs/side` would lead nowhere.
    #[test]
    fn what_a_tool_defines_is_put_in_place() {
        let arguments = json!({
            "type": "object", "properties": { "side": { "$ref": "#/$defs/side" } },
            "$defs": { "side": { "type": "integer" } },
        });
        let tool = ToolSpec::new("measure", "", arguments);
        let schema = call_schema(&tool, &[]);
        assert_eq!(schema["properties"]["args"]["properties"]["side"], json!({ "type": "integer" }));
        assert!(!schema.to_string().contains('$'), "{schema}");
    }

    #[test]
    fn arguments_are_lowered_for_a_planner() {
        let schema = json!({
            "type": "object",
            "properties": {
                "image": { "type": "string", "format": "image-id", "description": "x" },
                "labels": { "type": ["array", "null"], "items": { "type": "string" }, "description": "y" },
                "region": { "anyOf": [
                    { "type": "array", "items": { "type": "number" }, "minItems": 4, "maxItems": 4 },
                    { "type": "null" } ] },
            },
            "required": ["image"], "additionalProperties": false,
        });
        assert_eq!(
            lowered(&schema, &["image1".into()]),
            json!({
                "type": "object",
                "properties": {
                    "image": { "enum": ["image1"] },
                    "labels": { "type": "array", "items": { "type": "string", "maxLength": 200 }, "maxItems": 8 },
                    "region": { "type": "array", "items": { "type": "number" }, "minItems": 4, "maxItems": 4 },
                },
                "required": ["image"], "additionalProperties": false,
            })
        );
    }
}
