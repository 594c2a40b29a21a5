//! What becomes of a colour that is wrong where no other is known.

use super::*;

#[test]
fn a_color_that_is_wrong_goes_where_no_other_is_known() {
    for (text, wrong, expected) in [
        ("A cat lies behind a red cup.", "red", "A cat lies behind a cup."),
        ("An orange cat sleeps.", "orange", "A cat sleeps."),
        ("Yellow flowers stand in a vase.", "Yellow", "Flowers stand in a vase."),
        ("She wears a light blue shirt.", "light blue", "She wears a shirt."),
        ("His shirt is yellow and blue.", "yellow", "His shirt is blue."),
        ("A red and white bus stops.", "white", "A red bus stops."),
        ("The car is mostly red.", "red", "The car is visible."),
        (
            "The cups on the table are green, and a dog sleeps.",
            "green",
            "The cups on the table are visible, and a dog sleeps.",
        ),
    ] {
        let judged: Vec<(Claim, Judgement)> = claims(text)
            .into_iter()
            .map(|claim| {
                let verdict = if claim.surface == wrong { Verdict::Contradicted } else { Verdict::Supported };
                (claim, judgement(verdict, None))
            })
            .collect();
        assert!(
            judged.iter().any(|(_, judged)| judged.verdict == Verdict::Contradicted),
            "{text}: {judged:?}"
        );
        assert_eq!(corrector().rewrite(text, &judged, Policy::Keep).text, expected, "{text}");
    }
}
