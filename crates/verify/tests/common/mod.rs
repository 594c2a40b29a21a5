//! Experts that read the truth of a made-up scene, and err at set rates.

#![allow(dead_code, reason = "each test file uses a part of this")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use lavr_image::{ImageStore, RgbImage};
use lavr_tool::{Dispatcher, Registry, Tool, ToolContext, ToolError};
use lavr_types::{
    Capability, ImageId, Observation, Quad, Rect,
    perception::{
        ColorQuality, ColorReport, ColorShare, Detection, Detections, RelationReport, SpatialRelation,
        TextLine, TextLines, VisualAnswer,
    },
};
use lavr_verify::{Verification, Verifier, VerifierOptions};
use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) const WIDTH: u32 = 100;
pub(crate) const HEIGHT: u32 = 80;

/// What is there. Boxes are in pixels of a picture of 100 by 80.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Truth {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) objects: Vec<Object>,
    #[serde(default)]
    pub(crate) lines: Vec<Line>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Object {
    pub(crate) label: String,
    pub(crate) at: Rect,
    /// Colours with their shares; none: too mixed to tell.
    #[serde(default)]
    pub(crate) colors: Vec<(String, f32)>,
    /// The score that the detector gives it.
    #[serde(default = "sure")]
    pub(crate) score: f32,
}

const fn sure() -> f32 {
    0.9
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) at: Rect,
    #[serde(default = "sure")]
    pub(crate) score: f32,
}

/// How often the oracle errs, each between 0 and 1.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rates {
    /// An object is not found (in neither look).
    pub(crate) missed: f64,
    /// An object is found twice, the second box shifted.
    pub(crate) doubled: f64,
    /// Something that is not there is found, with a low score.
    pub(crate) invented: f64,
    /// A side of a box is off by up to this share of its length.
    pub(crate) jitter: f64,
    pub(crate) seed: u64,
}

/// Numbers that look random and are the same in every run.
fn chance(seed: u64, salt: &str) -> f64 {
    let mut hash = seed ^ 0x9e37_79b9_7f4a_7c15;
    for byte in salt.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        hash ^= hash >> 29;
    }
    hash = hash.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((hash >> 33) % 10_000) as f64 / 10_000.0
}

pub(crate) struct Detect {
    truth: Arc<Truth>,
    rates: Rates,
    calls: Arc<AtomicU32>,
    /// Words that the detector has no class for.
    unknown: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct DetectArgs {
    image: ImageId,
    labels: Option<Vec<String>>,
    #[serde(default)]
    tiles: bool,
    threshold: Option<f32>,
}

impl Tool for Detect {
    const NAME: &'static str = "detect";
    const DESCRIPTION: &'static str = "Finds objects.";
    const CAPABILITY: Capability = Capability::Detect;
    type Args = DetectArgs;
    type Output = Detections;

    async fn call(
        &self,
        args: DetectArgs,
        context: &ToolContext,
    ) -> Result<Observation<Detections>, ToolError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        context.image(args.image)?;
        let wanted = |label: &String| args.labels.as_ref().is_none_or(|labels| labels.contains(label));
        let mut objects = Vec::new();
        for (place, object) in self.truth.objects.iter().enumerate() {
            let key = |what: &str| format!("{} {place} {what}", self.truth.name);
            if chance(self.rates.seed, &key("missed")) < self.rates.missed {
                continue;
            }
            let shift = |what: &str, length: f64| {
                (chance(self.rates.seed, &key(what)) - 0.5) * 2.0 * self.rates.jitter * length
            };
            let Rect { left, top, right, bottom } = object.at;
            let (w, h) = (object.at.width(), object.at.height());
            let bounds = Rect::new(
                left + shift("l", w),
                top + shift("t", h),
                right + shift("r", w),
                bottom + shift("b", h),
            );
            objects.push(Detection { label: object.label.clone(), bounds, score: object.score });
            if chance(self.rates.seed, &key("doubled")) < self.rates.doubled {
                let inner = Rect::new(left + 0.1 * w, top + 0.3 * h, right - 0.1 * w, bottom);
                objects.push(Detection {
                    label: object.label.clone(),
                    bounds: inner,
                    score: object.score * 0.6,
                });
            }
        }
        for label in args.labels.iter().flatten() {
            if chance(self.rates.seed, &format!("{} {label} invented", self.truth.name)) < self.rates.invented
            {
                let bounds = Rect::new(2.0, 2.0, 12.0, 12.0);
                objects.push(Detection { label: label.clone(), bounds, score: 0.36 });
            }
        }
        objects.retain(|object| wanted(&object.label) && object.score >= args.threshold.unwrap_or(0.35));
        objects.retain(|object| !self.unknown.contains(&object.label));
        objects.sort_by(|a, b| b.score.total_cmp(&a.score));
        let unknown_labels = self.unknown.iter().filter(|label| wanted(label)).cloned().collect();
        let _ = args.tiles;
        Ok(Observation::new(Detections { objects, unknown_labels, ..Detections::default() }))
    }
}

