//! One look at a picture: shrink, run, decode, and again for tiles.

use std::sync::Arc;

use lavr_image::RgbImage;
use lavr_infer::Session;
use lavr_tool::{CancellationToken, ToolError};
use lavr_types::{
    Rect, Vocabulary,
    perception::{Detection, Detections},
};

use crate::{
    decode::{Form, Raw, unexpected_network},
    labels::Wanted,
    letterbox::Placed,
    suppress::{Found, Suppressed, suppress},
    tiles::{is_cut, tiles},
};

/// How a [`Detector`] looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Objects with a lower score are left out, 0 to 1.
    pub threshold: f32,
    /// Also looks at overlapping parts of the picture, for objects that are small in it.
    pub tiles: bool,
}

impl Default for Settings {
    /// The settings that the model card justifies.
    fn default() -> Self {
        Self { threshold: 0.4, tiles: false }
    }
}

/// What an object found in a tile must score above the threshold, since every tile is one more chance for a
/// false find.
const TILE_PENALTY: f32 = 0.1;

/// Finds objects in pixels with a network that is ready to run.
#[derive(Clone)]
pub struct Detector {
    session: Arc<dyn Session>,
    vocabulary: &'static Vocabulary,
}

impl Detector {
    /// A detector with the session of a network of the COCO classes, in one of the forms that the crate's page lists.
    pub fn new(session: Arc<dyn Session>) -> Self {
        Self { session, vocabulary: Vocabulary::builtin() }
    }

    /// Finds the objects in a part of a picture. Blocks the thread.
    ///
    /// `words` are what to look for, none for every class; `area` and the boxes found are in pixels of the picture.
    /// `cancel` is looked at between two runs of the network.
    ///
    /// # Errors
    /// When the network fails or is another one than expected, or the call is cancelled.
    pub fn find(
        &self,
        pixels: &RgbImage,
        area: Rect,
        words: &[String],
        settings: Settings,
        cancel: &CancellationToken,
    ) -> Result<Detections, ToolError> {
        let wanted = Wanted::new(words, self.vocabulary);
        let mut found = Vec::new();
        if wanted.any() {
            self.look(pixels, area, settings.threshold, &mut found)?;
            if settings.tiles {
                for tile in tiles(area) {
                    if cancel.is_cancelled() {
                        return Err(ToolError::cancelled());
                    }
                    let before = found.len();
                    self.look(pixels, tile, settings.threshold + TILE_PENALTY, &mut found)?;
                    let in_tile = found.split_off(before);
                    let whole = in_tile.into_iter().filter(|one| !is_cut(one.bounds, tile, area));
                    found.extend(whole.map(|one| Found { in_tile: true, ..one }));
                }
            }
        }
        let labels: Vec<&str> = self.vocabulary.labels().collect();
        let named = |found: Vec<Found>| -> Vec<Detection> {
            let asked = found.into_iter().filter(|one| wanted.classes[one.class]);
            let detection = |Found { class, bounds, score, .. }| {
                let label = labels[class].to_owned();
                Detection { label, bounds, score }
            };
            asked.map(detection).collect()
        };
        // Only now, so that asking for dogs alone does not turn a cat into one.
        let Suppressed { kept, rivals } = suppress(found);
        let objects = named(kept);
        // Where nothing is asked for by name, what an object is not is of no interest.
        let rivals = if words.is_empty() { Vec::new() } else { named(rivals) };
        Ok(Detections { objects, rivals, doubts: Vec::new(), unknown_labels: wanted.unknown })
    }

    /// Runs the network on one part.
    fn look(
        &self,
        pixels: &RgbImage,
        area: Rect,
        threshold: f32,
        found: &mut Vec<Found>,
    ) -> Result<(), ToolError> {
        let signature = self.session.signature();
        let labels: Vec<&str> = self.vocabulary.labels().collect();
        let form = Form::of(signature, &labels)?;
        let name = signature.inputs.first().map(|input| input.name.clone());
        let name = name.ok_or_else(|| unexpected_network("it has no input"))?;
        let placed = Placed::new(area, form.input());
        let wanted = form.outputs();
        let mut decoded = Ok(Vec::new());
        self.session
            .run_with(vec![(name, placed.tensor(pixels)?)], &mut |outputs| {
                let named = |name: &&str| {
                    let place = signature.outputs.iter().position(|output| output.name == *name);
                    place.and_then(|place| outputs.get(place)).map(|output| output.view())
                };
                let ordered: Vec<_> = wanted.iter().filter_map(named).collect();
                let outputs = if wanted.is_empty() { outputs } else { &ordered };
                decoded = form.decode(outputs, labels.len(), threshold);
            })
            .map_err(|error| {
                ToolError::failed("the detector's network failed on this image").caused_by(error)
            })?;
        found.extend(decoded?.into_iter().map(|Raw { class, bounds, score }| Found {
            class,
            bounds: placed.to_picture(bounds),
            score,
            in_tile: false,
            more: (),
        }));
        Ok(())
    }
}
