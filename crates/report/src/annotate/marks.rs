//! What is drawn on the picture: one mark for each place that evidence was seen in.

use lavr_image::ImageStore;
use lavr_types::{Answer, ClaimKind, Evidence, ImageId, Point, Rect, Size, Trust, Verdict};
use serde_json::Value;

use super::{
    canvas::{Canvas, Color},
    stage::Stage,
    style::{self, Line, Style},
};
use crate::document::place_on_root;

/// Boxes with the same label from here on are one place: two looks at the same thing.
const SAME_THING: f64 = 0.85;
/// Boxes with other labels from here on are one place: another tool was asked about the same box.
const SAME_PLACE: f64 = 0.95;
/// A box that covers at least this share of the picture is the whole picture.
const WHOLE: f64 = 0.97;
/// The most letters of a label.
const LONGEST_LABEL: usize = 32;
/// The most labels of one mark.
const MOST_LABELS: usize = 3;

/// What a tool saw there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Label {
    text: String,
    score: f32,
    /// Whether it says what a thing is like, not what it is.
    is_quality: bool,
}

/// A place with what was seen in it and which claims rest on it.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    /// In pixels of the stage.
    pub(super) bounds: Rect,
    /// Whether it is the whole picture, which needs no frame.
    pub(super) whole: bool,
    labels: Vec<Label>,
    /// Places in the answer's claims with their verdicts, each once.
    pub(super) claims: Vec<(usize, Verdict)>,
}

impl Mark {
    /// What was seen, as one line.
    pub(super) fn text(&self) -> String {
        let mut labels: Vec<String> = self
            .labels
            .iter()
            .take(MOST_LABELS)
            .map(|label| format!("{} {:.2}", label.text, label.score))
            .collect();
        if self.labels.len() > MOST_LABELS {
            labels.push(format!("+{}", self.labels.len() - MOST_LABELS));
        }
        labels.join(" · ")
    }

    /// What was seen, without scores.
    pub(super) fn names(&self) -> Vec<&str> {
        self.labels.iter().map(|label| label.text.as_str()).collect()
    }

    /// The verdicts of its claims, worst first, each with the claims' numbers (from 1).
    pub(super) fn verdicts(&self) -> Vec<(Verdict, Vec<usize>)> {
        style::VERDICTS
            .into_iter()
            .map(|verdict| {
                let numbers = self.claims.iter().filter(|claim| claim.1 == verdict).map(|claim| claim.0 + 1);
                (verdict, numbers.collect::<Vec<_>>())
            })
            .filter(|(_, numbers)| !numbers.is_empty())
            .collect()
    }

    fn takes(&self, bounds: Rect, label: &Label) -> bool {
        let same_label = self.labels.iter().any(|known| known.text == label.text);
        // What was said of the whole picture has nothing else in common.
        if self.whole {
            return same_label && self.bounds == bounds;
        }
        let limit = if same_label { SAME_THING } else { SAME_PLACE };
        self.bounds == bounds || self.bounds.iou(bounds) >= limit
    }

    fn add(&mut self, label: Label, claim: (usize, Verdict)) {
        match self.labels.iter_mut().find(|known| known.text == label.text) {
            Some(known) => known.score = known.score.max(label.score),
            None => self.labels.push(label),
        }
        self.labels.sort_by_key(|label| label.is_quality);
        if !self.claims.contains(&claim) {
            self.claims.push(claim);
        }
    }

    pub(super) fn frame(&self, style: &Style, stage: &Stage) -> Frame {
        let verdicts: Vec<Verdict> = if self.whole {
            Vec::new()
        } else {
            self.verdicts().into_iter().map(|(verdict, _)| verdict).collect()
        };
        Frame::around(self.bounds, verdicts, style, stage)
    }
}

/// The marks on one picture, those of the largest places first, so that smaller ones are drawn over them.
pub(super) fn collect(answer: &Answer, root: ImageId, store: &ImageStore, stage: &Stage) -> Vec<Mark> {
    let size = store.size_of(root).unwrap_or(Size::new(1, 1));
    let mut marks: Vec<Mark> = Vec::new();
    for (index, checked) in answer.claims.iter().enumerate() {
        for evidence in &checked.judgement.evidence {
            let (image, bounds) = place_on_root(&evidence.region, store);
            if image != root {
                continue;
            }
            let whole = bounds.area() >= WHOLE * size.area() as f64;
            let bounds = stage.project(if whole { size.bounds() } else { bounds });
            let is_quality = matches!(checked.claim.kind(), ClaimKind::Color | ClaimKind::Attribute);
            let label = label_of(evidence, is_quality);
            let claim = (index, checked.judgement.verdict);
            match marks.iter_mut().find(|mark| mark.takes(bounds, &label)) {
                Some(mark) => mark.add(label, claim),
                None => marks.push(Mark { bounds, whole, labels: vec![label], claims: vec![claim] }),
            }
        }
    }
    marks.sort_by(|a, b| b.bounds.area().total_cmp(&a.bounds.area()));
    marks
}

