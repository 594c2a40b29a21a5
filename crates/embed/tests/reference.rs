//! Held against the reference implementation: `fixtures/make.py` wrote the golden vectors.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::path::Path;

use lavr_embed::{SentenceEmbedder, SentenceFiles};
use lavr_model::{TextEmbedder, cosine};
use lavr_weights::Store;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    texts: Vec<String>,
    /// The first numbers of each vector.
    begins: Vec<Vec<f32>>,
    cosines: Vec<Vec<f32>>,
}

#[tokio::test]
async fn vectors_and_their_cosines_are_those_of_the_reference() {
    let store = Store::open_default().unwrap();
    let model = SentenceEmbedder::MODEL;
    let files = SentenceFiles {
        weights: store.file(model, "model.safetensors").await.unwrap(),
        tokenizer: store.file(model, "tokenizer.json").await.unwrap(),
        config: store.file(model, "config.json").await.unwrap(),
    };
    let embedder = SentenceEmbedder::load(model, &files).unwrap();
    let golden: Golden = serde_json::from_str(include_str!("fixtures/all-minilm-l6-v2.json")).unwrap();
    let texts: Vec<&str> = golden.texts.iter().map(String::as_str).collect();
    let vectors = embedder.embed(&texts).unwrap();
    for (vector, begins) in vectors.iter().zip(&golden.begins) {
        assert_eq!(vector.len(), 384);
        for (ours, theirs) in vector.iter().zip(begins) {
            assert!((ours - theirs).abs() < 2e-5, "{ours} {theirs}");
        }
    }
    for (one, row) in vectors.iter().zip(&golden.cosines) {
        for (other, theirs) in vectors.iter().zip(row) {
            assert!((cosine(one, other) - theirs).abs() < 2e-5);
        }
    }
}

#[test]
fn a_file_that_is_not_there_is_told_by_name() {
    let [weights, tokenizer, config] =
        ["model.safetensors", "tokenizer.json", "config.json"].map(|name| Path::new("nowhere").join(name));
    let files = SentenceFiles { weights, tokenizer, config };
    let error = SentenceEmbedder::load("all-minilm-l6-v2", &files).unwrap_err().to_string();
    assert!(error.contains("nowhere/config.json") && error.starts_with("all-minilm-l6-v2"), "{error}");
}
