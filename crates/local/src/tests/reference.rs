//! The network once more, as plainly as it can be written: double precision, widened weights, the whole
//! sequence at once, no cache.

use std::{collections::HashMap, fs::File, path::Path};

use candle_core::{Device, quantized::gguf_file::Content};

use super::tiny::{HEAD_WIDTH, HEADS, INNER, KV_HEADS, LAYERS, WIDTH};

pub(super) struct Reference {
    weights: HashMap<String, Vec<f64>>,
    neighbours: bool,
}

impl Reference {
    pub(super) fn load(path: &Path) -> Self {
        let mut file = File::open(path).unwrap();
        let content = Content::read(&mut file).unwrap();
        let neighbours = content.metadata["general.architecture"].to_string().unwrap() == "llama";
        let names: Vec<String> = content.tensor_infos.keys().cloned().collect();
        let weights = names
            .into_iter()
            .map(|name| {
                let tensor = content.tensor(&mut file, &name, &Device::Cpu).unwrap();
                let wide =
                    tensor.dequantize(&Device::Cpu).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
                (name, wide.into_iter().map(f64::from).collect())
            })
            .collect();
        Self { weights, neighbours }
    }

    fn product(&self, name: &str, x: &[f64]) -> Vec<f64> {
        self.weights[name].chunks(x.len()).map(|row| row.iter().zip(x).map(|(a, b)| a * b).sum()).collect()
    }

    fn norm(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let mean = x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64;
        x.iter().zip(&self.weights[name]).map(|(x, weight)| x / (mean + 1e-5).sqrt() * weight).collect()
    }

    fn side(&self, layer: usize, side: &str, x: &[f64], position: Option<usize>) -> Vec<f64> {
        let mut out = self.product(&format!("blk.{layer}.attn_{side}.weight"), x);
        if let Some(bias) = self.weights.get(&format!("blk.{layer}.attn_{side}.bias")) {
            out.iter_mut().zip(bias).for_each(|(out, bias)| *out += bias);
        }
        let Some(position) = position else { return out };
        for head in out.chunks_mut(HEAD_WIDTH) {
            for pair in 0..HEAD_WIDTH / 2 {
                let angle = position as f64 * 10_000_f64.powf(-2.0 * pair as f64 / HEAD_WIDTH as f64);
                let (a, b) =
                    if self.neighbours { (2 * pair, 2 * pair + 1) } else { (pair, pair + HEAD_WIDTH / 2) };
                let (x, y) = (head[a], head[b]);
                head[a] = x * angle.cos() - y * angle.sin();
                head[b] = x * angle.sin() + y * angle.cos();
            }
        }
        out
    }

    /// Logits after each token.
    pub(super) fn logits(&self, tokens: &[u32]) -> Vec<Vec<f64>> {
        let embedding = &self.weights["token_embd.weight"];
        let mut states: Vec<Vec<f64>> =
            tokens.iter().map(|token| embedding[*token as usize * WIDTH..][..WIDTH].to_vec()).collect();
        for layer in 0..LAYERS {
            let name = |part: &str| format!("blk.{layer}.{part}.weight");
            let normed: Vec<_> = states.iter().map(|state| self.norm(&name("attn_norm"), state)).collect();
            let all = |side: &str, turn: bool| -> Vec<Vec<f64>> {
                normed
                    .iter()
                    .enumerate()
                    .map(|(at, x)| self.side(layer, side, x, turn.then_some(at)))
                    .collect()
            };
            let (queries, keys, values) = (all("q", true), all("k", true), all("v", false));
            for (at, state) in states.iter_mut().enumerate() {
                let mut attended = Vec::new();
                for head in 0..HEADS {
                    let own = head * HEAD_WIDTH..(head + 1) * HEAD_WIDTH;
                    let shared = head / (HEADS / KV_HEADS) * HEAD_WIDTH;
                    let shared = shared..shared + HEAD_WIDTH;
                    let scores: Vec<f64> = keys[..=at]
                        .iter()
                        .map(|key| {
                            let dot: f64 = queries[at][own.clone()]
                                .iter()
                                .zip(&key[shared.clone()])
                                .map(|(a, b)| a * b)
                                .sum();
                            (dot / (HEAD_WIDTH as f64).sqrt()).exp()
                        })
                        .collect();
                    let total: f64 = scores.iter().sum();
                    attended.extend((0..HEAD_WIDTH).map(|d| {
                        scores
                            .iter()
                            .zip(&values)
                            .map(|(s, value)| s / total * value[shared.start + d])
                            .sum::<f64>()
                    }));
                }
                let out = self.product(&name("attn_output"), &attended);
                state.iter_mut().zip(out).for_each(|(state, out)| *state += out);
                let normed = self.norm(&name("ffn_norm"), state);
                let gate = self.product(&name("ffn_gate"), &normed);
                let up = self.product(&name("ffn_up"), &normed);
                let inner: Vec<f64> = gate.iter().zip(&up).map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect();
                assert_eq!(inner.len(), INNER);
                let out = self.product(&name("ffn_down"), &inner);
                state.iter_mut().zip(out).for_each(|(state, out)| *state += out);
            }
        }
        states
            .iter()
            .map(|state| self.product("token_embd.weight", &self.norm("output_norm.weight", state)))
            .collect()
    }
}
