use proptest::prelude::*;

use super::*;

fn words() -> &'static Vocabulary {
    Vocabulary::builtin()
}

#[test]
fn the_builtin_vocabulary_is_sound_and_has_the_eighty_labels_in_order() {
    let vocabulary = Vocabulary::parse(include_str!("../../data/vocabulary.toml")).unwrap();
    let labels: Vec<&str> = vocabulary.labels().collect();
    assert_eq!(labels.len(), 80);
    for (place, label) in [(0, "person"), (16, "dog"), (40, "wine glass"), (56, "chair"), (79, "toothbrush")]
    {
        assert_eq!(labels[place], label);
    }
    for label in labels {
        assert_eq!(vocabulary.labels_for(label), [label]);
    }
}

#[test]
fn every_name_is_found_in_its_plural() {
    for (name, term) in &words().terms {
        // "Glasses" are spectacles first.
        if name == "glass" {
            continue;
        }
        let plural = words().plural(name);
        let found = words().longest_match(&[plural.as_str()]).unwrap_or_else(|| panic!("{name} -> {plural}"));
        let labels: Vec<&str> = term.labels.iter().map(|&place| words().labels[place].as_str()).collect();
        assert_eq!(found.labels, labels, "{plural}");
    }
}

#[test]
fn a_phrase_gives_its_labels() {
    let cases: &[(&str, &[&str])] = &[
        ("dog", &["dog"]),
        ("Puppies", &["dog"]),
        ("MEN", &["person"]),
        ("people", &["person"]),
        ("children", &["person"]),
        ("mice", &["mouse"]),
        ("knives", &["knife"]),
        ("buses", &["bus"]),
        ("sofa", &["couch"]),
        ("wine glasses", &["wine glass"]),
        ("double-decker buses", &["bus"]),
        ("a small brown dog", &["dog"]),
        ("the hot dogs", &["hot dog"]),
        ("teddy bears", &["teddy bear"]),
        ("bikes", &["bicycle", "motorcycle"]),
        ("cutlery", &["fork", "knife", "spoon"]),
        ("crowd", &["person"]),
        ("skis", &["skis"]),
        ("scissors", &["scissors"]),
        ("glasses", &[]),
        ("postmen", &["person"]),
        ("French bulldogs", &["dog"]),
        ("a pair of wine glasses", &["wine glass"]),
        ("pick-up trucks", &["truck"]),
        ("train cars", &[]),
        ("a cat bed", &[]),
        ("koala bear", &[]),
        ("train station", &[]),
        ("hot dog stand", &[]),
        ("tree", &[]),
        ("happiness", &[]),
        ("", &[]),
        ("der Hund", &[]),
        ("狗", &[]),
    ];
    for (phrase, labels) in cases {
        assert_eq!(words().labels_for(phrase), *labels, "{phrase}");
    }
}

#[test]
fn the_longest_name_wins_and_says_how_it_matched() {
    let found = words().longest_match(&["Hot", "dogs", "and", "buns"]).unwrap();
    assert_eq!((found.term, found.words, found.kind), ("hot dog", 2, MatchKind::Exact));
    assert_eq!(found.number, GrammaticalNumber::Plural);
    for (word, kind, number) in [
        ("couch", MatchKind::Exact, GrammaticalNumber::Singular),
        ("sofas", MatchKind::Synonym, GrammaticalNumber::Plural),
        ("kittens", MatchKind::Narrower, GrammaticalNumber::Plural),
        ("animals", MatchKind::Broader, GrammaticalNumber::Plural),
        ("crowd", MatchKind::Collective, GrammaticalNumber::Either),
        ("tree", MatchKind::Thing, GrammaticalNumber::Singular),
        ("sheep", MatchKind::Exact, GrammaticalNumber::Either),
    ] {
        let found = words().longest_match(&[word]).unwrap();
        assert_eq!((found.kind, found.number), (kind, number), "{word}");
    }
    assert_eq!(words().longest_match(&["a", "dog"]), None);
    assert_eq!(words().longest_match(&[]), None);
}

#[test]
fn words_that_name_a_label_only_sometimes_say_so() {
    let sometimes =
        |word: &str| words().longest_match(&word.split(' ').collect::<Vec<_>>()).unwrap().sometimes;
    for word in ["mouse", "mice", "orange", "tie", "bat", "ball", "boxer"] {
        assert!(sometimes(word), "{word}");
    }
    for word in ["computer mouse", "dog", "necktie", "baseball bat", "tennis ball", "remote", "bus driver"] {
        assert!(!sometimes(word), "{word}");
    }
    assert_eq!(words().longest_match(&["kites"]).unwrap().senses, ["bird"]);
    assert!(words().longest_match(&["mouse"]).unwrap().senses.is_empty());
}

