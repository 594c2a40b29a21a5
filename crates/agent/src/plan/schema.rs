//! What a reference gives and what an argument takes, as far as JSON schemas tell before anything runs.
//!
//! The rule is: a plan is refused where its types cannot fit, never where they only might not.

use serde_json::{Value, json};

use super::expression::Access;
use crate::names::is_image;

/// The schema at a place inside a value of this schema, or why there can be nothing.
pub(super) fn at(schema: &Value, steps: &[Access]) -> Result<Value, String> {
    let Some((step, rest)) = steps.split_first() else { return Ok(schema.clone()) };
    let schema = present(schema);
    let kind = schema["type"].as_str();
    match step {
        Access::Field(name) => {
            if kind.is_some_and(|kind| kind != "object") {
                return Err(format!("`.{name}` asks for a field, but it stands on {}", called(&schema)));
            }
            let Some(fields) = schema["properties"].as_object() else { return at(&json!({}), rest) };
            match fields.get(name) {
                Some(field) => at(field, rest),
                None if schema["additionalProperties"].is_object() => {
                    at(&schema["additionalProperties"], rest)
                }
                None => {
                    let known = fields.keys().map(|known| format!("`{known}`")).collect::<Vec<_>>();
                    Err(format!("there is no field `{name}`; there are {}", known.join(", ")))
                }
            }
        }
        Access::Index(_) | Access::All | Access::Where(..) => {
            if kind.is_some_and(|kind| kind != "array") {
                return Err(format!("`[...]` asks for an element, but it stands on {}", called(&schema)));
            }
            let item = schema.get("items").cloned().unwrap_or(json!({}));
            match step {
                Access::Index(_) => at(&item, rest),
                Access::Where(field, _) => {
                    at(&item, &[Access::Field(field.clone())])?;
                    at(&json!({ "type": "array", "items": item }), rest)
                }
                _ => {
                    let inner = at(&item, rest)?;
                    let nested = rest.iter().any(|step| matches!(step, Access::All | Access::Where(..)));
                    Ok(if nested && inner["type"] == "array" {
                        inner
                    } else {
                        json!({ "type": "array", "items": inner })
                    })
                }
            }
        }
    }
}

/// The schema without the possibility of null.
fn present(schema: &Value) -> Value {
    if let Some(kinds) = schema["type"].as_array() {
        let kinds: Vec<&Value> = kinds.iter().filter(|kind| *kind != "null").collect();
        let mut schema = schema.clone();
        match kinds.as_slice() {
            [only] => schema["type"] = (*only).clone(),
            // Several kinds: nothing can be told of it.
            _ => return json!({}),
        }
        return schema;
    }
    let forms = schema["anyOf"].as_array().into_iter().flatten();
    let forms: Vec<&Value> = forms.filter(|form| form["type"] != "null").collect();
    match forms.as_slice() {
        [] => schema.clone(),
        [only] => present(only),
        _ => json!({}),
    }
}

/// The schema of one fixed value.
pub(super) fn of(value: &Value) -> Value {
    match value {
        Value::Null => json!({ "type": "null" }),
        Value::Bool(_) => json!({ "type": "boolean", "const": value }),
        Value::Number(number) if number.is_f64() => json!({ "type": "number", "const": value }),
        Value::Number(_) => json!({ "type": "integer", "const": value }),
        Value::String(_) => json!({ "type": "string", "const": value }),
        Value::Array(items) => list_of(&items.iter().map(of).collect::<Vec<_>>()),
        Value::Object(fields) => {
            let fields: serde_json::Map<String, Value> =
                fields.iter().map(|(name, field)| (name.clone(), of(field))).collect();
            json!({ "type": "object", "properties": fields })
        }
    }
}

/// The schema of a list of elements of these schemas.
pub(super) fn list_of(kinds: &[Value]) -> Value {
    let items = match kinds {
        [first, rest @ ..] if rest.iter().all(|kind| kind == first) => first.clone(),
        [first, rest @ ..] if rest.iter().all(|kind| kind["type"] == first["type"]) => {
            json!({ "type": first["type"] })
        }
        _ => json!({}),
    };
    json!({ "type": "array", "items": items, "minItems": kinds.len(), "maxItems": kinds.len() })
}

/// The schema of what may stand in the place of a value: one of the same kind.
pub(super) fn kind_of(value: &Value) -> Value {
    match value {
        // Whole or not, long or short: another value may be otherwise.
        Value::Number(_) => json!({ "type": "number" }),
        Value::Array(items) => json!({ "type": "array", "items": items.first().map_or(json!({}), kind_of) }),
        Value::Object(_) => json!({ "type": "object" }),
        other => json!({ "type": of(other)["type"] }),
    }
}

