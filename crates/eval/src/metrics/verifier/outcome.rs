//! What became of the claims of a caption, told from the output text alone.

use serde::{Deserialize, Serialize};

use super::Caption;

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
