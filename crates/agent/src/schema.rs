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

/// Longest plan.
const PLAN_LENGTH: u32 = 6;
/// Calls of one tool that a plan can tell apart, and elements of a list that it can point at.
const SAME_TOOL: usize = 2;
const ELEMENTS: usize = 4;

/// The JSON schema of a whole plan: a thought, then calls that may refer to each other's results; or an answer, where that is
/// allowed.
///
/// Names and references are spelt out as far as the tools' results fit the argument: a model then cannot refer to what is not
/// there, and a decoder follows a list of words much faster than a pattern.
pub(crate) fn plan_schema(choices: &StepChoices<'_>) -> Value {
    let nodes: Vec<Value> = choices.tools.iter().map(|tool| node_schema(tool, choices)).collect();
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

fn node_schema(tool: &ToolSpec, choices: &StepChoices<'_>) -> Value {
    let takes = inlined(&tool.arguments);
    let mut args = lowered(&takes, choices.images);
    for (name, property) in args["properties"].as_object_mut().into_iter().flatten() {
        let taken = &takes["properties"][name];
        if !is_image(taken) && !is_box(property) {
            continue;
        }
        let references = references(choices.tools, if is_image(taken) { is_image } else { is_box });
        if !references.is_empty() {
            *property = json!({ "anyOf": [property.take(), { "enum": references }] });
        }
    }
    let mut fields = vec![("tool", json!({ "const": tool.name })), ("id", json!({ "enum": ids(tool) }))];
    let lists = lists(choices.tools);
    if !lists.is_empty() {
        fields.push(("each", json!({ "enum": lists })));
    }
    fields.push(("args", args));
    let mut node = object(&fields);
    node["required"] = json!(["tool", "id", "args"]);
    node
}

/// What the calls of a tool may be named: after the tool, then with a number.
fn ids(tool: &ToolSpec) -> Vec<String> {
    let numbered = (2..=SAME_TOOL).map(|number| format!("{}{number}", tool.name));
    std::iter::once(tool.name.clone()).chain(numbered).collect()
}

fn is_box(schema: &Value) -> bool {
    let of_numbers = matches!(schema["items"]["type"].as_str(), Some("number" | "integer"));
    of_numbers && schema["minItems"] == 4 && schema["maxItems"] == 4
}

/// All references to something of a kind in the results of these tools, and in the element of an `each`.
fn references(tools: &[&ToolSpec], fits: fn(&Value) -> bool) -> Vec<String> {
    let mut references = Vec::new();
    for tool in tools {
        let mut places = Vec::new();
        places_in(&inlined(&tool.output), String::new(), &fits, &mut places);
        for id in ids(tool) {
            references.extend(places.iter().map(|place| format!("${id}{place}")));
        }
        for (_, item) in lists_in(&inlined(&tool.output)) {
            let mut places = Vec::new();
            places_in(&item, String::new(), &fits, &mut places);
            references.extend(places.into_iter().map(|place| format!("$one{place}")));
        }
    }
    let mut seen = std::collections::HashSet::new();
    references.retain(|reference| seen.insert(reference.clone()));
    references
}

fn places_in(schema: &Value, place: String, fits: &dyn Fn(&Value) -> bool, places: &mut Vec<String>) {
    if fits(schema) {
        places.push(place);
    } else if let Some(fields) = schema["properties"].as_object() {
        for (name, field) in fields.iter().filter(|(name, _)| is_always_there(schema, name)) {
            places_in(field, format!("{place}.{name}"), fits, places);
        }
    } else if schema["items"]["properties"].is_object() {
        for index in 0..ELEMENTS {
            places_in(&schema["items"], format!("{place}[{index}]"), fits, places);
        }
    }
}

/// Whether a result always has this field.
fn is_always_there(schema: &Value, name: &str) -> bool {
    schema["required"].as_array().is_none_or(|required| required.iter().any(|known| known == name))
}

/// What an `each` may go through: the lists of things that these tools give.
fn lists(tools: &[&ToolSpec]) -> Vec<String> {
    let of = |tool: &&ToolSpec| {
        let lists = lists_in(&inlined(&tool.output));
        let ids = ids(tool);
        lists
            .into_iter()
            .flat_map(move |(name, _)| {
                ids.clone().into_iter().map(move |id| format!("one in ${id}.{name}")).collect::<Vec<_>>()
            })
            .collect::<Vec<_>>()
    };
    tools.iter().flat_map(of).collect()
}

/// The lists of objects in a result, and the schema of their elements.
fn lists_in(output: &Value) -> Vec<(String, Value)> {
    let fields = output["properties"].as_object().into_iter().flatten();
    fields
        .filter(|(name, field)| is_always_there(output, name) && field["items"]["properties"].is_object())
        .map(|(name, field)| (name.clone(), field["items"].clone()))
        .collect()
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
