//! Captions in German, Spanish and Chinese against scenes whose truth is known: what is wrong is put right in the language
//! of the text, what cannot be put right for certain is told and left, what is true stays byte for byte.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Rates, Truth, World, object};
use lavr_types::Verdict;
use lavr_verify::{Policy, Verification, VerifierOptions};

/// Two brown dogs, a red car; nothing else.
fn yard() -> Truth {
    Truth {
        name: "yard".into(),
        objects: vec![
            object("dog", [5.0, 45.0, 25.0, 62.0], "brown"),
            object("dog", [30.0, 45.0, 46.0, 62.0], "brown"),
            object("car", [55.0, 20.0, 95.0, 62.0], "red"),
        ],
        lines: Vec::new(),
    }
}

async fn verify(text: &str) -> Verification {
    World::new(&yard(), Rates::default()).verify(text).await
}

async fn verify_with(text: &str, policy: Policy) -> Verification {
    let options = VerifierOptions { policy, ..VerifierOptions::default() };
    World::with_options(&yard(), Rates::default(), options, &[]).verify(text).await
}

#[tokio::test]
async fn what_is_true_stays_byte_for_byte() {
    for text in [
        "Zwei braune Hunde sitzen neben einem roten Auto.",
        "Auf dem Bild ist keine Katze.",
        "Dos perros marrones y un coche rojo.",
        "No hay ningún gato.",
        "两只棕色的狗在一辆红色的汽车旁边。",
        "图中没有猫。",
    ] {
        let result = verify(text).await;
        assert_eq!(result.text, text);
        assert!(!result.claims.is_empty(), "{text}");
        let verdicts: Vec<_> = result.claims.iter().map(|claim| claim.judgement.verdict).collect();
        assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Supported), "{text}: {verdicts:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_put_right_in_the_language_of_the_text() {
    for (text, right) in [
        // Numbers of two and more, words and digits.
        ("Drei braune Hunde sitzen im Hof.", "Zwei braune Hunde sitzen im Hof."),
        ("Man sieht vier Hunde mit einem Auto.", "Man sieht zwei Hunde mit einem Auto."),
        ("Es sind 5 Hunde und ein Auto zu sehen.", "Es sind 2 Hunde und ein Auto zu sehen."),
        ("Hay tres perros marrones.", "Hay dos perros marrones."),
        ("三只狗在看着外面。", "两只狗在看着外面。"),
        // One of several: where no verb has to follow.
        ("Es gibt drei Autos.", "Es gibt ein Auto."),
        ("Hay tres coches.", "Hay un coche."),
        ("图中有两辆汽车。", "图中有一辆汽车。"),
        // Colours, with the ending of the old one.
        ("Ein blaues Auto steht im Hof.", "Ein rotes Auto steht im Hof."),
        ("Zwei Hunde sitzen vor dem dunkelblauen Auto.", "Zwei Hunde sitzen vor dem roten Auto."),
        ("Das Auto ist grün.", "Das Auto ist rot."),
        ("Hay un coche azul oscuro.", "Hay un coche rojo."),
        ("Los perros blancos miran.", "Los perros marrones miran."),
        ("一辆蓝色的汽车停在那里。", "一辆红色的汽车停在那里。"),
        // What is absent goes where the sentence can do without it.
        ("Zwei Hunde und eine Katze sitzen im Hof.", "Zwei Hunde sitzen im Hof."),
        ("Hay dos perros y un elefante.", "Hay dos perros."),
        ("两只狗和一只猫在院子里。", "两只狗在院子里。"),
        ("两只狗坐着，旁边有一匹马。", "两只狗坐着。"),
        ("Zwei Hunde sitzen im Hof. Eine Katze schläft.", "Zwei Hunde sitzen im Hof."),
        // Denied though it is there.
        ("Es gibt kein Auto.", "Es gibt ein Auto."),
        ("No hay ningún coche.", "Hay un coche."),
        ("图中没有汽车。", "图中有一辆汽车。"),
    ] {
        let result = verify(text).await;
        assert_eq!(result.text, right, "{text}\n{:?}\n{:?}", result.notes, result.claims);
    }
}

