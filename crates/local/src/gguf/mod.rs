//! GGUF files: metadata and tensors, read from a mapped file without trusting a word of it.
//!
//! Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>. Versions 2 and 3, little endian.
//! Nothing is allocated by a length that the file only claims: arrays stay in the map and are walked
//! when asked for.

mod cursor;
mod kind;
mod value;

use std::{collections::HashMap, ops::Range, path::Path};

use cursor::Cursor;
pub(crate) use kind::TensorKind;
pub(crate) use value::Value;

use crate::{
    error::{Fault, LoadError, corrupt, unsupported},
    map::Mapped,
};

/// More dimensions than any model's tensor has.
const MOST_DIMENSIONS: u32 = 4;

/// A tensor as the file describes it.
#[derive(Debug, Clone)]
pub(crate) struct TensorInfo {
    pub(crate) kind: TensorKind,
    /// Dimensions, innermost first: `[columns, rows]` for a matrix.
    pub(crate) dimensions: Vec<usize>,
    /// Where its bytes stand in the file.
    pub(crate) range: Range<usize>,
}

/// An open GGUF file.
#[derive(Debug)]
pub(crate) struct Gguf {
    map: Mapped,
    metadata: HashMap<String, Value>,
    tensors: HashMap<String, TensorInfo>,
    /// Where the header ends: it holds metadata and the description of all tensors.
    header_end: usize,
}

impl Gguf {
    /// Opens a file and checks everything that its header says.
    pub(crate) fn open(path: &Path) -> Result<Self, LoadError> {
        let map = Mapped::open(path).map_err(|source| LoadError::Read { path: path.into(), source })?;
        Self::parse(map).map_err(|fault| fault.in_file(path))
    }

    fn parse(map: Mapped) -> Result<Self, Fault> {
        let bytes = map.bytes();
        let mut cursor = Cursor::new(bytes);
        if cursor.take(4)? != b"GGUF" {
            return Err(corrupt("it does not begin with the letters GGUF"));
        }
        let version = cursor.u32()?;
        if !(2..=3).contains(&version) {
            return Err(unsupported(format!("GGUF version {version}; known are 2 and 3")));
        }
        let tensor_count = cursor.u64()?;
        let metadata_count = cursor.u64()?;
        let mut metadata = HashMap::new();
        for _ in 0..metadata_count {
            let key = cursor.string()?.to_owned();
            let value = value::read(&mut cursor)?;
            if metadata.insert(key.clone(), value).is_some() {
                return Err(corrupt(format!("the key `{key}` stands there twice")));
            }
        }
        let alignment = match metadata.get("general.alignment") {
            None => 32,
            Some(value) => {
                value.as_usize().filter(|a| a.is_power_of_two() && (8..=65536).contains(a)).ok_or_else(
                    || corrupt(format!("its alignment is {value:?}, not a power of two between 8 and 65536")),
                )?
            }
        };
        let mut described = Vec::new();
        for _ in 0..tensor_count {
            described.push(read_tensor(&mut cursor)?);
        }
        let header_end = cursor.position();
        let data_start = header_end.next_multiple_of(alignment);
        let mut tensors = HashMap::with_capacity(described.len());
        for (name, kind, dimensions, offset) in described {
            let info = place(bytes.len(), data_start, alignment, &name, kind, dimensions, offset)?;
            if tensors.insert(name.clone(), info).is_some() {
                return Err(corrupt(format!("the tensor `{name}` stands there twice")));
            }
        }
        Ok(Self { map, metadata, tensors, header_end })
    }

    /// The mapped file.
    pub(crate) fn map(&self) -> &Mapped {
        &self.map
    }

    /// Header bytes: metadata and the description of all tensors.
    pub(crate) fn header(&self) -> &[u8] {
        &self.map.bytes()[..self.header_end]
    }

    pub(crate) fn tensor(&self, name: &str) -> Option<&TensorInfo> {
        self.tensors.get(name)
    }

