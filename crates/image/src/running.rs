//! Work that goes on over images of a store, and what is kept for it.

use std::{path::Path, sync::Arc};

use lavr_types::ImageId;

use crate::{AllowedFolders, ImageError, ImageStore};

/// Work on images of a store that forgets ([`ImageStore::begin`]). Until it is dropped, these stay: the pictures that it
/// took in or holds, with all that was and is made from them; and whatever else somebody used or made since it began,
/// but for pictures that other work took in for itself.
///
/// ```
/// use std::sync::Arc;
/// use lavr_image::{ImageError, ImageStore, RgbImage};
///
/// // A service with one store for all: room for two pictures.
/// let room = 2 * 400 * 300 * 3;
/// let images = Arc::new(ImageStore::default().keeping_at_most(room));
/// let request = images.begin();
/// let photo = images.insert(RgbImage::new(400, 300))?;
/// for level in 1..4 {
///     images.insert(RgbImage::from_pixel(400, 300, lavr_image::Rgb([level; 3])))?;
/// }
/// assert!(images.bytes() > room, "the request may still use them all");
/// drop(request);
/// assert!(images.bytes() <= room);
/// assert!(matches!(images.get(photo), Err(ImageError::Forgotten { .. })));
/// # Ok::<(), ImageError>(())
/// ```
#[derive(Debug)]
pub struct Running {
    store: Arc<ImageStore>,
    work: u64,
}

impl Running {
    pub(crate) fn new(store: Arc<ImageStore>) -> Self {
        let work = store.write().begin();
        Self { store, work }
    }

    /// Keeps an image that is there, what it was made from, and all that was and is made from that.
    ///
    /// # Errors
    /// When no image has this id, or it was forgotten.
    pub fn hold(&self, id: ImageId) -> Result<(), ImageError> {
        self.store.write().hold(self.work, id)
    }

    /// As [`ImageStore::insert_encoded`], and holds the image.
    ///
    /// # Errors
    /// When the bytes are no picture, damaged or over a limit.
    pub fn insert_encoded(&self, bytes: &[u8], name: &str) -> Result<ImageId, ImageError> {
        self.store.insert_for(self.work, bytes, name)
    }

    /// As [`ImageStore::open_below`], and holds the image.
    ///
    /// # Errors
    /// When there is no such file, it is no picture, damaged, over a limit or lies elsewhere.
    pub fn open_below(&self, folders: &AllowedFolders, path: &Path) -> Result<ImageId, ImageError> {
        self.store.open_for(self.work, folders, path)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.store.write().end(self.work);
    }
}
