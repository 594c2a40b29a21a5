//! The text, before and after.

use std::collections::HashMap;

use lavr_types::{Span, Verdict};
use maud::{Markup, html};

use super::signs;
use crate::{Document, Piece, pieces_of_document, places::VERDICTS, words::safe};

/// The text with what was changed in it, every claim linked to its entry below.
pub(super) fn section(document: &Document) -> Markup {
    let pieces = pieces_of_document(document);
    let changed = document.draft != document.text;
    let claims = claims_of(document, &pieces);
    html! {
        section #text {
            div.head {
                h2 { (if document.question.is_some() { "Answer" } else { "Text" }) }
                @if changed {
                    fieldset.views {
                        legend { "show" }
                        @for (value, word) in [("changes", "changes"), ("after", "corrected"), ("before", "draft")] {
                            label {
                                input type="radio" name="view" id={ "view-" (value) } checked[value == "changes"];
                                span { (word) }
                            }
                        }
                    }
                }
            }
            div.prose dir="auto" {
                @for (piece, claims) in pieces.iter().zip(&claims) { (show(document, piece, claims)) }
            }
            @if !changed && !document.text.is_empty() {
                p.faint { "Nothing was contradicted: the text is the draft, byte for byte." }
            }
            @if let Some(text) = &document.text_with_boxes {
                details {
                    summary { "with boxes inside the text" }
                    div.prose.small dir="auto" { (safe(text)) }
                }
            }
        }
    }
}

/// The claims of a piece, and those of them that end with it: their numbers stand there.
#[derive(Default)]
struct Claims {
    all: Vec<usize>,
    ending: Vec<usize>,
}

/// The claims of each piece. A change has the one that was wrong first, then what else was said in its words.
fn claims_of(document: &Document, pieces: &[Piece<'_>]) -> Vec<Claims> {
    let mut place = 0;
    let mut last = HashMap::new();
    let all: Vec<Vec<usize>> = pieces
        .iter()
        .enumerate()
        .map(|(index, piece)| {
            let before = Span::new(place, place + piece.before().len());
            place = before.end;
            let claims = match piece {
                Piece::Kept(_) => Vec::new(),
                Piece::Marked { claims, .. } => claims.clone(),
                Piece::Changed { claim, .. } => {
                    let inside = document.claims.iter().enumerate();
                    let inside = inside.filter(|(_, other)| other.span.overlaps(before));
                    let others = inside.map(|(other, _)| other).filter(|other| Some(*other) != *claim);
                    claim.iter().copied().chain(others).collect()
                }
            };
            last.extend(claims.iter().map(|claim| (*claim, index)));
            claims
        })
        .collect();
    let ends = |index: usize, claims: &[usize]| {
        let mut ending: Vec<usize> =
            claims.iter().copied().filter(|claim| last.get(claim) == Some(&index)).collect();
        ending.sort_unstable();
        ending
    };
    let claims = all.into_iter().enumerate();
    claims.map(|(index, all)| Claims { ending: ends(index, &all), all }).collect()
}

/// The numbers of claims, from 1; of more than two in a row the first and the last.
fn numbers(claims: &[usize]) -> String {
    let runs = claims.chunk_by(|a, b| a + 1 == *b).map(|run| match run {
        [first, _, .., last] => format!("{}–{}", first + 1, last + 1),
        few => few.iter().map(|claim| (claim + 1).to_string()).collect::<Vec<_>>().join("\u{2009}"),
    });
    runs.collect::<Vec<_>>().join("\u{2009}")
}

fn show(document: &Document, piece: &Piece<'_>, claims: &Claims) -> Markup {
    let words = html! {
        @match piece {
            Piece::Changed { before, after, .. } => {
                @if !before.is_empty() { del { (safe(before)) } }
                // White space that is left of what was taken out is no word to point at.
                @if !after.trim().is_empty() { ins { (safe(after)) } }
                @else if !after.is_empty() { span.kept { (safe(after)) } }
            }
            _ => { (safe(piece.after())) }
        }
        @if !claims.ending.is_empty() { sup { (numbers(&claims.ending)) } }
    };
    let list: Vec<String> = claims.all.iter().map(|claim| (claim + 1).to_string()).collect();
    match (piece, worst(document, &claims.all), claims.all.first()) {
        (Piece::Kept(_), ..) => words,
        (_, Some(verdict), Some(first)) => html! {
            a class={ "mark " (signs::class(verdict)) } href={ "#claim-" (first + 1) }
                data-claims=(list.join(" ")) { (words) }
        },
        // A change that no claim asked for makes the grammar agree.
        _ => html! { span.agreed title="changed so that the sentence agrees" { (words) } },
    }
}

/// The worst verdict of some claims.
fn worst(document: &Document, claims: &[usize]) -> Option<Verdict> {
    let verdicts: Vec<Verdict> =
        claims.iter().filter_map(|&claim| document.claims.get(claim)).map(|claim| claim.verdict).collect();
    VERDICTS.into_iter().find(|verdict| verdicts.contains(verdict))
}
