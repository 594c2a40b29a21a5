//! What the families of models have in common: they read a conversation of words and pictures, and say how likely each
//! token is to come next.

use candle_core::{Device, Result, Tensor};
use lavr_image::RgbImage;

/// A piece of a conversation as a network reads it.
pub(crate) enum Piece {
    /// Words.
    Tokens(Vec<u32>),
    /// A picture.
    Picture(std::sync::Arc<RgbImage>),
}

/// Asks whether to go on; long work looks at it between layers.
pub(crate) type Stop<'a> = &'a dyn Fn() -> bool;

/// Why a network gave nothing.
#[derive(Debug)]
pub(crate) enum Halt {
    /// It was told to stop.
    Stopped,
    /// The conversation does not fit.
    TooLong { tokens: usize, most: usize },
    /// The picture cannot be taken in.
    Picture(String),
    /// It failed.
    Failed(candle_core::Error),
}

impl From<candle_core::Error> for Halt {
    fn from(error: candle_core::Error) -> Self {
        Self::Failed(error)
    }
}

/// A network that sees.
pub(crate) trait Network: Send {
    /// Forgets what was read, reads a conversation, and gives the logits of the next token with the number of tokens that
    /// the conversation took, pictures included.
    fn read(&mut self, pieces: &[Piece], stop: Stop<'_>) -> std::result::Result<(Vec<f32>, usize), Halt>;

    /// The logits of the token after this one.
    fn next(&mut self, token: u32) -> std::result::Result<Vec<f32>, Halt>;
}

/// The attention of queries over keys and values, each `[heads, tokens, width]`, head by head: the weights of all heads of a
/// large picture at once would take gigabytes. `mask`, `[queries, keys]`, is added to the scores.
pub(crate) fn attention(
    queries: &Tensor,
    keys: &Tensor,
    values: &Tensor,
    mask: Option<&Tensor>,
) -> Result<Tensor> {
    let (heads, _, width) = queries.dims3()?;
    // Several heads of queries may share one of keys and values.
    let shared = heads / keys.dim(0)?;
    let scale = 1.0 / (width as f64).sqrt();
    let heads: Vec<Tensor> = (0..heads)
        .map(|head| {
            let pick = |tensor: &Tensor, index: usize| tensor.get(index)?.contiguous();
            let keys = pick(keys, head / shared)?.t()?;
            let scores = (pick(queries, head)?.matmul(&keys)? * scale)?;
            let scores = match mask {
                Some(mask) => scores.broadcast_add(mask)?,
                None => scores,
            };
            candle_nn::ops::softmax_last_dim(&scores)?.matmul(&pick(values, head / shared)?)
        })
        .collect::<Result<_>>()?;
    Tensor::stack(&heads, 0)
}

/// `[new, past + new]`: each token sees those before it and itself.
pub(crate) fn causal_mask(new: usize, past: usize) -> Result<Tensor> {
    let all = past + new;
    let hidden = |query: usize, key: usize| if key > past + query { f32::NEG_INFINITY } else { 0.0 };
    let values: Vec<f32> = (0..new).flat_map(|query| (0..all).map(move |key| hidden(query, key))).collect();
    Tensor::from_vec(values, (new, all), &Device::Cpu)
}
