//! Colours, signs, line styles and sizes.

use lavr_types::Verdict;

use super::{ReportError, canvas::Color, stage::Stage, type_setting::Fonts};

/// The band's background.
pub(super) const PAPER: Color = [250, 250, 247];
/// Text on paper.
pub(super) const INK: Color = [28, 32, 40];
/// Less important text on paper.
pub(super) const FAINT_INK: Color = [96, 102, 114];
/// Lines on paper.
pub(super) const RULE: Color = [218, 218, 212];
/// Around a picture that is narrower than the band's text needs.
pub(super) const BACKDROP: Color = [232, 232, 228];
/// The background of a label.
pub(super) const LABEL: Color = [24, 27, 34];
/// Text on a label or on a verdict's deep colour.
pub(super) const LIGHT: Color = [255, 255, 255];

/// How a frame's line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Solid,
    Dashed,
    Dotted,
}

pub(super) use crate::places::VERDICTS;

/// A colour for lines and backgrounds, from the palette of Okabe and Ito (2008), which readers with each kind of
/// colour blindness can tell apart.
pub(super) const fn color(verdict: Verdict) -> Color {
    match verdict {
        Verdict::Supported => [0, 158, 115],
        Verdict::Contradicted => [213, 94, 0],
        Verdict::Insufficient => [240, 176, 20],
    }
}

/// The colour darkened so that white text on it and it on paper have a contrast of at least 4.5.
pub(super) const fn deep_color(verdict: Verdict) -> Color {
    match verdict {
        Verdict::Supported => [0, 112, 82],
        Verdict::Contradicted => [184, 62, 0],
        Verdict::Insufficient => [140, 92, 0],
    }
}

/// The colour lightened to a background for dark text.
pub(super) const fn light_color(verdict: Verdict) -> Color {
    match verdict {
        Verdict::Supported => [205, 240, 226],
        Verdict::Contradicted => [253, 226, 208],
        Verdict::Insufficient => [252, 238, 200],
    }
}

pub(super) const fn line(verdict: Verdict) -> Line {
    match verdict {
        Verdict::Supported => Line::Solid,
        Verdict::Contradicted => Line::Dashed,
        Verdict::Insufficient => Line::Dotted,
    }
}

pub(super) const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Supported => "supported",
        Verdict::Contradicted => "contradicted",
        Verdict::Insufficient => "not enough seen",
    }
}

/// Fonts and sizes for one drawing.
pub(super) struct Style {
    pub(super) fonts: Fonts,
    /// Text height of chips.
    pub(super) chip_text: f32,
    /// Text height of the corrected text.
    pub(super) body_text: f32,
    /// Text height of the legend and the reasons.
    pub(super) small_text: f32,
    /// Width of frames.
    pub(super) stroke: f32,
    /// Distance of the band's text from its edges.
    pub(super) margin: f32,
}

impl Style {
    pub(super) fn for_stage(stage: &Stage) -> Result<Self, ReportError> {
        let side = stage.width.max(stage.height) as f32;
        let chip_text = (side / 58.0).clamp(17.0, 38.0).min(stage.width as f32 / 22.0).max(14.0);
        Ok(Self {
            fonts: Fonts::builtin()?,
            chip_text,
            body_text: chip_text * 1.3,
            small_text: chip_text * 0.98,
            stroke: (chip_text / 6.0).clamp(2.0, 6.0).round(),
            margin: chip_text * 1.3,
        })
    }
}
