//! Opens regular files: a pipe would wait for ever, a device never end, and between a look at a path and its use
//! another thing may be put there.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use crate::{ImageError, Limits};

#[cfg(target_os = "linux")]
pub(crate) use linux::{Pinned, pinned};
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::{Pinned, pinned};

/// Why a file was not opened.
#[derive(Debug)]
pub(crate) enum OpenError {
    Missing,
    NotAFile,
    Io(io::Error),
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound { Self::Missing } else { Self::Io(error) }
    }
}

/// All that a file holds, or `None` where that is more than the limit. The file may grow while it is read: the limit
/// holds for what is read, not for what was promised.
pub(crate) fn at_most(file: File, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// The bytes of an opened picture, as far as the limits allow. `path` is what errors call it.
pub(crate) fn read_picture(file: File, path: &Path, limits: &Limits) -> Result<Vec<u8>, ImageError> {
    let failed = |source| ImageError::Read { path: path.to_owned(), source };
    let promised = file.metadata().map_err(failed)?.len();
    at_most(file, limits.bytes).map_err(failed)?.ok_or_else(|| ImageError::TooManyBytes {
        name: format!("`{}`", path.display()),
        bytes: promised.max(limits.bytes.saturating_add(1)),
        limit: limits.bytes,
    })
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        fs::{self, File, OpenOptions},
        os::{fd::AsRawFd, unix::fs::OpenOptionsExt},
        path::{Path, PathBuf},
    };

    use super::OpenError;

    /// A regular file that is held, whatever becomes of its path; not yet opened.
    #[derive(Debug)]
    pub(crate) struct Pinned {
        handle: File,
        path: PathBuf,
    }

    /// Finds a regular file and holds it. Nothing is opened: a handle of this kind touches no device and waits for
    /// no pipe.
    pub(crate) fn pinned(path: &Path) -> Result<Pinned, OpenError> {
        let handle = OpenOptions::new().read(true).custom_flags(libc::O_PATH | libc::O_CLOEXEC).open(path)?;
        if !handle.metadata()?.is_file() {
            return Err(OpenError::NotAFile);
        }
        let path = fs::read_link(magic_link(&handle)).map_err(OpenError::Io)?;
        Ok(Pinned { handle, path })
    }

    impl Pinned {
        /// Where the held file lies, as the kernel says, with no link on the way.
        pub(crate) fn path(&self) -> &Path {
            &self.path
        }

        /// Opens the held file itself for reading, not what its path may name by now.
        pub(crate) fn open(self) -> Result<File, OpenError> {
            File::open(magic_link(&self.handle)).map_err(OpenError::Io)
        }
    }

    fn magic_link(handle: &File) -> String {
        format!("/proc/self/fd/{}", handle.as_raw_fd())
    }
}

#[cfg(not(target_os = "linux"))]
mod portable {
    use std::{
        fs::{self, File},
        io,
        path::{Path, PathBuf},
    };

    use super::OpenError;

    /// A regular file by its real path.
    #[derive(Debug)]
    pub(crate) struct Pinned {
        path: PathBuf,
    }

    /// Finds a regular file.
    pub(crate) fn pinned(path: &Path) -> Result<Pinned, OpenError> {
        let path = fs::canonicalize(path)?;
        if !fs::symlink_metadata(&path)?.is_file() {
            return Err(OpenError::NotAFile);
        }
        Ok(Pinned { path })
    }

    impl Pinned {
        /// Where the file lies, links followed.
        pub(crate) fn path(&self) -> &Path {
            &self.path
        }

        /// Opens it for reading; the real path must still be one.
        pub(crate) fn open(self) -> Result<File, OpenError> {
            let file = File::open(&self.path)?;
            if !file.metadata()?.is_file() {
                return Err(OpenError::NotAFile);
            }
            if fs::canonicalize(&self.path)? != self.path {
                return Err(OpenError::Io(io::Error::other("the path was changed while it was opened")));
            }
            Ok(file)
        }
    }
}
