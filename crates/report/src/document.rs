//! The JSON document of an answer, for programs. `docs/json.md` describes it for people,
//! `docs/answer.schema.json` for validators.

use std::collections::BTreeSet;

use lavr_image::{ImageStore, Origin};
use lavr_types::{
    Answer, CallId, CallRecord, CheckedClaim, ClaimKind, Contradiction, Evidence, Failure, ImageId, Rect,
    Region, Repair, RunId, Span, Trust, Verdict,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The name and version of the document's layout. The number rises when a reader of the older layout would
/// misread the newer one; new fields alone do not raise it.
pub const SCHEMA: &str = "lavr/answer/1";

/// Strings in a tool's value from this length on are looked at for encoded bytes.
const LONGEST_TOKEN: usize = 512;

/// What `lavr ask`, `lavr caption` and `lavr verify` print with `--json`: one answer with its reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// The name and version of this layout: `lavr/answer/1`.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: String,
    /// The name of the run, where its trace was kept: `lavr runs show NAME`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub run: Option<RunId>,
    /// The question; `null` where a text was only checked or a picture described.
    #[serde(default)]
    pub question: Option<String>,
    /// The text before correction.
    pub draft: String,
    /// The text after correction; byte for byte the draft where no claim is contradicted.
    pub text: String,
    /// `text` with the boxes of what was found in it, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_with_boxes: Option<String>,
    /// The claims of the draft.
    pub claims: Vec<ClaimEntry>,
    /// How the draft came about: the planner's thoughts and calls.
    pub steps: Vec<StepEntry>,
    /// The pictures that were asked about, in the order given, then those that the run cut out of them.
    pub images: Vec<ImageEntry>,
    /// What a reader has to know: a fallback taken, a limit reached, a check left out.
    pub notes: Vec<String>,
    /// What the run cost.
    pub usage: UsageEntry,
}

/// A claim and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClaimEntry {
    /// The bytes of the draft that make the claim: `[start, end]`, counted in UTF-8.
    pub span: Span,
    /// Those bytes.
    pub surface: String,
    /// What kind of claim it is.
    pub kind: ClaimKind,
    /// What the pixels say.
    pub verdict: Verdict,
    /// What stands in `text` in place of the span; `null` where it was left alone.
    pub replacement: Option<String>,
    /// How sure the verifier is of the verdict, 0 to 1.
    pub confidence: f64,
    /// Why, in one sentence.
    pub reason: String,
    /// Whether the text hedges the claim ("seems to").
    pub hedged: bool,
    /// What the verdict rests on.
    pub evidence: Vec<EvidenceEntry>,
}

/// One fact seen in one region of one image by one call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceEntry {
    /// The picture as it was given, also where the tool looked at a part of it.
    pub image: ImageId,
    /// Where: `[left, top, right, bottom]` in pixels of `image`.
    pub region: Rect,
    /// The tool that saw it.
    pub tool: String,
    /// What was seen: a label, a text, a colour, ...
    pub value: Value,
    /// How sure the tool is, 0 to 1, in its own scale.
    pub score: f64,
    /// The call that saw it, where it is known.
    pub call: Option<CallId>,
    /// `untrusted` where the value is text that the picture itself carries.
    pub trust: Trust,
}

/// One thought and its calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepEntry {
    /// What the planner thought.
    pub thought: String,
    /// Where the thought contradicts what the run had seen by then; left out where it does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contradictions: Vec<Contradiction>,
    /// Its calls, in order.
    pub calls: Vec<CallEntry>,
}

/// A call and what came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CallEntry {
    /// The call's name within the run.
    pub id: CallId,
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: Value,
    /// What came back: `value` or `failure`.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Whether the value came from the evidence cache.
    pub cached: bool,
    /// How long the call took.
    pub seconds: f64,
    /// How often a tool was run for it.
    #[serde(default)]
    pub attempts: u32,
    /// What was done beyond running the call as it was asked for: mended, made again, made by another tool.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<Repair>,
    /// What the chat models cost that were asked for it; left out where none was. It is part of the run's `usage`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub models: Option<ModelUsageEntry>,
}

/// What chat models cost that were asked on behalf of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelUsageEntry {
    /// Their turns.
    pub model_calls: u32,
    /// Tokens that they read, those found in a prefix cache included.
    pub input_tokens: u64,
    /// Tokens that they wrote.
    pub output_tokens: u64,
    /// What those tokens cost in US dollars, where the models' prices are known: an estimate, no bill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
}

