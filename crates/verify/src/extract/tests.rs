use std::fmt::Write;

use lavr_types::{Assertion, CountBound, Entity, Vocabulary};
use proptest::prelude::*;

use super::*;

fn thing(entity: &Entity) -> String {
    match &entity.label {
        Some(label) => format!("{}={label}", entity.surface),
        None => entity.surface.clone(),
    }
}

fn in_words(assertion: &Assertion) -> String {
    match assertion {
        Assertion::Existence { entity, present: true } => format!("there is {}", thing(entity)),
        Assertion::Existence { entity, present: false } => format!("there is no {}", thing(entity)),
        Assertion::Count { entity, count } => {
            let bound = match count {
                CountBound::Exactly(number) => format!("{number}"),
                CountBound::AtLeast(number) => format!(">={number}"),
                CountBound::AtMost(number) => format!("<={number}"),
                CountBound::Several => "several".to_owned(),
            };
            format!("{bound} x {}", thing(entity))
        }
        Assertion::Color { entity, color } => format!("{} is {color}", thing(entity)),
        Assertion::Relation { subject, relation, object, second } => {
            let object = object.as_ref().map_or("the picture".to_owned(), thing);
            let second =
                second.as_deref().map(|second| format!(" and {}", thing(second))).unwrap_or_default();
            format!("{} {relation:?} {object}{second}", thing(subject))
        }
        Assertion::Text { text, carrier } => {
            format!("text \"{text}\" on {}", carrier.as_ref().map_or("the picture".to_owned(), thing))
        }
        Assertion::Attribute { entity, attribute } => format!("{} is {attribute}", thing(entity)),
        Assertion::Other => "other".to_owned(),
    }
}

/// Each text of a file with its claims.
fn read_out(texts: &str) -> String {
    let mut shown = String::new();
    for text in texts.lines().filter(|line| !line.starts_with('#')) {
        let extraction = LexicalExtractor::new(Vocabulary::builtin()).read(text);
        writeln!(shown, "{text}").unwrap();
        for claim in &extraction.claims {
            let hedge = if claim.hedged { "  (hedged)" } else { "" };
            write!(shown, "    [{}] {}{hedge}", claim.surface, in_words(&claim.assertion)).unwrap();
            for reading in &claim.readings {
                write!(shown, "  or {}", in_words(reading)).unwrap();
            }
            shown.push('\n');
        }
        for note in &extraction.notes {
            writeln!(shown, "    note: {note}").unwrap();
        }
    }
    shown
}

#[test]
fn texts_give_their_claims() {
    insta::assert_snapshot!(read_out(include_str!("../../tests/data/extraction.txt")));
}

#[test]
fn captions_give_their_claims() {
    insta::assert_snapshot!(read_out(include_str!("../../tests/data/extraction_captions.txt")));
}

#[test]
fn captions_of_many_styles_give_their_claims() {
    insta::assert_snapshot!(read_out(include_str!("../../tests/data/extraction_styles.txt")));
}

