//! The corrected text with the boxes of what was found in it.

use std::fmt::Write as _;

use lavr_types::{Answer, Assertion, CheckedClaim, Frame, Rect, Verdict};

use crate::spans::{Piece, pieces};

/// The most boxes behind one word.
const MOST_BOXES: usize = 12;

/// The corrected text with, behind each thing that was found, its boxes: `two dogs([0.11,0.30,0.21,0.66];[0.47,0.69,0.67,1.00])`.
///
/// The form is that of Woodpecker (Yin et al., 2023): left, top, right and bottom as shares of the picture's width and
/// height, with two decimals. Only what an expert found in a place of its own gets boxes; what a claim rests on in full
/// (pixels, scores, calls) is in the evidence of [`crate::Document`].
pub fn inline_boxes(answer: &Answer) -> String {
    let pieces = pieces(answer);
    let mut text = String::new();
    for (place, piece) in pieces.iter().enumerate() {
        text.push_str(piece.after());
        let ended: Vec<usize> = match piece {
            Piece::Kept(_) => Vec::new(),
            Piece::Marked { claims, .. } => claims.clone(),
            Piece::Changed { claim, .. } => claim.iter().copied().collect(),
        };
        let last = |index: &usize| !pieces[place + 1..].iter().any(|later| later.belongs_to(*index));
        let found = ended.iter().filter(|index| last(index)).filter_map(|&index| answer.claims.get(index));
        let mut boxes: Vec<String> = found.flat_map(boxes).collect();
        boxes.dedup();
        boxes.truncate(MOST_BOXES);
        if !boxes.is_empty() && !piece.after().trim().is_empty() {
            let _ = write!(text, "({})", boxes.join(";"));
        }
    }
    text
}

/// The boxes of a thing that is there as the corrected text says.
fn boxes(checked: &CheckedClaim) -> Vec<String> {
    let there = |assertion: &Assertion| matches!(assertion, Assertion::Existence { present: true, .. });
    let shown = match checked.judgement.verdict {
        Verdict::Supported => there(&checked.claim.assertion),
        Verdict::Contradicted => checked.judgement.truth.as_ref().is_some_and(there),
        Verdict::Insufficient => false,
    };
    if !shown {
        return Vec::new();
    }
    // A search without result has the whole picture for its region.
    let whole = |bounds: &Rect| bounds.width() * bounds.height() > 0.999;
    let bounds =
        checked.judgement.evidence.iter().map(|evidence| evidence.region.in_frame(Frame::Unit).bounds);
    bounds.filter(|bounds| !whole(bounds)).map(one).collect()
}

fn one(bounds: Rect) -> String {
    format!("[{:.2},{:.2},{:.2},{:.2}]", bounds.left, bounds.top, bounds.right, bounds.bottom)
}

#[cfg(test)]
mod tests {
    use lavr_types::{Entity, Span};

    use super::*;
    use crate::sample::Sample;

    fn existence(words: &str, present: bool) -> Assertion {
        let entity = Entity { surface: words.into(), span: Span::new(0, 0), label: None };
        Assertion::Existence { entity, present }
    }

    const LEFT: [f64; 4] = [64.0, 132.25, 320.0, 529.0];
    const RIGHT: [f64; 4] = [320.0, 264.5, 640.0, 529.0];
    const ALL: [f64; 4] = [0.0, 0.0, 640.0, 529.0];

    #[test]
    fn what_was_found_gets_its_boxes_and_what_was_not_gets_none() {
        let sample = Sample::photo("dogs.jpg", "Two dogs and a bench, no cat.")
            .claim(
                "dogs",
                existence("dogs", true),
                Verdict::Supported,
                None,
                "",
                &[("dog", 0.9, LEFT, "detect"), ("dog", 0.8, RIGHT, "detect")],
            )
            .claim(
                "bench",
                existence("bench", true),
                Verdict::Insufficient,
                None,
                "",
                &[("bench", 0.3, LEFT, "detect")],
            )
            .claim(
                "no cat",
                existence("cat", false),
                Verdict::Supported,
                None,
                "",
                &[("no cat", 0.9, ALL, "detect")],
            );
        assert_eq!(
            inline_boxes(&sample.answer),
            "Two dogs([0.10,0.25,0.50,1.00];[0.50,0.50,1.00,1.00]) and a bench, no cat."
        );
    }

    #[test]
    fn what_took_another_things_place_gets_its_boxes() {
        let mut sample = Sample::photo("dogs.jpg", "A cat looks out.").claim(
            "cat",
            existence("cat", true),
            Verdict::Contradicted,
            Some("dog"),
            "",
            &[("no cat", 0.9, ALL, "detect"), ("dog", 0.9, LEFT, "detect")],
        );
        sample.answer.claims[0].judgement.truth = Some(existence("dog", true));
        assert_eq!(inline_boxes(&sample.answer), "A dog([0.10,0.25,0.50,1.00]) looks out.");
    }
}
