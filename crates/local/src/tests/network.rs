//! The network against the plain reference.

use candle_core::quantized::GgmlDType;
use lavr_model::{CancellationToken, ChatModel as _, Message, Role, TurnRequest, collect};
use proptest::prelude::*;

use super::{reference::Reference, tiny::Tiny};
use crate::{
    LocalModel, LocalOptions,
    cache::KvCache,
    gguf::Gguf,
    kernels::Isa,
    network::{Network, Stopped, Work},
};

const CAPACITY: usize = 600;

fn best() -> Isa {
    Isa::detect(crate::Processor::Best)
}

fn cache(network: &Network) -> KvCache {
    let config = &network.config;
    KvCache::new(config.layers, config.kv_heads, config.head_width, CAPACITY)
}

fn logits(network: &Network, cache: &mut KvCache, from: usize, tokens: &[u32]) -> Vec<f32> {
    let (mut work, mut logits) = (Work::new(), Vec::new());
    network.take_in(tokens, from, cache, &mut work, &|| false).unwrap();
    network.logits(&mut work, &mut logits);
    logits
}

/// How far apart, relative to the size of what is expected.
fn distance(got: &[f32], expected: &[f64]) -> f64 {
    let off: f64 = got.iter().zip(expected).map(|(a, b)| (f64::from(*a) - b).powi(2)).sum();
    let size: f64 = expected.iter().map(|b| b * b).sum();
    (off / size).sqrt()
}

fn tokens(count: usize) -> Vec<u32> {
    (0..count as u32).map(|index| (index * 37 + 11) % 256).collect()
}

#[test]
fn logits_agree_with_the_reference_for_every_architecture_format_and_processor() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tiny.gguf");
    let stored = |kind, second_kind| Tiny { kind, second_kind, ..Tiny::LLAMA };
    // Activations are rounded to eight bits in each product: one part in a hundred or so. Formats without a
    // kernel are rounded once more when they are loaded.
    let models = [
        (Tiny::QWEN, 0.03),
        (Tiny::LLAMA, 0.03),
        (stored(GgmlDType::Q4_0, GgmlDType::Q4_0), 0.03),
        (Tiny { kind: GgmlDType::Q8_0, second_kind: GgmlDType::Q4K, ..Tiny::QWEN }, 0.03),
        (stored(GgmlDType::Q5_0, GgmlDType::F16), 0.06),
        (stored(GgmlDType::Q5K, GgmlDType::Q3K), 0.06),
    ];
    for (model, limit) in models {
        model.write(&path);
        let file = Gguf::open(&path).unwrap();
        let tokens = tokens(40);
        let expected = Reference::load(&path).logits(&tokens);
        for isa in Isa::supported() {
            let network = Network::load(&file, isa).unwrap();
            let mut cache = cache(&network);
            // Once in one go; once in pieces, the last of them a single token.
            let whole = logits(&network, &mut cache, 0, &tokens);
            let off = distance(&whole, &expected[39]);
            assert!(off < limit, "{model:?} {isa:?}: off by {off}");
            logits(&network, &mut cache, 0, &tokens[..7]);
            let middle = logits(&network, &mut cache, 7, &tokens[7..39]);
            let off = distance(&middle, &expected[38]);
            assert!(off < limit, "{model:?} {isa:?}, in pieces: off by {off}");
            let last = logits(&network, &mut cache, 39, &tokens[39..]);
            let off = distance(&last, &expected[39]);
            assert!(off < limit, "{model:?} {isa:?}, one token: off by {off}");
        }
    }
}

#[test]
fn tokens_that_are_forgotten_leave_no_trace() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tiny.gguf");
    Tiny::QWEN.write(&path);
    let network = Network::load(&Gguf::open(&path).unwrap(), best()).unwrap();
    let tokens = tokens(60);
    let mut used = cache(&network);
    logits(&network, &mut used, 0, &tokens);
    // Back to the thirtieth, another way on.
    let again = logits(&network, &mut used, 30, &[1, 2, 3]);
    let mut fresh = cache(&network);
    logits(&network, &mut fresh, 0, &tokens);
    assert_eq!(again, logits(&network, &mut fresh, 30, &[1, 2, 3]));
}

#[test]
fn a_pass_stops_between_layers() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tiny.gguf");
    Tiny::LLAMA.write(&path);
    let network = Network::load(&Gguf::open(&path).unwrap(), best()).unwrap();
    let asked = std::cell::Cell::new(0);
    let stop = || {
        asked.set(asked.get() + 1);
        asked.get() == 2
    };
    let result = network.take_in(&tokens(9), 0, &mut cache(&network), &mut Work::new(), &stop);
    assert_eq!((result, asked.get()), (Err(Stopped), 2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_damage_to_a_header_makes_loading_panic(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tiny.gguf");
        std::fs::write(&path, damaged(place, byte)).unwrap();
        // Whole or refused; and what was taken for whole can be run.
        let options = LocalOptions { context_tokens: 64, threads: 1, ..LocalOptions::default() };
        if let Ok(model) = LocalModel::load(&path, options) {
            let turn = TurnRequest { messages: vec![Message::text(Role::User, "a")], max_tokens: 2, ..TurnRequest::default() };
            let reply = futures::executor::block_on(async {
                collect("tiny", model.stream(turn, CancellationToken::new()).await?).await
            });
            if let Err(error) = reply {
                prop_assert!(!error.message.contains("thread of the model") && !error.message.contains("broke off"), "{error}");
            }
        }
    }
}

/// A tiny model with one byte of its header changed.
fn damaged(place: prop::sample::Index, byte: u8) -> Vec<u8> {
    static WHOLE: std::sync::LazyLock<(Vec<u8>, usize)> = std::sync::LazyLock::new(|| {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tiny.gguf");
        Tiny::QWEN.write(&path);
        let header = Gguf::open(&path).unwrap().header().len();
        (std::fs::read(&path).unwrap(), header)
    });
    let mut bytes = WHOLE.0.clone();
    bytes[place.index(WHOLE.1)] = byte;
    bytes
}
