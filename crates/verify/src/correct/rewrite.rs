//! Sentences rewritten by a chat model, behind a gate.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use lavr_model::{
    CancellationToken, ChatModel, Message, ModelError, Reply, ResponseFormat, TurnRequest, collect,
};
use lavr_prompt::{Library, Prompt, PromptError};
use lavr_types::{Assertion, Claim, CountBound, Judgement, Span, Verdict, Vocabulary};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Correction, Corrector, Policy, RuleCorrector, compose, gate::Gate};
use crate::{extract::usage, text::Reading};

/// Tokens of a reply for each byte of the sentences, and the least of them.
const TOKENS_PER_BYTE: usize = 1;
const LEAST_TOKENS: usize = 128;

/// Asks a chat model once to rewrite the sentences that say something contradicted, and takes each rewriting only
/// where it changes nothing else.
///
/// What passes the gate: nothing but words of contradicted claims, grammar and inflection has changed; every other claim
/// is read in the new sentence again; what was contradicted is not; nothing new is claimed. For a sentence that does
/// not pass, the edit by rule stands. So a model that errs, fails or obeys a hostile caption costs a note.
#[derive(Clone)]
pub struct ModelCorrector<'v> {
    model: Arc<dyn ChatModel>,
    prompt: Prompt,
    rules: RuleCorrector<'v>,
    vocabulary: &'v Vocabulary,
}

/// A sentence with what is wrong in it, as the prompt shows it.
#[derive(Debug, Serialize)]
struct Faulty {
    text: String,
    remarks: Vec<String>,
    #[serde(skip)]
    span: Span,
}

