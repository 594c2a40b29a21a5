//! The corrected text cut into pieces, for whoever displays it.

use std::{
    collections::BTreeSet,
    ops::Range,
    time::{Duration, Instant},
};

use lavr_types::{Answer, Span};
use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};
use unicode_segmentation::UnicodeSegmentation;

use crate::Document;

/// A long text that was rewritten from end to end is compared for this long, and is then one change.
const LONGEST_COMPARISON: Duration = Duration::from_millis(500);

/// A part of a text with what correction did to it. Claims are given by their place in
/// [`Answer::claims`](lavr_types::Answer).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Left as it was; makes no claim.
    Kept(&'a str),
    /// Left as it was; part of one or more claims.
    Marked {
        /// The text.
        text: &'a str,
        /// The claims that it belongs to, in order.
        claims: Vec<usize>,
    },
    /// Replaced. Either side may be empty, not both.
    Changed {
        /// What stood in the draft.
        before: &'a str,
        /// What stands in the corrected text.
        after: &'a str,
        /// The claim that was wrong; `None` for a change that only makes the grammar agree.
        claim: Option<usize>,
    },
}

impl<'a> Piece<'a> {
    /// The piece as the draft has it.
    pub const fn before(&self) -> &'a str {
        match self {
            Self::Kept(text) | Self::Marked { text, .. } | Self::Changed { before: text, .. } => text,
        }
    }

    /// The piece as the corrected text has it.
    pub const fn after(&self) -> &'a str {
        match self {
            Self::Kept(text) | Self::Marked { text, .. } | Self::Changed { after: text, .. } => text,
        }
    }

    /// Whether the piece belongs to the claim at this place.
    pub fn belongs_to(&self, index: usize) -> bool {
        match self {
            Self::Kept(_) => false,
            Self::Marked { claims, .. } => claims.contains(&index),
            Self::Changed { claim, .. } => *claim == Some(index),
        }
    }
}

/// A draft, what correction made of it, and the draft's claims with what was to stand in their place.
struct Corrected<'a> {
    draft: &'a str,
    text: &'a str,
    claims: Vec<(Span, Option<&'a str>)>,
}

/// A range of the draft and the range of the corrected text that stands in its place.
struct Edit {
    draft: Range<usize>,
    text: Range<usize>,
    claim: Option<usize>,
}

/// Cuts the answer's text into pieces, in reading order. No piece is empty on both sides.
///
/// For every answer, the pieces' [`before`](Piece::before) make up the draft and their [`after`](Piece::after)
/// the corrected text, byte for byte. Where the claims' replacements alone give the corrected text, the changes
/// are those; where the corrector changed more (to make a verb agree), draft and text are compared by words.
pub fn pieces(answer: &Answer) -> Vec<Piece<'_>> {
    let claims = answer.claims.iter().map(|checked| (checked.claim.span, checked.replacement.as_deref()));
    Corrected { draft: &answer.draft, text: &answer.text, claims: claims.collect() }.pieces()
}

/// As [`pieces`], of an answer that is a document by now.
pub fn pieces_of_document(document: &Document) -> Vec<Piece<'_>> {
    let claims = document.claims.iter().map(|claim| (claim.span, claim.replacement.as_deref()));
    Corrected { draft: &document.draft, text: &document.text, claims: claims.collect() }.pieces()
}

