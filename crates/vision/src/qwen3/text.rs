//! The part that reads and writes: a Qwen3 decoder whose positions have three axes.

use candle_core::{Device, Module, Result, Tensor};
use candle_nn::{RmsNorm, rotary_emb::rope};

use super::config::Text as Config;
use crate::{
    network::{Halt, Stop, attention, causal_mask},
    weights::{Linear, Weights},
};

/// Where a token stands: time, row, column. Words stand at the same place on all three.
pub(crate) type Place = [u32; 3];

pub(crate) struct Text {
    words: Tensor,
    layers: Vec<Layer>,
    norm: RmsNorm,
    head: Linear,
    frequencies: Vec<f32>,
    /// Which axis turns each pair of a head.
    axes: Vec<usize>,
    /// Tokens in the caches of the layers.
    past: usize,
}

struct Layer {
    before_attention: RmsNorm,
    before_widening: RmsNorm,
    queries: Linear,
    keys: Linear,
    values: Linear,
    output: Linear,
    query_norm: RmsNorm,
    key_norm: RmsNorm,
    gate: Linear,
    widen: Linear,
    narrow: Linear,
    /// Keys and values of what was read, `[heads, tokens, width]`.
    known: Option<(Tensor, Tensor)>,
    width: usize,
}

/// What pictures add to the first layers' states.
pub(crate) struct Deep<'a> {
    /// Where the pictures' tokens stand among those that are read.
    pub(crate) places: &'a [u32],
    /// For each layer, `[places, hidden]`.
    pub(crate) features: &'a [Tensor],
}

fn norm(weights: &mut Weights, name: &str, width: usize, epsilon: f64) -> Result<RmsNorm> {
    Ok(RmsNorm::new(weights.take(&format!("{name}.weight"), &[width])?, epsilon))
}

impl Text {
    pub(crate) fn load(config: &Config, tied: bool, weights: &mut Weights) -> Result<Self> {
        let place = "model.language_model";
        let words = weights
            .take(&format!("{place}.embed_tokens.weight"), &[config.vocab_size, config.hidden_size])?;
        let layers = (0..config.num_hidden_layers)
            .map(|index| Layer::load(config, weights, &format!("{place}.layers.{index}")))
            .collect::<Result<_>>()?;
        let norm = norm(weights, &format!("{place}.norm"), config.hidden_size, config.rms_norm_eps)?;
        let head = if tied || !weights.holds("lm_head.weight") {
            weights.matrix(words.clone(), None)?
        } else {
            weights.linear("lm_head", config.hidden_size, config.vocab_size, false)?
        };
        let pairs = config.head_dim / 2;
        let frequency = |pair: usize| (1.0 / config.theta().powf(pair as f64 / pairs as f64)) as f32;
        Ok(Self {
            words,
            layers,
            norm,
            head,
            frequencies: (0..pairs).map(frequency).collect(),
            axes: axes(pairs, config.sections()),
            past: 0,
        })
    }

    /// The embeddings of words, `[tokens, hidden]`.
    pub(crate) fn embed(&self, tokens: &[u32]) -> Result<Tensor> {
        if let Some(token) = tokens.iter().find(|token| **token as usize >= self.words.dims()[0]) {
            candle_core::bail!("the token {token} is not in the model's vocabulary");
        }
        self.words.index_select(&Tensor::new(tokens, &Device::Cpu)?, 0)
    }

    pub(crate) fn forget(&mut self) {
        self.past = 0;
        self.layers.iter_mut().for_each(|layer| layer.known = None);
    }

    /// How many tokens were read.
    pub(crate) const fn past(&self) -> usize {
        self.past
    }

    /// Reads tokens, `[tokens, hidden]`, and gives the logits after the last.
    pub(crate) fn read(
        &mut self,
        embeddings: Tensor,
        places: &[Place],
        deep: &Deep<'_>,
        stop: Stop<'_>,
    ) -> std::result::Result<Vec<f32>, Halt> {
        let new = embeddings.dim(0)?;
        let turns = self.turns(places)?;
        let mask = if new > 1 { Some(causal_mask(new, self.past)?) } else { None };
        let mut states = embeddings;
        for (index, layer) in self.layers.iter_mut().enumerate() {
            if stop() {
                return Err(Halt::Stopped);
            }
            states = layer.forward(&states, &turns, mask.as_ref())?;
            if let Some(features) = deep.features.get(index)
                && !deep.places.is_empty()
            {
                let places = Tensor::new(deep.places, &Device::Cpu)?;
                states = states.index_add(&places, features, 0)?;
            }
        }
        self.past += new;
        let last = self.norm.forward(&states.narrow(0, new - 1, 1)?.contiguous()?)?;
        Ok(self.head.forward(&last)?.squeeze(0)?.to_vec1()?)
    }

