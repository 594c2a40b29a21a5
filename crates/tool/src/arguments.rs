//! Checks arguments against a schema and says how to mend them.

use jsonschema::{Validator, error::ValidationErrorKind};
use lavr_types::ToolCall;
use serde_json::Value;

use crate::{Limits, registry::nearest};

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

/// Leaves out of a call what nobody can have meant, before anything walks through it: arguments that are too large or nested
/// too deep.
///
/// # Errors
/// When something was left out; the message tells a planner how to mend that.
pub fn bound(call: &mut ToolCall, limits: &Limits) -> Result<(), String> {
    let checked = check_size(&call.arguments, limits.argument_bytes, limits.argument_depth);
    if checked.is_err() {
        let marker = Value::String("(left out: too large)".to_owned());
        discard(std::mem::replace(&mut call.arguments, marker));
    }
    checked
}

fn check_size(arguments: &Value, bytes: usize, depth: usize) -> Result<(), String> {
    if is_deeper(arguments, depth) {
        return Err(format!("the arguments are nested deeper than {depth}: give each as it is, not wrapped"));
    }
    serde_json::to_writer(Counter { left: bytes }, arguments).map_err(|_| {
        format!("the arguments have more than the {bytes} bytes allowed: pass images by name, not by content")
    })
}

/// Whether a value is nested deeper than so many levels. It is told level by level, not by recursion: a value from outside may
/// be deeper than the stack.
pub fn is_deeper(value: &Value, depth: usize) -> bool {
    let mut level = vec![value];
    for _ in 0..=depth {
        let mut next = Vec::new();
        for value in level {
            match value {
                Value::Array(items) => next.extend(items),
                Value::Object(fields) => next.extend(fields.values()),
                _ => {}
            }
        }
        if next.is_empty() {
            return false;
        }
        level = next;
    }
    true
}

/// Lets go of a value level by level: by recursion, a deep one would overflow the stack.
fn discard(value: Value) {
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        match value {
            Value::Array(items) => left.extend(items),
            Value::Object(fields) => left.extend(fields.into_iter().map(|(_, field)| field)),
            _ => {}
        }
    }
}

/// Counts what is written, and stops the writer where it is too much.
struct Counter {
    left: usize,
}

impl std::io::Write for Counter {
    fn write(&mut self, written: &[u8]) -> std::io::Result<usize> {
        self.left = self.left.checked_sub(written.len()).ok_or(std::io::ErrorKind::FileTooLarge)?;
        Ok(written.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
