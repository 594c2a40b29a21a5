//! Which cut-outs the real experts see, as it was measured.

use serde::{Deserialize, Serialize};

/// What was measured of the cut-outs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// How it was measured.
    pub how: String,
    /// The command that measures it anew.
    pub command: String,
    /// What was measured, by cut-out, color and size.
    pub entries: Vec<Entry>,
}

/// A cut-out as photographed, or in one paint, at one size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The cut-out.
    pub cutout: String,
    /// Its label.
    pub label: String,
    /// Its color, as photographed or painted; none where one word does not say it.
    pub color: Option<String>,
    /// Its longer side as a share of the canvas's longer side.
    pub size: f64,
    /// The least score that the detector gave it, over all placements, with a box that overlaps its own by half at
    /// least; 0 where it was missed once.
    pub score: f32,
    /// The highest score of a box of its label that is not it, over all placements.
    pub doubled: f32,
    /// Share of the placements in which the color meter named the color clearly; none where there is no color.
    pub named: Option<f64>,
}

impl Entry {
    /// Whether the experts see it: found every time with a score that counts as good evidence, never twice, and
    /// its color named every time.
    pub fn is_seen(&self) -> bool {
        self.score >= SEEN && self.doubled < DOUBLED && self.named.is_none_or(|share| share >= 1.0)
    }
}

/// The verifier takes a finding from this score on as good evidence.
const SEEN: f32 = 0.5;

/// ... and from this score on something may be there.
const DOUBLED: f32 = 0.3;