#[test]
fn each_thing_denied_is_absent_on_its_own() {
    let denied = |text: &str| -> Vec<String> {
        let read = LexicalExtractor::new(Vocabulary::builtin()).read(text).claims;
        read.iter()
            .filter_map(|claim| match &claim.assertion {
                Assertion::Existence { entity, present: false } => {
                    let part = if claim.readings.is_empty() { "" } else { "?" };
                    Some(format!("{}{part}", thing(entity)))
                }
                _ => None,
            })
            .collect()
    };
    for (text, things) in [
        ("There is no dog or cat.", &["dog=dog", "cat=cat"][..]),
        ("There are no dogs, cats, or birds in the park.", &["dogs=dog?", "cats=cat?", "birds=bird?"]),
        ("Neither a dog nor a cat is in the picture.", &["dog=dog", "cat=cat"]),
        ("There are neither cars nor buses.", &["cars=car", "buses=bus"]),
        ("The image does not show any cars or people.", &["cars=car", "people=person"]),
        ("There doesn't appear to be a bus.", &["bus=bus"]),
        ("You can't see any dogs in this photo.", &["dogs=dog"]),
        ("A street without any cars or pedestrians.", &["cars=car", "pedestrians=person"]),
        ("There is nobody in the street.", &["nobody=person?"]),
        ("A photo of a busy street. There is nobody in the street.", &["nobody=person"]),
        ("This is a small kitchen with a stove. No cup is in the kitchen.", &["cup=cup"]),
        ("No one is visible.", &["No one=person"]),
        ("There is no sign of a dog.", &["dog=dog"]),
        ("The image contains no visible text or logos.", &["text", "logos"]),
        ("There isn't a single bird.", &["bird=bird"]),
        // One elsewhere is no disproof.
        ("There is no cup on the table.", &["cup=cup?"]),
        ("A man without an umbrella waits.", &["umbrella=umbrella?"]),
        ("There are no large dogs.", &["dogs=dog?"]),
        ("No cars are parked here.", &["cars=car?"]),
        ("On the table there is no cup.", &["cup=cup?"]),
        ("On the table, there is a plate but no cup.", &["cup=cup?"]),
        ("In the background there are no cars.", &["cars=car?"]),
        ("In the picture there are no cars.", &["cars=car"]),
        ("The man wears a jacket but no tie.", &["tie=tie?"]),
        ("The picture shows a dog but no cat.", &["cat=cat"]),
        ("There is a dog, but no cat.", &["cat=cat"]),
        ("A man sits on a bench and there are no dogs.", &["dogs=dog"]),
        ("There are two women. One has no umbrella.", &["umbrella=umbrella?"]),
        ("There is a table. It has no cups.", &["cups=cup?"]),
        ("The image shows a table. It has no cups.", &["cups=cup"]),
        ("There are no cars on the road.", &["cars=car?"]),
        // The subject of the clause is not listed with what is denied.
        ("In a room with no people, chairs and tables are visible.", &["people=person?"]),
        ("With no cars or buses, dogs and cats are on the road.", &["cars=car", "buses=bus"]),
        // Nothing is said of presence.
        ("Nobody is riding the elephant.", &[]),
        ("The animal is not a dog.", &[]),
        ("The animal is neither a dog nor a cat.", &[]),
        ("The man is not wearing a tie.", &[]),
        ("There are no other dogs.", &[]),
        ("Neither person is wearing a hat.", &[]),
        ("She looks at neither the camera nor the dog.", &[]),
        ("None of the dogs is asleep.", &[]),
    ] {
        assert_eq!(denied(text), things, "{text}");
    }
}

#[test]
fn a_color_in_the_name_of_a_kind_is_not_claimed() {
    let colors = |text: &str| -> Vec<String> {
        let read = LexicalExtractor::new(Vocabulary::builtin()).read(text).claims;
        let colors = read.into_iter().filter(|claim| claim.kind() == lavr_types::ClaimKind::Color);
        colors.map(|claim| claim.surface).collect()
    };
    for text in [
        "A black bear and a brown pelican.",
        "A red wine glass stands on a table.",
        "A red panda and a gray wolf.",
        "A green pepper pizza and a red velvet cake.",
        "Two golden eagles and a red fox.",
    ] {
        assert!(colors(text).is_empty(), "{text}: {:?}", colors(text));
    }
    assert_eq!(colors("A red apple, a white wine bottle, a black dog."), ["red", "black"]);
    // What the colour stands before is not what it describes, only the last word is.
    for (text, color) in [
        ("A black coffee table stands in the room.", "black"),
        ("A white coffee mug and a spoon.", "white"),
        ("There is a red velvet couch.", "red"),
        ("She holds a white sugar bowl.", "white"),
        ("A red kite flies over the beach.", "red"),
    ] {
        assert_eq!(colors(text), [color], "{text}");
    }
}

#[test]
fn a_color_is_said_of_the_picture_only_where_that_is_the_subject() {
    let of = |text: &str| -> Vec<String> {
        let read = LexicalExtractor::new(Vocabulary::builtin()).read(text).claims;
        let kinds = [lavr_types::ClaimKind::Color, lavr_types::ClaimKind::Attribute];
        let said = read.iter().filter(|claim| kinds.contains(&claim.kind()));
        said.map(|claim| in_words(&claim.assertion)).collect()
    };
    for (text, claims) in [
        ("The dog in the photo is white.", &["dog=dog is white"][..]),
        ("The background of the image is blue.", &[]),
        ("The room in the picture is dark.", &[]),
        ("The frame is red.", &[]),
        ("The picture is dark.", &["picture is dark"]),
        ("The picture is mostly red.", &["picture is red"]),
        ("Overall, the image is green.", &["image is green"]),
        (
            "The main colors of the picture are blue and gray.",
            &["main colors of the picture is blue", "main colors of the picture is gray"],
        ),
    ] {
        assert_eq!(of(text), claims, "{text}");
    }
}

