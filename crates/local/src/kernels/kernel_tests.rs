use candle_core::{
    Device, Tensor,
    quantized::{QTensor, ggml_file::qtensor_from_ggml},
};
use proptest::prelude::*;

use super::*;

const FORMATS: [Format; 4] = [Format::Q4K, Format::Q6K, Format::Q4_1, Format::Q8_0];

/// Rows as candle quantizes them, and the same rows as candle widens them again.
fn rows(format: Format, values: Vec<f32>, columns: usize) -> (Vec<u8>, Vec<f32>) {
    let shape = (values.len() / columns, columns);
    let tensor = Tensor::from_vec(values, shape, &Device::Cpu).unwrap();
    let quantized = QTensor::quantize(&tensor, format.kind().in_candle()).unwrap();
    let bytes = quantized.data().unwrap().into_owned();
    let wide = quantized.dequantize(&Device::Cpu).unwrap().flatten_all().unwrap().to_vec1().unwrap();
    (bytes, wide)
}

/// Activations as they are after rounding.
fn rounded(format: Format, values: &[f32]) -> Vec<f32> {
    let length = format.grain().length();
    let mut result = Vec::new();
    for block in values.chunks_exact(length) {
        let largest = block.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
        let scale = largest / 127.0;
        result.extend(
            block.iter().map(|value| if scale == 0.0 { 0.0 } else { (value / scale).round() * scale }),
        );
    }
    result
}

