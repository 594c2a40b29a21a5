//! JSON as people read it.

use serde_json::Value;

use crate::words::safe;

/// The value over several lines, but lists of numbers and words in one; cut where it is longer than `most` characters.
pub(super) fn json(value: &Value, most: usize) -> String {
    let mut text = String::new();
    write(value, 0, &mut text);
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}\n… cut here", safe(&text[..end])),
        None => safe(&text),
    }
}

fn write(value: &Value, depth: usize, out: &mut String) {
    let line = |depth: usize, out: &mut String| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    let is_flat = |items: &[Value]| items.iter().all(|item| !item.is_array() && !item.is_object());
    match value {
        Value::Array(items) if !is_flat(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                out.push_str(if place > 0 { "," } else { "" });
                line(depth + 1, out);
                write(item, depth + 1, out);
            }
            line(depth, out);
            out.push(']');
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(Value::to_string).collect();
            out.extend(["[", &items.join(", "), "]"]);
        }
        Value::Object(fields) if !fields.is_empty() => {
            out.push('{');
            for (place, (name, field)) in fields.iter().enumerate() {
                out.push_str(if place > 0 { "," } else { "" });
                line(depth + 1, out);
                out.extend([&Value::from(name.as_str()).to_string(), ": "]);
                write(field, depth + 1, out);
            }
            line(depth, out);
            out.push('}');
        }
        Value::Object(_) => out.push_str("{}"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.push_str(&value.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_of_numbers_stand_in_one_line_and_the_text_is_still_json() {
        let value = json!({ "box": [1, 2.5], "of": [{ "a": [] }, [["x"]], {}], "\"": null });
        let text = json(&value, 1000);
        assert!(text.contains("\n  \"box\": [1, 2.5],\n  \"of\": [\n    {\n"), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        assert!(json(&value, 5).ends_with("cut here"));
    }
}
