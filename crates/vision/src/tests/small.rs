//! Small networks whose weights follow a rule, as files in a folder.

use std::{collections::HashMap, path::Path};

use candle_core::{Device, Tensor};
use lavr_image::RgbImage;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::VisionFiles;

/// What `tests/reference/reference.py` wrote.
#[derive(Deserialize)]
pub(super) struct Reference {
    pub(super) config: Value,
    shapes: HashMap<String, Vec<usize>>,
    pub(super) tokens: Vec<u32>,
    pub(super) after: Vec<u32>,
    /// After the conversation, and after each of `after`.
    pub(super) logits: Vec<Vec<f32>>,
    #[serde(default)]
    pub(super) begin: u32,
    pub(super) resized: Option<Resized>,
}

/// A picture that had to be resized: the grid of its patches, and the first of them.
#[derive(Deserialize)]
pub(super) struct Resized {
    pub(super) grid: [usize; 3],
    pub(super) first: Vec<f32>,
}

impl Reference {
    pub(super) fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(name);
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    pub(super) fn tensors(&self) -> HashMap<String, Tensor> {
        let tensor = |(name, shape): (&String, &Vec<usize>)| {
            (name.clone(), Tensor::from_vec(weight(name, shape), shape.as_slice(), &Device::Cpu).unwrap())
        };
        self.shapes.iter().map(tensor).collect()
    }

    /// The files of the network, with a tokenizer of bytes.
    pub(super) fn files(&self, folder: &Path) -> VisionFiles {
        candle_core::safetensors::save(&self.tensors(), folder.join("model.safetensors")).unwrap();
        std::fs::write(folder.join("config.json"), self.config.to_string()).unwrap();
        std::fs::write(folder.join("tokenizer.json"), tokenizer().to_string()).unwrap();
        VisionFiles::in_folder(folder).unwrap()
    }
}

/// `weight` of `reference.py`.
fn weight(name: &str, shape: &[usize]) -> Vec<f32> {
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let inputs: usize = shape.iter().skip(1).product();
    (1..=shape.iter().product::<usize>() as u64)
        .map(|place| {
            let mut mixed = seed.wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let value = ((mixed ^ (mixed >> 31)) >> 40) as f64 / f64::from(1 << 23) - 1.0;
            let value = if shape.len() > 1 {
                value * (3.0 / inputs as f64).sqrt()
            } else if name.ends_with("bias") {
                value * 0.1
            } else {
                1.0 + 0.1 * value
            };
            value as f32
        })
        .collect()
}

/// `picture` of `reference.py`.
pub(super) fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        lavr_image::Rgb(
            [(x * 7 + y * 3) % 256, (x * y) % 256, (x * 2 + y * 11 + 40) % 256].map(|value| value as u8),
        )
    })
}

/// Where control tokens begin: after all bytes.
pub(super) const CONTROL: u32 = 256;

const CONTROLS: [&str; 5] =
    ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>"];

/// A token for each byte, and the control tokens.
fn tokenizer() -> Value {
    let vocabulary: serde_json::Map<String, Value> =
        (0..=255_u8).map(|byte| (letter(byte).to_string(), json!(u32::from(byte)))).collect();
    let controls = CONTROLS.iter().zip(CONTROL..).map(|(content, id)| {
        json!({ "id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true })
    });
    json!({
        "version": "1.0", "truncation": null, "padding": null, "normalizer": null, "post_processor": null,
        "added_tokens": controls.collect::<Vec<_>>(),
        "pre_tokenizer": { "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true },
        "decoder": { "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true },
        "model": { "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
                   "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "vocab": vocabulary,
                   "merges": [] },
    })
}

/// How byte-level tokenizers write a byte: itself where it is printable, else a letter beyond Latin.
fn letter(byte: u8) -> char {
    let printable = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    if printable(&byte) {
        return char::from(byte);
    }
    let place = (0..byte).filter(|byte| !printable(byte)).count() as u32;
    char::from_u32(256 + place).unwrap()
}
