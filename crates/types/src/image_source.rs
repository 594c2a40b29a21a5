//! How those who send pictures elsewhere (chat models) get at their bytes without holding a store.

use crate::{ImageId, Size};

/// An image as a file in memory.
#[derive(Debug, Clone)]
pub struct EncodedImage {
    /// The bytes of the file.
    pub bytes: Vec<u8>,
    /// Its media type, such as `image/jpeg`.
    pub media_type: &'static str,
    /// Its size in pixels, after any downscaling.
    pub size: Size,
}

/// An image could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageSourceError {
    /// No image has this id.
    #[error("no image is named {0}")]
    Unknown(ImageId),
    /// The image could not be written in the format asked for.
    #[error("could not encode {id}: {message}")]
    Encode {
        /// The image.
        id: ImageId,
        /// What the encoder said.
        message: String,
    },
}

/// Gives out images by id.
pub trait ImageSource: Send + Sync {
    /// The image as a file, shrunk so that its longest side is at most `longest_side` pixels.
    ///
    /// # Errors
    /// When no image has this id, or the encoder fails.
    fn encoded(&self, id: ImageId, longest_side: u32) -> Result<EncodedImage, ImageSourceError>;

    /// The size of the image in pixels.
    ///
    /// # Errors
    /// When no image has this id.
    fn size(&self, id: ImageId) -> Result<Size, ImageSourceError>;
}
