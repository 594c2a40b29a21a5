//! Activations rounded to eight bits, in blocks.

use super::{BLOCK, SUPER, vector};
use crate::kernels::Isa;

/// How long a stretch of activations shares one scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grain {
    /// 256 numbers: what the K formats meet.
    Super,
    /// 32 numbers: what the plain formats meet.
    Block,
}

impl Grain {
    pub(crate) const fn length(self) -> usize {
        match self {
            Self::Super => SUPER,
            Self::Block => BLOCK,
        }
    }
}

/// Rounded activations of some tokens: `x = scale * code`, codes in -127..=127.
///
/// Everything is ordered by block, then by token, so that a tile of rows reads straight on.
#[derive(Debug)]
pub(crate) struct Activations {
    grain: Grain,
    tokens: usize,
    columns: usize,
    /// `[block][token][position]`.
    codes: Vec<i8>,
    /// `[block][token]`.
    scales: Vec<f32>,
    /// Sums of codes over each 16 (`Super`) or each 32 (`Block`): `[block][token][part]`.
    sums: Vec<i16>,
    /// Sums of codes over each 32, for `Super`.
    wide_sums: Vec<i16>,
}

impl Activations {
    pub(crate) const fn new(grain: Grain) -> Self {
        Self {
            grain,
            tokens: 0,
            columns: 0,
            codes: Vec::new(),
            scales: Vec::new(),
            sums: Vec::new(),
            wide_sums: Vec::new(),
        }
    }

    pub(crate) const fn grain(&self) -> Grain {
        self.grain
    }

    pub(crate) const fn tokens(&self) -> usize {
        self.tokens
    }

    pub(crate) const fn columns(&self) -> usize {
        self.columns
    }

    /// Rounds `[token][column]` activations. The columns are whole blocks.
    pub(crate) fn round(&mut self, isa: Isa, values: &[f32], columns: usize) {
        let length = self.grain.length();
        assert!(columns.is_multiple_of(length) && values.len().is_multiple_of(columns), "whole blocks");
        let (tokens, blocks) = (values.len() / columns, columns / length);
        (self.tokens, self.columns) = (tokens, columns);
        self.codes.resize(values.len(), 0);
        self.scales.resize(tokens * blocks, 0.0);
        let parts = self.parts();
        self.sums.resize(tokens * blocks * parts, 0);
        for (token, row) in values.chunks_exact(columns).enumerate() {
            for (block, values) in row.chunks_exact(length).enumerate() {
                let at = block * tokens + token;
                let codes = &mut self.codes[at * length..(at + 1) * length];
                self.scales[at] = vector::round_to_codes(isa, values, codes);
                let sums = &mut self.sums[at * parts..(at + 1) * parts];
                vector::sum_codes(isa, codes, sums);
            }
        }
        if self.grain == Grain::Super {
            self.wide_sums.clear();
            self.wide_sums.extend(self.sums.chunks_exact(2).map(|pair| pair[0] + pair[1]));
        }
    }

    /// Sums a block has.
    pub(super) const fn parts(&self) -> usize {
        match self.grain {
            Grain::Super => 16,
            Grain::Block => 1,
        }
    }

    /// Codes of all tokens for a block.
    pub(super) fn codes<const N: usize>(&self, block: usize) -> &[[i8; N]] {
        debug_assert_eq!(N, self.grain.length());
        let all = &self.codes[block * self.tokens * N..(block + 1) * self.tokens * N];
        all.as_chunks().0
    }

    /// Scales of all tokens for a block.
    pub(super) fn scales(&self, block: usize) -> &[f32] {
        &self.scales[block * self.tokens..(block + 1) * self.tokens]
    }

    #[cfg(target_arch = "x86_64")]
    /// Sums over each 16 codes of a super-block, for all tokens.
    pub(super) fn sums_of_16(&self, block: usize) -> &[[i16; 16]] {
        self.sums[block * self.tokens * 16..(block + 1) * self.tokens * 16].as_chunks().0
    }

    /// Sums over each 32 codes of a super-block, for all tokens.
    pub(super) fn sums_of_32(&self, block: usize) -> &[[i16; 8]] {
        self.wide_sums[block * self.tokens * 8..(block + 1) * self.tokens * 8].as_chunks().0
    }

    /// Sums of a block of 32, for all tokens.
    pub(super) fn sums(&self, block: usize) -> &[i16] {
        &self.sums[block * self.tokens..(block + 1) * self.tokens]
    }
}
