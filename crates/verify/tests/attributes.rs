//! Sizes, actions, weather and what no picture shows: what each check supports, contradicts and leaves open.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Rates, Truth, World, object};
use lavr_types::{CheckedClaim, Verdict};
use lavr_verify::{Policy, Verification, VerifierOptions};

fn claim<'v>(result: &'v Verification, surface: &str) -> &'v CheckedClaim {
    let found = result.claims.iter().find(|claim| claim.claim.surface == surface);
    found.unwrap_or_else(|| panic!("no claim {surface:?}: {:?}", result.claims))
}

fn verdict(result: &Verification, surface: &str) -> Verdict {
    claim(result, surface).judgement.verdict
}

fn scene(objects: Vec<common::Object>) -> Truth {
    Truth { name: "made up".into(), objects, lines: vec![] }
}

/// A big dog beside a little cat, on one ground line.
fn pets() -> Truth {
    scene(vec![object("dog", [10.0, 20.0, 50.0, 60.0], "black"), object("cat", [60.0, 45.0, 75.0, 60.0], "")])
}

#[tokio::test]
async fn a_comparison_is_turned_round_where_the_boxes_clearly_say_the_opposite() {
    let world = World::new(&pets(), Rates::default());
    for (text, good) in [
        ("The dog is smaller than the cat.", "The dog is larger than the cat."),
        ("The cat is much bigger than the dog.", "The cat is much smaller than the dog."),
    ] {
        let result = world.verify(text).await;
        assert_eq!(result.text, good);
        assert_eq!(result.edits.len(), 1);
    }
    for text in ["The dog is bigger than the cat.", "The cat is smaller than the dog."] {
        let result = world.verify(text).await;
        assert_eq!(result.text, text);
        let surface = if text.contains("bigger") { "bigger" } else { "smaller" };
        assert_eq!(verdict(&result, surface), Verdict::Supported, "{text}");
    }
}

#[tokio::test]
async fn a_comparison_stays_where_perspective_or_the_edge_may_deceive() {
    let nearer =
        scene(vec![object("dog", [10.0, 20.0, 50.0, 75.0], ""), object("cat", [60.0, 25.0, 70.0, 35.0], "")]);
    let cut_off = scene(vec![
        object("dog", [10.0, 20.0, 50.0, 60.0], ""),
        object("cat", [90.0, 45.0, 100.0, 60.0], ""),
    ]);
    let alike =
        scene(vec![object("dog", [10.0, 30.0, 40.0, 60.0], ""), object("cat", [50.0, 35.0, 78.0, 60.0], "")]);
    let two = scene(vec![
        object("dog", [10.0, 20.0, 50.0, 60.0], ""),
        object("dog", [51.0, 20.0, 80.0, 60.0], ""),
        object("cat", [85.0, 50.0, 95.0, 60.0], ""),
    ]);
    for (truth, why) in
        [(nearer, "nearer"), (cut_off, "nearer"), (alike, "too close"), (two, "more than one")]
    {
        let text = "The dog is smaller than the cat.";
        let result = World::new(&truth, Rates::default()).verify(text).await;
        assert_eq!(result.text, text);
        let judgement = &claim(&result, "smaller").judgement;
        assert_eq!(judgement.verdict, Verdict::Insufficient);
        assert!(judgement.reason.contains(why), "{}", judgement.reason);
    }
}

#[tokio::test]
async fn a_size_on_its_own_is_supported_or_left_open_but_never_contradicted() {
    let large = scene(vec![object("dog", [5.0, 5.0, 75.0, 75.0], "")]);
    let small = scene(vec![object("dog", [40.0, 40.0, 48.0, 48.0], "")]);
    let between = scene(vec![object("dog", [30.0, 30.0, 60.0, 60.0], "")]);
    let both =
        scene(vec![object("dog", [10.0, 20.0, 50.0, 60.0], ""), object("dog", [60.0, 45.0, 75.0, 60.0], "")]);
    for (truth, text, word, expected) in [
        (&large, "A large dog.", "large", Verdict::Supported),
        (&large, "A tiny dog.", "tiny", Verdict::Insufficient),
        (&small, "The dog is very small.", "small", Verdict::Supported),
        (&small, "An enormous dog.", "enormous", Verdict::Insufficient),
        (&between, "A big dog.", "big", Verdict::Insufficient),
        (&both, "A small dog sits here.", "small", Verdict::Supported),
        (&both, "A larger dog sits here.", "larger", Verdict::Supported),
    ] {
        let result = World::new(truth, Rates::default()).verify(text).await;
        assert_eq!(result.text, text);
        let judgement = &claim(&result, word).judgement;
        assert_eq!(judgement.verdict, expected, "{text} {}", judgement.reason);
        assert!(judgement.confidence <= 0.6, "a box is no scale: {}", judgement.confidence);
        assert!(!judgement.evidence.is_empty());
    }
}

fn rider() -> Truth {
    scene(vec![
        object("person", [20.0, 10.0, 35.0, 50.0], ""),
        object("horse", [10.0, 30.0, 50.0, 70.0], "brown"),
    ])
}

