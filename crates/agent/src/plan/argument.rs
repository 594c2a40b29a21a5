//! The arguments of a node: fixed values, references, and texts with places to fill in.

use serde_json::{Map, Value};

use super::{
    expression::{Expression, Scope},
    template::Template,
    text::SyntaxError,
};

/// A value that may hold references.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Argument {
    Fixed(Value),
    Reference(Expression),
    Text(Template),
    List(Vec<Argument>),
    Object(Vec<(String, Argument)>),
}

impl Argument {
    /// Reads a value: a text that begins with `$` is a reference (`$$` stands for the sign), one with `{$` in it has
    /// places to fill in. An error comes with its place inside the value.
    pub(super) fn parse(value: &Value) -> Result<Self, (String, SyntaxError)> {
        let here = |error| (String::new(), error);
        let inside = |step: String| move |(place, error)| (format!("{step}{place}"), error);
        match value {
            Value::String(text) if text.starts_with("$$") => Ok(Self::Fixed(text[1..].into())),
            Value::String(text) if text.starts_with('$') => {
                Expression::parse(text).map(Self::Reference).map_err(here)
            }
            Value::String(text) if text.contains("{$") => Template::parse(text).map(Self::Text).map_err(here),
            Value::Array(items) => {
                let items = items.iter().enumerate();
                let items =
                    items.map(|(index, item)| Self::parse(item).map_err(inside(format!("[{index}]"))));
                Ok(Self::List(items.collect::<Result<_, _>>()?))
            }
            Value::Object(fields) => {
                let fields = fields.iter().map(|(name, field)| {
                    let field = Self::parse(field).map_err(inside(format!(".{name}")))?;
                    Ok((name.clone(), field))
                });
                Ok(Self::Object(fields.collect::<Result<_, _>>()?))
            }
            other => Ok(Self::Fixed(other.clone())),
        }
    }

    /// All that it refers to.
    pub(super) fn expressions(&self) -> Vec<&Expression> {
        match self {
            Self::Fixed(_) => Vec::new(),
            Self::Reference(expression) => vec![expression],
            Self::Text(template) => template.expressions().collect(),
            Self::List(items) => items.iter().flat_map(Self::expressions).collect(),
            Self::Object(fields) => fields.iter().flat_map(|(_, field)| field.expressions()).collect(),
        }
    }

    /// The value, or the first expression that has none.
    pub(super) fn value(&self, scope: &dyn Scope) -> Result<Value, &Expression> {
        match self {
            Self::Fixed(value) => Ok(value.clone()),
            Self::Reference(expression) => expression.value(scope).ok_or(expression),
            Self::Text(template) => template.fill(scope).map(Value::String),
            Self::List(items) => items.iter().map(|item| item.value(scope)).collect(),
            Self::Object(fields) => {
                let fields = fields.iter().map(|(name, field)| Ok((name.clone(), field.value(scope)?)));
                Ok(Value::Object(fields.collect::<Result<Map<_, _>, _>>()?))
            }
        }
    }
}
