//! JSON schemas in the strict dialect of OpenAI's structured outputs.
//!
//! There every object lists all its properties as required and allows no others; the root is an object; a small
//! set of keywords is known (<https://platform.openai.com/docs/guides/structured-outputs>, "Supported schemas").

use serde_json::{Map, Value, json};

/// A schema cannot be put in the strict dialect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the schema cannot be made strict at {}: {reason}", if path.is_empty() { "its root" } else { path })]
pub struct SchemaError {
    /// Where, as a JSON pointer; empty for the root.
    pub path: String,
    /// What stands there that the dialect does not know.
    pub reason: String,
}

/// What only describes, or is no part of the dialect and may be left out: the caller checks the reply against the
/// whole schema anyway.
const DROPPED: &[&str] = &[
    "$schema",
    "$id",
    "$comment",
    "title",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "format",
    "minLength",
    "maxLength",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "contentEncoding",
    "contentMediaType",
];

/// What is kept as it is.
const KEPT: &[&str] = &[
    "description",
    "type",
    "enum",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
];

/// The same schema in the strict dialect. A property that may be left out becomes one that may be null.
///
/// # Errors
/// Names the place of the first thing that the dialect cannot express.
pub fn strict(schema: &Value) -> Result<Value, SchemaError> {
    let lowered = lower(schema, "")?;
    let object = lowered.get("type").is_some_and(|kind| kind == "object");
    if object {
        Ok(lowered)
    } else {
        Err(error("", "the root must be an object, not a choice or another type"))
    }
}

fn error(path: &str, reason: impl Into<String>) -> SchemaError {
    SchemaError { path: path.to_owned(), reason: reason.into() }
}

fn lower(schema: &Value, path: &str) -> Result<Value, SchemaError> {
    let Value::Object(schema) = schema else {
        return Err(error(path, "a schema that allows anything"));
    };
    if let Some(reference) = schema.get("$ref") {
        // Nothing may stand beside a reference.
        return Ok(json!({ "$ref": reference }));
    }
    let mut lowered = Map::new();
    for (keyword, value) in schema {
        let here = format!("{path}/{}", keyword.replace('~', "~0").replace('/', "~1"));
        match keyword.as_str() {
            word if KEPT.contains(&word) => {
                lowered.insert(keyword.clone(), value.clone());
            }
            word if DROPPED.contains(&word) || word.starts_with("x-") => {}
            "const" => {
                lowered.insert("enum".to_owned(), json!([value]));
            }
            "anyOf" | "oneOf" => {
                lowered.insert("anyOf".to_owned(), lower_each(value, &here)?);
            }
            // A single one is how a description is put beside a reference.
            "allOf" => match value.as_array().map(Vec::as_slice) {
                Some([only]) => {
                    let Value::Object(only) = lower(only, &format!("{here}/0"))? else { continue };
                    lowered.extend(only);
                }
                _ => return Err(error(&here, "`allOf` of several schemas")),
            },
            "items" => {
                lowered.insert(keyword.clone(), lower(value, &here)?);
            }
            "$defs" | "definitions" => {
                let Value::Object(definitions) = value else { return Err(error(&here, "no object")) };
                let each = definitions
                    .iter()
                    .map(|(name, schema)| Ok((name.clone(), lower(schema, &format!("{here}/{name}"))?)));
                lowered.insert(keyword.clone(), Value::Object(each.collect::<Result<_, SchemaError>>()?));
            }
            // Handled below.
            "properties" | "required" => {}
            "additionalProperties" | "unevaluatedProperties" => match value {
                Value::Bool(_) => {}
                _ => return Err(error(&here, "an object with keys of any name")),
            },
            _ => return Err(error(&here, format!("`{keyword}` is not part of the dialect"))),
        }
    }
    if let Some(reference) = lowered.get("$ref") {
        return Ok(json!({ "$ref": reference }));
    }
    let is_object =
        schema.get("type").is_some_and(|kind| kind == "object") || schema.contains_key("properties");
    if is_object {
        lower_properties(schema, &mut lowered, path)?;
    } else if lowered.get("type").is_some_and(|kind| kind == "array") && !lowered.contains_key("items") {
        return Err(error(path, "an array whose items may be anything"));
    } else if !["type", "enum", "anyOf"].iter().any(|keyword| lowered.contains_key(*keyword)) {
        return Err(error(path, "a schema that allows anything"));
    }
    Ok(Value::Object(lowered))
}

fn lower_each(value: &Value, path: &str) -> Result<Value, SchemaError> {
    let Value::Array(schemas) = value else { return Err(error(path, "no list")) };
    let each = schemas.iter().enumerate().map(|(index, schema)| lower(schema, &format!("{path}/{index}")));
    Ok(Value::Array(each.collect::<Result<_, _>>()?))
}

