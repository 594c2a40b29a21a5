//! All steps together: from a picture to its lines of text.

use std::sync::Arc;

use fast_image_resize::FilterType;
use lavr_image::RgbImage;
use lavr_infer::{
    InferError, Session, SessionSource,
    ndarray::{Array2, ArrayView2, ArrayViewD, Ix2, Ix3, Ix4, s},
};
use lavr_types::{Quad, Rect, Size, perception::TextLine};
use tokio_util::sync::CancellationToken;

use crate::{
    Characters, OcrError, Reading,
    geometry::TurnedBox,
    order::reading_order,
    postprocess::lines_on,
    preprocess::{ENLARGEMENTS, detection_size, padded, resized, tile_input, tiles},
    recognize::{decode, line_input},
    straighten::{Direction, corners_of_text, straightened},
};

/// The text detector's name in the catalogue.
pub const DETECTOR: &str = "ppocrv6-det";
/// The text recognizer's name in the catalogue.
pub const RECOGNIZER: &str = "ppocrv6-rec";

/// A line is kept at this mean probability of its characters (model card).
const LINE_THRESHOLD: f32 = 0.5;
/// A single character is kept at this: a cup or a wheel is read as `O`, an edge as `I`.
const CHARACTER_THRESHOLD: f32 = 0.9;
/// Boxes this much taller than wide hold text that runs up or down (model card).
const TALL: f64 = 1.5;
/// A tall box up to here may also hold a single letter that stands upright.
const LETTER: f64 = 3.0;
/// A reading less sure than this is tried upside down too.
const UNSURE: f32 = 0.8;

/// Reads text with the networks of PP-OCR.
pub struct Reader {
    detector: Arc<dyn Session>,
    recognizer: Arc<dyn Session>,
    characters: Characters,
}

impl Reader {
    /// Takes the networks from a source; the first use may fetch them.
    ///
    /// # Errors
    /// When a network cannot be had, or is not the one expected.
    pub async fn load(sessions: &dyn SessionSource) -> Result<Self, OcrError> {
        let detector = sessions.session(DETECTOR).await?;
        let recognizer = sessions.session(RECOGNIZER).await?;
        let characters = Characters::from_signature(recognizer.signature())?;
        Ok(Self { detector, recognizer, characters })
    }

    /// The lines of text in a picture, in reading order; corners in pixels of the picture. Blocks while it reads.
    ///
    /// # Errors
    /// When a network fails, or `cancel` fires.
    pub fn read(&self, picture: &RgbImage, cancel: &CancellationToken) -> Result<Vec<TextLine>, OcrError> {
        let boxes = self.detect(picture, cancel)?;
        let size = Size::new(picture.width(), picture.height());
        let mut lines = Vec::new();
        for bounds in boxes {
            if let Some((reading, direction)) = self.read_box(picture, bounds, cancel)? {
                let quad = Quad(corners_of_text(bounds.quad_within(size).0, direction));
                lines.push(TextLine { text: reading.text, quad, score: reading.score });
            }
        }
        let quads: Vec<_> = lines.iter().map(|line| line.quad).collect();
        let mut lines: Vec<_> = lines.into_iter().map(Some).collect();
        Ok(reading_order(&quads).into_iter().filter_map(|place| lines[place].take()).collect())
    }

