//! Chat models: what is asked of them, what they stream back, what they can do.
//!
//! A [`ChatModel`] takes a [`TurnRequest`] and gives a stream of [`StreamEvent`]s. Pictures travel by
//! [`lavr_types::ImageId`]; the adapter fetches their bytes from its [`lavr_types::ImageSource`] and puts
//! them where its provider takes them. Adapters live in `lavr-local` and `lavr-remote`. A [`TextEmbedder`] makes vectors of
//! texts; networks for that live in `lavr-embed`.

mod embed;
mod error;
mod metered;
mod pictures;
mod price;
mod request;
mod stream;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use embed::{LexicalEmbedder, TextEmbedder, cosine};
pub use error::ModelError;
pub use lavr_types::{FinishReason, ModelErrorKind, Price, Reply, TurnUsage, Verbatim};
pub use metered::Metered;
pub use pictures::{Fit, LEAST_SIDE};
pub use price::{PriceTable, PriceTableError, Quote};
pub use request::{Message, Part, ResponseFormat, Role, Sampling, ToolDeclaration, TurnRequest};
pub use stream::{StreamEvent, TurnStream, collect, collect_observed};
pub use tokio_util::sync::CancellationToken;

/// What a model can do; decides how a request is put to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and every combination occurs")]
pub struct Capabilities {
    /// The model's name, for people and traces.
    pub name: String,
    /// Whether it sees images in user messages.
    pub images: bool,
    /// Whether images may stand inside tool results; else they follow in a user message.
    pub images_in_tool_results: bool,
    /// The most images that one request may hold. Of more, an adapter shows those mentioned last, and tells the others by their
    /// alternative text.
    pub max_images: usize,
    /// The longest side of an image that the model makes use of, in pixels; 0 where it is not known.
    pub longest_side: u32,
    /// Whether it calls tools in its own format ([`TurnRequest::tools`]).
    pub native_tools: bool,
    /// Whether its output can be held to a JSON schema ([`ResponseFormat::Schema`]).
    pub schema: bool,
    /// How many tokens of request and reply it can hold.
    pub context_tokens: usize,
    /// How many tokens a reply may cost beyond [`TurnRequest::max_tokens`]: what a model may think before it speaks.
    #[serde(default)]
    pub thought_tokens: usize,
    /// What its tokens cost, where that is known. A model on this machine costs nothing ([`Price::FREE`]).
    #[serde(default)]
    pub price: Option<Price>,
}

impl Capabilities {
    /// The longest side that images are sent with where a turn asks for at most `side` pixels; 0 where both are unknown.
    pub fn shown_side(&self, side: u32) -> u32 {
        [self.longest_side, side].into_iter().filter(|side| *side > 0).min().unwrap_or_default()
    }
}

/// A chat model.
#[async_trait]
pub trait ChatModel: Send + Sync {
    /// What the model can do.
    fn capabilities(&self) -> &Capabilities;

    /// Asks for one turn. Dropping the stream, or cancelling `cancel`, stops the model soon after.
    ///
    /// # Errors
    /// When the request cannot be put to the model; failures on the way arrive in the stream.
    async fn stream(&self, turn: TurnRequest, cancel: CancellationToken) -> Result<TurnStream, ModelError>;
}
