//! What a plan can make of a value.

use lavr_types::Vocabulary;
use serde_json::{Value, json};

/// Makes one value of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    /// How many elements a list has.
    Count,
    /// The first element of a list.
    First,
    /// The last element of a list.
    Last,
    /// Labels, or things with a `label`, counted by kind: "two dogs and one cat".
    Counted,
    /// A number as a word where there is one: "two".
    Number,
    /// The elements of a list as one text: "a, b and c".
    List,
    /// As `list`, each in quotation marks.
    Quoted,
}

const FILTERS: [(&str, Filter); 7] = [
    ("count", Filter::Count),
    ("first", Filter::First),
    ("last", Filter::Last),
    ("counted", Filter::Counted),
    ("number", Filter::Number),
    ("list", Filter::List),
    ("quoted", Filter::Quoted),
];

impl Filter {
    pub(super) fn named(name: &str) -> Option<Self> {
        FILTERS.iter().find(|(known, _)| *known == name).map(|(_, filter)| *filter)
    }

    pub(super) fn names() -> Vec<&'static str> {
        FILTERS.iter().map(|(name, _)| *name).collect()
    }

    /// The value made; `None` where the value is not of a kind that it can be made of, or an empty list has no such element.
    pub(super) fn apply(self, value: Value) -> Option<Value> {
        match self {
            Self::Count => Some(json!(value.as_array()?.len())),
            Self::First => value.as_array()?.first().cloned(),
            Self::Last => value.as_array()?.last().cloned(),
            Self::Counted => counted(value.as_array()?).map(Value::String),
            Self::Number => {
                let number = value.as_u64()?;
                let word =
                    u32::try_from(number).ok().and_then(|number| Vocabulary::builtin().number_word(number));
                Some(word.map_or(value, |word| json!(word)))
            }
            Self::List => listed(&words(value, |word| word)).map(Value::String),
            // Quotation marks inside would end the quotation for whoever checks it.
            Self::Quoted => {
                let quoted = words(value, |word| format!("\"{}\"", word.replace('"', "'")));
                listed(&quoted).map(Value::String)
            }
        }
    }

    /// The schema of what it makes of a value of this schema, or what it cannot be made of.
    pub(super) fn schema(self, of: &Value) -> Result<Value, &'static str> {
        let kind = of["type"].as_str();
        let is_list = kind.is_none_or(|kind| kind == "array");
        match self {
            Self::Count | Self::First | Self::Last | Self::Counted if !is_list => Err("a list"),
            Self::Number if kind.is_some_and(|kind| kind != "number" && kind != "integer") => Err("a number"),
            Self::Count => Ok(json!({ "type": "integer" })),
            Self::First | Self::Last => Ok(of.get("items").cloned().unwrap_or(json!({}))),
            Self::Counted | Self::Number | Self::List | Self::Quoted => Ok(json!({ "type": "string" })),
        }
    }
}

fn words(value: Value, with: impl Fn(String) -> String) -> Vec<String> {
    let items = match value {
        Value::Array(items) => items,
        single => vec![single],
    };
    items.iter().map(|item| with(plain(item))).collect()
}

/// A value as a person writes it.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(_) => {
            let mut rounded = value.clone();
            crate::render::round(&mut rounded);
            rounded.to_string()
        }
        Value::Array(items) => {
            let inner: Vec<String> = items.iter().map(plain).collect();
            if items.iter().all(Value::is_number) {
                format!("[{}]", inner.join(", "))
            } else {
                listed(&inner).unwrap_or_default()
            }
        }
        other => other.to_string(),
    }
}

/// "a", "a and b", "a, b and c".
fn listed(items: &[String]) -> Option<String> {
    match items {
        [] => None,
        [only] => Some(only.clone()),
        [before @ .., last] => Some(format!("{} and {last}", before.join(", "))),
    }
}

fn counted(items: &[Value]) -> Option<String> {
    let mut kinds: Vec<(&str, u32)> = Vec::new();
    for item in items {
        let label = item.as_str().or_else(|| item.get("label")?.as_str())?;
        match kinds.iter_mut().find(|(known, _)| *known == label) {
            Some((_, count)) => *count += 1,
            None => kinds.push((label, 1)),
        }
    }
    let vocabulary = Vocabulary::builtin();
    let phrases: Vec<String> = kinds
        .into_iter()
        .map(|(label, count)| {
            let noun = if count == 1 { label.to_owned() } else { vocabulary.plural(label) };
            let word = vocabulary.number_word(count).map_or_else(|| count.to_string(), str::to_owned);
            format!("{word} {noun}")
        })
        .collect();
    listed(&phrases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_counted_by_kind() {
        let things = json!([{ "label": "dog" }, { "label": "cat" }, { "label": "dog" }]);
        assert_eq!(Filter::Counted.apply(things), Some(json!("two dogs and one cat")));
        assert_eq!(Filter::Counted.apply(json!([])), None);
    }

    #[test]
    fn lists_read_as_a_person_writes_them() {
        assert_eq!(Filter::List.apply(json!(["a", "b", "c"])), Some(json!("a, b and c")));
        assert_eq!(Filter::Quoted.apply(json!(["say \"hi\""])), Some(json!("\"say 'hi'\"")));
        assert_eq!(Filter::Number.apply(json!(2)), Some(json!("two")));
        assert_eq!(plain(&json!([1.25, 20.6, 3, 4])), "[1.25, 21, 3, 4]");
    }
}
