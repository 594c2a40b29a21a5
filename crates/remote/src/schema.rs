//! JSON schemas in the subsets that services hold a reply to.
//!
//! OpenAI (<https://platform.openai.com/docs/guides/structured-outputs>, "Supported schemas"): every object lists all its
//! properties as required and allows no others; the root is an object. Anthropic
//! (<https://platform.claude.com/docs/en/build-with-claude/structured-outputs>, "JSON Schema limitations"): objects allow no
//! others, properties may be left out, no bounds of numbers and lengths. Gemini
//! (<https://ai.google.dev/gemini-api/docs/structured-output>, "JSON Schema support"): bounds of numbers and lists, no patterns.

use serde_json::{Map, Value, json};

use crate::{SchemaMode, dialect::DraftError};

/// A schema cannot be put in the strict dialect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the schema cannot be made strict at {}: {reason}", if path.is_empty() { "its root" } else { path })]
pub struct SchemaError {
    /// Where, as a JSON pointer; empty for the root.
    pub path: String,
    /// What stands there that the dialect does not know.
    pub reason: String,
}

/// What a service knows of JSON Schema.
pub(crate) struct Subset {
    /// Keywords that are kept as they are.
    kept: &'static [&'static str],
    /// Whether every property must be listed as required: one that may be left out becomes one that may be null.
    all_required: bool,
    /// Whether the root must be an object.
    root_object: bool,
    /// Whether `const` is known; else it becomes an `enum` of one.
    constants: bool,
}

pub(crate) const OPENAI: Subset = Subset {
    kept: &[
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
    ],
    all_required: true,
    root_object: true,
    constants: false,
};

pub(crate) const ANTHROPIC: Subset = Subset {
    kept: &["description", "title", "type", "enum"],
    all_required: false,
    root_object: false,
    constants: true,
};

pub(crate) const GEMINI: Subset = Subset {
    kept: &["description", "title", "type", "enum", "minimum", "maximum", "minItems", "maxItems"],
    all_required: false,
    root_object: false,
    constants: false,
};

/// What only describes, or bounds what may come and may be left out where a service does not know it: the caller checks
/// the reply against the whole schema anyway.
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
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "contentEncoding",
    "contentMediaType",
];

/// A schema as it goes out.
#[derive(Debug)]
pub(crate) struct Lowered {
    pub(crate) schema: Value,
    /// Whether the service is to hold the reply to it to the letter.
    pub(crate) strict: bool,
}

impl SchemaMode {
    /// A schema as this mode wants it; `what` names it in errors. `None` where none goes out.
    pub(crate) fn lowered(
        self,
        subset: &Subset,
        what: &str,
        schema: &Value,
    ) -> Result<Option<Lowered>, DraftError> {
        let as_it_is = || Lowered { schema: schema.clone(), strict: false };
        Ok(Some(match (self, subset.lower_root(schema)) {
            (Self::Off, _) => return Ok(None),
            (Self::AsItIs, _) => as_it_is(),
            (Self::Strict | Self::StrictOrHint, Ok(schema)) => Lowered { schema, strict: true },
            (Self::Strict, Err(source)) => return Err(DraftError::Schema { what: what.to_owned(), source }),
            (Self::StrictOrHint, Err(error)) => {
                tracing::warn!(what, %error, "the schema goes out as a hint");
                as_it_is()
            }
        }))
    }
}

/// The same schema in `OpenAI`'s strict dialect. A property that may be left out becomes one that may be null.
///
/// # Errors
/// Names the place of the first thing that the dialect cannot express.
pub fn strict(schema: &Value) -> Result<Value, SchemaError> {
    OPENAI.lower_root(schema)
}

fn error(path: &str, reason: impl Into<String>) -> SchemaError {
    SchemaError { path: path.to_owned(), reason: reason.into() }
}

impl Subset {
    fn lower_root(&self, schema: &Value) -> Result<Value, SchemaError> {
        let lowered = self.lower(schema, "")?;
        if self.root_object && lowered.get("type").is_none_or(|kind| kind != "object") {
            return Err(error("", "the root must be an object, not a choice or another type"));
        }
        Ok(lowered)
    }

