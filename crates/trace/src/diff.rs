//! Where two runs part.

use std::time::Duration;

use lavr_types::{Answer, CallRecord, CheckedClaim, Event, ImageId, Step, Usage, Verdict};
use serde_json::Value;

use crate::Trace;

/// A place at which two runs part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parting {
    /// Where: `question`, `step 2: thought`, `claim "a dog"`, ...
    pub place: String,
    /// What the one has; `None` where it has nothing there.
    pub one: Option<String>,
    /// What the other has.
    pub other: Option<String>,
}

/// Two runs, held against each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Where they part, in the order of a run.
    pub partings: Vec<Parting>,
    /// What each cost. Times never agree, so that costs alone make no parting.
    pub usage: [Usage; 2],
}

/// Says where two runs part: the question, the images, the model, steps with their calls and results, texts, claims,
/// notes. Times do not count.
pub fn diff(one: &Trace, other: &Trace) -> Comparison {
    let mut partings = Partings::default();
    partings.compare("question", one.header.question.as_deref(), other.header.question.as_deref());
    partings.lists("picture", &given(one), &given(other));
    partings.compare("model", model(one).as_deref(), model(other).as_deref());
    let (steps, other_steps) = (one.steps(), other.steps());
    for number in 0..steps.len().max(other_steps.len()) {
        partings.step(number + 1, steps.get(number), other_steps.get(number));
    }
    let nothing = |trace: &Trace| trace.answer().unwrap_or_else(|| unfinished(trace));
    let (answer, other_answer) = (nothing(one), nothing(other));
    partings.compare("draft", some(&answer.draft), some(&other_answer.draft));
    partings.claims(&answer.claims, &other_answer.claims);
    partings.compare("text", some(&answer.text), some(&other_answer.text));
    partings.lists("note", &answer.notes, &other_answer.notes);
    let timeless = |usage: Usage| Usage { elapsed: Duration::ZERO, ..usage };
    let usage = [answer.usage, other_answer.usage];
    if timeless(usage[0]) != timeless(usage[1]) {
        partings.compare("cost", Some(&cost(&usage[0])), Some(&cost(&usage[1])));
    }
    Comparison { partings: partings.0, usage }
}

#[derive(Default)]
struct Partings(Vec<Parting>);

impl Partings {
    fn compare(&mut self, place: &str, one: Option<&str>, other: Option<&str>) {
        if one != other {
            let own = |text: Option<&str>| text.map(str::to_owned);
            self.0.push(Parting { place: place.to_owned(), one: own(one), other: own(other) });
        }
    }

    /// What stands in one list alone.
    fn lists(&mut self, place: &str, one: &[String], other: &[String]) {
        for text in one.iter().filter(|text| !other.contains(text)) {
            self.compare(place, Some(text), None);
        }
        for text in other.iter().filter(|text| !one.contains(text)) {
            self.compare(place, None, Some(text));
        }
    }

    fn step(&mut self, number: usize, one: Option<&Step>, other: Option<&Step>) {
        let thought = |step: Option<&Step>| step.map(|step| step.thought.clone());
        let place = format!("step {number}");
        self.compare(&format!("{place}: thought"), thought(one).as_deref(), thought(other).as_deref());
        let calls = |step: Option<&Step>| step.map_or_else(Vec::new, |step| step.calls.clone());
        let (one, other) = (calls(one), calls(other));
        for index in 0..one.len().max(other.len()) {
            let place = format!("{place}: call {}", index + 1);
            let (one, other) = (one.get(index), other.get(index));
            let (asked, other_asked) = (one.map(call), other.map(call));
            self.compare(&place, asked.as_deref(), other_asked.as_deref());
            // Other calls have other results.
            if asked == other_asked {
                let (one, other) = (one.map(outcome), other.map(outcome));
                self.compare(&format!("{place}: result"), one.as_deref(), other.as_deref());
            }
        }
    }

    fn claims(&mut self, one: &[CheckedClaim], other: &[CheckedClaim]) {
        let same = |a: &CheckedClaim, b: &CheckedClaim| {
            a.claim.surface == b.claim.surface && a.claim.assertion == b.claim.assertion
        };
        let mut left: Vec<&CheckedClaim> = other.iter().collect();
        for claim in one {
            let found =
                left.iter().position(|candidate| same(claim, candidate)).map(|place| left.remove(place));
            let found = found.map(judged);
            self.compare(&place_of(claim), Some(&judged(claim)), found.as_deref());
        }
        for claim in left {
            self.compare(&place_of(claim), None, Some(&judged(claim)));
        }
    }
}

fn given(trace: &Trace) -> Vec<String> {
    let given = trace.header.images.iter().filter_map(|image| match &image.origin {
        lavr_types::ImageOrigin::Given { name } => Some(format!("{name} ({})", short(image.id))),
        _ => None,
    });
    given.collect()
}

/// The model that planned, if one did.
fn model(trace: &Trace) -> Option<String> {
    trace.events.iter().find_map(|line| match &line.event {
        Event::Replied { model, .. } => Some(model.clone()),
        Event::ModelFailed { failure, .. } => Some(failure.model.clone()),
        _ => None,
    })
}

/// What there is of a run that gave no answer.
fn unfinished(trace: &Trace) -> Answer {
    let draft = trace.events.iter().find_map(|line| match &line.event {
        Event::Drafted { draft } => Some(draft.text.clone()),
        _ => None,
    });
    Answer {
        question: trace.header.question.clone(),
        draft: draft.unwrap_or_default(),
        text: String::new(),
        claims: Vec::new(),
        steps: Vec::new(),
        notes: Vec::new(),
        usage: Usage::default(),
    }
}

fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn call(record: &CallRecord) -> String {
    format!("{} {}", record.call.tool, with_short_ids(&record.call.arguments))
}

fn outcome(record: &CallRecord) -> String {
    match &record.outcome {
        Ok(observation) => with_short_ids(&observation.value).to_string(),
        Err(failure) => failure.message.clone(),
    }
}

fn place_of(claim: &CheckedClaim) -> String {
    format!("claim \"{}\"", claim.claim.surface)
}

fn judged(claim: &CheckedClaim) -> String {
    let verdict = match claim.judgement.verdict {
        Verdict::Supported => "supported",
        Verdict::Contradicted => "contradicted",
        Verdict::Insufficient => "insufficient",
    };
    let edit = claim.replacement.as_ref().map_or_else(String::new, |text| format!(", now \"{text}\""));
    format!("{verdict}{edit}: {}", claim.judgement.reason)
}

fn cost(usage: &Usage) -> String {
    format!(
        "{} model calls, {} tokens read, {} written, {} tool calls (+{} known)",
        usage.model_calls, usage.input_tokens, usage.output_tokens, usage.tool_calls, usage.cached_calls
    )
}

fn with_short_ids(value: &Value) -> Value {
    match value {
        Value::String(text) => text.parse().map_or_else(|_| value.clone(), |id| Value::String(short(id))),
        Value::Array(items) => items.iter().map(with_short_ids).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, field)| (name.clone(), with_short_ids(field))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// Enough of an id for people to tell images apart.
fn short(id: ImageId) -> String {
    id.to_string().chars().take(12).collect()
}
