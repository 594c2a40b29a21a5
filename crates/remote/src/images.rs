//! Images as `data:` URLs, encoded once.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use lavr_types::{ImageId, ImageSource, ImageSourceError};

/// How many bytes of encoded images are kept.
const MOST_BYTES: usize = 64 << 20;

/// An image as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Encoded {
    url: Arc<str>,
    /// Such as `image/jpeg`.
    pub(crate) media_type: &'static str,
}

impl Encoded {
    pub(crate) fn new(media_type: &'static str, bytes: &[u8]) -> Self {
        let mut url = format!("data:{media_type};base64,");
        STANDARD.encode_string(bytes, &mut url);
        Self { url: url.into(), media_type }
    }

    /// As a `data:` URL.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its bytes in base64.
    pub(crate) fn base64(&self) -> &str {
        self.url.split_once(',').map_or("", |(_, bytes)| bytes)
    }
}

/// The images of a request.
pub(crate) type Pictures = HashMap<ImageId, Encoded>;

/// Encodes images and keeps the latest.
pub(crate) struct Encoder {
    source: Arc<dyn ImageSource>,
    longest_side: u32,
    /// Latest last, each with the longest side that it was asked for with.
    kept: Mutex<VecDeque<((ImageId, u32), Encoded)>>,
}

impl Encoder {
    pub(crate) fn new(source: Arc<dyn ImageSource>, longest_side: u32) -> Self {
        Self { source, longest_side, kept: Mutex::default() }
    }

    /// These images, shrunk to what the model takes, or to `longest_side` where that is less. Blocks while it encodes what was
    /// not asked for before.
    pub(crate) fn pictures(
        &self,
        images: &[ImageId],
        longest_side: Option<u32>,
    ) -> Result<Pictures, ImageSourceError> {
        let side = longest_side.unwrap_or(u32::MAX).min(self.longest_side);
        // Held while encoding, so that two requests do not encode one image twice.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pictures = Pictures::new();
        for &image in images {
            if pictures.contains_key(&image) {
                continue;
            }
            let known = kept.iter().position(|(key, _)| *key == (image, side));
            let encoded = match known.and_then(|index| kept.remove(index)) {
                Some((_, encoded)) => encoded,
                None => self.encode(image, side)?,
            };
            kept.push_back(((image, side), encoded.clone()));
            pictures.insert(image, encoded);
        }
        let mut bytes: usize = kept.iter().map(|(_, encoded)| encoded.url.len()).sum();
        while bytes > MOST_BYTES {
            let Some((_, oldest)) = kept.pop_front() else { break };
            bytes -= oldest.url.len();
        }
        Ok(pictures)
    }

    fn encode(&self, image: ImageId, longest_side: u32) -> Result<Encoded, ImageSourceError> {
        let encoded = self.source.encoded(image, longest_side)?;
        Ok(Encoded::new(encoded.media_type, &encoded.bytes))
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
            let pictures = encoder.pictures(&[ids[0], ids[1], ids[0]], None).unwrap();
            assert_eq!(pictures[&ids[1]].url(), "data:image/jpeg;base64,AQID");
            assert_eq!(pictures[&ids[1]].base64(), "AQID");
        }
        assert_eq!(source.0.load(Ordering::Relaxed), 2);
        // A smaller copy is another file; one that would be larger than the model takes is the same.
        for (longest_side, encoded) in [(Some(300), 3), (Some(9000), 3)] {
            encoder.pictures(&ids[..1], longest_side).unwrap();
            assert_eq!(source.0.load(Ordering::Relaxed), encoded);
        }
    }
}
