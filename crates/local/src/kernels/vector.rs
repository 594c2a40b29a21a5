//! Vector operations in plain Rust, compiled once for each instruction set and chosen at run time.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "calls of functions that need processor features")
)]
#![expect(
    clippy::inline_always,
    reason = "a body is compiled with the features of the function it is inlined into"
)]

use super::{Isa, Level};

/// Defines a function that runs `$body` compiled for what `isa` offers. `$body` takes whether fused
/// multiply-add is an instruction, as it is a slow library call elsewhere.
macro_rules! for_each_level {
    ($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)? = $body:ident) => {
        $(#[$doc])*
        pub(crate) fn $name(isa: Isa, $($argument: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,f16c")]
            fn with_avx2($($argument: $type),*) $(-> $result)? {
                $body::<true>($($argument),*)
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl")]
            fn with_avx512($($argument: $type),*) $(-> $result)? {
                $body::<true>($($argument),*)
            }
            match isa.0 {
                Level::Scalar => $body::<false>($($argument),*),
                // SAFETY: The level exists only where these features were found.
                #[cfg(target_arch = "x86_64")]
                Level::Avx2 => unsafe { with_avx2($($argument),*) },
                // SAFETY: As above.
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 => unsafe { with_avx512($($argument),*) },
            }
        }
    };
}

for_each_level! {
    /// Rounds a block to codes in -127..=127 and gives their scale.
    round_to_codes(values: &[f32], codes: &mut [i8]) -> f32 = round_body
}
for_each_level! {
    /// Sums of codes, over stretches of equal length.
    sum_codes(codes: &[i8], sums: &mut [i16]) = sums_body
}
for_each_level! {
    /// `out = x / sqrt(mean(x^2) + epsilon) * weight`.
    rms_norm(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) = norm_body
}
for_each_level! {
    /// `gate = gate * sigmoid(gate) * up`.
    silu_times(gate: &mut [f32], up: &[f32]) = silu_body
}
for_each_level! {
    /// Attention of queries that share keys and values; see [`Heads`].
    attend(heads: &Heads<'_>, work: &mut AttentionWork, out: &mut [f32]) = attend_body
}

#[inline(always)]
fn fused<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// Rounds to the nearest whole number, for numbers below four million: adding this pushes the fraction out.
const ROUNDER: f32 = 12_582_912.0;

#[inline(always)]
fn round_body<const FMA: bool>(values: &[f32], codes: &mut [i8]) -> f32 {
    let mut lanes = [0.0_f32; 16];
    for chunk in values.chunks_exact(16) {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = lane.max(value.abs());
        }
    }
    let largest = lanes.iter().fold(0.0_f32, |a, b| a.max(*b));
    if largest == 0.0 || !largest.is_finite() {
        codes.fill(0);
        return if largest == 0.0 { 0.0 } else { f32::NAN };
    }
    let inverse = 127.0 / largest;
    for (code, value) in codes.iter_mut().zip(values) {
        // The low bits of the sum are the rounded number.
        *code = (fused::<FMA>(*value, inverse, ROUNDER).to_bits() & 0xff) as u8 as i8;
    }
    largest / 127.0
}

#[inline(always)]
fn sums_body<const FMA: bool>(codes: &[i8], sums: &mut [i16]) {
    let length = codes.len() / sums.len();
    for (sum, codes) in sums.iter_mut().zip(codes.chunks_exact(length)) {
        *sum = codes.iter().map(|code| i16::from(*code)).sum();
    }
}

#[inline(always)]
fn sum_lanes(lanes: &[f32; 16]) -> f32 {
    let mut eight = [0.0; 8];
    for lane in 0..8 {
        eight[lane] = lanes[lane] + lanes[lane + 8];
    }
    let mut four = [0.0; 4];
    for lane in 0..4 {
        four[lane] = eight[lane] + eight[lane + 4];
    }
    (four[0] + four[2]) + (four[1] + four[3])
}

#[inline(always)]
fn dot<const FMA: bool>(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 16];
    let (a, a_rest) = a.as_chunks::<16>();
    let (b, b_rest) = b.as_chunks::<16>();
    for (a, b) in a.iter().zip(b) {
        for lane in 0..16 {
            lanes[lane] = fused::<FMA>(a[lane], b[lane], lanes[lane]);
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sum_lanes(&lanes) + rest
}

#[inline(always)]
fn norm_body<const FMA: bool>(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    let factor = 1.0 / (dot::<FMA>(x, x) / x.len() as f32 + epsilon).sqrt();
    for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
        *out = x * factor * weight;
    }
}

/// `e^x`, to about two units in the last place: 2^n times a polynomial on half a binade either side.
#[inline(always)]
fn exponential<const FMA: bool>(x: f32) -> f32 {
    let x = x.clamp(-87.0, 88.0);
    let shifted = fused::<FMA>(x, std::f32::consts::LOG2_E, ROUNDER);
    let n = shifted - ROUNDER;
    // ln 2 in two parts, so that the rest keeps all its bits.
    let rest = fused::<FMA>(n, -1.428_606_8e-6, fused::<FMA>(n, -0.693_145_75, x));
    let mut value = 1.0 / 720.0;
    for coefficient in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        value = fused::<FMA>(value, rest, coefficient);
    }
    let power = (shifted.to_bits() << 23).wrapping_add(0x3f80_0000);
    value * f32::from_bits(power)
}

#[inline(always)]
fn silu_body<const FMA: bool>(gate: &mut [f32], up: &[f32]) {
    for (gate, up) in gate.iter_mut().zip(up) {
        *gate = *gate / (1.0 + exponential::<FMA>(-*gate)) * up;
    }
}

/// Keys that are looked at together.
const KEYS: usize = 32;

/// Queries that share a head of keys and values.
#[derive(Debug)]
pub(crate) struct Heads<'a> {
    /// `[query][dimension]`.
    pub(crate) queries: &'a [f32],
    /// How many keys each query sees, from the first on; never falling.
    pub(crate) visible: &'a [usize],
    /// `[position][dimension]`, bits of half floats.
    pub(crate) keys: &'a [u16],
    /// Likewise.
    pub(crate) values: &'a [u16],
    pub(crate) dimension: usize,
    /// What products of query and key are multiplied with.
    pub(crate) scale: f32,
}

