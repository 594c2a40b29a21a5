//! Quantized matrices, in the mapped file or in memory, and their products.

use std::ops::Range;

use candle_core::{
    Device,
    quantized::{GgmlDType, QTensor, ggml_file::qtensor_from_ggml},
};
use rayon::prelude::*;

use crate::{
    error::{Fault, corrupt, unsupported},
    gguf::{Gguf, TensorInfo, TensorKind},
    kernels::{self, Activations, Format, Grain, Isa, TILE, vector},
    map::Mapped,
};

/// Where the bytes of a matrix are.
#[derive(Debug)]
enum Bytes {
    Mapped(Mapped, Range<usize>),
    Owned(Vec<u8>),
}

/// A matrix as the file stores it.
#[derive(Debug)]
pub(crate) struct Matrix {
    bytes: Bytes,
    format: Format,
    columns: usize,
    rows: usize,
    row_bytes: usize,
}

impl Matrix {
    /// The matrix of that name, which must have this shape. Formats without a kernel are turned to one that has.
    pub(crate) fn load(file: &Gguf, name: &str, columns: usize, rows: usize) -> Result<Self, Fault> {
        let info = file.tensor(name).ok_or_else(|| corrupt(format!("the tensor `{name}` is missing")))?;
        Self::from_info(file, name, info, columns, rows)
    }

    pub(crate) fn from_info(
        file: &Gguf,
        name: &str,
        info: &TensorInfo,
        columns: usize,
        rows: usize,
    ) -> Result<Self, Fault> {
        if info.dimensions != [columns, rows] {
            return Err(corrupt(format!(
                "the tensor `{name}` is {:?}, and {:?} follows from the model's sizes",
                info.dimensions,
                [columns, rows]
            )));
        }
        let (format, bytes) = match Format::of(info.kind) {
            Some(format) => (format, Bytes::Mapped(file.map().clone(), info.range.clone())),
            None if info.kind == TensorKind::Q4_0 => {
                (Format::Q4_1, Bytes::Owned(as_q4_1(file.tensor_bytes(info))))
            }
            None => (Format::Q8_0, Bytes::Owned(as_q8_0(info, file.tensor_bytes(info), name)?)),
        };
        let (block, block_bytes) = format.kind().block();
        Ok(Self { bytes, format, columns, rows, row_bytes: columns / block * block_bytes })
    }

    pub(crate) const fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) const fn grain(&self) -> Grain {
        self.format.grain()
    }

    fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Mapped(map, range) => &map.bytes()[range.clone()],
            Bytes::Owned(bytes) => bytes,
        }
    }

    /// Multiplies with all tokens of `input`, on all threads of the pool that this runs in.
    pub(crate) fn multiply(&self, isa: Isa, input: &Rounded, out: &mut Tiled) {
        let input = input.of(self.grain());
        assert_eq!(input.columns(), self.columns, "activations as wide as the matrix");
        out.reshape(input.tokens(), self.rows);
        let tile_bytes = self.row_bytes * TILE;
        // Small tasks cost more to hand over than to do.
        let least = (32_768 / (tile_bytes * input.tokens().min(8))).max(1);
        out.values
            .par_chunks_exact_mut(input.tokens() * TILE)
            .zip(self.bytes().par_chunks(tile_bytes))
            .with_min_len(least)
            .for_each(|(out, rows)| kernels::multiply_tile(isa, self.format, rows, input, out));
    }

    /// Widens one row: an embedding.
    pub(crate) fn row(&self, index: usize, out: &mut [f32]) -> Result<(), Fault> {
        let bytes = &self.bytes()[index * self.row_bytes..(index + 1) * self.row_bytes];
        let wide = widen(self.format.kind(), bytes, self.columns)?;
        out.copy_from_slice(&wide);
        Ok(())
    }
}

fn candle_fault(error: &candle_core::Error) -> Fault {
    unsupported(format!("a tensor cannot be read: {error}"))
}

fn widen(kind: TensorKind, bytes: &[u8], columns: usize) -> Result<Vec<f32>, Fault> {
    let read = || -> candle_core::Result<Vec<f32>> {
        let tensor = qtensor_from_ggml(kind.in_candle(), bytes, vec![1, columns], &Device::Cpu)?;
        tensor.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1()
    };
    read().map_err(|error| candle_fault(&error))
}

/// `Q4_0` has `scale * (code - 8)`, `Q4_1` has `scale * code + offset`: the same codes, and no rounding.
fn as_q4_1(bytes: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(bytes.len() / 18 * 20);
    for block in bytes.chunks_exact(18) {
        let scale = half::f16::from_le_bytes([block[0], block[1]]);
        result.extend_from_slice(&block[..2]);
        result.extend(half::f16::from_f32(-8.0 * scale.to_f32()).to_le_bytes());
        result.extend_from_slice(&block[2..]);
    }
    result
}