#[test]
fn a_place_is_that_of_what_the_sentence_is_about() {
    let relations = |text: &str| -> Vec<String> {
        let read = LexicalExtractor::new(Vocabulary::builtin()).read(text).claims;
        let said = read.iter().filter(|claim| claim.kind() == lavr_types::ClaimKind::Relation);
        said.map(|claim| in_words(&claim.assertion)).collect()
    };
    for (text, claim) in [
        ("Next to the bed is a chair, with a cat on it.", "cat=cat On chair=chair"),
        ("A lamp stands between two chairs and a cat sleeps on the rug.", "lamp Between chairs=chair"),
        ("A dog sits between the car and the bus.", "dog=dog Between car=car and bus=bus"),
        ("The dog between the car and the bus is black.", "dog=dog Between car=car and bus=bus"),
    ] {
        let relations = relations(text);
        assert_eq!(relations.last().map(String::as_str), Some(claim), "{text}: {relations:?}");
    }
}

#[test]
fn words_that_may_be_verbs_are_told_by_where_they_stand() {
    let said = |text: &str| -> Vec<String> {
        let read = LexicalExtractor::new(Vocabulary::builtin()).read(text).claims;
        read.iter().map(|claim| in_words(&claim.assertion)).collect()
    };
    let ties = said("The other ties on the rack are red.");
    assert!(ties.contains(&"there is ties=tie".to_owned()), "{ties:?}");
    let center = said("At the center stands a horse.");
    assert!(!center.iter().any(|claim| claim.contains("stands=")), "{center:?}");
    assert!(!said("Everybody loves cake.").iter().any(|claim| claim.contains("cake")));
    let look = said("The man does not look tired.");
    assert!(look.iter().any(|claim| claim.contains("man=person")), "{look:?}");
    // Said of the looking, and so no claim; what is said of a thing is one.
    assert!(said("Nobody was recognized.").is_empty());
    assert_eq!(said("It does not look good."), ["other"]);
}

/// Words that make trouble, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "an",
        "the",
        "no",
        "two",
        "dog",
        "dogs",
        "sofa",
        "red",
        "and",
        ",",
        ".",
        "?",
        "is",
        "are",
        "there",
        "it",
        "\"",
        "'",
        "on",
        "the left",
        "of",
        "next to",
        "reads",
        "STOP",
        "\n",
        "at least",
        "without",
        "orange",
        "with",
        "holding",
        "both",
        "a pair of",
        "1,000",
        "caf\u{e9}",
        "large",
        "tiny",
        "the dog's",
        "its",
        "to its left",
        "in the top left corner",
        "half a dozen",
        "not a single",
        "neither",
        "nor",
        "or",
        "nobody",
        "does not show any",
        "behind",
        "between",
        "black bear",
        "dark",
        "reddish",
        "riding",
        "sits",
        "looks happy",
        "bigger than",
        "it is sunny",
        "named Anna",
        "\u{130}",
        "\u{fb01}sh",
        "\u{1f436}",
        "that",
    ]);
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.join(" "))
}

#[test]
fn a_color_that_is_named_as_such_belongs_to_its_thing() {
    for text in [
        "The color of the cup is green.",
        "The cup says 'hi' and the color is green.",
        "The animal is a cat. There is a cup and its colour is green.",
    ] {
        let read = LexicalExtractor::new(Vocabulary::builtin()).read(text).claims;
        let colors: Vec<_> = read
            .iter()
            .filter_map(|claim| match &claim.assertion {
                Assertion::Color { entity, color } => Some((entity.label.as_deref(), color.as_str())),
                _ => None,
            })
            .collect();
        assert_eq!(colors, [(Some("cup"), "green")], "{text}");
        assert!(!read.iter().any(|claim| claim.surface.starts_with("colo")), "{text}");
    }
}

#[test]
fn a_smaller_number_after_the_whole_picks_some_out_and_counts_nothing() {
    let counts = |text| {
        let read = LexicalExtractor::new(Vocabulary::builtin()).read(text).claims;
        let counts = read.into_iter().filter(|claim| claim.kind() == lavr_types::ClaimKind::Count);
        counts.map(|claim| claim.surface).collect::<Vec<_>>()
    };
    assert_eq!(counts("Three dogs look out. One dog is on the left."), ["Three"]);
    assert_eq!(counts("One dog is on the left. There are three dogs and two cats."), ["One", "three", "two"]);
}

proptest! {
    #[test]
    fn any_text_can_be_read_and_every_span_fits(text in prop_oneof!["\\PC{0,120}", pieces()]) {
        let extraction = LexicalExtractor::new(Vocabulary::builtin()).read(&text);
        for claim in &extraction.claims {
            prop_assert_eq!(claim.span.of(&text), Some(claim.surface.as_str()));
            prop_assert!(!claim.surface.is_empty());
            for entity in crate::named::entities(claim) {
                prop_assert_eq!(entity.span.of(&text), Some(entity.surface.as_str()));
            }
        }
    }
}