#[derive(Debug, Deserialize)]
struct Rewritten {
    sentences: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
enum RewriteError {
    #[error(transparent)]
    Prompt(#[from] PromptError),
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl<'v> ModelCorrector<'v> {
    /// A corrector that asks this model with the prompt `rewrite` of the library.
    ///
    /// # Errors
    /// When a prompt of the user's is faulty.
    pub fn new(
        model: Arc<dyn ChatModel>,
        prompts: &Library,
        vocabulary: &'v Vocabulary,
    ) -> Result<Self, PromptError> {
        let rules = RuleCorrector::new(vocabulary);
        Ok(Self { model, prompt: prompts.get("rewrite")?, rules, vocabulary })
    }

    async fn ask(&self, sentences: &[Faulty]) -> Result<Reply, RewriteError> {
        let messages: Vec<Message> = self
            .prompt
            .render(&json!({ "sentences": sentences }), &[])?
            .into_iter()
            .map(Message::from)
            .collect();
        let count = sentences.len();
        let schema = json!({
            "type": "object",
            "properties": {
                "sentences": { "type": "array", "items": { "type": "string" }, "minItems": count, "maxItems": count },
            },
            "required": ["sentences"],
            "additionalProperties": false,
        });
        let format = if self.model.capabilities().schema {
            ResponseFormat::Schema { name: "sentences".into(), schema }
        } else {
            ResponseFormat::Text
        };
        let bytes: usize = sentences.iter().map(|sentence| sentence.text.len()).sum();
        let request = TurnRequest {
            stable_messages: messages.len().saturating_sub(1),
            messages,
            format,
            max_tokens: (bytes * TOKENS_PER_BYTE).max(LEAST_TOKENS),
            ..TurnRequest::default()
        };
        let stream = self.model.stream(request, CancellationToken::new()).await?;
        Ok(collect(&self.model.capabilities().name, stream).await?)
    }
}

#[async_trait]
impl Corrector for ModelCorrector<'_> {
    async fn correct(&self, draft: &str, judged: &[(Claim, Judgement)], policy: Policy) -> Correction {
        let rules = self.rules.rewrite(draft, judged, policy);
        let sentences = faulty(&Reading::new(draft, self.vocabulary), judged);
        if sentences.is_empty() {
            return rules;
        }
        let start = Instant::now();
        let failed = |mut rules: Correction, why: String| {
            rules
                .notes
                .push(format!("no sentence was rewritten by the model ({why}): the edits are by rule"));
            rules
        };
        let reply = match self.ask(&sentences).await {
            Ok(reply) => reply,
            Err(error) => return failed(rules, error.to_string()),
        };
        let usage = usage(&reply, self.model.capabilities().price, start);
        let rewritten = parse(&reply.text);
        let mut correction = match rewritten {
            Some(rewritten) if rewritten.sentences.len() == sentences.len() => {
                accepted(draft, judged, self.vocabulary, &sentences, &rewritten.sentences, rules)
            }
            _ => failed(rules, "its reply is not a list of the sentences".into()),
        };
        correction.usage = usage;
        correction
    }
}

fn parse(text: &str) -> Option<Rewritten> {
    let (start, end) = (text.find('{')?, text.rfind('}')?);
    serde_json::from_str(text.get(start..=end)?).ok()
}

/// The rules' correction with each sentence whose rewriting passes the gate in the place of the rules' edits of it.
fn accepted(
    draft: &str,
    judged: &[(Claim, Judgement)],
    vocabulary: &Vocabulary,
    sentences: &[Faulty],
    rewritten: &[String],
    rules: Correction,
) -> Correction {
    let mut correction = rules;
    for (sentence, new) in sentences.iter().zip(rewritten) {
        let whole = |span: Span| span.overlaps(sentence.span) && !sentence.span.contains(span);
        if correction.edits.iter().any(|edit| whole(edit.span)) {
            continue;
        }
        let gate = Gate { draft, sentence: sentence.span, judged, vocabulary };
        match gate.pass(new) {
            Ok(edits) => {
                let wrong = |index: &usize| judged[*index].1.verdict == Verdict::Contradicted;
                correction.edits.retain(|edit| {
                    let touched = edits.iter().any(|other| other.span.overlaps(edit.span));
                    !sentence.span.contains(edit.span) || !(touched || edit.claims.iter().any(wrong))
                });
                correction.edits.extend(edits);
                correction.notes.retain(|note| {
                    let left = |(claim, _): &&(Claim, Judgement)| {
                        sentence.span.contains(claim.span)
                            && note.starts_with(&format!("\"{}\" is contradicted", claim.surface))
                    };
                    !judged.iter().any(|each| left(&each))
                });
            }
            Err(refusal) => {
                tracing::debug!(new, %refusal, "a rewriting was refused");
                correction.notes.push(format!(
                    "the model's rewriting of \"{}\" was refused, for {refusal}: the edit by rule stands",
                    sentence.text
                ));
            }
        }
    }
    correction.edits.sort_by_key(|edit| edit.span);
    correction.text = compose::apply(draft, Span::new(0, draft.len()), &correction.edits);
    correction
}

/// The sentences that say something contradicted, with what is wrong in each.
fn faulty(reading: &Reading<'_>, judged: &[(Claim, Judgement)]) -> Vec<Faulty> {
    reading
        .sentences
        .iter()
        .filter_map(|range| {
            let span = reading.span(range);
            let remarks: Vec<String> = judged
                .iter()
                .filter(|(claim, judgement)| {
                    judgement.verdict == Verdict::Contradicted && span.contains(claim.span)
                })
                .map(|(claim, judgement)| remark(claim, judgement.truth.as_ref()))
                .collect();
            let text = span.of(reading.text)?.to_owned();
            (!remarks.is_empty()).then_some(Faulty { text, remarks, span })
        })
        .collect()
}

/// What is true in the place of a claim, for the model.
fn remark(claim: &Claim, truth: Option<&Assertion>) -> String {
    let instead = match truth {
        Some(Assertion::Count { count, .. }) => match count {
            CountBound::Exactly(number) => format!("the number is {number}"),
            CountBound::AtLeast(number) => format!("there are at least {number}"),
            CountBound::AtMost(number) => format!("there are at most {number}"),
            CountBound::Several => "there are several".to_owned(),
        },
        Some(Assertion::Color { color, .. }) => format!("the color is {color}"),
        Some(Assertion::Relation { relation, .. }) => format!("it is {relation}"),
        // What a picture says of itself stays data: quoted, on one line.
        Some(Assertion::Text { text, .. }) => format!("the text is \"{}\"", super::value::safe(text)),
        Some(Assertion::Existence { entity, present: true }) => {
            let label = entity.label.as_deref().unwrap_or(&entity.surface);
            let denied = matches!(claim.assertion, Assertion::Existence { present: false, .. });
            if denied { "there is one".to_owned() } else { format!("it is a {label}") }
        }
        None if matches!(claim.assertion, Assertion::Color { .. }) => {
            "it has another color, leave this one out".to_owned()
        }
        _ => "there is none, leave it out".to_owned(),
    };
    format!("\"{}\": {instead}", claim.surface)
}
