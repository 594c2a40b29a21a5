//! The places of a picture that evidence was seen in, each with what was seen there and which claims rest on it.

use lavr_types::{ClaimKind, ImageId, Rect, Size, Trust, Verdict};
use serde_json::Value;

use crate::document::{ClaimEntry, EvidenceEntry};

/// Boxes with the same label from here on are one place: two looks at the same thing.
const SAME_THING: f64 = 0.85;
/// Boxes with other labels from here on are one place: another tool was asked about the same box.
const SAME_PLACE: f64 = 0.95;
/// A box that covers at least this share of the picture is the whole picture.
const WHOLE: f64 = 0.97;
/// The most letters of a label.
const LONGEST_LABEL: usize = 32;
/// The most labels of one place that are told.
const MOST_LABELS: usize = 3;
/// The verdicts, worst first.
pub(crate) const VERDICTS: [Verdict; 3] = [Verdict::Contradicted, Verdict::Insufficient, Verdict::Supported];

/// What a tool saw there.
#[derive(Debug, Clone, PartialEq)]
struct Label {
    text: String,
    score: f64,
    /// Whether it says what a thing is like, not what it is.
    is_quality: bool,
}

/// A place with what was seen in it and which claims rest on it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// In pixels of the picture.
    pub(crate) bounds: Rect,
    /// Whether it is the whole picture, which needs no frame.
    pub(crate) whole: bool,
    labels: Vec<Label>,
    /// Places in the answer's claims with their verdicts, each once.
    pub(crate) claims: Vec<(usize, Verdict)>,
    /// The evidence that was seen here: the claim's place, and its own among the claim's evidence.
    pub(crate) evidence: Vec<(usize, usize)>,
}

impl Place {
    /// What was seen, as one line.
    pub(crate) fn text(&self) -> String {
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
    pub(crate) fn names(&self) -> Vec<&str> {
        self.labels.iter().map(|label| label.text.as_str()).collect()
    }

    /// The verdicts of its claims, worst first, each with the claims' numbers (from 1).
    pub(crate) fn verdicts(&self) -> Vec<(Verdict, Vec<usize>)> {
        VERDICTS
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

    fn add(&mut self, label: Label, claim: (usize, Verdict), evidence: (usize, usize)) {
        match self.labels.iter_mut().find(|known| known.text == label.text) {
            Some(known) => known.score = known.score.max(label.score),
            None => self.labels.push(label),
        }
        self.labels.sort_by_key(|label| label.is_quality);
        if !self.claims.contains(&claim) {
            self.claims.push(claim);
        }
        self.evidence.push(evidence);
    }
}

/// The places of one picture, the largest first, so that smaller ones are drawn over them.
pub(crate) fn collect(claims: &[ClaimEntry], image: ImageId, size: Size) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for (index, claim) in claims.iter().enumerate() {
        let seen = claim.evidence.iter().enumerate().filter(|(_, evidence)| evidence.image == image);
        for (number, evidence) in seen {
            let bounds = evidence.region.clamped(size.bounds());
            let whole = bounds.area() >= WHOLE * size.area() as f64;
            let bounds = if whole { size.bounds() } else { bounds };
            let is_quality = matches!(claim.kind, ClaimKind::Color | ClaimKind::Attribute);
            let label = label_of(evidence, is_quality);
            let (claim, evidence) = ((index, claim.verdict), (index, number));
            match places.iter_mut().find(|place| place.takes(bounds, &label)) {
                Some(place) => place.add(label, claim, evidence),
                None => places.push(Place {
                    bounds,
                    whole,
                    labels: vec![label],
                    claims: vec![claim],
                    evidence: vec![evidence],
                }),
            }
        }
    }
    places.sort_by(|a, b| b.bounds.area().total_cmp(&a.bounds.area()));
    places
}

fn label_of(evidence: &EvidenceEntry, is_quality: bool) -> Label {
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
pub(crate) fn words_of(value: &Value) -> Option<String> {
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