#[tokio::test]
async fn a_text_of_which_nothing_would_be_left_becomes_a_denial() {
    let car = object("car", [55.0, 20.0, 95.0, 62.0], "red");
    let world =
        World::new(&Truth { name: "car".into(), objects: vec![car], lines: vec![] }, Rates::default());
    for (text, right) in [
        ("Eine Katze schläft.", "Auf dem Bild ist keine Katze."),
        ("Auf dem Foto schläft eine Katze.", "Auf dem Bild ist keine Katze."),
        ("Eine Katze blickt zur Seite.", "Auf dem Bild ist keine Katze."),
        ("Zwei Hunde schlafen.", "Auf dem Bild sind keine Hunde."),
        ("Una jirafa duerme.", "No hay ninguna jirafa en la imagen."),
        ("一只猫在睡觉。", "图中没有猫。"),
    ] {
        assert_eq!(world.verify(text).await.text, right, "{text}");
    }
    // What else the sentence names would go with it.
    for text in
        ["Eine Katze liegt auf der Wiese.", "Un gato mira a la cámara.", "一只猫躺在绿色的草地上睡觉。"]
    {
        let result = world.verify(text).await;
        assert_eq!(result.text, text);
        assert!(result.notes.iter().any(|note| note.contains("no edit of it in")), "{:?}", result.notes);
    }
}

#[tokio::test]
async fn another_animal_takes_the_nouns_place_where_nothing_has_to_agree() {
    let one = Truth {
        name: "one".into(),
        objects: vec![object("dog", [5.0, 20.0, 65.0, 70.0], "brown")],
        lines: vec![],
    };
    let world = World::new(&one, Rates::default());
    for (text, right) in [
        ("Hay un gato en la casa.", "Hay un perro en la casa."),
        ("一匹马站在那里。", "一只狗站在那里。"),
        // "Ein Pferd" would have to become "ein Hund" here and "einen Hund" elsewhere: not told for certain.
        ("Ein Pferd steht dort.", "Ein Pferd steht dort."),
        ("Hay una jirafa en la casa.", "Hay una jirafa en la casa."),
    ] {
        let result = world.verify(text).await;
        assert_eq!(result.text, right, "{text}\n{:?}", result.claims);
        assert!(result.claims.iter().any(|claim| claim.judgement.verdict == Verdict::Contradicted), "{text}");
    }
}

#[tokio::test]
async fn what_cannot_be_edited_for_certain_is_told_and_left() {
    for text in [
        "Drei Autos stehen im Hof.",
        "Eine Katze sitzt neben zwei Hunden.",
        "Tres coches están en el patio.",
        "Dos perros están junto a un gato.",
        "Es gibt kein Auto oder Fahrrad.",
        "No se ve ningún coche o autobús.",
    ] {
        let result = verify(text).await;
        assert_eq!(result.text, text);
        let wrong = result.claims.iter().filter(|claim| claim.judgement.verdict == Verdict::Contradicted);
        assert_eq!(wrong.count(), 1, "{text}: {:?}", result.claims);
        assert!(result.notes.iter().any(|note| note.contains("no edit of it in")), "{:?}", result.notes);
    }
}

#[tokio::test]
async fn a_hedge_is_respected() {
    for text in ["Vielleicht schläft dort eine Katze.", "Quizás hay un gato.", "图中可能有一只猫。"]
    {
        let result = verify(text).await;
        assert_eq!(result.text, text);
        assert!(result.claims.iter().all(|claim| claim.judgement.verdict == Verdict::Insufficient), "{text}");
    }
}

#[tokio::test]
async fn each_sentence_is_mended_in_its_own_language() {
    let result = verify("There are three dogs. Das Auto ist blau. Hay un coche azul.").await;
    assert_eq!(result.text, "There are two dogs. Das Auto ist rot. Hay un coche rojo.");
}

#[tokio::test]
async fn the_rules_of_english_leave_other_languages_alone() {
    // "a ocho" is no article before a vowel.
    let result = verify("Un coche frente a ocho perros.").await;
    assert_eq!(result.text, "Un coche frente a dos perros.");
}

#[tokio::test]
async fn policies_hold_in_other_languages() {
    let text = "Ein Toaster liegt neben zwei Hunden.";
    assert_eq!(verify_with(text, Policy::Keep).await.text, text);
    assert_eq!(
        verify_with(text, Policy::Mark).await.text,
        "Ein Toaster [unverified] liegt neben zwei Hunden."
    );
    let dropped = verify_with(text, Policy::Drop).await;
    assert_eq!(dropped.text, text);
    assert!(dropped.notes.iter().any(|note| note.contains("could not be taken out")), "{:?}", dropped.notes);
}
