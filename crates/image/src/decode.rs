//! From bytes to upright RGB pixels, within limits.

use std::{
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Rgb, RgbImage};
use lavr_types::Size;

use crate::{
    ImageError, Limits,
    open::{self, OpenError},
};

/// A decoded picture.
#[derive(Debug)]
pub struct Decoded {
    /// Upright pixels: the EXIF orientation is applied, transparency laid over white, 16 bits cut to 8, only
    /// the first frame of an animation kept.
    pub pixels: RgbImage,
    /// The file's format, such as `PNG`.
    pub format: &'static str,
}

/// Reads the file at a path, as far as the limits allow.
///
/// # Errors
/// When there is no such file, it is no file, cannot be read or is too large.
pub fn read(path: &Path, limits: &Limits) -> Result<Vec<u8>, ImageError> {
    let text = path.to_string_lossy();
    if is_address(&text) && !path.exists() {
        return Err(ImageError::WebAddress(text.into_owned()));
    }
    let failed = |error| match error {
        OpenError::Missing => ImageError::Missing(path.to_owned()),
        OpenError::NotAFile => ImageError::NotAFile(path.to_owned()),
        OpenError::Io(source) => ImageError::Read { path: path.to_owned(), source },
    };
    let file = open::pinned(path).and_then(open::Pinned::open).map_err(failed)?;
    open::read_picture(file, path, limits)
}

/// Whether a text is an address (`https://...`, `file:///...`) and no path.
fn is_address(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

/// Decodes a picture. `name` is what errors call it.
///
/// # Errors
/// When the bytes are no picture, damaged, cut off, or over a limit. The size in the header is checked before
/// a pixel is decoded.
pub fn decode(bytes: &[u8], name: &str, limits: &Limits) -> Result<Decoded, ImageError> {
    let name = || name.to_owned();
    if bytes.is_empty() {
        return Err(ImageError::Empty { name: name() });
    }
    if bytes.len() as u64 > limits.bytes {
        return Err(ImageError::TooManyBytes {
            name: name(),
            bytes: bytes.len() as u64,
            limit: limits.bytes,
        });
    }
    // The content decides, not the file's name.
    let format = image::guess_format(bytes).ok().and_then(|format| Some((format, format_name(format)?)));
    let Some((format, format_name)) = format else {
        return Err(ImageError::UnknownFormat { name: name() });
    };
    let damaged = |message: String| ImageError::Damaged { name: name(), format: format_name.into(), message };
    if format == ImageFormat::Jpeg && !jpeg_has_an_end(bytes) {
        return Err(damaged("its end is missing; copy or download it again".into()));
    }

    // Decoders are well tested, but they read what strangers wrote.
    catch_unwind(AssertUnwindSafe(|| decode_format(bytes, format, limits)))
        .unwrap_or_else(|_| Err(Failure::Damaged("its content is contradictory".into())))
        .map(|pixels| Decoded { pixels, format: format_name })
        .map_err(|failure| match failure {
            Failure::Damaged(message) => damaged(message),
            Failure::TooManyPixels(size) => {
                ImageError::TooManyPixels { name: name(), size, side: limits.side, pixels: limits.pixels }
            }
        })
}

enum Failure {
    Damaged(String),
    TooManyPixels(Size),
}

impl From<image::ImageError> for Failure {
    fn from(error: image::ImageError) -> Self {
        Self::Damaged(error.to_string())
    }
}

fn decode_format(bytes: &[u8], format: ImageFormat, limits: &Limits) -> Result<RgbImage, Failure> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut decoder_limits = image::Limits::default();
    decoder_limits.max_alloc = Some(limits.allocation);
    reader.limits(decoder_limits);
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    let size = Size::new(width, height);
    if width == 0 || height == 0 {
        return Err(Failure::Damaged("it has no pixels".into()));
    }
    if width > limits.side || height > limits.side || size.area() > limits.pixels {
        return Err(Failure::TooManyPixels(size));
    }
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(over_white(picture))
}

fn format_name(format: ImageFormat) -> Option<&'static str> {
    match format {
        ImageFormat::Png => Some("PNG"),
        ImageFormat::Jpeg => Some("JPEG"),
        ImageFormat::WebP => Some("WebP"),
        ImageFormat::Gif => Some("GIF"),
        ImageFormat::Bmp => Some("BMP"),
        ImageFormat::Tiff => Some("TIFF"),
        _ => None,
    }
}

/// The decoder fills what is missing of a JPEG with gray and reports nothing, so the end is looked for here:
/// the marker `FF D9`, after which some cameras append data of their own.
fn jpeg_has_an_end(bytes: &[u8]) -> bool {
    bytes.windows(2).rev().any(|pair| pair == [0xFF, 0xD9])
}

fn over_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let rgba = picture.into_rgba8();
    let mut rgb = RgbImage::new(rgba.width(), rgba.height());
    for (target, source) in rgb.pixels_mut().zip(rgba.pixels()) {
        let [red, green, blue, alpha] = source.0.map(u32::from);
        let blend = |value: u32| ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        *target = Rgb([blend(red), blend(green), blend(blue)]);
    }
    rgb
}
