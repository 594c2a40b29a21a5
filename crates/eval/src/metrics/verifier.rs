//! How well a verifier finds and mends planted errors.
//!
//! A gold [`Record`] is a picture with a caption whose claims are labelled true or hallucinated, and the same caption
//! repaired. A [`SystemRecord`] is what a verifier made of one of the two. Detection is scored by the verdicts it gave,
//! correction by its output text alone: see [`outcomes`].

use std::collections::BTreeMap;

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
    fn between(&self) -> Vec<String> {
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

/// What became of a claim's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// They are still there.
    Kept,
    /// A right correction stands in their place.
    Fixed,
    /// They are gone.
    Removed,
    /// Other words stand in their place.
    Changed,
}

/// Words, numbers and marks of a text, case left aside: an edit may move the start of a sentence. Where there are no spaces
/// between words each character is one.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut word = String::new();
    for letter in text.chars() {
        let spaced = !matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}');
        if letter.is_alphanumeric() && spaced {
            word.extend(letter.to_lowercase());
            continue;
        }
        if !word.is_empty() {
            tokens.push(std::mem::take(&mut word));
        }
        if !letter.is_whitespace() {
            tokens.push(letter.to_string());
        }
    }
    if !word.is_empty() {
        tokens.push(word);
    }
    tokens
}

/// How the nearest text up to some place of the output came about.
#[derive(Clone)]
struct State {
    /// Edits so far.
    distance: usize,
    /// The option of each claim so far, and how many edits fell inside its words.
    choices: Vec<(Outcome, usize)>,
}

/// What became of each claim of a caption, from the output text alone.
///
/// For each claim the words as they were, a right correction, or nothing is chosen so that the text rebuilt from the
/// choices is nearest to the output by edits of tokens; of equally near texts the one that keeps more comes first, then
/// the one that fixes more. Where the output has other words in the place of the chosen ones, the claim is changed.
///
/// The choices are made in one pass over the caption: the time grows with the product of both lengths.
pub fn outcomes(caption: &Caption, output: &str) -> Vec<Outcome> {
    let output = tokens(output);
    let start = State { distance: 0, choices: Vec::new() };
    // The state for every place of the output, as in the rows of an edit distance.
    let mut row: Vec<State> =
        (0..=output.len()).map(|place| State { distance: place, ..start.clone() }).collect();
    let between = caption.between();
    for (index, part) in between.iter().enumerate() {
        for token in tokens(part) {
            row = extended(&row, &token, &output, false);
        }
        let Some(claim) = caption.claims.get(index) else { continue };
        let options = std::iter::once((Outcome::Kept, claim.surface.as_str()))
            .chain(
                claim
                    .correction
                    .iter()
                    .chain(&claim.accept)
                    .filter(|correction| !correction.is_empty())
                    .map(|correction| (Outcome::Fixed, correction.as_str())),
            )
            .chain([(Outcome::Removed, "")]);
        let mut best: Option<Vec<State>> = None;
        for (outcome, words) in options {
            let mut candidate = row.clone();
            for state in &mut candidate {
                state.choices.push((outcome, 0));
            }
            for token in tokens(words) {
                candidate = extended(&candidate, &token, &output, true);
            }
            best = Some(match best {
                None => candidate,
                Some(best) => best
                    .into_iter()
                    .zip(candidate)
                    .map(|(best, new)| if new.distance < best.distance { new } else { best })
                    .collect(),
            });
        }
        row = best.unwrap_or_default();
    }
    let chosen = row.pop().map(|state| state.choices).unwrap_or_default();
    chosen.into_iter().map(|(outcome, edits)| if edits > 0 { Outcome::Changed } else { outcome }).collect()
}

