//! The messages protocol of Anthropic.
//!
//! <https://platform.claude.com/docs/en/api/messages>. Pictures stand within results. What a model thought before it called a
//! tool is signed, and goes back unchanged with the calls
//! (<https://platform.claude.com/docs/en/build-with-claude/extended-thinking>). The messages that are the same from run to run
//! are marked for the service's cache.

mod reply;
mod request;

use serde_json::Value;

pub(crate) use reply::Assembling;
pub(crate) use request::body;

/// The version of the protocol.
pub(crate) const VERSION: &str = "2023-06-01";

/// The mark of turns that this dialect wants back: the reply's `content`, a list of blocks.
const SERVICE: &str = "anthropic";

fn call_ids(content: &Value) -> Vec<Option<&str>> {
    let blocks = content.as_array().into_iter().flatten();
    blocks.filter(|block| block["type"] == "tool_use").map(|block| block["id"].as_str()).collect()
}