/// None of any color.
fn no_tints() -> BTreeMap<String, f32> {
    ["black", "white", "gray", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown"]
        .map(|name| (name.to_owned(), 0.0))
        .into()
}

/// How light a color of a name is; of the vivid ones something between.
fn typical(name: &str) -> &'static str {
    match name {
        "black" => "#101010",
        "white" => "#f4f4f4",
        _ => "#808080",
    }
}

pub(crate) struct Color(Arc<Truth>);

#[derive(Deserialize, JsonSchema)]
pub(crate) struct RegionArgs {
    image: ImageId,
    region: Option<Rect>,
    #[serde(default)]
    tints: bool,
}

impl Tool for Color {
    const NAME: &'static str = "color";
    const DESCRIPTION: &'static str = "Measures colours.";
    const CAPABILITY: Capability = Capability::MeasureColor;
    type Args = RegionArgs;
    type Output = ColorReport;

    async fn call(
        &self,
        args: RegionArgs,
        context: &ToolContext,
    ) -> Result<Observation<ColorReport>, ToolError> {
        let region = context.region(args.image, args.region)?.pixels();
        let nearest = self.0.objects.iter().max_by(|a, b| a.at.iou(region).total_cmp(&b.at.iou(region)));
        let shown =
            self.0.objects.iter().filter(|object| {
                region.share_inside(object.at) > 0.5 || object.at.share_inside(region) > 0.5
            });
        let mut tints = no_tints();
        for (name, share) in shown.flat_map(|object| &object.colors) {
            // In poor light anything but what is white is black, brown or gray, some of it.
            let is_dull = matches!(name.as_str(), "black" | "brown" | "gray");
            for (other, tint) in &mut tints {
                if other == name {
                    *tint = tint.max(*share);
                } else if is_dull && other != "white" {
                    *tint = tint.max(0.08);
                }
            }
        }
        let colors: Vec<ColorShare> = nearest
            .map(|object| object.colors.as_slice())
            .unwrap_or_default()
            .iter()
            .map(|(name, share)| ColorShare { name: name.clone(), share: *share, hex: typical(name).into() })
            .collect();
        let quality = match colors.first() {
            Some(first) if first.share >= 0.6 => ColorQuality::Clear,
            _ => ColorQuality::Mixed,
        };
        let tints = if args.tints { tints } else { BTreeMap::new() };
        Ok(Observation::new(ColorReport { tints, ..ColorReport::new(quality, colors) }))
    }
}

pub(crate) struct Relate;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct RelateArgs {
    image: ImageId,
    subject: Rect,
    object: Option<Rect>,
}

impl Tool for Relate {
    const NAME: &'static str = "relate";
    const DESCRIPTION: &'static str = "Relates two regions.";
    const CAPABILITY: Capability = Capability::Relate;
    type Args = RelateArgs;
    type Output = RelationReport;

    async fn call(
        &self,
        args: RelateArgs,
        context: &ToolContext,
    ) -> Result<Observation<RelationReport>, ToolError> {
        let size = context.images().size_of(args.image)?;
        let (w, h) = (f64::from(size.width), f64::from(size.height));
        let object = args.object.unwrap_or(Rect::new(0.0, 0.0, w, h));
        let (a, b) = (args.subject.center(), object.center());
        let offset = [(a.x - b.x) / w, (a.y - b.y) / h];
        let mut report = RelationReport { holds: vec![], unclear: vec![], offset };
        let axes = [
            (offset[0], SpatialRelation::LeftOf, SpatialRelation::RightOf),
            (offset[1], SpatialRelation::Above, SpatialRelation::Below),
        ];
        for (value, negative, positive) in axes {
            if value < -0.08 {
                report.holds.push(negative);
            } else if value > 0.08 {
                report.holds.push(positive);
            } else {
                report.unclear.extend([negative, positive]);
            }
        }
        if args.object.is_none() {
            if offset[0].abs() < 0.12 {
                report.holds.push(SpatialRelation::Center);
            }
        } else {
            let inside = args.subject.share_inside(object);
            let touches = args.subject.intersection(object).is_some();
            if inside > 0.8 {
                report.holds.push(SpatialRelation::Inside);
            }
            if touches && a.y < b.y {
                report.holds.push(SpatialRelation::On);
            } else if touches {
                report.unclear.push(SpatialRelation::On);
            }
            if offset[0].hypot(offset[1]) < 0.5 {
                report.holds.push(SpatialRelation::Near);
            }
        }
        Ok(Observation::new(report))
    }
}

pub(crate) struct Ocr(Arc<Truth>);

impl Tool for Ocr {
    const NAME: &'static str = "ocr";
    const DESCRIPTION: &'static str = "Reads text.";
    const CAPABILITY: Capability = Capability::ReadText;
    type Args = RegionArgs;
    type Output = TextLines;

