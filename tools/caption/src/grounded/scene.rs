//! Asking the experts.

use futures::future::join_all;
use lavr_tool::{ToolContext, ToolError};
use lavr_types::{
    Capability, Evidence, FailureKind, Observation, Rect, Region,
    perception::{ColorQuality, ColorReport, Detections, RelationReport, TextLines},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Objects with a lower score are spoken of as doubtful.
pub(super) const SURE: f32 = 0.5;

/// The most objects that are looked at closely.
const MOST_OBJECTS: usize = 24;

/// The most groups of objects that are spoken of.
pub(super) const MOST_GROUPS: usize = 6;

/// A box of this share inside another of the same label shows a part of the same object.
const PART: f64 = 0.8;

/// Something that an expert said, and what it rests on.
#[derive(Debug, Clone)]
pub(super) struct Said<T> {
    pub(super) value: T,
    pub(super) evidence: Vec<Evidence>,
}

/// An object.
#[derive(Debug, Clone)]
pub(super) struct Thing {
    pub(super) label: String,
    pub(super) bounds: Rect,
    pub(super) score: f32,
    pub(super) evidence: Option<Evidence>,
}

/// Objects of one label.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) label: String,
    pub(super) things: Vec<Thing>,
    /// The colour that all of them clearly have.
    pub(super) color: Option<Said<String>>,
}

/// How one object lies relative to another of the scene, or where in the picture.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    pub(super) subject: String,
    /// `None`: in the picture.
    pub(super) object: Option<String>,
    pub(super) said: Said<RelationReport>,
}

/// A line of text.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) bounds: Rect,
    pub(super) score: f32,
    pub(super) evidence: Option<Evidence>,
}

/// What the experts said of a region. `None`: nobody could look.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    /// Whether the region is a part of the image only.
    pub(super) is_part: bool,
    /// Found for sure, largest first.
    pub(super) groups: Option<Vec<Group>>,
    /// Found with little confidence.
    pub(super) doubtful: Vec<Thing>,
    pub(super) relations: Vec<Relation>,
    pub(super) lines: Option<Vec<Line>>,
    /// The colours of the whole, asked for when there is nothing else to say.
    pub(super) colors: Option<Said<ColorReport>>,
    /// What could not be looked at, and why.
    pub(super) unseen: Vec<String>,
}

impl Scene {
    /// Asks every expert that is there.
    pub(super) async fn look(region: Region, context: &ToolContext) -> Result<Self, ToolError> {
        let is_part = region.pixels() != region.size.bounds();
        let mut arguments = json!({ "image": region.image });
        if is_part {
            arguments["region"] = json!(region.pixels());
        }
        let (detections, lines) = futures::join!(
            try_to_ask::<Detections>(context, Capability::Detect, arguments.clone()),
            try_to_ask::<TextLines>(context, Capability::ReadText, arguments.clone()),
        );
        let mut unseen = Vec::new();
        let detections =
            detections?.map_err(|why| unseen.push(format!("objects were not looked for: {why}"))).ok();
        let lines = lines?.map_err(|why| unseen.push(format!("text was not read: {why}"))).ok();
        if detections.is_none() && lines.is_none() {
            return Err(ToolError::unavailable(
                "nobody here can look for objects or read text, so the image cannot be described",
            ));
        }
        let lines = lines.map(read_lines);
        let mut scene = Self {
            is_part,
            groups: None,
            doubtful: Vec::new(),
            relations: Vec::new(),
            lines,
            colors: None,
            unseen,
        };
        if let Some(detections) = detections {
            let (sure, doubtful): (Vec<_>, Vec<_>) =
                things(detections).into_iter().partition(|thing| thing.score >= SURE);
            scene.doubtful = doubtful;
            let mut groups = grouped(sure);
            for group in &mut groups {
                group.color = color_of(context, region, group).await?;
            }
            scene.relations = relations(context, region, &groups).await?;
            scene.groups = Some(groups);
        }
        let nothing = scene.groups.as_ref().is_none_or(Vec::is_empty);
        if nothing {
            scene.colors = ask::<ColorReport>(context, Capability::MeasureColor, arguments).await?;
        }
        Ok(scene)
    }
}

/// Asks the expert of a capability. `None` where there is none, or it failed.
async fn ask<T: DeserializeOwned>(
    context: &ToolContext,
    capability: Capability,
    arguments: Value,
) -> Result<Option<Said<T>>, ToolError> {
    try_to_ask(context, capability, arguments).await.map(Result::ok)
}

/// Asks the expert of a capability. The inner error says why there is no answer.
async fn try_to_ask<T: DeserializeOwned>(
    context: &ToolContext,
    capability: Capability,
    arguments: Value,
) -> Result<Result<Said<T>, String>, ToolError> {
    match context.call(capability, arguments).await {
        Ok(Observation { value, evidence, .. }) => match serde_json::from_value(value) {
            Ok(value) => Ok(Ok(Said { value, evidence })),
            Err(error) => Err(ToolError::failed(format!(
                "the expert for {capability:?} gave another kind of result than expected"
            ))
            .caused_by(error)),
        },
        Err(error) if error.kind == FailureKind::Cancelled => Err(error),
        Err(error) => Ok(Err(error.message)),
    }
}

