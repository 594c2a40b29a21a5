//! Which of several things a text means.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Rates, Truth, World, object};

fn scene(objects: &[(&str, [f64; 4], &str)]) -> Truth {
    let objects = objects.iter().map(|&(label, at, color)| object(label, at, color)).collect();
    Truth { name: "meant".into(), objects, lines: vec![] }
}

/// Two cars side by side, and a small one far behind them.
fn cars() -> Truth {
    scene(&[
        ("car", [4.0, 30.0, 34.0, 60.0], "red"),
        ("car", [60.0, 30.0, 96.0, 70.0], "black"),
        ("car", [45.0, 20.0, 52.0, 26.0], "yellow"),
    ])
}

async fn after(truth: &Truth, text: &str) -> String {
    World::new(truth, Rates::default()).verify(text).await.text
}

#[tokio::test]
async fn the_color_is_that_of_the_thing_that_the_text_means() {
    for (text, right) in [
        ("The car on the left is black.", "The car on the left is red."),
        ("The car on the right is black.", "The car on the right is black."),
        ("A black car stands on the left.", "A red car stands on the left."),
        (
            "Cars stand in a street. The one in front is red.",
            "Cars stand in a street. The one in front is black.",
        ),
        ("One of the cars is red.", "One of the cars is red."),
        // None of the large ones is yellow, and they differ.
        ("A yellow car is parked here.", "A car is parked here."),
        (
            "A car is parked here. Another car behind it is yellow.",
            "A car is parked here. Another car behind it is yellow.",
        ),
    ] {
        assert_eq!(after(&cars(), text).await, right, "{text}");
    }
}

#[tokio::test]
async fn of_cups_told_apart_by_their_colors_not_all_are_counted() {
    let cup = |left: f64, color| ("cup", [left, 40.0, left + 12.0, 56.0], color);
    let cups = scene(&[
        cup(2.0, "red"),
        cup(18.0, "red"),
        cup(34.0, "white"),
        cup(50.0, "white"),
        cup(66.0, "white"),
    ]);
    let text = "Red cups and three white cups stand on a shelf.";
    assert_eq!(after(&cups, text).await, text);
}

#[tokio::test]
async fn a_text_begins_with_what_the_picture_shows_before_all_else() {
    let street = scene(&[
        ("car", [4.0, 30.0, 44.0, 70.0], "red"),
        ("car", [50.0, 30.0, 96.0, 70.0], "black"),
        ("person", [46.0, 40.0, 49.0, 50.0], ""),
    ]);
    assert_eq!(
        after(&street, "Many horses stand in a steep street.").await,
        "Many cars stand in a steep street."
    );
    // What comes later was rather made up, and people are taken for no things.
    let text = after(&street, "There is a steep street. A giraffe stands beside it.").await;
    assert_eq!(text, "There is a steep street.");
}

#[tokio::test]
async fn what_is_described_was_seen_and_stands_for_what_the_text_leaves_out() {
    // The chair is too small to have the place of what has no more than a name.
    let room = scene(&[("chair", [4.0, 40.0, 24.0, 60.0], ""), ("cup", [60.0, 10.0, 70.0, 20.0], "white")]);
    for (text, right) in [
        (
            "A cup hangs here. A wooden bed stands behind it.",
            "A cup hangs here. A wooden chair stands behind it.",
        ),
        ("A cup hangs here. A bed stands behind it.", "A cup hangs here."),
        ("A cup hangs here. Another bed stands behind it.", "A cup hangs here."),
        // Nothing like it is there.
        ("A cup hangs here. A small giraffe stands behind it.", "A cup hangs here."),
        // One chair was not taken for two things, and what is named again is the same.
        (
            "An empty couch stands beside a cup. A wooden bed stands behind it.",
            "An empty chair stands beside a cup.",
        ),
        (
            "A wooden bed stands beside an old couch. The bed is empty.",
            "A wooden chair stands. The chair is empty.",
        ),
    ] {
        assert_eq!(after(&room, text).await, right, "{text}");
    }
}

#[tokio::test]
async fn what_is_easily_taken_for_another_thing_stands_in_for_it() {
    let mut room =
        scene(&[("tv", [4.0, 40.0, 24.0, 60.0], ""), ("potted plant", [60.0, 10.0, 80.0, 30.0], "")]);
    let text = "A lamp hangs here. An old microwave stands on a shelf.";
    assert_eq!(after(&room, text).await, "A lamp hangs here. An old tv stands on a shelf.");
    // What is seen faintly may be it.
    room.objects[0].score = 0.4;
    assert_eq!(after(&room, text).await, text);
}

#[tokio::test]
async fn what_is_added_gives_way_to_what_is_like_it_and_fills_the_picture() {
    let text = "A cup hangs here. A bed stands behind it.";
    let chair =
        |to: f64| scene(&[("chair", [4.0, 30.0, to, 70.0], ""), ("cup", [60.0, 10.0, 70.0, 20.0], "white")]);
    let mut large = chair(54.0);
    assert_eq!(after(&large, text).await, "A cup hangs here. A chair stands behind it.");
    assert_eq!(after(&chair(14.0), text).await, "A cup hangs here.");
    large.objects[0].score = 0.6;
    assert_eq!(after(&large, text).await, "A cup hangs here.");
}

#[tokio::test]
async fn a_wreck_is_none_of_what_it_was() {
    let plain = scene(&[("person", [60.0, 20.0, 80.0, 70.0], "")]);
    let text =
        "A person stands next to the wreck of an airplane. The person is to the right of the airplane.";
    assert_eq!(after(&plain, text).await, text);
}

#[tokio::test]
async fn many_people_may_be_too_small_to_be_found() {
    let field = scene(&[("bench", [10.0, 40.0, 60.0, 70.0], "")]);
    for text in
        ["A bench stands by a field. Many people can be seen in the rows.", "A bench stands by a field."]
    {
        assert_eq!(after(&field, text).await, text);
    }
    assert_eq!(
        after(&field, "A bench stands by a field. A man sits on the bench.").await,
        "A bench stands by a field."
    );
}

#[tokio::test]
async fn a_number_is_wrong_where_even_all_traces_do_not_make_up_for_it() {
    let mut birds = scene(&[
        ("bird", [4.0, 30.0, 24.0, 60.0], ""),
        ("bird", [40.0, 30.0, 60.0, 60.0], ""),
        ("bird", [76.0, 30.0, 96.0, 60.0], ""),
    ]);
    // The third may be one or not.
    birds.objects[2].score = 0.2;
    assert_eq!(after(&birds, "Six birds sing.").await, "Two birds sing.");
    assert_eq!(after(&birds, "Three birds sing.").await, "Three birds sing.");
    // That there is more than one the text tells.
    birds.objects.remove(0);
    birds.objects[1].score = 0.35;
    assert_eq!(after(&birds, "Six birds sing.").await, "Two birds sing.");
}