fn label_of(evidence: &Evidence, is_quality: bool) -> Label {
    let text = words_of(&evidence.value).unwrap_or_else(|| evidence.tool.clone());
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = text.chars().take(LONGEST_LABEL).collect();
    if short.len() < text.len() {
        short.pop();
        short.push('…');
    }
    // What the picture itself says is quoted.
    let text = if evidence.trust == Trust::Untrusted { format!("“{short}”") } else { short };
    Label { text, score: if evidence.score.is_finite() { evidence.score } else { 0.0 }, is_quality }
}

/// What a person would call the value.
fn words_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        Value::Object(fields) => ["label", "text", "name", "answer", "color", "value"]
            .iter()
            .find_map(|name| fields.get(*name))
            .and_then(words_of)
            .or_else(|| Some(value.to_string())),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => Some(value.to_string()),
    }
}

/// The frames of a mark: one for each verdict, the worst outermost.
pub(super) struct Frame {
    lines: Vec<(Rect, Verdict)>,
}

impl Frame {
    fn around(bounds: Rect, verdicts: Vec<Verdict>, style: &Style, stage: &Stage) -> Self {
        let stroke = f64::from(style.stroke);
        // The smallest frame that still shows as one, and no line of it off the edge.
        let least = stroke * (3.0 + 3.0 * verdicts.len() as f64);
        let grow = |length: f64| ((least - length) / 2.0).max(0.0);
        let (x, y) = (grow(bounds.width()), grow(bounds.height()));
        let edge = stroke / 2.0 + 1.0;
        let inside = stage.bounds();
        let inside =
            Rect::new(inside.left + edge, inside.top + edge, inside.right - edge, inside.bottom - edge);
        let outer =
            Rect::new(bounds.left - x, bounds.top - y, bounds.right + x, bounds.bottom + y).clamped(inside);
        let lines = verdicts
            .into_iter()
            .enumerate()
            .map(|(place, verdict)| {
                let inset = place as f64 * (stroke * 1.5 + 1.0);
                let line = Rect::new(
                    outer.left + inset,
                    outer.top + inset,
                    outer.right - inset,
                    outer.bottom - inset,
                );
                (line, verdict)
            })
            .collect();
        Self { lines }
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, style: &Style) {
        let stroke = f64::from(style.stroke);
        // A dark line below each keeps it apart from bright and from equally coloured ground, white between the
        // dashes from dark ground.
        for &(bounds, verdict) in &self.lines {
            let line = style::line(verdict);
            let ground = if line == Line::Dashed { Line::Solid } else { line };
            outline(canvas, bounds, ground, stroke, stroke + 2.0, [0, 0, 0], 0.45);
            if line == Line::Dashed {
                outline(canvas, bounds, ground, stroke, stroke, style::LIGHT, 0.85);
            }
            outline(canvas, bounds, line, stroke, stroke, style::color(verdict), 1.0);
        }
    }
}

/// Draws the four sides of a box; `stroke` sets the length of dashes.
fn outline(canvas: &mut Canvas, bounds: Rect, line: Line, stroke: f64, width: f64, color: Color, share: f32) {
    let corners = bounds.corners();
    for (from, to) in corners.into_iter().zip(corners.into_iter().cycle().skip(1)) {
        side(canvas, [from, to], line, stroke, |canvas, from, to| {
            canvas.line(from, to, width, color, share);
        });
    }
}

/// One side of a frame, as strokes whose lengths are chosen so that the side begins and ends with one.
fn side(
    canvas: &mut Canvas,
    [from, to]: [Point; 2],
    line: Line,
    stroke: f64,
    mut draw: impl FnMut(&mut Canvas, Point, Point),
) {
    let length = (to.x - from.x).hypot(to.y - from.y);
    let (dash, gap) = match line {
        Line::Solid => return draw(canvas, from, to),
        Line::Dashed => (stroke * 4.0, stroke * 3.0),
        Line::Dotted => (0.0, stroke * 2.2),
    };
    let count = ((length - dash) / (dash + gap)).round().max(1.0);
    let step = (length - dash).max(0.0) / count;
    let at = |distance: f64| {
        let t = if length > 0.0 { distance / length } else { 0.0 };
        Point::new(from.x + t * (to.x - from.x), from.y + t * (to.y - from.y))
    };
    for number in 0..=count as u32 {
        let start = f64::from(number) * step;
        draw(canvas, at(start), at((start + dash).min(length)));
    }
}
