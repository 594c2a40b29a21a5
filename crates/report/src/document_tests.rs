use std::path::PathBuf;

use lavr_types::{Rect, Region, Verdict};
use serde_json::json;

use super::*;
use crate::sample::{Sample, blank_dogs, exists};

/// Set to write the generated files instead of comparing them.
const UPDATE: &str = "LAVR_UPDATE_DOCS";

fn docs(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

fn document() -> Document {
    let sample = blank_dogs();
    Document::new(&sample.answer, &sample.store, &[(sample.root, "dogs.jpg".to_owned())])
}

/// Compares a part of a documentation file with what the code makes, or writes it.
fn check_docs(name: &str, made: &str, find: impl Fn(&str) -> std::ops::Range<usize>) {
    let path = docs(name);
    let text = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    let place = find(&text);
    if std::env::var_os(UPDATE).is_some() {
        let text = format!("{}{made}{}", &text[..place.start], &text[place.end..]);
        std::fs::write(&path, text).unwrap();
    } else {
        assert_eq!(
            &text[place], made,
            "docs/{name} is not what the code makes: run the tests with {UPDATE}=1"
        );
    }
}

/// Writes arrays of numbers and words in one line, for people.
fn short_arrays_in_one_line(json: &str) -> String {
    let mut parts = json.split("[\n");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let inner = part.split_once(']').map_or("", |(inner, _)| inner);
        if inner.contains(['{', '[', ':']) || inner.is_empty() {
            text.extend(["[\n", part]);
        } else {
            let items = inner.split(",\n").map(str::trim).collect::<Vec<_>>().join(", ");
            text.extend(["[", &items, &part[inner.len()..]]);
        }
    }
    text
}

#[test]
fn the_schema_in_the_docs_is_that_of_the_code() {
    let schema = serde_json::to_string_pretty(&Document::json_schema()).unwrap() + "\n";
    check_docs("answer.schema.json", &schema, |text| 0..text.len());
}

#[test]
fn the_example_in_the_docs_is_what_the_code_writes() {
    let json = short_arrays_in_one_line(&serde_json::to_string_pretty(&document()).unwrap()) + "\n";
    assert_eq!(serde_json::from_str::<Document>(&json).unwrap(), document());
    check_docs("json.md", &json, |text| {
        let start = text.find("```json\n").unwrap() + "```json\n".len();
        start..start + text[start..].find("```").unwrap()
    });
}

#[test]
fn a_document_looks_like_this() {
    insta::assert_json_snapshot!(document());
}

#[test]
fn a_document_fits_its_schema_and_reads_back_as_itself() {
    let document = document();
    let json = serde_json::to_value(&document).unwrap();
    let validator = jsonschema::validator_for(&Document::json_schema()).unwrap();
    let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(serde_json::from_value::<Document>(json.clone()).unwrap(), document);

    for (path, wrong) in [("/schema", json!("lavr/answer/2")), ("/claims/0/verdict", json!("maybe"))] {
        let mut json = json.clone();
        *json.pointer_mut(path).unwrap() = wrong;
        assert!(!validator.is_valid(&json), "{path}");
    }
}

#[test]
fn a_region_in_a_crop_is_written_in_pixels_of_the_picture() {
    let mut sample = blank_dogs();
    let crop = sample.store.crop(sample.root, Rect::new(100.0, 50.0, 300.0, 350.0)).unwrap();
    let size = sample.store.size_of(crop).unwrap();
    let evidence = &mut sample.answer.claims[0].judgement.evidence;
    evidence[0].region =
        Region::new(crop, size, lavr_types::Frame::PerMille, Rect::new(0.0, 0.0, 500.0, 500.0));
    evidence[1].region = Region::in_pixels(crop, size, Rect::new(0.0, 0.0, f64::INFINITY, 4.0));
    let document = Document::new(&sample.answer, &sample.store, &[]);
    let [first, second] = &document.claims[0].evidence[..] else { panic!("two pieces of evidence") };
    assert_eq!((first.image, first.region), (sample.root, Rect::new(100.0, 50.0, 200.0, 200.0)));
    assert_eq!(second.region, Rect::new(0.0, 0.0, 640.0, 529.0));
}

#[test]
fn pictures_that_the_run_cut_out_are_listed_with_their_place() {
    let document = document();
    let [given, made] = &document.images[..] else { panic!("one picture and one crop") };
    assert_eq!((given.name.as_deref(), &given.part_of), (Some("dogs.jpg"), &None));
    let region = Rect::new(180.0, 140.0, 460.0, 529.0);
    assert_eq!((made.name.as_deref(), &made.part_of), (None, &Some(PartOf { image: given.id, region })));
}

#[test]
fn encoded_bytes_are_left_out() {
    let mut sample = blank_dogs();
    let base64 = "iVBORw0KGgo".repeat(100);
    let value = json!({ "preview": base64, "short": "iVBORw0KGgo", "list": [format!("data:image/png;base64,{base64}")] });
    let record = &mut sample.answer.steps[0].calls[0];
    record.call.arguments = json!({ "mask": base64 });
    record.outcome = Ok(lavr_types::Observation::new(value));
    let json = serde_json::to_string(&Document::new(&sample.answer, &sample.store, &[])).unwrap();
    assert!(!json.contains(&base64));
    assert!(
        json.contains("1100 bytes of encoded data left out") && json.contains(r#""short":"iVBORw0KGgo""#)
    );
}

#[test]
fn numbers_that_are_not_finite_stay_numbers() {
    let mut sample = Sample::photo("cat.jpg", "A cat.").claim(
        "cat",
        exists("cat", "cat"),
        Verdict::Supported,
        None,
        "",
        &[("cat", f32::NAN, [0.0, 0.0, 4.0, 4.0], "detect")],
    );
    sample.answer.claims[0].judgement.confidence = f32::INFINITY;
    let document = Document::new(&sample.answer, &sample.store, &[]);
    assert_eq!((document.claims[0].confidence, document.claims[0].evidence[0].score), (0.0, 0.0));
}
