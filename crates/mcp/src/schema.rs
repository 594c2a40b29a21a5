//! Schemas of strangers: taken over where they stand on their own.

use lavr_tool::inlined;
use serde_json::{Value, json};

/// Keywords that refer to another schema.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];
/// Keywords whose value is data, in which `$ref` is a name like any other.
const DATA: [&str; 4] = ["const", "enum", "default", "examples"];

/// A schema is not usable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at `{path}`: {message}")]
pub struct SchemaError {
    /// Where in the schema, as a JSON pointer; `#` is the whole.
    pub path: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

/// The schema with its own definitions written in place ([`inlined`]), checked for use.
///
/// # Errors
/// When it refers to anything outside of itself (nothing is ever fetched), or is no JSON schema.
pub fn self_contained(schema: &Value) -> Result<Value, SchemaError> {
    stays_inside(schema, schema, "#")?;
    jsonschema::options().build(schema).map_err(|error| SchemaError {
        path: format!("#{}", error.instance_path()),
        message: error.to_string(),
    })?;
    let mut schema = inlined(schema);
    if let Value::Object(fields) = &mut schema {
        // An id would be the base of references, and there are none any more.
        for name in ["$id", "$schema", "$anchor"] {
            fields.remove(name);
        }
    }
    Ok(schema)
}

/// Whether every reference leads to a definition of the schema itself.
fn stays_inside(schema: &Value, root: &Value, path: &str) -> Result<(), SchemaError> {
    match schema {
        Value::Object(fields) => {
            fields.iter().filter(|(name, _)| !DATA.contains(&name.as_str())).try_for_each(|(name, field)| {
                match field.as_str().filter(|_| REFERENCES.contains(&name.as_str())) {
                    Some(target) => leads_inside(target, root, path),
                    None => stays_inside(field, root, &format!("{path}/{name}")),
                }
            })
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| stays_inside(item, root, &format!("{path}/{index}"))),
        _ => Ok(()),
    }
}

fn leads_inside(target: &str, root: &Value, path: &str) -> Result<(), SchemaError> {
    let message = match target.strip_prefix('#').map(|pointer| root.pointer(pointer)) {
        Some(Some(_)) => return Ok(()),
        Some(None) => format!("it refers to `{target}`, and there is no such definition"),
        None => format!("it refers to `{target}`, and nothing is fetched: write the definition into `$defs`"),
    };
    Err(SchemaError { path: path.to_owned(), message })
}

/// The schema of an image name.
pub(crate) fn image_name(description: &str) -> Value {
    json!({ "type": "string", "format": "image-id", "description": description })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_written_in_place() {
        let schema = json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "properties": { "box": { "$ref": "#/definitions/Box" }, "$ref": { "type": "string" } },
            "definitions": { "Box": { "type": "array", "items": { "type": "number" } } },
        });
        let taken = self_contained(&schema).unwrap();
        assert_eq!(taken["properties"]["box"], json!({ "type": "array", "items": { "type": "number" } }));
        assert_eq!(taken["properties"]["$ref"], json!({ "type": "string" }));
        assert!(taken.get("$schema").is_none() && taken.get("definitions").is_none(), "{taken}");
    }

    #[test]
    fn nothing_is_fetched() {
        let schema =
            json!({ "properties": { "a": { "items": { "$ref": "https://example.org/schema.json" } } } });
        let error = self_contained(&schema).unwrap_err();
        assert_eq!(error.path, "#/properties/a/items");
        assert!(error.message.contains("nothing is fetched"), "{error}");
        let data =
            json!({ "properties": { "a": { "default": { "$ref": "https://example.org/schema.json" } } } });
        assert!(self_contained(&data).is_ok());
    }

    #[test]
    fn what_is_no_schema_is_told_with_its_place() {
        let error = self_contained(&json!({ "properties": { "a": { "type": "picture" } } })).unwrap_err();
        assert_eq!(error.path, "#/properties/a/type", "{error}");
        let error =
            self_contained(&json!({ "properties": { "a": { "$ref": "#/$defs/none" } } })).unwrap_err();
        assert!(error.path == "#/properties/a" && error.message.contains("no such definition"), "{error}");
    }
}