    /// The lines of text in a part of a picture (pixels; cut off at the edges). Corners are still in pixels of the
    /// whole picture.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn read_part(
        &self,
        picture: &RgbImage,
        part: Rect,
        cancel: &CancellationToken,
    ) -> Result<Vec<TextLine>, OcrError> {
        let whole = Size::new(picture.width(), picture.height()).bounds();
        let part = part.clamped(whole);
        let (left, top) = (part.left.floor(), part.top.floor());
        let size = Size::new((part.right.ceil() - left) as u32, (part.bottom.ceil() - top) as u32);
        if size.area() == 0 {
            return Ok(Vec::new());
        }
        if size.bounds() == whole {
            return self.read(picture, cancel);
        }
        let area = Rect::new(left, top, part.right.ceil(), part.bottom.ceil());
        let cut = resized(picture, area, size, FilterType::Box)?;
        let mut lines = self.read(&cut, cancel)?;
        let back = lavr_types::Affine::scale_then_move([1.0, 1.0], [left, top]);
        for line in &mut lines {
            line.quad = line.quad.map(back);
        }
        Ok(lines)
    }

    /// The boxes around lines, in pixels of the picture.
    fn detect(&self, picture: &RgbImage, cancel: &CancellationToken) -> Result<Vec<TurnedBox>, OcrError> {
        let original = Size::new(picture.width(), picture.height());
        if original.area() == 0 {
            return Ok(Vec::new());
        }
        let mut tried = None;
        for most_enlarged in ENLARGEMENTS {
            let shown = detection_size(original, most_enlarged);
            if tried.replace(shown) == Some(shown) {
                break;
            }
            let found = self.detect_at(picture, shown, cancel)?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    fn detect_at(
        &self,
        picture: &RgbImage,
        shown: Size,
        cancel: &CancellationToken,
    ) -> Result<Vec<TurnedBox>, OcrError> {
        let original = Size::new(picture.width(), picture.height());
        let map = if shown == original {
            self.map_of(picture, cancel)?
        } else {
            self.map_of(&resized(picture, original.bounds(), shown, FilterType::Bilinear)?, cancel)?
        };
        let (x, y) = (
            f64::from(original.width) / f64::from(shown.width),
            f64::from(original.height) / f64::from(shown.height),
        );
        let found = lines_on(&map.slice(s![..shown.height as usize, ..shown.width as usize]));
        Ok(found.into_iter().map(|line| line.bounds.stretched(x, y)).collect())
    }

    /// The detector's map of a picture: the maps of its tiles, put together.
    fn map_of(&self, picture: &RgbImage, cancel: &CancellationToken) -> Result<Array2<f32>, OcrError> {
        let (width, height) = (padded(picture.width()) as usize, padded(picture.height()) as usize);
        let mut map = Array2::zeros((height, width));
        for tile in tiles(Size::new(picture.width(), picture.height())) {
            stop_if(cancel)?;
            let [left, top, right, bottom] = tile.core.map(|edge| edge as usize);
            let (x, y) = (tile.left as usize, tile.top as usize);
            let expected = [1, 1, tile.height as usize, tile.width as usize];
            run(&self.detector, tile_input(picture, tile), |output| {
                let seen =
                    (output.shape() == expected).then(|| output.view().into_dimensionality::<Ix4>().ok());
                let Some(seen) = seen.flatten() else {
                    return Err(unexpected("detector", output, format!("{expected:?}")));
                };
                map.slice_mut(s![top..bottom, left..right]).assign(&seen.slice(s![
                    0,
                    0,
                    top - y..bottom - y,
                    left - x..right - x
                ]));
                Ok(())
            })?;
        }
        Ok(map)
    }

    /// The text in a box and the way it runs, if there is one to be read.
    fn read_box(
        &self,
        picture: &RgbImage,
        bounds: TurnedBox,
        cancel: &CancellationToken,
    ) -> Result<Option<(Reading, Direction)>, OcrError> {
        let ratio = bounds.height / bounds.width.max(1e-6);
        let ways: &[Direction] = if ratio < TALL {
            &[Direction::Right]
        } else if ratio < LETTER {
            &[Direction::Down, Direction::Up, Direction::Right]
        } else {
            &[Direction::Down, Direction::Up]
        };
        let mut best: Option<(Reading, Direction)> = None;
        let mut consider = |direction| -> Result<f32, OcrError> {
            stop_if(cancel)?;
            let reading = self.recognize(&straightened(picture, bounds, direction)?)?;
            if !reading.text.is_empty() && best.as_ref().is_none_or(|(other, _)| reading.score > other.score)
            {
                best = Some((reading, direction));
            }
            Ok(best.as_ref().map_or(0.0, |(best, _)| best.score))
        };
        let mut score = 0.0;
        for direction in ways {
            score = consider(*direction)?;
        }
        if ratio < TALL && score < UNSURE {
            consider(Direction::Left)?;
        }
        Ok(best.filter(|(reading, _)| {
            let single = reading.text.chars().nth(1).is_none();
            reading.score >= if single { CHARACTER_THRESHOLD } else { LINE_THRESHOLD }
        }))
    }

    fn recognize(&self, line: &RgbImage) -> Result<Reading, OcrError> {
        run(&self.recognizer, line_input(line), |output| {
            let expected = || format!("[1, steps, {}]", self.characters.classes());
            let steps = output.view().into_dimensionality::<Ix3>().ok().filter(|steps| steps.shape()[0] == 1);
            let Some(steps) = steps else { return Err(unexpected("recognizer", output, expected())) };
            let steps: ArrayView2<'_, f32> = steps
                .slice(s![0, .., ..])
                .into_dimensionality::<Ix2>()
                .map_err(|_| unexpected("recognizer", output, expected()))?;
            decode(&steps, &self.characters)
        })
    }
}

fn stop_if(cancel: &CancellationToken) -> Result<(), OcrError> {
    if cancel.is_cancelled() { Err(InferError::Cancelled.into()) } else { Ok(()) }
}

fn unexpected(network: &'static str, output: &ArrayViewD<'_, f32>, expected: String) -> OcrError {
    OcrError::Shape { network, shape: output.shape().to_vec(), expected }
}

/// Runs a network of one input and reads its first output in place: the recognizer's is 75 kB a step.
fn run<T>(
    session: &Arc<dyn Session>,
    input: lavr_infer::ndarray::ArrayD<f32>,
    mut read: impl FnMut(&ArrayViewD<'_, f32>) -> Result<T, OcrError>,
) -> Result<T, OcrError> {
    let name = session.signature().inputs.first().map(|input| input.name.clone()).unwrap_or_default();
    let mut result = None;
    session.run_with(vec![(name, input)], &mut |outputs| result = outputs.first().map(&mut read))?;
    result.unwrap_or_else(|| {
        Err(OcrError::Shape { network: "network", shape: Vec::new(), expected: "one output".to_owned() })
    })
}