impl<'a> Corrected<'a> {
    fn pieces(&self) -> Vec<Piece<'a>> {
        let edits = if self.draft == self.text {
            Vec::new()
        } else {
            self.edits_of_claims().unwrap_or_else(|| self.edits_of_words())
        };
        let mut pieces = Vec::new();
        let mut place = 0;
        for edit in edits {
            self.keep(place..edit.draft.start, &mut pieces);
            place = edit.draft.end;
            pieces.push(Piece::Changed {
                before: &self.draft[edit.draft],
                after: &self.text[edit.text],
                claim: edit.claim,
            });
        }
        self.keep(place..self.draft.len(), &mut pieces);
        pieces
    }

    /// Cuts an unchanged range of the draft wherever a claim begins or ends.
    fn keep(&self, range: Range<usize>, pieces: &mut Vec<Piece<'a>>) {
        let spans: Vec<(usize, Range<usize>)> = self
            .claims
            .iter()
            .enumerate()
            .map(|(index, (span, _))| (index, span.start..span.end))
            .filter(|(_, span)| span.start < span.end && self.draft.get(span.clone()).is_some())
            .filter(|(_, span)| span.start < range.end && range.start < span.end)
            .collect();
        let mut cuts = BTreeSet::from([range.start, range.end]);
        for (_, span) in &spans {
            cuts.extend([span.start, span.end].into_iter().filter(|cut| range.contains(cut)));
        }
        let cuts: Vec<usize> = cuts.into_iter().collect();
        for pair in cuts.windows(2) {
            let text = &self.draft[pair[0]..pair[1]];
            let claims: Vec<usize> = spans
                .iter()
                .filter(|(_, span)| span.start <= pair[0] && pair[1] <= span.end)
                .map(|&(index, _)| index)
                .collect();
            pieces.push(if claims.is_empty() { Piece::Kept(text) } else { Piece::Marked { text, claims } });
        }
    }

    /// The edits that the claims' replacements stand for, if they alone give the corrected text.
    fn edits_of_claims(&self) -> Option<Vec<Edit>> {
        let mut replaced: Vec<(usize, Range<usize>, &str)> = self
            .claims
            .iter()
            .enumerate()
            .filter_map(|(index, &(span, replacement))| {
                let before = self.draft.get(span.start..span.end)?;
                let after = replacement?;
                (before != after).then_some((index, span.start..span.end, after))
            })
            .collect();
        replaced.sort_by_key(|(_, span, _)| (span.start, span.end));
        // Two claims may share one edit ("three cats": kind and count).
        replaced.dedup_by(|later, earlier| later.1 == earlier.1 && later.2 == earlier.2);

        let (mut edits, mut built, mut place) = (Vec::new(), String::new(), 0);
        for (index, span, after) in replaced {
            built.push_str(self.draft.get(place..span.start)?);
            let start = built.len();
            built.push_str(after);
            let (head, tail) = common_ends(&self.draft[span.clone()], after);
            edits.push(Edit {
                draft: span.start + head..span.end - tail,
                text: start + head..built.len() - tail,
                claim: Some(index),
            });
            place = span.end;
        }
        built.push_str(self.draft.get(place..)?);
        (built == self.text).then_some(edits)
    }

    /// The edits found by comparing draft and corrected text word by word.
    fn edits_of_words(&self) -> Vec<Edit> {
        let old: Vec<&str> = self.draft.split_word_bounds().collect();
        let new: Vec<&str> = self.text.split_word_bounds().collect();
        let (old_at, new_at) = (offsets(&old), offsets(&new));
        let deadline = Instant::now() + LONGEST_COMPARISON;
        let mut edits: Vec<Edit> = Vec::new();
        for operation in capture_diff_slices_deadline(Algorithm::Myers, &old, &new, Some(deadline)) {
            if matches!(operation, DiffOp::Equal { .. }) {
                continue;
            }
            let (from, to) = (operation.old_range(), operation.new_range());
            let draft = old_at[from.start]..old_at[from.end];
            let claim = self.claim_behind(&draft);
            let edit = Edit { draft, text: new_at[to.start]..new_at[to.end], claim };
            match edits.last_mut() {
                // Words changed one after the other are one change, unless two claims were wrong.
                Some(last)
                    if self.draft[last.draft.end..edit.draft.start].trim().is_empty()
                        && (last.claim == edit.claim || last.claim.is_none() || edit.claim.is_none()) =>
                {
                    last.draft.end = edit.draft.end;
                    last.text.end = edit.text.end;
                    last.claim = last.claim.or(edit.claim);
                }
                _ => edits.push(edit),
            }
        }
        edits
    }

    /// The replaced claim that shares most bytes with a changed range of the draft.
    fn claim_behind(&self, range: &Range<usize>) -> Option<usize> {
        self.claims
            .iter()
            .enumerate()
            .filter(|(_, (_, replacement))| replacement.is_some())
            .filter_map(|(index, (span, _))| {
                let touches = span.start <= range.end && range.start <= span.end;
                let shared = span.end.min(range.end).saturating_sub(span.start.max(range.start));
                // An insertion shares no byte: it belongs to the claim that it stands in or beside.
                (shared > 0 || (range.is_empty() && touches)).then_some((shared, std::cmp::Reverse(index)))
            })
            .max()
            .map(|(_, index)| index.0)
    }
}

/// How many bytes of whole words two texts share at their beginnings and, beyond those, at their ends.
fn common_ends(before: &str, after: &str) -> (usize, usize) {
    let (a, b): (Vec<&str>, Vec<&str>) =
        (before.split_word_bounds().collect(), after.split_word_bounds().collect());
    let head = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let tail = a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let bytes = |words: &[&str]| words.iter().map(|word| word.len()).sum();
    (bytes(&a[..head]), bytes(&a[a.len() - tail..]))
}

/// Where each word begins, and where the last one ends.
fn offsets(words: &[&str]) -> Vec<usize> {
    let mut place = 0;
    let ends = words.iter().map(|word| {
        place += word.len();
        place
    });
    std::iter::once(0).chain(ends).collect()
}

#[cfg(test)]
#[path = "spans_tests.rs"]
mod tests;
