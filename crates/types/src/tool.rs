//! Tools as data: what they are called, what they take, what became of a call.

use std::{
    fmt::{self, Write as _},
    time::Duration,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Names one call of one run: `call_1`, `call_2`, ... in the order in which the dispatcher took them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct CallId(pub String);

impl fmt::Display for CallId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A call that a planner, a plan or the verifier asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToolCall {
    /// The call's name, unique within its run.
    pub id: CallId,
    /// The tool's name.
    pub tool: String,
    /// Its arguments, an object.
    pub arguments: Value,
}

/// What kind of question a tool answers, so that one expert can stand in for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Capability {
    /// Finds objects. Gives [`crate::perception::Detections`].
    Detect,
    /// Finds objects and which pixels show them. Gives [`crate::perception::Instances`].
    Segment,
    /// Finds people and the points of their bodies. Gives [`crate::perception::Poses`].
    Pose,
    /// Reads text. Gives [`crate::perception::TextLines`].
    ReadText,
    /// Names colours. Gives [`crate::perception::ColorReport`].
    MeasureColor,
    /// Relates two regions. Gives [`crate::perception::RelationReport`].
    Relate,
    /// Describes an image. Gives [`crate::perception::Caption`].
    Caption,
    /// Answers a question about an image. Gives [`crate::perception::VisualAnswer`].
    Answer,
    /// Makes another image.
    Transform,
    /// Anything else.
    Other,
}

/// Whether calls of a tool may run at the same time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Concurrency {
    /// Any number at once.
    #[default]
    Shared,
    /// One at a time.
    Exclusive,
    /// So many at once; 0 is read as 1.
    AtMost(u32),
}

impl Concurrency {
    /// The most calls at once; `None` for any number.
    pub const fn limit(self) -> Option<u32> {
        match self {
            Self::Shared => None,
            Self::Exclusive | Self::AtMost(0) => Some(1),
            Self::AtMost(calls) => Some(calls),
        }
    }
}

/// What is known of a tool without calling it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and every combination occurs")]
pub struct ToolSpec {
    /// Its name, unique in a registry: lower case letters, digits and `_`.
    pub name: String,
    /// What it does and when to use it, for the planner.
    pub description: String,
    /// Raised when the same call may give another result; part of the evidence cache's key.
    pub version: u32,
    /// JSON schema of the arguments.
    pub arguments: Value,
    /// JSON schema of the value.
    pub output: Value,
    /// What kind of question it answers.
    pub capability: Capability,
    /// Whether calls may run side by side.
    pub concurrency: Concurrency,
    /// How long one call may take.
    pub timeout: Duration,
    /// Whether equal arguments give an equal observation, so that it may be kept.
    pub cacheable: bool,
    /// Whether a call made twice does no more than one made once, so that one that timed out may be made again.
    #[serde(default = "yes")]
    pub idempotent: bool,
    /// Whether somebody has to approve each call before it runs.
    #[serde(default)]
    pub needs_approval: bool,
    /// Whether a chat model does its looking: what that model is shown is paid for, not what the arguments name.
    #[serde(default, skip_serializing_if = "is_no")]
    pub asks_model: bool,
    /// The network that it looks with, by its name in the catalogue, where another may stand in its place: what its scores
    /// mean depends on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_no(answer: &bool) -> bool {
    !*answer
}

impl ToolSpec {
    /// A tool of no special capability that only looks: shared, cacheable, idempotent, two minutes a call.
    pub fn new(name: impl Into<String>, description: impl Into<String>, arguments: Value) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            version: 1,
            arguments,
            output: Value::Object(serde_json::Map::new()),
            capability: Capability::Other,
            concurrency: Concurrency::Shared,
            timeout: Duration::from_secs(120),
            cacheable: true,
            idempotent: true,
            needs_approval: false,
            asks_model: false,
            network: None,
        }
    }
}

impl ToolSpec {
    /// Names all that is said of the tool, as the SHA-256 of it in hexadecimal: two tools of one name with the same
    /// fingerprint are offered to a planner in the same words, take the same arguments, and run with or without approval.
    pub fn fingerprint(&self) -> String {
        let (version, arguments) = (self.version.to_string(), self.arguments.to_string());
        let said = [&*self.name, &*self.description, &*version, &*arguments];
        // Only where it is so: runs that were put away before approval was part of it know their tools again.
        let approval = self.needs_approval.then_some("approval");
        let mut digest = Sha256::new();
        for part in said.into_iter().chain(approval) {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        digest.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
            _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// What kind of failure a call met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureKind {
    /// No tool has this name.
    UnknownTool,
    /// The arguments do not fit the schema, or name something that does not exist.
    InvalidArguments,
    /// The tool needs something that is not there (a model file, a vision model).
    Unavailable,
    /// The tool took longer than it may.
    TimedOut,
    /// The caller gave up.
    Cancelled,
    /// The tool panicked.
    Panicked,
    /// The tool failed in a way that may pass: the same call may succeed if made again.
    Transient,
    /// The tool failed in another way.
    Failed,
    /// The tool failed so often in a row that it is not called for a while.
    CircuitOpen,
    /// The run may not make this call (a repeat, over a limit, or somebody refused it).
    Refused,
    /// The call would cost more than the run has left.
    OverBudget,
    /// Somebody has to approve the call first, and nobody has decided yet.
    AwaitingApproval,
}

/// Why a call has no observation. `message` is safe to show to a planner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// The kind.
    pub kind: FailureKind,
    /// What was wrong and how to mend it, without paths, secrets or source chains.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tool_that_begins_to_ask_for_approval_or_stops_is_another() {
        let free = ToolSpec::new("shred", "Shreds a file.", json!({ "type": "object" }));
        let guarded = ToolSpec { needs_approval: true, ..free.clone() };
        assert_ne!(free.fingerprint(), guarded.fingerprint());
        assert_eq!(free.fingerprint(), ToolSpec { cacheable: false, ..free.clone() }.fingerprint());
    }

    #[test]
    fn the_fingerprint_of_a_tool_that_needs_no_approval_is_that_of_older_runs() {
        let spec = ToolSpec::new("shred", "Shreds a file.", json!({ "type": "object" }));
        let old = "5a8bcf84085eae37c8d3f6029a1a9d002aa82a254e15cfafb3047d28bf68b2c4";
        assert_eq!(spec.fingerprint(), old);
    }

    #[test]
    fn specs_of_older_traces_are_still_read() {
        let spec = ToolSpec::new("detect", "Finds objects.", json!({ "type": "object" }));
        let mut old = serde_json::to_value(&spec).unwrap();
        assert_eq!(old["asks_model"], Value::Null, "what says nothing is not written");
        old.as_object_mut()
            .unwrap()
            .retain(|name, _| !["idempotent", "needs_approval"].contains(&name.as_str()));
        assert_eq!(serde_json::from_value::<ToolSpec>(old).unwrap(), spec);
    }
}