/// Memory that [`attend`] works in.
#[derive(Debug, Default)]
pub(crate) struct AttentionWork {
    keys: Vec<f32>,
    scores: Vec<f32>,
    /// Highest score so far and sum of weights, of each query.
    state: Vec<(f32, f32)>,
}

/// Widens half floats. Exact for all numbers; infinities do not occur, as the cache holds none.
#[inline(always)]
fn widen(bits: &[u16], out: &mut [f32]) {
    for (out, bits) in out.iter_mut().zip(bits) {
        let magnitude = f32::from_bits(u32::from(bits & 0x7fff) << 13);
        // 2^112 mends the exponent, of subnormal numbers too.
        let value = magnitude * f32::from_bits(0x7780_0000);
        *out = f32::from_bits(value.to_bits() | u32::from(bits & 0x8000) << 16);
    }
}

/// Walks over the keys in blocks, with the softmax kept up to date on the way (as in "Online normalizer
/// calculation for softmax", arXiv 1805.02867), so that no row of scores is ever held whole.
#[inline(always)]
fn attend_body<const FMA: bool>(heads: &Heads<'_>, work: &mut AttentionWork, out: &mut [f32]) {
    let dimension = heads.dimension;
    let count = heads.visible.len();
    let all = heads.visible.last().copied().unwrap_or(0);
    work.keys.resize(KEYS * dimension, 0.0);
    work.scores.resize(count * KEYS, 0.0);
    work.state.clear();
    work.state.resize(count, (f32::NEG_INFINITY, 0.0));
    out.fill(0.0);
    for first in (0..all).step_by(KEYS) {
        let block = (all - first).min(KEYS);
        let stretch = first * dimension..(first + block) * dimension;
        widen(&heads.keys[stretch.clone()], &mut work.keys);
        for (index, query) in heads.queries.chunks_exact(dimension).enumerate() {
            let seen = heads.visible[index].saturating_sub(first).min(block);
            let scores = &mut work.scores[index * KEYS..index * KEYS + seen];
            let mut highest = work.state[index].0;
            for (score, key) in scores.iter_mut().zip(work.keys.chunks_exact(dimension)) {
                *score = dot::<FMA>(query, key) * heads.scale;
                highest = highest.max(*score);
            }
            if seen == 0 {
                continue;
            }
            let (before, sum) = work.state[index];
            let fade = if before == f32::NEG_INFINITY { 0.0 } else { exponential::<FMA>(before - highest) };
            let mut total = 0.0;
            for score in scores.iter_mut() {
                *score = exponential::<FMA>(*score - highest);
                total += *score;
            }
            work.state[index] = (highest, sum * fade + total);
            if fade != 1.0 {
                for value in &mut out[index * dimension..(index + 1) * dimension] {
                    *value *= fade;
                }
            }
        }
        widen(&heads.values[stretch], &mut work.keys);
        for (index, out) in out.chunks_exact_mut(dimension).enumerate() {
            let seen = heads.visible[index].saturating_sub(first).min(block);
            let weights = &work.scores[index * KEYS..index * KEYS + seen];
            weigh::<FMA>(weights, &work.keys, dimension, out);
        }
    }
    for (out, (_, sum)) in out.chunks_exact_mut(dimension).zip(&work.state) {
        let inverse = 1.0 / sum;
        for value in out {
            *value *= inverse;
        }
    }
}

/// Adds rows of `values`, each times its weight, to `out`.
#[inline(always)]
fn weigh<const FMA: bool>(weights: &[f32], values: &[f32], dimension: usize, out: &mut [f32]) {
    let (chunks, rest) = out.as_chunks_mut::<32>();
    for (index, chunk) in chunks.iter_mut().enumerate() {
        let mut lanes = *chunk;
        for (weight, row) in weights.iter().zip(values.chunks_exact(dimension)) {
            let row: &[f32; 32] = &row.as_chunks().0[index];
            for lane in 0..32 {
                lanes[lane] = fused::<FMA>(*weight, row[lane], lanes[lane]);
            }
        }
        *chunk = lanes;
    }
    let start = dimension - rest.len();
    for (weight, row) in weights.iter().zip(values.chunks_exact(dimension)) {
        for (out, value) in rest.iter_mut().zip(&row[start..]) {
            *out += weight * value;
        }
    }
}
