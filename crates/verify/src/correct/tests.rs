use lavr_types::{CountBound, Entity, Vocabulary, perception::SpatialRelation};
use proptest::prelude::*;

use super::*;

mod beside;
mod colors;
mod denials;
mod fewer;

fn corrector() -> RuleCorrector<'static> {
    RuleCorrector::new(Vocabulary::builtin())
}

fn claims(text: &str) -> Vec<Claim> {
    LexicalExtractor::new(Vocabulary::builtin()).read(text).claims
}

fn judgement(verdict: Verdict, truth: Option<Assertion>) -> Judgement {
    Judgement { verdict, truth, confidence: 0.9, evidence: Vec::new(), reason: String::new() }
}

/// What is true instead, in one word: `0` absent, a number, a colour, a relation, `=label`, or a text.
fn truth(claim: &Claim, word: &str) -> Assertion {
    match &claim.assertion {
        Assertion::Existence { entity, present: true } => match word.strip_prefix('=') {
            Some(label) => Assertion::Existence {
                entity: Entity {
                    label: Some(label.to_owned()),
                    surface: label.to_owned(),
                    span: entity.span,
                },
                present: true,
            },
            None => Assertion::Existence { entity: entity.clone(), present: false },
        },
        Assertion::Existence { entity, .. } => Assertion::Existence { entity: entity.clone(), present: true },
        Assertion::Count { entity, .. } => Assertion::Count {
            entity: entity.clone(),
            count: word.parse().map_or(CountBound::Several, CountBound::Exactly),
        },
        Assertion::Color { entity, .. } => {
            Assertion::Color { entity: entity.clone(), color: word.to_owned() }
        }
        Assertion::Relation { subject, object, second, .. } => {
            let relation = match word {
                "left" => SpatialRelation::LeftOf,
                "right" => SpatialRelation::RightOf,
                "above" => SpatialRelation::Above,
                "below" => SpatialRelation::Below,
                _ => SpatialRelation::Near,
            };
            Assertion::Relation {
                subject: subject.clone(),
                relation,
                object: object.clone(),
                second: second.clone(),
            }
        }
        Assertion::Text { carrier, .. } => {
            Assertion::Text { text: word.to_owned(), carrier: carrier.clone() }
        }
        Assertion::Attribute { entity, .. } => {
            Assertion::Attribute { entity: entity.clone(), attribute: word.to_owned() }
        }
        Assertion::Other => Assertion::Other,
    }
}

/// Contradicts each claim whose surface is named (the `n`-th of them with `#n`), and supports the rest.
fn corrected(text: &str, wrong: &[(&str, &str)], policy: Policy) -> Correction {
    let mut judged: Vec<(Claim, Judgement)> =
        claims(text).into_iter().map(|claim| (claim, judgement(Verdict::Supported, None))).collect();
    for (surface, word) in wrong {
        let mut found = false;
        for (claim, verdict) in judged.iter_mut().filter(|(claim, _)| claim.surface == *surface) {
            // A noun's absence is not the truth of its colour, so the first kind that fits is taken.
            *verdict = judgement(Verdict::Contradicted, Some(truth(claim, word)));
            found = true;
        }
        assert!(found, "{text}: no claim {surface:?} in {judged:?}");
    }
    corrector().rewrite(text, &judged, policy)
}

type Case<'c> = (&'c str, &'c [(&'c str, &'c str)], &'c str);

