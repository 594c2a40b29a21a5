//! Puts right what can be read in one way only: a number given as text, one item where a list is wanted, a name with a
//! single letter wrong. What could mean two things stays as it is, and the planner is told.

use lavr_types::{Repair, ToolCall, ToolSpec};
use serde_json::{Map, Number, Value};

/// Mends a call before it is checked, and tells what was mended.
///
/// Every mend follows from the schema alone, and only a value that cannot fit it is touched: a call that fits stays
/// byte for byte as it is.
pub fn mend(tools: &[&ToolSpec], call: &mut ToolCall) -> Vec<Repair> {
    let mut repairs = Vec::new();
    let mut named = tools.iter().find(|spec| spec.name == call.tool);
    if named.is_none()
        && let Some(near) = only_near(&call.tool, tools.iter().map(|spec| spec.name.as_str()))
    {
        named = tools.iter().find(|spec| spec.name == near);
        let from = std::mem::replace(&mut call.tool, near.to_owned());
        repairs.push(Repair::ToolRenamed { from, to: near.to_owned() });
    }
    if let Some(spec) = named {
        mend_arguments(&spec.arguments, &mut call.arguments, &mut repairs);
    }
    repairs
}

/// Mends the arguments of one tool.
pub(crate) fn mend_arguments(schema: &Value, arguments: &mut Value, repairs: &mut Vec<Repair>) {
    match arguments {
        // A tool without required arguments, called without any.
        Value::Null if wants(schema, "object") => {
            *arguments = Value::Object(Map::new());
        }
        Value::String(text) if wants(schema, "object") => {
            let Some(read @ Value::Object(_)) = parsed(text) else { return };
            let from = std::mem::replace(arguments, read.clone());
            repairs.push(Repair::ArgumentChanged { at: String::new(), from, to: read });
        }
        _ => {}
    }
    if let Value::Object(fields) = arguments {
        mend_fields(schema, fields, "", repairs);
    }
}

fn mend_fields(schema: &Value, fields: &mut Map<String, Value>, path: &str, repairs: &mut Vec<Repair>) {
    let Some(properties) = schema["properties"].as_object() else { return };
    let closed = schema["additionalProperties"] == false;
    let required =
        |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|r| r == name));
    if closed {
        let strangers: Vec<String> =
            fields.keys().filter(|name| !properties.contains_key(*name)).cloned().collect();
        for name in strangers {
            let free = properties.keys().map(String::as_str).filter(|known| !fields.contains_key(*known));
            if let Some(near) = only_near(&name, free).map(str::to_owned) {
                let value = fields.shift_remove(&name).unwrap_or_default();
                fields.insert(near.clone(), value);
                repairs.push(Repair::ArgumentRenamed { from: name, to: near });
            } else if fields[&name].is_null() {
                fields.shift_remove(&name);
                repairs.push(Repair::ArgumentLeftOut { name });
            }
        }
    }
    let mut silent = Vec::new();
    for (name, value) in fields.iter_mut() {
        let Some(schema) = properties.get(name) else { continue };
        if value.is_null() && !required(name) && knows_kinds(schema) && !fits(schema, value) {
            silent.push(name.clone());
        } else {
            mend_value(schema, value, &format!("{path}/{name}"), repairs);
        }
    }
    for name in silent {
        fields.shift_remove(&name);
        repairs.push(Repair::ArgumentLeftOut { name });
    }
}

/// Recursion follows the schema, so its depth is the schema's, whatever the value.
fn mend_value(schema: &Value, value: &mut Value, path: &str, repairs: &mut Vec<Repair>) {
    let mended = if fits(schema, value) { whole_number(schema, value) } else { reading(schema, value) };
    if let Some(to) = mended {
        let from = std::mem::replace(value, to.clone());
        repairs.push(Repair::ArgumentChanged { at: path.to_owned(), from, to });
    }
    for form in forms(schema) {
        match value {
            Value::Object(fields) if form["properties"].is_object() => {
                mend_fields(form, fields, path, repairs);
            }
            Value::Array(items) if form["items"].is_object() => {
                for (index, item) in items.iter_mut().enumerate() {
                    mend_value(&form["items"], item, &format!("{path}/{index}"), repairs);
                }
            }
            _ => continue,
        }
        break;
    }
}

/// The one way to read a value that does not fit.
fn reading(schema: &Value, value: &Value) -> Option<Value> {
    let fitting = |read: Value| fits(schema, &read).then_some(read);
    match value {
        Value::String(text) => {
            let choices = forms(schema).filter_map(|form| form["enum"].as_array()).flatten();
            let choices = choices.filter_map(Value::as_str);
            if let Some(near) = only_near(text, choices) {
                return Some(Value::String(near.to_owned()));
            }
            parsed(text).and_then(fitting).or_else(|| listed(schema, value))
        }
        // A list of one where one is wanted.
        Value::Array(items) if items.len() == 1 && !wants(schema, "array") => {
            let item = &items[0];
            if fits(schema, item) { Some(item.clone()) } else { reading(schema, item) }
        }
        Value::Array(_) | Value::Null => None,
        _ => listed(schema, value),
    }
}