/// Why a value of one schema can never be what another takes; `None` where it may.
pub(super) fn misfit(given: &Value, taken: &Value) -> Option<String> {
    let (given, taken) = (present(given), present(taken));
    let expected = || Some(format!("it takes {}, but gets {}", called(&taken), called(&given)));
    if is_image(&taken) {
        let is_name = given["const"].as_str().is_some_and(|text| text.starts_with("image"));
        let may_be = given["type"].is_null() || is_image(&given) || is_name;
        return if may_be { None } else { expected() };
    }
    let (Some(gives), Some(takes)) = (given["type"].as_str(), taken["type"].as_str()) else { return None };
    let numbers = ["number", "integer"];
    if gives != takes && !(numbers.contains(&takes) && numbers.contains(&gives)) {
        return expected();
    }
    if let Some(allowed) = taken["enum"].as_array() {
        let given = given.get("const").filter(|value| !allowed.contains(value))?;
        let allowed = allowed.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
        return Some(format!("{given} is none of {allowed}"));
    }
    match takes {
        "array" => {
            let bound = |schema: &Value, name: &str, otherwise| schema[name].as_u64().unwrap_or(otherwise);
            let too_few = bound(&given, "maxItems", u64::MAX) < bound(&taken, "minItems", 0);
            let too_many = bound(&given, "minItems", 0) > bound(&taken, "maxItems", u64::MAX);
            if too_few || too_many {
                return expected();
            }
            misfit(given.get("items")?, taken.get("items")?).and_then(|_| expected())
        }
        "object" => {
            let fields = given["properties"].as_object()?;
            let mut required = taken["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            required
                .find(|name| !fields.contains_key(*name))
                .map(|name| format!("it takes an object with `{name}`, and this one has none"))
        }
        "number" | "integer" => {
            let value = given["const"].as_f64()?;
            let low = taken["minimum"].as_f64().filter(|low| value < *low);
            let high = taken["maximum"].as_f64().filter(|high| value > *high);
            match (low, high) {
                (Some(low), _) => Some(format!("{value} is less than {low}, the least allowed")),
                (_, Some(high)) => Some(format!("{value} is more than {high}, the most allowed")),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What a schema describes, in words.
pub(super) fn called(schema: &Value) -> String {
    if is_image(schema) {
        return "an image".to_owned();
    }
    if let Some(value) = schema.get("const") {
        return value.to_string();
    }
    match schema["type"].as_str() {
        Some("string") => "a text".to_owned(),
        Some("array") => {
            let of_numbers = matches!(schema["items"]["type"].as_str(), Some("number" | "integer"));
            if of_numbers && schema["minItems"] == 4 && schema["maxItems"] == 4 {
                return "a box [left, top, right, bottom]".to_owned();
            }
            let items = match schema["items"]["type"].as_str() {
                Some("string") if is_image(&schema["items"]) => " of images",
                Some("string") => " of texts",
                Some("number" | "integer") => " of numbers",
                Some("array") => " of lists",
                Some("object") => " of objects",
                _ => "",
            };
            format!("a list{items}")
        }
        Some("object") => {
            let fields = schema["properties"].as_object().into_iter().flatten();
            let fields: Vec<&str> = fields.map(|(name, _)| name.as_str()).collect();
            if fields.is_empty() {
                "an object".to_owned()
            } else {
                format!("an object ({})", fields.join(", "))
            }
        }
        Some("integer") => "a whole number".to_owned(),
        Some("number") => "a number".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        _ => "anything".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn box_schema() -> Value {
        json!({ "type": "array", "items": { "type": "number" }, "minItems": 4, "maxItems": 4 })
    }

    #[test]
    fn what_can_never_fit_is_told_and_what_may_fit_passes() {
        let optional_box = json!({ "anyOf": [box_schema(), { "type": "null" }] });
        let image = json!({ "type": "string", "format": "image-id" });
        assert_eq!(misfit(&box_schema(), &optional_box), None);
        assert_eq!(misfit(&json!({}), &optional_box), None);
        let told = misfit(&json!({ "type": "object", "properties": { "label": {} } }), &optional_box);
        assert_eq!(
            told.as_deref(),
            Some("it takes a box [left, top, right, bottom], but gets an object (label)")
        );
        let quad = json!({ "type": "array", "items": { "type": "array" }, "minItems": 4, "maxItems": 4 });
        assert!(misfit(&quad, &optional_box).is_some());
        assert!(misfit(&of(&json!([1, 2, 3])), &optional_box).is_some());
        assert!(misfit(&of(&json!("a.png")), &image).is_some());
        assert_eq!(misfit(&of(&json!("image1")), &image), None);
        let share = json!({ "type": "number", "minimum": 0.05, "maximum": 1.0 });
        assert_eq!(misfit(&of(&json!(2)), &share).as_deref(), Some("2 is more than 1, the most allowed"));
    }

    #[test]
    fn a_place_is_followed_through_lists_and_objects() {
        let found = json!({ "type": "object", "properties": { "objects": { "type": "array", "items": {
            "type": "object", "properties": { "label": { "type": "string" }, "box": box_schema() } } } } });
        let field = |name: &str| Access::Field(name.to_owned());
        assert_eq!(at(&found, &[field("objects"), Access::Index(0), field("box")]), Ok(box_schema()));
        let labels = at(&found, &[field("objects"), Access::All, field("label")]);
        assert_eq!(labels, Ok(json!({ "type": "array", "items": { "type": "string" } })));
        let error = at(&found, &[field("objects"), Access::Index(0), field("bounds")]).unwrap_err();
        assert_eq!(error, "there is no field `bounds`; there are `label`, `box`");
        assert!(at(&found, &[field("objects"), field("box")]).unwrap_err().contains("a list of objects"));
    }
}
