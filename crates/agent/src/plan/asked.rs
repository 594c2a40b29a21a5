//! A call as it was asked for: the dispatcher may have mended it, or had another tool stand in.

use lavr_types::{CallRecord, Repair};
use serde_json::Value;

/// The tool and the arguments that were asked for, every repair of the record taken back.
pub(super) fn asked(record: &CallRecord) -> (String, Value) {
    let (mut tool, mut arguments) = (record.call.tool.clone(), record.call.arguments.clone());
    for repair in record.repairs.iter().rev() {
        match repair {
            Repair::ToolRenamed { from, .. } | Repair::StoodIn { from, .. } => tool.clone_from(from),
            Repair::ArgumentRenamed { from, to } => {
                if let Some(value) = arguments.as_object_mut().and_then(|arguments| arguments.remove(to)) {
                    arguments[from.as_str()] = value;
                }
            }
            Repair::ArgumentChanged { at, from, .. } => {
                if let Some(place) = arguments.pointer_mut(at) {
                    place.clone_from(from);
                }
            }
            Repair::ArgumentLeftOut { name } => arguments[name.as_str()] = Value::Null,
            // The same call once more; or a kind of repair that nobody knows yet.
            _ => {}
        }
    }
    (tool, arguments)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lavr_types::{CallId, Failure, FailureKind, Observation, ToolCall};
    use serde_json::json;

    use super::*;

    #[test]
    fn every_repair_is_taken_back() {
        let failure = Failure { kind: FailureKind::Failed, message: "no".into() };
        let call = ToolCall {
            id: CallId("call_1".into()),
            tool: "other".into(),
            arguments: json!({ "image": "a", "labels": ["dog"] }),
        };
        let mut record = CallRecord::ran(call, Ok(Observation::new(json!({}))), Duration::ZERO);
        record.repairs = vec![
            Repair::ToolRenamed { from: "detekt".into(), to: "detect".into() },
            Repair::ArgumentRenamed { from: "label".into(), to: "labels".into() },
            Repair::ArgumentChanged { at: "/labels".into(), from: json!("dog"), to: json!(["dog"]) },
            Repair::ArgumentLeftOut { name: "region".into() },
            Repair::Retried { failure: failure.clone(), waited: Duration::ZERO },
            Repair::StoodIn { from: "detect".into(), to: "other".into(), failure },
        ];
        let (tool, arguments) = asked(&record);
        assert_eq!(tool, "detekt");
        assert_eq!(arguments, json!({ "image": "a", "label": "dog", "region": null }));
    }
}
