//! Why an image could not be had.

use std::path::PathBuf;

use lavr_types::{ImageId, Rect, Size};

/// An image could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The path is an address.
    #[error("`{0}` is an address, not a path: download the picture first and give the path of the file")]
    WebAddress(String),
    /// Nothing is at the path.
    #[error("no file is at `{}`: check the path", .0.display())]
    Missing(PathBuf),
    /// The path is a directory or another thing without content.
    #[error("`{}` is not a file but a directory or device: give the path of one picture", .0.display())]
    NotAFile(PathBuf),
    /// The file lies outside of the allowed folders, or cannot be had there.
    #[error(transparent)]
    Folder(#[from] crate::FolderError),
    /// The file could not be read.
    #[error("could not read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file has no content.
    #[error("{name} is empty (0 bytes): the picture was probably not written out completely")]
    Empty {
        /// The file.
        name: String,
    },
    /// The file is none of the formats that are read.
    #[error("{name} is not a picture that lavr reads (PNG, JPEG, WebP, GIF, BMP, TIFF): convert it first")]
    UnknownFormat {
        /// The file.
        name: String,
    },
    /// The file is too large.
    #[error("{name} has {bytes} bytes, more than the {limit} allowed: shrink the picture first")]
    TooManyBytes {
        /// The file.
        name: String,
        /// Its length.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The header promises more pixels than allowed.
    #[error(
        "{name} is {}x{} pixels, more than allowed ({side} a side, {pixels} in all): shrink the picture first",
        size.width, size.height
    )]
    TooManyPixels {
        /// The file.
        name: String,
        /// The size in its header.
        size: Size,
        /// The limit a side.
        side: u32,
        /// The limit in all.
        pixels: u64,
    },
    /// The content is damaged.
    #[error("{name} is a damaged or cut-off {format} file: {message}")]
    Damaged {
        /// The file.
        name: String,
        /// What it claims to be.
        format: String,
        /// What the decoder said.
        message: String,
    },
    /// No image has this id.
    #[error("no image is named {0}")]
    Unknown(ImageId),
    /// The image was here and had to make room for others.
    #[error(
        "the image {id} is not kept any more: at most {} MiB of images are, and others were used since; give the picture \
         again, and cut out of it again what was cut out",
        limit.div_ceil(1 << 20)
    )]
    Forgotten {
        /// The image.
        id: ImageId,
        /// The most bytes that are kept.
        limit: u64,
    },
    /// The region holds no pixel of the image.
    #[error(
        "the region [{}, {}, {}, {}] holds no pixel of the image ({}x{}): \
         give [left, top, right, bottom] in pixels inside the image",
        region.left, region.top, region.right, region.bottom, size.width, size.height
    )]
    EmptyRegion {
        /// The region.
        region: Rect,
        /// The image's size.
        size: Size,
    },
    /// The image could not be written as a file.
    #[error("could not encode the image: {0}")]
    Encode(String),
    /// The file of an image could not be written.
    #[error("could not write `{}`: is there room for temporary files?", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}
