//! BLIP against the reference implementation, on a small network with random weights.
//!
//! `expected/` was made by `expected/reference.py` with `torch` and `transformers`.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{
    collections::HashMap,
    io::Cursor,
    path::{Path, PathBuf},
    sync::Arc,
};

use candle_core::{
    Device, Tensor,
    quantized::{GgmlDType, QTensor, gguf_file},
};
use lavr_caption::{Blip, BlipCaptioner, BlipConfig, BlipError, BlipFiles, Contrast, Describe};
use lavr_tool::{CancellationToken, Dispatcher, Registry};
use lavr_types::{CallId, FailureKind, Rect, ToolCall};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Reference {
    input: Vec<f32>,
    sequence: Vec<u32>,
    logits: Vec<Vec<f32>>,
    greedy: Vec<u32>,
    greedy_text: String,
}

fn expected(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expected").join(name)
}

fn reference() -> Reference {
    serde_json::from_slice(&std::fs::read(expected("reference.json")).unwrap()).unwrap()
}

fn files() -> BlipFiles {
    BlipFiles {
        config: BlipConfig::File(expected("config.json")),
        weights: expected("model.safetensors"),
        tokenizer: expected("tokenizer.json"),
    }
}

fn picture() -> lavr_image::RgbImage {
    let bytes = std::fs::read(expected("picture.png")).unwrap();
    lavr_image::decode(&bytes, "picture.png", &lavr_image::Limits::default()).unwrap().pixels
}

const WHOLE: [f64; 4] = [0.0, 0.0, 60.0, 45.0];

fn largest_difference<'a>(a: impl IntoIterator<Item = &'a f32>, b: impl IntoIterator<Item = &'a f32>) -> f32 {
    a.into_iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn the_logits_are_those_of_the_reference() {
    let reference = reference();
    let blip = Blip::load(&files()).unwrap();
    let input = Tensor::from_slice(&reference.input, (1, 3, 32, 32), &Device::Cpu).unwrap();
    let logits = blip.logits(&input, &reference.sequence).unwrap();
    assert_eq!(logits.len(), reference.logits.len());
    let difference = largest_difference(logits.iter().flatten(), reference.logits.iter().flatten());
    let size = reference.logits.iter().flatten().copied().map(f32::abs).fold(0.0, f32::max);
    assert!(difference < 1e-4 * size.max(1.0), "{difference} of {size}");
}

#[test]
fn the_input_is_that_of_the_reference() {
    let reference = reference();
    let blip = Blip::load(&files()).unwrap();
    let input = blip.input(&picture(), Rect::from(WHOLE)).unwrap();
    let input: Vec<f32> = input.flatten_all().unwrap().to_vec1().unwrap();
    assert_eq!(input.len(), reference.input.len());
    // One level of 255, in units of the smallest deviation.
    let level = 1.0 / 255.0 / 0.261;
    let difference = largest_difference(&input, &reference.input);
    assert!(difference < 1.01 * level, "{difference}");
}

#[test]
fn a_greedy_caption_is_that_of_the_reference() {
    let reference = reference();
    let blip = Blip::load(&files()).unwrap();
    let described = blip.describe(&picture(), Rect::from(WHOLE), &CancellationToken::new()).unwrap();
    assert_eq!(described.tokens, reference.greedy);
    assert_eq!(
        described.text.to_lowercase().trim_end_matches('.'),
        reference.greedy_text.to_lowercase().trim_end_matches('.')
    );
    assert!(described.score > 0.0 && described.score <= 1.0);
}

#[test]
fn a_contrast_of_nothing_changes_nothing_and_a_contrast_with_noise_does() {
    let caption = |contrast| {
        let blip = Blip::load(&files()).unwrap().with_contrast(contrast);
        blip.describe(&picture(), Rect::from(WHOLE), &CancellationToken::new()).unwrap()
    };
    // Without weight, and with the best word alone plausible, decoding stays greedy.
    assert_eq!(caption(Contrast::new(0.0, 0.1, 999, 1).unwrap()).tokens, reference().greedy);
    assert_eq!(caption(Contrast::new(1.0, 1.0, 999, 1).unwrap()).tokens, reference().greedy);
    let strong = Contrast::new(5.0, 1e-6, 999, 1).unwrap();
    assert_eq!(caption(strong), caption(strong));
    assert_ne!(caption(strong).tokens, reference().greedy);
}

#[test]
fn each_word_of_a_contrasted_caption_is_the_best_of_the_contrasted_logits() {
    let contrast = Contrast::new(2.0, 0.01, 700, 3).unwrap();
    let blip = Blip::load(&files()).unwrap();
    let input = blip.input(&picture(), Rect::from(WHOLE)).unwrap();
    let noised = contrast.noised(&input.flatten_all().unwrap().to_vec1::<f32>().unwrap());
    let noised = Tensor::from_vec(noised, input.shape(), &Device::Cpu).unwrap();
    let described = Blip::load(&files())
        .unwrap()
        .with_contrast(contrast)
        .describe(&picture(), Rect::from(WHOLE), &CancellationToken::new())
        .unwrap();
    let mut said = vec![reference().sequence[0]];
    said.extend(&described.tokens);
    let (clear, noisy) = (blip.logits(&input, &said).unwrap(), blip.logits(&noised, &said).unwrap());
    for (place, token) in described.tokens.iter().enumerate() {
        let before = &said[..=place];
        let mut logits = clear[place].clone();
        // No three tokens come twice in a row.
        for (token, logit) in logits.iter_mut().enumerate() {
            let ending = [&before[before.len().saturating_sub(2)..], &[token as u32]].concat();
            if before.windows(3).any(|three| three == ending) {
                *logit = f32::NAN;
            }
        }
        contrast.apply(&mut logits, &noisy[place]);
        let best = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        assert!(best - logits[*token as usize] < 1e-3, "{place}");
    }
}

