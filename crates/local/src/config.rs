//! The sizes of a model, as its file states them.

use crate::{
    error::{Fault, corrupt, unsupported},
    gguf::Gguf,
};

/// Sizes beyond these are a lie or a model that no desk computer runs; they bound what is allocated.
const MOST_LAYERS: usize = 512;
const MOST_WIDTH: usize = 1 << 17;
const MOST_VOCABULARY: usize = 1 << 20;

/// Which numbers of a head are turned together by the rotary embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pairing {
    /// Neighbours: 0 with 1, 2 with 3 (`llama` files, whose rows are stored reordered).
    Neighbours,
    /// Halves: 0 with half, 1 with half + 1 (`qwen2`).
    Halves,
}

/// The sizes of a model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Config {
    pub(crate) architecture: String,
    pub(crate) name: String,
    pub(crate) layers: usize,
    pub(crate) width: usize,
    pub(crate) inner_width: usize,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) head_width: usize,
    pub(crate) vocabulary: usize,
    /// Tokens that the model was trained to hold.
    pub(crate) context: usize,
    pub(crate) norm_epsilon: f32,
    pub(crate) rope_base: f32,
    pub(crate) rope_width: usize,
    pub(crate) pairing: Pairing,
}

impl Config {
    pub(crate) fn read(file: &Gguf) -> Result<Self, Fault> {
        let architecture = file
            .text("general.architecture")
            .ok_or_else(|| corrupt("the key `general.architecture` is missing"))?
            .to_owned();
        let pairing = match architecture.as_str() {
            "llama" => Pairing::Neighbours,
            "qwen2" => Pairing::Halves,
            other => {
                return Err(unsupported(format!("architecture `{other}`; known are `llama` and `qwen2`")));
            }
        };
        let key = |name: &str| format!("{architecture}.{name}");
        let number = |name: &str, most: usize| {
            let value = file.number(&key(name))?;
            if value == 0 || value > most {
                return Err(corrupt(format!("`{}` is {value}, not within 1..={most}", key(name))));
            }
            Ok(value)
        };
        let float = |name: &str, default: f32| match file.get(&key(name)) {
            None => Ok(default),
            Some(value) => value
                .as_float()
                .filter(|number| number.is_finite() && *number > 0.0)
                .ok_or_else(|| corrupt(format!("`{}` is {value:?}, not a positive number", key(name)))),
        };
        if file
            .get(&key("expert_count"))
            .and_then(super::gguf::Value::as_usize)
            .is_some_and(|count| count > 0)
        {
            return Err(unsupported("a mixture of experts"));
        }
        if let Some(kind) = file.text(&key("rope.scaling.type")).filter(|kind| *kind != "none") {
            return Err(unsupported(format!("positions stretched by `{kind}`")));
        }
        let width = number("embedding_length", MOST_WIDTH)?;
        let heads = number("attention.head_count", 1024)?;
        let kv_heads = if file.get(&key("attention.head_count_kv")).is_some() {
            number("attention.head_count_kv", 1024)?
        } else {
            heads
        };
        let head_width = if file.get(&key("attention.key_length")).is_some() {
            number("attention.key_length", 1024)?
        } else {
            width / heads
        };
        let rope_width = if file.get(&key("rope.dimension_count")).is_some() {
            number("rope.dimension_count", 1024)?
        } else {
            head_width
        };
        if heads % kv_heads != 0
            || head_width == 0
            || head_width % 2 != 0
            || rope_width > head_width
            || rope_width % 2 != 0
        {
            return Err(corrupt(format!(
                "{heads} heads, {kv_heads} of keys, {head_width} wide, {rope_width} turned: they do not fit together"
            )));
        }
        let embedding = file
            .tensor("token_embd.weight")
            .ok_or_else(|| corrupt("the tensor `token_embd.weight` is missing"))?;
        let vocabulary = embedding.dimensions.get(1).copied().filter(|rows| *rows <= MOST_VOCABULARY);
        Ok(Self {
            name: file.text("general.name").unwrap_or(&architecture).to_owned(),
            layers: number("block_count", MOST_LAYERS)?,
            width,
            inner_width: number("feed_forward_length", MOST_WIDTH * 8)?,
            heads,
            kv_heads,
            head_width,
            vocabulary: vocabulary.ok_or_else(|| corrupt("`token_embd.weight` is no matrix of tokens"))?,
            context: number("context_length", 1 << 24)?,
            norm_epsilon: float("attention.layer_norm_rms_epsilon", 1e-5)?,
            rope_base: float("rope.freq_base", 10_000.0)?,
            rope_width,
            pairing,
            architecture,
        })
    }
}
