//! The form of the model's reply.

use lavr_types::{Vocabulary, perception::SpatialRelation};
use serde::Deserialize;
use serde_json::{Value, json};

/// The label of a thing that no label names.
const OTHER: &str = "other";

/// The most things, and characters of a quote, that a reply may hold.
const MOST_THINGS: usize = 60;
const LONGEST_QUOTE: usize = 200;

const COLORS: [&str; 11] =
    ["black", "white", "gray", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown"];

const RELATIONS: [(&str, SpatialRelation); 8] = [
    ("left of", SpatialRelation::LeftOf),
    ("right of", SpatialRelation::RightOf),
    ("above", SpatialRelation::Above),
    ("below", SpatialRelation::Below),
    ("on", SpatialRelation::On),
    ("in", SpatialRelation::Inside),
    ("near", SpatialRelation::Near),
    ("in the middle", SpatialRelation::Center),
];

/// What the model says of a text.
#[derive(Debug, Default, PartialEq, Deserialize)]
pub(super) struct Said {
    #[serde(default)]
    pub(super) things: Vec<Thing>,
    #[serde(default)]
    pub(super) relations: Vec<Placed>,
    #[serde(default)]
    pub(super) texts: Vec<Written>,
}

/// A thing that the text names.
#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct Thing {
    pub(super) words: String,
    pub(super) label: String,
    #[serde(default)]
    pub(super) stated: Stated,
    #[serde(default)]
    pub(super) number: Option<Number>,
    #[serde(default)]
    pub(super) color: Option<ColorSaid>,
}

impl Thing {
    /// The label, where it is one.
    pub(super) fn label<'v>(&self, vocabulary: &'v Vocabulary) -> Option<&'v str> {
        vocabulary.labels().find(|label| *label == self.label)
    }
}

/// Whether the text says that a thing is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stated {
    #[default]
    Yes,
    No,
    Maybe,
}

#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct Number {
    pub(super) words: String,
    pub(super) value: u32,
}

#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct ColorSaid {
    pub(super) words: String,
    pub(super) name: String,
}

impl ColorSaid {
    /// The basic term, where it is one.
    pub(super) fn basic(&self) -> Option<&'static str> {
        COLORS.into_iter().find(|color| *color == self.name)
    }
}

#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct Placed {
    pub(super) words: String,
    pub(super) subject: String,
    pub(super) relation: String,
    #[serde(default)]
    pub(super) object: Option<String>,
}

impl Placed {
    pub(super) fn relation(&self) -> Option<SpatialRelation> {
        RELATIONS.iter().find(|(name, _)| *name == self.relation).map(|(_, relation)| *relation)
    }
}

#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct Written {
    pub(super) words: String,
}

impl Said {
    /// Reads a reply. The flag tells whether it was whole; of one that was cut off the things before the cut are kept.
    pub(super) fn parse(text: &str) -> Result<(Self, bool), serde_json::Error> {
        // Models that follow no schema like to wrap and to introduce.
        let start = text.find('{').unwrap_or(0);
        let body = &text[start..];
        let end = body.rfind('}').map_or(body.len(), |end| end + 1);
        let whole = serde_json::from_str(&body[..end]);
        if let Ok(said) = whole {
            return Ok((said, true));
        }
        let ends = body.match_indices('}').map(|(at, _)| at + 1).collect::<Vec<_>>();
        for end in ends.into_iter().rev() {
            for close in ["]}", "}]}"] {
                if let Ok(said) = serde_json::from_str(&format!("{}{close}", &body[..end])) {
                    return Ok((said, false));
                }
            }
        }
        whole.map(|said| (said, true))
    }
}

/// The schema of a reply: closed, every field there, no reference.
pub(super) fn schema(vocabulary: &Vocabulary) -> Value {
    let labels: Vec<&str> = vocabulary.labels().chain([OTHER]).collect();
    let relations: Vec<&str> = RELATIONS.iter().map(|(name, _)| *name).collect();
    let quote = json!({ "type": "string", "minLength": 1, "maxLength": LONGEST_QUOTE });
    let object = |properties: Value| {
        let required: Vec<String> =
            properties.as_object().map(|all| all.keys().cloned().collect()).unwrap_or_default();
        json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
    };
    let or_null = |schema: Value| json!({ "anyOf": [{ "type": "null" }, schema] });
    let number =
        object(json!({ "words": quote, "value": { "type": "integer", "minimum": 0, "maximum": 1000 } }));
    let color = object(json!({ "words": quote, "name": { "type": "string", "enum": COLORS } }));
    let thing = object(json!({
        "words": quote,
        "label": { "type": "string", "enum": labels },
        "stated": { "type": "string", "enum": ["yes", "no", "maybe"] },
        "number": or_null(number),
        "color": or_null(color),
    }));
    let relation = object(json!({
        "words": quote,
        "subject": quote,
        "relation": { "type": "string", "enum": relations },
        "object": or_null(quote.clone()),
    }));
    let list = |items: Value, most: usize| json!({ "type": "array", "items": items, "maxItems": most });
    object(json!({
        "things": list(thing, MOST_THINGS),
        "relations": list(relation, MOST_THINGS),
        "texts": list(object(json!({ "words": quote })), MOST_THINGS),
    }))
}
