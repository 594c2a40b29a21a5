//! A chat model that follows a script.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use futures::{StreamExt, stream};
use lavr_model::{
    CancellationToken, Capabilities, ChatModel, FinishReason, ModelError, ModelErrorKind, StreamEvent,
    TurnRequest, TurnStream, TurnUsage,
};
use lavr_types::ToolCall;

/// What a scripted model says to one request.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ScriptedReply {
    /// A text, streamed word by word.
    Text(String),
    /// Calls of tools.
    Calls(Vec<ToolCall>),
    /// These events as they are; [`StreamEvent::Finished`] is not added.
    Events(Vec<StreamEvent>),
    /// A text that breaks off: the stream ends without [`StreamEvent::Finished`].
    BreaksOff(String),
    /// No stream at all.
    Fails(ModelErrorKind, String),
}

type Script = Box<dyn FnMut(&TurnRequest, usize) -> Option<ScriptedReply> + Send>;

/// A chat model that follows a script and remembers what it was asked.
pub struct ScriptedModel {
    capabilities: Capabilities,
    script: Mutex<Script>,
    requests: Mutex<Vec<TurnRequest>>,
}

impl std::fmt::Debug for ScriptedModel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ScriptedModel")
            .field("capabilities", &self.capabilities)
            .finish_non_exhaustive()
    }
}

impl ScriptedModel {
    /// A model that asks `script` what to say; it is also told how many requests came before. `None` is an error:
    /// the test asked more than its script has.
    pub fn from_fn(
        script: impl FnMut(&TurnRequest, usize) -> Option<ScriptedReply> + Send + 'static,
    ) -> Self {
        let capabilities = Capabilities {
            name: "scripted".to_owned(),
            images: true,
            images_in_tool_results: false,
            max_images: 16,
            longest_side: 1024,
            native_tools: true,
            schema: true,
            context_tokens: 32_768,
            thought_tokens: 0,
            price: None,
        };
        Self { capabilities, script: Mutex::new(Box::new(script)), requests: Mutex::default() }
    }

    /// A model that gives these replies, one a request.
    pub fn replies(replies: impl IntoIterator<Item = ScriptedReply>) -> Self {
        let mut replies = replies.into_iter().collect::<Vec<_>>().into_iter();
        Self::from_fn(move |_, _| replies.next())
    }

    /// A model that gives these texts, one a request.
    pub fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::replies(texts.into_iter().map(|text| ScriptedReply::Text(text.into())))
    }

    /// With other capabilities.
    #[must_use]
    pub fn with_capabilities(mut self, change: impl FnOnce(&mut Capabilities)) -> Self {
        change(&mut self.capabilities);
        self
    }

    /// As a model without eyes, and without tool calls in a format of its own: what it wants to do it writes as JSON.
    #[must_use]
    pub fn writing_json(self) -> Self {
        self.with_capabilities(|can| {
            can.native_tools = false;
            can.images = false;
        })
    }

    /// What it was asked so far.
    pub fn requests(&self) -> Vec<TurnRequest> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl ChatModel for ScriptedModel {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn stream(&self, turn: TurnRequest, cancel: CancellationToken) -> Result<TurnStream, ModelError> {
        let name = self.capabilities.name.clone();
        if cancel.is_cancelled() {
            return Err(ModelError::new(ModelErrorKind::Cancelled, name, "the caller gave up"));
        }
        let before = {
            let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
            requests.push(turn.clone());
            requests.len() - 1
        };
        let reply = (self.script.lock().unwrap_or_else(PoisonError::into_inner))(&turn, before);
        let finished = |reason, output_tokens| StreamEvent::Finished {
            reason,
            usage: TurnUsage { input_tokens: 1, output_tokens, ..TurnUsage::default() },
        };
        let events = match reply {
            Some(ScriptedReply::Text(text)) => {
                let mut events = words(&text);
                events.push(finished(FinishReason::Stop, events.len() as u64));
                events
            }
            Some(ScriptedReply::Calls(calls)) => {
                let count = calls.len() as u64;
                let calls = calls.into_iter().map(|call| StreamEvent::ToolCall { call });
                calls.chain([finished(FinishReason::ToolCalls, count)]).collect()
            }
            Some(ScriptedReply::Events(events)) => events,
            Some(ScriptedReply::BreaksOff(text)) => words(&text),
            Some(ScriptedReply::Fails(kind, message)) => return Err(ModelError::new(kind, name, message)),
            None => {
                let message = format!("the script has no reply to request {}", before + 1);
                return Err(ModelError::new(ModelErrorKind::Other, name, message));
            }
        };
        Ok(stream::iter(events.into_iter().map(Ok)).boxed())
    }
}

fn words(text: &str) -> Vec<StreamEvent> {
    text.split_inclusive(' ').map(|word| StreamEvent::Text { text: word.to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use lavr_model::collect;

    use super::*;

    #[test]
    fn replies_come_in_order_and_asking_for_more_is_an_error() {
        let model = ScriptedModel::replies([
            ScriptedReply::Text("one two".into()),
            ScriptedReply::BreaksOff("half".into()),
            ScriptedReply::Fails(ModelErrorKind::RateLimited, "slow down".into()),
        ]);
        let ask = || block_on(model.stream(TurnRequest::default(), CancellationToken::new()));
        assert_eq!(block_on(collect("m", ask().unwrap())).unwrap().text, "one two");
        assert!(block_on(collect("m", ask().unwrap())).unwrap_err().is_transient());
        assert_eq!(ask().err().unwrap().kind, ModelErrorKind::RateLimited);
        assert!(ask().err().unwrap().message.contains("no reply to request 4"));
    }
}
