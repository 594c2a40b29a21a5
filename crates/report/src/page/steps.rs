//! The steps as a time line.

use std::collections::BTreeSet;

use lavr_types::FailureKind;
use maud::{Markup, html};
use serde_json::Value;

use super::{
    json::json,
    numbers::{count, counted, dollars, percent, seconds},
    pictures::Gallery,
    timeline::{Group, Kind, Row, Timeline, Turn, What},
};
use crate::{
    Document,
    document::{CallEntry, Outcome, mentioned},
    words::{arguments, cut, safe, value},
};

/// The most characters of a value that are shown; the JSON document has the rest.
const LONGEST_VALUE: usize = 20_000;

/// What the run did, and when.
pub(super) fn section(timeline: &Timeline, document: &Document, gallery: &Gallery<'_>) -> Markup {
    let scale = Scale::new(timeline);
    html! {
        @if !timeline.groups.is_empty() {
            section #steps {
                div.head {
                    h2 { "Steps" }
                    @if timeline.total.is_none() {
                        p.faint { "Bars show how long each call took; when it began is not part of this document." }
                    }
                    button #unfold.scripted type="button" title="open and fold all (e)" aria-pressed="false" { "unfold" }
                }
                (axis(&scale))
                ol.groups {
                    @for group in &timeline.groups { (group_of(group, &scale, document, gallery)) }
                }
            }
        }
    }
}

/// Seconds as a share of the line's length.
struct Scale {
    total: f64,
    /// Whether it is known when things happened.
    timed: bool,
}

impl Scale {
    fn new(timeline: &Timeline) -> Self {
        let longest = timeline.groups.iter().flat_map(|group| &group.rows).map(|row| row.seconds);
        let total = timeline.total.unwrap_or_else(|| longest.fold(0.0, f64::max));
        Self { total: total.max(1e-6), timed: timeline.total.is_some() }
    }

    fn at(&self, seconds: f64) -> String {
        percent(seconds, self.total)
    }

    /// Round numbers of seconds along the line.
    fn ticks(&self) -> Vec<f64> {
        let rough = self.total / 4.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|part| part * power).into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(self.total);
        (0..=8).map(|number| f64::from(number) * step).take_while(|tick| *tick <= self.total * 0.97).collect()
    }
}

fn axis(scale: &Scale) -> Markup {
    html! {
        div.row.axis aria-hidden="true" {
            span {} span {}
            svg.track {
                @for tick in scale.ticks() {
                    line.tick x1=(scale.at(tick)) x2=(scale.at(tick)) y1="14" y2="20" {}
                    text x=(scale.at(tick)) y="10" { (seconds(tick).replace(".0 ", " ")) }
                }
            }
            span {}
        }
    }
}

fn group_of(group: &Group, scale: &Scale, document: &Document, gallery: &Gallery<'_>) -> Markup {
    let words = match group.kind {
        // The draft stands above, with all that became of it.
        Kind::Draft if group.words == document.draft => String::new(),
        _ => safe(&group.words),
    };
    if words.trim().is_empty() && group.rows.is_empty() {
        return html! {};
    }
    html! {
        li.group {
            h3 {
                @match group.kind {
                    Kind::Step(number) => { "Step " (number) }
                    Kind::Draft => "Draft",
                    Kind::Wave(number) => { "Checks, wave " (number) }
                }
            }
            @if !words.trim().is_empty() { p.thought dir="auto" { (words) } }
            @for contradiction in &group.contradictions {
                p.contradiction {
                    (super::signs::sign(lavr_types::Verdict::Contradicted))
                    " the thought says " bdi { (safe(&contradiction.said)) } ", "
                    bdi { (safe(&contradiction.tool)) } " saw " bdi { (safe(&contradiction.seen)) }
                    " " bdi.faint { (safe(&contradiction.call.0)) }
                }
            }
            @for row in &group.rows {
                @match &row.what {
                    What::Turn(asked) => (turn(row, asked, scale)),
                    What::Call { call, ended } => (call_of(row, call, *ended, scale, gallery)),
                }
            }
        }
    }
}

