//! What a run has seen so far, told from its records alone.

use lavr_types::{
    CallRecord, ImageId, Rect, Vocabulary,
    perception::{ColorReport, Detection, Detections, TextLines},
};
use serde::Deserialize;
use serde_json::Value;

/// An observation of one of the pictures that were asked about. What was seen in a part of one tells nothing of the rest.
pub(super) struct Observed<'r, T> {
    pub(super) record: &'r CallRecord,
    pub(super) image: ImageId,
    pub(super) value: T,
}

/// Observations by kind, in the order of the calls.
#[derive(Default)]
pub(super) struct SeenSoFar<'r> {
    pub(super) detections: Vec<Observed<'r, Looked>>,
    /// Colours, each with the box that was measured.
    pub(super) colors: Vec<Observed<'r, (Rect, ColorReport)>>,
    pub(super) texts: Vec<Observed<'r, TextLines>>,
}

/// What a detector was asked and what it found.
pub(super) struct Looked {
    /// The labels that it was asked for; `None` for all.
    pub(super) asked: Option<Vec<String>>,
    pub(super) threshold: f32,
    pub(super) found: Detections,
}

/// Where no threshold is given, detectors report from here on at the latest.
const USUAL_THRESHOLD: f32 = 0.4;

impl<'r> SeenSoFar<'r> {
    pub(super) fn read(
        records: impl IntoIterator<Item = &'r CallRecord>,
        images: &[ImageId],
        vocabulary: &Vocabulary,
    ) -> Self {
        let mut seen = Self::default();
        for record in records {
            let Ok(observation) = &record.outcome else { continue };
            let (arguments, value) = (&record.call.arguments, &observation.value);
            let image = ImageId::deserialize(&arguments["image"]).ok().filter(|id| images.contains(id));
            let Some(image) = image else { continue };
            let region = Rect::deserialize(&arguments["region"]).ok();
            if let (None, Ok(found)) = (region, Detections::deserialize(value)) {
                let value = Looked::new(arguments, found, vocabulary);
                seen.detections.push(Observed { record, image, value });
            } else if let (None, Ok(value)) = (region, TextLines::deserialize(value)) {
                seen.texts.push(Observed { record, image, value });
            } else if let (Some(region), Ok(report)) = (region, ColorReport::deserialize(value)) {
                seen.colors.push(Observed { record, image, value: (region, report) });
            }
        }
        seen
    }

    /// The looks at a picture that would have shown a label.
    pub(super) fn looks(&self, image: ImageId, label: &str) -> impl Iterator<Item = &Observed<'r, Looked>> {
        self.detections.iter().filter(move |look| look.image == image && look.value.covers(label))
    }

    /// The look that found the most of a label in a picture.
    pub(super) fn richest_look(&self, image: ImageId, label: &str) -> Option<&Observed<'r, Looked>> {
        // Of equals the first.
        self.looks(image, label).min_by_key(|look| std::cmp::Reverse(look.value.of(label).len()))
    }
}

impl Looked {
    fn new(arguments: &Value, found: Detections, vocabulary: &Vocabulary) -> Self {
        let words = Vec::<String>::deserialize(&arguments["labels"]).unwrap_or_default();
        let known = words.iter().filter(|word| !found.unknown_labels.contains(word));
        let asked = known.flat_map(|word| vocabulary.labels_for(word)).map(str::to_owned).collect();
        let threshold = f32::deserialize(&arguments["threshold"]).unwrap_or(USUAL_THRESHOLD);
        Self { asked: (!words.is_empty()).then_some(asked), threshold, found }
    }

    fn covers(&self, label: &str) -> bool {
        self.asked.as_ref().is_none_or(|asked| asked.iter().any(|one| one == label))
    }

    /// Whether it was asked for this label by name.
    pub(super) fn was_asked_for(&self, label: &str) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.iter().any(|one| one == label))
    }

    /// What it found of a label.
    pub(super) fn of(&self, label: &str) -> Vec<&Detection> {
        self.found.objects.iter().filter(|object| object.label == label).collect()
    }
}
