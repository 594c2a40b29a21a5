//! What the data files make readable.

use lavr_types::{Assertion, CountBound, Vocabulary};

use super::*;
use crate::text::tokenize;

/// The claims of a text in short: what they say, and the words that say it.
fn read(text: &str) -> Vec<String> {
    let tokens = tokenize(text);
    let (language, _) = of(text, &tokens).unwrap_or_else(|| panic!("no language is told for {text}"));
    claims(&Scan::new(text, language, &tokens))
        .into_iter()
        .map(|claim| {
            let name = |entity: &lavr_types::Entity| entity.label.clone().unwrap();
            let says = match &claim.assertion {
                Assertion::Existence { entity, present: true } => name(entity),
                Assertion::Existence { entity, present: false } => format!("no {}", name(entity)),
                Assertion::Count { entity, count } => match count {
                    CountBound::Exactly(number) => format!("{number} {}", name(entity)),
                    other => format!("{other:?} {}", name(entity)),
                },
                Assertion::Color { entity, color } => format!("{color} {}", name(entity)),
                other => format!("{other:?}"),
            };
            let hedge = if claim.hedged { "?" } else { "" };
            format!("{says}{hedge} <{}>", claim.surface)
        })
        .collect()
}

#[test]
fn every_file_is_sound() {
    for file in [
        include_str!("../../data/languages/german.toml"),
        include_str!("../../data/languages/spanish.toml"),
        include_str!("../../data/languages/chinese.toml"),
    ] {
        let language = Language::parse(file, Vocabulary::builtin()).unwrap();
        for number in 0..=12 {
            let word = language.number_word(number).unwrap();
            assert_eq!(language.number(word), Some(number), "{}: {word}", language.name);
        }
        for label in Vocabulary::builtin().labels() {
            let noun = language.noun_for(label).unwrap();
            for form in [&noun.singular, &noun.plural] {
                let read = language.noun(&form.to_lowercase()).unwrap();
                assert_eq!(read.label, label, "{}: {form}", language.name);
            }
            if language.script == Script::Han {
                assert!(!noun.classifiers.is_empty(), "{label}");
            }
        }
        for basic in
            ["black", "white", "gray", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown"]
        {
            for form in language.color_forms(basic).unwrap() {
                assert_eq!(language.color(form).unwrap().basic, basic, "{}: {form}", language.name);
            }
        }
    }
    assert_eq!(languages().len(), 3);
}

#[test]
fn a_file_with_a_label_of_its_own_is_refused_by_name() {
    let file = include_str!("../../data/languages/german.toml").replace("\ndog = {", "\nwolf = {");
    let error = Language::parse(&file, Vocabulary::builtin()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "German: `wolf` must be a label of the vocabulary, and every label must have a noun"
    );
}

#[test]
fn sentences_are_told_apart_by_language() {
    for (text, code) in [
        ("Zwei Hunde sitzen auf dem Sofa.", Some("de")),
        ("Auf dem Bild ist kein Hund.", Some("de")),
        ("Dos perros miran por la ventana.", Some("es")),
        ("No hay ningún perro en la imagen.", Some("es")),
        ("\u{4e24}\u{53ea}\u{72d7}\u{5728}\u{6c99}\u{53d1}\u{4e0a}\u{3002}", Some("zh")),
        ("\u{72ac}\u{304c}\u{4e8c}\u{5339}\u{3044}\u{307e}\u{3059}\u{3002}", None),
        ("Il y a un chien dans la rue.", None),
        ("Um cachorro e um gato na rua.", None),
        ("Een hond zit op de bank.", None),
        ("Lorem ipsum dolor sit amet.", None),
    ] {
        let found = of(text, &tokenize(text)).map(|(language, _)| language.code.as_str());
        assert_eq!(found, code, "{text}");
    }
}

#[test]
fn german_is_read() {
    assert_eq!(
        read("Drei braune Hunde schauen aus einem weißen Auto."),
        ["3 dog <Drei>", "brown dog <braune>", "dog <Hunde>", "white car <weißen>", "car <Auto>"]
    );
    assert_eq!(read("Auf dem Tisch steht keine Tasse."), ["no cup <keine Tasse>"]);
    assert_eq!(read("Die Tasse ist dunkelrot."), ["cup <Tasse>", "red cup <dunkelrot>"]);
    assert_eq!(read("Vielleicht liegt eine Katze auf dem Bett."), ["cat? <Katze>", "bed? <Bett>"]);
    assert_eq!(read("Es gibt mindestens 2 Hunde."), ["AtLeast(2) dog <mindestens 2>", "dog <Hunde>"]);
    assert!(read("Die Tasse ist nicht rot.").is_empty());
    // Denied together: the first for certain, the others claim nothing.
    assert_eq!(read("Es gibt keine Autos, Busse oder Fahrräder."), ["no car <keine Autos>"]);
    assert_eq!(
        read("Auf dem Sofa liegt keine Katze, Hunde spielen im Garten."),
        ["couch <Sofa>", "no cat <keine Katze>", "dog <Hunde>"]
    );
    assert_eq!(read("Kein Hund und eine Katze sind im Haus."), ["no dog <Kein Hund>", "cat <Katze>"]);
    assert_eq!(read("Die Uhr zeigt zehn Uhr."), ["clock <Uhr>"]);
    // On the left there are as many at least; who looks to the left is counted all the same.
    assert_eq!(read("Links sitzen drei Hunde."), ["AtLeast(3) dog <drei>", "dog <Hunde>"]);
    assert_eq!(read("Drei Hunde blicken nach links."), ["3 dog <Drei>", "dog <Hunde>"]);
    assert_eq!(
        read("Orange Autos und eine Orange sind zu sehen."),
        ["orange car <Orange>", "car <Autos>", "orange <Orange>"]
    );
}

#[test]
fn spanish_is_read() {
    assert_eq!(
        read("Hay tres perros marrones y un coche azul oscuro."),
        ["3 dog <tres>", "dog <perros>", "brown dog <marrones>", "car <coche>", "blue car <azul oscuro>"]
    );
    assert_eq!(read("No hay ningún gato."), ["no cat <ningún gato>"]);
    assert_eq!(read("Tres perros miran hacia la izquierda."), ["3 dog <Tres>", "dog <perros>"]);
    assert_eq!(read("No hay perros en la calle."), ["no dog <No hay perros>"]);
    assert_eq!(read("No se ve ningún coche o autobús."), ["no car <ningún coche>"]);
    assert_eq!(
        read("Hay un oso negro y una copa de vino blanco."),
        ["bear <oso negro>", "wine glass <copa de vino blanco>"]
    );
    assert_eq!(read("La taza es roja."), ["cup <taza>", "red cup <roja>"]);
    assert_eq!(read("Una mujer lleva un traje naranja."), ["person <mujer>"]);
    assert_eq!(read("Quizás hay un oso de peluche."), ["teddy bear? <oso de peluche>"]);
}

#[test]
fn chinese_is_read() {
    assert_eq!(read("三只棕色的狗从房子里往外看。"), ["3 dog <三>", "brown dog <棕色>", "dog <狗>"]);
    assert_eq!(read("一只猫趴在红色的杯子后面。"), ["cat <猫>", "red cup <红色>", "cup <杯子>"]);
    assert_eq!(read("图中没有狗。"), ["no dog <没有狗>"]);
    assert_eq!(read("图中没有狗或猫。"), ["no dog <没有狗>"]);
    assert_eq!(read("没有狗，猫也在睡觉。"), ["no dog <没有狗>", "cat <猫>"]);
    assert_eq!(read("一只黑熊站在那里。"), ["bear <黑熊>"]);
    assert_eq!(read("三只狗向左边看。"), ["3 dog <三>", "dog <狗>"]);
    assert_eq!(read("马路上可能有两辆汽车。"), ["2 car? <两>", "car? <汽车>"]);
    assert_eq!(read("杯子是白色的。"), ["cup <杯子>", "white cup <白色>"]);
    assert!(read("杯子不是白色的。").is_empty());
}

#[test]
fn words_that_say_more_than_the_label_bound_the_number_from_below_only() {
    assert_eq!(read("Zwei Frauen stehen auf der Straße."), ["AtLeast(2) person <Zwei>", "person <Frauen>"]);
    assert!(read("Es gibt keine Welpen.").is_empty());
}
