//! Dot products with AVX-512 VNNI.

use std::arch::x86_64::*;

use super::{
    super::{Activations, Format, SUPER, TILE},
    memory::{
        at, load128, load128_sums, load256, load256_codes, load256_sums, load512, load512_codes, one_half,
        sum128, sum256, two_halves, unpack_q4k_scales,
    },
};

#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
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

/// A quarter of a super-block's codes.
#[inline(always)]
fn quarter(codes: &[i8; SUPER], index: usize) -> &[i8; 64] {
    &codes.as_chunks().0[index]
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn dot_q4k(row: &[u8], input: &Activations, token: usize) -> f32 {
    let nibble = _mm512_set1_epi8(15);
    // The lower half keeps its low nibbles, the upper half moves its high ones down.
    let shifts = _mm512_setr_epi64(0, 0, 0, 0, 4, 4, 4, 4);
    let spread = |part: i32| {
        let (a, b) = (2 * part, 2 * part + 1);
        _mm512_setr_epi32(a, a, a, a, a, a, a, a, b, b, b, b, b, b, b, b)
    };
    let spreads = [spread(0), spread(1), spread(2), spread(3)];
    let mut total = _mm512_setzero_ps();
    let mut corrections = _mm_setzero_ps();
    for (index, block) in row.chunks_exact(144).enumerate() {
        let codes: &[i8; SUPER] = &input.codes(index)[token];
        let (scale, offset) = two_halves(at(block, 0));
        let (scales, offsets) = unpack_q4k_scales(at(block, 4));
        let wide_scales = _mm512_castsi256_si512(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(scales as i64)));
        let mut products = _mm512_setzero_si512();
        for part in 0..4 {
            let packed = _mm512_broadcast_i64x4(load256(at(block, 16 + 32 * part)));
            let weights = _mm512_and_si512(_mm512_srlv_epi64(packed, shifts), nibble);
            let dots =
                _mm512_dpbusd_epi32(_mm512_setzero_si512(), weights, load512_codes(quarter(codes, part)));
            let factors = _mm512_permutexvar_epi32(spreads[part], wide_scales);
            products = _mm512_add_epi32(products, _mm512_mullo_epi32(dots, factors));
        }
        let wide_offsets = _mm_cvtepu8_epi16(_mm_cvtsi64_si128(offsets as i64));
        let correction = _mm_madd_epi16(wide_offsets, load128_sums(&input.sums_of_32(index)[token]));
        let of_input = input.scales(index)[token];
        total = _mm512_fmadd_ps(_mm512_cvtepi32_ps(products), _mm512_set1_ps(scale * of_input), total);
        corrections = _mm_fmadd_ps(_mm_cvtepi32_ps(correction), _mm_set1_ps(offset * of_input), corrections);
    }
    _mm512_reduce_add_ps(total) - sum128(corrections)
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn dot_q6k(row: &[u8], input: &Activations, token: usize) -> f32 {
    let nibble = _mm512_set1_epi8(15);
    let crumb = _mm512_set1_epi8(0x30);
    // Two bits of each weight stand four to a byte; these bring them to bits 4 and 5.
    let for_low = _mm512_setr_epi64(4, 4, 4, 4, 2, 2, 2, 2);
    let for_high = _mm512_setr_epi64(0, 0, 0, 0, 2, 2, 2, 2);
    let spread = |part: i32| {
        let (a, b, c, d) = (4 * part, 4 * part + 1, 4 * part + 2, 4 * part + 3);
        _mm512_setr_epi32(a, a, a, a, b, b, b, b, c, c, c, c, d, d, d, d)
    };
    let spreads = [spread(0), spread(1), spread(2), spread(3)];
    let mut total = _mm512_setzero_ps();
    for (index, block) in row.chunks_exact(210).enumerate() {
        let codes: &[i8; SUPER] = &input.codes(index)[token];
        let scales = load128(at(block, 192));
        let wide_scales = _mm512_cvtepi8_epi32(scales);
        let mut products = _mm512_setzero_si512();
        for half in 0..2 {
            let low = load512(at(block, 64 * half));
            let high = _mm512_broadcast_i64x4(load256(at(block, 128 + 32 * half)));
            let first = _mm512_or_si512(
                _mm512_and_si512(low, nibble),
                _mm512_and_si512(_mm512_sllv_epi64(high, for_low), crumb),
            );
            let second = _mm512_or_si512(
                _mm512_and_si512(_mm512_srli_epi64::<4>(low), nibble),
                _mm512_and_si512(_mm512_srlv_epi64(high, for_high), crumb),
            );
            for (part, weights) in [(2 * half, first), (2 * half + 1, second)] {
                let dots =
                    _mm512_dpbusd_epi32(_mm512_setzero_si512(), weights, load512_codes(quarter(codes, part)));
                let factors = _mm512_permutexvar_epi32(spreads[part], wide_scales);
                products = _mm512_add_epi32(products, _mm512_mullo_epi32(dots, factors));
            }
        }
        // Weights are stored 32 too high.
        let excess =
            _mm256_madd_epi16(_mm256_cvtepi8_epi16(scales), load256_sums(&input.sums_of_16(index)[token]));
        let products = _mm512_sub_epi32(products, _mm512_zextsi256_si512(_mm256_slli_epi32::<5>(excess)));
        let scale = one_half(at(block, 208)) * input.scales(index)[token];
        total = _mm512_fmadd_ps(_mm512_cvtepi32_ps(products), _mm512_set1_ps(scale), total);
    }
    _mm512_reduce_add_ps(total)
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn dot_q4_1(row: &[u8], input: &Activations, token: usize) -> f32 {
    let nibble = _mm256_set1_epi8(15);
    let shifts = _mm256_setr_epi64x(0, 0, 4, 4);
    let mut total = _mm256_setzero_ps();
    let mut offsets = 0.0;
    for (index, block) in row.chunks_exact(20).enumerate() {
        let (scale, offset) = two_halves(at(block, 0));
        let packed = _mm256_broadcastsi128_si256(load128(at(block, 4)));
        let weights = _mm256_and_si256(_mm256_srlv_epi64(packed, shifts), nibble);
        let dots =
            _mm256_dpbusd_epi32(_mm256_setzero_si256(), weights, load256_codes(&input.codes(index)[token]));
        let of_input = input.scales(index)[token];
        total = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots), _mm256_set1_ps(scale * of_input), total);
        offsets += offset * of_input * f32::from(input.sums(index)[token]);
    }
    sum256(total) + offsets
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn dot_q8_0(row: &[u8], input: &Activations, token: usize) -> f32 {
    let mut total = _mm256_setzero_ps();
    for (index, block) in row.chunks_exact(34).enumerate() {
        let weights = load256(at(block, 2));
        let codes = load256_codes(&input.codes(index)[token]);
        // One factor must be without sign: move the sign of the weight to the code.
        let dots = _mm256_dpbusd_epi32(
            _mm256_setzero_si256(),
            _mm256_abs_epi8(weights),
            _mm256_sign_epi8(codes, weights),
        );
        let scale = one_half(at(block, 0)) * input.scales(index)[token];
        total = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots), _mm256_set1_ps(scale), total);
    }
    sum256(total)
}
