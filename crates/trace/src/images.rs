//! The images of a trace: each file once, and crops by where they were cut out.

use std::{io::Cursor, sync::Arc};

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use lavr_image::{ImageStore, Origin, StoredImage};
use lavr_types::{Affine, ImageId, ImageOrigin, Rect, Size, TraceImage};

use crate::{ImageFile, TraceError};

/// The ids in a line of a trace, in the order in which they stand there.
pub(crate) fn ids(line: &str) -> impl Iterator<Item = ImageId> {
    // The form that `ImageId` is written in: `img_` and 32 digits.
    line.match_indices("img_").filter_map(|(at, _)| line.get(at..at + 36)?.parse().ok())
}

/// What a trace keeps of an image, and its file where it needs one. `given` is what the person called it.
pub(crate) fn keep(
    image: &StoredImage,
    given: Option<&str>,
) -> Result<(TraceImage, Option<ImageFile>), TraceError> {
    let (origin, is_crop) = match (&image.origin, given) {
        (_, Some(name)) => (ImageOrigin::Given { name: name.to_owned() }, false),
        (Origin::Root, None) => (ImageOrigin::Tool, false),
        (Origin::Derived { parent, to_parent }, None) => {
            let origin = ImageOrigin::Derived { parent: *parent, to_parent: *to_parent };
            (origin, cut_out(image.size(), *to_parent).is_some())
        }
    };
    let file = if is_crop { None } else { Some(file(image)?) };
    let name = file.as_ref().map(|file| file.name.clone());
    Ok((TraceImage { id: image.id, size: image.size(), origin, file: name }, file))
}

/// The file that the image was read from, else one made of its pixels.
fn file(image: &StoredImage) -> Result<ImageFile, TraceError> {
    if let Some(bytes) = &image.file
        && let Ok(format) = image::guess_format(bytes)
    {
        let ending = format.extensions_str().first().copied().unwrap_or("image");
        return Ok(ImageFile { name: format!("{}.{ending}", image.id), bytes: Arc::clone(bytes) });
    }
    let mut bytes = Cursor::new(Vec::new());
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive);
    image
        .pixels
        .write_with_encoder(encoder)
        .map_err(|error| TraceError::Encode { id: image.id, message: error.to_string() })?;
    Ok(ImageFile { name: format!("{}.png", image.id), bytes: bytes.into_inner().into() })
}

/// The box of the parent that an image of this size was cut out of, if that is what its map says.
fn cut_out(size: Size, to_parent: Affine) -> Option<Rect> {
    let [x_scale, x_skew, left, y_skew, y_scale, top] = <[f64; 6]>::from(to_parent);
    let is_crop = [x_scale, y_scale] == [1.0, 1.0] && [x_skew, y_skew] == [0.0, 0.0];
    let is_whole = left.fract() == 0.0 && top.fract() == 0.0;
    let (right, bottom) = (left + f64::from(size.width), top + f64::from(size.height));
    (is_crop && is_whole).then(|| Rect::new(left, top, right, bottom))
}

/// Puts an image back into a store.
pub(crate) fn restore(
    store: &ImageStore,
    image: &TraceImage,
    bytes: Option<&[u8]>,
) -> Result<(), TraceError> {
    let found = match (&image.origin, bytes) {
        (ImageOrigin::Derived { parent, to_parent }, None) => {
            let region = cut_out(image.size, *to_parent).ok_or(TraceError::NoPixels(image.id))?;
            store.crop(*parent, region)?
        }
        (ImageOrigin::Derived { parent, to_parent }, Some(bytes)) => {
            let aside = ImageStore::default();
            let decoded = aside.insert_encoded(bytes, &format!("the file of {}", image.id))?;
            let pixels = (*aside.get(decoded)?.pixels).clone();
            store.insert_derived(*parent, pixels, *to_parent)?
        }
        (_, None) => return Err(TraceError::NoPixels(image.id)),
        (_, Some(bytes)) => store.insert_encoded(bytes, &format!("the file of {}", image.id))?,
    };
    if found == image.id { Ok(()) } else { Err(TraceError::OtherPixels { wanted: image.id, found }) }
}

#[cfg(test)]
mod tests {
    use lavr_image::RgbImage;

    use super::*;

    #[test]
    fn ids_are_found_wherever_they_stand_in_a_line() {
        let id = ImageId::of_pixels(Size::new(1, 1), &[1, 2, 3]);
        let line = format!(r#"{{"image":"{id}","text":"img_ and img_zz, and {id}é"}}"#);
        assert_eq!(ids(&line).collect::<Vec<_>>(), [id, id]);
    }

    #[test]
    fn a_crop_is_kept_by_its_place_and_cut_out_again_a_copy_of_another_size_by_its_pixels() {
        let store = ImageStore::default();
        let root =
            store.insert(RgbImage::from_fn(40, 30, |x, y| lavr_image::Rgb([x as u8, y as u8, 7]))).unwrap();
        let crop = store.crop(root, Rect::new(3.0, 4.0, 20.0, 20.0)).unwrap();
        let inner = store.crop(crop, Rect::new(1.0, 1.0, 9.0, 9.0)).unwrap();
        let small = store.resized(root, Size::new(20, 15)).unwrap().id;
        let again = ImageStore::default();
        for (id, has_file) in [(root, true), (crop, false), (inner, false), (small, true)] {
            let given = (id == root).then_some("photo.png");
            let (image, file) = keep(&store.get(id).unwrap(), given).unwrap();
            assert_eq!(file.is_some(), has_file);
            restore(&again, &image, file.as_ref().map(|file| &*file.bytes)).unwrap();
            assert_eq!(again.get(id).unwrap().pixels, store.get(id).unwrap().pixels);
        }
    }

    #[test]
    fn a_file_that_was_changed_is_refused() {
        let store = ImageStore::default();
        let root = store.insert(RgbImage::new(4, 4)).unwrap();
        let (image, _) = keep(&store.get(root).unwrap(), Some("a.png")).unwrap();
        let other = store.insert(RgbImage::new(5, 5)).unwrap();
        let (_, file) = keep(&store.get(other).unwrap(), Some("b.png")).unwrap();
        let error = restore(&ImageStore::default(), &image, Some(&file.unwrap().bytes)).unwrap_err();
        assert!(matches!(error, TraceError::OtherPixels { .. }), "{error}");
    }
}
