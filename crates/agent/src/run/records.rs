//! What a run reads from the records of its calls, and what it notes of them.

use lavr_types::{CallRecord, Failure, FailureKind, Repair, ToolCall, perception::Detections};
use serde::Deserialize;

/// The note of pictures that could not be shown even so.
pub(super) const PICTURES_LEFT_OUT: &str =
    "too little was left of the budget of pixels to show the planner's model all pictures";

/// The note of the first time that pictures are made smaller for the planner's model.
pub(super) fn smaller_pictures(longest_side: u32) -> String {
    format!(
        "little was left of the budget of pixels: the planner's model saw smaller pictures than it takes, at first with {longest_side} pixels on \
         their longest side"
    )
}

/// The record of a call that the run turned down.
pub(crate) fn refused_record(call: &ToolCall, repairs: &[Repair], failure: &Failure) -> CallRecord {
    CallRecord { repairs: repairs.to_vec(), ..CallRecord::not_run(call.clone(), failure.clone()) }
}

pub(super) fn is_of(record: &CallRecord, kind: FailureKind) -> bool {
    record.outcome.as_ref().is_err_and(|failure| failure.kind == kind)
}

/// What a reader has to know of a call that saw less than it was asked to: small planners take it for a proof of absence.
pub(super) fn shortcoming(record: &CallRecord) -> Option<String> {
    match &record.outcome {
        Err(Failure { kind: FailureKind::Unavailable | FailureKind::Panicked, message }) => {
            Some(format!("`{}` could not help: {message}", record.call.tool))
        }
        Err(_) => None,
        Ok(observation) => {
            if let Some(note) = record.shown_smaller() {
                return Some(note);
            }
            let unknown = Detections::deserialize(&observation.value).ok()?.unknown_labels;
            let words = unknown.join("\", \"");
            (!unknown.is_empty()).then(|| {
                format!("`{}` does not know \"{words}\": whether it is there was not seen", record.call.tool)
            })
        }
    }
}
