//! A small detector, untrained, with the layers of YOLO 8, 11 and 26 (`data/tiny.py` made it, and says what the training
//! library computes with it), two smaller ones with heads for masks (`data/masks.py`) and two with a head for key points
//! (`data/points.py`), read, converted and run. The published weights are run by the tests of `lavr-detect`.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{
    fs::File,
    io::{Cursor, Read, Write},
    path::Path,
};

use lavr_checkpoint::{CheckpointError, to_onnx};
use proptest::prelude::*;
use rten::Model;
use rten_tensor::{NdTensor, Tensor, prelude::*};
use serde::Deserialize;

const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tiny.pt");
const MASKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/masks.pt");
const MASKS_26: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/masks26.pt");
const POINTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/points.pt");
const PLACES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/places.pt");

#[derive(Deserialize)]
struct Expected {
    shape: Vec<usize>,
    values: Vec<f32>,
}

/// What a network computes of the pattern of `data/tiny.py`, against what the training library does.
fn equals(checkpoint: &str, expected: &[Expected]) {
    let network = Model::load(to_onnx(Path::new(checkpoint), 64).unwrap()).unwrap();
    let pattern =
        |[_, channel, row, column]: [usize; 4]| ((channel * 7 + row * 3 + column * 5) % 32) as f32 / 32.0;
    let input = NdTensor::from_fn([1, 3, 64, 64], pattern);
    let wanted: Vec<_> =
        ["output0", "output1"][..expected.len()].iter().map(|name| network.node_id(name).unwrap()).collect();
    let fed = vec![(network.input_ids()[0], input.view().into())];
    let outputs = network.run(fed, &wanted, None).unwrap();
    for (number, (output, expected)) in outputs.into_iter().zip(expected).enumerate() {
        let output: Tensor<f32> = output.try_into().unwrap();
        assert_eq!(output.shape(), expected.shape, "{checkpoint}: output{number}");
        assert_eq!(output.len(), expected.values.len(), "{checkpoint}: output{number}");
        let furthest = output
            .iter()
            .zip(&expected.values)
            .map(|(ours, theirs)| (ours - theirs).abs() / theirs.abs().max(1.0))
            .fold(0.0, f32::max);
        assert!(furthest < 1e-4, "{checkpoint}: output{number}: {furthest}");
    }
}

#[test]
fn it_computes_what_the_training_library_computes() {
    let expected: Expected = serde_json::from_str(include_str!("data/tiny.json")).unwrap();
    equals(TINY, &[expected]);
}

#[test]
fn masks_are_computed_as_the_training_library_does_with_either_head() {
    let expected = |json| -> Vec<Expected> { serde_json::from_str(json).unwrap() };
    equals(MASKS, &expected(include_str!("data/masks.json")));
    equals(MASKS_26, &expected(include_str!("data/masks26.json")));
}

/// Two classes, and five points each with whether it shows, or four places alone.
#[test]
fn key_points_are_computed_as_the_training_library_does_with_and_without_whether_they_show() {
    let expected = |json| -> Vec<Expected> { serde_json::from_str(json).unwrap() };
    let (points, places) =
        (expected(include_str!("data/points.json")), expected(include_str!("data/places.json")));
    assert_eq!((points[0].shape[1], places[0].shape[1]), (4 + 2 + 5 * 3, 4 + 2 + 4 * 2));
    equals(POINTS, &points);
    equals(PLACES, &places);
}

#[test]
fn a_network_with_masks_has_two_outputs_and_any_other_one() {
    for (checkpoint, outputs) in [(TINY, 1), (MASKS, 2), (MASKS_26, 2), (POINTS, 1), (PLACES, 1)] {
        let network = Model::load(to_onnx(Path::new(checkpoint), 64).unwrap()).unwrap();
        assert_eq!(network.output_ids().len(), outputs, "{checkpoint}");
    }
}

