//! Steps of the baseline in the place of the verifier's own, to measure what each of the verifier's brings.

use std::{fmt::Write as _, sync::Arc};

use async_trait::async_trait;
use lavr_model::{CancellationToken, ChatModel};
use lavr_prompt::{Library, PromptError};
use lavr_types::{Claim, Entity, Judgement, Verdict, Vocabulary};
use serde_json::json;

use super::{
    chat::{Chat, Prompts},
    concepts::named,
};
use crate::{
    Correction, Corrector, Extraction, Extractor, LexicalExtractor, Policy,
    named::entities,
    text::{sentences, tokenize},
};

/// Finds the things that a text speaks of as the baseline does: a model names them, one call a sentence. What the
/// lexical reading finds of other things is not checked, nor are texts, which are no things.
#[derive(Clone)]
pub struct ConceptExtractor {
    model: Arc<dyn ChatModel>,
    prompts: Prompts,
    vocabulary: &'static Vocabulary,
}

impl ConceptExtractor {
    /// An extractor that asks this model.
    ///
    /// # Errors
    /// When a prompt of the user's is faulty.
    pub fn new(model: Arc<dyn ChatModel>, prompts: &Library) -> Result<Self, PromptError> {
        Ok(Self { model, prompts: Prompts::read(prompts)?, vocabulary: Vocabulary::builtin() })
    }

    /// Whether one of the concepts stands for the thing.
    fn is_named(&self, entity: &Entity, concepts: &[String]) -> bool {
        let labels = self.vocabulary.labels_for(&entity.surface);
        let singular = self.vocabulary.singular(&entity.surface.to_lowercase());
        concepts.iter().any(|concept| {
            *concept == singular
                || self.vocabulary.labels_for(concept).iter().any(|label| labels.contains(label))
        })
    }
}

#[async_trait]
impl Extractor for ConceptExtractor {
    async fn extract(&self, text: &str) -> Extraction {
        let mut extraction = LexicalExtractor::new(self.vocabulary).read(text);
        let cancel = CancellationToken::new();
        let chat = Chat::new(&*self.model, &cancel);
        let tokens = tokenize(text);
        let mut kept: Vec<Claim> = Vec::new();
        let mut claims = extraction.claims.into_iter().peekable();
        for range in sentences(&tokens) {
            let (Some(first), Some(last)) =
                (tokens.get(range.start), tokens.get(range.end.saturating_sub(1)))
            else {
                continue;
            };
            let end = last.span.end;
            let sentence = text.get(first.span.start..end).unwrap_or_default();
            let inputs = json!({ "sentence": sentence });
            let reply = chat.ask(&self.prompts.concepts, &inputs, 48, &mut extraction.notes).await;
            let concepts = named(&reply.unwrap_or_default(), false);
            while let Some(claim) = claims.next_if(|claim| claim.span.start < end) {
                let things = entities(&claim);
                if !things.is_empty() && things.iter().all(|thing| self.is_named(thing, &concepts)) {
                    kept.push(claim);
                }
            }
        }
        Extraction { claims: kept, notes: extraction.notes, usage: chat.usage() }
    }
}

/// Rewrites as the baseline does: a model writes the whole text anew from what was seen, in one call, and nothing
/// checks what it wrote. `edits` are empty.
#[derive(Clone)]
pub struct PassageRewriter {
    model: Arc<dyn ChatModel>,
    prompts: Prompts,
}

impl PassageRewriter {
    /// A corrector that asks this model.
    ///
    /// # Errors
    /// When a prompt of the user's is faulty.
    pub fn new(model: Arc<dyn ChatModel>, prompts: &Library) -> Result<Self, PromptError> {
        Ok(Self { model, prompts: Prompts::read(prompts)? })
    }
}

#[async_trait]
impl Corrector for PassageRewriter {
    async fn correct(&self, draft: &str, judged: &[(Claim, Judgement)], _: Policy) -> Correction {
        let mut knowledge = String::from("Overall:\n");
        for (claim, judgement) in judged {
            let word = match judgement.verdict {
                Verdict::Supported => "right",
                Verdict::Contradicted => "wrong",
                Verdict::Insufficient => continue,
            };
            let _ = writeln!(knowledge, "\"{}\" is {word}: {}.", claim.surface, judgement.reason);
        }
        let cancel = CancellationToken::new();
        let chat = Chat::new(&*self.model, &cancel);
        let mut notes = Vec::new();
        let inputs = json!({
            "knowledge": knowledge.trim_end(), "query": "Describe the picture.", "passage": draft,
        });
        let reply = chat.ask(&self.prompts.rewrite, &inputs, draft.len() / 2 + 64, &mut notes).await;
        let text = reply.filter(|reply| !reply.is_empty()).unwrap_or_else(|| draft.to_owned());
        Correction { text, edits: Vec::new(), notes, usage: chat.usage() }
    }
}
