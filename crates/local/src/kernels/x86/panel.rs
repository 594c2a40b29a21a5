//! Many tokens at once with AVX-512 VNNI: sixteen rows are unpacked and turned, so that each lane of a
//! vector belongs to one row and the sums never cross lanes.

use std::arch::x86_64::*;

use super::{
    super::{Activations, BLOCK, Format, SUPER, TILE},
    memory::{
        at, load128, load256, load512, load512_f32, load512_i32, one_half, store512_f32, store512_i32,
        two_halves, unpack_q4k_scales,
    },
};

/// Sixteen rows of one super-block: `weight = scale * sub_scale * code - offset * sub_offset`.
#[repr(C, align(64))]
pub(super) struct Panel {
    /// Four codes of each row, then the next four of each row.
    pub(super) codes: [[i32; TILE]; SUPER / 4],
    /// Scales of each stretch of codes, of each row.
    pub(super) sub_scales: [[i32; TILE]; 16],
    /// Offsets, two neighbours (16 bits each) in a lane.
    pub(super) sub_offsets: [[i32; TILE]; 8],
    pub(super) scales: [f32; TILE],
    pub(super) offsets: [f32; TILE],
    /// Codes row by row, before they are turned.
    pub(super) flat: [[u8; SUPER]; TILE],
}

