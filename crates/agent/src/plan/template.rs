//! Texts with places to fill in: "There are {$find.objects | counted}."

use super::{
    expression::{Expression, Scope},
    filter::plain,
    text::{Cursor, SyntaxError},
};

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Place(Expression),
}

/// A text with places to fill in. `{{` and `}}` stand for braces.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Template {
    parts: Vec<Part>,
}

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, SyntaxError> {
        let mut cursor = Cursor::new(text);
        let mut parts = Vec::new();
        let mut plain = String::new();
        loop {
            plain.push_str(cursor.until(&['{', '}']));
            if cursor.follows("{{") {
                plain.push('{');
            } else if cursor.follows("}}") {
                plain.push('}');
            } else if cursor.follows("{") {
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                cursor.skip_space();
                parts.push(Part::Place(Expression::read(&mut cursor)?));
                cursor.skip_space();
                cursor.expect('}')?;
            } else if cursor.sees('}') {
                return Err(cursor.wrong("`}}` for a brace, or `{$name}` for a value"));
            } else {
                break;
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts })
    }

    /// What it refers to.
    pub(super) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.parts.iter().filter_map(|part| match part {
            Part::Place(expression) => Some(expression),
            Part::Text(_) => None,
        })
    }

    /// The text, or the first expression that has no value.
    pub(super) fn fill(&self, scope: &dyn Scope) -> Result<String, &Expression> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(words) => text.push_str(words),
                Part::Place(expression) => {
                    text.push_str(&plain(&expression.value(scope).ok_or(expression)?));
                }
            }
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    struct Two;

    impl Scope for Two {
        fn root(&self, name: &str) -> Option<Value> {
            (name == "find").then(|| json!({ "objects": [{ "label": "dog" }, { "label": "dog" }] }))
        }
    }

    #[test]
    fn places_are_filled_and_braces_can_be_written() {
        let template = Template::parse("There are {$find.objects | counted} {{sic}}.").unwrap();
        assert_eq!(template.fill(&Two).unwrap(), "There are two dogs {sic}.");
        let template = Template::parse("It is {$color.name}.").unwrap();
        assert_eq!(template.fill(&Two).unwrap_err().reference.to_string(), "$color.name");
    }

    #[test]
    fn an_open_place_is_a_mistake() {
        assert!(Template::parse("There are {$find").is_err());
        assert!(Template::parse("There are }").is_err());
        assert!(Template::parse("There are {find}").is_err());
    }
}
