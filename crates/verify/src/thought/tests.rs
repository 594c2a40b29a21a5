use std::time::Duration;

use lavr_types::{CallId, Failure, FailureKind, Observation, Size, ToolCall};
use serde_json::{Value, json};

use super::*;

fn picture(number: u8) -> ImageId {
    ImageId::of_pixels(Size::new(1, 1), &[number, 2, 3])
}

fn record(tool: &str, arguments: Value, value: Value) -> CallRecord {
    let call = ToolCall { id: CallId(format!("call_{tool}")), tool: tool.to_owned(), arguments };
    CallRecord::ran(call, Ok(Observation::new(value)), Duration::ZERO)
}

fn object(label: &str, bounds: [f64; 4], score: f32) -> Value {
    json!({ "label": label, "box": bounds, "score": score })
}

/// One sure dog and nothing else was found of dogs, cats and cars.
fn one_dog() -> CallRecord {
    let arguments = json!({ "image": picture(1), "labels": ["dog", "cat", "car"] });
    record("detect", arguments, json!({ "objects": [object("dog", [10.0, 10.0, 50.0, 60.0], 0.8)] }))
}

fn black_dog() -> CallRecord {
    let arguments = json!({ "image": picture(1), "region": [10, 10, 50, 60] });
    let colors = json!([{ "name": "black", "share": 0.9, "hex": "#000000" }]);
    record("color", arguments, json!({ "quality": "clear", "colors": colors }))
}

fn sign() -> CallRecord {
    let line = json!({ "text": "CLOSED", "quad": [[1, 1], [9, 1], [9, 4], [1, 4]], "score": 0.97 });
    record("ocr", json!({ "image": picture(1) }), json!({ "lines": [line] }))
}

fn said_of(thought: &str, images: &[ImageId], records: &[CallRecord]) -> Vec<String> {
    let vocabulary = Vocabulary::builtin();
    let found = contradictions(thought, images, records, vocabulary, Thresholds::builtin());
    for one in &found {
        assert!(one.span.of(thought).is_some(), "{one:?}");
    }
    found.iter().map(ToString::to_string).collect()
}

fn said(thought: &str, records: &[CallRecord]) -> Vec<String> {
    said_of(thought, &[picture(1)], records)
}

#[test]
fn more_of_a_thing_than_was_found_is_told() {
    for thought in ["There are two dogs in the image.", "The two dogs are brown.", "I see two dogs."] {
        assert_eq!(
            said(thought, &[one_dog()]),
            ["the thought says two dogs, detect saw one dog"],
            "{thought}"
        );
    }
}

#[test]
fn the_place_in_the_thought_is_that_of_the_words() {
    let thought = "So: there are two dogs.";
    let found =
        contradictions(thought, &[picture(1)], &[one_dog()], Vocabulary::builtin(), Thresholds::builtin());
    assert_eq!(found[0].span.of(thought), Some("two dogs"));
    assert_eq!(found[0].call, CallId("call_detect".into()));
}

#[test]
fn a_number_smaller_than_counted_is_told_only_where_the_whole_is_counted() {
    let dogs = [object("dog", [0.0, 0.0, 9.0, 9.0], 0.9), object("dog", [20.0, 0.0, 29.0, 9.0], 0.7)];
    let two = record("detect", json!({ "image": picture(1) }), json!({ "objects": dogs }));
    assert_eq!(
        said("There is one dog.", std::slice::from_ref(&two)),
        ["the thought says one dog, detect saw two dogs"]
    );
    let none: [&str; 0] = [];
    assert_eq!(said("One dog is black and one dog is white.", std::slice::from_ref(&two)), none);
    assert_eq!(said("There is one dog on the left.", &[two]), none);
}