/// What came back from a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The tool's value. Strings of encoded bytes are left out.
    Value(Value),
    /// Why there is none.
    Failure(Failure),
}

/// A picture that the run looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ImageEntry {
    /// Its name in this document.
    pub id: ImageId,
    /// The path or name under which the caller gave it; `null` for a picture that the run made.
    pub name: Option<String>,
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// Where a picture that the run made lies in the picture it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<PartOf>,
    /// The picture that it was cut out of, with the place there, where that is itself one that the run made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_from: Option<PartOf>,
}

/// A place in a picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PartOf {
    /// The picture.
    pub image: ImageId,
    /// `[left, top, right, bottom]` in its pixels.
    pub region: Rect,
}

/// What a run cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UsageEntry {
    /// Turns of chat models.
    pub model_calls: u32,
    /// Tokens read by chat models, those found in a prefix cache included.
    pub input_tokens: u64,
    /// Of these, tokens found in a prefix cache.
    pub cached_tokens: u64,
    /// Tokens written by chat models.
    pub output_tokens: u64,
    /// What those tokens cost in US dollars, where the models' prices are known: an estimate, no bill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Tool calls that ran.
    pub tool_calls: u32,
    /// Tool calls answered from the evidence cache.
    pub cached_calls: u32,
    /// Time from question to answer.
    pub seconds: f64,
}

impl Document {
    /// The document of an answer. `names` are the pictures that were asked about, in the order given, each with
    /// the path or name that the caller knows it by.
    ///
    /// Regions are mapped to the pictures that were given and cut off at their edges. An image that the store
    /// does not hold keeps its own id and pixels. Numbers that are not finite become 0.
    pub fn new(answer: &Answer, store: &ImageStore, names: &[(ImageId, String)]) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            run: None,
            question: answer.question.clone(),
            draft: answer.draft.clone(),
            text: answer.text.clone(),
            text_with_boxes: None,
            claims: answer.claims.iter().map(|checked| claim_entry(checked, store)).collect(),
            steps: answer.steps.iter().map(step_entry).collect(),
            images: images(answer, store, names),
            notes: answer.notes.clone(),
            usage: UsageEntry {
                model_calls: answer.usage.model_calls,
                input_tokens: answer.usage.input_tokens,
                cached_tokens: answer.usage.cached_tokens,
                output_tokens: answer.usage.output_tokens,
                cost: answer.usage.cost.map(|cost| rounded(cost, 1e6)),
                tool_calls: answer.usage.tool_calls,
                cached_calls: answer.usage.cached_calls,
                seconds: rounded(answer.usage.elapsed.as_secs_f64(), 1e3),
            },
        }
    }

    /// The JSON schema of the document, as in `docs/answer.schema.json`.
    pub fn json_schema() -> Value {
        schemars::schema_for!(Self).to_value()
    }
}

pub(crate) fn claim_entry(checked: &CheckedClaim, store: &ImageStore) -> ClaimEntry {
    let (claim, judgement) = (&checked.claim, &checked.judgement);
    ClaimEntry {
        span: claim.span,
        surface: claim.surface.clone(),
        kind: claim.kind(),
        verdict: judgement.verdict,
        replacement: checked.replacement.clone(),
        confidence: rounded(judgement.confidence.into(), 1e4),
        reason: judgement.reason.clone(),
        hedged: claim.hedged,
        evidence: judgement.evidence.iter().map(|evidence| evidence_entry(evidence, store)).collect(),
    }
}

fn evidence_entry(evidence: &Evidence, store: &ImageStore) -> EvidenceEntry {
    let (image, region) = place_on_root(&evidence.region, store);
    EvidenceEntry {
        image,
        region,
        tool: evidence.tool.clone(),
        value: without_bytes(&evidence.value),
        score: rounded(evidence.score.into(), 1e4),
        call: evidence.call.clone(),
        trust: evidence.trust,
    }
}

/// The root image of a region and the box on it, inside the image, to a hundredth of a pixel.
pub(crate) fn place_on_root(region: &Region, store: &ImageStore) -> (ImageId, Rect) {
    let region = store.to_root(region).unwrap_or(*region);
    (region.image, within(&region))
}

