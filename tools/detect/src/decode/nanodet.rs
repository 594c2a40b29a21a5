//! NanoDet: three grids of cells.
//!
//! Each grid gives, a cell, the probability of each class and, for each side of the box, a distribution
//! over eleven distances in strides ("generalized focal loss", Li et al. 2020); the distance is its expectation.

use lavr_infer::ndarray::ArrayViewD;
use lavr_tool::ToolError;
use lavr_types::Rect;

use super::{Raw, unexpected_network};

/// Width and height of the network's input.
const SIDE: usize = 416;

/// Distances that a side's distribution covers: 0 to 10 strides.
const BINS: usize = 11;

/// One of the network's grids.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    /// Input pixels from cell to cell.
    stride: usize,
    /// The output with a cell's class probabilities.
    pub(super) scores: &'static str,
    /// The output with a cell's distances to the four sides.
    pub(super) sides: &'static str,
}

/// The network's grids.
pub(super) const GRIDS: [Grid; 3] = [
    Grid { stride: 8, scores: "cls_8", sides: "reg_8" },
    Grid { stride: 16, scores: "cls_16", sides: "reg_16" },
    Grid { stride: 32, scores: "cls_32", sides: "reg_32" },
];

/// The boxes of all grids above the threshold; the outputs are scores and sides of each grid in turn.
pub(super) fn decode(
    outputs: &[ArrayViewD<'_, f32>],
    classes: usize,
    threshold: f32,
) -> Result<Vec<Raw>, ToolError> {
    let mut found = Vec::new();
    for (grid, outputs) in GRIDS.into_iter().zip(outputs.chunks(2)) {
        let [scores, sides] = outputs else {
            return Err(unexpected_network("outputs are missing"));
        };
        GridOutput::new(grid, scores, sides, classes)?.decode(threshold, &mut found);
    }
    Ok(found)
}

/// What one grid gave.
struct GridOutput<'a> {
    stride: usize,
    /// `[cells, classes]`, probabilities.
    scores: &'a [f32],
    /// `[cells, 4 sides, 11 bins]`, logits; the sides are left, top, right, bottom.
    sides: &'a [f32],
    classes: usize,
}

impl<'a> GridOutput<'a> {
    /// Checks that the outputs are those of this network.
    fn new(
        grid: Grid,
        scores: &'a ArrayViewD<'_, f32>,
        sides: &'a ArrayViewD<'_, f32>,
        classes: usize,
    ) -> Result<Self, ToolError> {
        let stride = grid.stride;
        let cells = (SIDE / stride) * (SIDE / stride);
        let fits = scores.shape() == [1, cells, classes] && sides.shape() == [1, cells, 4 * BINS];
        match (scores.as_slice(), sides.as_slice(), fits) {
            (Some(scores), Some(sides), true) => Ok(Self { stride, scores, sides, classes }),
            _ => Err(unexpected_network(&format!(
                "stride {stride}: outputs {:?} and {:?}",
                scores.shape(),
                sides.shape()
            ))),
        }
    }

    /// The scored boxes in input pixels, overlaps included.
    fn decode(&self, threshold: f32, found: &mut Vec<Raw>) {
        let cells = self.scores.chunks_exact(self.classes).zip(self.sides.chunks_exact(4 * BINS));
        for (cell, (scores, sides)) in cells.enumerate() {
            let mut bounds = None;
            for (class, &score) in scores.iter().enumerate() {
                if score > threshold {
                    let bounds = *bounds.get_or_insert_with(|| cell_box(cell, self.stride, distances(sides)));
                    found.push(Raw { class, bounds, score });
                }
            }
        }
    }
}

/// The box around a cell's centre, given the distances to its sides in strides.
fn cell_box(cell: usize, stride: usize, distances: [f64; 4]) -> Rect {
    let columns = SIDE / stride;
    let stride = stride as f64;
    let (x, y) = (((cell % columns) as f64 + 0.5) * stride, ((cell / columns) as f64 + 0.5) * stride);
    let [left, top, right, bottom] = distances.map(|distance| distance * stride);
    Rect::new(x - left, y - top, x + right, y + bottom)
}

/// The distances to the left, top, right and bottom side.
fn distances(sides: &[f32]) -> [f64; 4] {
    std::array::from_fn(|side| expectation(&sides[side * BINS..][..BINS]))
}

/// The expectation of a distribution over 0, 1, 2, ... given by its logits.
fn expectation(logits: &[f32]) -> f64 {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (mut sum, mut weighted) = (0.0, 0.0);
    for (place, logit) in logits.iter().enumerate() {
        let weight = f64::from(logit - highest).exp();
        sum += weight;
        weighted += weight * place as f64;
    }
    weighted / sum
}

#[cfg(test)]
mod tests {
    use lavr_infer::ndarray::ArrayD;

    use super::*;

    const COARSE: Grid = GRIDS[2];

    /// One certain cell in the coarse grid, with these distances in strides.
    fn outputs(cell: usize, distances: [usize; 4]) -> (ArrayD<f32>, ArrayD<f32>) {
        let mut scores = ArrayD::zeros(vec![1, 169, 80]);
        let mut sides = ArrayD::zeros(vec![1, 169, 44]);
        scores[[0, cell, 16]] = 0.9;
        for (side, distance) in distances.into_iter().enumerate() {
            sides[[0, cell, side * BINS + distance]] = 100.0;
        }
        (scores, sides)
    }

    #[test]
    fn a_certain_cell_gives_the_box_around_its_centre() {
        // Row 2, column 3: its centre is (112, 80).
        let (scores, sides) = outputs(2 * 13 + 3, [1, 2, 3, 1]);
        let mut found = Vec::new();
        let (scores, sides) = (scores.view(), sides.view());
        GridOutput::new(COARSE, &scores, &sides, 80).unwrap().decode(0.4, &mut found);
        assert_eq!(found, [Raw { class: 16, bounds: Rect::new(80.0, 16.0, 208.0, 112.0), score: 0.9 }]);
    }

    #[test]
    fn another_networks_outputs_are_refused() {
        let scores = ArrayD::zeros(vec![1, 100, 80]);
        let sides = ArrayD::zeros(vec![1, 100, 44]);
        let (scores, sides) = (scores.view(), sides.view());
        let error = GridOutput::new(COARSE, &scores, &sides, 80).err().unwrap();
        assert!(error.to_string().contains("not one that can be read"), "{error}");
    }

    #[test]
    fn equal_logits_mean_the_middle() {
        assert_eq!(expectation(&[0.5; BINS]), 5.0);
    }
}
