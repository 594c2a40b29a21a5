//! The file: a zip with a pickle of the objects, and one entry for the numbers of each tensor.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use candle_core::pickle::{Object, Stack};
use half::{bf16, f16};
use zip::ZipArchive;

use crate::{
    error::Fault,
    module::{Module, to_size},
};

/// More than the objects of any detector take; what is larger is something else.
const LARGEST_PICKLE: u64 = 16 << 20;

/// More numbers than any tensor of a detector has.
const LARGEST_TENSOR: usize = 64 << 20;

/// An open checkpoint.
pub(crate) struct Archive {
    zip: ZipArchive<BufReader<File>>,
    /// What stands before the names of the tensors' entries.
    folder: String,
}

/// A tensor's shape and its numbers, the last direction running fastest.
pub(crate) struct Values {
    pub(crate) shape: Vec<usize>,
    pub(crate) numbers: Vec<f32>,
}

impl Archive {
    /// Opens a file and reads its objects.
    pub(crate) fn open(path: &Path) -> Result<(Self, Object), Fault> {
        let file = File::open(path).map_err(Fault::Read)?;
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(format)?;
        let mut pickle = None;
        for number in 0..zip.len() {
            let entry = zip.by_index_raw(number).map_err(format)?;
            let name = entry.name().map_err(format)?;
            if name.ends_with("data.pkl") {
                pickle = Some((number, name.trim_end_matches(".pkl").to_owned()));
            }
        }
        let (number, folder) = pickle.ok_or_else(|| Fault::Format("it has no data.pkl".to_owned()))?;
        let mut bytes = Vec::new();
        let entry = zip.by_index(number).map_err(format)?;
        entry.take(LARGEST_PICKLE + 1).read_to_end(&mut bytes).map_err(Fault::Read)?;
        if bytes.len() as u64 > LARGEST_PICKLE {
            return Err(Fault::Format("its data.pkl is far larger than a network's".to_owned()));
        }
        let mut stack = Stack::empty();
        stack.read_loop(&mut bytes.as_slice()).map_err(format)?;
        let object = stack.finalize().map_err(format)?;
        Ok((Self { zip, folder }, object))
    }

    /// A tensor of a module.
    pub(crate) fn tensor(&mut self, module: &Module<'_>, name: &str) -> Result<Values, Fault> {
        let tensor = self.optional_tensor(module, name)?;
        tensor.ok_or_else(|| module.fault(format!("has no tensor `{name}`")))
    }

    /// A tensor of a module, if it has one of the name.
    pub(crate) fn optional_tensor(
        &mut self,
        module: &Module<'_>,
        name: &str,
    ) -> Result<Option<Values>, Fault> {
        let Some(object) = module.tensor(name) else { return Ok(None) };
        let of = |reason: String| module.fault(format!("tensor `{name}`: {reason}"));
        let placed = Placed::of(object).ok_or_else(|| of("is not written as tensors are".to_owned()))?;
        let Placed { storage, shape, strides, start, kind } = placed;
        let count = shape.iter().try_fold(1_usize, |product, side| product.checked_mul(*side));
        let count = count.filter(|count| (1..=LARGEST_TENSOR).contains(count));
        let count = count.ok_or_else(|| of(format!("has the shape {shape:?}")))?;
        let reach = shape.iter().zip(&strides).map(|(side, stride)| (side - 1).saturating_mul(*stride));
        let last = reach.fold(0_usize, usize::saturating_add);
        if last > LARGEST_TENSOR || start > LARGEST_TENSOR {
            return Err(of(format!("lies from {start} on in steps of {strides:?}")));
        }
        let (size, read): (usize, fn(&[u8]) -> f32) = match kind {
            "HalfStorage" => (2, |bytes| f16::from_le_bytes([bytes[0], bytes[1]]).to_f32()),
            "BFloat16Storage" => (2, |bytes| bf16::from_le_bytes([bytes[0], bytes[1]]).to_f32()),
            "FloatStorage" => (4, |bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])),
            _ => return Err(of(format!("is kept in a {kind}"))),
        };
        let mut bytes = vec![0; (last + 1) * size];
        let path = format!("{}/{storage}", self.folder);
        let mut entry = self.zip.by_name(&path).map_err(|error| of(error.to_string()))?;
        std::io::copy(&mut (&mut entry).take((start * size) as u64), &mut std::io::sink())
            .map_err(Fault::Read)?;
        entry.read_exact(&mut bytes).map_err(|error| of(format!("{path}: {error}")))?;
        let places = (0..count).map(|number| {
            let (mut rest, mut place) = (number, 0);
            for (side, stride) in shape.iter().zip(&strides).rev() {
                place += rest % side * stride;
                rest /= side;
            }
            place
        });
        let numbers = places.map(|place| read(&bytes[place * size..])).collect();
        Ok(Some(Values { shape, numbers }))
    }
}

/// Where the numbers of a tensor lie.
struct Placed<'a> {
    /// The name of the entry that holds them.
    storage: &'a str,
    shape: Vec<usize>,
    /// How far apart neighbors in each direction lie, in numbers.
    strides: Vec<usize>,
    /// Where the first one lies, in numbers.
    start: usize,
    /// The class of what holds them, which tells the numbers' type.
    kind: &'a str,
}

impl<'a> Placed<'a> {
    /// What was pickled for a tensor: the call of `torch._utils._rebuild_tensor_v2(storage, start, shape, strides, ...)`, within
    /// one of `_rebuild_parameter` where training changes the tensor.
    fn of(object: &'a Object) -> Option<Self> {
        let Object::Reduce { callable, args } = object else { return None };
        let (Object::Class { class_name, .. }, Object::Tuple(arguments)) = (&**callable, &**args) else {
            return None;
        };
        match (class_name.as_str(), arguments.as_slice()) {
            ("_rebuild_parameter", [tensor, ..]) => Self::of(tensor),
            ("_rebuild_tensor_v2", [Object::PersistentLoad(storage), start, shape, strides, ..]) => {
                let Object::Tuple(storage) = &**storage else { return None };
                let [_, Object::Class { class_name, .. }, Object::Unicode(name), ..] = storage.as_slice()
                else {
                    return None;
                };
                let (shape, strides) = (sizes(shape)?, sizes(strides)?);
                let start = to_size(start)?;
                (shape.len() == strides.len()).then_some(Self {
                    storage: name,
                    shape,
                    strides,
                    start,
                    kind: class_name,
                })
            }
            _ => None,
        }
    }
}

fn sizes(object: &Object) -> Option<Vec<usize>> {
    match object {
        Object::Tuple(sizes) => sizes.iter().map(to_size).collect(),
        _ => None,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` gives it")]
fn format(error: impl ToString) -> Fault {
    Fault::Format(error.to_string())
}