/// A head and prototypes of classes that another version of the training library may bring.
#[test]
fn a_head_for_masks_that_is_not_known_is_named() {
    let changes = [
        ("Segment26", "Segment27", "is no head that finds boxes, masks or key points"),
        ("Proto26", "Proto27", "makes prototypes in a way that is not known here"),
        ("ConvTranspose2d", "ConvTranspose3d", "ConvTranspose3d"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.pt");
    for (class, other, reason) in changes {
        let ((name, pickle), others) = parts(MASKS_26);
        std::fs::write(&path, archive((name, renamed(&pickle, class, other)), others)).unwrap();
        let error = to_onnx(&path, 64).unwrap_err();
        assert!(matches!(error, CheckpointError::Unsupported { .. }), "{error}");
        let message = error.to_string();
        assert!(message.contains(reason) && message.contains(other), "{message}");
    }
}

/// The heads for key points of YOLO26 compute another thing under a name that is alike.
#[test]
fn a_head_for_key_points_that_is_not_known_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.pt");
    let refused = |from: &[u8], to: &[u8]| {
        let ((name, pickle), others) = parts(POINTS);
        std::fs::write(&path, archive((name, replaced(&pickle, from, to)), others)).unwrap();
        let error = to_onnx(&path, 64).unwrap_err();
        assert!(matches!(error, CheckpointError::Unsupported { .. }), "{error}");
        error.to_string()
    };
    let head = refused(b"\nPose\n", b"\nPose26\n");
    assert!(
        head.contains("Pose26") && head.contains("is no head that finds boxes, masks or key points"),
        "{head}"
    );
    // A list of two small numbers, as a pickle has it: of a shape that no head has.
    let shape = refused(b"(K\x05K\x03e", b"(K\x05K\x04e");
    assert!(shape.contains("key points of the shape [5, 4]"), "{shape}");
    let none = refused(b"kpt_shape", b"kpt_shade");
    assert!(none.contains("`kpt_shape` is no list of whole numbers"), "{none}");
}

/// A pickle that speaks of another class.
fn renamed(pickle: &[u8], class: &str, other: &str) -> Vec<u8> {
    let line = |name: &str| format!("\n{name}\n").into_bytes();
    replaced(pickle, &line(class), &line(other))
}

/// Bytes in which these stand wherever those stood.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let (mut changed, mut rest) = (Vec::new(), bytes);
    while let Some(place) = rest.windows(from.len()).position(|bytes| bytes == from) {
        changed.extend_from_slice(&rest[..place]);
        changed.extend_from_slice(to);
        rest = &rest[place + from.len()..];
    }
    assert!(!changed.is_empty(), "no {}", from.escape_ascii());
    changed.extend_from_slice(rest);
    changed
}

/// An entry of the metadata of the converted network.
fn told(checkpoint: &str, entry: &str) -> Option<String> {
    let network = Model::load(to_onnx(Path::new(checkpoint), 64).unwrap()).unwrap();
    network.metadata().fields().find(|(name, _)| *name == entry).map(|(_, value)| value.to_owned())
}

#[test]
fn its_classes_are_in_the_metadata() {
    assert_eq!(told(TINY, "names").as_deref(), Some("{0: 'cat', 1: 'dog', 2: 'traffic light'}"));
    assert_eq!(told(POINTS, "names").as_deref(), Some("{0: 'cat', 1: 'dog'}"));
}

#[test]
fn how_many_key_points_there_are_is_in_the_metadata() {
    let shapes = [TINY, MASKS, POINTS, PLACES].map(|checkpoint| told(checkpoint, "kpt_shape"));
    assert_eq!(shapes, [None, None, Some("[5, 3]".to_owned()), Some("[4, 2]".to_owned())]);
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
    let weights = archive(("tiny/data.pkl".to_owned(), b"\x80\x02}q\x00.".to_vec()), []);
    assert!(written("weights.pt", &weights).contains("weights alone"));
}

/// One file in a checkpoint.
type Entry = (String, Vec<u8>);

/// A checkpoint with this pickle and these other entries.
fn archive(pickle: Entry, others: impl IntoIterator<Item = Entry>) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in [pickle].into_iter().chain(others) {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The pickle of a checkpoint, and the other entries of its file.
fn parts(checkpoint: &str) -> (Entry, Vec<Entry>) {
    let mut zip = zip::ZipArchive::new(File::open(checkpoint).unwrap()).unwrap();
    let mut entries: Vec<Entry> = (0..zip.len())
        .map(|number| {
            let mut entry = zip.by_index(number).unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            (entry.name().unwrap().into_owned(), bytes)
        })
        .collect();
    let pickle = entries.iter().position(|(name, _)| name.ends_with("data.pkl")).unwrap();
    (entries.remove(pickle), entries)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Damaged objects are an error or another network, never a panic. (A damaged file would be noticed by its check sums.)
    #[test]
    fn damage_does_no_harm(
        checkpoint in prop::sample::select(vec![TINY, MASKS_26, POINTS]),
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let ((name, mut pickle), others) = parts(checkpoint);
        for (place, byte) in places {
            let place = place.index(pickle.len());
            pickle[place] = byte;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("damaged.pt");
        std::fs::write(&path, archive((name, pickle), others)).unwrap();
        let _ = to_onnx(&path, 64);
    }
}
