//! Detection transformers with focal loss (RT-DETR, D-FINE): one row a query, no suppression needed.
//!
//! `logits` `[1, queries, classes]`, whose sigmoid is the probability of each class, and `pred_boxes` `[1, queries, 4]`: centre,
//! width and height as shares of the input.

use lavr_infer::ndarray::ArrayViewD;
use lavr_tool::ToolError;
use lavr_types::Rect;

use super::{Raw, unexpected_network};

/// The output with the queries' class logits.
pub(super) const SCORES: &str = "logits";
/// The output with the queries' boxes.
pub(super) const BOXES: &str = "pred_boxes";

/// The boxes above the threshold.
pub(super) fn decode(
    logits: &ArrayViewD<'_, f32>,
    boxes: &ArrayViewD<'_, f32>,
    side: usize,
    classes: usize,
    threshold: f32,
) -> Result<Vec<Raw>, ToolError> {
    let fits = matches!((logits.shape(), boxes.shape()), (&[1, queries, of], &[1, of_boxes, 4])
        if of == classes && of_boxes == queries);
    let (Some(scores), Some(sides), true) = (logits.as_slice(), boxes.as_slice(), fits) else {
        return Err(unexpected_network(&format!(
            "outputs of the shapes {:?} and {:?}; those of these classes are [1, queries, {classes}] and [1, queries, 4]",
            logits.shape(),
            boxes.shape()
        )));
    };
    let mut found = Vec::new();
    for (scores, sides) in scores.chunks_exact(classes).zip(sides.chunks_exact(4)) {
        let [x, y, width, height] = [0, 1, 2, 3].map(|part: usize| f64::from(sides[part]) * side as f64);
        let bounds = Rect::new(x - width / 2.0, y - height / 2.0, x + width / 2.0, y + height / 2.0);
        let of_classes = scores.iter().map(|&logit| sigmoid(logit)).enumerate();
        found.extend(of_classes.filter(|(_, score)| *score > threshold).map(|(class, score)| Raw {
            class,
            bounds,
            score,
        }));
    }
    Ok(found)
}

fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

#[cfg(test)]
mod tests {
    use lavr_infer::ndarray::ArrayD;

    use super::*;

    #[test]
    fn a_query_gives_its_box_in_pixels_of_the_input() {
        let mut logits = ArrayD::from_elem(vec![1, 3, 80], -10.0);
        let mut boxes = ArrayD::zeros(vec![1, 3, 4]);
        logits[[0, 1, 2]] = 3.0_f32.ln();
        for (part, value) in [0.5, 0.25, 0.5, 0.25].into_iter().enumerate() {
            boxes[[0, 1, part]] = value;
        }
        let found = decode(&logits.view(), &boxes.view(), 640, 80, 0.4).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].class, found[0].bounds), (2, Rect::new(160.0, 80.0, 480.0, 240.0)));
        assert!((found[0].score - 0.75).abs() < 1e-6);
    }

    #[test]
    fn ninety_one_classes_are_not_eighty() {
        let logits = ArrayD::<f32>::zeros(vec![1, 3, 91]);
        let boxes = ArrayD::<f32>::zeros(vec![1, 3, 4]);
        assert!(decode(&logits.view(), &boxes.view(), 640, 80, 0.4).is_err());
    }
}
