//! Paths and addresses come from the user. An argument that reaches out of the run (a path, an address, a command) may
//! hold only what the user wrote: in the question, beside it, or in a plan of theirs. What a picture or a result says
//! is data, and what a model makes up is nothing: neither decides what is read, fetched or sent to.

use lavr_tool::inlined;
use serde_json::Value;

/// The formats of JSON schema, and one of our own (`command`), whose values reach out of the run.
const REACHING: &[&str] = &[
    "path",
    "file-path",
    "directory-path",
    "uri",
    "uri-reference",
    "uri-template",
    "iri",
    "iri-reference",
    "url",
    "hostname",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "email",
    "idn-email",
    "command",
];

/// Words that name such arguments where a schema says no format, as those of many servers do.
const NAMED: &[&str] = &[
    "path",
    "paths",
    "file",
    "files",
    "filename",
    "filenames",
    "filepath",
    "filepaths",
    "folder",
    "folders",
    "directory",
    "directories",
    "dir",
    "dirs",
    "url",
    "urls",
    "uri",
    "uris",
    "href",
    "endpoint",
    "host",
    "hostname",
    "webhook",
    "email",
    "recipient",
    "recipients",
    "command",
    "cmd",
    "script",
    "domain",
    "website",
];

/// How deep arguments are looked through; deeper ones are taken for reaching.
const DEEPEST: usize = 32;

/// Where a schema keeps others, all of which may apply to the same value.
const ALTERNATIVES: [&str; 3] = ["allOf", "anyOf", "oneOf"];
const CONDITIONS: [&str; 3] = ["if", "then", "else"];
/// Where a schema keeps those of the parts of a value.
const PARTS: [&str; 8] = [
    "properties",
    "patternProperties",
    "additionalProperties",
    "unevaluatedProperties",
    "items",
    "prefixItems",
    "unevaluatedItems",
    "contains",
];

/// The first argument that reaches out of the run with what the user did not give, by its name.
pub(crate) fn not_given<'a>(
    schema: &Value,
    arguments: &'a Value,
    given: &dyn Fn(&str) -> bool,
) -> Option<&'a str> {
    let placed = refers(schema).then(|| inlined(schema));
    let schema = placed.as_ref().unwrap_or(schema);
    if !reaches(schema) {
        return None;
    }
    let made_up = |texts: Vec<&str>| texts.into_iter().any(|text| !text.trim().is_empty() && !given(text));
    let Value::Object(fields) = arguments else {
        // No object at all: whoever mends it may make one of it.
        let mut texts = Vec::new();
        all_texts(arguments, &mut texts);
        return made_up(texts).then_some("arguments");
    };
    let mut known = Vec::new();
    property_names(schema, &mut known);
    fields.iter().find_map(|(name, value)| {
        let mut texts = Vec::new();
        if !known.contains(&name.as_str()) && !is_map(schema) {
            // A name that the schema has not may yet be mended to one that it has.
            all_texts(value, &mut texts);
        }
        let alone = Value::Object([(name.clone(), value.clone())].into_iter().collect());
        visit(schema, "", &alone, 0, &mut texts);
        made_up(texts).then_some(name.as_str())
    })
}

/// Whether a text stands in another as a whole: with nothing before or after it that could be a part of it.
pub(crate) fn stands_in(text: &str, whole: &str) -> bool {
    !text.is_empty()
        && whole.match_indices(text).any(|(start, _)| {
            let before = whole[..start].trim_end_matches(opens);
            let after = whole[start + text.len()..].trim_start_matches(closes);
            before.chars().next_back().is_none_or(char::is_whitespace)
                && after.chars().next().is_none_or(char::is_whitespace)
        })
}

const fn opens(sign: char) -> bool {
    matches!(sign, '"' | '\'' | '`' | '(' | '[' | '<' | '{' | '“' | '‘' | '„' | '«' | '‚' | '「')
}

const fn closes(sign: char) -> bool {
    matches!(
        sign,
        '"' | '\''
            | '`'
            | ')'
            | ']'
            | '>'
            | '}'
            | '”'
            | '’'
            | '“'
            | '»'
            | '」'
            | '.'
            | ','
            | ';'
            | ':'
            | '?'
            | '!'
            | '。'
            | '，'
            | '？'
            | '！'
    )
}

/// Whether values of a schema, by its format or its name, reach out of the run.
fn reaching(schema: &Value, name: &str) -> bool {
    if schema.get("enum").is_some() || schema.get("const").is_some() {
        // Whoever declared the tool says what may stand there.
        return false;
    }
    match schema.get("format").and_then(Value::as_str) {
        Some(format) => REACHING.contains(&format.to_ascii_lowercase().as_str()),
        None => holds_text(schema) && words(name).any(|word| NAMED.contains(&word.as_str())),
    }
}

/// Whether a schema takes a text, or says nothing of what it takes.
fn holds_text(schema: &Value) -> bool {
    match &schema["type"] {
        Value::Null => !PARTS.iter().chain(&ALTERNATIVES).any(|key| schema.get(key).is_some()),
        Value::String(kind) => kind == "string",
        Value::Array(kinds) => kinds.iter().any(|kind| kind == "string"),
        _ => true,
    }
}

