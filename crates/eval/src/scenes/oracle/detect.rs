//! A detector that knows what is there.

use lavr_tool::{Tool, ToolContext, ToolError};
use lavr_types::{
    Capability, ImageId, Observation, Rect, Vocabulary,
    perception::{Detection, Detections},
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Oracle, key_of};
use crate::{
    Random,
    scenes::kinds::{KINDS, are_kin},
};

/// The score from which things are told where the caller names none: that of the real detector.
const THRESHOLD: f32 = 0.4;

/// Two boxes of one label that overlap more than this come out as one, as after the suppression of a real detector.
const OVERLAP: f64 = 0.6;

/// Part of a thing that must lie in the region looked at for it to be seen there.
const VISIBLE: f64 = 0.5;

/// A detector that knows what is there.
pub struct OracleDetect(pub(super) Oracle);

/// Arguments of the oracle's `detect`: those of the real tool.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct DetectArgs {
    /// The image to look at.
    pub image: ImageId,
    /// What to look for. Leave out to find everything.
    #[serde(default)]
    pub labels: Option<Vec<String>>,
    /// Look only inside this box, in pixels.
    #[serde(default)]
    pub region: Option<Rect>,
    /// Lowest score to report.
    #[serde(default)]
    pub threshold: Option<f32>,
    /// Look closer.
    #[serde(default)]
    pub tiles: Option<bool>,
}

impl Tool for OracleDetect {
    const NAME: &'static str = "detect";
    const DESCRIPTION: &'static str = "Finds objects in a made-up scene.";
    const CAPABILITY: Capability = Capability::Detect;

    type Args = DetectArgs;
    type Output = Detections;

    async fn call(
        &self,
        args: DetectArgs,
        context: &ToolContext,
    ) -> Result<Observation<Detections>, ToolError> {
        let whole = context.images().size_of(args.image)?.bounds();
        let region = context.region(args.image, args.region)?.pixels();
        let tiles = args.tiles.unwrap_or(false);
        let mut objects = self.0.look(region, tiles);
        if tiles {
            // The real detector's tiles come on top of the look at the whole.
            objects.extend(self.0.look(region, false));
        }
        for object in &mut objects {
            object.bounds = object.bounds.clamped(whole);
        }
        let vocabulary = Vocabulary::builtin();
        let mut unknown_labels = Vec::new();
        if let Some(words) = &args.labels {
            let mut wanted = Vec::new();
            for word in words {
                let labels = vocabulary.labels_for(word);
                if labels.is_empty() {
                    unknown_labels.push(word.clone());
                }
                wanted.extend(labels);
            }
            objects.retain(|object| wanted.contains(&object.label.as_str()));
        }
        let threshold = args.threshold.unwrap_or(THRESHOLD);
        objects.retain(|object| object.score >= threshold && object.bounds.area() > 0.0);
        Ok(Observation::new(Detections {
            objects: suppressed(objects),
            unknown_labels,
            ..Detections::default()
        }))
    }
}

impl Oracle {
    /// What one look at a region finds, down to the lowest scores.
    fn look(&self, region: Rect, closer: bool) -> Vec<Detection> {
        let look = format!("{} {}", key_of(region), if closer { "closer" } else { "whole" });
        let mut random = self.random("detect", &look);
        let rates = &self.rates;
        let curve = if closer { &rates.found_closer } else { &rates.found };
        let mut found = Vec::new();
        for object in &self.scene.objects {
            // Every thing draws the same numbers whether it is found or not, so that rates can be compared.
            let (draw, doubled) = (random.unit(), random.chance(rates.doubled));
            let bounds = jittered(&mut random, object.bounds, rates.jitter);
            let Some(score) = curve.score(draw) else { continue };
            if object.bounds.share_inside(region) < VISIBLE {
                continue;
            }
            found.push(Detection { label: object.label.clone(), bounds, score });
            if doubled {
                // A detector that sees a thing and a part of it.
                let part = Rect::new(
                    bounds.left + 0.1 * bounds.width(),
                    bounds.top + 0.35 * bounds.height(),
                    bounds.right - 0.1 * bounds.width(),
                    bounds.bottom,
                );
                found.push(Detection { label: object.label.clone(), bounds: part, score: 0.6 * score });
            }
        }
        let mean = if closer { rates.invented_closer } else { rates.invented };
        for _ in 0..random.times(mean) {
            found.push(self.invented(&mut random, region));
        }
        found
    }

    fn invented(&self, random: &mut Random, region: Rect) -> Detection {
        let [least, more] = self.rates.invented_score;
        let score = (f64::from(least) - f64::from(more) * (1.0 - random.unit()).ln()).min(0.99) as f32;
        if random.chance(self.rates.invented_kin)
            && let Some(object) = random.pick(&self.scene.objects)
        {
            let kin: Vec<&str> =
                KINDS.iter().map(|kind| kind.label).filter(|label| are_kin(label, &object.label)).collect();
            let kin: Vec<&str> = kin.into_iter().filter(|label| *label != object.label).collect();
            if let Some(label) = random.pick(&kin) {
                return Detection { label: (*label).to_owned(), bounds: object.bounds, score };
            }
        }
        let labels: Vec<&str> = Vocabulary::builtin().labels().collect();
        let label = random.pick(&labels).map_or("person", |label| label);
        let (width, height) =
            (region.width() * random.between(0.05, 0.3), region.height() * random.between(0.05, 0.3));
        let left = random.between(region.left, region.right - width);
        let top = random.between(region.top, region.bottom - height);
        Detection { label: label.to_owned(), bounds: Rect::new(left, top, left + width, top + height), score }
    }
}

/// Each side moved by a normal deviate; a side never passes the middle.
fn jittered(random: &mut Random, bounds: Rect, jitter: f64) -> Rect {
    // The sum of twelve even numbers is normal enough, and bounded.
    let mut normal = || (0..12).map(|_| random.unit()).sum::<f64>() - 6.0;
    let mut moved = |length: f64| (normal() * jitter).clamp(-0.4, 0.4) * length;
    let (width, height) = (bounds.width(), bounds.height());
    Rect::new(
        bounds.left + moved(width),
        bounds.top + moved(height),
        bounds.right + moved(width),
        bounds.bottom + moved(height),
    )
}

/// Best first, without boxes that repeat a better one of their label.
fn suppressed(mut objects: Vec<Detection>) -> Vec<Detection> {
    objects.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Detection> = Vec::new();
    for object in objects {
        let repeats =
            kept.iter().any(|other| other.label == object.label && other.bounds.iou(object.bounds) > OVERLAP);
        if !repeats {
            kept.push(object);
        }
    }
    kept
}
