//! The network's shape, from a name or from the `config.json` of a model repository.

use std::path::PathBuf;

use candle_nn::Activation;
use candle_transformers::models::{
    blip::{Config, VisionConfig},
    blip_text::Config as TextConfig,
};
use serde::Deserialize;

use crate::BlipError;

/// The files of a captioning network.
#[derive(Debug, Clone)]
pub struct BlipFiles {
    /// Its shape.
    pub config: BlipConfig,
    /// Its weights: `.safetensors` (of any float type) or `.gguf`.
    pub weights: PathBuf,
    /// Its `tokenizer.json`.
    pub tokenizer: PathBuf,
}

/// The shape of a captioning network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlipConfig {
    /// `Salesforce/blip-image-captioning-base`.
    Base,
    /// `Salesforce/blip-image-captioning-large`.
    Large,
    /// A `config.json` as `transformers` writes it.
    File(PathBuf),
}

/// What generation needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Width and height of the input.
    pub(crate) image_size: usize,
    /// The token that a caption begins after.
    pub(crate) start: u32,
    /// The token that ends a caption.
    pub(crate) end: u32,
    /// The most tokens of a caption.
    pub(crate) most_tokens: usize,
}

/// The values that the reference implementation uses where `config.json` says nothing
/// (`transformers`, `configuration_blip.py`); they are those of the base network.
#[derive(Debug, Deserialize)]
#[serde(default)]
struct File {
    projection_dim: usize,
    image_text_hidden_size: usize,
    text_config: Text,
    vision_config: Vision,
}

impl Default for File {
    fn default() -> Self {
        Self {
            projection_dim: 512,
            image_text_hidden_size: 256,
            text_config: Text::default(),
            vision_config: Vision::default(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default)]
struct Text {
    vocab_size: usize,
    hidden_size: usize,
    encoder_hidden_size: Option<usize>,
    intermediate_size: usize,
    projection_dim: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    max_position_embeddings: usize,
    hidden_act: Activation,
    layer_norm_eps: f64,
    bos_token_id: u32,
    sep_token_id: u32,
}

impl Default for Text {
    fn default() -> Self {
        Self {
            vocab_size: 30524,
            hidden_size: 768,
            encoder_hidden_size: None,
            intermediate_size: 3072,
            projection_dim: 768,
            num_hidden_layers: 12,
            // The class says 8; every published network has, and writes down, 12.
            num_attention_heads: 12,
            max_position_embeddings: 512,
            hidden_act: Activation::Gelu,
            layer_norm_eps: 1e-12,
            bos_token_id: 30522,
            sep_token_id: 102,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default)]
struct Vision {
    hidden_size: usize,
    intermediate_size: usize,
    projection_dim: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    image_size: usize,
    patch_size: usize,
    hidden_act: Activation,
    layer_norm_eps: f64,
}

impl Default for Vision {
    fn default() -> Self {
        Self {
            hidden_size: 768,
            intermediate_size: 3072,
            projection_dim: 512,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            image_size: 384,
            patch_size: 16,
            hidden_act: Activation::Gelu,
            layer_norm_eps: 1e-5,
        }
    }
}

/// The most tokens of a caption: `generate` of the reference stops at 20 in all by default, which cuts sentences.
const MOST_TOKENS: usize = 40;

impl BlipConfig {
    pub(crate) fn read(&self) -> Result<(Config, Settings), BlipError> {
        let file = match self {
            Self::Base => File::default(),
            Self::Large => File {
                vision_config: Vision {
                    hidden_size: 1024,
                    intermediate_size: 4096,
                    num_hidden_layers: 24,
                    num_attention_heads: 16,
                    ..Vision::default()
                },
                ..File::default()
            },
            Self::File(path) => {
                let text =
                    std::fs::read(path).map_err(|source| BlipError::Read { path: path.clone(), source })?;
                let file: File = serde_json::from_slice(&text)
                    .map_err(|source| BlipError::Config { path: path.clone(), source })?;
                file.check().map_err(|reason| BlipError::Shape { path: path.clone(), reason })?;
                file
            }
        };
        Ok(file.into_parts())
    }
}

impl File {
    /// Finds what would divide by zero or ask for absurd memory later.
    fn check(&self) -> Result<(), String> {
        let (text, vision) = (&self.text_config, &self.vision_config);
        let fits = |what: &str, size: usize, heads: usize| {
            if heads == 0 || size == 0 || !size.is_multiple_of(heads) {
                return Err(format!("{what}: {size} units cannot be split among {heads} heads"));
            }
            Ok(())
        };
        fits("text_config", text.hidden_size, text.num_attention_heads)?;
        fits("vision_config", vision.hidden_size, vision.num_attention_heads)?;
        if vision.patch_size == 0 || vision.image_size < vision.patch_size || vision.image_size > 4096 {
            return Err(format!("images of {} in patches of {}", vision.image_size, vision.patch_size));
        }
        if text.max_position_embeddings <= MOST_TOKENS {
            return Err(format!("only {} positions for text", text.max_position_embeddings));
        }
        Ok(())
    }

    fn into_parts(self) -> (Config, Settings) {
        let (text, vision) = (self.text_config, self.vision_config);
        let settings = Settings {
            image_size: vision.image_size,
            start: text.bos_token_id,
            end: text.sep_token_id,
            most_tokens: MOST_TOKENS,
        };
        let text_config = TextConfig {
            vocab_size: text.vocab_size,
            hidden_size: text.hidden_size,
            encoder_hidden_size: text.encoder_hidden_size.unwrap_or(vision.hidden_size),
            intermediate_size: text.intermediate_size,
            projection_dim: text.projection_dim,
            num_hidden_layers: text.num_hidden_layers,
            num_attention_heads: text.num_attention_heads,
            max_position_embeddings: text.max_position_embeddings,
            hidden_act: text.hidden_act,
            layer_norm_eps: text.layer_norm_eps,
            is_decoder: true,
        };
        let vision_config = VisionConfig {
            hidden_size: vision.hidden_size,
            intermediate_size: vision.intermediate_size,
            projection_dim: vision.projection_dim,
            num_hidden_layers: vision.num_hidden_layers,
            num_attention_heads: vision.num_attention_heads,
            image_size: vision.image_size,
            patch_size: vision.patch_size,
            hidden_act: vision.hidden_act,
            layer_norm_eps: vision.layer_norm_eps,
        };
        let config = Config {
            text_config,
            vision_config,
            projection_dim: self.projection_dim,
            image_text_hidden_size: self.image_text_hidden_size,
        };
        (config, settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_large_network_is_the_one_that_candle_names() {
        let (config, settings) = BlipConfig::Large.read().unwrap();
        assert_eq!(format!("{config:?}"), format!("{:?}", Config::image_captioning_large()));
        assert_eq!((settings.start, settings.end), (30522, 102));
    }

    #[test]
    fn a_file_that_asks_for_the_impossible_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for (content, complaint) in [
            ("{", "does not describe a BLIP network"),
            (r#"{ "vision_config": { "num_attention_heads": 7 } }"#, "7 heads"),
            (r#"{ "vision_config": { "patch_size": 0 } }"#, "patches of 0"),
            (r#"{ "text_config": { "max_position_embeddings": 8 } }"#, "8 positions"),
        ] {
            let path = folder.path().join("config.json");
            std::fs::write(&path, content).unwrap();
            let error = BlipConfig::File(path).read().unwrap_err();
            assert!(error.to_string().contains(complaint), "{error}");
        }
    }
}
