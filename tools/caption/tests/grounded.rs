//! Descriptions from scripted experts: the words must say what the experts said, and no more.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::sync::Arc;

use lavr_caption::{Describe, Grounded};
use lavr_image::RgbImage;
use lavr_tool::{CancellationToken, Dispatcher, Registry, Tool, ToolContext, ToolError};
use lavr_types::{
    CallId, Capability, Evidence, FailureKind, ImageId, Observation, Rect, Region, ToolCall, Trust,
    perception::{
        Caption, ColorQuality, ColorReport, ColorShare, Detection, Detections, RelationReport,
        SpatialRelation, TextLine, TextLines,
    },
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// Arguments of the scripted experts.
#[derive(Deserialize, JsonSchema)]
struct Args {
    image: ImageId,
    region: Option<Rect>,
}

/// Arguments of the scripted relation expert.
#[derive(Deserialize, JsonSchema)]
struct RelateArgs {
    image: ImageId,
    subject: Rect,
    object: Option<Rect>,
}

fn evidence(
    context: &ToolContext,
    image: ImageId,
    bounds: Rect,
    tool: &str,
    value: serde_json::Value,
) -> Evidence {
    let region = Region::in_pixels(image, context.images().size_of(image).unwrap(), bounds);
    let trust = if tool == "ocr" { Trust::Untrusted } else { Trust::Measured };
    Evidence { region, tool: tool.to_owned(), call: None, value, score: 0.9, trust }
}

struct Detect(Vec<(&'static str, [f64; 4], f32)>);

impl Tool for Detect {
    const NAME: &'static str = "detect";
    const DESCRIPTION: &'static str = "Finds what the script says.";
    const CAPABILITY: Capability = Capability::Detect;
    type Args = Args;
    type Output = Detections;

    async fn call(&self, args: Args, context: &ToolContext) -> Result<Observation<Detections>, ToolError> {
        let objects: Vec<_> = self
            .0
            .iter()
            .map(|&(label, bounds, score)| Detection {
                label: label.to_owned(),
                bounds: bounds.into(),
                score,
            })
            .collect();
        let seen = objects
            .iter()
            .map(|object| evidence(context, args.image, object.bounds, "detect", json!(object.label)))
            .collect();
        Ok(Observation::new(Detections { objects, ..Detections::default() }).with_evidence(seen))
    }
}

struct Read(Vec<(&'static str, [f64; 4], f32)>);

impl Tool for Read {
    const NAME: &'static str = "ocr";
    const DESCRIPTION: &'static str = "Reads what the script says.";
    const CAPABILITY: Capability = Capability::ReadText;
    type Args = Args;
    type Output = TextLines;

    async fn call(&self, args: Args, context: &ToolContext) -> Result<Observation<TextLines>, ToolError> {
        let line = |&(text, bounds, score): &(&str, [f64; 4], f32)| TextLine {
            text: text.to_owned(),
            quad: Rect::from(bounds).into(),
            score,
        };
        let lines: Vec<_> = self.0.iter().map(line).collect();
        let seen = lines
            .iter()
            .map(|line| evidence(context, args.image, line.quad.bounds(), "ocr", json!(line.text)))
            .collect();
        Ok(Observation::new(TextLines { lines }).with_evidence(seen).untrusted())
    }
}

/// Everything left of x = 50 is red, everything else is mixed.
struct Color;

impl Tool for Color {
    const NAME: &'static str = "color";
    const DESCRIPTION: &'static str = "Measures what the script says.";
    const CAPABILITY: Capability = Capability::MeasureColor;
    type Args = Args;
    type Output = ColorReport;

    async fn call(&self, args: Args, context: &ToolContext) -> Result<Observation<ColorReport>, ToolError> {
        let region = args.region.unwrap_or(Rect::new(0.0, 0.0, 200.0, 100.0));
        let share =
            |name: &str, share| ColorShare { name: name.to_owned(), share, hex: "#000000".to_owned() };
        let report = if region.right <= 50.0 {
            ColorReport::new(ColorQuality::Clear, vec![share("red", 0.9)])
        } else {
            ColorReport::new(ColorQuality::Mixed, vec![share("blue", 0.5), share("gray", 0.4)])
        };
        let seen = evidence(context, args.image, region, "color", json!(report.colors[0].name));
        Ok(Observation::new(report).with_evidence(vec![seen]))
    }
}

/// Left and right by the centres.
struct Relate;

impl Tool for Relate {
    const NAME: &'static str = "relate";
    const DESCRIPTION: &'static str = "Compares centres.";
    const CAPABILITY: Capability = Capability::Relate;
    type Args = RelateArgs;
    type Output = RelationReport;

    async fn call(
        &self,
        args: RelateArgs,
        context: &ToolContext,
    ) -> Result<Observation<RelationReport>, ToolError> {
        let object = args.object.map_or(100.0, |object| object.center().x);
        let offset = args.subject.center().x - object;
        let relation = if offset < 0.0 { SpatialRelation::LeftOf } else { SpatialRelation::RightOf };
        let report = RelationReport { holds: vec![relation], unclear: vec![], offset: [offset / 200.0, 0.0] };
        let seen = evidence(context, args.image, args.subject, "relate", json!("relation"));
        Ok(Observation::new(report).with_evidence(vec![seen]))
    }
}

async fn describe(
    registry: Registry,
) -> Result<(Caption, Observation<serde_json::Value>), lavr_types::Failure> {
    let registry = registry.with(Describe::new(Grounded)).unwrap();
    let dispatcher = Dispatcher::new(registry, Arc::default());
    let image = dispatcher.images().insert(RgbImage::new(200, 100)).unwrap();
    let arguments = json!({ "image": image });
    let call = ToolCall { id: CallId("call_1".to_owned()), tool: "caption".to_owned(), arguments };
    let observation = dispatcher.dispatch(vec![call], &CancellationToken::new()).await.remove(0).outcome?;
    Ok((serde_json::from_value(observation.value.clone()).unwrap(), observation))
}

fn experts(
    objects: Vec<(&'static str, [f64; 4], f32)>,
    lines: Vec<(&'static str, [f64; 4], f32)>,
) -> Registry {
    let registry = Registry::new().with(Detect(objects)).unwrap().with(Read(lines)).unwrap();
    registry.with(Color).unwrap().with(Relate).unwrap()
}

const CUP: (&str, [f64; 4], f32) = ("cup", [10.0, 40.0, 40.0, 80.0], 0.8);
const CAT: (&str, [f64; 4], f32) = ("cat", [60.0, 10.0, 190.0, 95.0], 0.7);

#[tokio::test]
async fn objects_colors_places_and_text_make_a_description() {
    let (caption, observation) =
        describe(experts(vec![CUP, CAT], vec![("hello there", [15.0, 50.0, 35.0, 60.0], 0.98)]))
            .await
            .unwrap();
    assert_eq!(
        caption.text,
        "The picture shows a cat and a red cup. The cup is to the left of the cat. The text on the cup reads \"hello there\"."
    );
    assert_eq!(caption.source, Grounded::SOURCE);
    let tools: Vec<_> = observation.evidence.iter().map(|one| one.tool.as_str()).collect();
    assert_eq!(tools, ["detect", "detect", "color", "relate", "ocr"]);
    assert_eq!(observation.trust, Trust::Untrusted);
}

#[tokio::test]
async fn several_of_a_kind_are_counted_and_colored_together() {
    let cups = [0.0, 12.0, 24.0].map(|x| ("cup", [x, 40.0, x + 10.0, 60.0], 0.9));
    let (caption, _) = describe(experts(cups.to_vec(), vec![])).await.unwrap();
    assert_eq!(caption.text, "The picture shows three red cups.");
    // One of them is of no clear colour.
    let mut cups = cups.to_vec();
    cups.push(("cup", [100.0, 40.0, 120.0, 60.0], 0.9));
    let (caption, _) = describe(experts(cups, vec![])).await.unwrap();
    assert_eq!(caption.text, "The picture shows four cups.");
}

#[tokio::test]
async fn a_pair_is_told_apart() {
    let dogs = vec![("dog", [60.0, 10.0, 90.0, 40.0], 0.6), ("dog", [120.0, 10.0, 150.0, 40.0], 0.9)];
    let (caption, _) = describe(experts(dogs, vec![])).await.unwrap();
    assert_eq!(caption.text, "The picture shows two dogs. One dog is to the left of the other.");
}

#[tokio::test]
async fn a_box_within_a_box_of_the_same_label_is_not_counted_twice() {
    let part = ("cat", [70.0, 20.0, 120.0, 80.0], 0.6);
    let (caption, _) = describe(experts(vec![CAT, part], vec![])).await.unwrap();
    assert_eq!(caption.text, "The picture shows a cat. The cat is on the right.");
}

#[tokio::test]
async fn doubtful_finds_are_said_to_be_doubtful() {
    let chair = ("chair", [100.0, 0.0, 199.0, 99.0], 0.43);
    let (caption, observation) = describe(experts(vec![CUP, chair], vec![])).await.unwrap();
    assert_eq!(
        caption.text,
        "The picture shows a red cup. There may be a chair, but that is not certain. The cup is on the left."
    );
    assert!(observation.evidence.iter().any(|one| one.value == "chair"));
}

#[tokio::test]
async fn people_are_not_given_a_color() {
    let person = ("person", [10.0, 10.0, 40.0, 90.0], 0.9);
    let (caption, _) = describe(experts(vec![person], vec![])).await.unwrap();
    assert_eq!(caption.text, "The picture shows a person. The person is on the left.");
}

#[tokio::test]
async fn text_read_badly_is_not_quoted() {
    let lines = vec![("STOP", [100.0, 10.0, 140.0, 20.0], 0.95), ("x#lq", [100.0, 60.0, 140.0, 70.0], 0.55)];
    let (caption, _) = describe(experts(vec![CUP], lines)).await.unwrap();
    assert!(caption.text.ends_with("The text reads \"STOP\". There is more text."), "{}", caption.text);
    let (caption, _) =
        describe(experts(vec![CUP], vec![("x#lq", [100.0, 60.0, 140.0, 70.0], 0.55)])).await.unwrap();
    assert!(
        caption.text.ends_with("There is text that could not be read with confidence."),
        "{}",
        caption.text
    );
}

#[tokio::test]
async fn a_picture_of_nothing_known_is_admitted_and_its_colors_told() {
    let (caption, observation) = describe(experts(vec![], vec![])).await.unwrap();
    assert_eq!(
        caption.text,
        "No object was recognized in the picture and no text was read. The main colors of the picture are blue and gray."
    );
    assert_eq!(observation.evidence.len(), 1);
}

#[tokio::test]
async fn experts_that_are_not_there_are_done_without_or_named() {
    let (caption, _) = describe(experts(vec![CUP], vec![])).await.unwrap();
    assert!(caption.unseen.is_empty(), "{:?}", caption.unseen);
    let (caption, _) = describe(Registry::new().with(Detect(vec![CUP])).unwrap()).await.unwrap();
    assert_eq!(caption.text, "The picture shows a cup.");
    assert!(caption.unseen[0].starts_with("text was not read: "), "{:?}", caption.unseen);
    let (caption, _) = describe(Registry::new().with(Detect(vec![])).unwrap()).await.unwrap();
    assert_eq!(caption.text, "No object was recognized in the picture and nobody could read text.");
    let failure = describe(Registry::new()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
}
