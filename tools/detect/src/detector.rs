//! One look at a picture: shrink, run, decode, and again for a mirrored copy and for tiles.

use std::sync::Arc;

use lavr_image::RgbImage;
use lavr_infer::{
    Session,
    ndarray::{ArrayD, ArrayViewD},
};
use lavr_tool::{CancellationToken, ToolError};
use lavr_types::{
    Rect, Vocabulary,
    perception::{Detection, Detections},
};

use crate::{
    decode::{GRIDS, GridOutput, unexpected_network},
    labels::Wanted,
    letterbox::Letterbox,
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
    /// Also looks at a mirrored copy and averages the scores. Twice the time.
    pub mirrored: bool,
}

impl Default for Settings {
    /// The settings that the model card justifies.
    fn default() -> Self {
        Self { threshold: 0.4, tiles: false, mirrored: false }
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
    /// A detector with this session of the NanoDet-g network.
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
            self.look(pixels, area, settings, &mut found)?;
            if settings.tiles {
                let closer = Settings { threshold: settings.threshold + TILE_PENALTY, ..settings };
                for tile in tiles(area) {
                    if cancel.is_cancelled() {
                        return Err(ToolError::cancelled());
                    }
                    let before = found.len();
                    self.look(pixels, tile, closer, &mut found)?;
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
        Ok(Detections { objects, rivals, unknown_labels: wanted.unknown })
    }

    /// Runs the network on one part, and on its mirrored copy if asked to.
    fn look(
        &self,
        pixels: &RgbImage,
        area: Rect,
        settings: Settings,
        found: &mut Vec<Found>,
    ) -> Result<(), ToolError> {
        let letterbox = Letterbox::new(area);
        let before = found.len();
        let classes = self.vocabulary.labels().len();
        let mirrored = if settings.mirrored {
            let mut outputs = Vec::new();
            self.run(letterbox.tensor(pixels, true)?, |views| {
                outputs = views.iter().map(ArrayViewD::to_owned).collect();
                Ok(())
            })?;
            Some(outputs)
        } else {
            None
        };
        self.run(letterbox.tensor(pixels, false)?, |outputs| {
            for (place, grid) in GRIDS.into_iter().enumerate() {
                let plain = GridOutput::new(grid, &outputs[2 * place], &outputs[2 * place + 1], classes)?;
                if let Some(mirrored) = &mirrored {
                    let (scores, sides) = (mirrored[2 * place].view(), mirrored[2 * place + 1].view());
                    let mirrored = GridOutput::new(grid, &scores, &sides, classes)?;
                    plain.decode_with_mirrored(&mirrored, settings.threshold, found);
                } else {
                    plain.decode(settings.threshold, found);
                }
            }
            Ok(())
        })?;
        for one in &mut found[before..] {
            one.bounds = letterbox.to_picture(one.bounds);
        }
        Ok(())
    }

    /// Runs the network and shows its outputs, scores and sides of each grid in turn.
    fn run(
        &self,
        input: ArrayD<f32>,
        mut read: impl FnMut(&[ArrayViewD<'_, f32>]) -> Result<(), ToolError>,
    ) -> Result<(), ToolError> {
        let signature = self.session.signature();
        let name = signature.inputs.first().map(|input| input.name.clone());
        let name = name.ok_or_else(|| unexpected_network("it has no input".to_owned()))?;
        let places = GRIDS
            .iter()
            .flat_map(|grid| [grid.scores, grid.sides])
            .map(|name| signature.outputs.iter().position(|output| output.name == name))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| unexpected_network("outputs are missing".to_owned()))?;
        let mut outcome = Ok(());
        self.session
            .run_with(vec![(name, input)], &mut |outputs| {
                let ordered: Vec<_> = places.iter().map(|&place| outputs[place].view()).collect();
                outcome = read(&ordered);
            })
            .map_err(|error| {
                ToolError::failed("the detector's network failed on this image").caused_by(error)
            })?;
        outcome
    }
}
