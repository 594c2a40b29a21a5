use super::*;

#[test]
fn what_is_fewer_than_said_is_said_so() {
    assert_corrected(&[
        ("Three cups are on a table.", &[("Three", "1"), ("cups", "=bottle")], "One bottle is on a table."),
        ("One cup lies here.", &[("One", "3"), ("cup", "=bottle")], "Three bottles lie here."),
        // The place behind a thing goes with it.
        (
            "The spoon lies to the left of the cup, and a donut to the right of it.",
            &[("donut", "0")],
            "The spoon lies to the left of the cup.",
        ),
        // Who is alone has no company.
        ("Two dogs sit next to each other.", &[("Two", "1")], "One dog sits."),
        ("Two dogs are close to one another.", &[("Two", "1")], "One dog is visible."),
        ("Two dogs lie together on a bed.", &[("Two", "1")], "One dog lies on a bed."),
        ("Two men stand facing each other.", &[("Two", "1")], "One man stands."),
        ("Three dogs sit next to each other.", &[("Three", "2")], "Two dogs sit next to each other."),
        ("A cat and a dog are sleeping next to each other.", &[("dog", "0")], "A cat is sleeping."),
    ]);
}