fn assert_corrected(cases: &[Case<'_>]) {
    let faults: Vec<String> = cases
        .iter()
        .filter_map(|(text, wrong, expected)| {
            let now = corrected(text, wrong, Policy::Keep).text;
            (now != *expected).then(|| format!("{text}\n  wanted {expected}\n  got    {now}"))
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn corrections_keep_the_grammar() {
    let cases: &[Case<'_>] = &[
        // Numbers: noun, verb, pronoun agree.
        ("Two dogs sit on a couch.", &[("Two", "1")], "One dog sits on a couch."),
        ("One dog sits on a couch.", &[("One", "3")], "Three dogs sit on a couch."),
        ("There are two dogs in the park.", &[("two", "1")], "There is one dog in the park."),
        ("There is one man.", &[("one", "4")], "There are four men."),
        ("Two dogs are black. They sleep.", &[("Two", "1")], "One dog is black. It sleeps."),
        ("One dog sits. A cat is next to it.", &[("One", "2")], "Two dogs sit. A cat is next to them."),
        ("Half a dozen birds fly.", &[("Half a dozen", "2")], "Two birds fly."),
        ("No fewer than six birds fly.", &[("No fewer than six", "1")], "One bird flies."),
        ("A trio of dogs plays.", &[("A trio of", "2")], "Two dogs play."),
        ("I see 3 buses.", &[("3", "1")], "I see 1 bus."),
        ("A couple of dogs play.", &[("A couple of", "1")], "One dog plays."),
        ("Both dogs watch a cat and wait.", &[("Both", "1")], "One dog watches a cat and waits."),
        ("Seven dogs and a cat are here.", &[("Seven", "1")], "One dog and a cat are here."),
        ("At least five children play.", &[("At least five", "2")], "Two children play."),
        ("Nine knives lie there.", &[("Nine", "several")], "Several knives lie there."),
        // Colours: the article agrees.
        ("A red car.", &[("red", "orange")], "An orange car."),
        ("An orange car.", &[("orange", "blue")], "A blue car."),
        ("The dark blue car stops.", &[("dark blue", "white")], "The white car stops."),
        ("A red and white car.", &[("red", "white")], "A white car."),
        ("The car is red and white.", &[("white", "red")], "The car is red."),
        // Places.
        ("A dog is to the left of a cat.", &[("to the left of", "right")], "A dog is to the right of a cat."),
        ("On the left is a bus.", &[("On the left", "right")], "On the right is a bus."),
        ("A cat sits on a bed.", &[("on", "near")], "A cat sits next to a bed."),
        ("A cat under the car.", &[("under", "above")], "A cat above the car."),
        ("In the top left corner is a clock.", &[("left", "right")], "In the top right corner is a clock."),
        (
            "In the upper left corner is a clock.",
            &[("upper", "below")],
            "In the lower left corner is a clock.",
        ),
        ("A dog with a cat to its left.", &[("to its left", "right")], "A dog with a cat to its right."),
        // Text.
        ("The sign reads \"STOP\".", &[("STOP", "SHOP\n\"now\"")], "The sign reads \"SHOP now\"."),
        // Something else stands there.
        ("A cow grazes.", &[("cow", "=elephant")], "An elephant grazes."),
        ("Two cows graze.", &[("cows", "=sheep")], "Two sheep graze."),
        // Absent: lists.
        ("A dog and a cat on a sofa.", &[("cat", "0")], "A dog on a sofa."),
        ("A dog and a cat on a sofa.", &[("dog", "0")], "A cat on a sofa."),
        ("A dog, a cat and a bird sit there.", &[("bird", "0")], "A dog and a cat sit there."),
        ("A dog, a cat and a bird sit there.", &[("cat", "0")], "A dog and a bird sit there."),
        ("A dog, a cat, and a bird sit there.", &[("dog", "0"), ("cat", "0")], "A bird sits there."),
        ("A dog and a cat are asleep.", &[("dog", "0")], "A cat is asleep."),
        ("There are a dog and a cat.", &[("dog", "0")], "There is a cat."),
        // Absent: what serves another.
        ("A man with a dog walks by.", &[("dog", "0")], "A man walks by."),
        ("A man with a dog on a leash.", &[("dog", "0")], "A man."),
        ("A man holding an umbrella waits.", &[("umbrella", "0")], "A man waits."),
        ("A man is holding an umbrella.", &[("umbrella", "0")], "A man is visible."),
        ("A man rides a horse on the beach.", &[("horse", "0")], "A man is on the beach."),
        ("A dog is on a sofa.", &[("sofa", "0")], "A dog is visible."),
        ("A dog sits on a sofa.", &[("sofa", "0")], "A dog sits."),
        ("A cup stands in front of a laptop on the table.", &[("laptop", "0")], "A cup stands on the table."),
        ("On the sofa, a dog sleeps.", &[("sofa", "0")], "A dog sleeps."),
        // Absent: subjects.
        ("A dog runs and a cat sleeps.", &[("cat", "0")], "A dog runs."),
        ("A dog runs and a cat sleeps.", &[("dog", "0")], "A cat sleeps."),
        ("A dog runs while a cat sleeps on a bed.", &[("cat", "0")], "A dog runs. There is a bed."),
        ("A cat sleeps on the sofa. A dog runs.", &[("cat", "0")], "There is a sofa. A dog runs."),
        ("A cat sleeps. A dog runs.", &[("cat", "0")], "A dog runs."),
        ("A dog runs. A cat sleeps.", &[("cat", "0")], "A dog runs."),
        ("A dog runs. A cat sleeps. It is black.", &[("cat", "0")], "A dog runs."),
        ("There is a cat on the old sofa.", &[("cat", "0")], "There is an old sofa."),
        ("A cat sleeps.", &[("cat", "0")], "There is no cat."),
        ("Yes, there is a cat.", &[("cat", "0")], "No, there is no cat."),
        (
            "A dog looks at the camera while a horse grazes nearby.",
            &[("horse", "0")],
            "A dog looks at the camera.",
        ),
        (
            "One dog looks up while a horse grazes nearby.",
            &[("One", "2"), ("horse", "0")],
            "Two dogs look up.",
        ),
        (
            "One dog is looking at the camera while a horse grazes nearby.",
            &[("One", "2"), ("horse", "0")],
            "Two dogs are looking at the camera.",
        ),
        ("A man rides a horse next to a car.", &[("horse", "0"), ("car", "0")], "A man is visible."),
        ("A kitchen with an oven and two people cooking.", &[("people", "0")], "A kitchen with an oven."),
        (
            "Two cars stand in a street, and a person repairs them.",
            &[("person", "0")],
            "Two cars stand in a street.",
        ),
        // Denied but there.
        ("There is no dog.", &[("no dog", "1")], "There is a dog."),
        ("There are no dogs here.", &[("no dogs", "1")], "There are dogs here."),
        ("A man without an umbrella.", &[("without an umbrella", "1")], "A man with an umbrella."),
        ("Not a single dog is visible.", &[("Not a single dog", "1")], "A dog is visible."),
        ("There isn't a dog.", &[("isn't a dog", "1")], "There is a dog."),
        ("There aren't any dogs.", &[("aren't any dogs", "1")], "There are dogs."),
        ("No dog is visible.", &[("No dog", "1")], "A dog is visible."),
        ("No, there are no dogs.", &[("no dogs", "1")], "Yes, there are dogs."),
        // Several edits in one sentence.
        (
            "Two red dogs and a cat sit.",
            &[("Two", "1"), ("red", "brown"), ("cat", "0")],
            "One brown dog sits.",
        ),
    ];
    assert_corrected(cases);
}

#[test]
fn what_else_is_named_for_the_first_time_stays_and_what_says_nothing_goes() {
    assert_corrected(&[
        ("A man waves. He is leaning on a bicycle.", &[("bicycle", "0")], "A man waves."),
        ("A man waves. He holds a remote.", &[("remote", "0")], "A man waves."),
        (
            "A man waves. He holds a remote in a kitchen.",
            &[("remote", "0")],
            "A man waves. He is in a kitchen.",
        ),
        ("Many boats drive along a wide highway.", &[("boats", "0")], "There is a wide highway."),
        (
            "A grilled pizza lies on a white plate next to yellow rice.",
            &[("pizza", "0")],
            "There is a white plate next to yellow rice.",
        ),
        ("A cup stands by a vase of flowers.", &[("cup", "0")], "There is a vase of flowers."),
        ("A person in a red hat stands on a hill.", &[("person", "0")], "There is a hill."),
    ]);
}

#[test]
fn attributes_and_what_things_have_are_corrected() {
    assert_corrected(&[
        // Sizes and actions: the opposite, or nothing.
        (
            "The dog is bigger than the cat.",
            &[("bigger", "smaller than the cat")],
            "The dog is smaller than the cat.",
        ),
        ("An enormous dog sleeps.", &[("enormous", "-")], "A dog sleeps."),
        ("A small orange cat.", &[("small", "-")], "An orange cat."),
        ("The cat is very large.", &[("large", "-")], "The cat is visible."),
        ("Two men riding horses.", &[("riding", "-")], "Two men with horses."),
        ("Two men ride a horse.", &[("ride", "-")], "Two men are with a horse."),
        ("A man sits on a bench.", &[("sits", "-")], "A man is on a bench."),
        ("A man sitting on a bench reads.", &[("sitting", "-")], "A man on a bench reads."),
        // What belongs to something absent.
        ("The dog's bowl is blue.", &[("dog", "0")], "The bowl is blue."),
        ("A man waves. The dog's tail is up.", &[("dog", "0")], "A man waves."),
        ("A cat sleeps. Its tail is long. A man waves.", &[("cat", "0")], "A man waves."),
    ]);
}

#[test]
fn what_is_left_of_a_sentence_is_one() {
    assert_corrected(&[
        (
            "The umbrella, which is below the suitcase, stands out.",
            &[("suitcase", "0")],
            "The umbrella stands out.",
        ),
        (
            "A dog and a white cat, neither of which wears a collar, sit on a couch.",
            &[("dog", "0")],
            "There is a white cat and a couch.",
        ),
        (
            "A bathroom with a toilet, sink and a shower.",
            &[("toilet", "0")],
            "A bathroom with a sink and a shower.",
        ),
        (
            "The room contains a bed, a chair, and a small table.",
            &[("bed", "0")],
            "The room contains a chair and a small table.",
        ),
        (
            "A white cat with blue eyes and an orange collar sits on a bed.",
            &[("cat", "0")],
            "There is a bed.",
        ),
        (
            "There is a spoon inside the cup and a fork to its right.",
            &[("cup", "0")],
            "There is a spoon and a fork to its right.",
        ),
        (
            "The desk has two monitors and a mouse, with a chair placed in front of it.",
            &[("mouse", "0")],
            "The desk has two monitors, with a chair placed in front of it.",
        ),
        (
            "A woman is sitting at a dining table with a glass of wine in front of her.",
            &[("dining table", "0")],
            "A woman is sitting with a glass of wine in front of her.",
        ),
        (
            "There are four people: three men and one woman.",
            &[("people", "0")],
            "There are three men and one woman.",
        ),
        (
            "Two boys are playing; one is holding a bat, and the other is waiting.",
            &[("boys", "0")],
            "There is a bat.",
        ),
        (
            "A bowl of oranges and bananas on a wooden table.",
            &[("bananas", "0")],
            "A bowl of oranges on a wooden table.",
        ),
    ]);
}

/// Each labelled thing of each text of a file taken out.
fn taken_out(texts: &str) -> String {
    use std::fmt::Write;

    let mut shown = String::new();
    for text in texts.lines().filter(|line| !line.starts_with('#')) {
        let claims = claims(text);
        let absent = claims.iter().filter(|claim| {
            matches!(&claim.assertion, Assertion::Existence { entity, present: true } if entity.label.is_some())
        });
        for claim in absent {
            let judged: Vec<(Claim, Judgement)> = claims
                .iter()
                .map(|other| {
                    let wrong = other.span == claim.span && other.kind() == claim.kind();
                    let truth = wrong.then(|| truth(other, "0"));
                    (
                        other.clone(),
                        judgement(if wrong { Verdict::Contradicted } else { Verdict::Supported }, truth),
                    )
                })
                .collect();
            let after = corrector().rewrite(text, &judged, Policy::Keep).text;
            writeln!(shown, "{text}\n  -{}: {after}", claim.surface).unwrap();
        }
    }
    shown
}

/// Read the snapshot: every line must be a sentence that a person could have written.
#[test]
fn any_thing_can_be_taken_out_of_any_text() {
    insta::assert_snapshot!(taken_out(include_str!("../../tests/data/extraction.txt")));
}

/// As above, with the captions of vision models.
#[test]
fn any_thing_can_be_taken_out_of_any_caption() {
    insta::assert_snapshot!(taken_out(include_str!("../../tests/data/extraction_captions.txt")));
}

#[test]
fn any_thing_can_be_taken_out_of_captions_of_many_styles() {
    insta::assert_snapshot!(taken_out(include_str!("../../tests/data/extraction_styles.txt")));
}

#[test]
fn the_policy_decides_what_becomes_of_unconfirmed_claims() {
    let after = |text: &str, known: &[&str], policy| {
        let judged: Vec<(Claim, Judgement)> = claims(text)
            .into_iter()
            .map(|claim| {
                let known = known.contains(&claim.surface.as_str());
                (claim, judgement(if known { Verdict::Supported } else { Verdict::Insufficient }, None))
            })
            .collect();
        corrector().rewrite(text, &judged, policy).text
    };
    let text = "A red car and a tree.";
    assert_eq!(after(text, &["car"], Policy::Keep), text);
    assert_eq!(after(text, &["car"], Policy::Mark), "A red [unverified] car and a tree [unverified].");
    assert_eq!(after(text, &["car"], Policy::Drop), "A car.");
    // The place goes, and not who is there; and what nobody knows is not denied.
    assert_eq!(after("A cat sleeps on a desk.", &["cat", "sleeps"], Policy::Drop), "A cat sleeps.");
    assert_eq!(after("A man may be inside.", &[], Policy::Drop), "");
}

#[test]
fn every_edit_names_the_claim_that_made_it_necessary() {
    let text = "Two dogs sit on a red couch.";
    let correction = corrected(text, &[("Two", "1"), ("red", "orange")], Policy::Keep);
    assert_eq!(correction.text, "One dog sits on an orange couch.");
    let claims = claims(text);
    for edit in &correction.edits {
        assert!(
            edit.claims.iter().all(|&claim| ["Two", "red"].contains(&claims[claim].surface.as_str())),
            "{edit:?}"
        );
        assert!(!edit.claims.is_empty());
    }
}

/// A text with claims, any of which may be contradicted.
fn judged_texts() -> impl Strategy<Value = (String, Vec<bool>)> {
    let piece = prop::sample::select(vec![
        "a dog",
        "two cats",
        "the red car",
        "on a sofa",
        "and",
        ",",
        ".",
        "is black",
        "sits",
        "are",
        "there is",
        "it",
        "with an umbrella",
        "a man",
        "holding a cup",
        "no bus",
        "reads \"STOP\"",
        "next to",
        "on the left",
        "\n",
        "while",
        "several birds",
        "no dog or cat",
        "neither a dog nor a cat",
        "without any people",
        "does not show any cars",
        "nobody",
        "between a dog and the red car",
        "behind a bus",
        "Yes,",
        "A person",
        "\u{e9}t\u{e9}",
        "\u{1f436}",
    ]);
    (
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.join(" ")),
        prop::collection::vec(any::<bool>(), 64),
    )
}

proptest! {
    #[test]
    fn nothing_contradicted_changes_no_byte(text in "\\PC{0,200}") {
        let judged: Vec<_> = claims(&text)
            .into_iter()
            .enumerate()
            .map(|(place, claim)| {
                let verdict = if place % 2 == 0 { Verdict::Supported } else { Verdict::Insufficient };
                (claim, judgement(verdict, None))
            })
            .collect();
        let correction = corrector().rewrite(&text, &judged, Policy::Keep);
        prop_assert_eq!(correction.text, text);
        prop_assert!(correction.edits.is_empty());
    }

    #[test]
    fn what_was_contradicted_is_not_said_again((text, wrong) in judged_texts()) {
        let judged: Vec<_> = claims(&text)
            .into_iter()
            .zip(wrong.iter().cycle())
            .map(|(claim, wrong)| {
                let verdict = if *wrong { Verdict::Contradicted } else { Verdict::Supported };
                let truth = wrong.then(|| truth(&claim, "1"));
                (claim, judgement(verdict, truth))
            })
            .collect();
        let correction = corrector().rewrite(&text, &judged, Policy::Keep);
        let said = claims(&correction.text);
        for (claim, judgement) in judged.iter().filter(|_| correction.notes.is_empty()) {
            let elsewhere = judged.iter().any(|(other, judgement)| {
                judgement.verdict != Verdict::Contradicted && says_same(&other.assertion, &claim.assertion)
            });
            let again = said.iter().any(|other| says_same(&other.assertion, &claim.assertion));
            prop_assert!(
                judgement.verdict != Verdict::Contradicted || elsewhere || !again,
                "{text:?} became {:?}, which still says {:?}",
                correction.text,
                claim.surface
            );
        }
    }

    #[test]
    fn edits_are_disjoint_and_make_the_text((text, wrong) in judged_texts()) {
        let judged: Vec<_> = claims(&text)
            .into_iter()
            .zip(wrong.iter().cycle())
            .map(|(claim, wrong)| {
                let verdict = if *wrong { Verdict::Contradicted } else { Verdict::Supported };
                let truth = wrong.then(|| truth(&claim, "1"));
                (claim, judgement(verdict, truth))
            })
            .collect();
        for policy in [Policy::Keep, Policy::Mark, Policy::Drop] {
            let correction = corrector().rewrite(&text, &judged, policy);
            let mut rebuilt = String::new();
            let mut place = 0;
            for edit in &correction.edits {
                prop_assert!(edit.span.start >= place && edit.span.of(&text).is_some());
                rebuilt.push_str(&text[place..edit.span.start]);
                rebuilt.push_str(&edit.replacement);
                place = edit.span.end;
            }
            rebuilt.push_str(&text[place..]);
            prop_assert_eq!(&rebuilt, &correction.text);
        }
    }
}
