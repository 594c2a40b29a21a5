//! What a reader has to know, what it cost, and the document itself.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{
    numbers::{count, counted, dollars, seconds},
    timeline::Timeline,
};
use crate::{Document, document::Outcome, words::safe};

/// The notes of the run.
pub(super) fn notes(document: &Document) -> Markup {
    html! {
        @if !document.notes.is_empty() {
            section #notes {
                h2 { "Notes" }
                ul { @for note in &document.notes { li { bdi { (safe(note)) } } } }
            }
        }
    }
}

/// Calls of one tool.
#[derive(Default)]
struct Spent {
    ran: u64,
    known: u64,
    failed: u64,
    seconds: f64,
}

/// What the run cost, as a whole and by tool.
pub(super) fn section(document: &Document, timeline: &Timeline) -> Markup {
    let usage = &document.usage;
    let mut tools = BTreeMap::<&str, Spent>::new();
    for call in timeline.calls() {
        let spent = tools.entry(&call.tool).or_default();
        match call.outcome {
            Outcome::Value(_) if call.cached => spent.known += 1,
            Outcome::Value(_) => spent.ran += 1,
            Outcome::Failure(_) => spent.failed += 1,
        }
        spent.seconds += call.seconds;
    }
    html! {
        section #costs {
            h2 { "Costs" }
            div.costs {
                dl {
                    dt { "time" } dd { (seconds(usage.seconds)) }
                    dt { "tools" }
                    dd {
                        (counted(usage.tool_calls.into(), "call", "calls"))
                        @if usage.cached_calls > 0 {
                            span.faint { ", " (count(usage.cached_calls.into())) " more known already" }
                        }
                    }
                    dt { "models" }
                    dd {
                        @if usage.model_calls == 0 { "no call" } @else {
                            (counted(usage.model_calls.into(), "call", "calls")) ", "
                            (count(usage.input_tokens)) " tokens read"
                            @if usage.cached_tokens > 0 {
                                span.faint { " (" (count(usage.cached_tokens)) " kept)" }
                            }
                            ", " (count(usage.output_tokens)) " written"
                        }
                    }
                    @if let Some(cost) = usage.cost {
                        dt { "money" } dd { (dollars(cost)) span.faint { ", by the prices noted for the models" } }
                    }
                }
                @if !tools.is_empty() {
                    table {
                        thead {
                            tr { th scope="col" { "tool" } th scope="col" { "ran" } th scope="col" { "known" }
                                th scope="col" { "failed" } th scope="col" { "time" } }
                        }
                        tbody {
                            @for (tool, spent) in tools {
                                tr {
                                    th scope="row" { bdi { (safe(tool)) } }
                                    @for number in [spent.ran, spent.known, spent.failed] {
                                        td { @if number > 0 { (count(number)) } @else { span.faint { "–" } } }
                                    }
                                    td { (seconds(spent.seconds)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The JSON document, folded.
pub(super) fn document(document: &Document) -> Markup {
    let value = serde_json::to_value(document).unwrap_or_default();
    html! {
        section #json {
            details {
                summary { "JSON document" }
                pre dir="ltr" { (super::json::json(&value, usize::MAX)) }
            }
        }
    }
}
