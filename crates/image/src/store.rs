//! The store itself.

use std::{
    io::Cursor,
    path::Path,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use image::{RgbImage, codecs::jpeg::JpegEncoder, imageops};
use lavr_types::{Affine, EncodedImage, Frame, ImageId, ImageSource, ImageSourceError, Rect, Region, Size};

use crate::{
    AllowedFolders, ImageError, Limits, decode, folders::read_picture, kept::Kept, read, running::Running,
};

/// JPEG quality of pictures that leave the store for a model.
const SENT_QUALITY: u8 = 92;

/// Where an image came from.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// From outside: a file or pixels.
    Root,
    /// Made from another image.
    Derived {
        /// That image.
        parent: ImageId,
        /// Maps pixels of this image to pixels of the parent.
        to_parent: Affine,
    },
}

/// An image in the store. Cloning shares the pixels.
#[derive(Debug, Clone)]
pub struct StoredImage {
    /// Its name.
    pub id: ImageId,
    /// Its pixels.
    pub pixels: Arc<RgbImage>,
    /// Where it came from.
    pub origin: Origin,
    /// The file that its pixels were decoded from, where there was one.
    pub file: Option<Arc<[u8]>>,
}

impl StoredImage {
    /// Its size in pixels.
    pub fn size(&self) -> Size {
        Size::new(self.pixels.width(), self.pixels.height())
    }

    /// The memory that it takes: its pixels, three bytes each, and the file that they came from.
    pub fn bytes(&self) -> u64 {
        self.pixels.as_raw().len() as u64 + self.file.as_ref().map_or(0, |file| file.len() as u64)
    }
}

/// Holds images by id. Shared between threads behind an `Arc`; no call copies pixels but those that make an
/// image.
///
/// A store keeps all that it was given: right for a run, or a request of a service, that has a store of its own. One that
/// lives as long as a service is bounded by [`Self::keeping_at_most`].
#[derive(Debug, Default)]
pub struct ImageStore {
    limits: Limits,
    kept: RwLock<Kept>,
}

impl ImageStore {
    /// An empty store with these limits.
    pub fn new(limits: Limits) -> Self {
        Self { limits, kept: RwLock::default() }
    }

    /// The same store, which forgets what was least recently used as soon as it holds more than so many bytes
    /// ([`StoredImage::bytes`]), until an eighth of them is free. Never forgotten are the newest image, what work that goes on may still use
    /// ([`Self::begin`]), and an image that one of these was made from: where these alone take more, it holds more.
    /// Asking for what was forgotten is [`ImageError::Forgotten`]; giving the picture again brings it back under its id.
    #[must_use]
    pub fn keeping_at_most(self, bytes: u64) -> Self {
        self.write().limit(bytes);
        self
    }

    /// Begins work on images of the store, such as a request: whatever it may use is not forgotten before the
    /// [`Running`] is dropped.
    #[must_use]
    pub fn begin(self: &Arc<Self>) -> Running {
        Running::new(Arc::clone(self))
    }

    /// Keeps an image, and what it was made from, as long as the store.
    ///
    /// # Errors
    /// When no image has this id, or it was forgotten.
    pub fn pin(&self, id: ImageId) -> Result<(), ImageError> {
        self.write().pin(id)
    }

    /// The bytes of all images that are here.
    pub fn bytes(&self) -> u64 {
        self.read().bytes()
    }

    /// Reads and decodes the picture at a path.
    ///
    /// # Errors
    /// When there is no such file, it is no picture, damaged or over a limit.
    pub fn open(&self, path: &Path) -> Result<ImageId, ImageError> {
        let bytes = read(path, &self.limits)?;
        self.insert_encoded(&bytes, &format!("`{}`", path.display()))
    }

    /// As [`Self::open`], for a file below allowed folders alone.
    ///
    /// # Errors
    /// As [`Self::open`], and when the file lies elsewhere, links followed.
    pub fn open_below(&self, folders: &AllowedFolders, path: &Path) -> Result<ImageId, ImageError> {
        let bytes = read_picture(path, folders, &self.limits)?;
        self.insert_encoded(&bytes, &format!("`{}`", path.display()))
    }

    /// Decodes a picture from memory. `name` is what errors call it.
    ///
    /// # Errors
    /// When the bytes are no picture, damaged or over a limit.
    pub fn insert_encoded(&self, bytes: &[u8], name: &str) -> Result<ImageId, ImageError> {
        self.insert_root(decode(bytes, name, &self.limits)?.pixels, Some(bytes.into()), None)
    }