    /// The bytes of a tensor of this file.
    pub(crate) fn tensor_bytes(&self, info: &TensorInfo) -> &[u8] {
        &self.map.bytes()[info.range.clone()]
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.metadata.get(key)
    }

    /// A whole number that must be there.
    pub(crate) fn number(&self, key: &str) -> Result<usize, Fault> {
        let value = self.get(key).ok_or_else(|| corrupt(format!("the key `{key}` is missing")))?;
        value.as_usize().ok_or_else(|| corrupt(format!("`{key}` is {value:?}, not a whole number")))
    }

    /// A text, where there is one.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match self.get(key) {
            Some(Value::Text(range)) => std::str::from_utf8(&self.map.bytes()[range.clone()]).ok(),
            _ => None,
        }
    }

    /// An array of strings that must be there.
    pub(crate) fn strings(&self, key: &str) -> Result<impl Iterator<Item = &str>, Fault> {
        match self.get(key) {
            Some(Value::Array(array)) if array.kind == value::STRING => Ok(array.strings(self.map.bytes())),
            Some(_) => Err(corrupt(format!("`{key}` is not an array of strings"))),
            None => Err(corrupt(format!("the key `{key}` is missing"))),
        }
    }

    /// An array of whole numbers, where there is one.
    pub(crate) fn integers(&self, key: &str) -> Option<impl Iterator<Item = i64>> {
        match self.get(key) {
            Some(Value::Array(array)) => array.integers(self.map.bytes()),
            _ => None,
        }
    }
}

type Described = (String, TensorKind, Vec<usize>, u64);

fn read_tensor(cursor: &mut Cursor<'_>) -> Result<Described, Fault> {
    let name = cursor.string()?.to_owned();
    let dimension_count = cursor.u32()?;
    if dimension_count == 0 || dimension_count > MOST_DIMENSIONS {
        return Err(corrupt(format!("the tensor `{name}` has {dimension_count} dimensions")));
    }
    let mut dimensions = Vec::with_capacity(dimension_count as usize);
    for _ in 0..dimension_count {
        let size = usize::try_from(cursor.u64()?).ok().filter(|size| *size > 0);
        dimensions.push(size.ok_or_else(|| corrupt(format!("a dimension of `{name}` is out of range")))?);
    }
    let code = cursor.u32()?;
    let kind = TensorKind::from_code(code)
        .ok_or_else(|| unsupported(format!("the tensor `{name}` is stored as ggml type {code}")))?;
    Ok((name, kind, dimensions, cursor.u64()?))
}

fn place(
    file_length: usize,
    data_start: usize,
    alignment: usize,
    name: &str,
    kind: TensorKind,
    dimensions: Vec<usize>,
    offset: u64,
) -> Result<TensorInfo, Fault> {
    let overflow = || corrupt(format!("the tensor `{name}` is larger than any file: {dimensions:?}"));
    let (block, block_bytes) = kind.block();
    if !dimensions[0].is_multiple_of(block) {
        return Err(corrupt(format!(
            "rows of `{name}` have {} columns, not whole {kind:?} blocks",
            dimensions[0]
        )));
    }
    let elements =
        dimensions.iter().try_fold(1_usize, |all, size| all.checked_mul(*size)).ok_or_else(overflow)?;
    let length = (elements / block).checked_mul(block_bytes).ok_or_else(overflow)?;
    let offset = usize::try_from(offset).map_err(|_| overflow())?;
    if !offset.is_multiple_of(alignment) {
        return Err(corrupt(format!("the tensor `{name}` does not begin at a multiple of {alignment}")));
    }
    let start = data_start.checked_add(offset).ok_or_else(overflow)?;
    let end = start.checked_add(length).ok_or_else(overflow)?;
    if end > file_length {
        return Err(corrupt(format!(
            "the tensor `{name}` ends at byte {end}, the file at {file_length}: it was cut short"
        )));
    }
    Ok(TensorInfo { kind, dimensions, range: start..end })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