    /// Cosines and sines, `[tokens, head / 2]`.
    fn turns(&self, places: &[Place]) -> Result<(Tensor, Tensor)> {
        let angles: Vec<f32> = places
            .iter()
            .flat_map(|place| {
                self.frequencies
                    .iter()
                    .zip(&self.axes)
                    .map(|(frequency, axis)| place[*axis] as f32 * frequency)
            })
            .collect();
        let angles = Tensor::from_vec(angles, (places.len(), self.frequencies.len()), &Device::Cpu)?;
        Ok((angles.cos()?, angles.sin()?))
    }
}

/// The axes take turns: time, row, column, time, ... until rows and columns have had their sections; the rest is time.
fn axes(pairs: usize, sections: [usize; 3]) -> Vec<usize> {
    let axis = |pair: usize| {
        let axis = pair % 3;
        if axis > 0 && pair < sections[axis] * 3 { axis } else { 0 }
    };
    (0..pairs).map(axis).collect()
}

impl Layer {
    fn load(config: &Config, weights: &mut Weights, place: &str) -> Result<Self> {
        let name = |part: &str| format!("{place}.{part}");
        let (hidden, width, epsilon) = (config.hidden_size, config.head_dim, config.rms_norm_eps);
        let (heads, shared) = (config.num_attention_heads * width, config.num_key_value_heads * width);
        Ok(Self {
            before_attention: norm(weights, &name("input_layernorm"), hidden, epsilon)?,
            before_widening: norm(weights, &name("post_attention_layernorm"), hidden, epsilon)?,
            queries: weights.linear(&name("self_attn.q_proj"), hidden, heads, false)?,
            keys: weights.linear(&name("self_attn.k_proj"), hidden, shared, false)?,
            values: weights.linear(&name("self_attn.v_proj"), hidden, shared, false)?,
            output: weights.linear(&name("self_attn.o_proj"), heads, hidden, false)?,
            query_norm: norm(weights, &name("self_attn.q_norm"), width, epsilon)?,
            key_norm: norm(weights, &name("self_attn.k_norm"), width, epsilon)?,
            gate: weights.linear(&name("mlp.gate_proj"), hidden, config.intermediate_size, false)?,
            widen: weights.linear(&name("mlp.up_proj"), hidden, config.intermediate_size, false)?,
            narrow: weights.linear(&name("mlp.down_proj"), config.intermediate_size, hidden, false)?,
            known: None,
            width,
        })
    }

    fn forward(
        &mut self,
        states: &Tensor,
        (cos, sin): &(Tensor, Tensor),
        mask: Option<&Tensor>,
    ) -> Result<Tensor> {
        let tokens = states.dim(0)?;
        let input = self.before_attention.forward(states)?;
        let heads = |linear: &Linear| {
            linear.forward(&input)?.reshape((tokens, (), self.width))?.transpose(0, 1)?.contiguous()
        };
        let turned = |linear: &Linear, norm: &RmsNorm| {
            rope(&norm.forward(&heads(linear)?)?.unsqueeze(0)?, cos, sin)?.squeeze(0)
        };
        let queries = turned(&self.queries, &self.query_norm)?;
        let (keys, values) = (turned(&self.keys, &self.key_norm)?, heads(&self.values)?);
        let (keys, values) = match &self.known {
            Some((before, earlier)) => {
                (Tensor::cat(&[before, &keys], 1)?, Tensor::cat(&[earlier, &values], 1)?)
            }
            None => (keys, values),
        };
        let read = attention(&queries, &keys, &values, mask)?;
        self.known = Some((keys, values));
        let read = read.transpose(0, 1)?.reshape((tokens, ()))?;
        let states = (states + self.output.forward(&read)?)?;
        let input = self.before_widening.forward(&states)?;
        let wide = (self.gate.forward(&input)?.silu()? * self.widen.forward(&input)?)?;
        states + self.narrow.forward(&wide)?
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn axes_take_turns_until_their_sections_are_used_up() {
        assert_eq!(super::axes(8, [4, 2, 2]), [0, 1, 2, 0, 1, 2, 0, 0]);
    }
}
