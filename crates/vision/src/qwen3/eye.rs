//! The part that sees: a picture's patches to tokens that the text part reads.

use candle_core::{Device, Module, Result, Tensor};
use candle_nn::{LayerNorm, rotary_emb::rope};

use super::{
    config::Eye as Config,
    pixels::{Patches, in_blocks},
};
use crate::{
    network::{Halt, Stop, attention},
    weights::{Linear, Weights},
};

/// The base of the rotary frequencies, and what the norms add (`modeling_qwen3_vl.py`).
const THETA: f64 = 10_000.0;
const EPSILON: f64 = 1e-6;

/// What a picture looks like to the text part.
pub(crate) struct Seen {
    /// In the place of words, `[tokens, hidden]`.
    pub(crate) tokens: Tensor,
    /// Added to the states of the first layers, one each, `[tokens, hidden]`.
    pub(crate) deep: Vec<Tensor>,
}

pub(crate) struct Eye {
    config: Config,
    /// One matrix for all frames of a still picture: the frames are equal, so their weights add up.
    patch: Linear,
    positions: Tensor,
    blocks: Vec<Block>,
    merger: Merger,
    deep: Vec<Merger>,
}

struct Block {
    before_attention: LayerNorm,
    before_widening: LayerNorm,
    qkv: Linear,
    output: Linear,
    widen: Linear,
    narrow: Linear,
}

/// Makes one token of a block of patches.
struct Merger {
    norm: LayerNorm,
    /// Whether the norm sees the whole block, or each patch.
    whole: bool,
    /// How many values the patches of a block have together.
    block: usize,
    widen: Linear,
    narrow: Linear,
}

fn norm(weights: &mut Weights, name: &str, width: usize) -> Result<LayerNorm> {
    let weight = weights.take(&format!("{name}.weight"), &[width])?;
    Ok(LayerNorm::new(weight, weights.take(&format!("{name}.bias"), &[width])?, EPSILON))
}

impl Eye {
    pub(crate) fn load(config: &Config, weights: &mut Weights) -> Result<Self> {
        let place = "model.visual";
        let (width, side, frames) = (config.hidden_size, config.patch_size, config.temporal_patch_size);
        let patch = weights.take(
            &format!("{place}.patch_embed.proj.weight"),
            &[width, config.in_channels, frames, side, side],
        )?;
        let patch = patch.sum(2)?.reshape((width, config.in_channels * side * side))?;
        let bias = weights.take(&format!("{place}.patch_embed.proj.bias"), &[width])?;
        let blocks = (0..config.depth).map(|index| {
            let name = |part: &str| format!("{place}.blocks.{index}.{part}");
            Ok(Block {
                before_attention: norm(weights, &name("norm1"), width)?,
                before_widening: norm(weights, &name("norm2"), width)?,
                qkv: weights.linear(&name("attn.qkv"), width, 3 * width, true)?,
                output: weights.linear(&name("attn.proj"), width, width, true)?,
                widen: weights.linear(&name("mlp.linear_fc1"), width, config.intermediate_size, true)?,
                narrow: weights.linear(&name("mlp.linear_fc2"), config.intermediate_size, width, true)?,
            })
        });
        let blocks = blocks.collect::<Result<_>>()?;
        let deep = (0..config.deepstack_visual_indexes.len()).map(|index| {
            Merger::load(config, true, weights, &format!("{place}.deepstack_merger_list.{index}"))
        });
        let deep = deep.collect::<Result<_>>()?;
        Ok(Self {
            patch: weights.matrix(patch, Some(bias))?,
            positions: weights
                .take(&format!("{place}.pos_embed.weight"), &[config.num_position_embeddings, width])?,
            blocks,
            merger: Merger::load(config, false, weights, &format!("{place}.merger"))?,
            deep,
            config: config.clone(),
        })
    }

    pub(crate) fn see(&self, patches: Patches, stop: Stop<'_>) -> std::result::Result<Seen, Halt> {
        let (rows, columns) = (patches.rows, patches.columns);
        let values = patches.values.len() / (rows * columns);
        let input = Tensor::from_vec(patches.values, (rows * columns, values), &Device::Cpu)?;
        let mut states = (self.patch.forward(&input)? + self.positions(rows, columns)?)?;
        let turns = self.turns(rows, columns)?;
        let mut deep = Vec::with_capacity(self.deep.len());
        for (index, block) in self.blocks.iter().enumerate() {
            if stop() {
                return Err(Halt::Stopped);
            }
            states = block.forward(&states, &turns, &self.config)?;
            if let Some(place) = self.config.deepstack_visual_indexes.iter().position(|layer| *layer == index)
            {
                deep.push((place, self.deep[place].forward(&states)?));
            }
        }
        deep.sort_by_key(|(place, _)| *place);
        Ok(Seen {
            tokens: self.merger.forward(&states)?,
            deep: deep.into_iter().map(|(_, features)| features).collect(),
        })
    }

