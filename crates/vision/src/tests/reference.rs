//! Numbers against the reference implementations (`tests/reference/reference.py`).

use std::{collections::HashMap, sync::Arc};

use candle_core::quantized::{GgmlDType, QTensor, gguf_file};

use super::small::{Reference, picture};
use crate::{
    Precision, VisionFiles,
    moondream::Moondream,
    network::{Network, Piece},
    qwen3::Qwen3,
};

/// The logits after a conversation and after each token that follows.
fn logits(network: &mut dyn Network, pieces: &[Piece], after: &[u32]) -> (Vec<Vec<f32>>, usize) {
    let (first, read) = network.read(pieces, &|| false).unwrap();
    let rest = after.iter().map(|token| network.next(*token).unwrap());
    (std::iter::once(first).chain(rest).collect(), read)
}

/// The largest difference, in parts of the largest logit.
fn difference(ours: &[Vec<f32>], theirs: &[Vec<f32>]) -> f32 {
    assert_eq!(ours.len(), theirs.len());
    let pairs = || ours.iter().flatten().zip(theirs.iter().flatten());
    assert_eq!(pairs().count(), theirs.iter().flatten().count());
    let largest = theirs.iter().flatten().fold(0.0_f32, |most, value| most.max(value.abs()));
    pairs().fold(0.0_f32, |most, (ours, theirs)| most.max((ours - theirs).abs())) / largest
}

const PICTURE_TOKEN: u32 = 290;

/// The reference's tokens with our pictures in the place of its marks for them.
fn pieces(tokens: &[u32]) -> Vec<Piece> {
    let mut pictures = [picture(40, 24), picture(16, 32)].into_iter();
    let mut pieces = Vec::new();
    for run in tokens.chunk_by(|a, b| (*a == PICTURE_TOKEN) == (*b == PICTURE_TOKEN)) {
        pieces.push(if run[0] == PICTURE_TOKEN {
            Piece::Picture(Arc::new(pictures.next().unwrap()))
        } else {
            Piece::Tokens(run.to_vec())
        });
    }
    pieces
}

fn qwen3(reference: &Reference, precision: Precision) -> Qwen3 {
    let folder = tempfile::tempdir().unwrap();
    Qwen3::load(&reference.files(folder.path()), precision, 4096, 512).unwrap().with_least_pixels(64)
}

#[test]
fn qwen3_vl_computes_what_the_reference_does() {
    let reference = Reference::read("qwen3.json");
    let mut network = qwen3(&reference, Precision::Full);
    let pieces = pieces(&reference.tokens);
    let (ours, read) = logits(&mut network, &pieces, &reference.after);
    assert_eq!(read, reference.tokens.len());
    let off = difference(&ours, &reference.logits);
    assert!(off < 2e-5, "{off}");
    // A second conversation owes nothing to the first.
    assert_eq!(logits(&mut network, &pieces, &reference.after).0, ours);
}

#[test]
fn eight_bits_cost_qwen3_vl_little() {
    let reference = Reference::read("qwen3.json");
    let mut network = qwen3(&reference, Precision::EightBits);
    let off =
        difference(&logits(&mut network, &pieces(&reference.tokens), &reference.after).0, &reference.logits);
    assert!(off > 0.0 && off < 0.05, "{off}");
}

#[test]
fn a_picture_that_must_be_resized_is_cut_as_the_reference_cuts_it() {
    let reference = Reference::read("qwen3.json");
    let network = qwen3(&reference, Precision::Full);
    let resized = reference.resized.unwrap();
    let (grid, values) = network.patched(&picture(37, 50)).unwrap();
    assert_eq!(grid, [resized.grid[1], resized.grid[2]]);
    // The reference repeats each channel for a second, equal frame.
    let first: Vec<f32> = resized.first.chunks(32).flat_map(|channel| channel[..16].to_vec()).collect();
    // One level of 255, two units wide.
    let off = values[..48].iter().zip(&first).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
    assert!(off < 1.01 * 2.0 / 255.0, "{off}");
}

fn moondream_pieces(reference: &Reference) -> Vec<Piece> {
    vec![Piece::Picture(Arc::new(picture(378, 378))), Piece::Tokens(reference.tokens.clone())]
}

#[test]
fn moondream_computes_what_the_reference_does() {
    let reference = Reference::read("moondream.json");
    let folder = tempfile::tempdir().unwrap();
    let mut network = Moondream::load(&reference.files(folder.path()), Some(reference.begin)).unwrap();
    let (ours, read) = logits(&mut network, &moondream_pieces(&reference), &reference.after);
    assert_eq!(read, 1 + 729 + reference.tokens.len());
    let off = difference(&ours, &reference.logits);
    assert!(off < 2e-5, "{off}");
}

#[test]
fn a_quantized_moondream_is_near_the_reference() {
    let reference = Reference::read("moondream.json");
    let folder = tempfile::tempdir().unwrap();
    let files = quantized(&reference, folder.path());
    let mut network = Moondream::load(&files, Some(reference.begin)).unwrap();
    let off = difference(
        &logits(&mut network, &moondream_pieces(&reference), &reference.after).0,
        &reference.logits,
    );
    assert!(off > 0.0 && off < 0.05, "{off}");
}

/// The same network as a GGUF file.
fn quantized(reference: &Reference, folder: &std::path::Path) -> VisionFiles {
    let mut files = reference.files(folder);
    let tensors: HashMap<String, QTensor> = reference
        .tensors()
        .into_iter()
        .map(|(name, tensor)| {
            let whole = tensor.dims().len() == 2 && tensor.dims()[1] % 32 == 0;
            let kind = if whole { GgmlDType::Q8_0 } else { GgmlDType::F32 };
            (name, QTensor::quantize(&tensor, kind).unwrap())
        })
        .collect();
    let listed: Vec<(&str, &QTensor)> =
        tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    let path = folder.join("model.gguf");
    gguf_file::write(&mut std::fs::File::create(&path).unwrap(), &[], &listed).unwrap();
    files.weights = vec![path];
    files
}
