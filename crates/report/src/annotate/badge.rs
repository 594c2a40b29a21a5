//! A verdict's sign with the numbers of its claims, on the verdict's colour.

use lavr_types::{Point, Rect, Verdict};

use super::{
    canvas::Canvas,
    style::{self, Style},
    type_setting::Weight,
};

/// The most claim numbers on one badge.
const MOST_NUMBERS: usize = 4;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Badge {
    pub(super) verdict: Verdict,
    text: String,
}

impl Badge {
    /// For claims by their numbers.
    pub(super) fn of_claims(verdict: Verdict, numbers: &[usize]) -> Self {
        let mut words: Vec<String> = numbers.iter().take(MOST_NUMBERS).map(ToString::to_string).collect();
        if numbers.len() > MOST_NUMBERS {
            words.push("…".to_owned());
        }
        Self { verdict, text: words.join(",") }
    }

    /// The sign alone.
    pub(super) const fn sign(verdict: Verdict) -> Self {
        Self { verdict, text: String::new() }
    }

    pub(super) fn width(&self, style: &Style, height: f32) -> f32 {
        if self.text.is_empty() {
            return height;
        }
        height * 1.12 + style.fonts.width(&self.text, Weight::Bold, text_height(height))
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, style: &Style, [left, top]: [f32; 2], height: f32) {
        let width = self.width(style, height);
        let area = Rect::new(left.into(), top.into(), (left + width).into(), (top + height).into());
        canvas.fill(area, f64::from(height) * 0.28, style::deep_color(self.verdict), 1.0);
        let inset = if self.text.is_empty() { 0.5 } else { 0.46 };
        let center = Point::new(area.left + f64::from(height) * inset, area.center().y);
        draw_sign(canvas, style, self.verdict, center, height);
        let size = text_height(height);
        let corner = [left + height * 0.84, top + (height - size) / 2.0];
        style.fonts.draw(canvas, &self.text, Weight::Bold, size, corner, style::LIGHT);
    }
}

fn text_height(height: f32) -> f32 {
    height * 0.84
}

/// A check, a cross or a question sign; told apart by shape, not by colour.
fn draw_sign(canvas: &mut Canvas, style: &Style, verdict: Verdict, center: Point, height: f32) {
    let unit = f64::from(height);
    let at = |x: f64, y: f64| Point::new(center.x + x * unit, center.y + y * unit);
    let mut line = |from, to| canvas.line(from, to, unit * 0.13, style::LIGHT, 1.0);
    match verdict {
        Verdict::Supported => {
            line(at(-0.22, 0.02), at(-0.06, 0.19));
            line(at(-0.06, 0.19), at(0.23, -0.19));
        }
        Verdict::Contradicted => {
            line(at(-0.18, -0.18), at(0.18, 0.18));
            line(at(-0.18, 0.18), at(0.18, -0.18));
        }
        Verdict::Insufficient => {
            let size = height * 0.95;
            let width = style.fonts.width("?", Weight::Bold, size);
            let corner = [center.x as f32 - width / 2.0, center.y as f32 - size * 0.5];
            style.fonts.draw(canvas, "?", Weight::Bold, size, corner, style::LIGHT);
        }
    }
}