#[test]
fn what_was_looked_for_by_name_and_not_found_is_told_of_classes_that_are_rarely_missed() {
    assert_eq!(said("The cat is asleep.", &[one_dog()]), ["the thought says a cat, detect saw no cat"]);
    let all = record("detect", json!({ "image": picture(1) }), json!({ "objects": [] }));
    let none: [&str; 0] = [];
    // Nobody asked for a cat.
    assert_eq!(said("The cat is asleep.", &[all]), none);
    let spoon =
        record("detect", json!({ "image": picture(1), "labels": ["spoon"] }), json!({ "objects": [] }));
    assert_eq!(said("The spoon is large.", &[spoon]), none);
}

#[test]
fn what_was_found_though_denied_is_told() {
    assert_eq!(said("There is no dog.", &[one_dog()]), ["the thought says no dog, detect saw one dog"]);
    let none: [&str; 0] = [];
    assert_eq!(said("There is no puppy.", &[one_dog()]), none);
    assert_eq!(said("There is no dog behind the car.", &[one_dog()]), none);
    let unsure = json!({ "objects": [object("dog", [0.0, 0.0, 9.0, 9.0], 0.41)] });
    assert_eq!(said("There is no dog.", &[record("detect", json!({ "image": picture(1) }), unsure)]), none);
}

#[test]
fn a_color_that_was_measured_clearly_is_held_against_the_thought() {
    let seen = [one_dog(), black_dog()];
    assert_eq!(said("The dog is white.", &seen), ["the thought says white dog, color saw black"]);
    let none: [&str; 0] = [];
    assert_eq!(said("The dog is black.", &seen), none);
    // People divide gray and black differently.
    assert_eq!(said("The dog is gray.", &seen), none);
    assert_eq!(said("The dog is white.", &[one_dog()]), none);
}

#[test]
fn a_text_that_was_read_with_certainty_is_held_against_the_thought() {
    assert_eq!(
        said("The sign says \"CLOSER\".", &[sign()]),
        ["the thought says \"CLOSER\", ocr saw \"CLOSED\""]
    );
    let none: [&str; 0] = [];
    assert_eq!(said("The sign says \"CLOSED\".", &[sign()]), none);
    assert_eq!(said("The sign says \"OPEN DAILY\".", &[sign()]), none);
}

#[test]
fn plans_questions_and_doubts_are_no_statements() {
    let seen = [one_dog(), black_dog(), sign()];
    for thought in [
        "I need to find two dogs.",
        "The question asks about three cats.",
        "Are there two dogs?",
        "Perhaps there are two dogs.",
        "Let me check if the cat is white.",
        "There may be a cat that detect missed.",
        "No cat was found.",
        "detect did not find a cat.",
        "I call ocr to see if the sign says \"CLOSER\".",
        "One dog was found; now its color.",
        "",
    ] {
        assert_eq!(said(thought, &seen), Vec::<String>::new(), "{thought}");
    }
}

#[test]
fn what_was_seen_in_a_part_or_in_another_picture_contradicts_nothing() {
    let part = json!({ "image": picture(1), "labels": ["dog"], "region": [0, 0, 10, 10] });
    let crop = json!({ "image": picture(9), "labels": ["dog"] });
    let failed = CallRecord {
        outcome: Err(Failure { kind: FailureKind::Failed, message: "out of order".into() }),
        ..one_dog()
    };
    let nothing = json!({ "objects": [] });
    let records = [record("detect", part, nothing.clone()), record("detect", crop, nothing), failed];
    assert_eq!(said("There are two dogs.", &records), Vec::<String>::new());
}

#[test]
fn of_several_pictures_the_dogs_are_added_up_and_each_must_have_been_looked_at() {
    let second = |image| record("detect", json!({ "image": image }), one_dog().outcome.unwrap().value);
    let images = [picture(1), picture(2)];
    let both = [one_dog(), second(picture(2))];
    assert_eq!(said_of("There are two dogs.", &images, &both), Vec::<String>::new());
    assert_eq!(said_of("There are three dogs.", &images, &both).len(), 1);
    assert_eq!(said_of("There are three dogs.", &images, &both[..1]), Vec::<String>::new());
}
