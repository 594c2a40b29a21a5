//! The network: a decoder of the Llama family, as `llama` and `qwen2` files describe it.
//!
//! Reference implementations: `llama.cpp/src/models/llama.cpp` and `qwen2.cpp`. Per layer: norm, queries,
//! keys and values (with bias in `qwen2`), rotary positions, grouped attention, norm, gated feed-forward.

use rayon::prelude::*;

use crate::{
    cache::KvCache,
    config::{Config, Pairing},
    error::Fault,
    gguf::Gguf,
    kernels::{
        Isa,
        vector::{self, AttentionWork, Heads},
    },
    matrix::{Matrix, Rounded, Tiled, load_vector},
};

/// Tokens that go through the network together.
pub(crate) const CHUNK: usize = 256;

#[derive(Debug)]
struct Layer {
    attention_norm: Vec<f32>,
    query: Matrix,
    key: Matrix,
    value: Matrix,
    biases: Option<[Vec<f32>; 3]>,
    output: Matrix,
    feed_norm: Vec<f32>,
    gate: Matrix,
    up: Matrix,
    down: Matrix,
}

/// The weights.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) config: Config,
    pub(crate) isa: Isa,
    embedding: Matrix,
    layers: Vec<Layer>,
    output_norm: Vec<f32>,
    /// Absent where the embedding serves for it.
    output: Option<Matrix>,
    /// Turns of each pair of a head per position.
    frequencies: Vec<f32>,
}

/// The caller gave up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stopped;

/// Memory that a pass works in.
#[derive(Debug)]
pub(crate) struct Work {
    rounded: Rounded,
    state: Vec<f32>,
    normed: Vec<f32>,
    queries: Tiled,
    keys: Tiled,
    values: Tiled,
    /// `[token][head][dimension]`.
    turned: Vec<f32>,
    attended: Vec<f32>,
    gate: Tiled,
    up: Tiled,
    wide: Vec<f32>,
    out: Tiled,
    angles: Vec<(f32, f32)>,
}

impl Work {
    pub(crate) fn new() -> Self {
        Self {
            rounded: Rounded::new(),
            state: Vec::new(),
            normed: Vec::new(),
            queries: Tiled::default(),
            keys: Tiled::default(),
            values: Tiled::default(),
            turned: Vec::new(),
            attended: Vec::new(),
            gate: Tiled::default(),
            up: Tiled::default(),
            wide: Vec::new(),
            out: Tiled::default(),
            angles: Vec::new(),
        }
    }
}

impl Network {
    pub(crate) fn load(file: &Gguf, isa: Isa) -> Result<Self, Fault> {
        let config = Config::read(file)?;
        let (width, inner) = (config.width, config.inner_width);
        let (query_width, key_width) =
            (config.heads * config.head_width, config.kv_heads * config.head_width);
        let mut layers = Vec::with_capacity(config.layers);
        for index in 0..config.layers {
            let name = |part: &str| format!("blk.{index}.{part}");
            let matrix = |part: &str, columns, rows| Matrix::load(file, &name(part), columns, rows);
            let vector = |part: &str, length| load_vector(file, &name(part), length);
            let biases = if file.tensor(&name("attn_q.bias")).is_some() {
                Some([
                    vector("attn_q.bias", query_width)?,
                    vector("attn_k.bias", key_width)?,
                    vector("attn_v.bias", key_width)?,
                ])
            } else {
                None
            };
            layers.push(Layer {
                attention_norm: vector("attn_norm.weight", width)?,
                query: matrix("attn_q.weight", width, query_width)?,
                key: matrix("attn_k.weight", width, key_width)?,
                value: matrix("attn_v.weight", width, key_width)?,
                biases,
                output: matrix("attn_output.weight", query_width, width)?,
                feed_norm: vector("ffn_norm.weight", width)?,
                gate: matrix("ffn_gate.weight", width, inner)?,
                up: matrix("ffn_up.weight", width, inner)?,
                down: matrix("ffn_down.weight", inner, width)?,
            });
        }
        let output = match file.tensor("output.weight") {
            Some(info) => Some(Matrix::from_info(file, "output.weight", info, width, config.vocabulary)?),
            None => None,
        };
        let pairs = config.rope_width / 2;
        let mut frequencies: Vec<f32> =
            (0..pairs).map(|pair| config.rope_base.powf(-(pair as f32) / pairs as f32)).collect();
        if file.tensor("rope_freqs.weight").is_some() {
            let factors = load_vector(file, "rope_freqs.weight", pairs)?;
            frequencies.iter_mut().zip(factors).for_each(|(frequency, factor)| *frequency /= factor);
        }
        Ok(Self {
            embedding: Matrix::load(file, "token_embd.weight", width, config.vocabulary)?,
            output_norm: load_vector(file, "output_norm.weight", width)?,
            layers,
            output,
            frequencies,
            isa,
            config,
        })
    }

