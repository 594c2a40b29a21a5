//! The captioning network BLIP (Li et al., 2022, arXiv:2201.12086), with the implementation of candle-transformers.

mod captioner;
mod config;
mod error;
mod generate;
mod network;
mod pixels;

pub use captioner::BlipCaptioner;
pub use config::{BlipConfig, BlipFiles};
pub use error::BlipError;

use std::path::Path;

use candle_core::Tensor;
use lavr_image::RgbImage;
use lavr_tool::CancellationToken;
use lavr_types::Rect;
use tokenizers::Tokenizer;

use crate::Contrast;
use config::Settings;
use generate::{View, generate};
use network::Network;

/// The captioning network, ready to run. Calls from several threads are safe and share the weights.
pub struct Blip {
    network: Network,
    tokenizer: Tokenizer,
    settings: Settings,
    contrast: Option<Contrast>,
}

/// A caption and how sure the network was of its words.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// The caption, a sentence.
    pub text: String,
    /// The tokens after the start token, the end token left out.
    pub tokens: Vec<u32>,
    /// The mean probability of the tokens, 0 to 1.
    pub score: f32,
}

impl Blip {
    /// Reads the files: seconds, and as much memory as they are large (four bytes a weight for safetensors, the
    /// quantized size for GGUF).
    ///
    /// # Errors
    /// When a file cannot be read, is damaged, or does not fit the others.
    pub fn load(files: &BlipFiles) -> Result<Self, BlipError> {
        let (config, settings) = files.config.read()?;
        let tokenizer = Tokenizer::from_file(&files.tokenizer)
            .map_err(|source| BlipError::Tokenizer { path: files.tokenizer.clone(), source })?;
        let words = tokenizer.get_vocab_size(true);
        if words > config.text_config.vocab_size {
            return Err(BlipError::Mismatch {
                tokenizer: files.tokenizer.clone(),
                words,
                network: config.text_config.vocab_size,
            });
        }
        let network = Network::load(&config, &files.weights)?;
        Ok(Self { network, tokenizer, settings, contrast: None })
    }

    /// With visual contrastive decoding: twice the time, and no gain to be expected ([`Contrast`] says why).
    #[must_use]
    pub fn with_contrast(mut self, contrast: Contrast) -> Self {
        self.contrast = Some(contrast);
        self
    }

    /// Describes a part of a picture, in pixels. Blocks the thread; `cancel` is looked at between two words.
    ///
    /// # Errors
    /// When the network fails, or the call is cancelled.
    pub fn describe(
        &self,
        pixels: &RgbImage,
        area: Rect,
        cancel: &CancellationToken,
    ) -> Result<Described, BlipError> {
        let input = pixels::tensor(pixels, area, self.settings.image_size)?;
        let mut clear = self.view(&input)?;
        let mut noisy = match &self.contrast {
            None => None,
            Some(contrast) => {
                let noised = contrast.noised(&input.flatten_all()?.to_vec1::<f32>()?);
                let noised = Tensor::from_vec(noised, input.shape(), input.device())?;
                Some((contrast, self.view(&noised)?))
            }
        };
        let noisy = noisy.as_mut().map(|(contrast, view)| (*contrast, view));
        let generated = generate(&mut clear, noisy, &self.settings, cancel)?;
        let text = self.tokenizer.decode(&generated.tokens, true).map_err(|source| BlipError::Tokenizer {
            path: Path::new("tokenizer.json").to_owned(),
            source,
        })?;
        Ok(Described { text: sentence(&text), tokens: generated.tokens, score: generated.score })
    }

    /// What the network sees in an input. A copy shares the weights; its cache of keys and values is this view's own.
    fn view(&self, input: &Tensor) -> Result<View, BlipError> {
        let mut network = self.network.clone();
        let image = network.encode(input)?;
        Ok(View { network, image })
    }

    /// The logits of the next token after each of `tokens`, `[tokens, vocabulary]`, for an input `[1, 3, side, side]` as
    /// [`Blip::input`] makes it. For comparison with other implementations.
    ///
    /// # Errors
    /// When the network fails.
    pub fn logits(&self, input: &Tensor, tokens: &[u32]) -> Result<Vec<Vec<f32>>, BlipError> {
        let mut network = self.network.clone();
        let image = network.encode(input)?;
        network.decode(&image, tokens)
    }

    /// A part of a picture as the network takes it: `[1, 3, side, side]`, red, green, blue, normalised.
    ///
    /// # Errors
    /// When the picture cannot be resized.
    pub fn input(&self, pixels: &RgbImage, area: Rect) -> Result<Tensor, BlipError> {
        pixels::tensor(pixels, area, self.settings.image_size)
    }
}

/// The network writes lower case without a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim().trim_end_matches('.').trim_end();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).chain(std::iter::once('.')).collect()
    })
}
