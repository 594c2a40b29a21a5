//! Where the pictures of a benchmark come from, and how long they stay in memory.

use std::{
    collections::HashMap,
    fmt,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use lavr_image::ImageStore;
use lavr_types::ImageId;
use zip::ZipArchive;

use crate::EvalError;

/// The most bytes of one picture in an archive.
const MOST_BYTES: u64 = 64 << 20;

/// A picture of a sample: a file, or a member of an archive. Cheap to clone.
#[derive(Clone)]
pub struct Picture {
    name: String,
    place: Place,
}

#[derive(Clone)]
enum Place {
    File(PathBuf),
    Member(Arc<Archive>),
    Bytes(Arc<[u8]>),
}

impl Picture {
    /// The picture at a path.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { name: path.display().to_string(), place: Place::File(path) }
    }

    /// A picture inside an archive.
    pub fn member(archive: &Arc<Archive>, name: impl Into<String>) -> Self {
        Self { name: name.into(), place: Place::Member(Arc::clone(archive)) }
    }

    /// An encoded picture in memory, with a name that no other picture of the run has.
    pub fn bytes(name: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { name: name.into(), place: Place::Bytes(bytes.into()) }
    }

    /// Its name: the same for samples of one picture.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its path, where it is a file.
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::File(path) => Some(path),
            Place::Member(_) | Place::Bytes(_) => None,
        }
    }

    /// Decodes it into a store.
    ///
    /// # Errors
    /// When it is not there, no picture, damaged or over a limit; in words for the record of its sample.
    pub fn open(&self, images: &ImageStore) -> Result<ImageId, String> {
        let opened = match &self.place {
            Place::File(path) => images.open(path),
            Place::Bytes(bytes) => images.insert_encoded(bytes, &self.name),
            Place::Member(archive) => {
                let bytes = archive.read(&self.name).map_err(|error| error.to_string())?;
                images.insert_encoded(&bytes, &self.name)
            }
        };
        opened.map_err(|error| error.to_string())
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Picture").field(&self.name).finish()
    }
}

/// A zip archive that is read member by member.
pub struct Archive {
    path: PathBuf,
    zip: Mutex<ZipArchive<File>>,
}

impl fmt::Debug for Archive {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Archive").field(&self.path).finish()
    }
}

impl Archive {
    /// Opens an archive.
    ///
    /// # Errors
    /// When the file is not there or no zip archive.
    pub fn open(path: &Path) -> Result<Self, EvalError> {
        let file = File::open(path).map_err(EvalError::file(path, "read"))?;
        let zip = ZipArchive::new(file).map_err(|error| EvalError::Data {
            path: path.into(),
            line: None,
            message: format!("this is no readable zip archive ({error})"),
        })?;
        Ok(Self { path: path.into(), zip: Mutex::new(zip) })
    }

    /// The bytes of a member.
    ///
    /// # Errors
    /// When there is no such member, it is damaged or too large.
    pub fn read(&self, member: &str) -> Result<Vec<u8>, EvalError> {
        let failed = |message: String| EvalError::Data { path: self.path.clone(), line: None, message };
        let mut zip = self.zip.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = zip.by_name(member).map_err(|error| failed(format!("no member `{member}`: {error}")))?;
        let mut bytes = Vec::new();
        entry
            .take(MOST_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| failed(format!("member `{member}` can't be read: {error}")))?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(failed(format!("member `{member}` has more than {MOST_BYTES} bytes")));
        }
        Ok(bytes)
    }
}

/// Keeps pictures in the store while a sample needs them, and no longer: a long run sees thousands.
pub(crate) struct Pictures<'s> {
    images: &'s ImageStore,
    /// By name: the image and how many samples hold it.
    held: Mutex<HashMap<String, (ImageId, usize)>>,
}

impl<'s> Pictures<'s> {
    pub(crate) fn new(images: &'s ImageStore) -> Self {
        Self { images, held: Mutex::default() }
    }

    /// Opens a picture, or shares it with the sample that has it open.
    pub(crate) fn open(&self, picture: &Picture) -> Result<Lease<'_, 's>, String> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let image = if let Some((image, holders)) = held.get_mut(picture.name()) {
            *holders += 1;
            *image
        } else {
            let image = picture.open(self.images)?;
            held.insert(picture.name().to_owned(), (image, 1));
            image
        };
        Ok(Lease { pictures: self, name: picture.name().to_owned(), image })
    }
}

/// An open picture; the last of its holders lets go of the pixels.
pub(crate) struct Lease<'p, 's> {
    pictures: &'p Pictures<'s>,
    name: String,
    pub(crate) image: ImageId,
}

impl Drop for Lease<'_, '_> {
    fn drop(&mut self) {
        let mut held = self.pictures.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((image, holders)) = held.get_mut(&self.name) else { return };
        *holders -= 1;
        if *holders > 0 {
            return;
        }
        let image = *image;
        held.remove(&self.name);
        // Two files may hold the same pixels.
        if !held.values().any(|(other, _)| *other == image) {
            self.pictures.images.forget(image);
        }
    }
}

#[cfg(test)]
mod tests {
    use lavr_image::RgbImage;

    use super::*;

    fn encoded(shade: u8) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let picture = RgbImage::from_pixel(8, 8, [shade; 3].into());
        picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_picture_leaves_the_store_with_its_last_holder() {
        let images = ImageStore::default();
        let pictures = Pictures::new(&images);
        let one = Picture::bytes("one", encoded(1));
        let same = Picture::bytes("same pixels", encoded(1));
        let first = pictures.open(&one).unwrap();
        let image = first.image;
        let second = pictures.open(&one).unwrap();
        let third = pictures.open(&same).unwrap();
        drop(first);
        drop(second);
        assert!(images.get(image).is_ok(), "the other file holds the same pixels");
        drop(third);
        assert!(images.get(image).is_err());
    }

    #[test]
    fn a_missing_picture_is_told_in_words() {
        let images = ImageStore::default();
        let error = Pictures::new(&images).open(&Picture::file("no/such.png")).err().unwrap();
        assert!(error.contains("no/such.png"), "{error}");
    }
}
