//! Captions in pieces: what is true, what may be said falsely in its place, and how both read.

use std::collections::BTreeSet;

use lavr_types::ClaimKind;

use crate::metrics::verifier::{Caption, GoldClaim, GoldEdit, Label};

/// A part of a caption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Words that claim nothing.
    Plain(String),
    /// A true claim.
    True(ClaimKind, String),
    /// A false claim, with what stands in its place when it is put right.
    False(Planted),
    /// One reading where an error is planted, the other where it is not.
    Either { error: usize, otherwise: Vec<Piece>, planted: Vec<Piece> },
}

/// A false claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Planted {
    pub(super) kind: ClaimKind,
    /// What is said.
    pub(super) says: String,
    /// What is right in its place; empty where the words have to go.
    pub(super) correction: String,
    /// Other ways to put it right.
    pub(super) accept: Vec<String>,
}

/// Words that claim nothing.
pub(super) fn plain(text: impl Into<String>) -> Piece {
    Piece::Plain(text.into())
}

/// The caption as it reads with some errors planted.
pub(super) fn read(pieces: &[Piece], errors: &BTreeSet<usize>) -> Caption {
    let mut text = String::new();
    let mut claims = Vec::new();
    write(pieces, errors, &mut text, &mut claims);
    Caption { text, corrected: None, claims }
}

/// The errors that show in the caption when these are planted: one may lie within another.
pub(super) fn showing(pieces: &[Piece], errors: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    for piece in pieces {
        if let Piece::Either { error, otherwise, planted } = piece {
            if errors.contains(error) {
                if planted.iter().any(|piece| matches!(piece, Piece::False(_))) {
                    found.insert(*error);
                }
                found.extend(showing(planted, errors));
            } else {
                found.extend(showing(otherwise, errors));
            }
        }
    }
    found
}

fn write(pieces: &[Piece], errors: &BTreeSet<usize>, text: &mut String, claims: &mut Vec<GoldClaim>) {
    for piece in pieces {
        let start = text.chars().count();
        let (kind, words, planted) = match piece {
            Piece::Plain(words) => {
                text.push_str(words);
                continue;
            }
            Piece::Either { error, otherwise, planted } => {
                let chosen = if errors.contains(error) { planted } else { otherwise };
                write(chosen, errors, text, claims);
                continue;
            }
            Piece::True(kind, words) => (*kind, words, None),
            Piece::False(planted) => (planted.kind, &planted.says, Some(planted)),
        };
        text.push_str(words);
        claims.push(GoldClaim {
            span: [start, start + words.chars().count()],
            surface: words.clone(),
            kind,
            label: if planted.is_some() { Label::Hallucinated } else { Label::True },
            correction: planted.map(|planted| planted.correction.clone()),
            accept: planted.map(|planted| planted.accept.clone()).unwrap_or_default(),
            edit: planted.map(|planted| {
                if planted.correction.is_empty() { GoldEdit::Delete } else { GoldEdit::Replace }
            }),
            visible: true,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces() -> Vec<Piece> {
        let blue =
            Planted { kind: ClaimKind::Color, says: "blue".into(), correction: "red".into(), accept: vec![] };
        vec![
            plain("Ein schöner "),
            Piece::Either {
                error: 4,
                otherwise: vec![Piece::True(ClaimKind::Color, "red".into())],
                planted: vec![Piece::False(blue)],
            },
            plain(" "),
            Piece::True(ClaimKind::Existence, "car".into()),
        ]
    }

    #[test]
    fn spans_count_characters_not_bytes() {
        let caption = read(&pieces(), &BTreeSet::from([4]));
        assert_eq!(caption.text, "Ein schöner blue car");
        assert_eq!((caption.claims[0].span, caption.claims[1].span), ([12, 16], [17, 20]));
        assert_eq!(caption.claims[0].correction.as_deref(), Some("red"));
    }

    #[test]
    fn without_errors_everything_is_true() {
        let caption = read(&pieces(), &BTreeSet::new());
        assert_eq!(caption.text, "Ein schöner red car");
        assert!(caption.claims.iter().all(|claim| claim.label == Label::True));
        assert!(showing(&pieces(), &BTreeSet::from([7])).is_empty());
    }
}
