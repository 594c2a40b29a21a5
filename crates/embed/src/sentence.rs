//! BERT, mean pooling, unit length: <https://arxiv.org/abs/1908.10084>, as all-MiniLM-L6-v2 was trained.

use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use lavr_model::{ModelError, ModelErrorKind, TextEmbedder};
use tokenizers::{Tokenizer, TruncationParams};

/// `max_seq_length` of the model's `sentence_bert_config.json`: what is longer is cut.
const LONGEST: usize = 256;

/// The files of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentenceFiles {
    /// `model.safetensors`.
    pub weights: PathBuf,
    /// `tokenizer.json`.
    pub tokenizer: PathBuf,
    /// `config.json`.
    pub config: PathBuf,
}

/// Embeds sentences with a BERT network on the processor.
pub struct SentenceEmbedder {
    name: String,
    network: BertModel,
    tokenizer: Tokenizer,
}

impl std::fmt::Debug for SentenceEmbedder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SentenceEmbedder").field("name", &self.name).finish_non_exhaustive()
    }
}

impl SentenceEmbedder {
    /// The model's name in the catalogue.
    pub const MODEL: &'static str = "all-minilm-l6-v2";

    /// Loads a network; `name` is what people are told.
    ///
    /// # Errors
    /// When a file is missing or not what it should be.
    pub fn load(name: &str, files: &SentenceFiles) -> Result<Self, ModelError> {
        let wrong = |file: &Path, error: &dyn std::fmt::Display| {
            let message = format!("`{}` cannot be used: {error}", file.display());
            ModelError::new(ModelErrorKind::Weights, name, message)
        };
        let config = std::fs::read_to_string(&files.config);
        let config = config.map_err(|error| wrong(&files.config, &error))?;
        let config: Config = serde_json::from_str(&config).map_err(|error| wrong(&files.config, &error))?;
        let mut tokenizer =
            Tokenizer::from_file(&files.tokenizer).map_err(|error| wrong(&files.tokenizer, &error))?;
        // The file pads every text to one length, which only costs time here.
        tokenizer.with_padding(None);
        let truncation = TruncationParams { max_length: LONGEST, ..TruncationParams::default() };
        tokenizer.with_truncation(Some(truncation)).map_err(|error| wrong(&files.tokenizer, &error))?;
        let tensors = candle_core::safetensors::load(&files.weights, &Device::Cpu)
            .map_err(|error| wrong(&files.weights, &error))?;
        let weights = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
        let network = BertModel::load(weights, &config).map_err(|error| wrong(&files.weights, &error))?;
        Ok(Self { name: name.to_owned(), network, tokenizer })
    }

    fn embed_one(&self, text: &str) -> Result<Vec<f32>, Box<dyn std::error::Error + Send + Sync>> {
        let tokens = self.tokenizer.encode(text, true)?;
        let ids = Tensor::new(tokens.get_ids(), &Device::Cpu)?.unsqueeze(0)?;
        let kinds = ids.zeros_like()?;
        // One text at a time: nothing is padded, so the mean over tokens needs no mask.
        let states = self.network.forward(&ids, &kinds, None)?;
        let mean: Vec<f32> = states.mean(1)?.squeeze(0)?.to_vec1()?;
        let length = mean.iter().map(|part| part * part).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        Ok(mean.into_iter().map(|part| part / length).collect())
    }
}

impl TextEmbedder for SentenceEmbedder {
    fn name(&self) -> &str {
        &self.name
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ModelError> {
        let failed = |error| {
            ModelError::new(ModelErrorKind::Other, &self.name, "a text could not be embedded")
                .caused_by(error)
        };
        texts.iter().map(|text| self.embed_one(text).map_err(failed)).collect()
    }
}
