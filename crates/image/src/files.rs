//! Images as files, for programs that read files.

use std::{
    collections::HashMap,
    io::Cursor,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use image::{
    ExtendedColorType, ImageEncoder as _,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};
use lavr_types::ImageId;
use tempfile::TempDir;

use crate::{ImageError, ImageStore, StoredImage};

impl StoredImage {
    /// The image as a PNG file in memory: every pixel as it is, written for speed, not for size.
    ///
    /// # Errors
    /// When the encoder refuses it.
    pub fn png(&self) -> Result<Vec<u8>, ImageError> {
        let mut bytes = Cursor::new(Vec::new());
        PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive)
            .write_image(
                self.pixels.as_raw(),
                self.pixels.width(),
                self.pixels.height(),
                ExtendedColorType::Rgb8,
            )
            .map_err(|error| ImageError::Encode(error.to_string()))?;
        Ok(bytes.into_inner())
    }
}

/// Images as PNG files in a folder of their own, each written once. Folder and files go when this is dropped.
#[derive(Debug)]
pub struct ImageFiles {
    folder: TempDir,
    written: Mutex<HashMap<ImageId, PathBuf>>,
}

impl ImageFiles {
    /// An empty folder among the system's temporary files, for the user alone.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn new() -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("lavr-images-").tempdir()?;
        Ok(Self { folder, written: Mutex::default() })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The file of an image, written now if it is not there yet. Encoding keeps a core busy: call this off the async
    /// threads.
    ///
    /// # Errors
    /// When no image has this id, or the file cannot be written.
    pub fn path(&self, store: &ImageStore, id: ImageId) -> Result<PathBuf, ImageError> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = written.get(&id) {
            return Ok(path.clone());
        }
        let path = self.folder.path().join(format!("{id}.png"));
        let bytes = store.get(id)?.png()?;
        std::fs::write(&path, bytes).map_err(|source| ImageError::Write { path: path.clone(), source })?;
        written.insert(id, path.clone());
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RgbImage;

    #[test]
    fn an_image_survives_its_file() {
        let store = ImageStore::default();
        let pixels = RgbImage::from_fn(31, 17, |x, y| image::Rgb([x as u8, y as u8, (x * y) as u8]));
        let id = store.insert(pixels).unwrap();
        let files = ImageFiles::new().unwrap();
        let path = files.path(&store, id).unwrap();
        assert_eq!(files.path(&store, id).unwrap(), path);
        assert_eq!(ImageStore::default().open(&path).unwrap(), id);
        drop(files);
        assert!(!path.exists());
    }
}
