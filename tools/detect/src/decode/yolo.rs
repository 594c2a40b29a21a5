//! YOLO without anchors (Ultralytics' versions 8 and 11, and what is exported alike).
//!
//! One output `[1, 4 + classes, anchors]`: of each anchor the box's centre, width and height in pixels of the input, then the
//! probability of each class.

use lavr_infer::ndarray::ArrayViewD;
use lavr_tool::ToolError;
use lavr_types::Rect;

use super::{Raw, unexpected_network};

/// The boxes above the threshold.
pub(super) fn decode(
    output: &ArrayViewD<'_, f32>,
    classes: usize,
    threshold: f32,
) -> Result<Vec<Raw>, ToolError> {
    let found = by_anchor(output, classes, 0, threshold)?;
    Ok(found.into_iter().map(|(raw, _)| raw).collect())
}

/// The boxes above the threshold, each with its anchor's number, where `more` rows follow the classes.
pub(super) fn by_anchor(
    output: &ArrayViewD<'_, f32>,
    classes: usize,
    more: usize,
    threshold: f32,
) -> Result<Vec<(Raw, usize)>, ToolError> {
    let (&[1, rows, anchors], Some(values)) = (output.shape(), output.as_slice()) else {
        return Err(unexpected_network(&format!("an output of the shape {:?}", output.shape())));
    };
    if rows != 4 + classes + more || anchors == 0 {
        return Err(unexpected_network(&format!(
            "an output of the shape {:?}; that of a YOLO of these classes is [1, {}, anchors]",
            output.shape(),
            4 + classes + more
        )));
    }
    let (boxes, scores) = values.split_at(4 * anchors);
    let mut found = Vec::new();
    for (class, scores) in scores.chunks_exact(anchors).take(classes).enumerate() {
        for (anchor, &score) in scores.iter().enumerate() {
            if score > threshold {
                let [x, y, width, height] =
                    [0, 1, 2, 3].map(|row: usize| f64::from(boxes[row * anchors + anchor]));
                let bounds = Rect::new(x - width / 2.0, y - height / 2.0, x + width / 2.0, y + height / 2.0);
                found.push((Raw { class, bounds, score }, anchor));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use lavr_infer::ndarray::ArrayD;

    use super::*;

    #[test]
    fn an_anchor_gives_its_box_for_every_class_it_is_sure_of() {
        let mut output = ArrayD::zeros(vec![1, 84, 10]);
        for (row, value) in
            [(0, 100.0), (1, 80.0), (2, 40.0), (3, 20.0), (4 + 15, 0.9), (4 + 16, 0.5), (4, 0.3)]
        {
            output[[0, row, 7]] = value;
        }
        let found = decode(&output.view(), 80, 0.4).unwrap();
        let bounds = Rect::new(80.0, 70.0, 120.0, 90.0);
        let raw = |class, score| Raw { class, bounds, score };
        assert_eq!(found, [raw(15, 0.9), raw(16, 0.5)]);
    }

    #[test]
    fn a_network_of_other_classes_is_refused_with_the_shape_that_is_wanted() {
        let output = ArrayD::<f32>::zeros(vec![1, 5, 10]);
        let error = decode(&output.view(), 80, 0.4).unwrap_err();
        assert!(error.to_string().contains("not one that can be read"), "{error}");
        assert!(format!("{error:?}").contains("[1, 84, anchors]"), "{error:?}");
    }
}