/// One more token of the rebuilt text, held against all places of the output.
fn extended(row: &[State], token: &str, output: &[String], in_claim: bool) -> Vec<State> {
    let edited = |state: &State| {
        let mut state = state.clone();
        state.distance += 1;
        if in_claim && let Some((_, edits)) = state.choices.last_mut() {
            *edits += 1;
        }
        state
    };
    let mut next: Vec<State> = Vec::with_capacity(row.len());
    for (place, state) in row.iter().enumerate() {
        // The token is left out of the output.
        let mut best = edited(state);
        if place > 0 {
            let same = output[place - 1] == token;
            let before = &row[place - 1];
            if before.distance + usize::from(!same) <= best.distance {
                best = if same { before.clone() } else { edited(before) };
            }
            // The output has a token more. It is nobody's: what is put in beside a claim does not change it.
            if next[place - 1].distance + 1 < best.distance {
                best = next[place - 1].clone();
                best.distance += 1;
            }
        }
        next.push(best);
    }
    next
}

/// Counts of one kind of claim, or of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Hallucinated claims that were refuted.
    #[serde(rename = "TP")]
    pub true_positives: usize,
    /// True claims that were refuted.
    #[serde(rename = "FP")]
    pub false_positives: usize,
    /// Hallucinated claims that were not.
    #[serde(rename = "FN")]
    pub false_negatives: usize,
    /// True claims that were not.
    #[serde(rename = "TN")]
    pub true_negatives: usize,
    /// Hallucinated claims without a verdict either way.
    #[serde(rename = "abst_h")]
    pub abstained_hallucinated: usize,
    /// True claims without a verdict either way.
    #[serde(rename = "abst_t")]
    pub abstained_true: usize,
    /// Hallucinated claims put right.
    pub fixed: usize,
    /// Hallucinated claims taken out where words were due.
    pub neutralised: usize,
    /// Hallucinated claims replaced by something else.
    pub wrong: usize,
    /// Hallucinated claims left as they were.
    pub missed: usize,
    /// True claims left as they were.
    pub kept: usize,
    /// True claims changed or taken out.
    pub damaged: usize,
}

impl Counts {
    /// Hallucinated claims.
    pub const fn hallucinated(&self) -> usize {
        self.true_positives + self.false_negatives
    }

    /// True claims.
    pub const fn true_claims(&self) -> usize {
        self.false_positives + self.true_negatives
    }

    /// Of the refuted claims, how many are hallucinated.
    pub fn precision(&self) -> Option<f64> {
        share(self.true_positives, self.true_positives + self.false_positives)
    }

    /// Of the hallucinated claims, how many are refuted.
    pub fn recall(&self) -> Option<f64> {
        share(self.true_positives, self.hallucinated())
    }

    /// The harmonic mean of both; 0 where one of them is 0, `None` where there are no claims at all.
    pub fn f1(&self) -> Option<f64> {
        let wrong = self.false_positives + self.false_negatives;
        share(2 * self.true_positives, 2 * self.true_positives + wrong)
    }

    /// Of the true claims, how many are refuted.
    pub fn false_alarm(&self) -> Option<f64> {
        share(self.false_positives, self.true_claims())
    }

    /// Of all claims, how many got a verdict either way.
    pub fn coverage(&self) -> Option<f64> {
        let all = self.hallucinated() + self.true_claims();
        share(all - self.abstained_hallucinated - self.abstained_true, all)
    }

    /// Of the hallucinated claims, how many are put right.
    pub fn correction_success(&self) -> Option<f64> {
        share(self.fixed, self.hallucinated())
    }

    /// Of the claims whose words were edited, how many edits are right: the fixed ones, and none of the damaged.
    /// What was taken out where words were due counts as right: the text says nothing false any more.
    pub fn right_edits(&self) -> Option<f64> {
        let right = self.fixed + self.neutralised;
        share(right, right + self.wrong + self.damaged)
    }

    /// Of the true claims, how many are damaged.
    pub fn over_correction(&self) -> Option<f64> {
        share(self.damaged, self.true_claims())
    }