fn turn(row: &Row, turn: &Turn, scale: &Scale) -> Markup {
    let name = if turn.model.is_empty() { "model" } else { &turn.model };
    html! {
        div class={ "row turn" @if turn.trouble.is_some() { " failed" } } {
            span.what title=(safe(name)) { bdi { (safe(name)) } }
            span.gist.faint {
                @if let Some(trouble) = &turn.trouble { bdi { (safe(trouble)) } " " }
                @if let Some(usage) = &turn.usage {
                    (count(usage.input_tokens)) " tokens read"
                    @if usage.cached_tokens > 0 { " (" (count(usage.cached_tokens)) " kept)" }
                    ", " (count(usage.output_tokens)) " written"
                }
                @if let Some(side) = turn.longest_side { " · pictures of at most " (side) " pixels a side" }
            }
            (track(row, if turn.trouble.is_some() { "bar failed" } else { "bar turn" }, scale))
            span.time { (seconds(row.seconds)) }
        }
    }
}

fn call_of(row: &Row, call: &CallEntry, ended: bool, scale: &Scale, gallery: &Gallery<'_>) -> Markup {
    let (class, gist) = match &call.outcome {
        _ if !ended => ("failed", "did not end".to_owned()),
        Outcome::Failure(failure) => ("failed", safe(&failure.message)),
        Outcome::Value(value) => (if call.cached { "cached" } else { "ran" }, gist(&gallery.named(value))),
    };
    html! {
        details class={ "call " (class) } {
            summary.row {
                span.what { bdi { (safe(&call.tool)) } }
                span.gist { bdi { (gist) } }
                (track(row, &format!("bar {class}"), scale))
                span.time { @if call.cached { "known" } @else { (seconds(row.seconds)) } }
            }
            (folded(call, ended, gallery))
        }
    }
}

fn gist(seen: &Value) -> String {
    safe(&seen.as_str().map_or_else(|| value(seen), str::to_owned))
}

fn folded(call: &CallEntry, ended: bool, gallery: &Gallery<'_>) -> Markup {
    let mut images = BTreeSet::new();
    mentioned(&call.arguments, &mut images);
    let asked = arguments(&call.arguments);
    html! {
        div.folded {
            p {
                code { (safe(&call.id.0)) }
                @if !images.is_empty() {
                    " on "
                    @for (place, id) in images.iter().enumerate() {
                        @if place > 0 { ", " }
                        @match gallery.link(*id) {
                            Some((target, name)) => { a href={ "#" (target) } data-picture=(target) { bdi { (name) } } }
                            None => { code { (id) } }
                        }
                    }
                }
                @if !asked.is_empty() { ": " bdi { (safe(&asked)) } }
                @if call.attempts > 1 { span.faint { " · " (call.attempts) " attempts" } }
                @if let Some(models) = &call.models {
                    span.faint {
                        " · " (counted(models.model_calls.into(), "turn", "turns")) " of a model: "
                        (count(models.input_tokens)) " tokens read, " (count(models.output_tokens)) " written"
                        @if let Some(cost) = models.cost.filter(|cost| *cost > 0.0) { ", " (dollars(cost)) }
                    }
                }
            }
            @for repair in &call.repairs { p.faint { "repaired: " bdi { (safe(&cut(&repair.to_string()))) } } }
            @match &call.outcome {
                _ if !ended => {}
                Outcome::Value(value) => { pre dir="ltr" { (json(value, LONGEST_VALUE)) } }
                Outcome::Failure(failure) => { p { (failed(failure.kind)) ": " bdi { (safe(&failure.message)) } } }
            }
        }
    }
}

fn track(row: &Row, class: &str, scale: &Scale) -> Markup {
    let start = if scale.timed { row.start.unwrap_or_default() } else { 0.0 };
    html! {
        svg.track aria-hidden="true" {
            @if scale.timed || row.seconds > 0.0 {
                rect class=(class) x=(scale.at(start)) y="5" width=(scale.at(row.seconds)) height="8" rx="1" {}
            }
        }
    }
}

const fn failed(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::UnknownTool => "no such tool",
        FailureKind::InvalidArguments => "the arguments do not fit",
        FailureKind::Unavailable => "not available",
        FailureKind::TimedOut => "took too long",
        FailureKind::Cancelled => "given up",
        FailureKind::Panicked => "the tool panicked",
        FailureKind::Refused => "refused",
        FailureKind::OverBudget => "over the budget",
        _ => "failed",
    }
}
