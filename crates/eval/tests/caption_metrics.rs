//! CHAIR and the metrics of captions against what their reference scripts give.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, path::Path};

use lavr_eval::metrics::{
    captions::{BleuCounts, Captioned, Meteor, MeteorCounts, cider, rouge_l, words},
    chair::{Counts, Extraction, GroundTruth, Lexicon, Mentions, singular},
};
use serde_json::{Value, json};

fn rows<'v>(golden: &'v Value, name: &str) -> &'v [Value] {
    golden[name].as_array().unwrap()
}

fn near(value: Option<f64>, expected: &Value, what: &str) {
    let (value, expected) = (value.unwrap(), expected.as_f64().unwrap());
    assert!((value - expected).abs() < 1e-12, "{what}: {value} instead of {expected}");
}

#[test]
fn singulars_right_and_wrong() {
    let golden: Value = serde_json::from_str(include_str!("golden/singularize.json")).unwrap();
    for (word, expected) in golden["rows"].as_object().unwrap() {
        assert_eq!(singular(word), expected.as_str().unwrap(), "{word}");
    }
}

fn check(found: &Mentions, row: &Value) {
    let column = |of: fn(&lavr_eval::metrics::chair::Mention) -> Value| -> Vec<Value> {
        found.objects.iter().map(of).collect()
    };
    let caption = &row["caption"];
    assert_eq!(json!(column(|mention| json!(mention.word))), row["words"], "{caption}");
    assert_eq!(json!(column(|mention| json!(mention.class))), row["node_words"], "{caption}");
    assert_eq!(json!(column(|mention| json!(mention.place))), row["idxs"], "{caption}");
}

#[test]
fn the_objects_of_each_caption() {
    let golden: Value = serde_json::from_str(include_str!("golden/chair_extract.json")).unwrap();
    for row in rows(&golden, "rows") {
        let found = Lexicon::coco().mentions(row["caption"].as_str().unwrap(), Extraction::Reference);
        assert_eq!(json!(found.tokens), row["tokens"]);
        check(&found, row);
    }
}

fn ground_truth(golden: &Value, extraction: Extraction) -> GroundTruth {
    let mut truth = GroundTruth::default();
    let lexicon = Lexicon::coco();
    for (picture, objects) in golden["instances"].as_object().unwrap() {
        let picture = picture.parse().unwrap();
        for object in objects.as_array().unwrap() {
            truth.add_object(picture, object.as_str().unwrap(), lexicon).unwrap();
        }
    }
    for (picture, captions) in golden["reference_captions"].as_object().unwrap() {
        for caption in captions.as_array().unwrap() {
            truth.add_caption(picture.parse().unwrap(), caption.as_str().unwrap(), lexicon, extraction);
        }
    }
    truth
}

#[test]
fn chair_of_each_caption_and_of_all() {
    let golden: Value = serde_json::from_str(include_str!("golden/chair.json")).unwrap();
    let truth = ground_truth(&golden, Extraction::Reference);
    let mut all = Vec::new();
    for row in rows(&golden, "sentences") {
        let caption = row["caption"].as_str().unwrap();
        let objects = truth.of(row["image_id"].as_u64().unwrap()).unwrap();
        assert_eq!(json!(objects), row["mscoco_gt_words"]);
        let found = Lexicon::coco().mentions(caption, Extraction::Reference);
        assert_eq!(json!(found.tokens), row["words"]);
        let wrong = || found.objects.iter().filter(|mention| !objects.contains(&mention.class));
        let words: Vec<_> = wrong().map(|mention| json!([mention.word, mention.class])).collect();
        let places: Vec<_> = wrong().map(|mention| mention.place).collect();
        assert_eq!(json!(words), row["mscoco_hallucinated_words"], "{caption}");
        assert_eq!(json!(places), row["hallucination_idxs"], "{caption}");
        let counts = Counts::of(&found, objects);
        let expected = &row["metrics"];
        near(counts.chair_s(), &expected["CHAIRs"], caption);
        // The reference gives 0 for a caption that names nothing; there is no share of nothing.
        near(Some(counts.chair_i().unwrap_or_default()), &expected["CHAIRi"], caption);
        near(counts.recall(), &expected["Recall"], caption);
        all.push(counts);
    }
    let all: Counts = all.into_iter().sum();
    near(all.chair_s(), &golden["overall"]["CHAIRs"], "CHAIR-s");
    near(all.chair_i(), &golden["overall"]["CHAIRi"], "CHAIR-i");
    near(all.recall(), &golden["overall"]["Recall"], "recall");
}

