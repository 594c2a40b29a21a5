//! YOLO with masks (Ultralytics' `-seg` networks of versions 8, 11 and 26).
//!
//! Two outputs: `[1, 4 + classes, anchors]` as without masks, with a coefficient for each prototype below the classes, and the
//! prototypes `[1, prototypes, height, width]`, a quarter of the input's size. The prototypes' sum, weighted with an
//! anchor's coefficients, is positive where its thing is (YOLACT, Bolya et al. 2019).

use lavr_infer::ndarray::{ArrayViewD, Axis};
use lavr_tool::ToolError;

use super::{Raw, unexpected_network, yolo};

/// The names of the outputs: what was found, and the prototypes.
pub(crate) const OUTPUTS: [&str; 2] = ["output0", "output1"];

/// For each place of the prototypes, row by row, how surely it shows a thing: more than 0 where it rather does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) values: Vec<f32>,
}

impl Field {
    /// The value at a point of the network's input of this side, between the places' middles by straight lines.
    pub(crate) fn at(&self, x: f64, y: f64, side: usize) -> f32 {
        let along = |at: f64, length: usize| {
            let at = (at * length as f64 / side as f64 - 0.5).clamp(0.0, (length - 1) as f64);
            let before = at.floor();
            (before as usize, (before as usize + 1).min(length - 1), (at - before) as f32)
        };
        let ((left, right, across), (top, bottom, down)) = (along(x, self.width), along(y, self.height));
        let value = |column: usize, row: usize| self.values[row * self.width + column];
        let between = |row: usize| (value(right, row) - value(left, row)).mul_add(across, value(left, row));
        let (upper, lower) = (between(top), between(bottom));
        (lower - upper).mul_add(down, upper)
    }
}

/// The boxes above the threshold, each with its anchor.
pub(crate) fn decode(
    found: &ArrayViewD<'_, f32>,
    prototypes: &ArrayViewD<'_, f32>,
    classes: usize,
    threshold: f32,
) -> Result<Vec<(Raw, usize)>, ToolError> {
    let &[1, more, height, width] = prototypes.shape() else {
        return Err(unexpected_network(&format!("prototypes of the shape {:?}", prototypes.shape())));
    };
    if more == 0 || height == 0 || width == 0 {
        return Err(unexpected_network("it has no prototypes"));
    }
    yolo::by_anchor(found, classes, more, threshold)
}

/// Where in the input the thing of an anchor is, of outputs that were decoded.
pub(crate) fn field(
    found: &ArrayViewD<'_, f32>,
    prototypes: &ArrayViewD<'_, f32>,
    classes: usize,
    anchor: usize,
) -> Field {
    let (height, width) = (prototypes.shape()[2], prototypes.shape()[3]);
    let mut values = vec![0.0; height * width];
    for (number, prototype) in prototypes.index_axis(Axis(0), 0).outer_iter().enumerate() {
        let coefficient = found[[0, 4 + classes + number, anchor]];
        for (value, part) in values.iter_mut().zip(&prototype) {
            *value = part.mul_add(coefficient, *value);
        }
    }
    Field { width, height, values }
}

#[cfg(test)]
mod tests {
    use lavr_infer::ndarray::ArrayD;

    use super::*;

    #[test]
    fn a_thing_is_where_its_prototypes_say() {
        let mut found = ArrayD::zeros(vec![1, 4 + 2 + 2, 3]);
        for (row, value) in [(0, 8.0), (1, 8.0), (2, 4.0), (3, 4.0), (5, 0.9), (6, 2.0), (7, -1.0)] {
            found[[0, row, 1]] = value;
        }
        let mut prototypes = ArrayD::zeros(vec![1, 2, 4, 4]);
        prototypes[[0, 0, 1, 2]] = 3.0;
        prototypes[[0, 1, 1, 2]] = 1.0;
        prototypes[[0, 1, 3, 3]] = 2.0;
        let cut = decode(&found.view(), &prototypes.view(), 2, 0.5).unwrap();
        assert_eq!(cut.iter().map(|(raw, anchor)| (raw.class, *anchor)).collect::<Vec<_>>(), [(1, 1)]);
        let field = field(&found.view(), &prototypes.view(), 2, 1);
        // Of an input of 16: the middle of the third place of the second row.
        assert_eq!(field.at(10.0, 6.0, 16), 5.0);
        assert_eq!(field.at(14.0, 14.0, 16), -2.0);
        // Between two places half of both, and beyond the last one's middle that one's.
        assert_eq!(field.at(8.0, 6.0, 16), 2.5);
        assert_eq!(field.at(16.0, 16.0, 16), -2.0);
    }

    #[test]
    fn another_network_is_told_apart() {
        let found = ArrayD::zeros(vec![1, 8, 3]);
        let prototypes = ArrayD::zeros(vec![1, 5, 4, 4]);
        assert!(decode(&found.view(), &prototypes.view(), 2, 0.5).is_err());
        assert!(decode(&found.view(), &ArrayD::zeros(vec![1, 2, 4]).view(), 2, 0.5).is_err());
    }
}
