//! Reads numbers and strings from bytes, each read checked against the end.

use crate::error::{Fault, corrupt};

pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    pub(super) fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        if length > self.remaining() {
            return Err(corrupt(format!(
                "{length} bytes are announced at byte {}, {} are left: it was cut short",
                self.position,
                self.remaining()
            )));
        }
        let taken = &self.bytes[self.position..self.position + length];
        self.position += length;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Fault> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, Fault> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A length that must fit into what is left of the file.
    pub(super) fn length(&mut self) -> Result<usize, Fault> {
        let at = self.position;
        let length = self.u64()?;
        usize::try_from(length).ok().filter(|length| *length <= self.remaining()).ok_or_else(|| {
            corrupt(format!(
                "a length of {length} is announced at byte {at}, {} bytes are left",
                self.remaining()
            ))
        })
    }

    pub(super) fn string(&mut self) -> Result<&'a str, Fault> {
        let at = self.position;
        let length = self.length()?;
        std::str::from_utf8(self.take(length)?)
            .map_err(|_| corrupt(format!("the text at byte {at} is not UTF-8")))
    }
}
