//! What a model streams back.

use futures::{StreamExt, stream::BoxStream};
use lavr_types::{FinishReason, Reply, TokenScore, ToolCall, TurnUsage, Verbatim};
use serde::{Deserialize, Serialize};

use crate::ModelError;

/// The events of one turn, in order; the last is [`StreamEvent::Finished`] unless the turn fails.
pub type TurnStream = BoxStream<'static, Result<StreamEvent, ModelError>>;

/// Something that a model said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum StreamEvent {
    /// More of the reply's text.
    Text {
        /// The text.
        text: String,
    },
    /// More of what a reasoning model thinks before it replies.
    Reasoning {
        /// The text.
        text: String,
    },
    /// A whole call of a tool.
    ToolCall {
        /// The call. Its arguments are as the model wrote them, not yet checked.
        call: ToolCall,
    },
    /// How sure the model was of tokens of the text, from a model that says so.
    Tokens {
        /// The tokens, in order. Spans count bytes of the reply's whole text.
        tokens: Vec<TokenScore>,
    },
    /// What the service wants to have back in the next turn, as it is: it comes before [`StreamEvent::Finished`].
    Verbatim {
        /// The whole turn of the assistant.
        verbatim: Verbatim,
    },
    /// The turn ended.
    Finished {
        /// Why.
        reason: FinishReason,
        /// What it cost.
        usage: TurnUsage,
    },
}

/// Waits for a whole turn.
///
/// # Errors
/// The first failure in the stream; a stream that ends without [`StreamEvent::Finished`] is one too.
pub async fn collect(model: &str, stream: TurnStream) -> Result<Reply, ModelError> {
    collect_observed(model, stream, &|_| ()).await
}

/// As [`collect`]; `observe` sees each event as it comes.
///
/// # Errors
/// As [`collect`].
pub async fn collect_observed(
    model: &str,
    mut stream: TurnStream,
    observe: &(dyn Fn(&StreamEvent) + Send + Sync),
) -> Result<Reply, ModelError> {
    let (mut text, mut reasoning) = (String::new(), String::new());
    let (mut calls, mut tokens, mut verbatim) = (Vec::new(), Vec::new(), None);
    while let Some(event) = stream.next().await {
        let event = event?;
        observe(&event);
        match event {
            StreamEvent::Text { text: more } => text.push_str(&more),
            StreamEvent::Reasoning { text: more } => reasoning.push_str(&more),
            StreamEvent::ToolCall { call } => calls.push(call),
            StreamEvent::Tokens { tokens: more } => tokens.extend(more),
            StreamEvent::Verbatim { verbatim: whole } => verbatim = Some(whole),
            StreamEvent::Finished { reason, usage } => {
                return Ok(Reply { text, reasoning, calls, tokens, verbatim, reason, usage });
            }
        }
    }
    Err(ModelError::broken_off(model))
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    #[test]
    fn a_stream_that_breaks_off_is_an_error() {
        let events = vec![Ok(StreamEvent::Text { text: "hal".into() })];
        let error = block_on(collect("m", futures::stream::iter(events).boxed())).unwrap_err();
        assert!(error.is_transient(), "{error}");
    }

    #[test]
    fn text_and_calls_are_gathered_in_order() {
        let usage = TurnUsage { input_tokens: 3, output_tokens: 2, ..TurnUsage::default() };
        let events = vec![
            Ok(StreamEvent::Text { text: "a ".into() }),
            Ok(StreamEvent::Text { text: "dog".into() }),
            Ok(StreamEvent::Finished { reason: FinishReason::Stop, usage }),
        ];
        let reply = block_on(collect("m", futures::stream::iter(events).boxed())).unwrap();
        assert_eq!((reply.text.as_str(), reply.usage), ("a dog", usage));
    }
}
