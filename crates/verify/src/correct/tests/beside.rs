//! What stays of a sentence that loses a thing: what stood beside that, and whom it was said of.

use super::*;

#[test]
fn what_is_said_of_others_stays_with_them() {
    assert_corrected(&[
        (
            "The man in front is wearing a hat, and he swings a bat. A dog runs.",
            &[("bat", "0")],
            "The man in front is wearing a hat. A dog runs.",
        ),
        (
            "A woman walks by. She holds umbrellas in different colors.",
            &[("umbrellas", "0")],
            "A woman walks by.",
        ),
        ("Old cars lie between trees in a forest.", &[("cars", "0")], "There are trees and a forest."),
        (
            "Many horses can be seen in a steep street between tall buildings.",
            &[("horses", "0")],
            "There is a steep street between tall buildings.",
        ),
        (
            "A child sits in front of a pane of glass. A horse stands behind the glass.",
            &[("horse", "0")],
            "A child sits in front of a pane of glass.",
        ),
        (
            "Two men hold rackets. White tents stand behind them.",
            &[("rackets", "0")],
            "Two men are visible. White tents stand behind them.",
        ),
        (
            "A man stands on a beach next to the tail of an airplane.",
            &[("airplane", "0")],
            "A man stands on a beach.",
        ),
    ]);
}
