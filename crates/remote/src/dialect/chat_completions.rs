//! Chat completions, the protocol that nearly every service and local server speaks beside its own.
//!
//! <https://platform.openai.com/docs/api-reference/chat>. Results hold text alone: pictures follow in a message of the
//! user, unless the service is said to take them ([`crate::RemoteConfig::images_in_tool_results`]).

mod reply;
mod request;

pub(crate) use reply::Assembling;
pub(crate) use request::body;
