//! Dot products with AVX2.

use std::arch::x86_64::*;

use super::{
    super::{Activations, Format, SUPER, TILE},
    memory::{
        at, load128, load128_sums, load256, load256_codes, load256_sums, one_half, sum128, sum256,
        two_halves, unpack_q4k_scales,
    },
};

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn tile(format: Format, rows: &[u8], row_bytes: usize, input: &Activations, out: &mut [f32]) {
    // Tokens outside: a tile of rows stays in the nearest cache, all activations might not.
    for token in 0..input.tokens() {
        for (index, row) in rows.chunks_exact(row_bytes).enumerate() {
            out[token * TILE + index] = match format {
                Format::Q4K => dot_q4k(row, input, token),
                Format::Q6K => dot_q6k(row, input, token),
                Format::Q4_1 => dot_q4_1(row, input, token),
                Format::Q8_0 => dot_q8_0(row, input, token),
            };
        }
    }
}

/// An eighth of a super-block's codes.
#[inline(always)]
fn eighth(codes: &[i8; SUPER], index: usize) -> &[i8; 32] {
    &codes.as_chunks().0[index]
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn dot_q4k(row: &[u8], input: &Activations, token: usize) -> f32 {
    let nibble = _mm256_set1_epi8(15);
    let mut total = _mm256_setzero_ps();
    let mut corrections = _mm_setzero_ps();
    for (index, block) in row.chunks_exact(144).enumerate() {
        let codes: &[i8; SUPER] = &input.codes(index)[token];
        let (scale, offset) = two_halves(at(block, 0));
        let (scales, offsets) = unpack_q4k_scales(at(block, 4));
        let factor = |part: usize| _mm256_set1_epi16((scales >> (8 * part) & 63) as i16);
        let mut products = _mm256_setzero_si256();
        for pair in 0..4 {
            let packed = load256(at(block, 16 + 32 * pair));
            let low = _mm256_and_si256(packed, nibble);
            let high = _mm256_and_si256(_mm256_srli_epi16::<4>(packed), nibble);
            // At most 15 * 127 * 2: fits 16 bits.
            let low = _mm256_maddubs_epi16(low, load256_codes(eighth(codes, 2 * pair)));
            let high = _mm256_maddubs_epi16(high, load256_codes(eighth(codes, 2 * pair + 1)));
            products = _mm256_add_epi32(products, _mm256_madd_epi16(low, factor(2 * pair)));
            products = _mm256_add_epi32(products, _mm256_madd_epi16(high, factor(2 * pair + 1)));
        }
        let wide_offsets = _mm_cvtepu8_epi16(_mm_cvtsi64_si128(offsets as i64));
        let correction = _mm_madd_epi16(wide_offsets, load128_sums(&input.sums_of_32(index)[token]));
        let of_input = input.scales(index)[token];
        total = _mm256_fmadd_ps(_mm256_cvtepi32_ps(products), _mm256_set1_ps(scale * of_input), total);
        corrections = _mm_fmadd_ps(_mm_cvtepi32_ps(correction), _mm_set1_ps(offset * of_input), corrections);
    }
    sum256(total) - sum128(corrections)
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn dot_q6k(row: &[u8], input: &Activations, token: usize) -> f32 {
    let nibble = _mm256_set1_epi8(15);
    let crumb = _mm256_set1_epi8(0x30);
    let mut total = _mm256_setzero_ps();
    for (index, block) in row.chunks_exact(210).enumerate() {
        let codes: &[i8; SUPER] = &input.codes(index)[token];
        let scales = load128(at(block, 192));
        let wide_scales = _mm256_cvtepi8_epi16(scales);
        let mut products = _mm256_setzero_si256();
        for half in 0..2 {
            let first = load256(at(block, 64 * half));
            let second = load256(at(block, 64 * half + 32));
            let high = load256(at(block, 128 + 32 * half));
            let weights = [
                (_mm256_and_si256(first, nibble), _mm256_slli_epi16::<4>(high)),
                (_mm256_and_si256(second, nibble), _mm256_slli_epi16::<2>(high)),
                (_mm256_and_si256(_mm256_srli_epi16::<4>(first), nibble), high),
                (_mm256_and_si256(_mm256_srli_epi16::<4>(second), nibble), _mm256_srli_epi16::<2>(high)),
            ];
            for (part, (low, high)) in weights.into_iter().enumerate() {
                let part = 4 * half + part;
                let weights = _mm256_or_si256(low, _mm256_and_si256(high, crumb));
                // At most 63 * 127 * 2: fits 16 bits. Sixteen weights share a scale: eight lanes.
                let dots = _mm256_maddubs_epi16(weights, load256_codes(eighth(codes, part)));
                let [a, b] = [i16::from(block[192 + 2 * part] as i8), i16::from(block[193 + 2 * part] as i8)];
                let factors = _mm256_set_m128i(_mm_set1_epi16(b), _mm_set1_epi16(a));
                products = _mm256_add_epi32(products, _mm256_madd_epi16(dots, factors));
            }
        }
        // Weights are stored 32 too high.
        let excess = _mm256_madd_epi16(wide_scales, load256_sums(&input.sums_of_16(index)[token]));
        let products = _mm256_sub_epi32(products, _mm256_slli_epi32::<5>(excess));
        let scale = one_half(at(block, 208)) * input.scales(index)[token];
        total = _mm256_fmadd_ps(_mm256_cvtepi32_ps(products), _mm256_set1_ps(scale), total);
    }
    sum256(total)
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn dot_q4_1(row: &[u8], input: &Activations, token: usize) -> f32 {
    let nibble = _mm256_set1_epi8(15);
    let shifts = _mm256_setr_epi64x(0, 0, 4, 4);
    let ones = _mm256_set1_epi16(1);
    let mut total = _mm256_setzero_ps();
    let mut offsets = 0.0;
    for (index, block) in row.chunks_exact(20).enumerate() {
        let (scale, offset) = two_halves(at(block, 0));
        let packed = _mm256_broadcastsi128_si256(load128(at(block, 4)));
        let weights = _mm256_and_si256(_mm256_srlv_epi64(packed, shifts), nibble);
        let dots = _mm256_maddubs_epi16(weights, load256_codes(&input.codes(index)[token]));
        let dots = _mm256_madd_epi16(dots, ones);
        let of_input = input.scales(index)[token];
        total = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots), _mm256_set1_ps(scale * of_input), total);
        offsets += offset * of_input * f32::from(input.sums(index)[token]);
    }
    sum256(total) + offsets
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn dot_q8_0(row: &[u8], input: &Activations, token: usize) -> f32 {
    let ones = _mm256_set1_epi16(1);
    let mut total = _mm256_setzero_ps();
    for (index, block) in row.chunks_exact(34).enumerate() {
        let weights = load256(at(block, 2));
        let codes = load256_codes(&input.codes(index)[token]);
        // One factor must be without sign: move the sign of the weight to the code.
        // At most 128 * 127 * 2: fits 16 bits.
        let dots = _mm256_maddubs_epi16(_mm256_abs_epi8(weights), _mm256_sign_epi8(codes, weights));
        let dots = _mm256_madd_epi16(dots, ones);
        let scale = one_half(at(block, 0)) * input.scales(index)[token];
        total = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots), _mm256_set1_ps(scale), total);
    }
    sum256(total)
}
