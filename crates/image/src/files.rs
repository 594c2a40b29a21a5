//! Images as files, for programs that read files.

use std::{
    collections::HashMap,
    io::Cursor,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
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

/// The file of an image. It stays at least as long as this is held.
#[derive(Debug)]
pub struct ImageFile {
    path: PathBuf,
    bytes: u64,
}

impl ImageFile {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ImageFile {
    fn drop(&mut self) {
        // The folder may be gone, and the file with it.
        _ = std::fs::remove_file(&self.path);
    }
}

/// Images as PNG files in a folder of their own, each written once. Folder and files go when this is dropped.
#[derive(Debug)]
pub struct ImageFiles {
    written: Mutex<Written>,
    limit: u64,
    folder: TempDir,
}

#[derive(Debug, Default)]
struct Written {
    files: HashMap<ImageId, Arc<ImageFile>>,
    /// The images from the least to the most recently asked for.
    order: Vec<ImageId>,
}

impl ImageFiles {
    /// An empty folder among the system's temporary files, for the user alone.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn new() -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("lavr-images-").tempdir()?;
        Ok(Self { written: Mutex::default(), limit: u64::MAX, folder })
    }

    /// The same folder, in which no more than so many bytes stay: the files that were asked for longest ago go as soon as
    /// nobody holds them. One larger than that stays alone.
    #[must_use]
    pub fn keeping_at_most(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The file of an image, written now if it is not there. Encoding keeps a core busy: call this off the async threads.
    ///
    /// # Errors
    /// When no image has this id, or the file cannot be written.
    pub fn file(&self, store: &ImageStore, id: ImageId) -> Result<Arc<ImageFile>, ImageError> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = written.files.get(&id).cloned() {
            written.order.retain(|known| *known != id);
            written.order.push(id);
            return Ok(file);
        }
        let path = self.folder.path().join(format!("{id}.png"));
        let content = store.get(id)?.png()?;
        std::fs::write(&path, &content).map_err(|source| ImageError::Write { path: path.clone(), source })?;
        let file = Arc::new(ImageFile { path, bytes: content.len() as u64 });
        written.files.insert(id, Arc::clone(&file));
        written.order.push(id);
        written.make_room(self.limit);
        Ok(file)
    }

    /// As [`Self::file`], for a folder that keeps all: the path is good as long as this is.
    ///
    /// # Errors
    /// As [`Self::file`].
    pub fn path(&self, store: &ImageStore, id: ImageId) -> Result<PathBuf, ImageError> {
        Ok(self.file(store, id)?.path().to_owned())
    }
}

impl Written {
    fn make_room(&mut self, limit: u64) {
        let mut bytes: u64 = self.files.values().map(|file| file.bytes).sum();
        let mut at = 0;
        // All but the newest.
        while bytes > limit && at + 1 < self.order.len() {
            let id = self.order[at];
            // A file that somebody holds would be written anew beside it.
            match self.files.get(&id) {
                Some(file) if Arc::strong_count(file) > 1 => at += 1,
                file => {
                    bytes -= file.map_or(0, |file| file.bytes);
                    self.files.remove(&id);
                    self.order.remove(at);
                }
            }
        }
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
    #[test]
    fn files_make_room_for_others_unless_somebody_holds_them() {
        let store = ImageStore::default();
        let ids: Vec<ImageId> = (0..6)
            .map(|n| {
                store.insert(RgbImage::from_fn(16, 16, |x, y| image::Rgb([x as u8 * n, y as u8, n]))).unwrap()
            })
            .collect();
        let files = ImageFiles::new().unwrap().keeping_at_most(1);
        let held = files.file(&store, ids[0]).unwrap();
        let others: Vec<PathBuf> = ids[1..].iter().map(|id| files.path(&store, *id).unwrap()).collect();
        assert!(held.path().exists());
        let there: Vec<bool> = others.iter().map(|path| path.exists()).collect();
        assert_eq!(there, [false, false, false, false, true]);
        assert_eq!(files.file(&store, ids[0]).unwrap().path(), held.path());
        // Let go, it makes room; and is written again when it is asked for.
        let path = held.path().to_owned();
        drop(held);
        files.file(&store, ids[1]).unwrap();
        assert!(!path.exists());
        assert!(files.file(&store, ids[0]).unwrap().path().exists());
    }
}
