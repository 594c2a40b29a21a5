//! A small detector, untrained, with the layers of YOLO 8, 11 and 26 (`data/tiny.py` made it, and says what the training
//! library computes with it), read, converted and run. The published weights are run by the tests of `lavr-detect`.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{
    fs::File,
    io::{Cursor, Read, Write},
    path::Path,
};

use lavr_checkpoint::{CheckpointError, to_onnx};
use proptest::prelude::*;
use rten::Model;
use rten_tensor::{NdTensor, prelude::*};
use serde::Deserialize;

const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tiny.pt");

#[derive(Deserialize)]
struct Expected {
    shape: Vec<usize>,
    values: Vec<f32>,
}

#[test]
fn it_computes_what_the_training_library_computes() {
    let network = Model::load(to_onnx(Path::new(TINY), 64).unwrap()).unwrap();
    let expected: Expected = serde_json::from_str(include_str!("data/tiny.json")).unwrap();
    let pattern =
        |[_, channel, row, column]: [usize; 4]| ((channel * 7 + row * 3 + column * 5) % 32) as f32 / 32.0;
    let input = NdTensor::from_fn([1, 3, 64, 64], pattern);
    let output: NdTensor<f32, 3> = network.run_one(input.view().into(), None).unwrap().try_into().unwrap();
    assert_eq!(output.shape().to_vec(), expected.shape);
    let furthest = output
        .iter()
        .zip(&expected.values)
        .map(|(ours, theirs)| (ours - theirs).abs() / theirs.abs().max(1.0))
        .fold(0.0, f32::max);
    assert!(furthest < 1e-4, "{furthest}");
}

#[test]
fn its_classes_are_in_the_metadata() {
    let network = Model::load(to_onnx(Path::new(TINY), 64).unwrap()).unwrap();
    let names =
        network.metadata().fields().find(|(name, _)| *name == "names").map(|(_, value)| value.to_owned());
    assert_eq!(names.as_deref(), Some("{0: 'cat', 1: 'dog', 2: 'traffic light'}"));
}

#[test]
fn a_size_that_the_layers_cannot_halve_is_refused() {
    let error = to_onnx(Path::new(TINY), 72).unwrap_err();
    assert!(
        matches!(&error, CheckpointError::Unsupported { place, .. } if place.contains("Concat")),
        "{error}"
    );
}

#[test]
fn what_is_no_checkpoint_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        to_onnx(&path, 64).unwrap_err().to_string()
    };
    let missing = to_onnx(&folder.path().join("none.pt"), 64).unwrap_err();
    assert!(missing.to_string().contains("cannot read the checkpoint"), "{missing}");
    assert!(written("text.pt", b"no zip").contains("is not a file of torch.save"));
    let whole = std::fs::read(TINY).unwrap();
    assert!(written("half.pt", &whole[..whole.len() / 2]).contains("is it whole?"));
    let weights = archive(b"\x80\x02}q\x00.", []);
    assert!(written("weights.pt", &weights).contains("weights alone"));
}

/// A checkpoint with this pickle and these other entries.
fn archive(pickle: &[u8], others: impl IntoIterator<Item = (String, Vec<u8>)>) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let entries = [("tiny/data.pkl".to_owned(), pickle.to_vec())].into_iter().chain(others);
    for (name, bytes) in entries {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The pickle of the small detector, and the other entries of its file.
fn parts() -> (Vec<u8>, Vec<(String, Vec<u8>)>) {
    let mut zip = zip::ZipArchive::new(File::open(TINY).unwrap()).unwrap();
    let mut entries: Vec<(String, Vec<u8>)> = (0..zip.len())
        .map(|number| {
            let mut entry = zip.by_index(number).unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            (entry.name().unwrap().into_owned(), bytes)
        })
        .collect();
    let pickle = entries.iter().position(|(name, _)| name.ends_with("data.pkl")).unwrap();
    (entries.remove(pickle).1, entries)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Damaged objects are an error or another network, never a panic. (A damaged file would be noticed by its check sums.)
    #[test]
    fn damage_does_no_harm(places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let (mut pickle, others) = parts();
        for (place, byte) in places {
            let place = place.index(pickle.len());
            pickle[place] = byte;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("damaged.pt");
        std::fs::write(&path, archive(&pickle, others)).unwrap();
        let _ = to_onnx(&path, 64);
    }
}
