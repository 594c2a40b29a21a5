//! Claims by a chat model: one call a text, in any language, its reply held to a schema and then against the text.

mod claims;
mod place;
mod reply;

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use lavr_model::{
    CancellationToken, ChatModel, FinishReason, Message, ModelError, Price, Reply, ResponseFormat,
    TurnRequest, collect,
};
use lavr_prompt::{Library, Prompt, PromptError};
use lavr_types::{Usage, Vocabulary};
use serde_json::json;

use super::{Extraction, Extractor};
use reply::{Said, schema};

/// Tokens of a reply for each byte of the text, and the least of them: a thing of eight letters takes some forty.
const TOKENS_PER_BYTE: usize = 4;
const LEAST_TOKENS: usize = 512;
const MOST_TOKENS: usize = 8192;

/// Asks a chat model once for what a text claims, in whatever language it is written.
///
/// What the model says is held against the text before it becomes a claim. Its quotes must occur: one that occurs
/// more than once is placed in the order of the text, one that does not is dropped with a note. Where the language
/// is English, or has a data file, its words decide: the label of a noun that they know, the value of a number or
/// colour word, denial and hedge. A noun that they do not know gets the model's label, and can then be confirmed but
/// not contradicted: a small model's guess is no ground for an edit. In languages without a file the model is taken at
/// its word, and what is contradicted there is told but not edited by rule.
///
/// A model that fails costs a note, never the verification.
#[derive(Clone)]
pub struct ModelExtractor<'v> {
    model: Arc<dyn ChatModel>,
    prompt: Prompt,
    vocabulary: &'v Vocabulary,
}

impl<'v> ModelExtractor<'v> {
    /// An extractor that asks this model with the prompt `extract` of the library. The labels are those of the
    /// vocabulary.
    ///
    /// # Errors
    /// When a prompt of the user's is faulty.
    pub fn new(
        model: Arc<dyn ChatModel>,
        prompts: &Library,
        vocabulary: &'v Vocabulary,
    ) -> Result<Self, PromptError> {
        Ok(Self { model, prompt: prompts.get("extract")?, vocabulary })
    }

    /// The one request for a text.
    fn request(&self, text: &str) -> Result<TurnRequest, PromptError> {
        let messages: Vec<Message> =
            self.prompt.render(&json!({ "text": text }), &[])?.into_iter().map(Message::from).collect();
        let schema = schema(self.vocabulary);
        let format = if self.model.capabilities().schema {
            ResponseFormat::Schema { name: "claims".into(), schema }
        } else {
            ResponseFormat::Text
        };
        Ok(TurnRequest {
            stable_messages: messages.len().saturating_sub(1),
            messages,
            format,
            max_tokens: (text.len() * TOKENS_PER_BYTE).clamp(LEAST_TOKENS, MOST_TOKENS),
            ..TurnRequest::default()
        })
    }

    async fn ask(&self, text: &str) -> Result<Reply, ExtractError> {
        let request = self.request(text)?;
        let stream = self.model.stream(request, CancellationToken::new()).await?;
        Ok(collect(&self.model.capabilities().name, stream).await?)
    }
}

/// Why the model said nothing of use.
#[derive(Debug, thiserror::Error)]
enum ExtractError {
    #[error(transparent)]
    Prompt(#[from] PromptError),
    #[error(transparent)]
    Model(#[from] ModelError),
}

#[async_trait]
impl Extractor for ModelExtractor<'_> {
    async fn extract(&self, text: &str) -> Extraction {
        let start = Instant::now();
        if text.trim().is_empty() {
            return Extraction::default();
        }
        let reply = match self.ask(text).await {
            Ok(reply) => reply,
            Err(error) => {
                let note = format!("the model found no claims in the text, for it failed: {error}");
                return Extraction { notes: vec![note], ..Extraction::default() };
            }
        };
        let usage = usage(&reply, self.model.capabilities().price, start);
        let mut extraction = match Said::parse(&reply.text) {
            Ok((said, whole)) => {
                let mut extraction = claims::of(text, &said, self.vocabulary);
                if !whole || reply.reason == FinishReason::Length {
                    extraction.notes.push(
                        "the model's list of claims broke off: the end of the text was not read".into(),
                    );
                }
                extraction
            }
            Err(error) => Extraction {
                notes: vec![format!("the model's list of claims is not usable: {error}")],
                ..Extraction::default()
            },
        };
        extraction.usage = usage;
        extraction
    }
}

pub(crate) fn usage(reply: &Reply, price: Option<Price>, start: Instant) -> Usage {
    Usage { elapsed: start.elapsed(), ..reply.usage.spent(price) }
}

#[cfg(test)]
mod tests;
