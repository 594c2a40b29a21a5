//! The place where scenes are drawn: cut-outs, what is known of how they are seen, and the font.

use std::{collections::BTreeMap, fs, path::Path};

use image::RgbImage;
use lavr_types::Rect;
use serde::de::DeserializeOwned;

use super::{
    RenderError,
    calibration::{Calibration, Entry},
    canvas::{fill, paste},
    cutout::{CutOut, Description},
    lettering,
    paint::paint,
};
use crate::{
    Random,
    scenes::{
        generate::{background, blank, free_box, sign},
        scene::{Scene, SceneObject},
    },
};

/// The most things in a rendered scene: the canvas has no room for more at the sizes that are seen.
const MOST: usize = 4;

/// Cut-outs, with what was measured of how the experts see them.
#[derive(Debug, Clone)]
pub struct Studio {
    cutouts: Vec<CutOut>,
    calibration: Calibration,
}

impl Studio {
    /// Opens a folder with `cutouts/`, `cutouts.json` (file name to label and color) and `calibration.json`.
    ///
    /// The pictures are data beside the program, with licenses of their own, and no part of it.
    ///
    /// # Errors
    /// Where a file is missing or not readable.
    pub fn open(folder: &Path) -> Result<Self, RenderError> {
        let calibration = json(&folder.join("calibration.json"))?;
        Ok(Self { calibration, ..Self::uncalibrated(folder)? })
    }

    /// Opens a folder with `cutouts/` and `cutouts.json`, to measure how the cut-outs are seen.
    ///
    /// # Errors
    /// Where a file is missing or not readable.
    pub fn uncalibrated(folder: &Path) -> Result<Self, RenderError> {
        let descriptions: BTreeMap<String, Description> = json(&folder.join("cutouts.json"))?;
        let cutouts = descriptions
            .into_iter()
            .map(|(name, description)| CutOut::open(&folder.join("cutouts"), name, description))
            .collect::<Result<_, _>>()?;
        Ok(Self { cutouts, calibration: Calibration::default() })
    }

    /// The cut-outs, by name.
    pub fn cutouts(&self) -> &[CutOut] {
        &self.cutouts
    }

    /// What was measured of them.
    pub const fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// Draws a scene in its own size: background, things in their order, signs.
    ///
    /// # Errors
    /// Where a thing has no cut-out, or one that is not here.
    pub fn render(&self, scene: &Scene) -> Result<RgbImage, RenderError> {
        let mut canvas = RgbImage::new(scene.size.width, scene.size.height);
        fill(&mut canvas, scene.background);
        for object in &scene.objects {
            let Some(name) = &object.cutout else {
                return Err(RenderError::NoCutOut { scene: scene.id.clone(), label: object.label.clone() });
            };
            let Some(cutout) = self.cutout(name) else {
                return Err(RenderError::UnknownCutOut { scene: scene.id.clone(), cutout: name.clone() });
            };
            let mut picture = cutout.picture.clone();
            if let Some(color) = object.color.as_ref().filter(|color| Some(*color) != cutout.color.as_ref()) {
                paint(&mut picture, color);
            }
            paste(&mut canvas, &picture, object.bounds);
        }
        for text in &scene.texts {
            lettering::sign(&mut canvas, text)?;
        }
        Ok(canvas)
    }

    /// Makes up a scene of one to four cut-outs that the experts see when each is alone on the canvas, some of them
    /// alike, often with a sign. Equal seeds give equal scenes. `None` where no cut-out is seen.
    pub fn random_scene(&self, seed: u64) -> Option<Scene> {
        let mut random = Random::keyed(seed, "rendered");
        let seen: Vec<&Entry> = self.calibration.entries.iter().filter(|entry| entry.is_seen()).collect();
        let mut labels: Vec<&str> = seen.iter().map(|entry| entry.label.as_str()).collect();
        labels.sort_unstable();
        labels.dedup();
        random.shuffle(&mut labels);
        let mut scene = blank(format!("rendered-{seed:04}"));
        scene.background = background(&mut random);
        let mut boxes: Vec<Rect> = Vec::new();
        let wanted = 1 + random.below(MOST);
        for label in labels {
            if scene.objects.len() >= wanted {
                break;
            }
            let entries: Vec<&Entry> = seen.iter().copied().filter(|entry| entry.label == label).collect();
            let Some(entry) = random.pick(&entries).copied() else { continue };
            let most = (wanted - scene.objects.len()).min(3);
            let alike = if random.chance(0.4) { most } else { 1 };
            for _ in 0..alike {
                if let Some(object) = self.place(&mut random, entry, &boxes) {
                    boxes.push(object.bounds);
                    scene.objects.push(object);
                }
            }
        }
        if random.chance(0.6) {
            sign(&mut random, &mut scene, &boxes);
        }
        (!scene.objects.is_empty()).then_some(scene)
    }

    fn place(&self, random: &mut Random, entry: &Entry, taken: &[Rect]) -> Option<SceneObject> {
        let size = self.cutout(&entry.cutout)?.proportions().map(|share| share * entry.size);
        Some(SceneObject {
            label: entry.label.clone(),
            bounds: free_box(random, size, 1.0, taken)?,
            color: entry.color.clone(),
            cutout: Some(entry.cutout.clone()),
        })
    }

    fn cutout(&self, name: &str) -> Option<&CutOut> {
        self.cutouts.iter().find(|cutout| cutout.name == name)
    }
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T, RenderError> {
    let text =
        fs::read_to_string(path).map_err(|source| RenderError::Read { path: path.to_owned(), source })?;
    serde_json::from_str(&text).map_err(|source| RenderError::Parse { path: path.to_owned(), source })
}
