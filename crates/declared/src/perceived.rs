//! The value that tools of a capability give, so that a declared tool may stand in for an expert.

use lavr_tool::ToolError;
use lavr_types::{
    Capability,
    perception::{
        Caption, ColorReport, Detection, Detections, Instances, Poses, RelationReport, TextLine, TextLines,
        VisualAnswer,
    },
};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::mapping::{Mapping, Seen};

/// The value in the shape of the capability: made of the facts where the declaration says where they stand, else checked.
pub(crate) fn value(
    mapping: &Mapping,
    value: Value,
    whole: &Value,
    seen: Vec<Seen>,
) -> Result<Value, ToolError> {
    let has_facts = !mapping.answer.evidence.is_empty();
    match mapping.capability {
        Capability::Detect if has_facts => written(&detections(mapping, seen)?),
        Capability::Detect => fitting::<Detections>(mapping, value),
        Capability::ReadText if has_facts => written(&lines(mapping, seen)?),
        Capability::ReadText => fitting::<TextLines>(mapping, value),
        Capability::Caption => match text(mapping, whole)? {
            Some(text) => written(&Caption { text, source: mapping.tool.clone(), unseen: Vec::new() }),
            None => fitting::<Caption>(mapping, value),
        },
        Capability::Answer => match text(mapping, whole)? {
            Some(answer) => written(&VisualAnswer { answer, model: mapping.tool.clone(), shown_at: None }),
            None => fitting::<VisualAnswer>(mapping, value),
        },
        Capability::Segment => fitting::<Instances>(mapping, value),
        Capability::Pose => fitting::<Poses>(mapping, value),
        Capability::MeasureColor => fitting::<ColorReport>(mapping, value),
        Capability::Relate => fitting::<RelationReport>(mapping, value),
        _ => match text(mapping, whole)? {
            Some(text) => Ok(json!({ "text": text })),
            None => Ok(value),
        },
    }
}

/// The schema of the value; `None` where the capability leaves it open.
pub(crate) fn schema(capability: Capability) -> Option<Value> {
    Some(match capability {
        Capability::Detect => schema_of::<Detections>(),
        Capability::ReadText => schema_of::<TextLines>(),
        Capability::Caption => schema_of::<Caption>(),
        Capability::Answer => schema_of::<VisualAnswer>(),
        Capability::Segment => schema_of::<Instances>(),
        Capability::Pose => schema_of::<Poses>(),
        Capability::MeasureColor => schema_of::<ColorReport>(),
        Capability::Relate => schema_of::<RelationReport>(),
        _ => return None,
    })
}

fn schema_of<T: JsonSchema>() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

fn text(mapping: &Mapping, whole: &Value) -> Result<Option<String>, ToolError> {
    let Some(place) = &mapping.answer.text else { return Ok(None) };
    let text = mapping.at(whole, place)?.as_str();
    text.map(|text| Some(text.to_owned())).ok_or_else(|| mapping.wrong(format!("has no text at `{place}`")))
}

fn detections(mapping: &Mapping, seen: Vec<Seen>) -> Result<Detections, ToolError> {
    let objects = seen.into_iter().map(|fact| {
        let label = fact.label.ok_or_else(|| mapping.wrong("has an object without a label"))?;
        Ok(Detection { label, bounds: fact.region.pixels(), score: fact.score })
    });
    let mut objects = objects.collect::<Result<Vec<_>, ToolError>>()?;
    objects.sort_by(|a, b| b.score.total_cmp(&a.score));
    Ok(Detections { objects, ..Detections::default() })
}

fn lines(mapping: &Mapping, seen: Vec<Seen>) -> Result<TextLines, ToolError> {
    let lines = seen.into_iter().map(|fact| {
        let text = fact.text.ok_or_else(|| mapping.wrong("has a line without text"))?;
        Ok(TextLine { text, quad: fact.region.pixels().into(), score: fact.score })
    });
    Ok(TextLines { lines: lines.collect::<Result<_, ToolError>>()? })
}

/// The value as it is, if it has the shape.
fn fitting<T: DeserializeOwned + Serialize>(mapping: &Mapping, value: Value) -> Result<Value, ToolError> {
    let read: T = serde_json::from_value(value).map_err(|error| {
        let what = format!("does not have the shape of its capability ({error})");
        mapping.wrong(what).caused_by(error)
    })?;
    written(&read)
}

fn written(value: &impl Serialize) -> Result<Value, ToolError> {
    serde_json::to_value(value)
        .map_err(|error| ToolError::failed("the result could not be written as JSON").caused_by(error))
}
