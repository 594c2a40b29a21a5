//! Images as `data:` URLs, encoded once.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use lavr_types::{ImageId, ImageSource, ImageSourceError};

/// How many bytes of encoded images are kept.
const MOST_BYTES: usize = 64 << 20;

/// The `data:` URL of each image of a request.
pub(crate) type Urls = HashMap<ImageId, Arc<str>>;

/// Encodes images and keeps the latest.
pub(crate) struct Encoder {
    source: Arc<dyn ImageSource>,
    longest_side: u32,
    /// Latest last.
    kept: Mutex<VecDeque<(ImageId, Arc<str>)>>,
}

impl Encoder {
    pub(crate) fn new(source: Arc<dyn ImageSource>, longest_side: u32) -> Self {
        Self { source, longest_side, kept: Mutex::default() }
    }

    /// The URLs of these images. Blocks while it encodes what was not asked for before.
    pub(crate) fn urls(&self, images: &[ImageId]) -> Result<Urls, ImageSourceError> {
        // Held while encoding, so that two requests do not encode one image twice.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut urls = Urls::new();
        for &image in images {
            if urls.contains_key(&image) {
                continue;
            }
            let known = kept.iter().position(|(id, _)| *id == image).and_then(|index| kept.remove(index));
            let (_, url) = match known {
                Some(known) => known,
                None => (image, self.encode(image)?),
            };
            kept.push_back((image, Arc::clone(&url)));
            urls.insert(image, url);
        }
        let mut bytes: usize = kept.iter().map(|(_, url)| url.len()).sum();
        while bytes > MOST_BYTES {
            let Some((_, oldest)) = kept.pop_front() else { break };
            bytes -= oldest.len();
        }
        Ok(urls)
    }

    fn encode(&self, image: ImageId) -> Result<Arc<str>, ImageSourceError> {
        let encoded = self.source.encoded(image, self.longest_side)?;
        let mut url = format!("data:{};base64,", encoded.media_type);
        STANDARD.encode_string(&encoded.bytes, &mut url);
        Ok(url.into())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use lavr_types::{EncodedImage, Size};

    use super::*;

    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl ImageSource for Counting {
        fn encoded(&self, _: ImageId, longest_side: u32) -> Result<EncodedImage, ImageSourceError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            let size = Size::new(longest_side, 1);
            Ok(EncodedImage { bytes: vec![1, 2, 3], media_type: "image/jpeg", size })
        }

        fn size(&self, _: ImageId) -> Result<Size, ImageSourceError> {
            Ok(Size::new(1, 1))
        }
    }

    #[test]
    fn an_image_is_encoded_once_whoever_asks_how_often() {
        let source = Arc::new(Counting::default());
        let encoder = Encoder::new(source.clone(), 512);
        let ids = [1, 2].map(|side| ImageId::of_pixels(Size::new(side, 1), &[]));
        for _ in 0..3 {
            let urls = encoder.urls(&[ids[0], ids[1], ids[0]]).unwrap();
            assert_eq!(&*urls[&ids[1]], "data:image/jpeg;base64,AQID");
        }
        assert_eq!(source.0.load(Ordering::Relaxed), 2);
    }
}
