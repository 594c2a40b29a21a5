//! A model file in memory: mapped, not read, so that its pages are shared and dropped by the system as it likes.
#![expect(unsafe_code, reason = "mapping a file is unsafe: somebody else may change it")]

use std::{fs::File, io, path::Path, sync::Arc};

/// The bytes of a file.
#[derive(Debug, Clone)]
pub(crate) struct Mapped(Arc<memmap2::Mmap>);

impl Mapped {
    /// Maps a file for reading.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
        }
        if metadata.len() == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file is empty"));
        }
        // SAFETY: The map is read-only and private to this type. Model files are written once and moved
        // into place by an atomic rename; whoever rewrites one in place breaks every program that has it open.
        let map = unsafe { memmap2::Mmap::map(&file)? };
        Ok(Self(Arc::new(map)))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
