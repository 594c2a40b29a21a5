//! The photographs of the verifier bench are whole: records, pictures, labels and licenses fit each other.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use lavr_eval::{
    benchmarks::VerifierBench,
    catalogue::{Source, entry},
    metrics::verifier::{GoldEdit, Label, Outcome, outcomes},
};
use lavr_types::Vocabulary;

fn folder(set: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("photos").join(set)
}

fn bench(set: &str) -> VerifierBench {
    VerifierBench::open(&folder(set), None).unwrap()
}

fn pictures_in(set: &str) -> BTreeSet<String> {
    let files = std::fs::read_dir(folder(set)).unwrap().map(|file| file.unwrap().path());
    let pictures = files.filter(|path| path.extension().is_some_and(|extension| extension == "jpg"));
    pictures.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn the_sets_open_as_the_command_opens_them() {
    for (set, least) in [("evaluation", 40), ("fresh", 25), ("blind", 36), ("tuning", 20)] {
        let source = Source { data: Some(folder(set)), ..Source::default() };
        let opened = entry("verifier").unwrap().open(&source).unwrap();
        assert!(
            opened.samples().len() >= 2 * least,
            "{set}: a caption with errors and a true one for each picture"
        );
    }
}

#[test]
fn every_record_has_its_picture_of_the_size_that_it_states() {
    for set in ["evaluation", "fresh", "blind", "tuning"] {
        for record in bench(set).records() {
            let picture = image::open(folder(set).join(&record.file)).unwrap();
            assert_eq!([picture.width(), picture.height()], [record.width, record.height], "{}", record.id);
        }
    }
}

#[test]
fn corrections_make_the_control_caption() {
    for set in ["evaluation", "fresh", "blind", "tuning"] {
        for record in bench(set).records() {
            let caption = &record.caption;
            let mut letters: Vec<char> = caption.text.chars().collect();
            for claim in caption.claims.iter().rev().filter(|claim| claim.label == Label::Hallucinated) {
                let correction = claim.correction.as_deref().unwrap();
                let deleted = claim.edit == Some(GoldEdit::Delete);
                assert_eq!(deleted, correction.is_empty(), "{}: {}", record.id, claim.surface);
                letters.splice(claim.span[0]..claim.span[1], correction.chars());
            }
            let rebuilt: String = letters.into_iter().collect();
            assert_eq!(rebuilt, record.control_caption.text);
            assert_eq!(caption.corrected.as_ref(), Some(&record.control_caption.text));
            // And the measure tells the two texts apart, claim by claim.
            let told = outcomes(caption, &record.control_caption.text);
            for (claim, outcome) in caption.claims.iter().zip(told) {
                let due = match (claim.label, claim.correction.as_deref()) {
                    (Label::True, _) => Outcome::Kept,
                    (Label::Hallucinated, Some("")) => Outcome::Removed,
                    (Label::Hallucinated, _) => Outcome::Fixed,
                };
                assert_eq!(outcome, due, "{}: {}", record.id, claim.surface);
            }
        }
    }
}

#[test]
fn every_picture_has_a_license_and_captions_where_it_is_measured() {
    let licenses = std::fs::read_to_string(folder("LICENSES.md")).unwrap();
    for set in ["evaluation", "fresh", "blind", "calibration", "tuning"] {
        let section = licenses.split("\n## ").find(|section| section.starts_with(set)).unwrap();
        for file in pictures_in(set) {
            assert_eq!(section.matches(&format!("| `{file}` |")).count(), 1, "{set}/{file}");
        }
    }
    for set in ["evaluation", "fresh", "blind", "tuning"] {
        let used: BTreeSet<String> = bench(set).records().iter().map(|record| record.file.clone()).collect();
        assert!(pictures_in(set).is_subset(&used), "{set}: a picture has no captions");
    }
    // What is shown in the examples was looked at during development.
    for set in ["evaluation", "fresh", "blind"] {
        assert!(!bench(set).records().iter().any(|record| record.file.contains('/')));
    }
}

#[test]
fn no_picture_is_in_two_sets() {
    let mut seen: BTreeSet<Vec<u8>> = BTreeSet::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    for set in ["evaluation", "fresh", "blind", "calibration", "tuning"] {
        for file in pictures_in(set) {
            assert!(seen.insert(std::fs::read(folder(set).join(&file)).unwrap()), "{set}/{file}");
            assert!(names.insert(file.clone()), "{set}/{file}");
        }
    }
}

#[test]
fn the_objects_of_the_calibration_set_are_labels_that_exist() {
    let text = std::fs::read_to_string(folder("calibration").join("objects.json")).unwrap();
    // `null` where it is for eyes to argue about.
    let objects: BTreeMap<String, BTreeMap<String, Option<u32>>> = serde_json::from_str(&text).unwrap();
    let labels: Vec<&str> = Vocabulary::builtin().labels().collect();
    for (file, things) in &objects {
        for label in things.keys() {
            assert!(labels.contains(&label.as_str()), "{file}: {label}");
        }
    }
    assert_eq!(objects.into_keys().collect::<BTreeSet<_>>(), pictures_in("calibration"));
}

#[test]
fn the_objects_of_the_tuning_set_are_labels_that_exist() {
    let text = std::fs::read_to_string(folder("tuning").join("objects.json")).unwrap();
    let objects: BTreeMap<String, BTreeMap<String, u32>> = serde_json::from_str(&text).unwrap();
    let labels: Vec<&str> = Vocabulary::builtin().labels().collect();
    for (file, things) in &objects {
        assert!(folder("tuning").join(file).is_file(), "{file}");
        for (label, count) in things {
            assert!(labels.contains(&label.as_str()) && *count > 0, "{file}: {label}");
        }
    }
    let captioned: BTreeSet<String> =
        bench("tuning").records().iter().map(|record| record.file.clone()).collect();
    assert_eq!(objects.into_keys().collect::<BTreeSet<_>>(), captioned);
}
