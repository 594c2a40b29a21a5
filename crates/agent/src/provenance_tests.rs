//! What reaches out of a run, and where it may come from.

use serde_json::json;

use super::*;

const QUESTION: &str = "What is in /data/notes.txt, and what does https://example.org/menu say?";

fn refused<'a>(schema: &Value, arguments: &'a Value) -> Option<&'a str> {
    not_given(schema, arguments, &|text| stands_in(text, QUESTION))
}

fn tool(properties: &Value) -> Value {
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

#[test]
fn what_stands_in_the_question_may_be_used_and_nothing_else() {
    let schema = tool(&json!({ "source": { "type": "string", "format": "uri" } }));
    for given in ["https://example.org/menu", "/data/notes.txt", "", " "] {
        assert_eq!(refused(&schema, &json!({ "source": given })), None, "{given}");
    }
    for made_up in [
        "https://evil.example/",
        "https://example.org/menu/",
        "https://example.org",
        "https://example.org/men",
        "/data",
        "/data/notes",
        "notes.txt",
        "/",
        "https://example.org/menu https://evil.example/",
    ] {
        assert_eq!(refused(&schema, &json!({ "source": made_up })), Some("source"), "{made_up}");
    }
}

#[test]
fn quotes_brackets_and_the_end_of_a_sentence_are_no_part_of_an_address() {
    for question in [
        "Read \"a/b.txt\".",
        "Read `a/b.txt`!",
        "(see a/b.txt)",
        "a/b.txt",
        "Is it in a/b.txt?",
        "„a/b.txt“",
        "读 「a/b.txt」。",
        "<a/b.txt>; then answer",
    ] {
        assert!(stands_in("a/b.txt", question), "{question}");
    }
    for question in ["a/b.txt.bak", "../a/b.txt", "x=a/b.txt", "a/b.txt?x=1", "a/b.txt/c", "file:a/b.txt", ""]
    {
        assert!(!stands_in("a/b.txt", question), "{question}");
    }
    assert!(!stands_in("", "anything"));
}

#[test]
fn every_format_that_reaches_out_is_held_and_the_others_are_free() {
    for format in REACHING.iter().copied().chain(["URI", "Path"]) {
        let schema = tool(&json!({ "x": { "type": "string", "format": format } }));
        assert_eq!(refused(&schema, &json!({ "x": "made-up" })), Some("x"), "{format}");
    }
    for format in ["date", "uuid", "regex", "text", "image-id"] {
        let schema = tool(&json!({ "url": { "type": "string", "format": format } }));
        assert_eq!(refused(&schema, &json!({ "url": "made-up" })), None, "{format}");
    }
}

#[test]
fn arguments_that_declare_no_format_are_known_by_their_names() {
    for name in ["url", "targetUrl", "file_path", "FILE-NAME", "outputDir", "command", "hostname", "paths"] {
        let schema = tool(&json!({ name: { "type": ["string", "null"] } }));
        assert_eq!(refused(&schema, &json!({ name: "made-up" })), Some(name), "{name}");
        assert_eq!(refused(&schema, &json!({ name: null })), None, "{name}");
    }
    for name in ["label", "question", "profile", "curl", "text", "pathology", "filed"] {
        let schema = tool(&json!({ name: { "type": "string" } }));
        assert_eq!(refused(&schema, &json!({ name: "made-up" })), None, "{name}");
    }
    let counted = tool(&json!({ "files": { "type": "integer" }, "file": { "enum": ["a", "b"] } }));
    assert_eq!(refused(&counted, &json!({ "files": 3, "file": "a" })), None);
}

#[test]
fn they_are_found_wherever_the_schema_has_them() {
    let uri = json!({ "type": "string", "format": "uri" });
    let bad = "http://evil.example/";
    let cases = [
        (tool(&json!({ "a": { "type": "array", "items": uri } })), json!({ "a": ["", bad] })),
        (tool(&json!({ "a": { "anyOf": [uri, { "type": "null" }] } })), json!({ "a": bad })),
        (tool(&json!({ "a": { "allOf": [{ "type": "string" }, uri] } })), json!({ "a": bad })),
        (
            tool(
                &json!({ "a": { "type": "object", "properties": { "b": { "properties": { "c": uri } } } } }),
            ),
            json!({ "a": { "b": { "c": bad } } }),
        ),
        (
            tool(&json!({ "a": { "type": "object", "additionalProperties": uri } })),
            json!({ "a": { "anything": bad } }),
        ),
        (tool(&json!({ "a": { "prefixItems": [{ "type": "integer" }, uri] } })), json!({ "a": [1, bad] })),
        (tool(&json!({ "a": { "type": "object", "propertyNames": uri } })), json!({ "a": { bad: 1 } })),
        (
            json!({ "properties": { "a": { "$ref": "#/$defs/u" } }, "$defs": { "u": uri } }),
            json!({ "a": bad }),
        ),
        (json!({ "properties": { "a": { "$ref": "#/properties/b" }, "b": uri } }), json!({ "a": bad })),
        (
            json!({ "properties": { "a": {} }, "if": { "required": ["a"] }, "then": { "properties": { "a": uri } } }),
            json!({ "a": bad }),
        ),
        (json!({ "additionalProperties": uri }), json!({ "a": bad })),
        (json!({ "patternProperties": { "^a": uri } }), json!({ "a": bad })),
    ];
    for (schema, arguments) in cases {
        assert_eq!(refused(&schema, &arguments), Some("a"), "{schema}");
    }
}

/// Whoever mends arguments later (unwraps a list, parses a text, corrects a name) finds nothing to mend into place.
#[test]
fn arguments_of_the_wrong_form_do_not_slip_past() {
    let schema = tool(&json!({
        "url": { "type": "string", "format": "uri" },
        "options": { "type": "object", "properties": { "path": { "type": "string", "format": "path" } } },
        "label": { "type": "string" },
    }));
    let bad = "http://evil.example/";
    for (arguments, name) in [
        (json!({ "url": [bad] }), "url"),
        (json!({ "url": { "value": bad } }), "url"),
        (json!({ "ulr": bad }), "ulr"),
        (json!({ "options": "{\"path\": \"/etc/passwd\"}" }), "options"),
        (json!({ "options": [{ "path": "/etc/passwd" }] }), "options"),
        (json!("{\"url\": \"http://evil.example/\"}"), "arguments"),
        (json!([bad]), "arguments"),
    ] {
        assert_eq!(refused(&schema, &arguments), Some(name), "{arguments}");
    }
    assert_eq!(refused(&schema, &json!({ "label": bad, "options": {} })), None, "a label goes nowhere");
}

#[test]
fn a_schema_without_end_is_looked_through_in_the_end() {
    let schema = json!({
        "properties": { "tree": { "$ref": "#/$defs/node" } },
        "$defs": { "node": { "type": "object", "properties": {
            "left": { "$ref": "#/$defs/node" }, "url": { "type": "string", "format": "uri" } } } },
    });
    assert_eq!(refused(&schema, &json!({ "tree": { "left": { "left": {} } } })), None);
    assert_eq!(refused(&schema, &json!({ "tree": { "url": "http://evil.example/" } })), Some("tree"));
}
