//! Dot products without vector instructions: what the others are checked against, and what runs elsewhere.

use half::f16;

use super::{Activations, BLOCK, Format, SUPER, TILE};

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

pub(super) fn half_at(bytes: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([bytes[at], bytes[at + 1]]).to_f32()
}

/// Scale and offset of each 32 weights of a `Q4_K` block: six bits each, packed into twelve bytes.
pub(super) fn scales_of_q4k(packed: &[u8]) -> ([u8; 8], [u8; 8]) {
    let (mut scales, mut offsets) = ([0; 8], [0; 8]);
    for part in 0..4 {
        scales[part] = packed[part] & 63;
        offsets[part] = packed[part + 4] & 63;
        scales[part + 4] = (packed[part + 8] & 15) | (packed[part] >> 6 << 4);
        offsets[part + 4] = (packed[part + 8] >> 4) | (packed[part + 4] >> 6 << 4);
    }
    (scales, offsets)
}

fn dot_q4k(row: &[u8], input: &Activations, token: usize) -> f32 {
    let mut total = 0.0;
    for (index, block) in row.chunks_exact(144).enumerate() {
        let codes: &[i8; SUPER] = &input.codes(index)[token];
        let sums = &input.sums_of_32(index)[token];
        let (scales, offsets) = scales_of_q4k(&block[4..16]);
        let (mut products, mut corrections) = (0_i32, 0_i32);
        for part in 0..8 {
            let packed = &block[16 + part / 2 * 32..][..32];
            let shift = 4 * (part % 2);
            let dot: i32 = packed
                .iter()
                .zip(&codes[part * 32..][..32])
                .map(|(byte, code)| i32::from(byte >> shift & 15) * i32::from(*code))
                .sum();
            products += dot * i32::from(scales[part]);
            corrections += i32::from(offsets[part]) * i32::from(sums[part]);
        }
        let value = half_at(block, 0) * products as f32 - half_at(block, 2) * corrections as f32;
        total += input.scales(index)[token] * value;
    }
    total
}

fn dot_q6k(row: &[u8], input: &Activations, token: usize) -> f32 {
    let mut total = 0.0;
    for (index, block) in row.chunks_exact(210).enumerate() {
        let codes: &[i8; SUPER] = &input.codes(index)[token];
        let mut products = 0_i32;
        for (position, code) in codes.iter().enumerate() {
            let (half, quarter, column) = (position / 128, position % 128 / 32, position % 32);
            let low = block[half * 64 + (quarter % 2) * 32 + column] >> (quarter / 2 * 4) & 15;
            let high = block[128 + half * 32 + column] >> (2 * quarter) & 3;
            let weight = i32::from(low | high << 4) - 32;
            let scale = i32::from(block[192 + position / 16] as i8);
            products += scale * weight * i32::from(*code);
        }
        total += half_at(block, 208) * input.scales(index)[token] * products as f32;
    }
    total
}

fn dot_q4_1(row: &[u8], input: &Activations, token: usize) -> f32 {
    let mut total = 0.0;
    for (index, block) in row.chunks_exact(20).enumerate() {
        let codes: &[i8; BLOCK] = &input.codes(index)[token];
        let mut products = 0_i32;
        for column in 0..16 {
            products += i32::from(block[4 + column] & 15) * i32::from(codes[column]);
            products += i32::from(block[4 + column] >> 4) * i32::from(codes[column + 16]);
        }
        let sum = f32::from(input.sums(index)[token]);
        let value = half_at(block, 0) * products as f32 + half_at(block, 2) * sum;
        total += input.scales(index)[token] * value;
    }
    total
}

fn dot_q8_0(row: &[u8], input: &Activations, token: usize) -> f32 {
    let mut total = 0.0;
    for (index, block) in row.chunks_exact(34).enumerate() {
        let codes: &[i8; BLOCK] = &input.codes(index)[token];
        let products: i32 = block[2..]
            .iter()
            .zip(codes)
            .map(|(weight, code)| i32::from(*weight as i8) * i32::from(*code))
            .sum();
        total += half_at(block, 0) * input.scales(index)[token] * products as f32;
    }
    total
}