    /// Takes pixels in. The same pixels get the same id and are kept once.
    ///
    /// # Errors
    /// When there is no pixel.
    pub fn insert(&self, pixels: RgbImage) -> Result<ImageId, ImageError> {
        self.insert_root(pixels, None, None)
    }

    /// `work` holds it from the start, if it was taken in for work that goes on.
    fn insert_root(
        &self,
        pixels: RgbImage,
        file: Option<Arc<[u8]>>,
        work: Option<u64>,
    ) -> Result<ImageId, ImageError> {
        let size = Size::new(pixels.width(), pixels.height());
        if size.area() == 0 {
            return Err(ImageError::EmptyRegion { region: size.bounds(), size });
        }
        let id = ImageId::of_pixels(size, pixels.as_raw());
        let image = StoredImage { id, pixels: Arc::new(pixels), origin: Origin::Root, file };
        self.write().keep(image, work)?;
        Ok(id)
    }

    /// As [`Self::insert_encoded`], held by this work.
    pub(crate) fn insert_for(&self, work: u64, bytes: &[u8], name: &str) -> Result<ImageId, ImageError> {
        self.insert_root(decode(bytes, name, &self.limits)?.pixels, Some(bytes.into()), Some(work))
    }

    /// As [`Self::open_below`], held by this work.
    pub(crate) fn open_for(
        &self,
        work: u64,
        folders: &AllowedFolders,
        path: &Path,
    ) -> Result<ImageId, ImageError> {
        let bytes = read_picture(path, folders, &self.limits)?;
        self.insert_for(work, &bytes, &format!("`{}`", path.display()))
    }

    /// An image by its id.
    ///
    /// # Errors
    /// When no image has this id, or it was forgotten.
    pub fn get(&self, id: ImageId) -> Result<StoredImage, ImageError> {
        self.read().get(id)
    }

    /// Whether an image is here. To ask is no use of it.
    pub fn has(&self, id: ImageId) -> bool {
        self.read().has(id)
    }

    /// Whether none of the images that a record speaks of had to make room since. Those that are here count as used now:
    /// by whoever asked about these others, and where they were not made from them, by all work that goes on.
    pub fn still_has(&self, seen: impl IntoIterator<Item = ImageId>, asked: &[ImageId]) -> bool {
        self.write().still_has(seen, asked)
    }

    /// The size of an image in pixels.
    ///
    /// # Errors
    /// When no image has this id.
    pub fn size_of(&self, id: ImageId) -> Result<Size, ImageError> {
        self.get(id).map(|image| image.size())
    }

    /// Lets go of an image and of all that was made from it. Long runs over many pictures would fill the memory
    /// otherwise. Unknown ids are no error.
    pub fn forget(&self, id: ImageId) {
        self.write().remove_with_all_made_from(id);
    }

    /// The region of the whole image.
    ///
    /// # Errors
    /// When no image has this id.
    pub fn whole(&self, id: ImageId) -> Result<Region, ImageError> {
        self.size_of(id).map(|size| Region::whole(id, size))
    }

    /// Cuts a box (pixels of `parent`) out as an image of its own. The box is widened to whole pixels and cut
    /// off at the edges; the whole image gives `parent` itself.
    ///
    /// # Errors
    /// When no image has this id, the store let go of it meanwhile, or the box holds no pixel of it.
    pub fn crop(&self, parent: ImageId, region: Rect) -> Result<ImageId, ImageError> {
        let image = self.get(parent)?;
        let size = image.size();
        let empty = || ImageError::EmptyRegion { region, size };
        if !region.is_finite() {
            return Err(empty());
        }
        let inside = region.intersection(size.bounds()).ok_or_else(empty)?;
        let (left, top) = (inside.left.floor(), inside.top.floor());
        let (right, bottom) = (inside.right.ceil(), inside.bottom.ceil());
        let (width, height) = ((right - left) as u32, (bottom - top) as u32);
        if width == 0 || height == 0 {
            return Err(empty());
        }
        if (width, height) == (size.width, size.height) {
            return Ok(parent);
        }
        let to_parent = Affine::scale_then_move([1.0, 1.0], [left, top]);
        let id = ImageId::of_derived(parent, Size::new(width, height), to_parent);
        if self.get(id).is_ok() {
            return Ok(id);
        }
        let pixels = imageops::crop_imm(&*image.pixels, left as u32, top as u32, width, height).to_image();
        self.keep_derived(id, parent, pixels, to_parent).map(|image| image.id)
    }

