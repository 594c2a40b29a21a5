//! What tools took and gave, in one line for a person, and texts of others made safe to show.

use lavr_types::perception::{
    Caption, ColorQuality, ColorReport, Detections, RelationReport, SpatialRelation, TextLines, VisualAnswer,
};
use serde::Deserialize as _;
use serde_json::Value;

/// The most characters of a value in one line.
const LENGTH: usize = 110;

/// Arguments of a call in one line, without images (an id says nothing to a person) and what was not given.
pub fn arguments(arguments: &Value) -> String {
    let shown = arguments.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let shown: Vec<String> = shown
        .filter(|(_, value)| !value.as_str().is_some_and(|text| text.starts_with("img_")))
        .map(|(name, value)| {
            let mut value = value.clone();
            round(&mut value);
            format!("{name} {value}")
        })
        .collect();
    shown.join(", ")
}

/// What came back in one line, in words where the value is of a known kind.
pub fn value(value: &Value) -> String {
    let text = if let Ok(Detections { objects, unknown_labels, .. }) = Detections::deserialize(value) {
        let mut list: Vec<String> =
            objects.iter().map(|object| format!("{} {:.2}", object.label, object.score)).collect();
        if list.is_empty() {
            list.push("nothing found".into());
        }
        if !unknown_labels.is_empty() {
            list.push(format!("no detector here knows \"{}\"", unknown_labels.join("\", \"")));
        }
        list.join(", ")
    } else if let Ok(TextLines { lines }) = TextLines::deserialize(value) {
        let list: Vec<String> = lines.iter().map(|line| format!("\"{}\"", line.text)).collect();
        if list.is_empty() { "no text".into() } else { list.join(", ") }
    } else if let Ok(ColorReport { quality, colors, .. }) = ColorReport::deserialize(value) {
        let list: Vec<String> =
            colors.iter().map(|color| format!("{} {:.0} %", color.name, color.share * 100.0)).collect();
        match quality {
            ColorQuality::Clear => list.join(", "),
            ColorQuality::Mixed => format!("mixed: {}", list.join(", ")),
            ColorQuality::TooDark => "too dark to tell".into(),
            ColorQuality::TooSmall => "too small to tell".into(),
        }
    } else if let Ok(RelationReport { holds, unclear, .. }) = RelationReport::deserialize(value) {
        let told = |relations: Vec<SpatialRelation>| {
            let words = relations.into_iter().filter_map(|relation| serde_json::to_value(relation).ok());
            let words: Vec<String> =
                words.filter_map(|word| Some(word.as_str()?.replace('_', " "))).collect();
            words.join(", ")
        };
        match (holds.is_empty(), unclear.is_empty()) {
            (true, true) => "no relation".into(),
            (true, false) => format!("unclear: {}", told(unclear)),
            _ => told(holds),
        }
    } else if let Ok(Caption { text, .. }) = Caption::deserialize(value) {
        text
    } else if let Ok(VisualAnswer { answer, .. }) = VisualAnswer::deserialize(value) {
        answer
    } else {
        let mut value = value.clone();
        round(&mut value);
        value.to_string()
    };
    cut(&text)
}

/// What a model wrote, or a picture says, without signs that would steer a terminal, or make a reader see letters in
/// another order than a program (overrides of the writing direction).
pub fn safe(text: &str) -> String {
    let steers =
        |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{202d}' | '\u{202e}');
    text.chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// One line of at most so many characters.
pub fn cut(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match clean.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{} ...", &clean[..end]),
        None => clean,
    }
}

fn round(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or_default();
            *value = if float.abs() > 2.0 {
                Value::from(float.round() as i64)
            } else {
                Value::from((float * 100.0).round() / 100.0)
            };
        }
        Value::Array(items) => items.iter_mut().for_each(round),
        Value::Object(fields) => fields.values_mut().for_each(round),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_of_known_kinds_are_told_in_words() {
        let told = |given| value(&given);
        let found = json!({ "objects": [{ "label": "dog", "box": [1, 2, 3, 4], "score": 0.834 }], "unknown_labels": ["elf"] });
        assert_eq!(told(found), "dog 0.83, no detector here knows \"elf\"");
        assert_eq!(told(json!({ "lines": [] })), "no text");
        assert_eq!(
            told(json!({ "holds": ["left_of"], "unclear": ["above"], "offset": [-0.1, 0.0] })),
            "left of"
        );
        assert_eq!(told(json!({ "depth": [12.345, 0.5049] })), "{\"depth\":[12,0.5]}");
        assert_eq!(
            arguments(&json!({ "image": "img_1", "labels": ["dog"], "region": null })),
            "labels [\"dog\"]"
        );
    }

    #[test]
    fn nothing_steers_and_nothing_turns_letters_round() {
        assert_eq!(safe("a\u{1b}[2J\n\u{202e}b\u{0}"), "a\u{fffd}[2J\n\u{fffd}b\u{fffd}");
        assert_eq!(safe("שלום, \u{200f}Grüße 图里"), "שלום, \u{200f}Grüße 图里");
    }
}