#[test]
fn a_fork_of_chair_differs_where_it_is_said_to() {
    let fork: Value = serde_json::from_str(include_str!("golden/chair_mitigv.json")).unwrap();
    let classes = |caption: &str, extraction| -> Value {
        let found = Lexicon::coco().mentions(caption, extraction);
        json!(found.objects.into_iter().map(|mention| mention.class).collect::<Vec<_>>())
    };
    let mut differing = BTreeSet::new();
    for row in rows(&fork, "disagreements") {
        let caption = row["caption"].as_str().unwrap();
        assert_eq!(classes(caption, Extraction::Reference), row["official"], "{caption}");
        assert_eq!(classes(caption, Extraction::Mitigv), row["mitigv"], "{caption}");
        differing.insert(caption);
    }
    let extract: Value = serde_json::from_str(include_str!("golden/chair_extract.json")).unwrap();
    for row in rows(&extract, "rows") {
        let caption = row["caption"].as_str().unwrap();
        let same = classes(caption, Extraction::Reference) == classes(caption, Extraction::Mitigv);
        assert_eq!(same, !differing.contains(caption), "{caption}");
    }
    let golden: Value = serde_json::from_str(include_str!("golden/chair.json")).unwrap();
    // The fork was run on the ground truth of the reference.
    let truth = ground_truth(&golden, Extraction::Reference);
    let mut seen = BTreeSet::new();
    let first =
        rows(&golden, "predictions").iter().filter(|row| seen.insert(row["image_id"].as_u64().unwrap()));
    let counts: Counts = first
        .map(|row| {
            let found = Lexicon::coco().mentions(row["caption"].as_str().unwrap(), Extraction::Mitigv);
            Counts::of(&found, truth.of(row["image_id"].as_u64().unwrap()).unwrap())
        })
        .sum();
    near(counts.chair_s(), &fork["metrics"]["CHAIRs"], "CHAIR-s");
    near(counts.chair_i(), &fork["metrics"]["CHAIRi"], "CHAIR-i");
    near(counts.recall(), &fork["metrics"]["object_recall"], "recall");
    near(counts.f1(), &fork["metrics"]["object_f1"], "F1");
}

#[test]
fn captions_against_captions_that_people_wrote() {
    let golden: Value = serde_json::from_str(include_str!("golden/caption_metrics.json")).unwrap();
    let captions = |key: &str| golden[key].as_object().unwrap().clone();
    for (texts, words_of) in [("references_captions", "tokenised_refs"), ("predictions", "tokenised_preds")] {
        for (picture, texts) in captions(texts) {
            let cut: Vec<String> = texts
                .as_array()
                .unwrap()
                .iter()
                .map(|text| words(text.as_str().unwrap()).join(" "))
                .collect();
            assert_eq!(json!(cut), golden[words_of][&picture]);
        }
    }
    let pictures: Vec<Captioned> = captions("predictions")
        .iter()
        .map(|(picture, caption)| {
            let references: Vec<String> =
                serde_json::from_value(golden["references_captions"][picture].clone()).unwrap();
            Captioned::new(caption[0].as_str().unwrap(), &references)
        })
        .collect();
    let scores = &golden["scores"];
    let ciders = cider(&pictures);
    for (value, expected) in ciders.iter().zip(rows(scores, "cider_per_image")) {
        near(Some(*value), expected, "CIDEr");
    }
    near(Some(ciders.iter().sum::<f64>() / ciders.len() as f64), &scores["cider"], "CIDEr");
    let counts: Vec<BleuCounts> = pictures.iter().map(BleuCounts::of).collect();
    for (length, expected) in rows(scores, "bleu_per_image").iter().enumerate() {
        for (counts, expected) in counts.iter().zip(expected.as_array().unwrap()) {
            near(Some(counts.bleu()[length]), expected, "BLEU");
        }
    }
    let all: BleuCounts = counts.into_iter().sum();
    for (value, expected) in all.bleu().iter().zip(rows(scores, "bleu")) {
        near(Some(*value), expected, "BLEU");
    }
    for (picture, expected) in pictures.iter().zip(rows(scores, "rouge_l_per_image")) {
        near(Some(rouge_l(picture)), expected, "ROUGE-L");
    }
}

/// The captions of `caption_metrics.json` and those of `meteor.json`, as the reference program scores them.
#[tokio::test]
async fn meteor_of_each_caption_and_of_all() {
    let package = lavr_weights::Store::open_default().unwrap().only_file("meteor").await.unwrap();
    let golden: Value = serde_json::from_str(include_str!("golden/caption_metrics.json")).unwrap();
    let small: Vec<(String, Vec<String>)> = golden["predictions"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(picture, caption)| {
            let references = golden["references_captions"][picture].clone();
            (caption[0].as_str().unwrap().to_owned(), serde_json::from_value(references).unwrap())
        })
        .collect();
    meteor_equals(&package, &small, rows(&golden["scores"], "meteor_per_image"), &golden["scores"]["meteor"]);

    let golden: Value = serde_json::from_str(include_str!("golden/meteor.json")).unwrap();
    let own: Vec<(String, Vec<String>)> = rows(&golden, "pictures")
        .iter()
        .map(|row| {
            let references = serde_json::from_value(row["references"].clone()).unwrap();
            (row["caption"].as_str().unwrap().to_owned(), references)
        })
        .collect();
    let scores: Vec<Value> = rows(&golden, "pictures").iter().map(|row| row["score"].clone()).collect();
    meteor_equals(&package, &own, &scores, &golden["all"]);
}

fn meteor_equals(package: &Path, captions: &[(String, Vec<String>)], scores: &[Value], all: &Value) {
    let meteor = Meteor::open(package, captions.iter().flat_map(|(_, references)| references)).unwrap();
    let counts: Vec<MeteorCounts> = captions
        .iter()
        .map(|(caption, references)| meteor.counts(&Captioned::new(caption, references)))
        .collect();
    for ((counts, expected), (caption, _)) in counts.iter().zip(scores).zip(captions) {
        near(Some(counts.score()), expected, caption);
    }
    assert_eq!(counts.len(), scores.len());
    near(Some(counts.into_iter().sum::<MeteorCounts>().score()), all, "METEOR");
}
