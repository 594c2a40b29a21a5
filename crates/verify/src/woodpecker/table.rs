//! What the detector found of the concepts.

use lavr_types::{ImageId, Rect, Size, Vocabulary};

use crate::{ablation::DETECTOR_THRESHOLD, experts::Experts};

/// Findings smaller than this share of the picture are left out, as published.
const SMALLEST: f64 = 0.001;

/// Boxes that overlap more than this are one, in the published program whatever thing they belong to.
const SAME_AS_PUBLISHED: f64 = 0.95;

/// Boxes of one concept that overlap more than this are one.
const SAME: f64 = 0.6;

/// A concept with its boxes, in pixels.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Thing {
    pub(super) name: String,
    pub(super) boxes: Vec<Rect>,
}

/// The things that the text speaks of, in the order of their names in it.
pub(super) struct Table<'v> {
    pub(super) things: Vec<Thing>,
    pub(super) size: Size,
    vocabulary: &'v Vocabulary,
    shared_boxes: bool,
}

impl<'v> Table<'v> {
    pub(super) const fn new(size: Size, vocabulary: &'v Vocabulary, shared_boxes: bool) -> Self {
        Self { things: Vec::new(), size, vocabulary, shared_boxes }
    }

    /// Looks for the concepts of one sentence.
    pub(super) async fn look(
        &mut self,
        concepts: &[String],
        image: ImageId,
        experts: &Experts<'_>,
        notes: &mut Vec<String>,
    ) {
        let labels = |concept: &String| self.vocabulary.labels_for(concept);
        let known: Vec<&String> =
            concepts.iter().filter(|concept| concept.is_empty() || !labels(concept).is_empty()).collect();
        let mut asked: Vec<String> =
            known.iter().flat_map(|concept| labels(concept)).map(str::to_owned).collect();
        asked.sort_unstable();
        asked.dedup();
        if asked.is_empty() {
            return;
        }
        let seen = match experts.detect(image, &asked, false, DETECTOR_THRESHOLD).await {
            Ok(seen) => seen.value,
            Err(unseen) => {
                notes.push(format!("nothing was looked for: {unseen}"));
                return;
            }
        };
        // As with a detector that is asked in words, each finding belongs to the word that is nearest to it.
        let owner = |label: &str| {
            known
                .iter()
                .find(|concept| concept.as_str() == label)
                .or_else(|| known.iter().find(|concept| self.vocabulary.labels_for(concept).contains(&label)))
        };
        let found: Vec<(String, Rect)> = seen
            .objects
            .iter()
            .filter_map(|object| Some((String::clone(owner(&object.label)?), object.bounds)))
            .collect();
        let missed = |concept: &String| {
            let labels = self.vocabulary.labels_for(concept);
            !labels.is_empty() && seen.unknown_labels.iter().any(|label| labels.contains(&label.as_str()))
        };
        let named: Vec<String> =
            known.iter().filter(|concept| !missed(concept)).map(|concept| String::clone(concept)).collect();
        for name in named {
            if !self.things.iter().any(|thing| thing.name == name) {
                self.things.push(Thing { name, boxes: Vec::new() });
            }
        }
        for (name, bounds) in found {
            self.add(&name, bounds);
        }
    }

    pub(super) fn add(&mut self, name: &str, bounds: Rect) {
        let area = f64::from(self.size.width) * f64::from(self.size.height);
        let stored = if self.shared_boxes {
            self.things.iter().any(|thing| thing.has(bounds, SAME_AS_PUBLISHED))
        } else {
            self.things.iter().any(|thing| thing.name == name && thing.has(bounds, SAME))
        };
        if stored || bounds.area() < SMALLEST * area {
            return;
        }
        if let Some(thing) = self.things.iter_mut().find(|thing| thing.name == name) {
            thing.boxes.push(bounds);
        }
    }

    /// Those of the concepts that were found.
    pub(super) fn found_of<'c>(&self, concepts: &'c [String]) -> Vec<&'c str> {
        concepts.iter().map(String::as_str).filter(|concept| !self.boxes_of(concept).is_empty()).collect()
    }

    pub(super) fn boxes_of(&self, name: &str) -> &[Rect] {
        self.things.iter().find(|thing| thing.name == name).map_or(&[], |thing| &thing.boxes)
    }
}

impl Thing {
    fn has(&self, bounds: Rect, overlap: f64) -> bool {
        self.boxes.iter().any(|other| other.iou(bounds) > overlap)
    }
}