fn lower_properties(
    schema: &Map<String, Value>,
    lowered: &mut Map<String, Value>,
    path: &str,
) -> Result<(), SchemaError> {
    let empty = Map::new();
    let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
    let properties = match schema.get("properties") {
        Some(Value::Object(properties)) => properties,
        None if closed => &empty,
        _ => return Err(error(path, "an object with keys of any name")),
    };
    let required: Vec<_> = schema.get("required").and_then(Value::as_array).into_iter().flatten().collect();
    let mut all = Map::new();
    for (name, property) in properties {
        let here = format!("{path}/properties/{}", name.replace('~', "~0").replace('/', "~1"));
        let property = lower(property, &here)?;
        let needed = required.iter().any(|known| *known == name);
        all.insert(name.clone(), if needed { property } else { or_null(property) });
    }
    lowered.insert("type".to_owned(), json!("object"));
    lowered.insert("required".to_owned(), all.keys().cloned().collect());
    lowered.insert("properties".to_owned(), Value::Object(all));
    lowered.insert("additionalProperties".to_owned(), json!(false));
    Ok(())
}

/// The schema with null allowed.
fn or_null(schema: Value) -> Value {
    let allows = |schema: &Value| {
        let kind = schema.get("type");
        kind.is_some_and(|kind| {
            kind == "null" || kind.as_array().is_some_and(|kinds| kinds.contains(&json!("null")))
        })
    };
    let choices = schema.get("anyOf").and_then(Value::as_array);
    if allows(&schema) || choices.is_some_and(|choices| choices.iter().any(allows)) {
        return schema;
    }
    json!({ "anyOf": [schema, { "type": "null" }] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_closed_and_ask_for_all_their_properties() {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Args",
            "type": "object",
            "properties": {
                "question": { "type": "string", "description": "What to ask.", "minLength": 1 },
                "region": { "type": "object", "properties": { "x0": { "type": "number", "format": "double" } } },
                "mode": { "oneOf": [{ "const": "fast", "description": "Quick." }, { "const": "slow" }] },
                "note": { "type": ["string", "null"] },
            },
            "required": ["question", "mode"],
        });
        let region = json!({
            "type": "object",
            "required": ["x0"],
            "properties": { "x0": { "anyOf": [{ "type": "number" }, { "type": "null" }] } },
            "additionalProperties": false,
        });
        let expected = json!({
            "type": "object",
            "required": ["question", "region", "mode", "note"],
            "properties": {
                "question": { "type": "string", "description": "What to ask." },
                "region": { "anyOf": [region, { "type": "null" }] },
                "mode": { "anyOf": [{ "enum": ["fast"], "description": "Quick." }, { "enum": ["slow"] }] },
                "note": { "type": ["string", "null"] },
            },
            "additionalProperties": false,
        });
        assert_eq!(strict(&schema).unwrap(), expected);
    }

    #[test]
    fn definitions_and_references_stay() {
        let schema = json!({
            "type": "object",
            "properties": { "a": { "allOf": [{ "$ref": "#/$defs/A" }] } },
            "required": ["a"],
            "$defs": { "A": { "type": "object", "additionalProperties": false } },
        });
        let lowered = strict(&schema).unwrap();
        assert_eq!(lowered["properties"]["a"], json!({ "$ref": "#/$defs/A" }));
        assert_eq!(lowered["$defs"]["A"]["required"], json!([]));
    }

    #[test]
    fn what_cannot_be_said_is_named_with_its_place() {
        let within = |property: Value| json!({ "type": "object", "properties": { "a/b": property } });
        for (schema, path) in [
            (json!(true), ""),
            (json!({ "type": "string" }), ""),
            (json!({ "anyOf": [{ "type": "object", "properties": {} }] }), ""),
            (json!({ "type": "object" }), ""),
            (within(json!({})), "/properties/a~1b"),
            (within(json!(true)), "/properties/a~1b"),
            (within(json!({ "type": "array" })), "/properties/a~1b"),
            (within(json!({ "type": "array", "items": true })), "/properties/a~1b/items"),
            (
                within(json!({ "type": "object", "additionalProperties": { "type": "string" } })),
                "/properties/a~1b/additionalProperties",
            ),
            (within(json!({ "type": "array", "prefixItems": [] })), "/properties/a~1b/prefixItems"),
            (within(json!({ "not": { "type": "string" } })), "/properties/a~1b/not"),
            (
                within(json!({ "allOf": [{ "type": "string" }, { "minLength": 1 }] })),
                "/properties/a~1b/allOf",
            ),
        ] {
            let error = strict(&schema).unwrap_err();
            assert_eq!(error.path, path, "{schema}: {error}");
        }
    }
}
