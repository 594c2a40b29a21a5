//! The network with full or with quantized weights.

use std::path::Path;

use candle_core::{DType, Device, Module, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::{
    models::{blip, quantized_blip},
    quantized_var_builder,
};

use crate::BlipError;

/// The embedding of words, and the matrix that turns states to words: one and the same in a trained network, so that files
/// may leave the second out.
const TIED: (&str, &str) =
    ("text_decoder.bert.embeddings.word_embeddings.weight", "text_decoder.cls.predictions.decoder.weight");

/// BLIP. Copies share the weights and have each their own cache.
#[derive(Clone)]
pub(super) enum Network {
    Full(blip::BlipForConditionalGeneration),
    Quantized(quantized_blip::BlipForConditionalGeneration),
}

impl Network {
    /// Reads the weights; the file's ending tells their kind.
    pub(super) fn load(config: &blip::Config, weights: &Path) -> Result<Self, BlipError> {
        let is_gguf = weights.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gguf"));
        // Opened first: a missing file is told in the system's words.
        std::fs::File::open(weights)
            .map_err(|source| BlipError::Read { path: weights.to_owned(), source })?;
        let load = || {
            if is_gguf {
                let weights = quantized_var_builder::VarBuilder::from_gguf(weights, &Device::Cpu)?;
                return quantized_blip::BlipForConditionalGeneration::new(config, weights)
                    .map(Self::Quantized);
            }
            let mut tensors = candle_core::safetensors::load(weights, &Device::Cpu)?;
            if !tensors.contains_key(TIED.1)
                && let Some(embedding) = tensors.get(TIED.0).cloned()
            {
                tensors.insert(TIED.1.to_owned(), embedding);
            }
            let weights = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
            blip::BlipForConditionalGeneration::new(config, weights).map(Self::Full)
        };
        load().map_err(|source| BlipError::Weights { path: weights.to_owned(), source })
    }

    /// What the network sees in the image: `[1, patches + 1, hidden]`. Forgets an earlier caption.
    pub(super) fn encode(&mut self, input: &Tensor) -> Result<Tensor, BlipError> {
        Ok(match self {
            Self::Full(network) => {
                network.reset_kv_cache();
                network.vision_model().forward(input)?
            }
            Self::Quantized(network) => {
                network.reset_kv_cache();
                network.vision_model().forward(input)?
            }
        })
    }

    /// The logits of the next token after each of these, which follow those that were decoded before.
    ///
    /// Several tokens at once are possible only right after [`Self::encode`]: candle's mask does not reach into the cache.
    pub(super) fn decode(&mut self, image: &Tensor, tokens: &[u32]) -> Result<Vec<Vec<f32>>, BlipError> {
        let tokens = Tensor::new(tokens, &Device::Cpu)?.unsqueeze(0)?;
        let logits = match self {
            Self::Full(network) => network.text_decoder().forward(&tokens, image)?,
            Self::Quantized(network) => network.text_decoder().forward(&tokens, image)?,
        };
        Ok(logits.squeeze(0)?.to_vec2()?)
    }
}
