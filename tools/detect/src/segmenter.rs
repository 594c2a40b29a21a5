//! One look at a picture for what is where, to the pixel.

use std::sync::Arc;

use lavr_image::RgbImage;
use lavr_infer::{Session, ndarray::ArrayViewD};
use lavr_tool::ToolError;
use lavr_types::{
    Rect, Size, Vocabulary,
    perception::{Instance, Instances, Mask},
};

use crate::{
    decode::{Form, Raw, segment, unexpected_network},
    labels::Wanted,
    letterbox::Placed,
    suppress::{Found, suppress},
};

/// Cuts things out of pixels with a network that is ready to run.
#[derive(Clone)]
pub struct Segmenter {
    session: Arc<dyn Session>,
    vocabulary: &'static Vocabulary,
}

impl Segmenter {
    /// A segmenter with the session of a network with masks for the COCO classes.
    pub fn new(session: Arc<dyn Session>) -> Self {
        Self { session, vocabulary: Vocabulary::builtin() }
    }

    /// Cuts out the things of a picture. Blocks the thread.
    ///
    /// `words` are what to look for, none for every class; things of a lower score than `threshold` (0 to 1) are left out.
    /// Boxes and masks are in pixels of the picture; a mask lies in its box.
    ///
    /// # Errors
    /// When the network fails or is another one than expected.
    pub fn cut_out(
        &self,
        pixels: &RgbImage,
        words: &[String],
        threshold: f32,
    ) -> Result<Instances, ToolError> {
        let wanted = Wanted::new(words, self.vocabulary);
        if !wanted.any() {
            return Ok(Instances { objects: Vec::new(), unknown_labels: wanted.unknown });
        }
        let labels: Vec<&str> = self.vocabulary.labels().collect();
        let signature = self.session.signature();
        let form = Form::of(signature, &labels)?;
        if form != Form::YoloSegment {
            return Err(ToolError::failed(
                "the network that is to cut things out finds boxes and gives no masks; tools/detect/README.md lists those that do",
            ));
        }
        let name = signature.inputs.first().map(|input| input.name.clone());
        let name = name.ok_or_else(|| unexpected_network("it has no input"))?;
        let places = segment::OUTPUTS.map(|name| signature.outputs.iter().position(|one| one.name == name));
        let size = Size::new(pixels.width(), pixels.height());
        let placed = Placed::new(size.bounds(), form.input());
        let mut instances = Ok(Vec::new());
        self.session
            .run_with(vec![(name, placed.tensor(pixels)?)], &mut |outputs| {
                let [found, prototypes] = places.map(|place| place.and_then(|place| outputs.get(place)));
                if let (Some(found), Some(prototypes)) = (found, prototypes) {
                    instances =
                        self.instances(&[found.view(), prototypes.view()], &wanted, threshold, placed, size);
                }
            })
            .map_err(|error| {
                ToolError::failed("the network that cuts things out failed on this image").caused_by(error)
            })?;
        Ok(Instances { objects: instances?, unknown_labels: wanted.unknown })
    }

    fn instances(
        &self,
        [found, prototypes]: &[ArrayViewD<'_, f32>; 2],
        wanted: &Wanted,
        threshold: f32,
        placed: Placed,
        size: Size,
    ) -> Result<Vec<Instance>, ToolError> {
        let labels: Vec<&str> = self.vocabulary.labels().collect();
        let all = segment::decode(found, prototypes, labels.len(), threshold)?;
        let all = all.into_iter().map(|(Raw { class, bounds, score }, anchor)| Found {
            class,
            bounds: placed.to_picture(bounds),
            score,
            in_tile: false,
            more: anchor,
        });
        let kept = suppress(all.collect()).kept.into_iter().filter(|one| wanted.classes[one.class]);
        Ok(kept
            .map(|Found { class, bounds, score, more: anchor, .. }| {
                let field = segment::field(found, prototypes, labels.len(), anchor);
                let mask = mask(&field, placed, bounds, size);
                Instance {
                    label: labels[class].to_owned(),
                    bounds,
                    score,
                    area: mask.area(),
                    mask: Some(mask),
                }
            })
            .collect())
    }
}

/// The pixels of a box at whose middle the field is positive.
fn mask(field: &segment::Field, placed: Placed, bounds: Rect, size: Size) -> Mask {
    Mask::of(size, bounds, |x, y| {
        let [across, down] = placed.to_input(f64::from(x) + 0.5, f64::from(y) + 0.5);
        field.at(across, down, placed.side()) > 0.0
    })
}
