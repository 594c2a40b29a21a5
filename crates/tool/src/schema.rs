//! Schemas are whole in themselves: none is ever fetched, and local references can be put in place.

use jsonschema::{Retrieve, Uri, Validator};
use serde_json::{Map, Value};

/// Keywords that refer to another schema.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];
/// Keywords whose values are data, not schemas.
const DATA: [&str; 4] = ["enum", "const", "default", "examples"];
/// Keywords whose values are schemas by name.
const NAMED: [&str; 3] = ["properties", "patternProperties", "dependentSchemas"];
/// The most parts of a schema whose references are put in place: definitions that use each other twice double each time.
const MOST_PARTS: usize = 20_000;

/// A schema is not usable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at `{path}`: {message}")]
pub struct SchemaError {
    /// Where in the schema: `#` and a JSON pointer; `#` alone is the whole.
    pub path: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl SchemaError {
    fn at(place: &str, message: String) -> Self {
        Self { path: format!("#{place}"), message }
    }
}

/// Compiles a schema. Nothing is read from anywhere else, whatever the schema refers to and however the validator
/// was built: features of a dependency may be switched on by any crate of a program.
///
/// # Errors
/// When it is no schema, or refers to one outside.
pub(crate) fn validator(schema: &Value) -> Result<Validator, SchemaError> {
    let (mut names, mut references) = (Vec::new(), Vec::new());
    own_names(schema, &mut names);
    collect_references(schema, "", &mut references);
    let outside = references.iter().find(|(_, target)| {
        let document = target.split('#').next().unwrap_or_default();
        !document.is_empty() && !names.contains(&document)
    });
    if let Some((place, target)) = outside {
        return Err(SchemaError::at(
            place,
            format!(
                "it refers to `{target}`, and no schema is ever fetched: copy it under `$defs` and refer to it as \
                 `#/$defs/NAME`"
            ),
        ));
    }
    jsonschema::options()
        .with_retriever(Nothing)
        .build(schema)
        // What is checked here is the schema itself, against the schema of schemas.
        .map_err(|error| SchemaError::at(error.instance_path().as_str(), error.to_string()))
}

/// The schema of a stranger, checked, with its own definitions written in place ([`inlined`]) and without the names that
/// it gives itself: within another schema they would lead elsewhere.
///
/// # Errors
/// When it is no schema, or refers to anything but a definition in it by its place (`#/$defs/NAME`). Nothing is ever
/// fetched.
pub fn self_contained(schema: &Value) -> Result<Value, SchemaError> {
    let mut references = Vec::new();
    collect_references(schema, "", &mut references);
    let nowhere = |target: &str| target.starts_with('#') && local(schema, target).is_none();
    if let Some((place, target)) = references.iter().find(|(_, target)| nowhere(target)) {
        let message = format!("it refers to `{target}`, and there is no such definition");
        return Err(SchemaError::at(place, message));
    }
    validator(schema)?;
    if let Some((place, target)) = references.iter().find(|(_, target)| !target.starts_with('#')) {
        let message = format!(
            "it refers to `{target}` by a name: refer to the definition by its place, `#/$defs/NAME`"
        );
        return Err(SchemaError::at(place, message));
    }
    let mut schema = inlined(schema);
    if let Value::Object(fields) = &mut schema {
        for name in ["$id", "$schema", "$anchor"] {
            fields.remove(name);
        }
    }
    Ok(schema)
}

/// Fetches nothing.
struct Nothing;

impl Retrieve for Nothing {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        Err(format!("`{uri}` is no part of the schema, and no schema is ever fetched").into())
    }
}

/// The names that parts of the schema give themselves: what refers to them stays inside.
fn own_names<'s>(schema: &'s Value, names: &mut Vec<&'s str>) {
    match schema {
        Value::Object(fields) => {
            names.extend(fields.get("$id").and_then(Value::as_str));
            fields.values().for_each(|field| own_names(field, names));
        }
        Value::Array(items) => items.iter().for_each(|item| own_names(item, names)),
        _ => {}
    }
}