    fn lower(&self, schema: &Value, path: &str) -> Result<Value, SchemaError> {
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
                word if self.kept.contains(&word) => {
                    lowered.insert(keyword.clone(), value.clone());
                }
                word if DROPPED.contains(&word) || word.starts_with("x-") => {}
                "const" if self.constants => {
                    lowered.insert(keyword.clone(), value.clone());
                }
                "const" => {
                    lowered.insert("enum".to_owned(), json!([value]));
                }
                "anyOf" | "oneOf" => {
                    lowered.insert("anyOf".to_owned(), self.lower_each(value, &here)?);
                }
                // A single one is how a description is put beside a reference.
                "allOf" => match value.as_array().map(Vec::as_slice) {
                    Some([only]) => {
                        let Value::Object(only) = self.lower(only, &format!("{here}/0"))? else { continue };
                        lowered.extend(only);
                    }
                    _ => return Err(error(&here, "`allOf` of several schemas")),
                },
                "items" => {
                    lowered.insert(keyword.clone(), self.lower(value, &here)?);
                }
                "$defs" | "definitions" => {
                    let Value::Object(definitions) = value else { return Err(error(&here, "no object")) };
                    let each = definitions.iter().map(|(name, schema)| {
                        Ok((name.clone(), self.lower(schema, &format!("{here}/{name}"))?))
                    });
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
            self.lower_properties(schema, &mut lowered, path)?;
        } else if lowered.get("type").is_some_and(|kind| kind == "array") && !lowered.contains_key("items") {
            return Err(error(path, "an array whose items may be anything"));
        } else if !["type", "enum", "const", "anyOf"].iter().any(|keyword| lowered.contains_key(*keyword)) {
            return Err(error(path, "a schema that allows anything"));
        }
        Ok(Value::Object(lowered))
    }

    fn lower_each(&self, value: &Value, path: &str) -> Result<Value, SchemaError> {
        let Value::Array(schemas) = value else { return Err(error(path, "no list")) };
        let each =
            schemas.iter().enumerate().map(|(index, schema)| self.lower(schema, &format!("{path}/{index}")));
        Ok(Value::Array(each.collect::<Result<_, _>>()?))
    }

    fn lower_properties(
        &self,
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
        let required: Vec<_> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().collect();
        let mut all = Map::new();
        let mut listed = Vec::new();
        for (name, property) in properties {
            let here = format!("{path}/properties/{}", name.replace('~', "~0").replace('/', "~1"));
            let property = self.lower(property, &here)?;
            let needed = required.iter().any(|known| *known == name);
            if needed || self.all_required {
                listed.push(Value::from(name.clone()));
            }
            all.insert(name.clone(), if self.all_required && !needed { or_null(property) } else { property });
        }
        lowered.insert("type".to_owned(), json!("object"));
        lowered.insert("required".to_owned(), Value::Array(listed));
        lowered.insert("properties".to_owned(), Value::Object(all));
        lowered.insert("additionalProperties".to_owned(), json!(false));
        Ok(())
    }
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
    fn each_service_gets_what_it_knows() {
        let schema = json!({
            "title": "Step",
            "type": "object",
            "properties": {
                "tool": { "const": "crop" },
                "score": { "type": "number", "minimum": 0, "maximum": 1, "multipleOf": 0.1 },
                "name": { "type": "string", "pattern": "^a", "maxLength": 9 },
            },
            "required": ["tool"],
        });
        let anthropic = json!({
            "title": "Step",
            "type": "object",
            "required": ["tool"],
            "properties": {
                "tool": { "const": "crop" },
                "score": { "type": "number" },
                "name": { "type": "string" },
            },
            "additionalProperties": false,
        });
        assert_eq!(ANTHROPIC.lower_root(&schema).unwrap(), anthropic);
        let mut gemini = anthropic;
        gemini["properties"]["tool"] = json!({ "enum": ["crop"] });
        gemini["properties"]["score"] = json!({ "type": "number", "minimum": 0, "maximum": 1 });
        assert_eq!(GEMINI.lower_root(&schema).unwrap(), gemini);
        assert!(ANTHROPIC.lower_root(&json!({ "type": "array", "items": { "type": "string" } })).is_ok());
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
