//! The lines of `cassette.jsonl`.

use lavr_model::{Capabilities, StreamEvent, TurnRequest};
use lavr_types::{Failure, ModelFailure, Observation, ToolSpec, TraceImage, Usage};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The name of the file.
pub(super) const FILE: &str = "cassette.jsonl";
/// The name of the folder with the images that tools made.
pub(super) const IMAGES: &str = "images";
/// The version of the format.
pub(super) const VERSION: u32 = 1;

/// A line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "record")]
pub(super) enum Line {
    /// The first.
    Cassette { version: u32, lavr: String },
    /// A model, before its first turn.
    Model { name: String, capabilities: Capabilities },
    /// A tool, before its first call.
    Tool { spec: ToolSpec },
    /// What a model said to a request.
    Turn(Turn),
    /// What a tool gave to a call.
    Call(Call),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Turn {
    pub(super) model: String,
    pub(super) request: TurnRequest,
    /// Pieces of text that followed each other stand as one.
    pub(super) events: Vec<StreamEvent>,
    /// Why it broke off, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<ModelFailure>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Call {
    pub(super) tool: String,
    pub(super) arguments: Value,
    pub(super) outcome: Result<Observation<Value>, Failure>,
    /// The images that the outcome speaks of and the arguments do not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) images: Vec<TraceImage>,
    /// What chat models cost that were asked on the way.
    #[serde(default, skip_serializing_if = "Usage::is_nothing")]
    pub(super) models: Usage,
}
