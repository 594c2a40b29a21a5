use lavr_types::{Answer, Assertion, CheckedClaim, Claim, Judgement, Span, Usage};
use proptest::prelude::*;

use super::*;

fn answer(draft: &str, text: &str, claims: Vec<(usize, usize, Option<&str>)>) -> Answer {
    let claims = claims
        .into_iter()
        .map(|(start, end, replacement)| CheckedClaim {
            claim: Claim {
                span: Span::new(start, end),
                surface: draft.get(start..end).unwrap_or_default().to_owned(),
                assertion: Assertion::Other,
                hedged: false,
                readings: Vec::new(),
            },
            judgement: Judgement::insufficient("not looked at"),
            replacement: replacement.map(str::to_owned),
        })
        .collect();
    Answer {
        question: None,
        draft: draft.to_owned(),
        text: text.to_owned(),
        claims,
        steps: Vec::new(),
        notes: Vec::new(),
        usage: Usage::default(),
    }
}

#[test]
fn a_replaced_claim_is_a_change_and_a_kept_one_is_marked() {
    let answer = answer("Three dogs sit.", "Two dogs sit.", vec![(0, 5, Some("Two")), (6, 10, None)]);
    assert_eq!(
        pieces(&answer),
        [
            Piece::Changed { before: "Three", after: "Two", claim: Some(0) },
            Piece::Kept(" "),
            Piece::Marked { text: "dogs", claims: vec![1] },
            Piece::Kept(" sit."),
        ]
    );
}

#[test]
fn of_a_replaced_phrase_only_the_words_that_differ_are_struck() {
    let answer = answer("I see three dogs.", "I see two dogs.", vec![(6, 16, Some("two dogs"))]);
    assert_eq!(
        pieces(&answer),
        [
            Piece::Kept("I see "),
            Piece::Changed { before: "three", after: "two", claim: Some(0) },
            Piece::Marked { text: " dogs", claims: vec![0] },
            Piece::Kept("."),
        ]
    );
}

#[test]
fn a_verb_that_agrees_with_the_correction_is_a_change_without_a_claim() {
    let answer = answer("There are three big dogs.", "There is one big dog.", vec![(10, 15, Some("one"))]);
    assert_eq!(
        pieces(&answer),
        [
            Piece::Kept("There "),
            Piece::Changed { before: "are three", after: "is one", claim: Some(0) },
            Piece::Kept(" big "),
            Piece::Changed { before: "dogs", after: "dog", claim: None },
            Piece::Kept("."),
        ]
    );
}

#[test]
fn two_claims_that_share_one_edit_change_the_text_once() {
    let answer = answer("3 cats", "2 dogs", vec![(0, 6, Some("2 dogs")), (0, 6, Some("2 dogs"))]);
    assert_eq!(pieces(&answer), [Piece::Changed { before: "3 cats", after: "2 dogs", claim: Some(0) }]);
}

#[test]
fn a_phrase_taken_out_belongs_to_the_claim_inside_it() {
    // The corrector takes out more than the claim's own words.
    let answer = answer("A dog next to a cat sits.", "A dog sits.", vec![(16, 19, Some(""))]);
    assert_eq!(
        pieces(&answer),
        [
            Piece::Kept("A dog "),
            Piece::Changed { before: "next to a cat ", after: "", claim: Some(0) },
            Piece::Kept("sits."),
        ]
    );
}

#[test]
fn neighbours_that_two_claims_changed_stay_two_changes() {
    let claims = vec![(10, 15, Some("one")), (16, 20, Some("dog"))];
    let answer = answer("There are three cats.", "There is one dog.", claims);
    assert_eq!(
        pieces(&answer),
        [
            Piece::Kept("There "),
            Piece::Changed { before: "are three", after: "is one", claim: Some(0) },
            Piece::Kept(" "),
            Piece::Changed { before: "cats", after: "dog", claim: Some(1) },
            Piece::Kept("."),
        ]
    );
}

#[test]
fn claims_that_overlap_are_both_named() {
    let answer = answer("a red cup", "a red cup", vec![(2, 9, None), (2, 5, None)]);
    assert_eq!(
        pieces(&answer),
        [
            Piece::Kept("a "),
            Piece::Marked { text: "red", claims: vec![0, 1] },
            Piece::Marked { text: " cup", claims: vec![0] },
        ]
    );
}

#[test]
fn a_span_that_does_not_fit_the_draft_is_left_out() {
    let answer = answer("é!", "é!", vec![(1, 2, Some("x")), (0, 99, None), (2, 1, None)]);
    assert_eq!(pieces(&answer), [Piece::Kept("é!")]);
}

#[test]
fn an_empty_answer_has_no_pieces() {
    assert_eq!(pieces(&answer("", "", vec![(0, 0, None)])), []);
}

/// A draft of a few words, claims anywhere in it, and a text that may or may not be what they say.
fn answers() -> impl Strategy<Value = Answer> {
    let words = prop::sample::select(vec!["a", "dog", "dogs", "two", "три", "犬", "👩‍👩‍👧", ",", ".", "\n", "é"]);
    let text = prop::collection::vec(words, 0..12).prop_map(|words| words.join(" "));
    let claims = prop::collection::vec((0usize..40, 0usize..12, prop::option::of("[ab ]{0,4}")), 0..6);
    (text.clone(), text, claims, 0u8..3).prop_map(|(draft, other, claims, how)| {
        let claims: Vec<(usize, usize, Option<&str>)> =
            claims.iter().map(|(start, length, with)| (*start, start + length, with.as_deref())).collect();
        let text = match how {
            0 => draft.clone(),
            1 => other,
            _ => {
                // What the replacements say, applied one by one from the end where they fit.
                let mut text = draft.clone();
                let mut edits = claims.clone();
                edits.sort_by_key(|edit| std::cmp::Reverse(edit.0));
                for (start, end, with) in edits {
                    if let (Some(with), Some(_)) = (with, text.get(start..end)) {
                        text.replace_range(start..end, with);
                    }
                }
                text
            }
        };
        answer(&draft, &text, claims)
    })
}

proptest! {
    #[test]
    fn pieces_make_up_the_draft_and_the_text(answer in answers()) {
        let pieces = pieces(&answer);
        prop_assert_eq!(pieces.iter().map(Piece::before).collect::<String>(), &*answer.draft);
        prop_assert_eq!(pieces.iter().map(Piece::after).collect::<String>(), &*answer.text);
        prop_assert!(pieces.iter().all(|piece| !(piece.before().is_empty() && piece.after().is_empty())));
    }
}