/// The words of an argument's name: `targetUrl`, `target_url` and `TARGET-URL` have the same.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut words = vec![String::new()];
    let mut last_lower = false;
    for sign in name.chars() {
        if !sign.is_alphanumeric() || (sign.is_uppercase() && last_lower) {
            words.push(String::new());
        }
        last_lower = sign.is_lowercase() || sign.is_numeric();
        if sign.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(sign.to_lowercase());
        }
    }
    words.into_iter()
}

/// Whether any value that fits the schema reaches out of the run.
fn reaches(schema: &Value) -> bool {
    fn below(schema: &Value, name: &str, depth: usize) -> bool {
        if depth > DEEPEST || reaching(schema, name) {
            return true;
        }
        let Some(fields) = schema.as_object() else { return false };
        fields.iter().any(|(key, value)| match key.as_str() {
            "properties" | "patternProperties" | "dependentSchemas" => {
                value.as_object().into_iter().flatten().any(|(name, schema)| below(schema, name, depth + 1))
            }
            "propertyNames" => below(value, "", depth + 1),
            key if ALTERNATIVES.contains(&key) || CONDITIONS.contains(&key) || PARTS.contains(&key) => {
                match value {
                    Value::Array(schemas) => schemas.iter().any(|schema| below(schema, name, depth + 1)),
                    schema => below(schema, name, depth + 1),
                }
            }
            _ => false,
        })
    }
    below(schema, "", 0)
}

/// Gathers the texts of a value that stand where the schema has something reaching.
fn visit<'v>(schema: &Value, name: &str, value: &'v Value, depth: usize, texts: &mut Vec<&'v str>) {
    if depth > DEEPEST || reaching(schema, name) {
        all_texts(value, texts);
        return;
    }
    let Some(fields) = schema.as_object() else { return };
    for key in ALTERNATIVES {
        for schema in fields.get(key).and_then(Value::as_array).into_iter().flatten() {
            visit(schema, name, value, depth + 1, texts);
        }
    }
    for schema in CONDITIONS.iter().filter_map(|key| fields.get(*key)) {
        visit(schema, name, value, depth + 1, texts);
    }
    for (_, schema) in fields.get("dependentSchemas").and_then(Value::as_object).into_iter().flatten() {
        visit(schema, name, value, depth + 1, texts);
    }
    match value {
        Value::Object(parts) if has(schema, &PARTS[..4]) || fields.contains_key("propertyNames") => {
            for (part_name, part) in parts {
                if fields.get("propertyNames").is_some_and(|names| reaching(names, "")) {
                    texts.push(part_name);
                }
                for schema in part_schemas(schema, part_name) {
                    visit(schema, part_name, part, depth + 1, texts);
                }
            }
        }
        Value::Array(items) if has(schema, &PARTS[4..]) => {
            for (index, item) in items.iter().enumerate() {
                let nth = fields.get("prefixItems").and_then(|schemas| schemas.get(index));
                let others =
                    PARTS[4..].iter().filter_map(|key| fields.get(*key)).filter(|schema| !schema.is_array());
                for schema in nth.into_iter().chain(others) {
                    visit(schema, name, item, depth + 1, texts);
                }
            }
        }
        // Of another form than the schema's: whoever mends it may put any of it anywhere.
        _ if has(schema, &PARTS) && reaches(schema) => all_texts(value, texts),
        _ => {}
    }
}

/// Whether any part of a schema refers to another.
fn refers(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => fields.iter().any(|(key, value)| key == "$ref" || refers(value)),
        Value::Array(items) => items.iter().any(refers),
        _ => false,
    }
}

fn has(schema: &Value, keys: &[&str]) -> bool {
    keys.iter().any(|key| schema.get(key).is_some_and(|schema| !schema.is_boolean()))
}

/// The schemas that may apply to a part of this name. Patterns are not matched: each may.
fn part_schemas<'s>(schema: &'s Value, name: &str) -> Vec<&'s Value> {
    if let Some(own) = schema["properties"].get(name) {
        return vec![own];
    }
    let patterns = schema["patternProperties"].as_object().into_iter().flatten().map(|(_, schema)| schema);
    let others = ["additionalProperties", "unevaluatedProperties"].iter().filter_map(|key| schema.get(*key));
    patterns.chain(others).collect()
}

/// Whether the arguments may have names that the schema does not list.
fn is_map(schema: &Value) -> bool {
    has(schema, &["patternProperties", "additionalProperties", "unevaluatedProperties"])
}

/// Every name of a property anywhere in a schema.
fn property_names<'s>(schema: &'s Value, names: &mut Vec<&'s str>) {
    match schema {
        Value::Object(fields) => {
            if let Some(properties) = fields.get("properties").and_then(Value::as_object) {
                names.extend(properties.keys().map(String::as_str));
            }
            fields.values().for_each(|field| property_names(field, names));
        }
        Value::Array(items) => items.iter().for_each(|item| property_names(item, names)),
        _ => {}
    }
}

fn all_texts<'v>(value: &'v Value, texts: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter().for_each(|item| all_texts(item, texts)),
        Value::Object(fields) => fields.iter().for_each(|(name, field)| {
            texts.push(name);
            all_texts(field, texts);
        }),
        _ => {}
    }
}

#[cfg(test)]
#[path = "provenance_tests.rs"]
mod tests;
