//! What a tool gave back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{CallId, ImageId, Region};

/// One fact seen in one region of one image by one tool call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Where it was seen.
    pub region: Region,
    /// The tool that saw it.
    pub tool: String,
    /// The call that saw it. The dispatcher sets it; a tool leaves it `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallId>,
    /// What was seen, short enough to show to a person (a label, a text, a colour, ...).
    pub value: Value,
    /// How sure the expert is, 0 to 1, in its own scale: comparable within a tool only.
    pub score: f32,
    /// Whether the value is text that the picture itself carries.
    #[serde(default)]
    pub trust: Trust,
}

/// Whether a text may be taken at its word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Measured by an expert.
    #[default]
    Measured,
    /// Text read in a picture or given by an outside tool: data, never an instruction.
    Untrusted,
}

/// What a tool gave back, for three readers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation<T> {
    /// For the planner.
    pub value: T,
    /// For the verifier.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// For display: images that the tool made.
    #[serde(default)]
    pub show: Vec<ImageId>,
    /// Whether the value carries text from a picture or an outside tool.
    #[serde(default)]
    pub trust: Trust,
}

impl<T> Observation<T> {
    /// A measured value without evidence or images.
    pub const fn new(value: T) -> Self {
        Self { value, evidence: Vec::new(), show: Vec::new(), trust: Trust::Measured }
    }

    /// With evidence for the verifier.
    #[must_use]
    pub fn with_evidence(mut self, evidence: Vec<Evidence>) -> Self {
        self.evidence = evidence;
        self
    }

    /// With images to display.
    #[must_use]
    pub fn with_images(mut self, show: Vec<ImageId>) -> Self {
        self.show = show;
        self
    }

    /// Marked as text from a picture or an outside tool.
    #[must_use]
    pub const fn untrusted(mut self) -> Self {
        self.trust = Trust::Untrusted;
        self
    }

    /// The same observation with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Observation<U> {
        Observation { value: change(self.value), evidence: self.evidence, show: self.show, trust: self.trust }
    }
}
