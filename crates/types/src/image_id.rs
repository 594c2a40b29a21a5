//! The name of an image: a hash of its pixels.

use std::{fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Affine, Size};

/// Names an image by its content: the first 128 bits of a SHA-256.
///
/// For an image from outside, of its size and its RGB pixels: equal pixels have equal ids, whatever file they
/// came from. For an image made from another, of its parent's id and the way back to it: two equal-looking
/// crops of different places stay apart, so that each knows where it came from. Written as `img_` and 32
/// hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageId([u8; 16]);

impl ImageId {
    /// The id of an image from its size and its pixels (RGB, 8 bits, row by row).
    pub fn of_pixels(size: Size, rgb: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(size.width.to_le_bytes());
        hasher.update(size.height.to_le_bytes());
        hasher.update(rgb);
        Self::from_digest(hasher)
    }

    /// The id of an image of this size that was made from `parent`; `to_parent` maps its pixels to the parent's.
    pub fn of_derived(parent: Self, size: Size, to_parent: Affine) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(b"derived");
        hasher.update(parent.0);
        hasher.update(size.width.to_le_bytes());
        hasher.update(size.height.to_le_bytes());
        for value in <[f64; 6]>::from(to_parent) {
            hasher.update(value.to_le_bytes());
        }
        Self::from_digest(hasher)
    }

    fn from_digest(hasher: Sha256) -> Self {
        let digest = hasher.finalize();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        Self(id)
    }
}

impl fmt::Display for ImageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("img_")?;
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for ImageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The text is not an image id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an image id: expected `img_` and 32 hexadecimal digits")]
pub struct ParseImageIdError(String);

impl FromStr for ImageId {
    type Err = ParseImageIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || ParseImageIdError(text.chars().take(60).collect());
        let digits = text.strip_prefix("img_").ok_or_else(invalid)?;
        if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(invalid());
        }
        let mut id = [0; 16];
        for (byte, pair) in id.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| invalid())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| invalid())?;
        }
        Ok(Self(id))
    }
}

impl TryFrom<String> for ImageId {
    type Error = ParseImageIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ImageId> for String {
    fn from(id: ImageId) -> Self {
        id.to_string()
    }
}

impl JsonSchema for ImageId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ImageId".into()
    }

    // Written in place: a `$ref` would hide the format from those who fill in image names.
    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "image-id", "description": "Name of an image." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_writing_and_reading() {
        let id = ImageId::of_pixels(Size::new(1, 1), &[1, 2, 3]);
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn the_size_is_part_of_the_content() {
        let pixels = [7; 12];
        assert_ne!(
            ImageId::of_pixels(Size::new(4, 1), &pixels),
            ImageId::of_pixels(Size::new(2, 2), &pixels)
        );
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "img_", "img_zz", "0123", "img_00000000000000000000000000000é"] {
            assert!(text.parse::<ImageId>().is_err(), "{text}");
        }
    }
}