    /// A copy of another size. The same size gives `parent` itself. The image, not its name alone: a bounded store may let
    /// go of the copy as soon as it has it.
    ///
    /// # Errors
    /// When no image has this id, the store let go of it meanwhile, or the size holds no pixel.
    pub fn resized(&self, parent: ImageId, size: Size) -> Result<StoredImage, ImageError> {
        let image = self.get(parent)?;
        let from = image.size();
        if size == from {
            return Ok(image);
        }
        if size.area() == 0 || size.area() > self.limits.pixels {
            return Err(ImageError::EmptyRegion { region: size.bounds(), size: from });
        }
        let scale =
            [f64::from(from.width) / f64::from(size.width), f64::from(from.height) / f64::from(size.height)];
        let to_parent = Affine::scale_then_move(scale, [0.0, 0.0]);
        let pixels =
            imageops::resize(&*image.pixels, size.width, size.height, imageops::FilterType::Triangle);
        self.keep_derived(ImageId::of_derived(parent, size, to_parent), parent, pixels, to_parent)
    }

    /// Takes in an image that was made from another by a map of its own, such as a straightened text line.
    /// `to_parent` maps its pixels to the parent's. The pixels must follow from the parent and the map.
    ///
    /// # Errors
    /// When no image has the parent's id, the store let go of it meanwhile, or there is no pixel.
    pub fn insert_derived(
        &self,
        parent: ImageId,
        pixels: RgbImage,
        to_parent: Affine,
    ) -> Result<ImageId, ImageError> {
        let parent_size = self.size_of(parent)?;
        let size = Size::new(pixels.width(), pixels.height());
        if size.area() == 0 {
            return Err(ImageError::EmptyRegion { region: size.bounds(), size: parent_size });
        }
        let id = ImageId::of_derived(parent, size, to_parent);
        self.keep_derived(id, parent, pixels, to_parent).map(|image| image.id)
    }

    /// The image that this one was first made from, and the map from this image's pixels to that one's.
    ///
    /// # Errors
    /// When an image on the way is unknown.
    pub fn root_of(&self, id: ImageId) -> Result<(ImageId, Affine), ImageError> {
        let (mut id, mut map) = (id, Affine::IDENTITY);
        loop {
            match self.get(id)?.origin {
                Origin::Root => return Ok((id, map)),
                Origin::Derived { parent, to_parent } => {
                    map = map.then(to_parent);
                    id = parent;
                }
            }
        }
    }

    /// The same region on the root image, in its pixels.
    ///
    /// # Errors
    /// When an image on the way is unknown.
    pub fn to_root(&self, region: &Region) -> Result<Region, ImageError> {
        let (root, map) = self.root_of(region.image)?;
        Ok(Region::new(root, self.size_of(root)?, Frame::Pixels, map.apply_rect(region.pixels())))
    }

    fn keep_derived(
        &self,
        id: ImageId,
        parent: ImageId,
        pixels: RgbImage,
        to_parent: Affine,
    ) -> Result<StoredImage, ImageError> {
        let origin = Origin::Derived { parent, to_parent };
        let image = StoredImage { id, pixels: Arc::new(pixels), origin, file: None };
        self.write().keep(image.clone(), None)?;
        Ok(image)
    }