/// One item where a list is wanted.
fn listed(schema: &Value, value: &Value) -> Option<Value> {
    let list = forms(schema).find(|form| has_kind(form, "array"))?;
    let holds_one = list["minItems"].as_u64().unwrap_or(0) <= 1 && list["maxItems"].as_u64() != Some(0);
    let items = &list["items"];
    if !holds_one || !knows_kinds(items) {
        return None;
    }
    let item = if fits(items, value) { value.clone() } else { reading(items, value)? };
    Some(Value::Array(vec![item]))
}

/// What a text says as JSON: a number, a truth value, a list or an object, and nothing around it.
fn parsed(text: &str) -> Option<Value> {
    let text = text.trim();
    match text.to_ascii_lowercase().as_str() {
        "true" => return Some(Value::Bool(true)),
        "false" => return Some(Value::Bool(false)),
        _ => {}
    }
    serde_json::from_str(text).ok().filter(|read: &Value| !read.is_string() && !read.is_null())
}

/// `3.0` is an integer to a schema, and none to most programs.
fn whole_number(schema: &Value, value: &Value) -> Option<Value> {
    let float = value.as_f64().filter(|_| value.is_f64())?;
    let only_whole = !forms(schema).any(|form| has_kind(form, "number"));
    (wants(schema, "integer") && only_whole && float.fract() == 0.0 && float.abs() < 9e15)
        .then(|| Value::Number(Number::from(float as i64)))
}

/// The schema itself, or the forms that it allows one of.
fn forms(schema: &Value) -> impl Iterator<Item = &Value> {
    let several = ["anyOf", "oneOf"].into_iter().find_map(|key| schema[key].as_array());
    several.map_or(std::slice::from_ref(schema), Vec::as_slice).iter()
}

fn has_kind(form: &Value, kind: &str) -> bool {
    match &form["type"] {
        Value::String(one) => one == kind,
        Value::Array(several) => several.iter().any(|one| one == kind),
        _ => false,
    }
}

fn wants(schema: &Value, kind: &str) -> bool {
    forms(schema).any(|form| has_kind(form, kind))
}

/// Whether every form says what kind of value it takes. Of any other schema (a `$ref`, none at all) nothing is known, and
/// nothing is mended.
fn knows_kinds(schema: &Value) -> bool {
    forms(schema).all(|form| form["type"].is_string() || form["type"].is_array() || form["enum"].is_array())
}

/// Whether a value has a kind that the schema takes, and is one of its choices where it has some.
fn fits(schema: &Value, value: &Value) -> bool {
    !knows_kinds(schema)
        || forms(schema).any(|form| {
            let kind = match value {
                Value::Null => has_kind(form, "null"),
                Value::Bool(_) => has_kind(form, "boolean"),
                Value::Number(number) => {
                    let whole = number.as_f64().is_some_and(|float| float.fract() == 0.0);
                    has_kind(form, "number") || (whole && has_kind(form, "integer"))
                }
                Value::String(_) => has_kind(form, "string"),
                Value::Array(_) => has_kind(form, "array"),
                Value::Object(_) => has_kind(form, "object"),
            };
            let untyped = form["type"].is_null();
            (kind || untyped) && form["enum"].as_array().is_none_or(|choices| choices.contains(value))
        })
}

/// The one name that this may be a slip of the pen for: the same letters in another spelling (`Image_ID`, `imageId`), else
/// one or two letters wrong. Two that are near are none.
pub(crate) fn only_near<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    /// Nobody misspells a longer name; comparing it would only cost time.
    const LONGEST: usize = 64;
    if name.len() > LONGEST {
        return None;
    }
    let letters = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let wanted = letters(name);
    let known: Vec<(&str, usize)> = known
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (candidate, strsim::damerau_levenshtein(&wanted, &letters(candidate))))
        .collect();
    let near = |most: usize| {
        let mut near = known.iter().filter(|(_, slips)| *slips <= most);
        let (first, _) = near.next()?;
        near.next().is_none().then_some(*first)
    };
    // In a short word every letter counts.
    let slips = match wanted.chars().count() {
        0..=3 => 0,
        4..=6 => 1,
        _ => 2,
    };
    (0..=slips).find_map(near)
}

#[cfg(test)]
mod tests {
    use lavr_types::CallId;
    use serde_json::json;

    use super::*;

