//! Captions with planted errors, and what a verifier made of them.

use lavr_types::ClaimKind;
use serde::{Deserialize, Serialize};

/// What is known of one picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its name.
    pub id: String,
    /// The picture's file, relative to the records.
    #[serde(default)]
    pub file: String,
    /// Its width in pixels.
    #[serde(default)]
    pub width: u32,
    /// Its height in pixels.
    #[serde(default)]
    pub height: u32,
    /// The caption with errors planted.
    pub caption: Caption,
    /// The repaired caption: a verifier must leave it as it is.
    pub control_caption: Caption,
}

/// A caption with its claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caption {
    /// The text.
    pub text: String,
    /// The text put right, where it holds errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected: Option<String>,
    /// Its claims in the order of their spans; spans do not overlap.
    pub claims: Vec<GoldClaim>,
}

/// A labelled claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoldClaim {
    /// Start and end in Unicode code points of the text.
    pub span: [usize; 2],
    /// The words there.
    pub surface: String,
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: ClaimKind,
    /// Whether it is true.
    pub label: Label,
    /// What is right in its place; empty for a deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<String>,
    /// Other right corrections.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accept: Vec<String>,
    /// What puts it right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<GoldEdit>,
    /// Whether an expert of the kinds here could see its subject at all.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub visible: bool,
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
const fn is_true(value: &bool) -> bool {
    *value
}

/// Whether a claim is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// It is.
    True,
    /// It is not.
    Hallucinated,
}

/// What puts a claim right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoldEdit {
    /// Other words in its place.
    Replace,
    /// Its words are taken out.
    Delete,
}

/// What a verifier made of a caption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemRecord {
    /// The record's name.
    pub image_id: String,
    /// Which of its captions.
    pub caption_kind: CaptionKind,
    /// The text that came out.
    pub output: String,
    /// The verdicts.
    #[serde(default)]
    pub claims: Vec<SystemClaim>,
}

/// Which caption of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptionKind {
    /// With errors.
    Planted,
    /// Without.
    Control,
}

/// A verdict on a part of a caption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemClaim {
    /// Start and end in Unicode code points of the caption.
    pub span: [usize; 2],
    /// The verdict.
    pub verdict: SystemVerdict,
}

/// A verdict as the bench names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemVerdict {
    /// Seen.
    Supported,
    /// Something else was seen.
    Refuted,
    /// Not enough was seen.
    Abstain,
}

impl Record {
    /// Checks that spans fit their texts and surfaces, that claims are in order and apart, and that the corrections
    /// make the corrected text.
    ///
    /// # Errors
    /// What is wrong, in words, with the record's name.
    pub fn check(&self) -> Result<(), String> {
        for (name, caption) in [("caption", &self.caption), ("control_caption", &self.control_caption)] {
            caption.check().map_err(|error| format!("record `{}`, {name}: {error}", self.id))?;
        }
        if let Some(corrected) = &self.caption.corrected
            && *corrected != self.control_caption.text
        {
            return Err(format!("record `{}`: `corrected` and the control caption differ", self.id));
        }
        if self.control_caption.claims.iter().any(|claim| claim.label == Label::Hallucinated) {
            return Err(format!("record `{}`: the control caption has a hallucinated claim", self.id));
        }
        Ok(())
    }

    /// The caption of a kind.
    pub const fn of(&self, kind: CaptionKind) -> &Caption {
        match kind {
            CaptionKind::Planted => &self.caption,
            CaptionKind::Control => &self.control_caption,
        }
    }
}

impl Caption {
    fn check(&self) -> Result<(), String> {
        let letters: Vec<char> = self.text.chars().collect();
        let mut end_before = 0;
        for claim in &self.claims {
            let [start, end] = claim.span;
            let words: Option<String> = letters.get(start..end).map(|part| part.iter().collect());
            if words.as_deref() != Some(claim.surface.as_str()) {
                return Err(format!(
                    "the span [{start}, {end}] is {words:?} of the text, but the surface is `{}`",
                    claim.surface
                ));
            }
            if start < end_before {
                return Err(format!("the claim `{}` overlaps the one before it", claim.surface));
            }
            if claim.label == Label::Hallucinated && claim.correction.is_none() {
                return Err(format!("the hallucinated claim `{}` has no correction", claim.surface));
            }
            end_before = end;
        }
        Ok(())
    }

    /// The text cut at its claims: what lies before each, and what lies after the last.
    pub(super) fn between(&self) -> Vec<String> {
        let letters: Vec<char> = self.text.chars().collect();
        let part = |start: usize, end: usize| -> String {
            letters.get(start..end.min(letters.len())).unwrap_or_default().iter().collect()
        };
        let mut place = 0;
        let mut parts = Vec::new();
        for claim in &self.claims {
            parts.push(part(place, claim.span[0]));
            place = claim.span[1];
        }
        parts.push(part(place, letters.len()));
        parts
    }
}