    /// Takes some tokens in after `position` others. `stopped` is asked before each layer.
    pub(crate) fn take_in(
        &self,
        tokens: &[u32],
        position: usize,
        cache: &mut KvCache,
        work: &mut Work,
        stopped: &dyn Fn() -> bool,
    ) -> Result<(), Stopped> {
        let width = self.config.width;
        work.state.resize(tokens.len() * width, 0.0);
        for (token, state) in tokens.iter().zip(work.state.chunks_exact_mut(width)) {
            if self.embedding.row(*token as usize, state).is_err() {
                state.fill(0.0);
            }
        }
        self.set_angles(position, tokens.len(), work);
        for (index, layer) in self.layers.iter().enumerate() {
            if stopped() {
                return Err(Stopped);
            }
            self.attention(index, layer, position, cache, work);
            self.feed_forward(layer, work);
        }
        Ok(())
    }

    /// Normalises the state of all tokens and rounds it for the matrices that come next.
    fn norm(&self, weight: &[f32], work: &mut Work, matrices: &[&Matrix]) {
        let (width, isa, epsilon) = (self.config.width, self.isa, self.config.norm_epsilon);
        work.normed.resize(work.state.len(), 0.0);
        for (normed, state) in work.normed.chunks_exact_mut(width).zip(work.state.chunks_exact(width)) {
            vector::rms_norm(isa, state, weight, epsilon, normed);
        }
        work.rounded.round(isa, &work.normed, width, matrices);
    }

    fn attention(&self, index: usize, layer: &Layer, position: usize, cache: &mut KvCache, work: &mut Work) {
        let (config, isa) = (&self.config, self.isa);
        let tokens = work.state.len() / config.width;
        self.norm(&layer.attention_norm, work, &[&layer.query, &layer.key, &layer.value]);
        let rounded = &work.rounded;
        let (queries, keys, values) = (&mut work.queries, &mut work.keys, &mut work.values);
        rayon::join(
            || layer.query.multiply(isa, rounded, queries),
            || {
                rayon::join(
                    || layer.key.multiply(isa, rounded, keys),
                    || layer.value.multiply(isa, rounded, values),
                )
            },
        );
        self.turn_and_store(index, layer, position, tokens, cache, work);
        self.attend(index, position, tokens, cache, work);
        work.rounded.round(isa, &work.attended, config.heads * config.head_width, &[&layer.output]);
        layer.output.multiply(isa, &work.rounded, &mut work.out);
        for (token, state) in work.state.chunks_exact_mut(config.width).enumerate() {
            work.out.add_token(token, state);
        }
    }

    /// Adds biases, turns queries and keys to their positions, and stores keys and values.
    fn turn_and_store(
        &self,
        index: usize,
        layer: &Layer,
        position: usize,
        tokens: usize,
        cache: &mut KvCache,
        work: &mut Work,
    ) {
        let config = &self.config;
        let (query_width, key_width) =
            (config.heads * config.head_width, config.kv_heads * config.head_width);
        work.turned.resize(tokens * query_width, 0.0);
        let (mut key, mut value) = (vec![0.0; key_width], vec![0.0; key_width]);
        let pairs = config.rope_width / 2;
        for (token, query) in work.turned.chunks_exact_mut(query_width).enumerate() {
            work.queries.copy_token(token, query);
            work.keys.copy_token(token, &mut key);
            work.values.copy_token(token, &mut value);
            if let Some([of_query, of_key, of_value]) = &layer.biases {
                for (side, bias) in [(&mut *query, of_query), (&mut key, of_key), (&mut value, of_value)] {
                    side.iter_mut().zip(bias).for_each(|(number, bias)| *number += bias);
                }
            }
            let angles = &work.angles[token * pairs..(token + 1) * pairs];
            turn(query, config.head_width, angles, config.pairing);
            turn(&mut key, config.head_width, angles, config.pairing);
            cache.store(index, position + token, &key, &value);
        }
    }

    fn set_angles(&self, position: usize, tokens: usize, work: &mut Work) {
        work.angles.clear();
        for token in 0..tokens {
            work.angles.extend(self.frequencies.iter().map(|frequency| {
                // Positions in double precision: their products reach thousands of turns.
                let (sine, cosine) = ((position + token) as f64 * f64::from(*frequency)).sin_cos();
                (sine as f32, cosine as f32)
            }));
        }
    }

