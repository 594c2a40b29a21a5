//! A network that is ready to run.

use std::{collections::BTreeMap, fmt, str::FromStr};

use ndarray::{ArrayD, ArrayViewD};

use crate::InferError;

/// An inference engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// Pure Rust, always there, loads any file in milliseconds; needs two to three times the time of the other.
    Rten,
    /// Microsoft's ONNX Runtime, loaded at run time from its shared library.
    OnnxRuntime,
}

impl fmt::Display for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Rten => "rten",
            Self::OnnxRuntime => "onnxruntime",
        })
    }
}

/// Which engine to use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum EngineChoice {
    /// ONNX Runtime where its library is at hand, else rten.
    #[default]
    Auto,
    /// rten.
    Rten,
    /// ONNX Runtime, or an error.
    OnnxRuntime,
}

impl fmt::Display for EngineChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Auto => "auto",
            Self::Rten => "rten",
            Self::OnnxRuntime => "onnxruntime",
        })
    }
}

impl FromStr for EngineChoice {
    type Err = InferError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "auto" => Ok(Self::Auto),
            "rten" => Ok(Self::Rten),
            "onnxruntime" | "ort" => Ok(Self::OnnxRuntime),
            _ => Err(InferError::UnknownEngine { name: name.to_owned() }),
        }
    }
}

/// One input or output of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name in the file.
    pub name: String,
    /// Its dimensions; `None` where the file leaves one open. Empty where the file says nothing.
    pub shape: Vec<Option<usize>>,
}

impl TensorInfo {
    /// Whether a tensor of this shape may stand here.
    fn takes(&self, shape: &[usize]) -> bool {
        self.shape.is_empty()
            || self.shape.len() == shape.len()
                && self
                    .shape
                    .iter()
                    .zip(shape)
                    .all(|(wanted, given)| wanted.is_none_or(|wanted| wanted == *given))
    }
}

impl fmt::Display for TensorInfo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sides: Vec<_> = self
            .shape
            .iter()
            .map(|side| side.map_or_else(|| "?".to_owned(), |side| side.to_string()))
            .collect();
        write!(formatter, "{} [{}]", self.name, sides.join(", "))
    }
}

/// What a network takes and gives, and what its file says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signature {
    /// The inputs.
    pub inputs: Vec<TensorInfo>,
    /// The outputs, in the order in which [`Session::run`] gives them.
    pub outputs: Vec<TensorInfo>,
    /// The file's own metadata, such as the `character` list of PP-OCR recognisers.
    pub metadata: BTreeMap<String, String>,
}

impl Signature {
    /// Refuses inputs that the network does not take: a name it lacks, one left out, another shape.
    ///
    /// # Errors
    /// [`InferError::Input`].
    pub fn check(&self, model: &str, inputs: &[(String, ArrayD<f32>)]) -> Result<(), InferError> {
        let fits = inputs.len() == self.inputs.len()
            && self.inputs.iter().all(|wanted| {
                inputs.iter().any(|(name, tensor)| *name == wanted.name && wanted.takes(tensor.shape()))
            });
        if fits {
            return Ok(());
        }
        let list =
            |parts: Vec<String>| if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") };
        Err(InferError::Input {
            model: model.to_owned(),
            expected: list(self.inputs.iter().map(ToString::to_string).collect()),
            given: list(inputs.iter().map(|(name, tensor)| format!("{name} {:?}", tensor.shape())).collect()),
        })
    }
}

/// A network that is ready to run. Sessions are shared: calls from several threads are safe, and wait for
/// each other where the engine cannot do better.
///
/// Running blocks the thread for as long as the network takes: use [`crate::off_thread`] from async code.
pub trait Session: Send + Sync {
    /// The engine that runs it.
    fn engine(&self) -> Engine;

    /// What it takes and gives.
    fn signature(&self) -> &Signature;

    /// Runs the network and shows the outputs, in the signature's order, to `read` without copying them.
    /// `read` is called once, or not at all when there is an error.
    ///
    /// # Errors
    /// [`InferError::Input`], [`InferError::Run`], [`InferError::Panicked`].
    fn run_with(
        &self,
        inputs: Vec<(String, ArrayD<f32>)>,
        read: &mut dyn FnMut(&[ArrayViewD<'_, f32>]),
    ) -> Result<(), InferError>;

    /// Runs the network and gives its outputs in the signature's order.
    ///
    /// # Errors
    /// As [`Session::run_with`].
    fn run(&self, inputs: Vec<(String, ArrayD<f32>)>) -> Result<Vec<ArrayD<f32>>, InferError> {
        let mut outputs = Vec::new();
        self.run_with(inputs, &mut |views| outputs = views.iter().map(ArrayViewD::to_owned).collect())?;
        Ok(outputs)
    }
}
