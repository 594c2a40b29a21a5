//! Tiny models with random weights, written as GGUF files.

use std::{fs::File, path::Path};

use candle_core::{
    Device, Tensor,
    quantized::{
        GgmlDType, QTensor,
        gguf_file::{self, Value},
    },
};

pub(super) const WIDTH: usize = 256;
pub(super) const INNER: usize = 512;
pub(super) const HEADS: usize = 4;
pub(super) const KV_HEADS: usize = 2;
pub(super) const HEAD_WIDTH: usize = WIDTH / HEADS;
pub(super) const LAYERS: usize = 2;

/// Texts of control tokens, in the order of their ids, after 256 bytes and some merges.
const CONTROL: [&str; 3] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
const MERGES: [(&str, &str); 4] = [("h", "e"), ("l", "l"), ("he", "ll"), ("Ġ", "a")];

/// What kind of tiny model to write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tiny {
    pub(super) architecture: &'static str,
    /// How most matrices are stored.
    pub(super) kind: GgmlDType,
    /// How values and the inner product's way down are stored.
    pub(super) second_kind: GgmlDType,
    pub(super) seed: u64,
}

impl Tiny {
    pub(super) const QWEN: Self =
        Self { architecture: "qwen2", kind: GgmlDType::Q4K, second_kind: GgmlDType::Q6K, seed: 1 };
    pub(super) const LLAMA: Self =
        Self { architecture: "llama", kind: GgmlDType::Q4_1, second_kind: GgmlDType::Q8_0, seed: 2 };

    pub(super) fn vocabulary() -> usize {
        256 + MERGES.len() + CONTROL.len()
    }

    /// Writes the file.
    pub(super) fn write(self, path: &Path) {
        let tensors = self.tensors();
        let metadata = self.metadata();
        let metadata: Vec<(&str, &Value)> =
            metadata.iter().map(|(key, value)| (key.as_str(), value)).collect();
        let tensors: Vec<(&str, &QTensor)> =
            tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
        gguf_file::write(&mut File::create(path).unwrap(), &metadata, &tensors).unwrap();
    }

    fn metadata(self) -> Vec<(String, Value)> {
        let key = |name: &str| format!("{}.{name}", self.architecture);
        let number = |number: usize| Value::U32(number as u32);
        let text = |text: &str| Value::String(text.into());
        let letter = |byte: u8| -> char {
            // The same table as a vocabulary of this kind has: unprintable bytes moved beyond 255.
            let printable = |byte: &u8| matches!(*byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
            if printable(&byte) {
                char::from(byte)
            } else {
                char::from_u32(256 + (0..byte).filter(|byte| !printable(byte)).count() as u32).unwrap()
            }
        };
        let mut tokens: Vec<String> = (0..=255).map(|byte| letter(byte).to_string()).collect();
        tokens.extend(MERGES.iter().map(|(left, right)| format!("{left}{right}")));
        tokens.extend(CONTROL.iter().map(ToString::to_string));
        let first_control = tokens.len() - CONTROL.len();
        let kinds = (0..tokens.len()).map(|id| Value::I32(if id < first_control { 1 } else { 3 })).collect();
        let merges = MERGES.iter().map(|(left, right)| text(&format!("{left} {right}"))).collect();
        vec![
            ("general.architecture".into(), text(self.architecture)),
            ("general.name".into(), text("tiny")),
            (key("block_count"), number(LAYERS)),
            (key("embedding_length"), number(WIDTH)),
            (key("feed_forward_length"), number(INNER)),
            (key("attention.head_count"), number(HEADS)),
            (key("attention.head_count_kv"), number(KV_HEADS)),
            (key("context_length"), number(4096)),
            (key("attention.layer_norm_rms_epsilon"), Value::F32(1e-5)),
            (key("rope.freq_base"), Value::F32(10_000.0)),
            ("tokenizer.ggml.model".into(), text("gpt2")),
            (
                "tokenizer.ggml.pre".into(),
                text(if self.architecture == "llama" { "smollm" } else { "qwen2" }),
            ),
            ("tokenizer.ggml.tokens".into(), Value::Array(tokens.iter().map(|token| text(token)).collect())),
            ("tokenizer.ggml.token_type".into(), Value::Array(kinds)),
            ("tokenizer.ggml.merges".into(), Value::Array(merges)),
            ("tokenizer.ggml.eos_token_id".into(), number(first_control + 2)),
        ]
    }

    fn tensors(self) -> Vec<(String, QTensor)> {
        let mut noise = Noise(self.seed);
        let mut tensors = Vec::new();
        let mut add = |name: String, kind: GgmlDType, shape: &[usize], center: f32, spread: f32| {
            let count = shape.iter().product();
            let values: Vec<f32> = (0..count).map(|_| center + spread * noise.next()).collect();
            let tensor = Tensor::from_vec(values, shape, &Device::Cpu).unwrap();
            tensors.push((name, QTensor::quantize(&tensor, kind).unwrap()));
        };
        let (kind, second) = (self.kind, self.second_kind);
        let key_width = KV_HEADS * HEAD_WIDTH;
        add("token_embd.weight".into(), second, &[Self::vocabulary(), WIDTH], 0.0, 1.0);
        add("output_norm.weight".into(), GgmlDType::F32, &[WIDTH], 1.0, 0.2);
        for layer in 0..LAYERS {
            let name = |part: &str| format!("blk.{layer}.{part}");
            add(name("attn_norm.weight"), GgmlDType::F32, &[WIDTH], 1.0, 0.2);
            add(name("ffn_norm.weight"), GgmlDType::F32, &[WIDTH], 1.0, 0.2);
            add(name("attn_q.weight"), kind, &[WIDTH, WIDTH], 0.0, 0.15);
            add(name("attn_k.weight"), kind, &[key_width, WIDTH], 0.0, 0.15);
            add(name("attn_v.weight"), second, &[key_width, WIDTH], 0.0, 0.15);
            add(name("attn_output.weight"), kind, &[WIDTH, WIDTH], 0.0, 0.15);
            add(name("ffn_gate.weight"), kind, &[INNER, WIDTH], 0.0, 0.15);
            add(name("ffn_up.weight"), kind, &[INNER, WIDTH], 0.0, 0.15);
            add(name("ffn_down.weight"), second, &[WIDTH, INNER], 0.0, 0.15);
            if self.architecture == "qwen2" {
                add(name("attn_q.bias"), GgmlDType::F32, &[WIDTH], 0.0, 0.5);
                add(name("attn_k.bias"), GgmlDType::F32, &[key_width], 0.0, 0.5);
                add(name("attn_v.bias"), GgmlDType::F32, &[key_width], 0.0, 0.5);
            }
        }
        tensors
    }
}

/// Noise between -1 and 1.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}
