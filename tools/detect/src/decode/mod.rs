//! From a network's outputs to scored boxes.
//!
//! The forms that detectors of the COCO classes are exported in, told apart by their outputs. Each says how the picture
//! has to lie in its input ([`Form::input`]) and reads its own outputs.

mod detr;
mod nanodet;
pub(crate) mod pose;
pub(crate) mod segment;
mod yolo;

use lavr_infer::{Signature, ndarray::ArrayViewD};
use lavr_tool::ToolError;
use lavr_types::Rect;

use crate::letterbox::{Channels, Fit, Input};

/// A scored box in the pixels of the network's input; overlaps are still among them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Raw {
    /// Index of its class.
    pub(crate) class: usize,
    /// Its box.
    pub(crate) bounds: Rect,
    /// Its score.
    pub(crate) score: f32,
}

/// The form of a network: its outputs, and what it was trained to be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// NanoDet with one pair of outputs a grid, as `weights/` has it.
    NanoDet,
    /// YOLO versions 8, 9, 11 and 12 as Ultralytics export them: one output `[1, 4 + classes, anchors]`, suppression left to us.
    Yolo,
    /// The same with masks: `output0`, where coefficients follow the classes, and the prototypes `output1`.
    YoloSegment,
    /// The same for people and the points of their bodies, which the metadata `kpt_shape` tells; the points follow the class.
    YoloPose,
    /// RT-DETR and D-FINE as their model libraries export them: `logits` and `pred_boxes`, one row a query.
    Detr,
}

impl Form {
    /// The form of the network with these outputs, which finds things of these labels.
    ///
    /// # Errors
    /// When it is none that is known here, takes pictures of another size, or says that it finds other things.
    pub(crate) fn of(signature: &Signature, labels: &[&str]) -> Result<Self, ToolError> {
        let form = Self::by_outputs(signature)?;
        let side = form.input().side;
        let shape = signature.inputs.first().map(|input| input.shape.as_slice()).unwrap_or_default();
        if let [_, _, height, width] = shape
            && [height, width].iter().any(|length| length.is_some_and(|length| length != side))
        {
            let told = |length: &Option<usize>| length.map_or("any".to_owned(), |length| length.to_string());
            return Err(unexpected_network(&format!(
                "its input is {} x {} pixels; of this form {side} x {side} are read: export it for that size",
                told(height),
                told(width)
            )));
        }
        // As Ultralytics' exports and checkpoints tell it: `{0: 'person', 1: 'bicycle'}`.
        let names = signature.metadata.get("names");
        let is_told = |(number, label): (usize, &&str)| {
            let told = format!("{number}: '{label}'");
            names.is_none_or(|names| names.trim_matches(['{', '}']).split(", ").any(|name| name == told))
        };
        match labels.iter().enumerate().find(|one| !is_told(*one)) {
            Some((number, label)) => Err(unexpected_network(&format!(
                "its class {number} is not \"{label}\": it finds other things than the eighty of COCO"
            ))),
            None => Ok(form),
        }
    }

    fn by_outputs(signature: &Signature) -> Result<Self, ToolError> {
        let has = |name: &'static str| signature.outputs.iter().any(|output| output.name == name);
        if nanodet::GRIDS.iter().all(|grid| has(grid.scores) && has(grid.sides)) {
            Ok(Self::NanoDet)
        } else if has(detr::SCORES) && has(detr::BOXES) {
            Ok(Self::Detr)
        } else if signature.metadata.contains_key(pose::SHAPE) {
            Ok(Self::YoloPose)
        } else if signature.outputs.len() == 1 {
            // Its only output has had several names; what it holds is checked when it is there.
            Ok(Self::Yolo)
        } else if signature.outputs.len() == 2 && segment::OUTPUTS.into_iter().all(has) {
            Ok(Self::YoloSegment)
        } else {
            let names: Vec<&str> = signature.outputs.iter().map(|output| output.name.as_str()).collect();
            Err(unexpected_network(&format!(
                "its outputs are {}; known are NanoDet ({}, ...), YOLO (one output, or {} and {}) and RT-DETR or \
                 D-FINE ({}, {})",
                names.join(", "),
                nanodet::GRIDS[0].scores,
                segment::OUTPUTS[0],
                segment::OUTPUTS[1],
                detr::SCORES,
                detr::BOXES
            )))
        }
    }

