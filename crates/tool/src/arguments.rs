//! Checks arguments against a schema and says how to mend them.

use jsonschema::{Validator, error::ValidationErrorKind};
use serde_json::Value;

use crate::registry::nearest;

/// How many mistakes one message names.
const NAMED_MISTAKES: usize = 5;

/// What is wrong with the arguments, or `None` where they fit.
pub(crate) fn mistakes(validator: &Validator, schema: &Value, arguments: &Value) -> Option<String> {
    if validator.is_valid(arguments) {
        return None;
    }
    let known =
        || schema["properties"].as_object().into_iter().flat_map(|all| all.keys().map(String::as_str));
    let messages: Vec<String> = validator
        .iter_errors(arguments)
        .take(NAMED_MISTAKES)
        .map(|error| {
            let place = match error.instance_path().to_string() {
                path if path.is_empty() => String::new(),
                path => format!(" (at `{path}`)"),
            };
            match error.kind() {
                ValidationErrorKind::AdditionalProperties { unexpected } => {
                    let hints = unexpected.iter().map(|name| match nearest(name, known()) {
                        Some(near) => format!("`{name}` is no argument; did you mean `{near}`?"),
                        None => format!("`{name}` is no argument"),
                    });
                    let hints = hints.collect::<Vec<_>>().join("; ");
                    let names = known().collect::<Vec<_>>().join(", ");
                    format!("{hints} (arguments: {names}){place}")
                }
                _ => format!("{error}{place}"),
            }
        })
        .collect();
    Some(messages.join("; "))
}
