//! Values of the metadata.

use std::ops::Range;

use super::cursor::Cursor;
use crate::error::{Fault, corrupt};

pub(super) const STRING: u32 = 8;
const ARRAY: u32 = 9;

/// A value of the metadata. Texts and arrays stay in the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Truth(bool),
    /// Where a text stands in the file; it is UTF-8.
    Text(Range<usize>),
    Array(Array),
}

impl Value {
    pub(crate) fn as_usize(&self) -> Option<usize> {
        match self {
            Self::Unsigned(number) => usize::try_from(*number).ok(),
            Self::Signed(number) => usize::try_from(*number).ok(),
            _ => None,
        }
    }

    pub(crate) fn as_float(&self) -> Option<f32> {
        match self {
            Self::Float(number) => Some(*number as f32),
            Self::Unsigned(number) => Some(*number as f32),
            Self::Signed(number) => Some(*number as f32),
            _ => None,
        }
    }
}

/// An array that stays in the file. Its strings are known to be whole and UTF-8.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Array {
    pub(super) kind: u32,
    pub(crate) length: usize,
    range: Range<usize>,
}

impl Array {
    pub(super) fn strings<'a>(&self, file: &'a [u8]) -> impl Iterator<Item = &'a str> + use<'a> {
        let mut cursor = Cursor::new(&file[self.range.clone()]);
        let length = if self.kind == STRING { self.length } else { 0 };
        (0..length).map_while(move |_| cursor.string().ok())
    }

    pub(super) fn integers<'a>(&self, file: &'a [u8]) -> Option<impl Iterator<Item = i64> + use<'a>> {
        let kind = self.kind;
        matches!(kind, 0..=5 | 10 | 11).then(|| {
            let mut cursor = Cursor::new(&file[self.range.clone()]);
            (0..self.length).map_while(move |_| match scalar(&mut cursor, kind) {
                Ok(Value::Unsigned(number)) => i64::try_from(number).ok(),
                Ok(Value::Signed(number)) => Some(number),
                _ => None,
            })
        })
    }
}

pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Value, Fault> {
    let kind = cursor.u32()?;
    match kind {
        STRING => {
            let length = {
                let before = cursor.position();
                let text = cursor.string()?;
                before + 8..before + 8 + text.len()
            };
            Ok(Value::Text(length))
        }
        ARRAY => Ok(Value::Array(array(cursor)?)),
        _ => scalar(cursor, kind),
    }
}

fn array(cursor: &mut Cursor<'_>) -> Result<Array, Fault> {
    let kind = cursor.u32()?;
    let length = cursor.length()?;
    let start = cursor.position();
    if kind == STRING {
        for _ in 0..length {
            cursor.string()?;
        }
    } else {
        let size = size_of_scalar(kind)
            .ok_or_else(|| corrupt(format!("an array of value type {kind} stands at byte {start}")))?;
        let bytes =
            length.checked_mul(size).ok_or_else(|| corrupt(format!("an array has {length} entries")))?;
        cursor.take(bytes)?;
    }
    Ok(Array { kind, length, range: start..cursor.position() })
}

const fn size_of_scalar(kind: u32) -> Option<usize> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

fn scalar(cursor: &mut Cursor<'_>, kind: u32) -> Result<Value, Fault> {
    let at = cursor.position();
    let size =
        size_of_scalar(kind).ok_or_else(|| corrupt(format!("value type {kind} stands at byte {at}")))?;
    let bytes = cursor.take(size)?;
    let mut wide = [0_u8; 8];
    wide[..size].copy_from_slice(bytes);
    let unsigned = u64::from_le_bytes(wide);
    // Sign extension from the width at hand.
    let shift = 64 - 8 * size as u32;
    let signed = (unsigned << shift) as i64 >> shift;
    Ok(match kind {
        0 | 2 | 4 | 10 => Value::Unsigned(unsigned),
        1 | 3 | 5 | 11 => Value::Signed(signed),
        6 => Value::Float(f64::from(f32::from_bits(unsigned as u32))),
        7 => Value::Truth(unsigned != 0),
        _ => Value::Float(f64::from_bits(unsigned)),
    })
}
