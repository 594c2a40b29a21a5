//! Moondream (Vikhyat Korrapati, 2024): a `SigLIP`-like eye and a Phi-1.5 decoder, with the implementation of
//! candle-transformers. The revisions that it runs are those up to 2024 (`model_type` `moondream1`); later ones have another
//! network.

use candle_core::{DType, Device, Module, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::{
    models::{
        moondream::{Config, Model},
        quantized_moondream,
    },
    quantized_var_builder,
};
use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use lavr_image::RgbImage;

use crate::{
    VisionError, VisionFiles,
    network::{Halt, Network, Piece, Stop},
};

/// Both sides of the picture that the network sees, in pixels.
pub(crate) const SIDE: usize = 378;
/// Begins every conversation: `<|endoftext|>` of the tokenizer of Phi.
const BEGIN: u32 = 50256;
/// Tokens that the decoder holds (`n_positions`).
const CONTEXT: usize = 2048;

pub(crate) struct Moondream {
    weights: Kind,
    begin: u32,
    past: usize,
}

enum Kind {
    Full(Box<Model>),
    Quantized(Box<quantized_moondream::Model>),
}

impl Moondream {
    pub(crate) fn load(files: &VisionFiles, begin: Option<u32>) -> Result<Self, VisionError> {
        // The published `config.json` names the network and does not describe it.
        let described: serde_json::Value = files.read_config()?;
        let config = if described["vision_config"].is_object() && described["phi_config"].is_object() {
            files.read_config()?
        } else {
            Config::v2()
        };
        let load = || {
            if let (true, [path]) = (files.is_gguf(), files.weights.as_slice()) {
                let weights = quantized_var_builder::VarBuilder::from_gguf(path, &Device::Cpu)?;
                return quantized_moondream::Model::new(&config, weights)
                    .map(|model| Kind::Quantized(Box::new(model)));
            }
            let mut tensors = std::collections::HashMap::new();
            for path in &files.weights {
                tensors.extend(candle_core::safetensors::load(path, &Device::Cpu)?);
            }
            let weights = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
            Model::new(&config, weights).map(|model| Kind::Full(Box::new(model)))
        };
        let weights =
            load().map_err(|source| VisionError::Weights { path: files.weights_place(), source })?;
        Ok(Self { weights, begin: begin.unwrap_or(BEGIN), past: 0 })
    }

    fn see(&self, picture: &RgbImage) -> Result<Tensor, Halt> {
        let input = input(picture)?;
        Ok(match &self.weights {
            Kind::Full(model) => model.vision_encoder().forward(&input)?,
            Kind::Quantized(model) => model.vision_encoder().forward(&input)?,
        })
    }
}

/// `[1, 3, SIDE, SIDE]`: stretched to a square by a bicubic filter, -1 to 1.
pub(crate) fn input(picture: &RgbImage) -> Result<Tensor, Halt> {
    let failed = |error: &dyn std::fmt::Display| Halt::Picture(error.to_string());
    let source = ImageRef::new(picture.width(), picture.height(), picture.as_raw(), PixelType::U8x3)
        .map_err(|error| failed(&error))?;
    let mut resized = Image::new(SIDE as u32, SIDE as u32, PixelType::U8x3);
    let options =
        ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom)).use_alpha(false);
    Resizer::new().resize(&source, &mut resized, &options).map_err(|error| failed(&error))?;
    let mut planes = Vec::with_capacity(3 * SIDE * SIDE);
    for channel in 0..3 {
        let values = resized.buffer().iter().skip(channel).step_by(3);
        planes.extend(values.map(|&value| (f32::from(value) / 255.0 - 0.5) / 0.5));
    }
    Ok(Tensor::from_vec(planes, (1, 3, SIDE, SIDE), &Device::Cpu)?)
}

fn row(tokens: &[u32]) -> candle_core::Result<Tensor> {
    Tensor::new(tokens, &Device::Cpu)?.unsqueeze(0)
}

fn logits(output: &Tensor) -> Result<Vec<f32>, Halt> {
    Ok(output.squeeze(0)?.to_dtype(DType::F32)?.to_vec1()?)
}

impl Network for Moondream {
    fn read(&mut self, pieces: &[Piece], stop: Stop<'_>) -> Result<(Vec<f32>, usize), Halt> {
        let mut words = Vec::new();
        let mut picture = None;
        for piece in pieces {
            match piece {
                Piece::Tokens(tokens) => words.extend_from_slice(tokens),
                Piece::Picture(pixels) => picture = Some(pixels),
            }
        }
        let picture = picture.map(|pixels| self.see(pixels)).transpose()?;
        let pictured = picture.as_ref().map_or(Ok(0), |seen| seen.dim(1))?;
        self.past = 1 + pictured + words.len();
        if self.past > CONTEXT || words.is_empty() {
            return Err(Halt::TooLong { tokens: self.past, most: CONTEXT });
        }
        if stop() {
            return Err(Halt::Stopped);
        }
        let begin = row(&[self.begin])?;
        let output = match (&mut self.weights, picture) {
            (Kind::Full(model), Some(seen)) => {
                model.text_model().clear_kv_cache();
                model.text_model().forward_with_img(&begin, &row(&words)?, &seen)?
            }
            (Kind::Quantized(model), Some(seen)) => {
                model.text_model().clear_kv_cache();
                model.text_model().forward_with_img(&begin, &row(&words)?, &seen)?
            }
            (weights, None) => {
                words.insert(0, self.begin);
                match weights {
                    Kind::Full(model) => {
                        model.text_model().clear_kv_cache();
                        model.text_model().forward(&row(&words)?)?
                    }
                    Kind::Quantized(model) => {
                        model.text_model().clear_kv_cache();
                        model.text_model().forward(&row(&words)?)?
                    }
                }
            }
        };
        Ok((logits(&output)?, self.past))
    }

    fn next(&mut self, token: u32) -> Result<Vec<f32>, Halt> {
        self.past += 1;
        if self.past > CONTEXT {
            return Err(Halt::TooLong { tokens: self.past, most: CONTEXT });
        }
        let token = row(&[token])?;
        let output = match &mut self.weights {
            Kind::Full(model) => model.text_model().forward(&token)?,
            Kind::Quantized(model) => model.text_model().forward(&token)?,
        };
        logits(&output)
    }
}
