//! Where things are, what is not there and what the picture is like, against scenes whose truth is known.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Line, Rates, Truth, World, object};
use lavr_types::{CheckedClaim, Rect, Verdict};
use lavr_verify::Verification;

/// From left to right a cat, a laptop and a cup, on one level; a bus far up on the left with a man before it.
fn shelf() -> Truth {
    Truth {
        name: "shelf".into(),
        objects: vec![
            object("cat", [2.0, 50.0, 18.0, 64.0], "black"),
            object("laptop", [40.0, 50.0, 60.0, 64.0], "gray"),
            object("cup", [80.0, 50.0, 90.0, 64.0], "white"),
        ],
        lines: vec![Line { text: "HELLO".into(), at: Rect::new(42.0, 52.0, 58.0, 56.0), score: 0.95 }],
    }
}

fn road() -> Truth {
    Truth {
        name: "road".into(),
        objects: vec![
            object("bus", [10.0, 10.0, 90.0, 60.0], "yellow"),
            object("person", [40.0, 30.0, 50.0, 75.0], "blue"),
        ],
        lines: vec![],
    }
}

async fn verify(truth: &Truth, text: &str) -> Verification {
    World::new(truth, Rates::default()).verify(text).await
}

fn claim<'v>(result: &'v Verification, surface: &str) -> &'v CheckedClaim {
    result
        .claims
        .iter()
        .find(|claim| claim.claim.surface == surface)
        .unwrap_or_else(|| panic!("no claim {surface:?} in {:?}", result.claims))
}

#[tokio::test]
async fn what_is_between_two_is_told_from_what_is_beside_both() {
    let result = verify(&shelf(), "The laptop is between the cat and the cup.").await;
    assert_eq!(claim(&result, "between").judgement.verdict, Verdict::Supported);
    let result = verify(&shelf(), "The cat is between the laptop and the cup.").await;
    assert_eq!(result.text, "The cat is to the left of the laptop and the cup.");
    let result = verify(&shelf(), "A cup stands between the cat and a laptop.").await;
    assert_eq!(result.text, "A cup stands to the right of the cat and a laptop.");
}

#[tokio::test]
async fn between_things_that_are_not_found_nothing_is_said() {
    for text in [
        "The cat is between the cup and a tree.",
        "The cat is between two bottles.",
        "A cat is between them.",
    ] {
        let result = verify(&shelf(), text).await;
        assert!(
            result
                .claims
                .iter()
                .all(|claim| claim.claim.surface != "between"
                    || claim.judgement.verdict == Verdict::Insufficient),
            "{text}: {:?}",
            result.claims
        );
    }
}

#[tokio::test]
async fn what_is_nearer_is_borne_out_by_cover_and_height_and_never_contradicted() {
    for (text, words, verdict) in [
        ("A man stands in front of a bus.", "in front of", Verdict::Supported),
        ("A bus is behind a man.", "behind", Verdict::Supported),
        ("A man stands behind a bus.", "behind", Verdict::Insufficient),
        ("A bus is in front of a man.", "in front of", Verdict::Insufficient),
    ] {
        let result = verify(&road(), text).await;
        assert_eq!(claim(&result, words).judgement.verdict, verdict, "{text}");
        assert_eq!(result.text, text);
    }
    let result = verify(&shelf(), "The cat is behind the laptop.").await;
    let judgement = &claim(&result, "behind").judgement;
    assert_eq!(judgement.verdict, Verdict::Insufficient);
    assert!(judgement.reason.contains("depth"), "{}", judgement.reason);
}

#[tokio::test]
async fn places_in_the_picture_are_put_right() {
    for (text, right) in [
        ("In the upper part of the picture is a cat.", "In the lower part of the picture is a cat."),
        ("A cup is on the left-hand side of the image.", "A cup is on the right side of the image."),
        ("A cat is at the far right.", "A cat is at the far left."),
    ] {
        assert_eq!(verify(&shelf(), text).await.text, right);
    }
}

#[tokio::test]
async fn of_things_denied_together_only_what_is_there_is_affirmed() {
    for (text, right) in [
        ("There is no dog or cat.", "There is a cat but no dog."),
        ("The image does not show any dogs or cups.", "The image shows cups but no dogs."),
        ("Neither a cat nor a person is visible.", "A cat but no person is visible."),
        ("There is nobody in the picture.", "There is nobody in the picture."),
        // The cup may stand elsewhere than where it is denied.
        ("There is no cup next to the cat.", "There is no cup next to the cat."),
        ("A cat without a cup.", "A cat without a cup."),
    ] {
        assert_eq!(verify(&shelf(), text).await.text, right);
    }
    assert_eq!(
        verify(&road(), "There is nobody in the picture.").await.text,
        "There is somebody in the picture."
    );
}

#[tokio::test]
async fn that_there_is_text_is_told_by_the_reader() {
    for (truth, text, words, verdict) in [
        (shelf(), "There is text in the picture.", "text", Verdict::Supported),
        (shelf(), "There is no text.", "no text", Verdict::Contradicted),
        (road(), "There is no text.", "no text", Verdict::Supported),
        (road(), "There is text in the picture.", "text", Verdict::Insufficient),
    ] {
        let result = verify(&truth, text).await;
        assert_eq!(claim(&result, words).judgement.verdict, verdict, "{text} {}", truth.name);
    }
    assert_eq!(verify(&shelf(), "There is no text.").await.text, "There is text.");
}

#[tokio::test]
async fn what_may_be_there_is_borne_out_by_a_faint_find() {
    let mut truth = shelf();
    truth.objects[0].score = 0.4;
    let result = verify(&truth, "There may be a cat, but that is not certain.").await;
    assert_eq!(claim(&result, "cat").judgement.verdict, Verdict::Supported);
    let result = verify(&road(), "There may be a cat, but that is not certain.").await;
    assert_eq!(claim(&result, "cat").judgement.verdict, Verdict::Insufficient);
}

#[tokio::test]
async fn the_colors_of_the_whole_picture_are_measured_and_not_contradicted() {
    for (text, words, verdict) in [
        ("The picture is mostly yellow.", "yellow", Verdict::Supported),
        ("The main colors of the picture are yellow and black.", "black", Verdict::Insufficient),
        ("The picture is mostly green.", "green", Verdict::Insufficient),
        ("The main color of the picture is yellow.", "yellow", Verdict::Supported),
    ] {
        let result = verify(&road(), text).await;
        assert_eq!(claim(&result, words).judgement.verdict, verdict, "{text}");
        assert_eq!(result.text, text);
    }
}

#[tokio::test]
async fn what_was_looked_for_in_vain_is_no_claim_about_the_picture() {
    let result = verify(&road(), "No object was recognized in the picture.").await;
    assert!(result.claims.is_empty(), "{:?}", result.claims);
    let result = verify(&road(), "No object was recognized in the picture and no text was read.").await;
    assert!(
        result.claims.iter().all(|claim| claim.judgement.verdict == Verdict::Supported),
        "{:?}",
        result.claims
    );
}