    /// The learned positions, a square grid, stretched over the picture's by bilinear interpolation: `[patches, width]`.
    fn positions(&self, rows: usize, columns: usize) -> Result<Tensor> {
        let grid = self.config.num_position_embeddings.isqrt();
        // Corners lie on corners.
        let along = |index: usize, count: usize| {
            let place = if count > 1 { index as f32 * (grid - 1) as f32 / (count - 1) as f32 } else { 0.0 };
            let before = (place.floor() as usize).min(grid - 1);
            (before, (before + 1).min(grid - 1), place - before as f32)
        };
        let mut corners: [Vec<u32>; 4] = Default::default();
        let mut shares: [Vec<f32>; 4] = Default::default();
        for (row, column) in in_blocks(rows, columns, self.config.spatial_merge_size) {
            let (top, bottom, down) = along(row, rows);
            let (left, right, over) = along(column, columns);
            let places = [(top, left), (top, right), (bottom, left), (bottom, right)];
            let weights =
                [(1.0 - down) * (1.0 - over), (1.0 - down) * over, down * (1.0 - over), down * over];
            for (corner, ((row, column), weight)) in places.into_iter().zip(weights).enumerate() {
                corners[corner].push((row * grid + column) as u32);
                shares[corner].push(weight);
            }
        }
        let mut sum: Option<Tensor> = None;
        for (corner, share) in corners.into_iter().zip(shares) {
            let count = corner.len();
            let rows = self.positions.index_select(&Tensor::from_vec(corner, count, &Device::Cpu)?, 0)?;
            let part = rows.broadcast_mul(&Tensor::from_vec(share, (count, 1), &Device::Cpu)?)?;
            sum = Some(match sum {
                Some(sum) => (sum + part)?,
                None => part,
            });
        }
        sum.map_or_else(|| candle_core::bail!("a picture has no patches"), Ok)
    }

    /// Cosines and sines of the rotary positions, `[patches, head / 2]`: a quarter of each head turns with the row, a
    /// quarter with the column.
    fn turns(&self, rows: usize, columns: usize) -> Result<(Tensor, Tensor)> {
        let quarter = self.config.hidden_size / self.config.num_heads / 4;
        let frequencies: Vec<f32> =
            (0..quarter).map(|index| (1.0 / THETA.powf(index as f64 / quarter as f64)) as f32).collect();
        let mut angles = Vec::with_capacity(rows * columns * quarter * 2);
        for (row, column) in in_blocks(rows, columns, self.config.spatial_merge_size) {
            for place in [row, column] {
                angles.extend(frequencies.iter().map(|frequency| place as f32 * frequency));
            }
        }
        let angles = Tensor::from_vec(angles, (rows * columns, quarter * 2), &Device::Cpu)?;
        Ok((angles.cos()?, angles.sin()?))
    }
}

impl Block {
    fn forward(&self, states: &Tensor, (cos, sin): &(Tensor, Tensor), config: &Config) -> Result<Tensor> {
        let (patches, width) = states.dims2()?;
        let head = width / config.num_heads;
        let qkv = self.qkv.forward(&self.before_attention.forward(states)?)?;
        let qkv = qkv.reshape((patches, 3, config.num_heads, head))?.permute((1, 2, 0, 3))?;
        let turned = |index: usize| {
            let heads = qkv.get(index)?.contiguous()?.unsqueeze(0)?;
            rope(&heads, cos, sin)?.squeeze(0)
        };
        let seen = attention(&turned(0)?, &turned(1)?, &qkv.get(2)?.contiguous()?, None)?;
        let seen = seen.transpose(0, 1)?.reshape((patches, width))?;
        let states = (states + self.output.forward(&seen)?)?;
        let wide = self.widen.forward(&self.before_widening.forward(&states)?)?.apply(&config.hidden_act)?;
        states + self.narrow.forward(&wide)?
    }
}

impl Merger {
    fn load(config: &Config, whole: bool, weights: &mut Weights, name: &str) -> Result<Self> {
        let block = config.hidden_size * config.spatial_merge_size.pow(2);
        Ok(Self {
            norm: norm(weights, &format!("{name}.norm"), if whole { block } else { config.hidden_size })?,
            whole,
            block,
            widen: weights.linear(&format!("{name}.linear_fc1"), block, block, true)?,
            narrow: weights.linear(&format!("{name}.linear_fc2"), block, config.out_hidden_size, true)?,
        })
    }

    fn forward(&self, states: &Tensor) -> Result<Tensor> {
        let states = if self.whole {
            self.norm.forward(&states.reshape(((), self.block))?)?
        } else {
            self.norm.forward(states)?.reshape(((), self.block))?
        };
        self.narrow.forward(&self.widen.forward(&states)?.gelu_erf()?)
    }
}
