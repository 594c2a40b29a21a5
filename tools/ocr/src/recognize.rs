//! From the pixels of a line to its text: the recognizer's input, and CTC decoding of its output (Graves et al.,
//! "Connectionist Temporal Classification", 2006).

use lavr_image::RgbImage;
use lavr_infer::{
    Signature,
    ndarray::{ArrayD, ArrayView2, IxDyn},
};

use crate::{OcrError, preprocess::normalized, straighten::LINE_HEIGHT};

/// The recognizer makes one step of this many columns; inputs are whole steps.
const STEP: u32 = 8;
/// Shorter inputs are padded to this: the network saw few in training.
const SHORTEST_INPUT: u32 = 64;

/// The characters that the recognizer's classes stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Characters {
    /// From class 1 on; class 0 is CTC's blank.
    texts: Vec<String>,
}

impl Characters {
    /// The list in the model file's metadata, one a line, and a space as the last class (model card).
    ///
    /// # Errors
    /// [`OcrError::NoCharacters`].
    pub fn from_signature(signature: &Signature) -> Result<Self, OcrError> {
        let list = signature.metadata.get("character").ok_or(OcrError::NoCharacters)?;
        // Not `lines`: some entries are unusual white space that must not be trimmed.
        let texts = list.split('\n').map(str::to_owned).chain([" ".to_owned()]).collect();
        Ok(Self { texts })
    }

    /// How many classes the recognizer must have.
    pub fn classes(&self) -> usize {
        self.texts.len() + 1
    }
}

/// A text and how sure the recognizer is of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The text, without white space at its ends.
    pub text: String,
    /// Mean probability of its characters, 0 to 1.
    pub score: f32,
}

/// The recognizer's input for one line, `[1, 3, 48, width]`: blue, green, red, from -1 to 1, zeros to the right of
/// the line (model card). The line must be [`LINE_HEIGHT`] high.
pub fn line_input(line: &RgbImage) -> ArrayD<f32> {
    let (columns, rows) = (line.width() as usize, LINE_HEIGHT as usize);
    let width = line.width().max(SHORTEST_INPUT).next_multiple_of(STEP) as usize;
    let mut input = vec![0.0; 3 * rows * width];
    for (row, pixels) in line.as_raw().chunks_exact(columns * 3).take(rows).enumerate() {
        for (column, pixel) in pixels.chunks_exact(3).enumerate() {
            for (channel, value) in pixel.iter().enumerate() {
                input[((2 - channel) * rows + row) * width + column] = normalized(*value);
            }
        }
    }
    // The length fits the shape by construction.
    ArrayD::from_shape_vec(IxDyn(&[1, 3, rows, width]), input).unwrap_or_else(|_| ArrayD::zeros(IxDyn(&[0])))
}

/// Decodes probabilities, one row a step and one column a class: the best class of each step, repeats and blanks
/// dropped.
///
/// # Errors
/// [`OcrError::Shape`] when there are more or fewer classes than characters.
pub fn decode(probabilities: &ArrayView2<'_, f32>, characters: &Characters) -> Result<Reading, OcrError> {
    if probabilities.ncols() != characters.classes() {
        return Err(OcrError::Shape {
            network: "recognizer",
            shape: probabilities.shape().to_vec(),
            expected: format!("[steps, {}]", characters.classes()),
        });
    }
    let (mut text, mut sum, mut count) = (String::new(), 0.0, 0usize);
    let mut previous = 0;
    for step in probabilities.rows() {
        let (class, probability) = step.as_slice().map_or((0, 0.0), best);
        if class != 0 && class != previous {
            text.push_str(&characters.texts[class - 1]);
            sum += probability;
            count += 1;
        }
        previous = class;
    }
    let score = if count > 0 { sum / count as f32 } else { 0.0 };
    Ok(Reading { text: text.trim().to_owned(), score })
}

/// The first of the largest values and its place. In two passes that the compiler can vectorize.
fn best(values: &[f32]) -> (usize, f32) {
    let mut lanes = [f32::NEG_INFINITY; 16];
    let chunks = values.chunks_exact(16);
    let rest = chunks.remainder().iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = if *value > *lane { *value } else { *lane };
        }
    }
    let largest = lanes.into_iter().fold(rest, f32::max);
    values.iter().position(|value| *value == largest).map_or((0, 0.0), |place| (place, largest))
}

#[cfg(test)]
mod tests {
    use lavr_image::Rgb;
    use lavr_infer::ndarray::Array2;
    use proptest::prelude::*;

    use super::*;

    fn abc() -> Characters {
        let mut signature = Signature::default();
        signature.metadata.insert("character".into(), "a\nb\n\u{3000}".into());
        Characters::from_signature(&signature).unwrap()
    }

    /// Steps given as (class, probability); the rest is spread over the other classes.
    fn steps(steps: &[(usize, f32)]) -> Array2<f32> {
        Array2::from_shape_fn((steps.len(), 5), |(row, class)| {
            let (best, probability) = steps[row];
            if class == best { probability } else { (1.0 - probability) / 4.0 }
        })
    }

    #[test]
    fn repeats_and_blanks_are_dropped_and_a_blank_parts_equal_letters() {
        let reading = decode(
            &steps(&[(1, 0.9), (1, 0.8), (0, 1.0), (1, 0.7), (4, 0.6), (2, 0.8), (0, 0.9)]).view(),
            &abc(),
        );
        assert_eq!(reading.unwrap(), Reading { text: "aa b".into(), score: (0.9 + 0.7 + 0.6 + 0.8) / 4.0 });
    }

    #[test]
    fn blanks_alone_read_nothing() {
        let nothing = Reading { text: String::new(), score: 0.0 };
        assert_eq!(decode(&steps(&[(0, 0.9), (0, 0.9)]).view(), &abc()).unwrap(), nothing);
        assert_eq!(decode(&Array2::zeros((0, 5)).view(), &abc()).unwrap(), nothing);
    }

    #[test]
    fn another_number_of_classes_is_an_error() {
        let error = decode(&Array2::zeros((2, 6)).view(), &abc()).unwrap_err();
        assert!(error.to_string().contains("[steps, 5]"), "{error}");
        assert!(matches!(Characters::from_signature(&Signature::default()), Err(OcrError::NoCharacters)));
    }

    #[test]
    fn a_line_is_padded_to_whole_steps_with_zeros() {
        let input = line_input(&RgbImage::from_pixel(70, LINE_HEIGHT, Rgb([255, 0, 0])));
        assert_eq!(input.shape(), [1, 3, 48, 72]);
        assert_eq!((input[[0, 0, 47, 69]], input[[0, 2, 47, 69]]), (-1.0, 1.0));
        assert_eq!((input[[0, 0, 47, 70]], input[[0, 2, 0, 71]]), (0.0, 0.0));
    }

    proptest! {
        #[test]
        fn the_best_is_the_first_of_the_largest(values in prop::collection::vec(0.0..4.0f32, 1..100)) {
            let rounded: Vec<f32> = values.iter().map(|value| value.round()).collect();
            let (place, value) = best(&rounded);
            prop_assert_eq!(value, rounded.iter().copied().fold(0.0, f32::max));
            prop_assert_eq!(place, rounded.iter().position(|other| *other == value).unwrap());
        }
    }
}