/// The evidence that belongs to a box.
fn evidence_at(evidence: &[Evidence], bounds: Rect) -> Option<Evidence> {
    evidence.iter().find(|one| one.region.pixels().iou(bounds) > 0.99).cloned()
}

fn things(said: Said<Detections>) -> Vec<Thing> {
    let mut kept: Vec<Thing> = Vec::new();
    for object in said.value.objects.into_iter().take(MOST_OBJECTS) {
        let is_part = |other: &Thing| {
            other.label == object.label
                && (object.bounds.share_inside(other.bounds) > PART
                    || other.bounds.share_inside(object.bounds) > PART)
        };
        if !kept.iter().any(is_part) {
            let evidence = evidence_at(&said.evidence, object.bounds);
            kept.push(Thing { label: object.label, bounds: object.bounds, score: object.score, evidence });
        }
    }
    kept
}

/// By label; the label whose largest object is the largest first.
fn grouped(things: Vec<Thing>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for thing in things {
        match groups.iter_mut().find(|group| group.label == thing.label) {
            Some(group) => group.things.push(thing),
            None => groups.push(Group { label: thing.label.clone(), things: vec![thing], color: None }),
        }
    }
    let largest = |group: &Group| group.things.iter().map(|thing| thing.bounds.area()).fold(0.0, f64::max);
    groups.sort_by(|a, b| largest(b).total_cmp(&largest(a)));
    groups.truncate(MOST_GROUPS);
    groups
}

/// The colour that every member clearly has. People are not asked about: their clothes have colours, they have not.
async fn color_of(
    context: &ToolContext,
    region: Region,
    group: &Group,
) -> Result<Option<Said<String>>, ToolError> {
    if group.label == "person" {
        return Ok(None);
    }
    let measure = |thing: &Thing| {
        let arguments = json!({ "image": region.image, "region": thing.bounds });
        ask::<ColorReport>(context, Capability::MeasureColor, arguments)
    };
    let mut common: Option<Said<String>> = None;
    for report in join_all(group.things.iter().map(measure)).await {
        let Some(Said { value, evidence }) = report? else { return Ok(None) };
        let Some(color) = value.colors.first().filter(|_| value.quality == ColorQuality::Clear) else {
            return Ok(None);
        };
        match &mut common {
            Some(common) if common.value == color.name => common.evidence.extend(evidence),
            Some(_) => return Ok(None),
            None => common = Some(Said { value: color.name.clone(), evidence }),
        }
    }
    Ok(common)
}

/// Relations worth telling: of single objects to the largest single one, of the two of a pair, or, where there is one
/// object only, its place.
async fn relations(
    context: &ToolContext,
    region: Region,
    groups: &[Group],
) -> Result<Vec<Relation>, ToolError> {
    // What the subject and the object are called, and their boxes.
    type Named = (String, Rect);
    let mut wanted: Vec<(Named, Option<Named>)> = Vec::new();
    for group in groups {
        if let [a, b] = group.things.as_slice() {
            let (left, right) = if a.bounds.center().x <= b.bounds.center().x { (a, b) } else { (b, a) };
            let one = format!("one {}", group.label);
            wanted.push(((one, left.bounds), Some(("the other".to_owned(), right.bounds))));
        }
    }
    let single: Vec<&Group> = groups.iter().filter(|group| group.things.len() == 1).collect();
    if let Some((first, others)) = single.split_first() {
        for other in others {
            let object = (format!("the {}", first.label), first.things[0].bounds);
            wanted.push(((format!("the {}", other.label), other.things[0].bounds), Some(object)));
        }
        if groups.len() == 1 {
            wanted.push(((format!("the {}", first.label), first.things[0].bounds), None));
        }
    }
    let asked = wanted.into_iter().take(4).map(|((subject, bounds), object)| async move {
        let mut arguments = json!({ "image": region.image, "subject": bounds });
        if let Some((_, bounds)) = object {
            arguments["object"] = json!(bounds);
        }
        let said = ask::<RelationReport>(context, Capability::Relate, arguments).await?;
        let object = object.map(|(name, _)| name);
        Ok(said.map(|said| Relation { subject, object, said }))
    });
    let answers: Result<Vec<Option<Relation>>, ToolError> = join_all(asked).await.into_iter().collect();
    Ok(answers?.into_iter().flatten().collect())
}

fn read_lines(said: Said<TextLines>) -> Vec<Line> {
    said.value
        .lines
        .into_iter()
        .map(|line| {
            let bounds = line.quad.bounds();
            let evidence = evidence_at(&said.evidence, bounds);
            Line { text: line.text, bounds, score: line.score, evidence }
        })
        .collect()
}