#[tokio::test]
async fn without_a_vision_model_an_action_is_left_open_with_the_reason() {
    let text = "A man is feeding a horse. It is a sunny day.";
    let result = World::new(&rider(), Rates::default()).verify(text).await;
    assert_eq!(result.text, text);
    for word in ["feeding", "sunny"] {
        let judgement = &claim(&result, word).judgement;
        assert_eq!(judgement.verdict, Verdict::Insufficient);
        assert!(judgement.reason.contains("no vision model"), "{}", judgement.reason);
    }
}

/// Knows that the man rides, and answers both ways of asking alike well.
fn truthful(question: &str) -> &'static str {
    let holds = question.contains("riding a horse") || question.contains("sunny");
    let mistake = question.contains("mistake");
    if holds == mistake { "No." } else { "Yes." }
}

#[tokio::test]
async fn a_vision_model_that_answers_a_question_and_its_opposite_consistently_decides() {
    let world = World::with_answers(&rider(), truthful);
    let text = "A man is riding a horse. It is a sunny day.";
    let result = world.verify(text).await;
    assert_eq!(result.text, text);
    assert_eq!(verdict(&result, "riding"), Verdict::Supported);
    assert_eq!(verdict(&result, "sunny"), Verdict::Supported);

    for (text, good) in [
        ("A man is feeding a horse.", "A man is with a horse."),
        ("A man feeding a horse looks up.", "A man with a horse looks up."),
        ("A man feeds a horse.", "A man is with a horse."),
        ("A man is sleeping.", "A man is visible."),
        ("A huge horse and a man.", "A horse and a man."),
        ("An enormous brown horse and a man.", "A brown horse and a man."),
        ("A man is riding a horse. It is a foggy day.", "A man is riding a horse."),
        ("It is a foggy day, and a man is riding a horse.", "A man is riding a horse."),
        ("A man is riding a horse on a foggy day.", "A man is riding a horse."),
        ("A horse at night.", "A horse."),
    ] {
        assert_eq!(world.verify(text).await.text, good);
    }
}

#[tokio::test]
async fn a_model_that_says_yes_to_everything_or_no_to_everything_decides_nothing() {
    let text = "A man is feeding a horse beside a fountain. It is a foggy day.";
    for answers in [(|_| "yes") as fn(&str) -> &'static str, |_| "no", |_| "I cannot tell", |_| ""] {
        let result = World::with_answers(&rider(), answers).verify(text).await;
        assert_eq!(result.text, text);
        for word in ["feeding", "foggy", "fountain"] {
            assert_eq!(verdict(&result, word), Verdict::Insufficient, "{word}");
        }
    }
}

#[tokio::test]
async fn a_vision_model_takes_the_second_look_for_what_the_detector_missed() {
    // Spoons are too often missed for the detector's own word; what it does not know at all, a model alone denies.
    let world = World::with_answers(&rider(), truthful);
    let result = world.verify("A man with a spoon rides a horse by a fountain.").await;
    assert_eq!(verdict(&result, "spoon"), Verdict::Contradicted);
    assert_eq!(verdict(&result, "fountain"), Verdict::Insufficient);
    assert!(!result.text.contains("spoon") && result.text.contains("fountain"), "{}", result.text);
}

#[tokio::test]
async fn names_feelings_and_intentions_are_never_judged() {
    let text = "A man named Robert Smith looks happy. He wants to ride the horse. Barack Obama is waving to the sad woman.";
    for world in [World::new(&rider(), Rates::default()), World::with_answers(&rider(), truthful)] {
        let result = world.verify(text).await;
        assert!(result.text.starts_with("A man named Robert Smith looks happy. He wants to ride the horse."));
        for (word, why) in [
            ("Robert Smith", "who someone is"),
            ("happy", "feels"),
            ("wants", "means to do"),
            ("Barack Obama", "who someone is"),
            ("sad", "feels"),
        ] {
            let judgement = &claim(&result, word).judgement;
            assert_eq!(judgement.verdict, Verdict::Insufficient, "{word}");
            assert!(judgement.reason.contains(why), "{word}: {}", judgement.reason);
        }
        assert!(result.calls.iter().all(|call| !call.call.arguments.to_string().contains("happy")));
    }
}

#[tokio::test]
async fn what_a_word_names_only_sometimes_is_never_called_absent() {
    // A detector that misses nothing, and sees no computer mouse, no necktie and no sports ball.
    let thresholds =
        lavr_verify::Thresholds::builtin().clone().trusting(["mouse", "tie", "sports ball", "spoon"]);
    let options =
        VerifierOptions { thresholds: std::sync::Arc::new(thresholds), ..VerifierOptions::default() };
    let world = World::with_options(&rider(), Rates::default(), options, &[]);
    for text in ["A man sees a mouse.", "A man and a horse end in a tie.", "Two balls lie beside a man."] {
        assert_eq!(world.verify(text).await.text, text);
    }
    assert_eq!(world.verify("A man and a spoon.").await.text, "A man.");
}

#[tokio::test]
async fn dropping_what_is_open_takes_sizes_out_and_leaves_verbs() {
    let options = VerifierOptions { policy: Policy::Drop, ..VerifierOptions::default() };
    let world = World::with_options(&pets(), Rates::default(), options, &[]);
    assert_eq!(world.verify("A huge dog sleeps.").await.text, "A dog sleeps.");
}
