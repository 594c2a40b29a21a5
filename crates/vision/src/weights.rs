//! The tensors of a model's files, handed out once each.

use std::collections::HashMap;

use candle_core::{
    DType, Device, Module, Result, Tensor,
    quantized::{GgmlDType, QMatMul, QTensor},
};

use crate::VisionFiles;

/// How exactly the matrices of a model are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Precision {
    /// Four bytes a weight: what the reference computes.
    Full,
    /// A little more than one byte a weight (`Q8_0`): a quarter of the memory, and faster where memory is the limit.
    #[default]
    EightBits,
}

/// The tensors of a model's files. Each is taken out when it is used, so that no more than one copy stands in memory.
pub(crate) struct Weights {
    tensors: HashMap<String, Tensor>,
    precision: Precision,
}

impl Weights {
    pub(crate) fn read(files: &VisionFiles, precision: Precision) -> Result<Self> {
        let mut tensors = HashMap::new();
        for path in &files.weights {
            tensors.extend(candle_core::safetensors::load(path, &Device::Cpu)?);
        }
        Ok(Self { tensors, precision })
    }

    pub(crate) fn holds(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// A tensor of this shape, as 32-bit floats.
    pub(crate) fn take(&mut self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let Some(tensor) = self.tensors.remove(name) else {
            candle_core::bail!("the tensor `{name}` is missing");
        };
        if tensor.dims() != shape {
            candle_core::bail!("the tensor `{name}` has the shape {:?}, not {shape:?}", tensor.dims());
        }
        tensor.to_dtype(DType::F32)
    }

    /// `NAME.weight` as a matrix from `from` to `to` values, with `NAME.bias` where `bias`.
    pub(crate) fn linear(&mut self, name: &str, from: usize, to: usize, bias: bool) -> Result<Linear> {
        let weight = self.take(&format!("{name}.weight"), &[to, from])?;
        let bias = if bias { Some(self.take(&format!("{name}.bias"), &[to])?) } else { None };
        Linear::new(weight, bias, self.precision)
    }

    /// A matrix that was put together, in this precision.
    pub(crate) fn matrix(&self, weight: Tensor, bias: Option<Tensor>) -> Result<Linear> {
        Linear::new(weight, bias, self.precision)
    }
}

/// A matrix and, where there is one, what is added.
pub(crate) struct Linear {
    matrix: QMatMul,
    bias: Option<Tensor>,
}

/// How many weights `Q8_0` packs into a block: rows must be whole blocks.
const BLOCK: usize = 32;

impl Linear {
    fn new(weight: Tensor, bias: Option<Tensor>, precision: Precision) -> Result<Self> {
        let matrix = match precision {
            Precision::EightBits if weight.dim(1)? % BLOCK == 0 => {
                QMatMul::from_qtensor(QTensor::quantize(&weight, GgmlDType::Q8_0)?)?
            }
            _ => QMatMul::Tensor(weight),
        };
        Ok(Self { matrix, bias })
    }
}

impl Module for Linear {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let product = self.matrix.forward(input)?;
        match &self.bias {
            Some(bias) => product.broadcast_add(bias),
            None => Ok(product),
        }
    }
}