    fn read(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ImageSource for ImageStore {
    fn encoded(&self, id: ImageId, longest_side: u32) -> Result<EncodedImage, ImageSourceError> {
        let image = self.get(id).map_err(|_| ImageSourceError::Unknown(id))?;
        let size = image.size().fit_within(longest_side.max(1));
        let smaller;
        let pixels = if size == image.size() {
            &*image.pixels
        } else {
            smaller =
                imageops::resize(&*image.pixels, size.width, size.height, imageops::FilterType::Triangle);
            &smaller
        };
        let mut bytes = Cursor::new(Vec::new());
        JpegEncoder::new_with_quality(&mut bytes, SENT_QUALITY)
            .encode_image(pixels)
            .map_err(|error| ImageSourceError::Encode { id, message: error.to_string() })?;
        Ok(EncodedImage { bytes: bytes.into_inner(), media_type: "image/jpeg", size })
    }

    fn size(&self, id: ImageId) -> Result<Size, ImageSourceError> {
        self.size_of(id).map_err(|_| ImageSourceError::Unknown(id))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames() -> impl Strategy<Value = Frame> {
        prop_oneof![
            Just(Frame::Pixels),
            Just(Frame::Unit),
            Just(Frame::PerMille),
            (0.05..3.0f64, 0.0..64.0f64)
                .prop_map(|(scale, pad)| Frame::Resized { scale: [scale, scale], offset: [pad, 0.0] }),
        ]
    }

    /// Marks the pixel with its own place, so that a crop's content tells where it came from.
    fn place_picture(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| image::Rgb([(x / 256) as u8, (x % 256) as u8, y as u8]))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn five_nested_crops_map_back_to_the_pixel(
            cuts in prop::collection::vec((prop::array::uniform4(0.0..1.0f64), frames()), 5),
        ) {
            let store = ImageStore::default();
            let root = store.insert(place_picture(700, 250)).unwrap();
            let mut id = root;
            for ([x0, y0, x1, y1], frame) in cuts {
                let size = store.size_of(id).unwrap();
                let (w, h) = (f64::from(size.width), f64::from(size.height));
                let cut = Region::in_pixels(id, size, Rect::new(x0 * w, y0 * h, x1 * w, y1 * h)).in_frame(frame);
                match store.crop(id, cut.pixels()) {
                    Ok(crop) => id = crop,
                    Err(ImageError::EmptyRegion { .. }) => break,
                    Err(error) => return Err(TestCaseError::fail(error.to_string())),
                }
                let image = store.get(id).unwrap();
                let region = Region::in_pixels(id, image.size(), Rect::new(0.0, 0.0, 1.0, 1.0)).in_frame(frame);
                let place = store.to_root(&region).unwrap();
                prop_assert_eq!(place.image, root);
                let [high, low, y] = image.pixels.get_pixel(0, 0).0.map(f64::from);
                let bounds = place.pixels();
                prop_assert!((bounds.left - (high * 256.0 + low)).abs() <= 1.0, "{bounds:?}");
                prop_assert!((bounds.top - y).abs() <= 1.0, "{bounds:?}");
            }
        }
    }

    #[test]
    fn what_is_forgotten_goes_with_all_that_was_made_from_it() {
        let store = ImageStore::default();
        let kept = store.insert(RgbImage::new(30, 30)).unwrap();
        let root = store.insert(RgbImage::new(40, 30)).unwrap();
        let crop = store.crop(root, Rect::new(0.0, 0.0, 20.0, 20.0)).unwrap();
        let inner = store.crop(crop, Rect::new(0.0, 0.0, 10.0, 10.0)).unwrap();
        store.forget(root);
        assert!([root, crop, inner].iter().all(|id| store.get(*id).is_err()));
        assert!(store.get(kept).is_ok());
        store.forget(root);
    }

    #[test]
    fn equal_looking_crops_of_different_places_stay_apart() {
        let store = ImageStore::default();
        let blank = store.insert(RgbImage::new(100, 100)).unwrap();
        let a = store.crop(blank, Rect::new(0.0, 0.0, 10.0, 10.0)).unwrap();
        let b = store.crop(blank, Rect::new(50.0, 0.0, 60.0, 10.0)).unwrap();
        assert_ne!(a, b);
    }

    #[test]
    fn a_resized_copy_maps_back_to_its_parent() {
        let store = ImageStore::default();
        let root = store.insert(RgbImage::new(400, 100)).unwrap();
        let small = store.resized(root, Size::new(100, 50)).unwrap().id;
        let region = Region::in_pixels(small, Size::new(100, 50), Rect::new(10.0, 10.0, 20.0, 20.0));
        assert_eq!(store.to_root(&region).unwrap().pixels(), Rect::new(40.0, 20.0, 80.0, 40.0));
    }

    #[test]
    fn a_box_outside_is_an_error_that_tells_the_size() {
        let store = ImageStore::default();
        let root = store.insert(RgbImage::new(40, 30)).unwrap();
        for region in [Rect::new(50.0, 0.0, 60.0, 10.0), Rect::new(f64::NAN, 0.0, 1.0, 1.0)] {
            let error = store.crop(root, region).unwrap_err();
            assert!(error.to_string().contains("40x30"), "{error}");
        }
    }

    #[test]
    fn an_image_sent_elsewhere_is_shrunk_to_fit() {
        let store = ImageStore::default();
        let root = store.insert(RgbImage::new(400, 100)).unwrap();
        let sent = store.encoded(root, 200).unwrap();
        let decoded = decode(&sent.bytes, "sent", &Limits::default()).unwrap();
        assert_eq!((sent.size, decoded.pixels.dimensions()), (Size::new(200, 50), (200, 50)));
    }
}