impl Panel {
    pub(super) const fn new() -> Self {
        Self {
            codes: [[0; TILE]; SUPER / 4],
            sub_scales: [[0; TILE]; 16],
            sub_offsets: [[0; TILE]; 8],
            scales: [0.0; TILE],
            offsets: [0.0; TILE],
            flat: [[0; SUPER]; TILE],
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    pub(super) fn take_q4k_scales(&mut self, row: usize, block: &[u8; 144]) {
        (self.scales[row], self.offsets[row]) = two_halves(at(block, 0));
        let (scales, offsets) = unpack_q4k_scales(at(block, 4));
        for part in 0..8 {
            self.sub_scales[part][row] = (scales >> (8 * part) & 63) as i32;
        }
        for pair in 0..4 {
            let (first, second) = (offsets >> (16 * pair) & 63, offsets >> (16 * pair + 8) & 63);
            self.sub_offsets[pair][row] = (first | second << 16) as i32;
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    pub(super) fn take_q6k_scales(&mut self, row: usize, block: &[u8; 210]) {
        let scale = one_half(at(block, 208));
        (self.scales[row], self.offsets[row]) = (scale, scale);
        for part in 0..16 {
            self.sub_scales[part][row] = i32::from(block[192 + part] as i8);
        }
        // Weights are stored 32 too high.
        let offset = |part: usize| u32::from((32 * i16::from(block[192 + part] as i8)) as u16);
        for pair in 0..8 {
            self.sub_offsets[pair][row] = (offset(2 * pair) | offset(2 * pair + 1) << 16) as i32;
        }
    }
}

#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn multiply(format: Format, rows: &[u8], row_bytes: usize, input: &Activations, out: &mut [f32]) {
    out.fill(0.0);
    let out = out.as_chunks_mut().0;
    let mut panel = Panel::new();
    match format {
        Format::Q4K => {
            for block in 0..input.columns() / SUPER {
                unpack_q4k(rows, row_bytes, block, &mut panel);
                turn(&mut panel, SUPER / 64);
                super_block::<8, 8>(&panel, input, block, input.sums_of_32(block), out);
            }
        }
        Format::Q6K => {
            for block in 0..input.columns() / SUPER {
                unpack_q6k(rows, row_bytes, block, &mut panel);
                turn(&mut panel, SUPER / 64);
                super_block::<16, 16>(&panel, input, block, input.sums_of_16(block), out);
            }
        }
        Format::Q4_1 | Format::Q8_0 => {
            let blocks = input.columns() / BLOCK;
            for first in (0..blocks).step_by(8) {
                let count = (blocks - first).min(8);
                unpack_plain(format, rows, row_bytes, first, count, &mut panel);
                turn(&mut panel, count.div_ceil(2));
                plain_blocks(&panel, input, first, count, out);
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn unpack_q4k(rows: &[u8], row_bytes: usize, index: usize, panel: &mut Panel) {
    let nibble = _mm512_set1_epi8(15);
    let shifts = _mm512_setr_epi64(0, 0, 0, 0, 4, 4, 4, 4);
    for (row, bytes) in rows.chunks_exact(row_bytes).enumerate().take(TILE) {
        let block: &[u8; 144] = at(bytes, index * 144);
        panel.take_q4k_scales(row, block);
        for part in 0..4 {
            let packed = _mm512_broadcast_i64x4(load256(at(block, 16 + 32 * part)));
            let codes = _mm512_and_si512(_mm512_srlv_epi64(packed, shifts), nibble);
            store_codes(&mut panel.flat[row], part, codes);
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn unpack_q6k(rows: &[u8], row_bytes: usize, index: usize, panel: &mut Panel) {
    let nibble = _mm512_set1_epi8(15);
    let crumb = _mm512_set1_epi8(0x30);
    let for_low = _mm512_setr_epi64(4, 4, 4, 4, 2, 2, 2, 2);
    let for_high = _mm512_setr_epi64(0, 0, 0, 0, 2, 2, 2, 2);
    for (row, bytes) in rows.chunks_exact(row_bytes).enumerate().take(TILE) {
        let block: &[u8; 210] = at(bytes, index * 210);
        panel.take_q6k_scales(row, block);
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
            store_codes(&mut panel.flat[row], 2 * half, first);
            store_codes(&mut panel.flat[row], 2 * half + 1, second);
        }
    }
}

/// Up to eight blocks of 32. `sub_scales` holds their scales, `flat_offsets` what a code of zero means.
#[inline]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn unpack_plain(
    format: Format,
    rows: &[u8],
    row_bytes: usize,
    first: usize,
    count: usize,
    panel: &mut Panel,
) {
    let nibble = _mm256_set1_epi8(15);
    let shifts = _mm256_setr_epi64x(0, 0, 4, 4);
    for (row, bytes) in rows.chunks_exact(row_bytes).enumerate().take(TILE) {
        for part in 0..count {
            let (scale, offset, codes) = if format == Format::Q4_1 {
                let block: &[u8; 20] = at(bytes, (first + part) * 20);
                let (scale, offset) = two_halves(at(block, 0));
                let packed = _mm256_broadcastsi128_si256(load128(at(block, 4)));
                (scale, offset, _mm256_and_si256(_mm256_srlv_epi64(packed, shifts), nibble))
            } else {
                let block: &[u8; 34] = at(bytes, (first + part) * 34);
                let scale = one_half(at(block, 0));
                // Codes without sign: 128 higher.
                let codes = _mm256_xor_si256(load256(at(block, 2)), _mm256_set1_epi8(-128));
                (scale, -128.0 * scale, codes)
            };
            panel.sub_scales[part][row] = scale.to_bits() as i32;
            panel.sub_scales[part + 8][row] = offset.to_bits() as i32;
            let target: &mut [u8; 32] = &mut panel.flat[row].as_chunks_mut().0[part];
            // SAFETY: The array is as long as the vector; the store needs no alignment.
            unsafe { _mm256_storeu_si256(target.as_mut_ptr().cast(), codes) };
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store_codes(row: &mut [u8; SUPER], part: usize, codes: __m512i) {
    let target: &mut [u8; 64] = &mut row.as_chunks_mut().0[part];
    // SAFETY: The array is as long as the vector; the store needs no alignment.
    unsafe { _mm512_storeu_si512(target.as_mut_ptr().cast(), codes) };
}

/// Turns rows of codes into groups of four of each row: a 16 by 16 transposition of 32-bit words a part.
#[inline]
#[target_feature(enable = "avx512f")]
fn turn(panel: &mut Panel, parts: usize) {
    for part in 0..parts {
        let mut rows = [_mm512_setzero_si512(); TILE];
        for (row, flat) in rows.iter_mut().zip(&panel.flat) {
            *row = load512(at(flat, 64 * part));
        }
        let columns = transpose(rows);
        let targets: &mut [[i32; TILE]; TILE] = &mut panel.codes.as_chunks_mut().0[part];
        for (target, column) in targets.iter_mut().zip(columns) {
            store512_i32(target, column);
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn transpose(rows: [__m512i; 16]) -> [__m512i; 16] {
    let mut pairs = rows;
    for i in (0..16).step_by(2) {
        pairs[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
    }
    // Now quads: within each 128-bit lane, four rows of one column.
    let mut quads = pairs;
    for i in (0..16).step_by(4) {
        quads[i] = _mm512_unpacklo_epi64(pairs[i], pairs[i + 2]);
        quads[i + 1] = _mm512_unpackhi_epi64(pairs[i], pairs[i + 2]);
        quads[i + 2] = _mm512_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
        quads[i + 3] = _mm512_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
    }
    let mut columns = quads;
    for i in 0..4 {
        let (a, b, c, d) = (quads[i], quads[i + 4], quads[i + 8], quads[i + 12]);
        let even_low = _mm512_shuffle_i32x4::<0x88>(a, b);
        let even_high = _mm512_shuffle_i32x4::<0x88>(c, d);
        let odd_low = _mm512_shuffle_i32x4::<0xdd>(a, b);
        let odd_high = _mm512_shuffle_i32x4::<0xdd>(c, d);
        columns[i] = _mm512_shuffle_i32x4::<0x88>(even_low, even_high);
        columns[i + 8] = _mm512_shuffle_i32x4::<0xdd>(even_low, even_high);
        columns[i + 4] = _mm512_shuffle_i32x4::<0x88>(odd_low, odd_high);
        columns[i + 12] = _mm512_shuffle_i32x4::<0xdd>(odd_low, odd_high);
    }
    columns
}

/// Four codes of a token as one number.
#[inline(always)]
pub(super) fn word<const N: usize>(codes: &[i8; N], index: usize) -> i32 {
    let four: [i8; 4] = codes.as_chunks().0[index];
    i32::from_ne_bytes(four.map(|code| code as u8))
}

/// Two sums of a token as one number.
#[inline(always)]
pub(super) fn two_sums<const N: usize>(sums: &[i16; N], index: usize) -> i32 {
    let two: [i16; 2] = sums.as_chunks().0[index];
    i32::from(two[0]) & 0xffff | i32::from(two[1]) << 16
}

/// One super-block of sixteen rows against all tokens. `PARTS` stretches of codes have a scale each.
#[inline]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn super_block<const PARTS: usize, const SUMS: usize>(
    panel: &Panel,
    input: &Activations,
    block: usize,
    sums: &[[i16; SUMS]],
    out: &mut [[f32; TILE]],
) {
    let codes: &[[i8; SUPER]] = input.codes(block);
    let scales = input.scales(block);
    let mut token = 0;
    while token + 8 <= codes.len() {
        some_tokens::<PARTS, SUMS, 8>(panel, codes, scales, sums, token, out);
        token += 8;
    }
    while token + 2 <= codes.len() {
        some_tokens::<PARTS, SUMS, 2>(panel, codes, scales, sums, token, out);
        token += 2;
    }
    if token < codes.len() {
        some_tokens::<PARTS, SUMS, 1>(panel, codes, scales, sums, token, out);
    }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn some_tokens<const PARTS: usize, const SUMS: usize, const TOKENS: usize>(
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
    let mut products = [_mm512_setzero_si512(); TOKENS];
    for part in 0..PARTS {
        let mut dots = [_mm512_setzero_si512(); TOKENS];
        for group in part * groups..(part + 1) * groups {
            let weights = load512_i32(&panel.codes[group]);
            for index in 0..TOKENS {
                dots[index] =
                    _mm512_dpbusd_epi32(dots[index], weights, _mm512_set1_epi32(word(&codes[index], group)));
            }
        }
        let factors = load512_i32(&panel.sub_scales[part]);
        for index in 0..TOKENS {
            products[index] = _mm512_add_epi32(products[index], _mm512_mullo_epi32(dots[index], factors));
        }
    }
    let mut corrections = [_mm512_setzero_si512(); TOKENS];
    for pair in 0..PARTS / 2 {
        let offsets = load512_i32(&panel.sub_offsets[pair]);
        for index in 0..TOKENS {
            let sums = _mm512_set1_epi32(two_sums(&sums[index], pair));
            corrections[index] = _mm512_dpwssd_epi32(corrections[index], offsets, sums);
        }
    }
    let (scale, offset) = (load512_f32(&panel.scales), load512_f32(&panel.offsets));
    for index in 0..TOKENS {
        let product = _mm512_mul_ps(_mm512_cvtepi32_ps(products[index]), scale);
        let value = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(corrections[index]), offset, product);
        let total = _mm512_fmadd_ps(value, _mm512_set1_ps(scales[index]), load512_f32(&out[index]));
        store512_f32(&mut out[index], total);
    }
}

/// Up to eight blocks of 32 against all tokens.
#[inline]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn plain_blocks(panel: &Panel, input: &Activations, first: usize, count: usize, out: &mut [[f32; TILE]]) {
    let mut token = 0;
    while token + 8 <= out.len() {
        plain_tokens::<8>(panel, input, first, count, token, out);
        token += 8;
    }
    while token < out.len() {
        plain_tokens::<1>(panel, input, first, count, token, out);
        token += 1;
    }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn plain_tokens<const TOKENS: usize>(
    panel: &Panel,
    input: &Activations,
    first: usize,
    count: usize,
    token: usize,
    out: &mut [[f32; TILE]],
) {
    let Some(out) = out[token..].first_chunk_mut::<TOKENS>() else { return };
    let mut totals = [_mm512_setzero_ps(); TOKENS];
    for index in 0..TOKENS {
        totals[index] = load512_f32(&out[index]);
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
        let mut dots = [_mm512_setzero_si512(); TOKENS];
        for group in 0..8 {
            let weights = load512_i32(&panel.codes[8 * part + group]);
            for index in 0..TOKENS {
                dots[index] =
                    _mm512_dpbusd_epi32(dots[index], weights, _mm512_set1_epi32(word(&codes[index], group)));
            }
        }
        let scale = _mm512_castsi512_ps(load512_i32(&panel.sub_scales[part]));
        let offset = _mm512_castsi512_ps(load512_i32(&panel.sub_scales[part + 8]));
        for index in 0..TOKENS {
            let sum = _mm512_set1_ps(f32::from(sums[index]));
            let value = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dots[index]), scale, _mm512_mul_ps(offset, sum));
            totals[index] = _mm512_fmadd_ps(value, _mm512_set1_ps(scales[index]), totals[index]);
        }
    }
    for index in 0..TOKENS {
        store512_f32(&mut out[index], totals[index]);
    }
}