/// The box in pixels, inside its image, to a hundredth of a pixel.
fn within(region: &Region) -> Rect {
    let whole = region.size.bounds();
    let bounds = region.pixels();
    let bounds = if bounds.is_finite() { bounds.clamped(whole) } else { whole };
    <[f64; 4]>::from(bounds).map(|side| rounded(side, 1e2)).into()
}

fn step_entry(step: &lavr_types::Step) -> StepEntry {
    StepEntry {
        thought: step.thought.clone(),
        contradictions: step.contradictions.clone(),
        calls: step.calls.iter().map(call_entry).collect(),
    }
}

pub(crate) fn call_entry(record: &CallRecord) -> CallEntry {
    CallEntry {
        id: record.call.id.clone(),
        tool: record.call.tool.clone(),
        arguments: without_bytes(&record.call.arguments),
        outcome: match &record.outcome {
            Ok(observation) => Outcome::Value(without_bytes(&observation.value)),
            Err(failure) => Outcome::Failure(failure.clone()),
        },
        cached: record.cached,
        seconds: rounded(record.elapsed.as_secs_f64(), 1e6),
        attempts: record.attempts,
        repairs: record.repairs.clone(),
        models: (record.models.model_calls > 0).then(|| ModelUsageEntry {
            model_calls: record.models.model_calls,
            input_tokens: record.models.input_tokens,
            output_tokens: record.models.output_tokens,
            cost: record.models.cost.map(|cost| rounded(cost, 1e6)),
        }),
    }
}

fn images(answer: &Answer, store: &ImageStore, names: &[(ImageId, String)]) -> Vec<ImageEntry> {
    let given = names.iter().filter_map(|(id, name)| image_entry(*id, Some(name.clone()), store));
    let mut made = BTreeSet::new();
    for record in answer.steps.iter().flat_map(|step| &step.calls) {
        mentioned(&record.call.arguments, &mut made);
        if let Ok(observation) = &record.outcome {
            mentioned(&observation.value, &mut made);
            made.extend(&observation.show);
        }
    }
    for id in made.clone() {
        made.extend(between(id, store));
    }
    made.retain(|id| names.iter().all(|(name, _)| name != id));
    given.chain(made.into_iter().filter_map(|id| image_entry(id, None, store))).collect()
}

/// The images between one that the run made and the picture that was given.
fn between(id: ImageId, store: &ImageStore) -> Vec<ImageId> {
    let parent = |id: &ImageId| match store.get(*id).ok()?.origin {
        Origin::Derived { parent, .. } => Some(parent),
        Origin::Root => None,
    };
    std::iter::successors(parent(&id), parent).filter(|id| parent(id).is_some()).collect()
}

fn image_entry(id: ImageId, name: Option<String>, store: &ImageStore) -> Option<ImageEntry> {
    let image = store.get(id).ok()?;
    let size = image.size();
    let (mut part_of, mut cut_from) = (None, None);
    if let Origin::Derived { parent, to_parent } = image.origin {
        let (root, region) = place_on_root(&Region::whole(id, size), store);
        part_of = Some(PartOf { image: root, region });
        let in_parent =
            Region::in_pixels(parent, store.size_of(parent).ok()?, to_parent.apply_rect(size.bounds()));
        cut_from = (parent != root).then(|| PartOf { image: parent, region: within(&in_parent) });
    }
    Some(ImageEntry { id, name, width: size.width, height: size.height, part_of, cut_from })
}

/// The images that a value names.
pub(crate) fn mentioned(value: &Value, found: &mut BTreeSet<ImageId>) {
    match value {
        Value::String(text) => found.extend(text.parse::<ImageId>().ok()),
        Value::Array(items) => items.iter().for_each(|item| mentioned(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| mentioned(field, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The value with encoded bytes left out: pictures go by id, and a tool from outside may not know that.
pub(crate) fn without_bytes(value: &Value) -> Value {
    match value {
        Value::String(text) if is_encoded(text) => {
            Value::String(format!("({} bytes of encoded data left out)", text.len()))
        }
        Value::Array(items) => items.iter().map(without_bytes).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, field)| (name.clone(), without_bytes(field))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Whether a text is a data address or one long run of base64 or hexadecimal digits.
fn is_encoded(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_\r\n".contains(&byte);
    (text.starts_with("data:") && text.contains(";base64,"))
        || (text.len() >= LONGEST_TOKEN && text.bytes().all(is_digit))
}

fn rounded(number: f64, parts: f64) -> f64 {
    if number.is_finite() { (number * parts).round() / parts } else { 0.0 }
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
