//! What is drawn on the picture: one mark for each place that evidence was seen in.

use lavr_image::ImageStore;
use lavr_types::{Answer, ImageId, Point, Rect, Size, Verdict};

use super::{
    canvas::{Canvas, Color},
    stage::Stage,
    style::{self, Line, Style},
};
use crate::{
    document::claim_entry,
    places::{self, Place},
};

/// A place as it stands on the stage.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    /// In pixels of the stage.
    pub(super) bounds: Rect,
    /// What was seen there, and by which claims.
    pub(super) place: Place,
}

impl Mark {
    pub(super) fn frame(&self, style: &Style, stage: &Stage) -> Frame {
        let verdicts: Vec<Verdict> = if self.place.whole {
            Vec::new()
        } else {
            self.place.verdicts().into_iter().map(|(verdict, _)| verdict).collect()
        };
        Frame::around(self.bounds, verdicts, style, stage)
    }
}

/// The marks on one picture, those of the largest places first, so that smaller ones are drawn over them.
pub(super) fn collect(answer: &Answer, root: ImageId, store: &ImageStore, stage: &Stage) -> Vec<Mark> {
    let size = store.size_of(root).unwrap_or(Size::new(1, 1));
    let claims: Vec<_> = answer.claims.iter().map(|checked| claim_entry(checked, store)).collect();
    places::collect(&claims, root, size)
        .into_iter()
        .map(|place| Mark { bounds: stage.project(place.bounds), place })
        .collect()
}

/// The frames of a mark: one for each verdict, the worst outermost.
pub(super) struct Frame {
    lines: Vec<(Rect, Verdict)>,
}

impl Frame {
    fn around(bounds: Rect, verdicts: Vec<Verdict>, style: &Style, stage: &Stage) -> Self {
        let stroke = f64::from(style.stroke);
        // The smallest frame that still shows as one, and no line of it off the edge.
        let least = stroke * (3.0 + 3.0 * verdicts.len() as f64);
        let grow = |length: f64| ((least - length) / 2.0).max(0.0);
        let (x, y) = (grow(bounds.width()), grow(bounds.height()));
        let edge = stroke / 2.0 + 1.0;
        let inside = stage.bounds();
        let inside =
            Rect::new(inside.left + edge, inside.top + edge, inside.right - edge, inside.bottom - edge);
        let outer =
            Rect::new(bounds.left - x, bounds.top - y, bounds.right + x, bounds.bottom + y).clamped(inside);
        let lines = verdicts
            .into_iter()
            .enumerate()
            .map(|(place, verdict)| {
                let inset = place as f64 * (stroke * 1.5 + 1.0);
                let line = Rect::new(
                    outer.left + inset,
                    outer.top + inset,
                    outer.right - inset,
                    outer.bottom - inset,
                );
                (line, verdict)
            })
            .collect();
        Self { lines }
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, style: &Style) {
        let stroke = f64::from(style.stroke);
        // A dark line below each keeps it apart from bright and from equally coloured ground, white between the
        // dashes from dark ground.
        for &(bounds, verdict) in &self.lines {
            let line = style::line(verdict);
            let ground = if line == Line::Dashed { Line::Solid } else { line };
            outline(canvas, bounds, ground, stroke, stroke + 2.0, [0, 0, 0], 0.45);
            if line == Line::Dashed {
                outline(canvas, bounds, ground, stroke, stroke, style::LIGHT, 0.85);
            }
            outline(canvas, bounds, line, stroke, stroke, style::color(verdict), 1.0);
        }
    }
}

/// Draws the four sides of a box; `stroke` sets the length of dashes.
fn outline(canvas: &mut Canvas, bounds: Rect, line: Line, stroke: f64, width: f64, color: Color, share: f32) {
    let corners = bounds.corners();
    for (from, to) in corners.into_iter().zip(corners.into_iter().cycle().skip(1)) {
        side(canvas, [from, to], line, stroke, |canvas, from, to| {
            canvas.line(from, to, width, color, share);
        });
    }
}

/// One side of a frame, as strokes whose lengths are chosen so that the side begins and ends with one.
fn side(
    canvas: &mut Canvas,
    [from, to]: [Point; 2],
    line: Line,
    stroke: f64,
    mut draw: impl FnMut(&mut Canvas, Point, Point),
) {
    let length = (to.x - from.x).hypot(to.y - from.y);
    let (dash, gap) = match line {
        Line::Solid => return draw(canvas, from, to),
        Line::Dashed => (stroke * 4.0, stroke * 3.0),
        Line::Dotted => (0.0, stroke * 2.2),
    };
    let count = ((length - dash) / (dash + gap)).round().max(1.0);
    let step = (length - dash).max(0.0) / count;
    let at = |distance: f64| {
        let t = if length > 0.0 { distance / length } else { 0.0 };
        Point::new(from.x + t * (to.x - from.x), from.y + t * (to.y - from.y))
    };
    for number in 0..=count as u32 {
        let start = f64::from(number) * step;
        draw(canvas, at(start), at((start + dash).min(length)));
    }
}
