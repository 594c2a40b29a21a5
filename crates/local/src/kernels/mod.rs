//! Products of quantized matrices with activations, and the small vector operations around them.
//!
//! Weights stay as the file stores them. Activations are rounded to eight bits once per product, in
//! blocks that fit those of the weights. Two ways lead from there to the result:
//!
//! - few tokens (decoding): each row of the matrix meets each token in one dot product, straight from the file;
//! - many tokens (prefill): sixteen rows at a time are unpacked and turned, so that one vector instruction
//!   serves sixteen rows (`panel`).
//!
//! [`Isa`] says at run time which instructions the processor has; a published program needs no special build.
//! Block layouts: <https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h>.

mod activations;
mod scalar;
pub(crate) mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use activations::{Activations, Grain};

use crate::{gguf::TensorKind, options::Processor};

/// Numbers in a block of the K formats.
pub(crate) const SUPER: usize = 256;
/// Numbers in a block of the plain formats.
pub(crate) const BLOCK: usize = 32;
/// Rows that are worked on together.
pub(crate) const TILE: usize = 16;
#[cfg(target_arch = "x86_64")]
/// From this many tokens on, unpacking rows pays.
const PANEL_TOKENS: usize = 6;

/// Which vector instructions to use. Values exist only for what this processor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Isa(Level);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Isa {
    /// The best that this processor has and `most` allows.
    pub(crate) fn detect(most: Processor) -> Self {
        let allowed = match most {
            Processor::Best => usize::MAX,
            Processor::Avx2 => 2,
            Processor::Portable => 1,
        };
        let mut supported = Self::supported();
        supported.truncate(allowed);
        supported.pop().unwrap_or(Self(Level::Scalar))
    }

    /// All that this processor has, the plainest first.
    pub(crate) fn supported() -> Vec<Self> {
        #[cfg_attr(not(target_arch = "x86_64"), expect(unused_mut, reason = "only one way elsewhere"))]
        let mut supported = vec![Self(Level::Scalar)];
        #[cfg(target_arch = "x86_64")]
        {
            if x86::has_avx2() {
                supported.push(Self(Level::Avx2));
                if x86::has_avx512() {
                    supported.push(Self(Level::Avx512));
                }
            }
        }
        supported
    }

    /// A name for logs.
    pub(crate) const fn name(self) -> &'static str {
        match self.0 {
            Level::Scalar => "portable",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => "AVX-512 VNNI",
        }
    }
}

/// A format that the kernels read in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Q4K,
    Q6K,
    Q4_1,
    Q8_0,
}

impl Format {
    /// The format of a tensor, where the kernels know it.
    pub(crate) const fn of(kind: TensorKind) -> Option<Self> {
        match kind {
            TensorKind::Q4K => Some(Self::Q4K),
            TensorKind::Q6K => Some(Self::Q6K),
            TensorKind::Q4_1 => Some(Self::Q4_1),
            TensorKind::Q8_0 => Some(Self::Q8_0),
            _ => None,
        }
    }

    pub(crate) const fn kind(self) -> TensorKind {
        match self {
            Self::Q4K => TensorKind::Q4K,
            Self::Q6K => TensorKind::Q6K,
            Self::Q4_1 => TensorKind::Q4_1,
            Self::Q8_0 => TensorKind::Q8_0,
        }
    }

    /// Bytes of a block.
    pub(crate) const fn block_bytes(self) -> usize {
        self.kind().block().1
    }

    /// How activations must be rounded to meet it.
    pub(crate) const fn grain(self) -> Grain {
        match self {
            Self::Q4K | Self::Q6K => Grain::Super,
            Self::Q4_1 | Self::Q8_0 => Grain::Block,
        }
    }
}

/// Multiplies up to [`TILE`] rows with all tokens: `out[token * TILE + row]`.
///
/// `rows` holds whole rows of `format`, as wide as the activations. Entries of rows that are not there
/// are left as they are.
pub(crate) fn multiply_tile(isa: Isa, format: Format, rows: &[u8], input: &Activations, out: &mut [f32]) {
    let row_bytes = input.columns() / format.kind().block().0 * format.block_bytes();
    assert_eq!(input.grain(), format.grain(), "activations are rounded for another format");
    assert!(
        rows.len().is_multiple_of(row_bytes) && rows.len() <= row_bytes * TILE,
        "whole rows, at most a tile"
    );
    assert_eq!(out.len(), input.tokens() * TILE, "one tile of results a token");
    match isa.0 {
        Level::Scalar => scalar::tile(format, rows, row_bytes, input, out),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2
            if format != Format::Q8_0 && input.tokens() >= PANEL_TOKENS && rows.len() == row_bytes * TILE =>
        {
            x86::panel_avx2(format, rows, row_bytes, input, out);
        }
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => x86::tile_avx2(format, rows, row_bytes, input, out),
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 if input.tokens() >= PANEL_TOKENS && rows.len() == row_bytes * TILE => {
            x86::panel_avx512(format, rows, row_bytes, input, out);
        }
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => x86::tile_avx512(format, rows, row_bytes, input, out),
    }
}

#[cfg(test)]
#[path = "kernel_tests.rs"]
mod tests;
