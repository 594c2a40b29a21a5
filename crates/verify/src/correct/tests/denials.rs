//! Denials turned round.

use std::fmt::Write;

use super::*;

#[test]
fn what_is_denied_together_is_turned_round_one_by_one() {
    assert_corrected(&[
        ("There is no dog or cat.", &[("cat", "1")], "There is a cat but no dog."),
        ("There is no dog or cat.", &[("no dog", "1")], "There is a dog but no cat."),
        ("There is no dog or cat.", &[("no dog", "1"), ("cat", "1")], "There is a dog and a cat."),
        (
            "There are no dogs, cats or birds in the park.",
            &[("cats", "1")],
            "There are cats but no dogs or birds in the park.",
        ),
        ("There is neither a dog nor a cat.", &[("nor a cat", "1")], "There is a cat but no dog."),
        ("Neither a dog nor a cat is visible.", &[("Neither a dog", "1")], "A dog but no cat is visible."),
        ("There are neither cars nor buses.", &[("neither cars", "1")], "There are cars but no buses."),
        (
            "The image does not show any cars or people.",
            &[("people", "1")],
            "The image shows people but no cars.",
        ),
        (
            "There doesn't appear to be a bus.",
            &[("doesn't appear to be a bus", "1")],
            "There appears to be a bus.",
        ),
        ("You cannot see any dogs.", &[("cannot see any dogs", "1")], "You can see dogs."),
        ("I don't see a cat here.", &[("don't see a cat", "1")], "I see a cat here."),
        ("A street without any cars or people.", &[("people", "1")], "A street with people but no cars."),
        ("There is nobody in the street.", &[("nobody", "1")], "There is somebody in the street."),
        ("No one is visible.", &[("No one", "1")], "Someone is visible."),
        ("There is no sign of a dog.", &[("no sign of a dog", "1")], "There is a dog."),
        ("The street is devoid of cars.", &[("devoid of cars", "1")], "The street has cars."),
        (
            "A red car is parked on the left and the street is completely free of people.",
            &[("free of people", "1")],
            "A red car is parked on the left and the street has people.",
        ),
        ("A street devoid of cars lies ahead.", &[("devoid of cars", "1")], "A street with cars lies ahead."),
        (
            "The image contains no visible text or logos.",
            &[("no visible text", "1")],
            "The image contains visible text but no logos.",
        ),
        (
            "There aren't any bicycles, but there is a motorcycle.",
            &[("aren't any bicycles", "1")],
            "There are bicycles, and there is a motorcycle.",
        ),
        ("There's no dog, only a cat.", &[("no dog", "1")], "There's a dog and a cat."),
        (
            "There is a motorcycle, but there are no bicycles.",
            &[("no bicycles", "1")],
            "There is a motorcycle, and there are bicycles.",
        ),
        ("No dogs or cats are visible.", &[("cats", "1")], "Cats but no dogs are visible."),
        ("There is no text.", &[("no text", "1")], "There is text."),
        ("No, there is no bus or car.", &[("car", "1")], "Yes, there is a car but no bus."),
    ]);
}

/// Each denial of each text of a file turned round, alone.
fn turned_round(texts: &str) -> String {
    let mut shown = String::new();
    for text in texts.lines().filter(|line| !line.starts_with('#')) {
        let claims = claims(text);
        // What has another reading is never contradicted.
        let denied = claims.iter().filter(|claim| {
            matches!(claim.assertion, Assertion::Existence { present: false, .. })
                && claim.readings.is_empty()
        });
        for claim in denied {
            let judged: Vec<(Claim, Judgement)> = claims
                .iter()
                .map(|other| {
                    let truth = (other == claim).then(|| truth(other, "1"));
                    let verdict = if truth.is_some() { Verdict::Contradicted } else { Verdict::Supported };
                    (other.clone(), judgement(verdict, truth))
                })
                .collect();
            let after = corrector().rewrite(text, &judged, Policy::Keep).text;
            writeln!(shown, "{text}\n  +{}: {after}", claim.surface).unwrap();
        }
    }
    shown
}

/// Read the snapshot: every line must be a sentence that a person could have written.
#[test]
fn any_denial_can_be_turned_round() {
    let all = [
        include_str!("../../../tests/data/extraction.txt"),
        include_str!("../../../tests/data/extraction_captions.txt"),
        include_str!("../../../tests/data/extraction_styles.txt"),
    ];
    insta::assert_snapshot!(all.map(turned_round).concat());
}
