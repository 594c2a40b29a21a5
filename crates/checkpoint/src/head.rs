//! The head: from features of three sizes to boxes and the probability of each class, and where it has them, to masks.

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
    pub(crate) fn head(
        &mut self,
        head: &Module<'_>,
        levels: &[Features],
        side: usize,
    ) -> Result<Vec<Output>, Fault> {
        let has_masks = match head.class {
            "Detect" => false,
            "Segment" | "Segment26" => true,
            _ => return Err(head.fault("is no head that finds boxes or masks")),
        };
        let (classes, bins) = (head.number("nc")?, head.number("reg_max")?);
        let (boxes, scores) = (head.child("cv2")?.children()?, head.child("cv3")?.children()?);
        let Some(largest) = levels.first() else { return Err(head.fault("is fed nothing")) };
        let anchors = levels.iter().map(Features::area).sum();
        let sides = self.rows(head, &boxes, levels, 4 * bins)?;
        let sides = if bins > 1 { self.expected(&sides, bins, anchors) } else { sides };
        let boxes = self.boxes(&sides, levels, side);
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
    fn boxes(&mut self, sides: &str, levels: &[Features], side: usize) -> String {
        let (mut across, mut down, mut steps) = (Vec::new(), Vec::new(), Vec::new());
        for level in levels {
            for place in 0..level.area() {
                across.push((place % level.width) as f32 + 0.5);
                down.push((place / level.width) as f32 + 0.5);
                steps.push(side as f32 / level.height as f32);
            }
        }
        let anchors = steps.len();
        let middles = self.graph.constant(&[1, 2, anchors], &[across, down].concat());
        let steps = self.graph.constant(&[1, 1, anchors], &steps);
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
}
