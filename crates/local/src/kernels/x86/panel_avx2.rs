//! Many tokens at once with AVX2: as [`super::panel`], with eight rows to a vector and sums of products in
//! sixteen bits for as long as they are sure to fit.

use std::arch::x86_64::*;

use super::{
    super::{Activations, BLOCK, Format, SUPER, TILE},
    memory::{
        at, load128, load256, load256_f32, load256_i32, store256, store256_f32, store256_i32, two_halves,
    },
    panel::{Panel, two_sums, word},
};

/// Rows to a vector.
const HALF: usize = TILE / 2;

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn multiply(format: Format, rows: &[u8], row_bytes: usize, input: &Activations, out: &mut [f32]) {
    out.fill(0.0);
    let out = out.as_chunks_mut().0;
    let mut panel = Panel::new();
    match format {
        Format::Q4K => {
            for block in 0..input.columns() / SUPER {
                unpack_q4k(rows, row_bytes, block, &mut panel);
                turn(&mut panel, SUPER / 32);
                // Eight products of at most 15 * 127 * 2 fit sixteen bits: a whole stretch of 32.
                super_block::<8, 8, 8>(&panel, input, block, input.sums_of_32(block), out);
            }
        }
        Format::Q6K => {
            for block in 0..input.columns() / SUPER {
                unpack_q6k(rows, row_bytes, block, &mut panel);
                turn(&mut panel, SUPER / 32);
                // Two products of at most 63 * 127 * 2 fit.
                super_block::<16, 16, 2>(&panel, input, block, input.sums_of_16(block), out);
            }
        }
        Format::Q4_1 | Format::Q8_0 => {
            debug_assert_eq!(format, Format::Q4_1);
            let blocks = input.columns() / BLOCK;
            for first in (0..blocks).step_by(8) {
                let count = (blocks - first).min(8);
                unpack_q4_1(rows, row_bytes, first, count, &mut panel);
                turn(&mut panel, count);
                plain_blocks(&panel, input, first, count, out);
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn unpack_q4k(rows: &[u8], row_bytes: usize, index: usize, panel: &mut Panel) {
    let nibble = _mm256_set1_epi8(15);
    for (row, bytes) in rows.chunks_exact(row_bytes).enumerate().take(TILE) {
        let block: &[u8; 144] = at(bytes, index * 144);
        panel.take_q4k_scales(row, block);
        let flat: &mut [[u8; 32]] = panel.flat[row].as_chunks_mut().0;
        for pair in 0..4 {
            let packed = load256(at(block, 16 + 32 * pair));
            store256(&mut flat[2 * pair], _mm256_and_si256(packed, nibble));
            store256(&mut flat[2 * pair + 1], _mm256_and_si256(_mm256_srli_epi16::<4>(packed), nibble));
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn unpack_q6k(rows: &[u8], row_bytes: usize, index: usize, panel: &mut Panel) {
    let nibble = _mm256_set1_epi8(15);
    let crumb = _mm256_set1_epi8(0x30);
    for (row, bytes) in rows.chunks_exact(row_bytes).enumerate().take(TILE) {
        let block: &[u8; 210] = at(bytes, index * 210);
        panel.take_q6k_scales(row, block);
        let flat: &mut [[u8; 32]] = panel.flat[row].as_chunks_mut().0;
        for half in 0..2 {
            let first = load256(at(block, 64 * half));
            let second = load256(at(block, 64 * half + 32));
            let high = load256(at(block, 128 + 32 * half));
            let weights = [
                (first, _mm256_slli_epi16::<4>(high)),
                (second, _mm256_slli_epi16::<2>(high)),
                (_mm256_srli_epi16::<4>(first), high),
                (_mm256_srli_epi16::<4>(second), _mm256_srli_epi16::<2>(high)),
            ];
            for (part, (low, high)) in weights.into_iter().enumerate() {
                let codes = _mm256_or_si256(_mm256_and_si256(low, nibble), _mm256_and_si256(high, crumb));
                store256(&mut flat[4 * half + part], codes);
            }
        }
    }
}

/// Up to eight blocks of 32; `sub_scales` holds their scales, then their offsets.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn unpack_q4_1(rows: &[u8], row_bytes: usize, first: usize, count: usize, panel: &mut Panel) {
    let nibble = _mm256_set1_epi8(15);
    let shifts = _mm256_setr_epi64x(0, 0, 4, 4);
    for (row, bytes) in rows.chunks_exact(row_bytes).enumerate().take(TILE) {
        let flat: &mut [[u8; 32]] = panel.flat[row].as_chunks_mut().0;
        for part in 0..count {
            let block: &[u8; 20] = at(bytes, (first + part) * 20);
            let (scale, offset) = two_halves(at(block, 0));
            panel.sub_scales[part][row] = scale.to_bits() as i32;
            panel.sub_scales[part + 8][row] = offset.to_bits() as i32;
            let packed = _mm256_broadcastsi128_si256(load128(at(block, 4)));
            store256(&mut flat[part], _mm256_and_si256(_mm256_srlv_epi64(packed, shifts), nibble));
        }
    }
}

/// Turns rows of codes into groups of four of each row, 32 codes of eight rows at a time.
#[inline]
#[target_feature(enable = "avx2")]
fn turn(panel: &mut Panel, parts: usize) {
    for part in 0..parts {
        for half in 0..2 {
            let mut rows = [_mm256_setzero_si256(); HALF];
            for (row, flat) in rows.iter_mut().zip(&panel.flat[HALF * half..]) {
                *row = load256(at(flat, 32 * part));
            }
            let columns = transpose(rows);
            for (target, column) in panel.codes[HALF * part..].iter_mut().zip(columns) {
                store256_i32(&mut target.as_chunks_mut().0[half], column);
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn transpose(rows: [__m256i; 8]) -> [__m256i; 8] {
    let mut pairs = rows;
    for i in (0..8).step_by(2) {
        pairs[i] = _mm256_unpacklo_epi32(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm256_unpackhi_epi32(rows[i], rows[i + 1]);
    }
    let mut quads = pairs;
    for i in (0..8).step_by(4) {
        quads[i] = _mm256_unpacklo_epi64(pairs[i], pairs[i + 2]);
        quads[i + 1] = _mm256_unpackhi_epi64(pairs[i], pairs[i + 2]);
        quads[i + 2] = _mm256_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
        quads[i + 3] = _mm256_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
    }
    let mut columns = quads;
    for i in 0..4 {
        columns[i] = _mm256_permute2x128_si256::<0x20>(quads[i], quads[i + 4]);
        columns[i + 4] = _mm256_permute2x128_si256::<0x31>(quads[i], quads[i + 4]);
    }
    columns
}

/// One super-block of sixteen rows against all tokens. `PARTS` stretches of codes have a scale each; `FIT`
/// groups of four may be added up in sixteen bits.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn super_block<const PARTS: usize, const SUMS: usize, const FIT: usize>(
    panel: &Panel,
    input: &Activations,
    block: usize,
    sums: &[[i16; SUMS]],
    out: &mut [[f32; TILE]],
) {
    let codes: &[[i8; SUPER]] = input.codes(block);
    let scales = input.scales(block);
    let mut token = 0;
    while token + 4 <= codes.len() {
        some_tokens::<PARTS, SUMS, FIT, 4>(panel, codes, scales, sums, token, out);
        token += 4;
    }
    while token < codes.len() {
        some_tokens::<PARTS, SUMS, FIT, 1>(panel, codes, scales, sums, token, out);
        token += 1;
    }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn some_tokens<const PARTS: usize, const SUMS: usize, const FIT: usize, const TOKENS: usize>(
    panel: &Panel,
    codes: &[[i8; SUPER]],
    scales: &[f32],
    sums: &[[i16; SUMS]],
    token: usize,
    out: &mut [[f32; TILE]],
) {
    let groups = SUPER / 4 / PARTS;
    let (Some(codes), Some(scales), Some(sums), Some(out)) = (
        codes[token..].first_chunk::<TOKENS>(),
        scales[token..].first_chunk::<TOKENS>(),
        sums[token..].first_chunk::<TOKENS>(),
        out[token..].first_chunk_mut::<TOKENS>(),
    ) else {
        return;
    };
    for half in 0..2 {
        let mut products = [_mm256_setzero_si256(); TOKENS];
        for part in 0..PARTS {
            let factor = load256_i32(&panel.sub_scales[part].as_chunks().0[half]);
            // The same scale for both sums of a lane.
            let factor = _mm256_or_si256(
                _mm256_slli_epi32::<16>(factor),
                _mm256_and_si256(factor, _mm256_set1_epi32(0xffff)),
            );
            for first in (part * groups..(part + 1) * groups).step_by(FIT) {
                let mut dots = [_mm256_setzero_si256(); TOKENS];
                for group in first..first + FIT {
                    let weights = load256_i32(&panel.codes[group].as_chunks().0[half]);
                    for index in 0..TOKENS {
                        let four = _mm256_set1_epi32(word(&codes[index], group));
                        dots[index] = _mm256_add_epi16(dots[index], _mm256_maddubs_epi16(weights, four));
                    }
                }
                for index in 0..TOKENS {
                    products[index] =
                        _mm256_add_epi32(products[index], _mm256_madd_epi16(dots[index], factor));
                }
            }
        }
        let mut corrections = [_mm256_setzero_si256(); TOKENS];
        for pair in 0..PARTS / 2 {
            let offsets = load256_i32(&panel.sub_offsets[pair].as_chunks().0[half]);
            for index in 0..TOKENS {
                let sums = _mm256_set1_epi32(two_sums(&sums[index], pair));
                corrections[index] = _mm256_add_epi32(corrections[index], _mm256_madd_epi16(offsets, sums));
            }
        }
        let scale = load256_f32(&panel.scales.as_chunks().0[half]);
        let offset = load256_f32(&panel.offsets.as_chunks().0[half]);
        for index in 0..TOKENS {
            let target = &mut out[index].as_chunks_mut().0[half];
            let product = _mm256_mul_ps(_mm256_cvtepi32_ps(products[index]), scale);
            let value = _mm256_fnmadd_ps(_mm256_cvtepi32_ps(corrections[index]), offset, product);
            let total = _mm256_fmadd_ps(value, _mm256_set1_ps(scales[index]), load256_f32(target));
            store256_f32(target, total);
        }
    }
}

/// Up to eight blocks of 32 against all tokens.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn plain_blocks(panel: &Panel, input: &Activations, first: usize, count: usize, out: &mut [[f32; TILE]]) {
    let mut token = 0;
    while token + 4 <= out.len() {
        plain_tokens::<4>(panel, input, first, count, token, out);
        token += 4;
    }
    while token < out.len() {
        plain_tokens::<1>(panel, input, first, count, token, out);
        token += 1;
    }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn plain_tokens<const TOKENS: usize>(
    panel: &Panel,
    input: &Activations,
    first: usize,
    count: usize,
    token: usize,
    out: &mut [[f32; TILE]],
) {
    let Some(out) = out[token..].first_chunk_mut::<TOKENS>() else { return };
    let ones = _mm256_set1_epi16(1);
    for half in 0..2 {
        let mut totals = [_mm256_setzero_ps(); TOKENS];
        for index in 0..TOKENS {
            totals[index] = load256_f32(&out[index].as_chunks().0[half]);
        }
        for part in 0..count.min(8) {
            let block = first + part;
            let (Some(codes), Some(scales), Some(sums)) = (
                input.codes::<BLOCK>(block)[token..].first_chunk::<TOKENS>(),
                input.scales(block)[token..].first_chunk::<TOKENS>(),
                input.sums(block)[token..].first_chunk::<TOKENS>(),
            ) else {
                return;
            };
            // Eight products of at most 15 * 127 * 2 fit sixteen bits.
            let mut dots = [_mm256_setzero_si256(); TOKENS];
            for group in 0..8 {
                let weights = load256_i32(&panel.codes[8 * part + group].as_chunks().0[half]);
                for index in 0..TOKENS {
                    let four = _mm256_set1_epi32(word(&codes[index], group));
                    dots[index] = _mm256_add_epi16(dots[index], _mm256_maddubs_epi16(weights, four));
                }
            }
            let scale = _mm256_castsi256_ps(load256_i32(&panel.sub_scales[part].as_chunks().0[half]));
            let offset = _mm256_castsi256_ps(load256_i32(&panel.sub_scales[part + 8].as_chunks().0[half]));
            for index in 0..TOKENS {
                let dot = _mm256_cvtepi32_ps(_mm256_madd_epi16(dots[index], ones));
                let sum = _mm256_set1_ps(f32::from(sums[index]));
                let value = _mm256_fmadd_ps(dot, scale, _mm256_mul_ps(offset, sum));
                totals[index] = _mm256_fmadd_ps(value, _mm256_set1_ps(scales[index]), totals[index]);
            }
        }
        for index in 0..TOKENS {
            store256_f32(&mut out[index].as_chunks_mut().0[half], totals[index]);
        }
    }
}
