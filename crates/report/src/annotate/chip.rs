//! Chips: what was seen at a mark, and which claims rest on it.

use std::collections::HashSet;

use lavr_types::{Point, Rect, Verdict};

use super::{
    badge::Badge,
    canvas::Canvas,
    marks::Mark,
    place::{Placed, ROOM_FOR_TEXT, Wish, place},
    stage::Stage,
    style::{self, Style},
    type_setting::Weight,
};

/// A mark's chip before it has a place. Lengths in pixels.
struct Chip {
    badges: Vec<Badge>,
    text: String,
    wish: Wish,
    has_frame: bool,
    worst: Verdict,
}

/// Distances inside a chip, for a text height.
struct Metrics {
    height: f32,
    badge: f32,
    pad: f32,
}

impl Metrics {
    fn of(style: &Style) -> Self {
        let text = style.chip_text;
        Self { height: (text * 1.3).round(), badge: (text * 0.98).round(), pad: (text * 0.16).round() }
    }
}

impl Chip {
    fn of(mark: &Mark, stage: &Stage, style: &Style) -> Self {
        let metrics = Metrics::of(style);
        let badges: Vec<Badge> = mark
            .place
            .verdicts()
            .iter()
            .map(|(verdict, numbers)| Badge::of_claims(*verdict, numbers))
            .collect();
        let short = badges.iter().map(|badge| badge.width(style, metrics.badge) + metrics.pad).sum::<f32>()
            + metrics.pad;
        let room = stage.width as f32 * 0.9 - short - 3.0 * metrics.pad;
        let text = fit(&style.fonts.printable(&mark.place.text()), room, style);
        let long = short + style.fonts.width(&text, Weight::Regular, style.chip_text) + 3.0 * metrics.pad;
        // A chip stands on the outer edge of its frame's line; chips of the whole picture begin in its corner.
        let edge = f64::from(style.stroke) / 2.0;
        let Rect { left, top, right, bottom } = mark.bounds;
        let anchor = if mark.place.whole {
            Rect::new(left + 2.0 * edge, top + 2.0 * edge, left + 2.0 * edge, top + 2.0 * edge)
        } else {
            Rect::new(left - edge, top - edge, right + edge, bottom + edge)
        };
        Self {
            worst: mark.place.verdicts().first().map_or(Verdict::Supported, |(verdict, _)| *verdict),
            badges,
            text,
            wish: Wish { anchor, widths: [long.into(), short.into()], height: metrics.height.into() },
            has_frame: !mark.place.whole,
        }
    }

    fn draw(&self, placed: Placed, style: &Style, canvas: &mut Canvas) {
        let metrics = Metrics::of(style);
        let bounds = placed.bounds;
        canvas.fill(bounds, f64::from(metrics.height) * 0.24, style::LABEL, 0.92);
        let (mut x, top) = (bounds.left as f32 + metrics.pad, bounds.top as f32);
        for badge in &self.badges {
            badge.draw(canvas, style, [x, top + (metrics.height - metrics.badge) / 2.0], metrics.badge);
            x += badge.width(style, metrics.badge) + metrics.pad;
        }
        if placed.with_text {
            let corner = [x + metrics.pad, top + (metrics.height - style.chip_text) / 2.0];
            style.fonts.draw(canvas, &self.text, Weight::Regular, style.chip_text, corner, style::LIGHT);
        }
    }
}

/// A line from a chip that found no room at its box to that box.
fn draw_leader(chip: Rect, anchor: Rect, verdict: Verdict, style: &Style, canvas: &mut Canvas) {
    let reach = f64::from(style.stroke);
    let near = Rect::new(chip.left - reach, chip.top - reach, chip.right + reach, chip.bottom + reach);
    if near.intersection(anchor).is_some() {
        return;
    }
    let from = chip.center();
    let to = Point::new(from.x.clamp(anchor.left, anchor.right), from.y.clamp(anchor.top, anchor.bottom));
    canvas.line(from, to, reach + 2.0, [0, 0, 0], 0.45);
    canvas.line(from, to, reach, style::color(verdict), 1.0);
}

/// The text cut to a width, with an ellipsis where something was cut.
fn fit(text: &str, width: f32, style: &Style) -> String {
    let wide = |text: &str| style.fonts.width(text, Weight::Regular, style.chip_text);
    if wide(text) <= width {
        return text.to_owned();
    }
    let mut signs: Vec<char> = text.chars().collect();
    while signs.pop().is_some() {
        let cut = signs.iter().collect::<String>().trim_end().to_owned() + "…";
        if wide(&cut) <= width {
            return cut;
        }
    }
    String::new()
}

/// Leaves the text, in a crowd, to the first of those that look alike and have the same verdicts.
fn shorten<'m>(chips: &mut [Chip], marks: impl Iterator<Item = &'m Mark>) {
    let mut told = HashSet::new();
    for (chip, mark) in chips.iter_mut().zip(marks) {
        if !told.insert((mark.place.names(), mark.place.verdicts())) {
            chip.text.clear();
            chip.wish.widths[0] = chip.wish.widths[1];
        }
    }
}

/// Places and draws the chips of all marks: those of contradicted claims choose first, then small boxes.
pub(super) fn draw_all(marks: &[Mark], stage: &Stage, style: &Style, canvas: &mut Canvas) {
    let mut chips: Vec<Chip> = marks.iter().rev().map(|mark| Chip::of(mark, stage, style)).collect();
    let covered: f64 = chips.iter().map(|chip| chip.wish.widths[0] * chip.wish.height).sum();
    if covered > ROOM_FOR_TEXT * stage.bounds().area() {
        shorten(&mut chips, marks.iter().rev());
    }
    chips.sort_by_key(|chip| style::VERDICTS.iter().position(|verdict| *verdict == chip.worst));
    let wishes: Vec<Wish> = chips.iter().map(|chip| chip.wish).collect();
    let margin = f64::from(style.stroke);
    let bounds = stage.bounds();
    let inside =
        Rect::new(bounds.left + margin, bounds.top + margin, bounds.right - margin, bounds.bottom - margin);
    let places = place(&wishes, inside, margin / 2.0);
    let placed: Vec<(&Chip, Placed)> =
        chips.iter().zip(places).filter_map(|(chip, placed)| Some((chip, placed?))).collect();
    // No leader crosses a chip.
    for (chip, placed) in placed.iter().filter(|(chip, _)| chip.has_frame) {
        draw_leader(placed.bounds, chip.wish.anchor, chip.worst, style, canvas);
    }
    for (chip, placed) in placed {
        chip.draw(placed, style, canvas);
    }
}