/// The weights as a GGUF file, matrices in eight bits.
fn quantized(folder: &Path) -> PathBuf {
    let tensors = candle_core::safetensors::load(expected("model.safetensors"), &Device::Cpu).unwrap();
    let tensors: HashMap<String, QTensor> = tensors
        .into_iter()
        .filter(|(name, _)| !name.ends_with("position_ids"))
        .map(|(name, tensor)| {
            let tensor = tensor.to_dtype(candle_core::DType::F32).unwrap();
            let is_matrix = tensor.rank() == 2 && tensor.dim(1).unwrap().is_multiple_of(32);
            let kind = if is_matrix { GgmlDType::Q8_0 } else { GgmlDType::F32 };
            let quantized = QTensor::quantize(&tensor, kind).unwrap();
            (name, quantized)
        })
        .collect();
    let named: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    let mut file = Cursor::new(Vec::new());
    gguf_file::write(&mut file, &[], &named).unwrap();
    let path = folder.join("model.gguf");
    std::fs::write(&path, file.into_inner()).unwrap();
    path
}

#[test]
fn quantized_weights_give_nearly_the_same_logits() {
    let reference = reference();
    let folder = tempfile::tempdir().unwrap();
    let blip = Blip::load(&BlipFiles { weights: quantized(folder.path()), ..files() }).unwrap();
    let input = Tensor::from_slice(&reference.input, (1, 3, 32, 32), &Device::Cpu).unwrap();
    let logits = blip.logits(&input, &reference.sequence).unwrap();
    for (row, expected) in logits.iter().zip(&reference.logits) {
        let dot: f32 = row.iter().zip(expected).map(|(a, b)| a * b).sum();
        let norm = |row: &[f32]| row.iter().map(|value| value * value).sum::<f32>().sqrt();
        let cosine = dot / (norm(row) * norm(expected));
        assert!(cosine > 0.995, "{cosine}");
    }
}

#[test]
fn weights_without_the_tied_matrix_are_completed() {
    let folder = tempfile::tempdir().unwrap();
    let mut tensors = candle_core::safetensors::load(expected("model.safetensors"), &Device::Cpu).unwrap();
    assert!(tensors.remove("text_decoder.cls.predictions.decoder.weight").is_some());
    let weights = folder.path().join("model.safetensors");
    candle_core::safetensors::save(&tensors, &weights).unwrap();
    let blip = Blip::load(&BlipFiles { weights, ..files() }).unwrap();
    let described = blip.describe(&picture(), Rect::from(WHOLE), &CancellationToken::new()).unwrap();
    assert_eq!(described.tokens, reference().greedy);
}

#[test]
fn a_damaged_file_is_told_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let damaged = folder.path().join("model.safetensors");
    let whole = std::fs::read(expected("model.safetensors")).unwrap();
    std::fs::write(&damaged, &whole[..whole.len() / 2]).unwrap();
    let missing = folder.path().join("nothing.safetensors");
    let garbage = folder.path().join("model.gguf");
    std::fs::write(&garbage, b"not a model").unwrap();
    for weights in [damaged, missing, garbage] {
        let name = weights.display().to_string();
        let error = Blip::load(&BlipFiles { weights, ..files() }).err().unwrap();
        assert!(matches!(error, BlipError::Weights { .. } | BlipError::Read { .. }), "{error:?}");
        assert!(error.to_string().contains(&name), "{error}");
    }
}

#[tokio::test]
async fn the_tool_describes_a_region_and_gives_evidence() {
    let captioner = BlipCaptioner::new("blip-test", files());
    let registry = Registry::new().with(Describe::new(captioner)).unwrap();
    let dispatcher = Dispatcher::new(registry, Arc::default());
    let image = dispatcher.images().insert(picture()).unwrap();
    let arguments = json!({ "image": image });
    let call = ToolCall { id: CallId("call_1".to_owned()), tool: "caption".to_owned(), arguments };
    let record = dispatcher.dispatch(vec![call], &CancellationToken::new()).await.remove(0);
    let observation = record.outcome.unwrap();
    assert_eq!(observation.value["source"], "blip-test");
    assert_eq!(observation.evidence[0].value, observation.value["text"]);
}

#[tokio::test]
async fn a_network_that_cannot_be_loaded_is_unavailable() {
    let files = BlipFiles { weights: PathBuf::from("nowhere.safetensors"), ..files() };
    let registry = Registry::new().with(Describe::new(BlipCaptioner::new("blip", files))).unwrap();
    let dispatcher = Dispatcher::new(registry, Arc::default());
    let image = dispatcher.images().insert(picture()).unwrap();
    let arguments = json!({ "image": image });
    let call = ToolCall { id: CallId("call_1".to_owned()), tool: "caption".to_owned(), arguments };
    let failure =
        dispatcher.dispatch(vec![call], &CancellationToken::new()).await.remove(0).outcome.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
}

#[test]
fn a_cancelled_call_stops() {
    let blip = Blip::load(&files()).unwrap();
    let cancel = CancellationToken::new();
    cancel.cancel();
    let error = blip.describe(&picture(), Rect::from(WHOLE), &cancel).err().unwrap();
    assert!(matches!(error, BlipError::Cancelled));
}
