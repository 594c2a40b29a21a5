//! What differs between two requests, for people.

use serde_json::Value;

/// The most differences that are named.
const NAMED: usize = 4;
/// The most characters of a value that are shown.
const SHOWN: usize = 120;

/// What differs, place by place: `messages/2/parts/0/text: recorded "a dog", asked "a cat"`.
pub(super) fn between(recorded: &Value, asked: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk("", Some(recorded), Some(asked), &mut found);
    let more = found.len().saturating_sub(NAMED);
    found.truncate(NAMED);
    if more > 0 {
        found.push(format!("and {more} more places"));
    }
    found
}

/// How many places differ.
pub(super) fn count(recorded: &Value, asked: &Value) -> usize {
    let mut found = Vec::new();
    walk("", Some(recorded), Some(asked), &mut found);
    found.len()
}

fn walk(place: &str, recorded: Option<&Value>, asked: Option<&Value>, found: &mut Vec<String>) {
    let below = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}/{name}") };
    match (recorded, asked) {
        (Some(one), Some(other)) if one == other => {}
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let added = other.keys().filter(|name| !one.contains_key(*name));
            for name in one.keys().chain(added) {
                walk(&below(name), one.get(name), other.get(name), found);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            for index in 0..one.len().max(other.len()) {
                walk(&below(&index.to_string()), one.get(index), other.get(index), found);
            }
        }
        (Some(Value::String(one)), Some(Value::String(other))) => {
            let (one, other) = where_they_part(one, other);
            found.push(format!("{place}: recorded {one}, asked {other}"));
        }
        (one, other) => {
            let show = |value: Option<&Value>| {
                value.map_or_else(|| "nothing".to_owned(), |value| cut(&value.to_string()))
            };
            found.push(format!("{place}: recorded {}, asked {}", show(one), show(other)));
        }
    }
}

/// Two texts from a little before the place where they part.
fn where_they_part(one: &str, other: &str) -> (String, String) {
    let same = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let from = same.saturating_sub(20);
    let show = |text: &str| {
        let rest: String = text.chars().skip(from).collect();
        format!("\"{}{}\"", if from > 0 { "..." } else { "" }, cut(&rest))
    };
    (show(one), show(other))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_place_and_both_sides_are_named() {
        let recorded =
            json!({ "messages": [{ "text": "How many dogs are in this large picture?" }], "max": 4 });
        let asked = json!({ "messages": [{ "text": "How many dogs are in this large photo?" }], "seed": 1 });
        assert_eq!(
            between(&recorded, &asked),
            [
                "messages/0/text: recorded \"... are in this large picture?\", asked \"... are in this large photo?\"",
                "max: recorded 4, asked nothing",
                "seed: recorded nothing, asked 1",
            ]
        );
        assert!(between(&recorded, &recorded).is_empty());
    }

    #[test]
    fn a_different_world_is_told_in_a_few_lines() {
        let list = |text: &str| Value::from((0..99).map(|n| format!("{text}{n}")).collect::<Vec<_>>());
        let told = between(&list("a"), &list("b"));
        assert_eq!((told.len(), told[4].as_str()), (5, "and 95 more places"));
        assert_eq!(count(&list("a"), &list("b")), 99);
    }
}
