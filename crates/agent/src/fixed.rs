//! The plan that needs no model: look, read, measure, answer from the evidence.

use std::collections::BTreeMap;

use lavr_model::Reply;
use lavr_prompt::PromptError;
use lavr_types::{
    CallRecord, Capability, ToolSpec, Vocabulary,
    perception::{Caption, ColorQuality, ColorReport, Detection, Detections, TextLines},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{Decision, Misunderstanding, Plan, Planner, PlannerRecord, Situation};

/// Looks for objects and text, measures the colours of what was found, and composes the answer from that.
/// It serves where there is no planner model, or where one has failed.
#[derive(Debug, Clone, Copy, Default)]
pub struct FixedPlanner;

/// Objects whose colour is measured, the best of each image.
const MEASURED_OBJECTS: usize = 4;
/// A detection below this is not spoken of (the model card of the detector: a hit over 0.5 is good evidence).
const SPOKEN_SCORE: f32 = 0.5;
/// Lines of text that an answer quotes.
const QUOTED_LINES: usize = 6;

impl Planner for FixedPlanner {
    fn record(&self, _: &str, _: &[&ToolSpec]) -> PlannerRecord {
        PlannerRecord::Fixed
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, PromptError> {
        let seen = Seen::gather(situation);
        let calls = if situation.must_answer { Vec::new() } else { next_calls(situation, &seen) };
        Ok(Plan::Decided(if calls.is_empty() {
            let cites = situation.citable();
            let thought = "Everything that the plan asks for was looked at.".to_owned();
            Decision::Answer { thought, text: compose(situation, &seen), cites }
        } else {
            let thought = if situation.turns.is_empty() {
                "Look for objects and read the text."
            } else {
                "Measure the colors of what was found."
            };
            Decision::Call { thought: thought.to_owned(), calls }
        }))
    }

    fn read(&self, _: &Situation<'_>, _: &Reply) -> Result<Decision, Misunderstanding> {
        Err(Misunderstanding("A fixed plan asks no model.".into()))
    }
}

/// What the calls so far have shown.
#[derive(Default)]
struct Seen {
    objects: Vec<(Value, Detection)>,
    lines: Vec<String>,
    /// Colour by image and box, as the calls wrote them.
    colors: Vec<(Value, ColorReport)>,
    caption: Option<String>,
}

impl Seen {
    fn gather(situation: &Situation<'_>) -> Self {
        let mut seen = Self::default();
        for record in situation.records() {
            let capability = situation
                .tools
                .iter()
                .find(|tool| tool.name == record.call.tool)
                .map_or(Capability::Other, |tool| tool.capability);
            let image = &record.call.arguments["image"];
            match capability {
                Capability::Detect => {
                    let found = value::<Detections>(record).map(|found| found.objects).unwrap_or_default();
                    for object in found.into_iter().filter(|object| object.score >= SPOKEN_SCORE) {
                        let known = seen.objects.iter().any(|(other_image, other)| {
                            other_image == image
                                && other.label == object.label
                                && other.bounds.iou(object.bounds) > 0.5
                        });
                        if !known {
                            seen.objects.push((image.clone(), object));
                        }
                    }
                }
                Capability::ReadText => {
                    let lines = value::<TextLines>(record).map(|read| read.lines).unwrap_or_default();
                    seen.lines.extend(lines.into_iter().map(|line| line.text));
                }
                Capability::MeasureColor => {
                    if let Some(report) = value(record) {
                        seen.colors.push((record.call.arguments.clone(), report));
                    }
                }
                Capability::Caption => {
                    seen.caption = value::<Caption>(record).map(|caption| caption.text).or(seen.caption);
                }
                _ => {}
            }
        }
        seen
    }

    /// The colour of an object in one word, where it has one.
    fn color(&self, image: &Value, object: &Detection) -> Option<&str> {
        let region = json!(object.bounds);
        let (_, report) =
            self.colors.iter().find(|(args, _)| args["image"] == *image && args["region"] == region)?;
        (report.quality == ColorQuality::Clear)
            .then(|| report.colors.first().map(|color| color.name.as_str()))?
    }
}

fn value<T: DeserializeOwned>(record: &CallRecord) -> Option<T> {
    serde_json::from_value(record.outcome.as_ref().ok()?.value.clone()).ok()
}

fn next_calls(situation: &Situation<'_>, seen: &Seen) -> Vec<(String, Value)> {
    let tool = |capability| situation.tools.iter().find(|tool| tool.capability == capability);
    let called = |name: &str, args: &Value| situation.records().any(|record| record.answers(name, args));
    let mut calls = Vec::new();
    for capability in [Capability::Detect, Capability::ReadText] {
        let Some(tool) = tool(capability) else { continue };
        for (image, _) in situation.images {
            calls.push((tool.name.clone(), json!({ "image": image })));
        }
    }
    calls.retain(|(name, args)| !called(name, args));
    if !calls.is_empty() {
        return calls;
    }
    if let Some(tool) = tool(Capability::MeasureColor) {
        let asked = asked_labels(situation.question);
        let wanted = |object: &Detection| asked.is_empty() || asked.contains(&object.label);
        let objects = seen.objects.iter().filter(|(_, object)| wanted(object)).take(MEASURED_OBJECTS);
        for (image, object) in objects {
            calls.push((tool.name.clone(), json!({ "image": image, "region": object.bounds })));
        }
        calls.retain(|(name, args)| !called(name, args));
    }
    calls
}

/// The labels that the question speaks of.
fn asked_labels(question: &str) -> Vec<String> {
    let vocabulary = Vocabulary::builtin();
    let words: Vec<&str> =
        question.split(|c: char| !c.is_alphanumeric() && c != '-').filter(|word| !word.is_empty()).collect();
    let mut labels = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let Some(found) = vocabulary.longest_match(&words[at..]) else {
            at += 1;
            continue;
        };
        labels.extend(found.labels.iter().map(|label| (*label).to_owned()));
        at += found.words.max(1);
    }
    labels
}

fn compose(situation: &Situation<'_>, seen: &Seen) -> String {
    let vocabulary = Vocabulary::builtin();
    let asked = asked_labels(situation.question);
    let mut counts: BTreeMap<&str, Vec<Option<&str>>> = BTreeMap::new();
    for (image, object) in &seen.objects {
        if asked.is_empty() || asked.contains(&object.label) {
            counts.entry(&object.label).or_default().push(seen.color(image, object));
        }
    }
    let mut sentences = Vec::new();
    for (label, colors) in &counts {
        let number = colors.len() as u32;
        let noun = if number == 1 { (*label).to_owned() } else { vocabulary.plural(label) };
        let number_word = vocabulary.number_word(number).map_or_else(|| number.to_string(), str::to_owned);
        let verb = if number == 1 { "is" } else { "are" };
        sentences.push(format!("There {verb} {number_word} {noun}."));
        if let [Some(color)] = colors.as_slice() {
            sentences.push(format!("The {label} is {color}."));
        }
    }
    if asked.is_empty() || asks_for_text(situation.question) {
        let lines: Vec<String> = seen
            .lines
            .iter()
            .take(QUOTED_LINES)
            .map(|line| format!("\"{}\"", line.replace('"', "'")))
            .collect();
        match lines.as_slice() {
            [] => {}
            [line] => sentences.push(format!("The text reads {line}.")),
            several => sentences.push(format!("The text reads {}.", several.join(", "))),
        }
    }
    if sentences.is_empty() {
        if let Some(caption) = seen.caption.as_ref().filter(|_| asked.is_empty()) {
            return caption.clone();
        }
        return "Nothing that the experts here can recognise with confidence answers this question.".into();
    }
    sentences.join(" ")
}

fn asks_for_text(question: &str) -> bool {
    const WORDS: [&str; 9] = ["text", "read", "say", "says", "written", "word", "words", "sign", "title"];
    question.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|word| WORDS.contains(&word))
}