    async fn call(
        &self,
        args: RegionArgs,
        context: &ToolContext,
    ) -> Result<Observation<TextLines>, ToolError> {
        context.image(args.image)?;
        let lines = self.0.lines.iter().map(|line| TextLine {
            text: line.text.clone(),
            quad: Quad::from(line.at),
            score: line.score,
        });
        Ok(Observation::new(TextLines { lines: lines.collect() }).untrusted())
    }
}

/// A vision model that answers as a function says.
pub(crate) struct Vqa(Box<dyn Fn(&str) -> String + Send + Sync>);

impl Vqa {
    pub(crate) fn new(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self(Box::new(answer))
    }

    /// One that knows which objects there are, and that it is no mistake to say so.
    pub(crate) fn knowing(truth: &Arc<Truth>) -> Self {
        let truth = truth.clone();
        Self::new(move |question| {
            let there = truth.objects.iter().any(|object| question.contains(&object.label));
            let holds = there != question.contains("mistake");
            if holds { "Yes".to_owned() } else { "No".to_owned() }
        })
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct AskArgs {
    image: ImageId,
    question: String,
}

impl Tool for Vqa {
    const NAME: &'static str = "vqa";
    const DESCRIPTION: &'static str = "Answers questions.";
    const CAPABILITY: Capability = Capability::Answer;
    type Args = AskArgs;
    type Output = VisualAnswer;

    async fn call(
        &self,
        args: AskArgs,
        context: &ToolContext,
    ) -> Result<Observation<VisualAnswer>, ToolError> {
        context.image(args.image)?;
        let answer = (self.0)(&args.question);
        Ok(Observation::new(VisualAnswer { answer, model: "scripted".to_owned(), shown_at: None })
            .untrusted())
    }
}

/// The experts of a scene, one by one.
pub(crate) fn detector(truth: &Arc<Truth>) -> Detect {
    Detect { truth: truth.clone(), rates: Rates::default(), calls: Arc::default(), unknown: Vec::new() }
}

pub(crate) fn color_meter(truth: &Arc<Truth>) -> Color {
    Color(truth.clone())
}

pub(crate) fn reader(truth: &Arc<Truth>) -> Ocr {
    Ocr(truth.clone())
}

/// A scene with its experts.
pub(crate) struct World {
    pub(crate) verifier: Verifier,
    pub(crate) images: Arc<ImageStore>,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) image: ImageId,
    pub(crate) detector_calls: Arc<AtomicU32>,
}

impl World {
    pub(crate) fn new(truth: &Truth, rates: Rates) -> Self {
        Self::with_options(truth, rates, VerifierOptions::default(), &[])
    }

    pub(crate) fn with_options(
        truth: &Truth,
        rates: Rates,
        options: VerifierOptions,
        unknown: &[&str],
    ) -> Self {
        Self::build(truth, rates, options, unknown, None)
    }

    /// With a vision model beside the other experts.
    pub(crate) fn with_answers(truth: &Truth, answers: fn(&str) -> &'static str) -> Self {
        Self::build(truth, Rates::default(), VerifierOptions::default(), &[], Some(answers))
    }

    fn build(
        truth: &Truth,
        rates: Rates,
        options: VerifierOptions,
        unknown: &[&str],
        answers: Option<fn(&str) -> &'static str>,
    ) -> Self {
        let truth = Arc::new(truth.clone());
        let detector_calls = Arc::new(AtomicU32::new(0));
        let unknown = unknown.iter().map(|&label| label.to_owned()).collect();
        let registry = Registry::new()
            .with(Detect { truth: truth.clone(), rates, calls: detector_calls.clone(), unknown })
            .and_then(|registry| registry.with(Color(truth.clone())))
            .and_then(|registry| registry.with(Relate))
            .and_then(|registry| registry.with(Ocr(truth.clone())))
            .and_then(|registry| match answers {
                Some(answers) => registry.with(Vqa::new(move |question| answers(question).to_owned())),
                None => Ok(registry),
            })
            .unwrap();
        let images = Arc::new(ImageStore::default());
        let image = images.insert(RgbImage::new(WIDTH, HEIGHT)).unwrap();
        let dispatcher = Dispatcher::new(registry, images.clone());
        let verifier = Verifier::new(dispatcher.clone(), options);
        Self { verifier, images, dispatcher, image, detector_calls }
    }

    pub(crate) async fn verify(&self, text: &str) -> Verification {
        self.verifier.verify(text, &[self.image], &lavr_tool::CancellationToken::new(), &|_| ()).await
    }
}

/// An object in words: label, box, colour.
pub(crate) fn object(label: &str, at: [f64; 4], color: &str) -> Object {
    let colors = if color.is_empty() { vec![] } else { vec![(color.to_owned(), 0.85)] };
    Object { label: label.to_owned(), at: Rect::from(at), colors, score: 0.9 }
}
