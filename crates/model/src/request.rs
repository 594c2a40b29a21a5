//! One turn as it is put to a model.

use std::collections::HashSet;

use lavr_types::{CallId, Fingerprint, ImageId, ToolCall};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Capabilities, Verbatim};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The rules of the conversation.
    System,
    /// The person, or the program on its behalf.
    User,
    /// The model.
    Assistant,
    /// Results of the tools that the model called.
    Tool,
}

impl Role {
    /// Whether images in messages of this role are shown to a model.
    pub const fn takes_images(self) -> bool {
        matches!(self, Self::User | Self::Tool)
    }
}

/// A piece of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "part")]
pub enum Part {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// An image, by id. The adapter fetches it and shrinks it to what its model takes, or to [`TurnRequest::longest_side`].
    Image {
        /// The image.
        image: ImageId,
        /// What stands for it where the model cannot see it.
        alternative: String,
    },
    /// A call that the assistant made.
    ToolCall {
        /// The call.
        call: ToolCall,
    },
    /// What came back from a call.
    ToolResult {
        /// The call that it answers.
        call: CallId,
        /// The result as JSON.
        value: Value,
        /// Whether it tells of a failure.
        failed: bool,
    },
    /// The assistant's turn as a service gave it ([`crate::Reply::verbatim`]), beside the parts that say the same. The
    /// adapter of that service sends it in their place, its calls answered by the message's calls in order; any other
    /// leaves it out.
    Verbatim {
        /// The turn.
        verbatim: Verbatim,
    },
}

/// A message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub parts: Vec<Part>,
}

impl Message {
    /// A message of text alone.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self { role, parts: vec![Part::Text { text: text.into() }] }
    }
}

/// A tool as a model is told of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolDeclaration {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// JSON schema of its arguments.
    pub arguments: Value,
}

/// What form the reply must have.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseFormat {
    /// Any text.
    #[default]
    Text,
    /// One JSON document that fits this schema.
    Schema {
        /// A short name for the schema (letters, digits, `_`).
        name: String,
        /// The schema.
        schema: Value,
    },
}

/// How tokens are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// 0 takes the likeliest token each time.
    pub temperature: f32,
    /// Seeds the choice where the model allows it.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 0.0, seed: 0 }
    }
}

/// One turn of a conversation, as it is put to a model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TurnRequest {
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// How many of the first messages are the same from run to run (rules, demonstrations): what a model
    /// that keeps the state of a prefix on disk should keep.
    #[serde(default)]
    pub stable_messages: usize,
    /// Tools that the model may call in its own format; empty where it may not.
    #[serde(default)]
    pub tools: Vec<ToolDeclaration>,
    /// What form the reply must have.
    #[serde(default)]
    pub format: ResponseFormat,
    /// The most tokens that the reply may have.
    pub max_tokens: usize,
    /// The longest side of the images as they are sent, in pixels, where that is less than the model takes. Whoever sets it
    /// reads and writes places in images of this size; `None` leaves it to the adapter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_side: Option<u32>,
    /// How tokens are chosen.
    #[serde(default)]
    pub sampling: Sampling,
}

impl TurnRequest {
    /// The images that a model with these capabilities is shown, each once: those of [`Part::Image`] in what it is told (no
    /// model sees pictures in rules or in its own words), the ones mentioned last if there are too many, in the order of
    /// their last mention.
    pub fn shown(&self, capabilities: &Capabilities) -> Vec<ImageId> {
        let most = if capabilities.images { capabilities.max_images } else { 0 };
        let spoken_to = self.messages.iter().filter(|message| message.role.takes_images());
        let mentioned = spoken_to.flat_map(|message| &message.parts).filter_map(|part| match part {
            Part::Image { image, .. } => Some(*image),
            _ => None,
        });
        let mut seen = HashSet::new();
        // From the end: the last mention counts.
        let mut latest: Vec<_> = mentioned.rev().filter(|image| seen.insert(*image)).take(most).collect();
        latest.reverse();
        latest
    }

    /// Tells whether two requests are the same: what a trace keeps of a request.
    pub fn fingerprint(&self) -> Fingerprint {
        // Strings, numbers and lists alone: nothing of a request can fail to be written.
        Fingerprint::of(&serde_json::to_vec(self).unwrap_or_default())
    }
}
