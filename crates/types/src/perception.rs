//! What experts see: the value that every tool of a capability gives, whichever network stands behind it.
//!
//! The verifier and the agent read these types; they know no tool by name.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Quad, Rect, Size};

/// One object found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Detection {
    /// Its label, a word of the detector's own list.
    pub label: String,
    /// Its box in pixels of the image that was asked about.
    #[serde(rename = "box")]
    pub bounds: Rect,
    /// The detector's score, 0 to 1.
    pub score: f32,
}

/// The objects that a detector found, best first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Detections {
    /// The objects.
    pub objects: Vec<Detection>,
    /// What was asked for and lost its place to an object of another label that the detector is surer of, best first:
    /// no find, but a reason not to call it absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rivals: Vec<Detection>,
    /// What was asked for, was not found in this place, and is seen there by another network that was asked too: no find, but
    /// a reason not to call it absent. Its scores are that network's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<Detection>,
    /// Words that were asked for and that this detector has no label for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown_labels: Vec<String>,
}

/// One line of text read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TextLine {
    /// The text.
    pub text: String,
    /// Its corners in pixels of the image that was asked about.
    pub quad: Quad,
    /// Mean probability of its characters, 0 to 1.
    pub score: f32,
}

/// The lines of text in an image, in reading order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TextLines {
    /// The lines.
    pub lines: Vec<TextLine>,
}

/// A colour and how much of the region has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ColorShare {
    /// A basic colour term: black, white, gray, red, orange, yellow, green, blue, purple, pink, brown.
    pub name: String,
    /// Share of the measured pixels, 0 to 1.
    pub share: f32,
    /// The middle of the cluster as `#rrggbb`.
    pub hex: String,
}

/// Whether the measured colour can be put in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColorQuality {
    /// One colour dominates.
    Clear,
    /// Several colours share the region.
    Mixed,
    /// Too dark to tell colours apart.
    TooDark,
    /// Too few pixels to measure.
    TooSmall,
}

/// The colours of a region, largest share first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ColorReport {
    /// Whether one word says it.
    pub quality: ColorQuality,
    /// The colours.
    pub colors: Vec<ColorShare>,
    /// For each basic colour term the share of all that the region shows which may be called so in other light. What has none
    /// of a term does not have that colour. Without an entry nothing is known of a term.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tints: BTreeMap<String, f32>,
}

impl ColorReport {
    /// A report that tells nothing of tints.
    pub const fn new(quality: ColorQuality, colors: Vec<ColorShare>) -> Self {
        Self { quality, colors, tints: BTreeMap::new() }
    }
}

/// A spatial relation, as seen in the image plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SpatialRelation {
    /// Its centre lies further left.
    LeftOf,
    /// Its centre lies further right.
    RightOf,
    /// Its centre lies higher.
    Above,
    /// Its centre lies lower.
    Below,
    /// It lies within the other's box.
    Inside,
    /// The other lies within its box.
    Contains,
    /// It rests on the other: it overlaps or touches the other's upper part.
    On,
    /// It is close to the other.
    Near,
    /// In the middle of the picture.
    Center,
    /// It has one thing on one side and another on the opposite side.
    Between,
    /// It is nearer to the viewer than the other, before it.
    InFrontOf,
    /// It is farther from the viewer than the other, hidden in part.
    Behind,
}

impl SpatialRelation {
    /// The relation seen from the other side, where there is one.
    pub const fn inverse(self) -> Option<Self> {
        match self {
            Self::LeftOf => Some(Self::RightOf),
            Self::RightOf => Some(Self::LeftOf),
            Self::Above => Some(Self::Below),
            Self::Below => Some(Self::Above),
            Self::Inside => Some(Self::Contains),
            Self::Contains => Some(Self::Inside),
            Self::Near => Some(Self::Near),
            Self::InFrontOf => Some(Self::Behind),
            Self::Behind => Some(Self::InFrontOf),
            Self::On | Self::Center | Self::Between => None,
        }
    }
}

impl std::fmt::Display for SpatialRelation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::LeftOf => "left of",
            Self::RightOf => "right of",
            Self::Above => "above",
            Self::Below => "below",
            Self::Inside => "inside",
            Self::Contains => "around",
            Self::On => "on",
            Self::Near => "near",
            Self::Center => "in the middle",
            Self::Between => "between",
            Self::InFrontOf => "in front of",
            Self::Behind => "behind",
        })
    }
}

/// How one region lies relative to another (or to the picture).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RelationReport {
    /// What holds.
    pub holds: Vec<SpatialRelation>,
    /// What is too close to call: inside the dead zone.
    pub unclear: Vec<SpatialRelation>,
    /// From the object's centre to the subject's, in units of the picture's width and height.
    pub offset: [f64; 2],
}

/// A description of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Caption {
    /// The text.
    pub text: String,
    /// Who wrote it: a network's name, or `grounded` for a description composed from expert findings.
    pub source: String,
    /// What could not be looked at, and why, one sentence each; empty where everything was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<String>,
}

/// An answer to a question about an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VisualAnswer {
    /// The answer.
    pub answer: String,
    /// The model that gave it.
    pub model: String,
    /// The size in which the model was shown the picture, where the budget of the run had no room for what it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_at: Option<Size>,
}