    fn attend(&self, index: usize, position: usize, tokens: usize, cache: &KvCache, work: &mut Work) {
        let (config, isa) = (&self.config, self.isa);
        let dimension = config.head_width;
        let group = config.heads / config.kv_heads;
        let query_width = config.heads * dimension;
        work.attended.resize(tokens * query_width, 0.0);
        // Tokens that one task looks at: their queries share every key that is read.
        let together = tokens.min(8);
        let turned = &work.turned;
        let results: Vec<(usize, usize, Vec<f32>)> = (0..config.kv_heads * tokens.div_ceil(together))
            .into_par_iter()
            .map_init(AttentionWork::default, |scratch, task| {
                let (head, first) = (task % config.kv_heads, task / config.kv_heads * together);
                let last = (first + together).min(tokens);
                let mut queries = Vec::with_capacity((last - first) * group * dimension);
                let mut visible = Vec::with_capacity((last - first) * group);
                for token in first..last {
                    let start = token * query_width + head * group * dimension;
                    queries.extend_from_slice(&turned[start..start + group * dimension]);
                    visible.extend(std::iter::repeat_n(position + token + 1, group));
                }
                let layer = &cache.layers[index];
                let heads = Heads {
                    queries: &queries,
                    visible: &visible,
                    keys: cache.head(&layer.keys, head, position + last),
                    values: cache.head(&layer.values, head, position + last),
                    dimension,
                    scale: 1.0 / (dimension as f32).sqrt(),
                };
                let mut out = vec![0.0; queries.len()];
                vector::attend(isa, &heads, scratch, &mut out);
                (head, first, out)
            })
            .collect();
        for (head, first, out) in results {
            for (token, part) in out.chunks_exact(group * dimension).enumerate() {
                let start = (first + token) * query_width + head * group * dimension;
                work.attended[start..start + group * dimension].copy_from_slice(part);
            }
        }
    }

    fn feed_forward(&self, layer: &Layer, work: &mut Work) {
        let (config, isa) = (&self.config, self.isa);
        let inner = config.inner_width;
        self.norm(&layer.feed_norm, work, &[&layer.gate, &layer.up]);
        let (rounded, gate, up) = (&work.rounded, &mut work.gate, &mut work.up);
        rayon::join(|| layer.gate.multiply(isa, rounded, gate), || layer.up.multiply(isa, rounded, up));
        work.gate.silu_times(isa, &work.up);
        let tokens = work.state.len() / config.width;
        work.wide.resize(tokens * inner, 0.0);
        for (token, wide) in work.wide.chunks_exact_mut(inner).enumerate() {
            work.gate.copy_token(token, wide);
        }
        work.rounded.round(isa, &work.wide, inner, &[&layer.down]);
        layer.down.multiply(isa, &work.rounded, &mut work.out);
        for (token, state) in work.state.chunks_exact_mut(config.width).enumerate() {
            work.out.add_token(token, state);
        }
    }

    /// The logits after the last token that was taken in.
    pub(crate) fn logits(&self, work: &mut Work, logits: &mut Vec<f32>) {
        let (width, isa) = (self.config.width, self.isa);
        let Some(last) = work.state.len().checked_sub(width) else { return };
        work.normed.resize(width, 0.0);
        let state = &work.state[last..];
        vector::rms_norm(isa, state, &self.output_norm, self.config.norm_epsilon, &mut work.normed[..width]);
        let head = self.output.as_ref().unwrap_or(&self.embedding);
        work.rounded.round(isa, &work.normed[..width], width, &[head]);
        head.multiply(isa, &work.rounded, &mut work.out);
        logits.resize(head.rows(), 0.0);
        work.out.copy_token(0, logits);
    }
}

/// Turns each pair of numbers of each head by its angle.
fn turn(heads: &mut [f32], head_width: usize, angles: &[(f32, f32)], pairing: Pairing) {
    for head in heads.chunks_exact_mut(head_width) {
        for (pair, (sine, cosine)) in angles.iter().enumerate() {
            let (a, b) = match pairing {
                Pairing::Neighbours => (2 * pair, 2 * pair + 1),
                Pairing::Halves => (pair, pair + angles.len()),
            };
            let (x, y) = (head[a], head[b]);
            head[a] = x * cosine - y * sine;
            head[b] = x * sine + y * cosine;
        }
    }
}