#[test]
fn nouns_are_inflected() {
    for (singular, plural) in [
        ("dog", "dogs"),
        ("bus", "buses"),
        ("man", "men"),
        ("person", "people"),
        ("knife", "knives"),
        ("puppy", "puppies"),
        ("boy", "boys"),
        ("bench", "benches"),
        ("wine glass", "wine glasses"),
        ("sheep", "sheep"),
        ("tennis player", "tennis players"),
        ("couch", "couches"),
        ("cookie", "cookies"),
        ("toothbrush", "toothbrushes"),
        ("potato", "potatoes"),
        ("box", "boxes"),
        ("horse", "horses"),
        ("mailman", "mailmen"),
        ("calf", "calves"),
        ("goldfish", "goldfish"),
        ("shelf", "shelves"),
        ("bookshelf", "bookshelves"),
        ("loaf", "loaves"),
        ("police officer", "police officers"),
        ("grandchild", "grandchildren"),
    ] {
        assert_eq!(words().plural(singular), plural);
        assert_eq!(words().singular(plural), singular);
        assert_eq!(words().singular(singular), singular);
    }
}

#[test]
fn colors_and_numbers_are_read() {
    for (word, color) in
        [("Crimson", "red"), ("navy", "blue"), ("grey", "gray"), ("light", ""), ("golden", "yellow")]
    {
        assert_eq!(words().color(word).unwrap_or_default(), color);
    }
    for (word, color) in [
        ("dark-green", Some("green")),
        ("Light-Blue", Some("blue")),
        ("reddish-brown", Some("brown")),
        ("navy-blue", Some("blue")),
        ("rose-gold", Some("pink")),
        ("door-green", None),
        ("green-door", None),
    ] {
        assert_eq!(words().color(word), color, "{word}");
    }
    assert!(words().is_shading("Pale") && words().is_shading("reddish") && !words().is_shading("red"));
    assert_eq!(words().colors_for("golden"), ["yellow", "brown", "orange"]);
    for (word, number) in [
        ("two", Some(2)),
        ("Twelve", Some(12)),
        ("dozen", Some(12)),
        ("17", Some(17)),
        ("twenty-one", Some(21)),
        ("99999999999", None),
        ("two-tone", None),
        ("", None),
        ("many", None),
    ] {
        assert_eq!(words().number(word), number, "{word}");
    }
    assert_eq!(words().number_word(12), Some("twelve"));
    assert_eq!(words().number_word(21), None);
}

#[test]
fn a_color_may_be_part_of_the_name_of_a_kind() {
    for (color, noun) in [
        ("black", "bear"),
        ("Red", "foxes"),
        ("white", "wine"),
        ("golden", "eagle"),
        ("grey", "wolves"),
        ("red", "wine glasses"),
    ] {
        assert!(words().names_a_kind(color, noun), "{color} {noun}");
    }
    for (color, noun) in [
        ("red", "apple"),
        ("black", "dog"),
        ("white", "bears"),
        ("blue", "wine"),
        ("big", "bear"),
        ("white", "coffee mug"),
        ("red", "kite"),
    ] {
        assert!(!words().names_a_kind(color, noun), "{color} {noun}");
    }
}

#[test]
fn an_unsound_file_is_refused_by_name() {
    let twice = "label = [{ name = \"dog\" }, { name = \"cat\", synonyms = [\"dog\"] }]";
    assert!(
        matches!(Vocabulary::parse(twice), Err(VocabularyError::Ambiguous { word, .. }) if word == "dog")
    );
    let unknown = "label = [{ name = \"dog\" }]\n[[hypernym]]\nname = \"animal\"\nlabels = [\"cat\"]";
    assert!(
        matches!(Vocabulary::parse(unknown), Err(VocabularyError::UnknownLabel { label, .. }) if label == "cat")
    );
    let unplaced = "label = [{ name = \"dog\" }]\n[sometimes]\nwords = [\"bat\"]";
    assert!(matches!(Vocabulary::parse(unplaced), Err(VocabularyError::Unplaced(word)) if word == "bat"));
    assert!(matches!(Vocabulary::parse("label = [{ name = \"Dog\" }]"), Err(VocabularyError::BadWord(_))));
    let no_color = "label = [{ name = \"dog\" }]\n[colors]\nred = []\n[color_kinds]\nfox = [\"swift\"]";
    assert!(
        matches!(Vocabulary::parse(no_color), Err(VocabularyError::NoColor { noun, word }) if noun == "fox" && word == "swift")
    );
    assert!(matches!(Vocabulary::parse("nonsense"), Err(VocabularyError::Syntax(_))));
}

proptest! {
    #[test]
    fn any_text_can_be_looked_up(phrase in "\\PC{0,40}") {
        let _ = words().labels_for(&phrase);
        let _ = (words().singular(&phrase), words().plural(&phrase), words().color(&phrase), words().number(&phrase));
    }
}
