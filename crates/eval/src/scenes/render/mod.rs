//! Scenes as pictures: cut-outs of photographed things on plain backgrounds, some of them painted, and signs with text.
//!
//! What is rendered is what the real experts are asked about, so a [`Studio`] makes up scenes only of cut-outs that they
//! are known to see: [`Calibration`] holds what was measured, once, with each cut-out alone on the canvas.

mod calibration;
mod canvas;
mod cutout;
mod lettering;
mod paint;
mod studio;

use std::path::PathBuf;

pub use calibration::{Calibration, Entry};
pub use cutout::CutOut;
pub use paint::PAINTS;
pub use studio::Studio;

/// A scene could not be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// A file is not there or not readable.
    #[error("{} is not readable: {source}; give the folder that holds `cutouts/`, `cutouts.json` and `calibration.json`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not as it should be.
    #[error("{} is not as expected: {source}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A cut-out's file is no picture.
    #[error("the cut-out {} is not readable: {source}; is the file whole?", path.display())]
    CutOut {
        /// The file.
        path: PathBuf,
        /// Why.
        source: image::ImageError,
    },
    /// A scene names a cut-out that there is none of.
    #[error("the scene `{scene}` asks for the cut-out `{cutout}`, which is not there")]
    UnknownCutOut {
        /// The scene.
        scene: String,
        /// The cut-out.
        cutout: String,
    },
    /// A thing has no picture: the scene was made for the oracle.
    #[error("the scene `{scene}` has a {label} without a cut-out: only a studio's own scenes can be drawn")]
    NoCutOut {
        /// The scene.
        scene: String,
        /// The thing.
        label: String,
    },
    /// The font is not readable.
    #[error("the font for signs is not readable: {0}")]
    Font(#[from] ab_glyph::InvalidFont),
}
