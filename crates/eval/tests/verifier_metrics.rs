//! The verifier bench's scores against the reference's.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lavr_eval::metrics::verifier::{Counts, Outcome, Record, SystemRecord, outcomes, score};
use lavr_types::ClaimKind;
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/verifier_metrics.json")).unwrap()
}

fn gold(golden: &Value) -> Vec<Record> {
    serde_json::from_value(golden["gold"].clone()).unwrap()
}

fn system(golden: &Value) -> Vec<SystemRecord> {
    serde_json::from_value(golden["system"].clone()).unwrap()
}

#[test]
fn the_outcome_of_every_claim() {
    let golden = golden();
    let gold = gold(&golden);
    let expected: Vec<Vec<Outcome>> = serde_json::from_value(golden["outcomes"].clone()).unwrap();
    for (made, expected) in system(&golden).iter().zip(expected) {
        let record = gold.iter().find(|record| record.id == made.image_id).unwrap();
        assert_eq!(outcomes(record.of(made.caption_kind), &made.output), expected, "{}", made.output);
    }
}

fn check(counts: &Counts, expected: &Value, name: &str) {
    let numbers = serde_json::to_value(counts).unwrap();
    for (field, number) in numbers.as_object().unwrap() {
        assert_eq!(*number, expected[field], "{name}: {field}");
    }
    let rates = [
        ("precision", counts.precision()),
        ("recall", counts.recall()),
        ("false_alarm", counts.false_alarm()),
        ("coverage", counts.coverage()),
        ("correction_success", counts.correction_success()),
        ("over_correction", counts.over_correction()),
        ("f1", counts.f1()),
    ];
    for (field, rate) in rates {
        match (rate, expected[field].as_f64()) {
            (Some(rate), Some(expected)) => assert!((rate - expected).abs() < 1e-12, "{name}: {field}"),
            (rate, expected) => assert_eq!(rate, expected, "{name}: {field}"),
        }
    }
}

#[test]
fn the_scores() {
    let golden = golden();
    let (gold, system) = (gold(&golden), system(&golden));
    let scores = score(&gold, &system);
    let expected = &golden["scores"];
    check(&scores.micro, &expected["micro"], "micro");
    for kind in [
        ClaimKind::Existence,
        ClaimKind::Count,
        ClaimKind::Color,
        ClaimKind::Relation,
        ClaimKind::Text,
        ClaimKind::Attribute,
    ] {
        let name = serde_json::to_value(kind).unwrap();
        let counts = scores.by_kind.get(&kind).copied().unwrap_or_default();
        check(&counts, &expected["by_type"][name.as_str().unwrap()], name.as_str().unwrap());
    }
    assert!((scores.macro_f1().unwrap() - expected["macro_f1"].as_f64().unwrap()).abs() < 1e-12);
    let captions = &expected["captions"];
    assert_eq!(scores.planted.map(Value::from), [captions["planted"].clone(), captions["repaired"].clone()]);
    assert_eq!(
        scores.control.map(Value::from),
        [captions["control"].clone(), captions["control_untouched"].clone()]
    );
}

#[test]
fn a_long_caption_with_many_claims_takes_no_time() {
    let claims: Vec<Value> = (0..150)
        .map(|place| {
            serde_json::json!({ "span": [place * 4, place * 4 + 3], "surface": "two", "type": "count",
                "label": "hallucinated", "correction": "one", "accept": ["a", "1"], "edit": "replace" })
        })
        .collect();
    let caption =
        serde_json::from_value(serde_json::json!({ "text": "two ".repeat(150), "claims": claims })).unwrap();
    let all = outcomes(&caption, &"one ".repeat(150));
    assert!(all.iter().all(|outcome| *outcome == Outcome::Fixed));
}

#[test]
fn a_faulty_record_says_what_is_wrong_with_it() {
    let mut record = gold(&golden()).remove(0);
    assert_eq!(record.check(), Ok(()));
    record.caption.claims[1].surface = "brown".into();
    let error = record.check().unwrap_err();
    assert!(error.contains("record `a`") && error.contains("brown") && error.contains("black"), "{error}");
    record.caption.claims.truncate(1);
    record.caption.claims[0].correction = None;
    assert!(record.check().unwrap_err().contains("no correction"));
}