fn as_q8_0(info: &TensorInfo, bytes: &[u8], name: &str) -> Result<Vec<u8>, Fault> {
    let (columns, rows) = (info.dimensions[0], info.dimensions[1]);
    if !columns.is_multiple_of(32) {
        return Err(unsupported(format!("rows of `{name}` have {columns} columns, not a multiple of 32")));
    }
    let row_bytes = bytes.len() / rows;
    let mut result = Vec::with_capacity(columns / 32 * 34 * rows);
    let mut turn = || -> candle_core::Result<()> {
        // Some rows at a time: the wide form of the whole would be many times the file.
        for some in bytes.chunks(row_bytes * 64) {
            let shape = vec![some.len() / row_bytes, columns];
            let tensor = qtensor_from_ggml(info.kind.in_candle(), some, shape, &Device::Cpu)?;
            let wide = tensor.dequantize(&Device::Cpu)?;
            result.extend_from_slice(&QTensor::quantize(&wide, GgmlDType::Q8_0)?.data()?);
        }
        Ok(())
    };
    turn().map_err(|error| candle_fault(&error))?;
    Ok(result)
}

/// A vector of full numbers, such as the weights of a norm or a bias.
pub(crate) fn load_vector(file: &Gguf, name: &str, length: usize) -> Result<Vec<f32>, Fault> {
    let info = file.tensor(name).ok_or_else(|| corrupt(format!("the tensor `{name}` is missing")))?;
    if info.dimensions != [length] {
        return Err(corrupt(format!("the tensor `{name}` is {:?}, not [{length}]", info.dimensions)));
    }
    widen(info.kind, file.tensor_bytes(info), length)
}

/// Activations, rounded for the formats that they are to meet.
#[derive(Debug)]
pub(crate) struct Rounded {
    fine: Activations,
    coarse: Activations,
}

impl Rounded {
    pub(crate) const fn new() -> Self {
        Self { fine: Activations::new(Grain::Block), coarse: Activations::new(Grain::Super) }
    }

    /// Rounds `[token][column]` activations for these matrices.
    pub(crate) fn round(&mut self, isa: Isa, values: &[f32], columns: usize, matrices: &[&Matrix]) {
        if matrices.iter().any(|matrix| matrix.grain() == Grain::Block) {
            self.fine.round(isa, values, columns);
        }
        if matrices.iter().any(|matrix| matrix.grain() == Grain::Super) {
            self.coarse.round(isa, values, columns);
        }
    }

    const fn of(&self, grain: Grain) -> &Activations {
        match grain {
            Grain::Block => &self.fine,
            Grain::Super => &self.coarse,
        }
    }
}

/// Results of a product, tile by tile: `[row / 16][token][row % 16]`, so that each thread writes one stretch.
#[derive(Debug, Default)]
pub(crate) struct Tiled {
    values: Vec<f32>,
    tokens: usize,
    rows: usize,
}

impl Tiled {
    fn reshape(&mut self, tokens: usize, rows: usize) {
        (self.tokens, self.rows) = (tokens, rows);
        self.values.resize(rows.next_multiple_of(TILE) * tokens, 0.0);
    }

    /// Copies the row of a token, as long as `out`.
    pub(crate) fn copy_token(&self, token: usize, out: &mut [f32]) {
        for (part, tile) in out.chunks_mut(TILE).zip(self.tiles(token)) {
            part.copy_from_slice(&tile[..part.len()]);
        }
    }

    /// Adds the row of a token to `out`.
    pub(crate) fn add_token(&self, token: usize, out: &mut [f32]) {
        for (part, tile) in out.chunks_mut(TILE).zip(self.tiles(token)) {
            for (out, value) in part.iter_mut().zip(tile) {
                *out += value;
            }
        }
    }

    /// `self = silu(self) * up`, on all threads.
    pub(crate) fn silu_times(&mut self, isa: Isa, up: &Self) {
        let length = TILE * self.tokens.max(1) * 4;
        self.values
            .par_chunks_mut(length)
            .zip(up.values.par_chunks(length))
            .for_each(|(gate, up)| vector::silu_times(isa, gate, up));
    }

    fn tiles(&self, token: usize) -> impl Iterator<Item = &[f32; TILE]> {
        self.values.as_chunks().0.iter().skip(token).step_by(self.tokens.max(1))
    }
}
