//! The responses protocol of `OpenAI`.
//!
//! <https://platform.openai.com/docs/api-reference/responses>. Nothing is kept at the service (`store: false`), so what a
//! model thought before it called a tool comes with the reply, encrypted, and goes back with the next turn.

mod reply;
mod request;

use serde_json::Value;

pub(crate) use reply::Assembling;
pub(crate) use request::body;

/// The mark of turns that this dialect wants back: the reply's `output`, a list of items.
const SERVICE: &str = "openai-responses";

fn call_ids(output: &Value) -> Vec<Option<&str>> {
    let items = output.as_array().into_iter().flatten();
    items.filter(|item| item["type"] == "function_call").map(|item| item["call_id"].as_str()).collect()
}