    /// What its input takes.
    pub(crate) const fn input(self) -> Input {
        match self {
            // Mean and standard deviation of the training pictures, as the upstream configuration
            // (`config/legacy_v0.x_configs/nanodet-g.yml`) has them.
            Self::NanoDet => Input {
                side: 416,
                fit: Fit::Letterbox { border: 0 },
                channels: Channels::BlueGreenRed,
                normalization: [(103.53, 57.375), (116.28, 57.12), (123.675, 58.395)],
            },
            Self::Yolo | Self::YoloSegment | Self::YoloPose => Input {
                side: 640,
                fit: Fit::Letterbox { border: 114 },
                channels: Channels::RedGreenBlue,
                normalization: [(0.0, 255.0); 3],
            },
            Self::Detr => Input {
                side: 640,
                fit: Fit::Stretch,
                channels: Channels::RedGreenBlue,
                normalization: [(0.0, 255.0); 3],
            },
        }
    }

    /// The names of the outputs that [`Self::decode`] wants, in its order; none for the only one there is.
    pub(crate) fn outputs(self) -> Vec<&'static str> {
        match self {
            Self::NanoDet => nanodet::GRIDS.iter().flat_map(|grid| [grid.scores, grid.sides]).collect(),
            Self::Yolo | Self::YoloPose => Vec::new(),
            Self::YoloSegment => segment::OUTPUTS.to_vec(),
            Self::Detr => vec![detr::SCORES, detr::BOXES],
        }
    }

    /// The boxes above the threshold.
    ///
    /// # Errors
    /// When an output has another shape than this form's.
    pub(crate) fn decode(
        self,
        outputs: &[ArrayViewD<'_, f32>],
        classes: usize,
        threshold: f32,
    ) -> Result<Vec<Raw>, ToolError> {
        match (self, outputs) {
            (Self::NanoDet, outputs) => nanodet::decode(outputs, classes, threshold),
            (Self::Yolo, [output]) => yolo::decode(output, classes, threshold),
            (Self::YoloSegment, [found, prototypes]) => {
                Ok(segment::decode(found, prototypes, classes, threshold)?
                    .into_iter()
                    .map(|(raw, _)| raw)
                    .collect())
            }
            (Self::YoloPose, [output]) => {
                Ok(pose::decode(output, threshold)?.into_iter().map(|(raw, _)| raw).collect())
            }
            (Self::Detr, [logits, boxes]) => {
                detr::decode(logits, boxes, self.input().side, classes, threshold)
            }
            _ => Err(unexpected_network(&format!("{} outputs", outputs.len()))),
        }
    }
}

/// The file under the network's name holds another network.
pub(crate) fn unexpected_network(cause: &str) -> ToolError {
    ToolError::failed(format!(
        "the detector's network is not one that can be read: {cause}. tools/detect/README.md lists the forms"
    ))
}

#[cfg(test)]
mod tests {
    use lavr_infer::TensorInfo;

    use super::*;

    fn yolo(side: usize, names: &str) -> Result<Form, String> {
        told(side, [("names", names)], &["person", "bicycle"])
    }

    fn told<'a>(
        side: usize,
        metadata: impl IntoIterator<Item = (&'a str, &'a str)>,
        labels: &[&str],
    ) -> Result<Form, String> {
        let port = |name: &str, shape: &[usize]| TensorInfo {
            name: name.to_owned(),
            shape: shape.iter().map(|side| Some(*side)).collect(),
        };
        let signature = Signature {
            inputs: vec![port("images", &[1, 3, side, side])],
            outputs: vec![port("output0", &[1, 6, 8400])],
            metadata: metadata.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        };
        Form::of(&signature, labels).map_err(|error| format!("{error:?}"))
    }

    /// Its one output is named as that of a network for boxes alone.
    #[test]
    fn a_network_for_key_points_is_told_by_its_metadata() {
        let metadata = [("names", "{0: 'person'}"), ("kpt_shape", "[17, 3]")];
        assert_eq!(told(640, metadata, &["person"]), Ok(Form::YoloPose));
        assert_eq!(told(640, metadata.into_iter().take(1), &["person"]), Ok(Form::Yolo));
        let things = told(640, metadata, &["person", "bicycle"]).unwrap_err();
        assert!(things.contains("class 1 is not"), "{things}");
    }

    #[test]
    fn a_network_that_takes_other_pictures_or_finds_other_things_is_told_apart() {
        assert_eq!(yolo(640, "{0: 'person', 1: 'bicycle'}"), Ok(Form::Yolo));
        let smaller = yolo(320, "{0: 'person', 1: 'bicycle'}").unwrap_err();
        assert!(smaller.contains("320 x 320") && smaller.contains("640"), "{smaller}");
        let other = yolo(640, "{0: 'helmet', 1: 'vest'}").unwrap_err();
        assert!(other.contains("class 0 is not"), "{other}");
        let elsewhere = yolo(640, "{0: 'helmet', 1: 'bicycle', 10: 'person'}").unwrap_err();
        assert!(elsewhere.contains("class 0 is not"), "{elsewhere}");
    }
}
