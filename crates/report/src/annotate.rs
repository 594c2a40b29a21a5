//! Boxes, labels and verdicts drawn on the picture, with the corrected text below it.
//!
//! What is drawn:
//! - a thin frame around each place that evidence was seen in. Places that several calls or claims share are
//!   drawn once; where verdicts differ, frames stand inside each other.
//! - a chip at each frame: the verdict's sign with the numbers of the claims, then what was seen and its score
//!   (`dog 0.83`). Chips do not overlap and do not leave the picture; a chip that finds no room loses its text,
//!   then is left out. Evidence of the whole picture (`no cat`) has a chip and no frame.
//! - a band below: the text with contradicted words struck through and replacements highlighted, each claim with
//!   its sign and number; the verdicts counted; why claims were contradicted.
//!
//! A verdict shows in three ways, so that no one has to tell colours apart: supported is green, solid, a check;
//! contradicted is vermilion, dashed, a cross; insufficient is amber, dotted, a question sign.
//!
//! The drawing is 1000 to 2400 pixels on its longer side (without the band): smaller pictures are enlarged,
//! larger ones shrunk. The font has Latin, Greek and Cyrillic letters and draws from left to right; other signs
//! (Chinese, emoji, ...) show as the replacement sign U+FFFD. The JSON document has them all.

mod badge;
mod band;
mod canvas;
mod chip;
mod flow;
mod marks;
pub(crate) mod place;
mod stage;
mod style;
mod type_setting;

use image::RgbImage;
use lavr_image::{ImageError, ImageStore};
use lavr_types::{Answer, ImageId};

use self::{band::Band, canvas::Canvas, stage::Stage, style::Style};

/// A picture of an answer could not be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The store has no such picture.
    #[error("cannot draw on {id}: give the id of a picture that this store holds")]
    Picture {
        /// The picture.
        id: ImageId,
        /// What the store said.
        source: ImageError,
    },
    /// The id is that of a crop or a resized copy.
    #[error(
        "cannot draw on {id}, which was made from {root}: evidence is drawn on the picture as it was given"
    )]
    NotARoot {
        /// The picture.
        id: ImageId,
        /// What it was made from.
        root: ImageId,
    },
    /// The font that is part of the program cannot be read.
    #[error("the built-in font cannot be read: the program was built from a damaged source tree")]
    Font(#[from] ab_glyph::InvalidFont),
}

/// Draws the answer's evidence on `root`, a picture as it was given, with the corrected text below.
///
/// Evidence seen in other pictures is left out of the drawing, not of the counts.
///
/// # Errors
/// When the store does not hold the picture, or it is not one that was given.
pub fn annotate(answer: &Answer, root: ImageId, store: &ImageStore) -> Result<RgbImage, ReportError> {
    let unknown = |source| ReportError::Picture { id: root, source };
    let (first, _) = store.root_of(root).map_err(unknown)?;
    if first != root {
        return Err(ReportError::NotARoot { id: root, root: first });
    }
    let picture = store.get(root).map_err(unknown)?;
    let stage = Stage::of(picture.size());
    let style = Style::for_stage(&stage)?;

    let band = Band::lay_out(answer, stage.width, &style);
    let mut canvas = Canvas::new(stage.width, stage.height + band.height(), style::PAPER);
    stage.show(&picture.pixels, &mut canvas);

    let marks = marks::collect(answer, root, store, &stage);
    for mark in &marks {
        mark.frame(&style, &stage).draw(&mut canvas, &style);
    }
    chip::draw_all(&marks, &stage, &style, &mut canvas);
    band.draw(stage.height, &style, &mut canvas);
    Ok(canvas.into_image())
}

#[cfg(test)]
#[path = "annotate/tests.rs"]
mod tests;
