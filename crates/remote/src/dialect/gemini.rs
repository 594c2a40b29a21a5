//! Google Gemini's `streamGenerateContent`.
//!
//! <https://ai.google.dev/api/generate-content>. A reply's parts may be signed, and the signature of a call must come back with
//! it (<https://ai.google.dev/gemini-api/docs/thought-signatures>). Results hold pictures from Gemini 3 on; for older models
//! they follow as parts of the user.

mod reply;
mod request;

use serde_json::Value;

pub(crate) use reply::Assembling;
pub(crate) use request::body;

/// The mark of turns that this dialect wants back: the reply's `parts`.
const SERVICE: &str = "gemini";

fn call_ids(parts: &Value) -> Vec<Option<&str>> {
    let calls = parts.as_array().into_iter().flatten().filter_map(|part| part.get("functionCall"));
    calls.map(|call| call["id"].as_str()).collect()
}