    fn spec() -> ToolSpec {
        let arguments = json!({
            "type": "object",
            "properties": {
                "image": { "type": "string", "format": "image-id" },
                "labels": { "type": ["array", "null"], "items": { "type": "string" } },
                "region": { "anyOf": [
                    { "type": "array", "items": { "type": "number" }, "minItems": 4, "maxItems": 4 },
                    { "type": "null" } ] },
                "limit": { "type": "integer" },
                "threshold": { "type": ["number", "null"] },
                "tiles": { "type": "boolean" },
                "mode": { "enum": ["fast", "thorough"] },
                "title": { "type": "string" },
                "style": { "$ref": "#/$defs/style" },
            },
            "required": ["image"], "additionalProperties": false,
        });
        ToolSpec::new("detect", "Finds objects.", arguments)
    }

    fn mended(tool: &str, arguments: Value) -> (String, Value, Vec<String>) {
        let tools = [spec(), ToolSpec::new("ocr", "Reads.", json!({ "type": "object" }))];
        let mut call = ToolCall { id: CallId("call_1".into()), tool: tool.into(), arguments };
        let repairs = mend(&tools.each_ref(), &mut call);
        (call.tool, call.arguments, repairs.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn what_can_be_read_in_one_way_is_mended_and_told() {
        for (from, to, told) in [
            (
                json!({ "threshold": "0.5" }),
                json!({ "threshold": 0.5 }),
                "\"0.5\" at `/threshold` read as 0.5",
            ),
            (json!({ "limit": "3" }), json!({ "limit": 3 }), "\"3\" at `/limit` read as 3"),
            (json!({ "limit": 3.0 }), json!({ "limit": 3 }), "3.0 at `/limit` read as 3"),
            (json!({ "tiles": "True" }), json!({ "tiles": true }), "\"True\" at `/tiles` read as true"),
            (
                json!({ "labels": "dog" }),
                json!({ "labels": ["dog"] }),
                "\"dog\" at `/labels` read as [\"dog\"]",
            ),
            (json!({ "image": ["a"] }), json!({ "image": "a" }), "[\"a\"] at `/image` read as \"a\""),
            (
                json!({ "region": "[1, 2, 3, 4]" }),
                json!({ "region": [1, 2, 3, 4] }),
                "\"[1, 2, 3, 4]\" at `/region` read as [1,2,3,4]",
            ),
            (
                json!({ "region": [1, "2", 3, 4] }),
                json!({ "region": [1, 2, 3, 4] }),
                "\"2\" at `/region/1` read as 2",
            ),
            (json!({ "mode": "throrough" }), json!({ "mode": "thorough" }), "read as \"thorough\""),
            (json!({ "Labels": ["a"] }), json!({ "labels": ["a"] }), "argument `Labels` read as `labels`"),
            (
                json!({ "treshold": 0.5 }),
                json!({ "threshold": 0.5 }),
                "argument `treshold` read as `threshold`",
            ),
            (json!({ "verbose": null }), json!({}), "argument `verbose` left out: it was null"),
            (json!({ "limit": null }), json!({}), "argument `limit` left out: it was null"),
            (json!("{\"limit\": 3}"), json!({ "limit": 3 }), "at `` read as {\"limit\":3}"),
        ] {
            let (tool, arguments, repairs) = mended("detect", from.clone());
            assert_eq!((tool.as_str(), &arguments), ("detect", &to), "{from}");
            assert!(repairs.len() == 1 && repairs[0].contains(told), "{from}: {repairs:?}");
        }
        let (tool, arguments, repairs) = mended("Detct", json!({ "label": "dog" }));
        assert_eq!((tool.as_str(), arguments), ("detect", json!({ "labels": ["dog"] })));
        assert_eq!(repairs.len(), 3, "{repairs:?}");
    }

    #[test]
    fn what_could_mean_two_things_or_fits_already_stays() {
        for arguments in [
            json!({ "image": "a", "labels": ["dog"], "region": null, "limit": 3, "threshold": 0.5, "mode": "fast" }),
            json!({ "title": 3 }),
            json!({ "title": "3" }),
            json!({ "region": 3 }),
            json!({ "limit": "three" }),
            json!({ "limit": 2.5 }),
            json!({ "mode": "slow" }),
            json!({ "image": null }),
            json!({ "image": ["a", "b"] }),
            json!({ "colour": "red" }),
            json!({ "style": "bold" }),
            json!([1, 2]),
            json!("detect"),
        ] {
            let (_, after, repairs) = mended("detect", arguments.clone());
            assert_eq!((after, repairs), (arguments, Vec::<String>::new()));
        }
        for name in ["ocl", "delete", "", &"x".repeat(1000)] {
            assert_eq!(mended(name, json!({})).0, name);
        }
    }

    #[test]
    fn of_two_names_that_are_near_neither_is_taken() {
        assert_eq!(only_near("label", ["labels", "labelx"].into_iter()), None);
        assert_eq!(only_near("label", ["labels", "Label"].into_iter()), Some("Label"));
    }
}
