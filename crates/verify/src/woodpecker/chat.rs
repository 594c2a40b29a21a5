//! The language model as the baseline talks to it.

use std::sync::{Mutex, PoisonError};

use lavr_model::{CancellationToken, ChatModel, Message, ModelError, Sampling, TurnRequest, collect};
use lavr_prompt::{Library, Prompt, PromptError};
use lavr_types::Usage;
use serde_json::Value;

/// How often a reply that failed in passing is asked for.
const TRIES: usize = 2;

/// The baseline's prompts.
#[derive(Debug, Clone)]
pub(super) struct Prompts {
    pub(super) pronouns: Prompt,
    pub(super) concepts: Prompt,
    pub(super) questions: Prompt,
    pub(super) rewrite: Prompt,
}

impl Prompts {
    pub(super) fn read(library: &Library) -> Result<Self, PromptError> {
        Ok(Self {
            pronouns: library.get("woodpecker_pronouns")?,
            concepts: library.get("woodpecker_concepts")?,
            questions: library.get("woodpecker_questions")?,
            rewrite: library.get("woodpecker_rewrite")?,
        })
    }
}

/// A model with what it cost so far.
pub(super) struct Chat<'m> {
    model: &'m dyn ChatModel,
    cancel: &'m CancellationToken,
    usage: Mutex<Usage>,
}

impl<'m> Chat<'m> {
    pub(super) fn new(model: &'m dyn ChatModel, cancel: &'m CancellationToken) -> Self {
        Self { model, cancel, usage: Mutex::default() }
    }

    pub(super) fn usage(&self) -> Usage {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reply without the white space around it; `None`, with a note, where there is none.
    pub(super) async fn ask(
        &self,
        prompt: &Prompt,
        inputs: &Value,
        max_tokens: usize,
        notes: &mut Vec<String>,
    ) -> Option<String> {
        let mut failure = String::new();
        for _ in 0..TRIES {
            let request = match request(prompt, inputs, max_tokens) {
                Ok(request) => request,
                Err(error) => {
                    failure = error.to_string();
                    break;
                }
            };
            match self.reply(request).await {
                Ok(text) => return Some(text.trim().to_owned()),
                Err(error) => {
                    failure = error.to_string();
                    if !error.is_transient() {
                        break;
                    }
                }
            }
        }
        notes.push(format!("the step `{}` was done without: {failure}", prompt.name()));
        None
    }

    async fn reply(&self, request: TurnRequest) -> Result<String, ModelError> {
        let spend = |more: Usage| *self.usage.lock().unwrap_or_else(PoisonError::into_inner) += more;
        let capabilities = self.model.capabilities();
        // A turn that fails was one, too.
        spend(Usage { model_calls: 1, ..Usage::default() });
        let stream = self.model.stream(request, self.cancel.clone()).await?;
        let reply = collect(&capabilities.name, stream).await?;
        spend(Usage { model_calls: 0, ..reply.usage.spent(capabilities.price) });
        Ok(reply.text)
    }
}

/// All but the last message of a prompt is the same from sentence to sentence.
fn request(prompt: &Prompt, inputs: &Value, max_tokens: usize) -> Result<TurnRequest, PromptError> {
    let messages: Vec<Message> = prompt.render(inputs, &[])?.into_iter().map(Message::from).collect();
    let stable_messages = messages.len().saturating_sub(1);
    Ok(TurnRequest {
        messages,
        stable_messages,
        max_tokens,
        sampling: Sampling::default(),
        ..TurnRequest::default()
    })
}
