//! Receipts: a call, what became of it, and what was done so that it could succeed.

use std::{fmt, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Failure, Observation, ToolCall, Usage, perception::VisualAnswer};

/// Something that was done beyond running the call as it was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "repair")]
#[non_exhaustive]
pub enum Repair {
    /// The tool's name was misspelt, and one tool has a name like it.
    ToolRenamed {
        /// As it was asked for.
        from: String,
        /// As it was read.
        to: String,
    },
    /// An argument's name was misspelt, and one argument has a name like it.
    ArgumentRenamed {
        /// As it was asked for.
        from: String,
        /// As it was read.
        to: String,
    },
    /// A value was written in another form than the schema asks for, and can be read in one way only.
    ArgumentChanged {
        /// Where in the arguments, as a JSON pointer.
        at: String,
        /// As it was asked for.
        from: Value,
        /// As it was read.
        to: Value,
    },
    /// An argument that says nothing (`null`) and that the tool does not take was left out.
    ArgumentLeftOut {
        /// Its name.
        name: String,
    },
    /// The tool failed and was called again.
    Retried {
        /// How it failed.
        failure: Failure,
        /// How long was waited before the next attempt.
        waited: Duration,
    },
    /// Another tool of the same capability was called instead.
    StoodIn {
        /// The tool that failed.
        from: String,
        /// The tool that was called instead.
        to: String,
        /// How the first failed.
        failure: Failure,
    },
}

impl fmt::Display for Repair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ToolRenamed { from, to } => write!(formatter, "tool `{from}` read as `{to}`"),
            Self::ArgumentRenamed { from, to } => write!(formatter, "argument `{from}` read as `{to}`"),
            Self::ArgumentChanged { at, from, to } => {
                write!(formatter, "{from} at `{at}` read as {to}")
            }
            Self::ArgumentLeftOut { name } => write!(formatter, "argument `{name}` left out: it was null"),
            Self::Retried { failure, .. } => write!(formatter, "called again after: {}", failure.message),
            Self::StoodIn { from, to, failure } => {
                write!(formatter, "`{to}` stood in for `{from}`: {}", failure.message)
            }
        }
    }
}

/// A call and what became of it: the receipt that claims and answers are held against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    /// The call as it ran: after repairs, its tool and arguments may be others than were asked for.
    pub call: ToolCall,
    /// Its observation, or why there is none.
    pub outcome: Result<Observation<Value>, Failure>,
    /// Whether the observation came from the evidence cache.
    pub cached: bool,
    /// How long it took.
    pub elapsed: Duration,
    /// How often a tool was run for it: 0 where the cache answered or the call was turned down before it ran.
    #[serde(default)]
    pub attempts: u32,
    /// What was done beyond running the call as it was asked for, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<Repair>,
    /// What the turns of chat models cost that it took: of the tool's own model, and of those that it had other tools ask,
    /// attempts that failed included; and how many calls it had other tools make. Nothing where the cache answered: the call
    /// that filled it paid.
    #[serde(default, skip_serializing_if = "Usage::is_nothing")]
    pub models: Usage,
}

impl CallRecord {
    /// A call that ran once, as it was asked for.
    pub fn ran(call: ToolCall, outcome: Result<Observation<Value>, Failure>, elapsed: Duration) -> Self {
        let models = Usage::default();
        Self { call, outcome, cached: false, elapsed, attempts: 1, repairs: Vec::new(), models }
    }

    /// The call itself, without what it had others do: how often a tool ran for it, or that the cache answered.
    pub fn own(&self) -> Usage {
        Usage { tool_calls: self.attempts, cached_calls: u32::from(self.cached), ..Usage::default() }
    }

    /// All that it cost: itself, the calls that it had other tools make, and the turns of chat models.
    pub fn usage(&self) -> Usage {
        let mut usage = self.own();
        usage += self.models;
        usage
    }

    /// Whether it is the record of a call that was asked for so: as it ran, or as it was before its repairs.
    pub fn answers(&self, tool: &str, arguments: &Value) -> bool {
        let is_it = |call: &ToolCall| call.tool == tool && call.arguments == *arguments;
        is_it(&self.call) || (!self.repairs.is_empty() && is_it(&self.asked()))
    }

    /// The call as it was asked for: what ran, with its repairs taken back.
    pub fn asked(&self) -> ToolCall {
        let mut call = self.call.clone();
        for repair in self.repairs.iter().rev() {
            match repair {
                Repair::ToolRenamed { from, .. } | Repair::StoodIn { from, .. } => call.tool.clone_from(from),
                Repair::ArgumentRenamed { from, to } => {
                    if let Some(fields) = call.arguments.as_object_mut()
                        && let Some(value) = fields.remove(to)
                    {
                        fields.insert(from.clone(), value);
                    }
                }
                Repair::ArgumentChanged { at, from, .. } => {
                    if let Some(place) = call.arguments.pointer_mut(at) {
                        place.clone_from(from);
                    }
                }
                Repair::ArgumentLeftOut { name } => {
                    if let Some(fields) = call.arguments.as_object_mut() {
                        fields.insert(name.clone(), Value::Null);
                    }
                }
                Repair::Retried { .. } => {}
            }
        }
        call
    }

    /// What a reader has to know of a call whose model was shown a smaller picture than it takes.
    pub fn shown_smaller(&self) -> Option<String> {
        let answer = VisualAnswer::deserialize(&self.outcome.as_ref().ok()?.value).ok()?;
        let tool = &self.call.tool;
        answer.shown_at.map(|_| {
            format!("little was left of the budget of pixels: the model of `{tool}` saw a smaller picture than it takes")
        })
    }

    /// A call that was turned down before any tool ran.
    pub fn not_run(call: ToolCall, failure: Failure) -> Self {
        Self { attempts: 0, ..Self::ran(call, Err(failure), Duration::ZERO) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{CallId, FailureKind};

    #[test]
    fn a_repaired_call_answers_what_was_asked() {
        let arguments = json!({ "labels": ["dog"] });
        let call = ToolCall { id: CallId("call_1".into()), tool: "detect_small".into(), arguments };
        let failure = Failure { kind: FailureKind::Failed, message: "no".into() };
        let renamed = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        let ((tool, detect), (label, labels)) = (renamed("detct", "detect"), renamed("label", "labels"));
        let repairs = vec![
            Repair::ToolRenamed { from: tool, to: detect.clone() },
            Repair::ArgumentRenamed { from: label, to: labels },
            Repair::ArgumentLeftOut { name: "tiles".into() },
            Repair::ArgumentChanged { at: "/labels".into(), from: json!("dog"), to: json!(["dog"]) },
            Repair::StoodIn { from: detect, to: "detect_small".into(), failure },
        ];
        let record =
            CallRecord { repairs, ..CallRecord::ran(call, Ok(Observation::new(json!({}))), Duration::ZERO) };
        assert!(record.answers("detct", &json!({ "label": "dog", "tiles": null })));
        assert!(record.answers("detect_small", &json!({ "labels": ["dog"] })));
        assert!(!record.answers("detct", &json!({ "label": "cat" })));
    }

    #[test]
    fn records_of_older_traces_are_still_read() {
        let old = json!({
            "call": { "id": "call_1", "tool": "detect", "arguments": {} },
            "outcome": { "Err": { "kind": "failed", "message": "no" } },
            "cached": false,
            "elapsed": { "secs": 0, "nanos": 0 },
        });
        let record: CallRecord = serde_json::from_value(old).unwrap();
        assert_eq!((record.attempts, record.repairs.len()), (0, 0));
    }
}
