//! Files below allowed folders and nowhere else.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use crate::{
    ImageError, Limits,
    open::{self, OpenError},
};

/// A file may not be opened, or cannot be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// What should be an allowed folder is none.
    #[error("`{}` cannot be an allowed folder: give a folder that exists and may be read", folder.display())]
    NoFolder {
        /// The folder as given.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file lies elsewhere, links and `..` followed. Whether it exists is not told.
    #[error(
        "`{}` lies outside of the folders that may be read ({}): move it there, or allow its folder",
        path.display(), listed(folders)
    )]
    Outside {
        /// The path as given.
        path: PathBuf,
        /// The allowed folders.
        folders: Vec<PathBuf>,
    },
    /// Nothing is there.
    #[error("no file is at `{}`: check the path", .0.display())]
    Missing(PathBuf),
    /// A folder, device, pipe or socket is there.
    #[error("`{}` is not a file but a folder, device, pipe or socket: give the path of one file", .0.display())]
    NotAFile(PathBuf),
    /// The file cannot be opened or read, or where it lies cannot be told.
    #[error("could not read `{}`", path.display())]
    Read {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is too large.
    #[error("`{}` has more than the {limit} bytes allowed", path.display())]
    TooManyBytes {
        /// The path as given.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
}

fn listed(folders: &[PathBuf]) -> String {
    match folders {
        [] => "there are none".to_owned(),
        folders => folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", "),
    }
}

/// Opens files below these folders and nowhere else.
///
/// What counts is where the opened file lies, not how its path is written: `..` and symbolic links are followed
/// first, so that a link inside to a file outside is refused, and one outside to a file inside is not. Only regular
/// files are opened; folders, devices, pipes and sockets are refused without being touched.
///
/// On Linux nothing can be exchanged between the check and the use: the file is pinned first, then its real path is
/// asked of the kernel (`/proc/self/fd`), and what is read is the pinned file itself. On other systems the path is
/// resolved before and after opening, and both must agree: one who can exchange folders in just that moment may get
/// past it. On no system can a hard link inside be told from the file that it is another name of, nor does it count
/// what another mount shows below an allowed folder: who may write into an allowed folder decides what is read there.
///
/// ```
/// use lavr_image::{AllowedFolders, FolderError};
///
/// let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("note.txt"), "inside")?;
/// let allowed = AllowedFolders::new([folder.path()])?;
///
/// assert_eq!(allowed.read(&folder.path().join("note.txt"), 1024)?, b"inside");
/// let outside = allowed.open(&folder.path().join("../../etc/passwd"));
/// assert!(matches!(outside, Err(FolderError::Outside { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedFolders {
    /// Real paths.
    folders: Vec<PathBuf>,
}

/// An opened file below an allowed folder.
#[derive(Debug)]
pub struct AllowedFile {
    /// The file, opened for reading.
    pub file: File,
    /// Where it really lies.
    pub path: PathBuf,
}

impl AllowedFolders {
    /// No folder: every file is refused.
    pub fn none() -> Self {
        Self::default()
    }

    /// These folders with all that is below them.
    ///
    /// # Errors
    /// When one of them is no folder.
    pub fn new<P: AsRef<Path>>(folders: impl IntoIterator<Item = P>) -> Result<Self, FolderError> {
        let folders = folders.into_iter().map(|folder| {
            let folder = folder.as_ref();
            let wrong = |source| FolderError::NoFolder { folder: folder.to_owned(), source };
            let real = folder.canonicalize().map_err(wrong)?;
            if real.is_dir() {
                Ok(real)
            } else {
                Err(wrong(std::io::Error::from(std::io::ErrorKind::NotADirectory)))
            }
        });
        Ok(Self { folders: folders.collect::<Result<_, _>>()? })
    }

    /// The real paths of the folders.
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// Opens a file for reading. A relative path starts at the working directory.
    ///
    /// # Errors
    /// When the file lies outside, is no regular file, or cannot be opened.
    pub fn open(&self, path: &Path) -> Result<AllowedFile, FolderError> {
        let outside = || FolderError::Outside { path: path.to_owned(), folders: self.folders.clone() };
        let opened = open::pinned(path).map_err(|error| {
            // What lies outside is not told apart: neither whether it exists nor whether it may be read.
            if self.leads_inside(path) { FolderError::of(path, error) } else { outside() }
        })?;
        if !self.holds(opened.path()) {
            return Err(outside());
        }
        let path_inside = opened.path().to_owned();
        let file = opened.open().map_err(|error| FolderError::of(path, error))?;
        Ok(AllowedFile { file, path: path_inside })
    }

    /// Reads a file of at most `limit` bytes.
    ///
    /// # Errors
    /// As [`Self::open`], and when the file is longer.
    pub fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, FolderError> {
        let file = self.open(path)?.file;
        let bytes = open::at_most(file, limit)
            .map_err(|source| FolderError::Read { path: path.to_owned(), source })?;
        bytes.ok_or_else(|| FolderError::TooManyBytes { path: path.to_owned(), limit })
    }

    /// Whether a real path is below one of the folders.
    fn holds(&self, real: &Path) -> bool {
        real.is_absolute() && self.folders.iter().any(|folder| real.starts_with(folder))
    }

    /// Whether the nearest thing on the way to a path that cannot be opened is inside.
    fn leads_inside(&self, path: &Path) -> bool {
        let Ok(path) = std::path::absolute(path) else { return false };
        path.ancestors()
            .find_map(|ancestor| ancestor.canonicalize().ok())
            .is_some_and(|real| self.holds(&real))
    }
}

impl FolderError {
    fn of(path: &Path, error: OpenError) -> Self {
        let path = path.to_owned();
        match error {
            OpenError::Missing => Self::Missing(path),
            OpenError::NotAFile => Self::NotAFile(path),
            OpenError::Io(source) => Self::Read { path, source },
        }
    }
}

/// The bytes of a picture below allowed folders, as far as the limits allow.
pub(crate) fn read_picture(
    path: &Path,
    folders: &AllowedFolders,
    limits: &Limits,
) -> Result<Vec<u8>, ImageError> {
    let file = folders.open(path)?.file;
    open::read_picture(file, path, limits)
}

#[cfg(test)]
#[path = "folders_tests.rs"]
mod tests;
