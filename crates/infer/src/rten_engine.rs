//! Sessions of rten.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use ndarray::{ArrayD, ArrayViewD, IxDyn};
use rten::{Dimension, Model, NodeId, RunOptions, Value, ValueOrView};
use rten_tensor::{Layout, Tensor, TensorView};

use crate::{Engine, InferError, Session, Signature, error::Cause, session::TensorInfo, threads::rten_pool};

struct RtenSession {
    name: String,
    model: Model,
    signature: Signature,
}

/// Loads a file.
pub(crate) fn load_file(name: &str, path: &Path) -> Result<impl Session + use<>, InferError> {
    let bytes = std::fs::read(path).map_err(|source| InferError::Read { path: path.to_owned(), source })?;
    load_bytes(name, bytes)
}

/// Loads a file that is in memory already. The weights stay in this buffer.
pub(crate) fn load_bytes(name: &str, bytes: Vec<u8>) -> Result<impl Session + use<>, InferError> {
    let model = catch_unwind(AssertUnwindSafe(|| Model::load(bytes)))
        .map_err(|payload| InferError::panicked(format!("rten, loading {name},"), payload.as_ref()))?
        .map_err(|error| InferError::Load {
            model: name.to_owned(),
            engine: Engine::Rten,
            source: error.into(),
        })?;
    let signature = Signature {
        inputs: tensors(&model, model.input_ids()),
        outputs: tensors(&model, model.output_ids()),
        metadata: model
            .metadata()
            .fields()
            // Which program wrote the file: no metadata of the model, and the other engine does not list it.
            .filter(|(name, _)| !matches!(*name, "producer_name" | "producer_version"))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    };
    Ok(RtenSession { name: name.to_owned(), model, signature })
}

fn tensors(model: &Model, ids: &[NodeId]) -> Vec<TensorInfo> {
    ids.iter()
        .filter_map(|id| model.node_info(*id))
        .map(|info| TensorInfo {
            name: info.name().unwrap_or_default().to_owned(),
            shape: info
                .shape()
                .unwrap_or_default()
                .into_iter()
                .map(|side| match side {
                    Dimension::Fixed(size) => Some(size),
                    Dimension::Symbolic(_) => None,
                })
                .collect(),
        })
        .collect()
}

impl RtenSession {
    fn infer(
        &self,
        inputs: Vec<(String, ArrayD<f32>)>,
        read: &mut dyn FnMut(&[ArrayViewD<'_, f32>]),
    ) -> Result<(), Cause> {
        let inputs = inputs
            .into_iter()
            .map(|(name, array)| {
                let shape = array.shape().to_vec();
                // No copy: a fresh array is in standard layout and owns its vector from the start.
                let (data, _) =
                    if array.is_standard_layout() { array } else { array.as_standard_layout().into_owned() }
                        .into_raw_vec_and_offset();
                let tensor = Tensor::try_from_data(shape.as_slice(), data)?;
                Ok::<_, Cause>((self.model.node_id(&name)?, ValueOrView::Value(Value::from(tensor))))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let options = RunOptions::default().with_thread_pool(Some(rten_pool()));
        let outputs = self.model.run(inputs, self.model.output_ids(), Some(options))?;
        let tensors = outputs.iter().map(TensorView::<f32>::try_from).collect::<Result<Vec<_>, _>>()?;
        let tensors: Vec<_> = tensors.iter().map(TensorView::to_contiguous).collect();
        let views = tensors
            .iter()
            .map(|tensor| {
                let data = tensor.data();
                ArrayViewD::from_shape(IxDyn(tensor.shape()), data)
            })
            .collect::<Result<Vec<_>, _>>()?;
        read(&views);
        Ok(())
    }
}

impl Session for RtenSession {
    fn engine(&self) -> Engine {
        Engine::Rten
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run_with(
        &self,
        inputs: Vec<(String, ArrayD<f32>)>,
        read: &mut dyn FnMut(&[ArrayViewD<'_, f32>]),
    ) -> Result<(), InferError> {
        self.signature.check(&self.name, &inputs)?;
        catch_unwind(AssertUnwindSafe(|| self.infer(inputs, read)))
            .map_err(|payload| {
                InferError::panicked(format!("rten, running {},", self.name), payload.as_ref())
            })?
            .map_err(|source| InferError::Run { model: self.name.clone(), engine: Engine::Rten, source })
    }
}