    fn add(&mut self, other: &Self) {
        self.true_positives += other.true_positives;
        self.false_positives += other.false_positives;
        self.false_negatives += other.false_negatives;
        self.true_negatives += other.true_negatives;
        self.abstained_hallucinated += other.abstained_hallucinated;
        self.abstained_true += other.abstained_true;
        self.fixed += other.fixed;
        self.neutralised += other.neutralised;
        self.wrong += other.wrong;
        self.missed += other.missed;
        self.kept += other.kept;
        self.damaged += other.damaged;
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The scores of a verifier on a set of records.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VerifierScores {
    /// By kind of claim.
    pub by_kind: BTreeMap<ClaimKind, Counts>,
    /// Over all claims.
    pub micro: Counts,
    /// Over hallucinated claims whose subject an expert here could see, and all true claims.
    pub visible: Counts,
    /// Correction given detection: of the refuted hallucinated claims, how many are put right.
    pub fixed_of_detected: usize,
    /// Planted captions, and how many came out wholly as they should.
    pub planted: [usize; 2],
    /// Control captions, and how many came out byte for byte.
    pub control: [usize; 2],
}

impl VerifierScores {
    /// Mean F1 over the kinds that have claims.
    pub fn macro_f1(&self) -> Option<f64> {
        let all: Vec<f64> = self.by_kind.values().filter_map(Counts::f1).collect();
        (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
    }
}

/// Scores what a verifier made of records. A system record whose gold record is not there is left aside.
pub fn score<'r>(
    gold: impl IntoIterator<Item = &'r Record>,
    system: impl IntoIterator<Item = &'r SystemRecord>,
) -> VerifierScores {
    let gold: BTreeMap<&str, &Record> = gold.into_iter().map(|record| (record.id.as_str(), record)).collect();
    let mut scores = VerifierScores::default();
    for made in system {
        let Some(record) = gold.get(made.image_id.as_str()) else { continue };
        let caption = record.of(made.caption_kind);
        let tally = match made.caption_kind {
            CaptionKind::Planted => &mut scores.planted,
            CaptionKind::Control => &mut scores.control,
        };
        tally[0] += 1;
        let right = match made.caption_kind {
            CaptionKind::Planted => &record.control_caption.text,
            CaptionKind::Control => &caption.text,
        };
        tally[1] += usize::from(made.output == *right);
        for (claim, outcome) in caption.claims.iter().zip(outcomes(caption, &made.output)) {
            let (counts, fixed_of_detected) = count(claim, outcome, &made.claims);
            scores.by_kind.entry(claim.kind).or_default().add(&counts);
            scores.micro.add(&counts);
            if claim.visible || claim.label == Label::True {
                scores.visible.add(&counts);
            }
            scores.fixed_of_detected += usize::from(fixed_of_detected);
        }
    }
    scores
}

/// One claim's part in the counts, and whether it was both refuted and fixed.
fn count(claim: &GoldClaim, outcome: Outcome, verdicts: &[SystemClaim]) -> (Counts, bool) {
    let mut counts = Counts::default();
    let over = |verdict: &&SystemClaim| verdict.span[0] < claim.span[1] && claim.span[0] < verdict.span[1];
    let refuted = verdicts.iter().filter(over).any(|verdict| verdict.verdict == SystemVerdict::Refuted);
    // Said so, or said nothing at all.
    let abstained =
        !refuted && verdicts.iter().filter(over).all(|verdict| verdict.verdict == SystemVerdict::Abstain);
    match claim.label {
        Label::Hallucinated => {
            counts.true_positives = usize::from(refuted);
            counts.false_negatives = usize::from(!refuted);
            counts.abstained_hallucinated = usize::from(abstained);
            let removal_is_right =
                claim.correction.as_deref() == Some("") || claim.accept.iter().any(String::is_empty);
            let place = match outcome {
                Outcome::Kept => &mut counts.missed,
                Outcome::Fixed => &mut counts.fixed,
                Outcome::Removed if removal_is_right => &mut counts.fixed,
                Outcome::Removed => &mut counts.neutralised,
                Outcome::Changed => &mut counts.wrong,
            };
            *place = 1;
        }
        Label::True => {
            counts.false_positives = usize::from(refuted);
            counts.true_negatives = usize::from(!refuted);
            counts.abstained_true = usize::from(abstained);
            let place = if outcome == Outcome::Kept { &mut counts.kept } else { &mut counts.damaged };
            *place = 1;
        }
    }
    (counts, refuted && counts.fixed == 1)
}
