//! Cut-outs: photographed things with everything around them transparent.

use std::path::Path;

use image::RgbaImage;
use serde::Deserialize;

use super::RenderError;

/// A photographed thing with everything around it transparent.
#[derive(Debug, Clone)]
pub struct CutOut {
    /// Its name: that of its file.
    pub name: String,
    /// What it shows: a label of the vocabulary.
    pub label: String,
    /// Its color as photographed, where one word says it.
    pub color: Option<String>,
    /// Its pixels, cut to the thing itself.
    pub picture: RgbaImage,
}

/// What `cutouts.json` says of a cut-out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Description {
    label: String,
    #[serde(default)]
    color: Option<String>,
}

/// Pixels with less cover than this do not belong to a thing's box.
const VISIBLE: u8 = 96;

impl CutOut {
    pub(super) fn open(folder: &Path, name: String, description: Description) -> Result<Self, RenderError> {
        let path = folder.join(&name);
        let picture = image::open(&path).map_err(|source| RenderError::CutOut { path, source })?.to_rgba8();
        let Description { label, color } = description;
        Ok(Self { name, label, color, picture: trimmed(picture) })
    }

    /// The width and height of the thing where its longer side is 1.
    pub fn proportions(&self) -> [f64; 2] {
        let (width, height) = (f64::from(self.picture.width()), f64::from(self.picture.height()));
        let longer = width.max(height).max(1.0);
        [width / longer, height / longer]
    }
}

/// The picture without what is transparent around the thing.
fn trimmed(picture: RgbaImage) -> RgbaImage {
    let [mut left, mut top] = [picture.width(), picture.height()];
    let [mut right, mut bottom] = [0, 0];
    for (x, y, pixel) in picture.enumerate_pixels() {
        if pixel.0[3] >= VISIBLE {
            (left, top) = (left.min(x), top.min(y));
            (right, bottom) = (right.max(x + 1), bottom.max(y + 1));
        }
    }
    if left >= right || top >= bottom {
        return picture;
    }
    image::imageops::crop_imm(&picture, left, top, right - left, bottom - top).to_image()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_transparent_around_a_thing_is_cut_off() {
        let inside = |x: u32, y: u32| (3..7).contains(&x) && (2..4).contains(&y);
        let picture = RgbaImage::from_fn(10, 8, |x, y| image::Rgba([9, 9, 9, u8::from(inside(x, y)) * 255]));
        assert_eq!(trimmed(picture).dimensions(), (4, 2));
        assert_eq!(trimmed(RgbaImage::new(5, 5)).dimensions(), (5, 5));
    }
}
