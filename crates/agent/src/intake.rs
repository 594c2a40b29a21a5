//! What a planner wrote, before anything walks through it: nothing here trusts its length, its depth or its names.

use lavr_model::Reply;
use lavr_tool::Limits as CallLimits;
use lavr_types::{CallId, ToolCall};

/// The most bytes of a reply that is acted on. The longest answer under a schema has a few thousand.
const REPLY_BYTES: usize = 64 * 1024;
/// The most characters of a reply that made no sense which its writer is shown again.
const SHOWN_AGAIN: usize = 2_000;
/// The most characters of a tool's name.
const NAME_LENGTH: usize = 64;

/// Whether a reply is longer than anybody needs, or a call in it nested deeper than a planner may copy.
pub(crate) fn is_too_long(reply: &Reply) -> bool {
    let deepest = 2 * CallLimits::default().argument_depth;
    if reply.calls.iter().any(|call| lavr_tool::is_deeper(&call.arguments, deepest)) {
        return true;
    }
    let calls = reply.calls.len().saturating_mul(32);
    reply.text.len().saturating_add(reply.reasoning.len()).saturating_add(calls) > REPLY_BYTES
}

/// The beginning of a text.
pub(crate) fn beginning(text: &str) -> String {
    match text.char_indices().nth(SHOWN_AGAIN) {
        Some((end, _)) => format!("{} ...", &text[..end]),
        None => text.to_owned(),
    }
}

/// Bounds a call; what is over a bound is left out of it, and the message says what.
pub(crate) fn bounded(call: &mut ToolCall) -> Result<(), String> {
    if let Some((end, _)) = call.tool.char_indices().nth(NAME_LENGTH) {
        call.tool.truncate(end);
    }
    lavr_tool::bound(call, &CallLimits::default())
}

/// The calls that a text names: `call_3`.
pub(crate) fn calls_named(text: &str) -> Vec<CallId> {
    let mut named: Vec<CallId> = Vec::new();
    for (start, _) in text.match_indices("call_") {
        let inside_a_word = text[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let number: String = text[start + 5..].chars().take_while(char::is_ascii_digit).collect();
        let id = CallId(format!("call_{number}"));
        if !inside_a_word && !number.is_empty() && !named.contains(&id) {
            named.push(id);
        }
    }
    named
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn calls_are_found_where_a_text_names_them() {
        let named =
            calls_named("As call_2 and (call_10) show, recall_3 and call_x say nothing; call_2 again.");
        assert_eq!(named, [CallId("call_2".into()), CallId("call_10".into())]);
    }

    #[test]
    fn what_is_too_large_is_left_out_of_the_call() {
        let deep = (0..50_000).fold(json!(1), |inner, _| Value::Array(vec![inner]));
        for arguments in [deep, json!({ "text": "x".repeat(100_000) })] {
            let mut call = ToolCall { id: CallId("call_1".into()), tool: "é".repeat(100), arguments };
            assert!(bounded(&mut call).is_err());
            assert_eq!((call.tool.chars().count(), call.arguments), (64, json!("(left out: too large)")));
        }
    }
}
