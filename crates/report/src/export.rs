//! Answers as training data: what the methods that correct a model before it speaks learn from.
//!
//! Every line is one JSON object in the layout that LLaVA-style trainers read: `id`, `image` (the name the picture was
//! given by) and either `conversations`, in which `human` and `gpt` take turns and `<image>` stands for the picture, or a
//! `prompt` with a `chosen` and a `rejected` reply.

use serde::Serialize;
use serde_json::{Value, json};

use crate::document::{CallEntry, Document, Outcome};
use lavr_types::Verdict;

/// What is put to a model where the document holds no question.
const DESCRIBE: &str = "Describe the image.";

/// What is made of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    /// Instruction, picture, corrected answer (LLaVA's visual instruction data).
    Instructions,
    /// The corrected answer preferred to the draft, where they differ (direct preference optimization).
    Preferences,
    /// The whole run as a conversation: thoughts and calls, what came back, the corrected answer.
    ToolUse,
}

/// A line of training data.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Example {
    /// A conversation.
    Conversation {
        /// Names the example.
        id: String,
        /// The picture, as the run was given it.
        image: String,
        /// The turns; human first.
        conversations: Vec<Turn>,
    },
    /// A choice between two replies.
    Preference {
        /// Names the example.
        id: String,
        /// The picture, as the run was given it.
        image: String,
        /// What both reply to.
        prompt: String,
        /// The corrected text.
        chosen: String,
        /// The draft.
        rejected: String,
        /// What was wrong with the draft and how it is known, for those who filter.
        corrections: Vec<Value>,
    },
}

/// A turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Turn {
    /// `human` or `gpt`.
    pub from: &'static str,
    /// What is said.
    pub value: String,
}

impl Turn {
    fn human(value: impl Into<String>) -> Self {
        Self { from: "human", value: value.into() }
    }

    fn model(value: impl Into<String>) -> Self {
        Self { from: "gpt", value: value.into() }
    }
}

/// Why a document gives no example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// The layout has one picture an example; the run had none or several.
    NotOnePicture,
    /// The text was only checked: whose answer to what it is, is not known.
    NoAnswer,
    /// Nothing was corrected, so there is nothing to prefer.
    NothingCorrected,
    /// No tool was called.
    NoCalls,
    /// Claims of the corrected text are unverified, and only verified texts were asked for.
    Unverified,
}

impl std::fmt::Display for Unusable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::NotOnePicture => "not about one picture",
            Self::NoAnswer => "no answer or description, only a text that was checked",
            Self::NothingCorrected => "nothing was corrected",
            Self::NoCalls => "no tool was called",
            Self::Unverified => "claims are unverified",
        })
    }
}

impl Export {
    /// Makes an example of a document. `verified_only` leaves out those whose text holds claims that nothing
    /// confirmed: a model learns to say what it is rewarded for.
    ///
    /// # Errors
    /// Why the document gives no example of this kind.
    pub fn example(self, id: &str, document: &Document, verified_only: bool) -> Result<Example, Unusable> {
        let mut given = document.images.iter().filter_map(|image| image.name.as_ref());
        let (Some(image), None) = (given.next(), given.next()) else { return Err(Unusable::NotOnePicture) };
        let kept_unverified = document
            .claims
            .iter()
            .any(|claim| claim.verdict == Verdict::Insufficient && claim.replacement.as_deref() != Some(""));
        if verified_only && kept_unverified {
            return Err(Unusable::Unverified);
        }
        let (id, image) = (id.to_owned(), image.clone());
        let asked = document.question.as_deref();
        let prompt = format!("<image>\n{}", asked.unwrap_or(DESCRIBE));
        match self {
            Self::Instructions => {
                // A checked text may be anyone's answer to anything; a run with steps is a caption or an answer.
                if asked.is_none() && document.steps.is_empty() {
                    return Err(Unusable::NoAnswer);
                }
                let conversations = vec![Turn::human(prompt), Turn::model(&document.text)];
                Ok(Example::Conversation { id, image, conversations })
            }
            Self::Preferences => {
                if document.draft == document.text {
                    return Err(Unusable::NothingCorrected);
                }
                let corrections = document.claims.iter().filter_map(|claim| {
                    let replacement = claim.replacement.as_ref()?;
                    Some(json!({
                        "span": claim.span, "surface": claim.surface, "kind": claim.kind,
                        "replacement": replacement, "reason": claim.reason, "confidence": claim.confidence,
                    }))
                });
                Ok(Example::Preference {
                    id,
                    image,
                    prompt,
                    chosen: document.text.clone(),
                    rejected: document.draft.clone(),
                    corrections: corrections.collect(),
                })
            }
            Self::ToolUse => {
                let mut turns = vec![Turn::human(prompt)];
                for step in document.steps.iter().filter(|step| !step.calls.is_empty()) {
                    let calls: Vec<Value> = step
                        .calls
                        .iter()
                        .map(|call| json!({ "tool": call.tool, "args": call.arguments }))
                        .collect();
                    turns.push(Turn::model(json!({ "thought": step.thought, "calls": calls }).to_string()));
                    let results: Vec<String> = step.calls.iter().map(result).collect();
                    turns.push(Turn::human(results.join("\n")));
                }
                if turns.len() == 1 {
                    return Err(Unusable::NoCalls);
                }
                turns.push(Turn::model(json!({ "answer": document.text }).to_string()));
                Ok(Example::Conversation { id, image, conversations: turns })
            }
        }
    }
}

fn result(call: &CallEntry) -> String {
    match &call.outcome {
        Outcome::Value(value) => format!("{} {}: {value}", call.id.0, call.tool),
        Outcome::Failure(failure) => format!("{} {} failed: {}", call.id.0, call.tool, failure.message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::dogs;

    fn document() -> Document {
        let sample = dogs();
        let name = (sample.root, "dogs.jpg".to_owned());
        let mut document = Document::new(&sample.answer, &sample.store, &[name]);
        document.question = Some("What is to be seen?".into());
        document
    }

    #[test]
    fn the_three_layouts() {
        let document = document();
        let lines: Vec<String> = [Export::Instructions, Export::Preferences, Export::ToolUse]
            .into_iter()
            .map(|export| {
                serde_json::to_string_pretty(&export.example("run-1", &document, false).unwrap()).unwrap()
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn what_gives_no_example_says_why() {
        let mut document = document();
        assert_eq!(Export::Instructions.example("a", &document, true), Err(Unusable::Unverified));
        document.text = document.draft.clone();
        assert_eq!(Export::Preferences.example("a", &document, false), Err(Unusable::NothingCorrected));
        document.steps.clear();
        assert_eq!(Export::ToolUse.example("a", &document, false), Err(Unusable::NoCalls));
        document.question = None;
        assert_eq!(Export::Instructions.example("a", &document, false), Err(Unusable::NoAnswer));
        document.images.clear();
        assert_eq!(Export::ToolUse.example("a", &document, false), Err(Unusable::NotOnePicture));
    }

    #[test]
    fn people_and_models_take_turns() {
        let Example::Conversation { conversations, .. } =
            Export::ToolUse.example("a", &document(), false).unwrap()
        else {
            panic!("a conversation");
        };
        for (place, turn) in conversations.iter().enumerate() {
            assert_eq!(turn.from, if place % 2 == 0 { "human" } else { "gpt" });
        }
        assert_eq!(conversations.len() % 2, 0);
    }
}
