//! The head: from features of three sizes to boxes and the probability of each class, and where it has them, to masks or key points.

use crate::{
    error::Fault,
    layers::{Features, Writer},
    module::Module,
    onnx::Attribute,
};

/// One of the tensors that come out: how the graph calls it, and its shape.
pub(crate) struct Output {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
}

impl Writer {
    /// Of every place of every size a box (centre, width, height, in pixels of the input) and a probability for each class,
    /// overlaps included. Where the network has a second head whose boxes do not overlap (YOLO26), this is the other: it
    /// says of more places what might be there.
    ///
    /// Of a head for masks the probabilities are followed by a coefficient for each prototype, and the prototypes are a
    /// second tensor: their sum, weighted with a place's coefficients, is positive where the thing of that place is.
    ///
    /// Of a head for key points the probabilities are followed by each point's place, in pixels of the input, and the
    /// probability that it shows.
    pub(crate) fn head(
        &mut self,
        head: &Module<'_>,
        levels: &[Features],
        side: usize,
    ) -> Result<Vec<Output>, Fault> {
        let (has_masks, has_points) = match head.class {
            "Detect" => (false, false),
            "Segment" | "Segment26" => (true, false),
            "Pose" => (false, true),
            _ => return Err(head.fault("is no head that finds boxes, masks or key points")),
        };
        let (classes, bins) = (head.number("nc")?, head.number("reg_max")?);
        let (boxes, scores) = (head.child("cv2")?.children()?, head.child("cv3")?.children()?);
        let Some(largest) = levels.first() else { return Err(head.fault("is fed nothing")) };
        let anchors = levels.iter().map(Features::area).sum();
        let sides = self.rows(head, &boxes, levels, 4 * bins)?;
        let sides = if bins > 1 { self.expected(&sides, bins, anchors) } else { sides };
        let grid = Grid::of(levels, side);
        let boxes = self.boxes(&sides, &grid);
        let scores = self.rows(head, &scores, levels, classes)?;
        let scores = self.graph.node("Sigmoid", &[&scores], Vec::new());
        let mut rows = 4 + classes;
        let mut parts = vec![boxes, scores];
        let mut prototypes = None;
        if has_masks {
            let made = self.prototypes(&head.child("proto")?, largest, levels)?;
            parts.push(self.rows(head, &head.child("cv4")?.children()?, levels, made.channels)?);
            rows += made.channels;
            prototypes =
                Some(Output { shape: vec![1, made.channels, made.height, made.width], name: made.name });
        }
        if has_points {
            let points = key_points(head)?;
            let branches = head.child("cv4")?.children()?;
            let raw = self.rows(head, &branches, levels, points.iter().product())?;
            parts.push(self.points(&raw, points, &grid));
            rows += points.iter().product::<usize>();
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let name = self.graph.node("Concat", &parts, vec![Attribute::integer("axis", 1)]);
        let found = Output { name, shape: vec![1, rows, anchors] };
        Ok([found].into_iter().chain(prototypes).collect())
    }

    /// What masks are made of, at twice the height and width of the largest features. YOLO26 adds the smaller ones to them first.
    fn prototypes(
        &mut self,
        layer: &Module<'_>,
        largest: &Features,
        levels: &[Features],
    ) -> Result<Features, Fault> {
        let mut features = largest.clone();
        if layer.class == "Proto26" {
            for (refine, level) in layer.child("feat_refine")?.children()?.iter().zip(&levels[1..]) {
                let refined = self.apply(refine, level)?;
                let refined = self.repeated(layer, &refined, largest.height / refined.height.max(1))?;
                features = self.add(layer, &features, &refined)?;
            }
            features = self.apply(&layer.child("feat_fuse")?, &features)?;
        } else if layer.class != "Proto" {
            return Err(layer.fault("makes prototypes in a way that is not known here"));
        }
        for part in ["cv1", "upsample", "cv2", "cv3"] {
            features = self.apply(&layer.child(part)?, &features)?;
        }
        Ok(features)
    }

    /// `[1, rows, anchors]`: what each size's own branch says of its places, one size after the other.
    fn rows(
        &mut self,
        head: &Module<'_>,
        branches: &[Module<'_>],
        levels: &[Features],
        rows: usize,
    ) -> Result<String, Fault> {
        if branches.len() != levels.len() {
            return Err(head.fault(format!(
                "has {} branches and is fed {} sizes",
                branches.len(),
                levels.len()
            )));
        }
        let mut flat = Vec::new();
        for (branch, level) in branches.iter().zip(levels) {
            let made = self.apply(branch, level)?;
            if made.channels != rows || made.area() != level.area() {
                return Err(head.fault(format!("a branch gives {} channels for {rows}", made.channels)));
            }
            let shape = self.graph.list(&[1, rows, level.area()]);
            flat.push(self.graph.node("Reshape", &[&made.name, &shape], Vec::new()));
        }
        let flat: Vec<&str> = flat.iter().map(String::as_str).collect();
        Ok(self.graph.node("Concat", &flat, vec![Attribute::integer("axis", 2)]))
    }

    /// `[1, 4, anchors]` of `[1, 4 * bins, anchors]`: a distance as what is to be expected of a distribution over 0, 1, 2, ...
    /// (distribution focal loss, Li et al. 2020).
    fn expected(&mut self, sides: &str, bins: usize, anchors: usize) -> String {
        let shape = self.graph.list(&[4, bins, anchors]);
        let shares = self.graph.node("Reshape", &[sides, &shape], Vec::new());
        let shares = self.graph.node("Softmax", &[&shares], vec![Attribute::integer("axis", 1)]);
        let distances: Vec<f32> = (0..bins).map(|bin| bin as f32).collect();
        let distances = self.graph.constant(&[1, bins], &distances);
        let expected = self.graph.node("MatMul", &[&distances, &shares], Vec::new());
        let shape = self.graph.list(&[1, 4, anchors]);
        self.graph.node("Reshape", &[&expected, &shape], Vec::new())
    }

    /// Boxes from the distances (left, top, right, bottom, in steps of the grid) of each place's middle to their sides.
    fn boxes(&mut self, sides: &str, grid: &Grid) -> String {
        let anchors = grid.steps.len();
        let middles: Vec<f32> = grid.corners.iter().map(|corner| corner + 0.5).collect();
        let middles = self.graph.constant(&[1, 2, anchors], &middles);
        let steps = self.graph.constant(&[1, 1, anchors], &grid.steps);
        let half = self.graph.constant(&[], &[0.5]);
        let parts = self.graph.list(&[2, 2]);
        let rows = || vec![Attribute::integer("axis", 1)];
        let [before, after] = self.graph.split_node("Split", &[sides, &parts], rows());
        let start = self.graph.node("Sub", &[&middles, &before], Vec::new());
        let end = self.graph.node("Add", &[&middles, &after], Vec::new());
        let sum = self.graph.node("Add", &[&start, &end], Vec::new());
        let centers = self.graph.node("Mul", &[&sum, &half], Vec::new());
        let sizes = self.graph.node("Sub", &[&end, &start], Vec::new());
        let boxes = self.graph.node("Concat", &[&centers, &sizes], rows());
        self.graph.node("Mul", &[&boxes, &steps], Vec::new())
    }

    /// Key points from half their distances to each place's corner, in steps of the grid.
    fn points(&mut self, raw: &str, [number, numbers]: [usize; 2], grid: &Grid) -> String {
        let anchors = grid.steps.len();
        let corners = self.graph.constant(&[1, 2, anchors], &grid.corners);
        let steps = self.graph.constant(&[1, 1, anchors], &grid.steps);
        let double = self.graph.constant(&[], &[2.0]);
        let rows = || vec![Attribute::integer("axis", 1)];
        let shape = self.graph.list(&[number, numbers, anchors]);
        let raw = self.graph.node("Reshape", &[raw, &shape], Vec::new());
        let place = |writer: &mut Self, raw: &str| {
            let twice = writer.graph.node("Mul", &[raw, &double], Vec::new());
            let moved = writer.graph.node("Add", &[&twice, &corners], Vec::new());
            writer.graph.node("Mul", &[&moved, &steps], Vec::new())
        };
        let points = if numbers == 3 {
            let parts = self.graph.list(&[2, 1]);
            let [places, shown] = self.graph.split_node("Split", &[&raw, &parts], rows());
            let places = place(self, &places);
            let shown = self.graph.node("Sigmoid", &[&shown], Vec::new());
            self.graph.node("Concat", &[&places, &shown], rows())
        } else {
            place(self, &raw)
        };
        let shape = self.graph.list(&[1, number * numbers, anchors]);
        self.graph.node("Reshape", &[&points, &shape], Vec::new())
    }
}

/// How many key points a head gives, and how many numbers each of them has: its place, and mostly whether it shows.
pub(crate) fn key_points(head: &Module<'_>) -> Result<[usize; 2], Fault> {
    match head.list("kpt_shape")?.as_slice() {
        &[points, numbers @ 2..=3] if (1..=LARGEST_NUMBER).contains(&points) => Ok([points, numbers]),
        shape => Err(head.fault(format!("gives key points of the shape {shape:?}"))),
    }
}

/// More key points than any head gives.
const LARGEST_NUMBER: usize = 1024;

/// The places of all sizes, one size after the other, row by row.
struct Grid {
    /// How far each lies across, in its own steps, then how far down: of its upper left corner.
    corners: Vec<f32>,
    /// Pixels of the input from one place to the next.
    steps: Vec<f32>,
}

impl Grid {
    fn of(levels: &[Features], side: usize) -> Self {
        let (mut across, mut down, mut steps) = (Vec::new(), Vec::new(), Vec::new());
        for level in levels {
            for place in 0..level.area() {
                across.push((place % level.width) as f32);
                down.push((place / level.width) as f32);
                steps.push(side as f32 / level.height as f32);
            }
        }
        Self { corners: [across, down].concat(), steps }
    }
}
