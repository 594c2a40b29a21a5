//! The sentences of captions, each with the errors that it may carry.

mod color;
mod other;
mod overview;
mod place;

use lavr_types::ClaimKind;

use super::piece::{Piece, Planted};

pub(super) use color::{color, contrast};
pub(super) use other::{aside, denial, intruder, text};
pub(super) use overview::{one_more, overview};
pub(super) use place::{place, relation};

/// Words that stand in the caption only where an error is planted, or in place of true words.
fn planted(error: usize, kind: ClaimKind, says: &str, correction: &str, accept: Vec<String>) -> Piece {
    let otherwise =
        if correction.is_empty() { vec![] } else { vec![Piece::True(kind, correction.to_owned())] };
    let planted = Planted { kind, says: says.to_owned(), correction: correction.to_owned(), accept };
    Piece::Either { error, otherwise, planted: vec![Piece::False(planted)] }
}

/// A noun for what is there.
fn noun(words: &str) -> Piece {
    Piece::True(ClaimKind::Existence, words.to_owned())
}
