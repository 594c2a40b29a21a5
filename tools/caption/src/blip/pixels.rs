//! From a part of a picture to the network's input.

use candle_core::{Device, Tensor};
use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use lavr_image::RgbImage;
use lavr_types::Rect;

use crate::BlipError;

/// Mean and standard deviation of the training pictures in the order red, green, blue
/// (`preprocessor_config.json` of the published networks; the values are those of CLIP).
const NORMALIZATION: [(f32, f32); 3] =
    [(0.481_454_66, 0.268_629_54), (0.457_827_5, 0.261_302_6), (0.408_210_73, 0.275_777_1)];

/// `[1, 3, side, side]`: stretched to a square by a bicubic filter, as the reference does, and normalised.
pub(super) fn tensor(pixels: &RgbImage, area: Rect, side: usize) -> Result<Tensor, BlipError> {
    let failed = |error: &dyn std::fmt::Display| BlipError::Resize(error.to_string());
    let source = ImageRef::new(pixels.width(), pixels.height(), pixels.as_raw(), PixelType::U8x3)
        .map_err(|error| failed(&error))?;
    let mut resized = Image::new(side as u32, side as u32, PixelType::U8x3);
    // Catmull-Rom is the bicubic filter with a = -0.5, Pillow's.
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
        .crop(area.left, area.top, area.width(), area.height())
        .use_alpha(false);
    Resizer::new().resize(&source, &mut resized, &options).map_err(|error| failed(&error))?;
    let mut planes = Vec::with_capacity(3 * side * side);
    for (channel, (mean, deviation)) in NORMALIZATION.into_iter().enumerate() {
        let values = resized.buffer().iter().skip(channel).step_by(3);
        planes.extend(values.map(|&value| (f32::from(value) / 255.0 - mean) / deviation));
    }
    Ok(Tensor::from_vec(planes, (1, 3, side, side), &Device::Cpu)?)
}
