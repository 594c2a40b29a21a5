//! The shape of the network, from `config.json`.

use candle_nn::Activation;
use serde::Deserialize;

/// Qwen3-VL, dense.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Config {
    #[serde(rename = "text_config")]
    pub(crate) text: Text,
    #[serde(rename = "vision_config")]
    pub(crate) eye: Eye,
    #[serde(default)]
    pub(crate) tie_word_embeddings: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Text {
    pub(crate) vocab_size: usize,
    pub(crate) hidden_size: usize,
    pub(crate) intermediate_size: usize,
    pub(crate) num_hidden_layers: usize,
    pub(crate) num_attention_heads: usize,
    pub(crate) num_key_value_heads: usize,
    pub(crate) head_dim: usize,
    pub(crate) rms_norm_eps: f64,
    pub(crate) max_position_embeddings: usize,
    /// Newer files keep it among the rotary parameters.
    pub(crate) rope_theta: Option<f64>,
    #[serde(alias = "rope_parameters")]
    pub(crate) rope_scaling: Option<Rotary>,
    #[serde(default)]
    pub(crate) tie_word_embeddings: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Rotary {
    #[serde(default = "sections")]
    pub(crate) mrope_section: [usize; 3],
    pub(crate) rope_theta: Option<f64>,
}

/// What the reference takes where the file says nothing (`modeling_qwen3_vl.py`).
const fn sections() -> [usize; 3] {
    [24, 20, 20]
}

/// The base of the rotary frequencies where the file says nothing (`configuration_qwen3_vl.py`).
const THETA: f64 = 500_000.0;

impl Text {
    pub(crate) fn theta(&self) -> f64 {
        let scaling = self.rope_scaling.as_ref();
        self.rope_theta.or(scaling.and_then(|rotary| rotary.rope_theta)).unwrap_or(THETA)
    }

    pub(crate) fn sections(&self) -> [usize; 3] {
        self.rope_scaling.as_ref().map_or_else(sections, |rotary| rotary.mrope_section)
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Eye {
    pub(crate) depth: usize,
    pub(crate) hidden_size: usize,
    #[serde(default = "activation")]
    pub(crate) hidden_act: Activation,
    pub(crate) intermediate_size: usize,
    pub(crate) num_heads: usize,
    #[serde(default = "channels", alias = "in_chans")]
    pub(crate) in_channels: usize,
    pub(crate) patch_size: usize,
    pub(crate) spatial_merge_size: usize,
    pub(crate) temporal_patch_size: usize,
    pub(crate) out_hidden_size: usize,
    pub(crate) num_position_embeddings: usize,
    pub(crate) deepstack_visual_indexes: Vec<usize>,
}

const fn activation() -> Activation {
    Activation::GeluPytorchTanh
}

const fn channels() -> usize {
    3
}

impl Config {
    /// What does not go together, if anything: everything after it may rely on these.
    pub(crate) fn fault(&self) -> Option<String> {
        let (text, eye) = (&self.text, &self.eye);
        let grid = eye.num_position_embeddings.isqrt();
        let rules = [
            (text.head_dim > 0 && text.head_dim.is_multiple_of(2), "`head_dim` must be even"),
            (
                text.num_key_value_heads > 0
                    && text.num_attention_heads.is_multiple_of(text.num_key_value_heads),
                "`num_attention_heads` must be a multiple of `num_key_value_heads`",
            ),
            (
                text.sections().iter().sum::<usize>() == text.head_dim / 2,
                "`mrope_section` must add up to half of `head_dim`",
            ),
            (
                eye.num_heads > 0 && eye.hidden_size.is_multiple_of(eye.num_heads * 4),
                "the vision part's `hidden_size` must be a multiple of four times its `num_heads`",
            ),
            (
                grid > 0 && grid * grid == eye.num_position_embeddings,
                "`num_position_embeddings` must be a square",
            ),
            (
                eye.out_hidden_size == text.hidden_size,
                "the vision part's `out_hidden_size` must be the text part's `hidden_size`",
            ),
            (
                eye.patch_size > 0 && eye.spatial_merge_size > 0 && eye.temporal_patch_size > 0,
                "patch and merge sizes must be at least 1",
            ),
            (eye.in_channels == 3, "pictures have 3 channels"),
            (
                eye.deepstack_visual_indexes.len() <= text.num_hidden_layers,
                "more vision features than layers to take them",
            ),
            (
                eye.deepstack_visual_indexes.iter().all(|layer| *layer < eye.depth),
                "`deepstack_visual_indexes` must name layers of the vision part",
            ),
        ];
        rules.iter().find(|(holds, _)| !holds).map(|(_, fault)| (*fault).to_owned())
    }
}