/// Every reference: where it stands, as a JSON pointer, and where it leads.
fn collect_references<'s>(schema: &'s Value, place: &str, found: &mut Vec<(String, &'s str)>) {
    match schema {
        Value::Object(fields) => {
            for (key, value) in fields {
                let place = format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"));
                match value {
                    Value::String(target) if REFERENCES.contains(&key.as_str()) => {
                        found.push((place, target));
                    }
                    _ if DATA.contains(&key.as_str()) => {}
                    _ => collect_references(value, &place, found),
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect_references(item, &format!("{place}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// A schema with its local references (`#/$defs/NAME`) put in place, and without the definitions then: small planners
/// and most providers follow no `$ref`, and within another schema it would lead elsewhere. Where a schema refers to
/// itself, or grows beyond all measure, anything is allowed from there on.
#[must_use]
pub fn inlined(schema: &Value) -> Value {
    let mut placing = Placing { root: schema, within: Vec::new(), left: MOST_PARTS };
    let mut whole = placing.place(schema);
    if let Some(fields) = whole.as_object_mut() {
        fields.remove("$defs");
        fields.remove("definitions");
    }
    whole
}

struct Placing<'s> {
    root: &'s Value,
    /// The references that lead to where we are.
    within: Vec<&'s str>,
    /// How many parts may still be written.
    left: usize,
}

impl<'s> Placing<'s> {
    fn place(&mut self, schema: &'s Value) -> Value {
        let Some(left) = self.left.checked_sub(1) else { return Value::Object(Map::new()) };
        self.left = left;
        match schema {
            Value::Object(fields) => {
                let mut placed = match fields.get("$ref").and_then(Value::as_str) {
                    Some(reference) => self.follow(reference),
                    None => Map::new(),
                };
                for (key, value) in fields {
                    let value = match (key.as_str(), value) {
                        ("$ref", Value::String(_)) | ("$defs" | "definitions", _) => continue,
                        (key, value) if DATA.contains(&key) => value.clone(),
                        // Names that somebody gave: `$ref` and `definitions` are names there like any other.
                        (key, Value::Object(named)) if NAMED.contains(&key) => {
                            named.iter().map(|(name, schema)| (name.clone(), self.place(schema))).collect()
                        }
                        (_, value) => self.place(value),
                    };
                    placed.insert(key.clone(), value);
                }
                Value::Object(placed)
            }
            Value::Array(items) => items.iter().map(|item| self.place(item)).collect(),
            other => other.clone(),
        }
    }

    fn follow(&mut self, reference: &'s str) -> Map<String, Value> {
        if self.within.contains(&reference) {
            return Map::new();
        }
        self.within.push(reference);
        let placed = local(self.root, reference).map(|target| self.place(target));
        self.within.pop();
        match placed {
            Some(Value::Object(fields)) => fields,
            _ => Map::new(),
        }
    }
}

/// What a local reference leads to.
fn local<'s>(root: &'s Value, reference: &str) -> Option<&'s Value> {
    root.pointer(reference.strip_prefix('#')?)
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, time::Duration};

    use serde_json::json;

    use super::*;

    fn refused(schema: &Value) -> String {
        let told = validator(schema).map(|_| ()).unwrap_err().to_string();
        // Whoever takes a stranger's schema over refuses it alike.
        assert!(self_contained(schema).is_err(), "{schema}");
        told
    }

    #[test]
    fn a_reference_to_elsewhere_is_refused_by_its_place_and_nothing_is_asked() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let remote = format!("http://{}/schema.json", listener.local_addr().unwrap());
        for keyword in REFERENCES {
            let schema =
                json!({ "type": "object", "properties": { "a/b": { "items": { keyword: remote } } } });
            let told = refused(&schema);
            assert!(told.contains(&format!("/properties/a~1b/items/{keyword}")), "{told}");
            assert!(told.contains(&remote) && told.contains("`#/$defs/NAME`"), "{told}");
        }
        for other in ["file:///etc/passwd", "other.json", "../up.json#/a", "urn:example:one", "//host/x"] {
            let told = refused(&json!({ "properties": { "x": { "$ref": other } } }));
            assert!(told.contains("/properties/x/$ref") && told.contains(other), "{other}: {told}");
        }
        // References hidden where a walk does not look are still not followed.
        for schema in [
            json!({ "$schema": remote, "type": "object" }),
            json!({ "properties": { "default": { "$ref": remote } } }),
            json!({ "$id": remote, "properties": { "x": { "$ref": "other.json" } } }),
            json!({ "$id": "http://127.0.0.1/", "properties": { "x": { "$ref": "http://127.0.0.1/#/$defs/none" } } }),
        ] {
            refused(&schema);
        }
        listener.set_nonblocking(true).unwrap();
        std::thread::sleep(Duration::from_millis(20));
        assert!(listener.accept().is_err(), "a schema caused a request");
    }

    #[test]
    fn what_a_schema_defines_itself_may_be_referred_to() {
        let schema = json!({
            "type": "object",
            "properties": { "side": { "$ref": "#/$defs/side" }, "far": { "$ref": "https://example.org/far" } },
            "$defs": {
                "side": { "type": "integer", "minimum": 1 },
                "far": { "$id": "https://example.org/far", "type": "string" },
            },
        });
        let validator = validator(&schema).unwrap();
        assert!(validator.is_valid(&json!({ "side": 3, "far": "x" })));
        assert!(!validator.is_valid(&json!({ "side": 0 })));
        assert!(!validator.is_valid(&json!({ "far": 1 })));
    }

    #[test]
    fn a_value_that_looks_like_a_reference_is_a_value() {
        let schema = json!({ "properties": { "x": { "const": { "$ref": "http://127.0.0.1/" } } } });
        assert!(validator(&schema).is_ok());
    }

    #[test]
    fn definitions_are_written_in_place_and_names_of_its_own_left_out() {
        let schema = json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "$id": "https://example.org/boxes",
            "type": "object",
            "properties": { "box": { "$ref": "#/definitions/Box" }, "$ref": { "type": "string" } },
            "definitions": { "Box": { "type": "array", "items": { "type": "number" } } },
        });
        let taken = self_contained(&schema).unwrap();
        assert_eq!(
            taken,
            json!({
                "type": "object",
                "properties": {
                    "box": { "type": "array", "items": { "type": "number" } }, "$ref": { "type": "string" },
                },
            })
        );
        let data =
            json!({ "properties": { "a": { "default": { "$ref": "https://example.org/schema.json" } } } });
        assert!(self_contained(&data).is_ok());
    }

    #[test]
    fn what_is_no_schema_is_told_with_its_place() {
        let told = |schema: Value| self_contained(&schema).unwrap_err();
        assert_eq!(told(json!({ "properties": { "a": { "type": "picture" } } })).path, "#/properties/a/type");
        let error = told(json!({ "properties": { "a": { "$ref": "#/$defs/none" } } }));
        assert!(
            error.path == "#/properties/a/$ref" && error.message.contains("no such definition"),
            "{error}"
        );
        let error = told(json!({
            "properties": { "a": { "$ref": "https://example.org/far" } },
            "$defs": { "far": { "$id": "https://example.org/far", "type": "string" } },
        }));
        assert!(error.path == "#/properties/a/$ref" && error.message.contains("by a name"), "{error}");
    }

    #[test]
    fn local_references_are_put_in_place() {
        let schema = json!({
            "type": "object",
            "properties": { "box": { "$ref": "#/$defs/box", "description": "Where." }, "plain": { "type": "string" } },
            "$defs": {
                "box": { "type": "array", "items": { "$ref": "#/$defs/side" }, "description": "A box." },
                "side": { "type": "number" },
            },
        });
        assert_eq!(
            inlined(&schema),
            json!({
                "type": "object",
                "properties": {
                    "box": { "type": "array", "items": { "type": "number" }, "description": "Where." },
                    "plain": { "type": "string" },
                },
            })
        );
    }

    #[test]
    fn names_and_values_that_look_like_keywords_stay() {
        let schema = json!({
            "properties": {
                "$ref": { "type": "string" }, "definitions": { "$ref": "#/$defs/a" }, "$defs": { "type": "null" },
                "default": { "const": { "$ref": "#/$defs/a" } },
            },
            "$defs": { "a": { "type": "integer" } },
        });
        assert_eq!(
            inlined(&schema)["properties"],
            json!({
                "$ref": { "type": "string" }, "definitions": { "type": "integer" }, "$defs": { "type": "null" },
                "default": { "const": { "$ref": "#/$defs/a" } },
            })
        );
    }

    #[test]
    fn a_schema_that_refers_to_itself_or_doubles_without_end_is_cut() {
        let tree = json!({ "$ref": "#/$defs/node", "$defs": { "node": {
            "type": "object", "properties": { "left": { "$ref": "#/$defs/node" } } } } });
        assert_eq!(inlined(&tree), json!({ "type": "object", "properties": { "left": {} } }));
        let mut definitions = Map::new();
        for n in 0..60 {
            let next = format!("#/$defs/d{}", n + 1);
            let twice = json!({ "anyOf": [{ "$ref": next }, { "$ref": next }] });
            definitions.insert(format!("d{n}"), twice);
        }
        let doubling = json!({ "$ref": "#/$defs/d0", "$defs": definitions });
        assert!(inlined(&doubling).to_string().len() < 1_000_000);
    }
}
