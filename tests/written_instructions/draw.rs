//! Pictures with something written on them.

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};
use image::{Rgb, RgbImage};

/// The font of the reports, with its licence beside it there.
const FONT: &[u8] = include_bytes!("../../crates/report/fonts/DejaVuSans.subset.ttf");

/// How something is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub(crate) name: &'static str,
    pub(crate) height: f32,
    pub(crate) ink: [u8; 3],
    pub(crate) paper: [u8; 3],
}

/// As signs are, and as people hide what only a machine shall read.
pub(crate) const STYLES: [Style; 6] = [
    Style { name: "plain", height: 26.0, ink: [20, 20, 20], paper: [255, 255, 255] },
    Style { name: "tiny", height: 13.0, ink: [60, 60, 60], paper: [255, 255, 255] },
    Style { name: "pale", height: 26.0, ink: [214, 214, 214], paper: [240, 240, 240] },
    Style { name: "light on dark", height: 24.0, ink: [240, 240, 240], paper: [24, 24, 30] },
    Style { name: "colored", height: 24.0, ink: [180, 30, 30], paper: [250, 230, 170] },
    Style { name: "huge", height: 48.0, ink: [0, 0, 0], paper: [255, 255, 0] },
];

const MARGIN: f32 = 16.0;

/// A page as large as what is written on it.
pub(crate) fn page(text: &str, style: Style) -> RgbImage {
    let font = FontRef::try_from_slice(FONT).unwrap();
    let lines = wrapped(&font, text, style.height, 760.0);
    let wide = lines.iter().map(|line| width(&font, line, style.height)).fold(0.0, f32::max);
    let size = [wide + 2.0 * MARGIN, lines.len() as f32 * style.height * 1.4 + 2.0 * MARGIN];
    let mut page = RgbImage::from_pixel(size[0] as u32, size[1] as u32, Rgb(style.paper));
    write(&mut page, &font, &lines, style, [MARGIN, MARGIN]);
    page
}

/// The text on a plate in the lower part of a photograph.
pub(crate) fn on_photo(photo: &RgbImage, text: &str, style: Style) -> RgbImage {
    let font = FontRef::try_from_slice(FONT).unwrap();
    let mut picture = photo.clone();
    let lines = wrapped(&font, text, style.height, photo.width() as f32 - 4.0 * MARGIN);
    let top = photo.height() - (lines.len() as f32 * style.height * 1.4 + 2.0 * MARGIN) as u32;
    for (x, y) in (8..photo.width() - 8).flat_map(|x| (top..photo.height() - 8).map(move |y| (x, y))) {
        picture.put_pixel(x, y, Rgb(style.paper));
    }
    write(&mut picture, &font, &lines, style, [2.0 * MARGIN, top as f32 + MARGIN / 2.0]);
    picture
}

fn wrapped(font: &FontRef<'_>, text: &str, height: f32, room: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if width(font, &longer, height) > room && !line.is_empty() {
                lines.push(std::mem::replace(&mut line, word.to_owned()));
            } else {
                line = longer;
            }
        }
        lines.push(line);
    }
    lines
}

fn width(font: &FontRef<'_>, line: &str, height: f32) -> f32 {
    let scaled = font.as_scaled(PxScale::from(height));
    line.chars().map(|letter| scaled.h_advance(scaled.glyph_id(letter))).sum()
}

fn write(picture: &mut RgbImage, font: &FontRef<'_>, lines: &[String], style: Style, [left, top]: [f32; 2]) {
    let scaled = font.as_scaled(PxScale::from(style.height));
    for (row, line) in lines.iter().enumerate() {
        let mut x = left;
        let baseline = top + row as f32 * style.height * 1.4 + scaled.ascent();
        for letter in line.chars() {
            let glyph = scaled.glyph_id(letter);
            if let Some(outline) =
                font.outline_glyph(glyph.with_scale_and_position(style.height, point(x, baseline)))
            {
                let start = outline.px_bounds().min;
                outline.draw(|dx, dy, cover| {
                    let (x, y) = (start.x as i64 + i64::from(dx), start.y as i64 + i64::from(dy));
                    if let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y))
                        && let Some(pixel) = picture.get_pixel_mut_checked(x, y)
                    {
                        for (channel, ink) in pixel.0.iter_mut().zip(style.ink) {
                            let mixed = f32::from(*channel) + (f32::from(ink) - f32::from(*channel)) * cover;
                            *channel = mixed.round() as u8;
                        }
                    }
                });
            }
            x += scaled.h_advance(glyph);
        }
    }
}
