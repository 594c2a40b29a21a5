//! Letters: which font has them, how wide they are, how they are drawn.

use ab_glyph::{Font, FontRef, GlyphId, PxScale, ScaleFont, point};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use super::{
    ReportError,
    canvas::{Canvas, Color},
};

const REGULAR: &[u8] = include_bytes!("../../fonts/DejaVuSans.subset.ttf");
const BOLD: &[u8] = include_bytes!("../../fonts/DejaVuSans-Bold.subset.ttf");

/// Stands for what the font has no letter for.
const REPLACEMENT: char = '\u{fffd}';

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// The built-in font in two weights.
pub(super) struct Fonts {
    regular: FontRef<'static>,
    bold: FontRef<'static>,
}

impl Fonts {
    pub(super) fn builtin() -> Result<Self, ReportError> {
        Ok(Self { regular: FontRef::try_from_slice(REGULAR)?, bold: FontRef::try_from_slice(BOLD)? })
    }

    const fn of(&self, weight: Weight) -> &FontRef<'static> {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    /// The text with letters composed, signs without shape left out, and one replacement sign for each
    /// user-perceived character that the font lacks.
    pub(super) fn printable(&self, text: &str) -> String {
        let composed: String = text.nfc().collect();
        composed
            .graphemes(true)
            .flat_map(|grapheme| {
                let visible: Vec<char> = grapheme.chars().filter(|&sign| has_shape(sign)).collect();
                let known = visible.iter().all(|&sign| self.regular.glyph_id(sign) != GlyphId(0));
                if known { visible } else { vec![REPLACEMENT] }
            })
            .collect()
    }

    /// How wide the text is at this height, in pixels.
    pub(super) fn width(&self, text: &str, weight: Weight, height: f32) -> f32 {
        self.walk(text, weight, height, |_, _| ())
    }

    /// How far the baseline lies below the top of a line of this height.
    pub(super) fn ascent(&self, height: f32) -> f32 {
        self.regular.as_scaled(PxScale::from(height)).ascent()
    }

    /// Draws a line of text with its top left corner at (x, y).
    pub(super) fn draw(
        &self,
        canvas: &mut Canvas,
        text: &str,
        weight: Weight,
        height: f32,
        [x, y]: [f32; 2],
        color: Color,
    ) {
        let (font, baseline) = (self.of(weight), y + self.ascent(height));
        self.walk(text, weight, height, |id, advance| {
            let glyph = id.with_scale_and_position(PxScale::from(height), point(x + advance, baseline));
            if let Some(outline) = font.outline_glyph(glyph) {
                let (left, top) = (outline.px_bounds().min.x as i64, outline.px_bounds().min.y as i64);
                outline.draw(|dx, dy, cover| {
                    canvas.mix(left + i64::from(dx), top + i64::from(dy), color, cover);
                });
            }
        });
    }

    /// Visits each letter with its distance from the first one's start; gives the whole width.
    fn walk(&self, text: &str, weight: Weight, height: f32, mut visit: impl FnMut(GlyphId, f32)) -> f32 {
        let font = self.of(weight).as_scaled(PxScale::from(height));
        let (mut advance, mut last) = (0.0, None);
        for sign in text.chars() {
            let id = font.glyph_id(sign);
            if let Some(last) = last {
                advance += font.kern(last, id);
            }
            visit(id, advance);
            advance += font.h_advance(id);
            last = Some(id);
        }
        advance
    }
}

/// Whether a sign is meant to be seen: controls, joiners, direction marks and variation selectors are not.
fn has_shape(sign: char) -> bool {
    !sign.is_control()
        && !matches!(
            sign,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
                | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e01ef}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_the_font_lacks_become_one_sign_each() {
        let fonts = Fonts::builtin().unwrap();
        assert_eq!(fonts.printable("Ein Café, два, δύο"), "Ein Café, два, δύο");
        assert_eq!(fonts.printable("e\u{301}"), "é");
        assert_eq!(fonts.printable("犬が"), "\u{fffd}\u{fffd}");
        assert_eq!(fonts.printable("👩‍👩‍👧!\u{202e}x"), "\u{fffd}!x");
    }

    #[test]
    fn both_weights_have_the_same_letters() {
        let fonts = Fonts::builtin().unwrap();
        for (_, sign) in fonts.regular.codepoint_ids() {
            assert_ne!(fonts.bold.glyph_id(sign), GlyphId(0), "{sign}");
        }
    }
}
