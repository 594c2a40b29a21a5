//! Detectors from Ultralytics checkpoints (`.pt`), as ONNX.
//!
//! Training leaves a checkpoint: the objects of the network, pickled, and their weights. To run it elsewhere it is exported,
//! with the training library and all that belongs to it. This crate does without: it reads the pickled modules as data,
//! runs nothing of them, and writes the graph that they stand for as ONNX, with a fixed square input
//! `images` `[1, 3, side, side]` and an output `output0` `[1, 4 + classes, anchors]` as the library's own export has it; a
//! network for masks has `output0` `[1, 4 + classes + prototypes, anchors]` and `output1` `[1, prototypes, side / 4, side / 4]`, one for key points
//! `output0` `[1, 4 + classes + points * numbers, anchors]`, of each point x, y and mostly the probability that it shows.
//! Normalizations are folded into the convolutions before them.
//!
//! Read are the detectors of YOLO 8, 11 and 26 in every size, with and without masks, and those of YOLO 8 and 11 for key points;
//! others end in an error that names the layer.
//!
//! ```no_run
//! let network = lavr_checkpoint::to_onnx("best.pt".as_ref(), 640)?;
//! std::fs::write("best.onnx", network)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod archive;
mod error;
mod head;
mod layers;
mod module;
mod onnx;

use std::{fmt::Write, path::Path};

use candle_core::pickle::Object;

pub use crate::error::CheckpointError;
use crate::{
    archive::Archive,
    error::Fault,
    layers::{Features, Writer},
    module::{Module, entry, to_size},
};

/// The network of a checkpoint as an ONNX file, for square pictures of `side` pixels.
///
/// Blocks while it reads. The metadata `names` tells the classes, written as the library's own export does
/// (`{0: 'person', 1: 'bicycle'}`), and `kpt_shape` how many key points there are, of how many numbers (`[17, 3]`).
///
/// # Errors
/// When the file cannot be read, is no checkpoint, or holds a layer that is not known here.
pub fn to_onnx(path: &Path, side: usize) -> Result<Vec<u8>, CheckpointError> {
    convert(path, side).map_err(|fault| fault.in_file(path))
}

fn convert(path: &Path, side: usize) -> Result<Vec<u8>, Fault> {
    let (archive, checkpoint) = Archive::open(path)?;
    let Object::Dict(checkpoint) = &checkpoint else {
        return Err(Fault::Format("it holds no dictionary".to_owned()));
    };
    // The averaged weights, where training was broken off before they took the place of the others.
    let network = ["ema", "model"].iter().find_map(|name| match entry(checkpoint, name) {
        Some(object @ Object::Build { .. }) => Some(object),
        _ => None,
    });
    let network = network.ok_or_else(|| {
        Fault::Format(
            "it has no `model` with its layers; weights alone do not say how they belong together".to_owned(),
        )
    })?;
    let network = Module::of(network, "")?;
    let mut layers = network.child("model")?;
    "model".clone_into(&mut layers.place);
    let mut writer = Writer::new(archive);
    let input = Features { name: "images".to_owned(), channels: 3, height: side, width: side };
    let (head, levels) = writer.body(layers.children()?, &input)?;
    let outputs = writer.head(&head, &levels, side)?;
    let outputs: Vec<(&str, &[usize])> =
        outputs.iter().map(|output| (output.name.as_str(), output.shape.as_slice())).collect();
    let mut metadata: Vec<(String, String)> =
        names(&network).map(|names| ("names".to_owned(), names)).into_iter().collect();
    if head.class == "Pose" {
        metadata.push(("kpt_shape".to_owned(), format!("{:?}", head::key_points(&head)?)));
    }
    Ok(writer.graph.finish(("images", &[1, 3, side, side]), &outputs, metadata))
}

/// The names of the classes, where the network has them.
fn names(network: &Module<'_>) -> Option<String> {
    let Some(Object::Dict(names)) = network.setting("names") else { return None };
    let mut names: Vec<(usize, &str)> = names
        .iter()
        .filter_map(|(number, name)| match name {
            Object::Unicode(name) => Some((to_size(number)?, name.as_str())),
            _ => None,
        })
        .collect();
    names.sort_unstable();
    let mut text = String::new();
    for (number, name) in names {
        let comma = if text.is_empty() { "" } else { ", " };
        // Writing into a string does not fail.
        let _ = write!(text, "{comma}{number}: '{name}'");
    }
    Some(format!("{{{text}}}"))
}