fn noise(seed: u64, length: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

fn check(format: Format, seed: u64, blocks: usize, row_count: usize, tokens: usize) {
    let columns = blocks * format.kind().block().0;
    let (bytes, wide) = rows(format, noise(seed, row_count * columns), columns);
    let values: Vec<f32> = noise(seed ^ 7, tokens * columns).iter().map(|x| x * 3.0 + 0.2).collect();
    let met = rounded(format, &values);
    for isa in Isa::supported() {
        let mut input = Activations::new(format.grain());
        input.round(isa, &values, columns);
        let mut out = vec![0.0; tokens * TILE];
        multiply_tile(isa, format, &bytes, &input, &mut out);
        for token in 0..tokens {
            for row in 0..row_count {
                let (a, b) = (&wide[row * columns..][..columns], &met[token * columns..][..columns]);
                let expected: f64 = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                let size: f64 = a.iter().zip(b).map(|(a, b)| (f64::from(*a) * f64::from(*b)).abs()).sum();
                let got = f64::from(out[token * TILE + row]);
                // Half a step of rounding may fall either way where a value stands between two codes.
                let slack = size * 2e-3 + 1e-4;
                assert!(
                    (got - expected).abs() < slack,
                    "{format:?} {isa:?} row {row} token {token}: {got} {expected}"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_kernel_agrees_with_widening_and_multiplying(
        format in prop::sample::select(FORMATS.to_vec()),
        seed in any::<u64>(),
        blocks in 1_usize..12,
        row_count in 1_usize..=TILE,
        tokens in 1_usize..20,
    ) {
        check(format, seed, blocks, row_count, tokens);
    }

    #[test]
    fn whole_tiles_of_many_tokens_agree_too(
        format in prop::sample::select(FORMATS.to_vec()),
        seed in any::<u64>(),
        blocks in 1_usize..12,
        tokens in 6_usize..40,
    ) {
        check(format, seed, blocks, TILE, tokens);
    }

    #[test]
    fn vector_instructions_agree_with_plain_ones_on_any_bytes(
        format in prop::sample::select(FORMATS.to_vec()),
        seed in any::<u64>(),
        tokens in 1_usize..12,
    ) {
        // Any bytes, as a hostile file may hold them; only the scales are kept finite.
        let blocks = 3;
        let (bytes, _) = rows(format, noise(seed, TILE * blocks * format.kind().block().0), blocks * format.kind().block().0);
        let mut bytes = bytes;
        let scale_places: &[usize] = match format {
            Format::Q4K | Format::Q4_1 => &[0, 1, 2, 3],
            Format::Q6K => &[208, 209],
            Format::Q8_0 => &[0, 1],
        };
        for (index, byte) in bytes.iter_mut().enumerate() {
            if !scale_places.contains(&(index % format.block_bytes())) {
                *byte = (seed.rotate_left(index as u32 % 64) as usize ^ index.wrapping_mul(2_654_435_761)) as u8;
            }
        }
        let columns = blocks * format.kind().block().0;
        let values = noise(seed ^ 3, tokens * columns);
        let mut results = Vec::new();
        for isa in Isa::supported() {
            let mut input = Activations::new(format.grain());
            // The same codes for all, so that only the products may differ.
            input.round(Isa(Level::Scalar), &values, columns);
            let mut out = vec![0.0; tokens * TILE];
            multiply_tile(isa, format, &bytes, &input, &mut out);
            results.push(out);
        }
        let size = results[0].iter().fold(1.0_f32, |a, b| a.max(b.abs()));
        for result in &results[1..] {
            for (a, b) in results[0].iter().zip(result) {
                prop_assert!((a - b).abs() < size * 1e-4, "{a} {b} {size}");
            }
        }
    }

    #[test]
    fn attention_agrees_with_its_definition(seed in any::<u64>(), positions in 1_usize..100, queries in 1_usize..9) {
        let dimension = 40;
        let halves = |seed| noise(seed, positions * dimension).iter().map(|x| half::f16::from_f32(*x)).collect::<Vec<_>>();
        let (keys, values) = (halves(seed), halves(seed ^ 1));
        let q = noise(seed ^ 2, queries * dimension);
        let visible: Vec<usize> = (0..queries).map(|i| (positions + i).saturating_sub(queries - 1).max(1).min(positions)).collect();
        let bits = |halves: &[half::f16]| halves.iter().map(|half| half.to_bits()).collect::<Vec<_>>();
        let (key_bits, value_bits) = (bits(&keys), bits(&values));
        let heads = vector::Heads { queries: &q, visible: &visible, keys: &key_bits, values: &value_bits, dimension, scale: 0.7 };
        for isa in Isa::supported() {
            let mut out = vec![0.0; queries * dimension];
            vector::attend(isa, &heads, &mut vector::AttentionWork::default(), &mut out);
            for (index, seen) in visible.iter().enumerate() {
                let weights: Vec<f64> = (0..*seen)
                    .map(|position| {
                        let score: f64 = (0..dimension)
                            .map(|d| f64::from(q[index * dimension + d]) * keys[position * dimension + d].to_f64())
                            .sum();
                        (score * 0.7).exp()
                    })
                    .collect();
                let total: f64 = weights.iter().sum();
                for d in 0..dimension {
                    let expected: f64 =
                        weights.iter().enumerate().map(|(p, w)| w / total * values[p * dimension + d].to_f64()).sum();
                    prop_assert!((expected - f64::from(out[index * dimension + d])).abs() < 1e-5);
                }
            }
        }
    }
}

#[test]
fn silu_and_norm_agree_with_their_definitions() {
    let x: Vec<f32> = noise(5, 100).iter().map(|x| x * 30.0).collect();
    let weight = noise(6, 100);
    for isa in Isa::supported() {
        let mut gate = x.clone();
        vector::silu_times(isa, &mut gate, &weight);
        let mut normed = vec![0.0; 100];
        vector::rms_norm(isa, &x, &weight, 1e-5, &mut normed);
        let mean = x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / 100.0;
        for index in 0..100 {
            let (x, w) = (f64::from(x[index]), f64::from(weight[index]));
            let silu = x / (1.0 + (-x).exp()) * w;
            assert!(
                (silu - f64::from(gate[index])).abs() < 1e-5 * (1.0 + silu.abs()),
                "{x}: {silu} {}",
                gate[index]
            );
            let norm = x / (mean + 1e-5).sqrt() * w;
            assert!((norm - f64::from(normed[index])).abs() < 1e-5, "{norm} {}", normed[index]);
        }
    }
}

#[test]
fn candle_reads_the_blocks_that_the_kernels_read() {
    // The reference itself: bytes back into a tensor, as the loader does for formats without a kernel.
    let (bytes, wide) = rows(Format::Q6K, noise(9, 512), 256);
    let again =
        qtensor_from_ggml(Format::Q6K.kind().in_candle(), &bytes, vec![2, 256], &Device::Cpu).unwrap();
    let again: Vec<f32> = again.dequantize(&Device::Cpu).unwrap().flatten_all().unwrap().to_vec1().unwrap();
    assert_eq!(wide, again);
}
