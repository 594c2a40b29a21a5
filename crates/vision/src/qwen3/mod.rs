//! Qwen3-VL (Qwen team, 2025), dense sizes.
//!
//! Written anew on candle's tensors: candle-transformers 0.11 has a `qwen3_vl` whose numbers are not those of the reference
//! (the prompt is read without a causal mask, and pictures get the positions of words).

mod config;
mod eye;
mod pixels;
mod text;

use candle_core::Tensor;
use lavr_image::RgbImage;
use lavr_types::Size;

use self::{
    config::Config,
    eye::{Eye, Seen},
    pixels::Patches,
    text::{Deep, Place, Text},
};
use crate::{
    Precision, VisionError, VisionFiles,
    network::{Halt, Network, Piece, Stop},
    weights::Weights,
};

pub(crate) struct Qwen3 {
    config: Config,
    eye: Eye,
    text: Text,
    /// Where the next token stands.
    place: u32,
    /// The fewest and the most pixels that a picture is brought to.
    pixels: (usize, usize),
    context: usize,
}

/// The fewest pixels of a picture (`preprocessor_config.json`).
const LEAST_PIXELS: usize = 256 * 256;

impl Qwen3 {
    /// Reads the files. `most_pixels` bounds what a picture costs.
    pub(crate) fn load(
        files: &VisionFiles,
        precision: Precision,
        most_pixels: usize,
        context: usize,
    ) -> Result<Self, VisionError> {
        let config: Config = files.read_config()?;
        if let Some(fault) = config.fault() {
            return Err(files.unsupported(fault));
        }
        if files.is_gguf() {
            return Err(
                files.unsupported("Qwen3-VL is read from .safetensors; its GGUF files are not known here")
            );
        }
        let load = || {
            let mut weights = Weights::read(files, precision)?;
            let eye = Eye::load(&config.eye, &mut weights)?;
            let tied = config.tie_word_embeddings || config.text.tie_word_embeddings;
            Ok((eye, Text::load(&config.text, tied, &mut weights)?))
        };
        let (eye, text) =
            load().map_err(|source| VisionError::Weights { path: files.weights_place(), source })?;
        let context = context.min(config.text.max_position_embeddings);
        let pixels = (LEAST_PIXELS.min(most_pixels), most_pixels);
        Ok(Self { config, eye, text, place: 0, pixels, context })
    }

    fn see(&self, picture: &RgbImage, stop: Stop<'_>) -> Result<(Seen, [usize; 2]), Halt> {
        let patches = self.patches(picture)?;
        let grid = [patches.rows, patches.columns].map(|count| count / self.config.eye.spatial_merge_size);
        Ok((self.eye.see(patches, stop)?, grid))
    }

    fn patches(&self, picture: &RgbImage) -> Result<Patches, Halt> {
        let eye = &self.config.eye;
        let size = Size::new(picture.width(), picture.height());
        let (least, most) = self.pixels;
        pixels::fitting(size, eye.patch_size * eye.spatial_merge_size, least, most)
            .and_then(|size| pixels::patches(picture, size, eye))
            .map_err(Halt::Picture)
    }

    /// Reads pieces after those that were read before.
    fn go_on(&mut self, pieces: &[Piece], stop: Stop<'_>) -> Result<Vec<f32>, Halt> {
        let mut embeddings = Vec::new();
        let mut places: Vec<Place> = Vec::new();
        let mut pictured: Vec<u32> = Vec::new();
        let mut deep: Vec<Vec<Tensor>> = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Tokens(tokens) if tokens.is_empty() => {}
                Piece::Tokens(tokens) => {
                    embeddings.push(self.text.embed(tokens)?);
                    places.extend((0..tokens.len() as u32).map(|offset| [self.place + offset; 3]));
                    self.place += tokens.len() as u32;
                }
                Piece::Picture(picture) => {
                    let (seen, [rows, columns]) = self.see(picture, stop)?;
                    let first = places.len() as u32;
                    pictured.extend(first..first + (rows * columns) as u32);
                    let (rows, columns) = (rows as u32, columns as u32);
                    places.extend((0..rows).flat_map(|row| {
                        (0..columns)
                            .map(move |column| [0, row, column])
                            .map(|place| place.map(|axis| axis + self.place))
                    }));
                    self.place += rows.max(columns);
                    embeddings.push(seen.tokens);
                    deep.push(seen.deep);
                }
            }
        }
        let all = places.len() + self.text.past();
        if places.is_empty() || all > self.context {
            return Err(Halt::TooLong { tokens: all, most: self.context });
        }
        let layers = deep.first().map_or(0, Vec::len);
        let features = (0..layers)
            .map(|layer| Tensor::cat(&deep.iter().map(|picture| &picture[layer]).collect::<Vec<_>>(), 0))
            .collect::<candle_core::Result<Vec<_>>>()?;
        let embeddings = Tensor::cat(&embeddings, 0)?;
        self.text.read(embeddings, &places, &Deep { places: &pictured, features: &features }, stop)
    }
}

#[cfg(test)]
impl Qwen3 {
    /// For pictures smaller than real ones.
    pub(crate) fn with_least_pixels(mut self, least: usize) -> Self {
        self.pixels.0 = least;
        self
    }

    /// Rows and columns of patches of a picture, and their values.
    pub(crate) fn patched(&self, picture: &RgbImage) -> Result<([usize; 2], Vec<f32>), Halt> {
        self.patches(picture).map(|patches| ([patches.rows, patches.columns], patches.values))
    }
}

impl Network for Qwen3 {
    fn read(&mut self, pieces: &[Piece], stop: Stop<'_>) -> Result<(Vec<f32>, usize), Halt> {
        self.text.forget();
        self.place = 0;
        let logits = self.go_on(pieces, stop)?;
        Ok((logits, self.text.past()))
    }

    fn next(&mut self, token: u32) -> Result<Vec<f32>, Halt> {
        self.go_on(&[Piece::Tokens(vec![token])], &|| false)
    }
}
