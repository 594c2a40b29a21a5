//! The metrics of answers, tables and documents against what their reference scripts give.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lavr_eval::metrics::{
    anls::{self, anls},
    edit_distance::{Edits, page_mean},
    ocrbench,
    teds::{Compared, teds, wrapped},
    vqa,
};
use serde_json::Value;

fn rows<'v>(golden: &'v Value, name: &str) -> &'v [Value] {
    golden[name].as_array().unwrap()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

fn near(value: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().unwrap();
    assert!((value - expected).abs() < 1e-12, "{what}: {value} instead of {expected}");
}

#[test]
fn anls_in_every_variant() {
    let golden: Value = serde_json::from_str(include_str!("golden/anls.json")).unwrap();
    let mut sum = 0.0;
    for row in rows(&golden, "rows") {
        let (right, answer) = (texts(&row["answers"]), row["prediction"].as_str().unwrap());
        for (right, expected) in right.iter().zip(rows(row, "nls_distances")) {
            near(anls::distance(right, answer, anls::Variant::Script), expected, answer);
        }
        for (variant, column) in [
            (anls::Variant::Script, "vlmevalkit_docvqa"),
            (anls::Variant::Script, "lmms_eval"),
            (anls::Variant::Paper, "anls_pkg"),
            (anls::Variant::Star, "anls_star"),
        ] {
            near(anls(&right, answer, variant), &row[column], &format!("{column} of `{answer}`"));
        }
        sum += anls(&right, answer, anls::Variant::default());
    }
    near(100.0 * sum / rows(&golden, "rows").len() as f64, &golden["mean_vlmevalkit_x100"], "mean");
}

#[test]
fn ocrbench_in_every_group() {
    let golden: Value = serde_json::from_str(include_str!("golden/ocrbench.json")).unwrap();
    let mut groups = std::collections::BTreeMap::<&str, u64>::new();
    for row in rows(&golden, "rows") {
        let category = row["category"].as_str().unwrap();
        let right =
            ocrbench::is_right(category, &texts(&row["answers"]), row["prediction"].as_str().unwrap());
        *groups.entry(ocrbench::group(category)).or_default() += u64::from(right);
    }
    let expected = golden["scores"].as_object().unwrap();
    for (group, expected) in expected.iter().filter(|(group, _)| !group.starts_with("Final")) {
        assert_eq!(
            groups.get(group.as_str()).copied().unwrap_or_default(),
            expected.as_u64().unwrap(),
            "{group}"
        );
    }
    let all: u64 = groups.values().sum();
    assert_eq!(Some(all), expected["Final Score"].as_u64());
    near(all as f64 / 10.0, &expected["Final Score Norm"], "norm");
}

#[test]
fn teds_with_and_without_text() {
    let golden: Value = serde_json::from_str(include_str!("golden/teds.json")).unwrap();
    for row in rows(&golden, "rows") {
        let (right, read) = (row["true"].as_str().unwrap(), row["pred"].as_str().unwrap());
        let name = row["name"].as_str().unwrap();
        near(teds(right, read, Compared::All), &row["teds"], name);
        near(teds(right, read, Compared::Structure), &row["teds_structure_only"], name);
    }
}

#[test]
fn a_bare_table_scores_once_it_is_wrapped() {
    let bare = "<table><tr><td>a</td></tr></table>";
    assert_eq!(teds(&wrapped(bare), bare, Compared::All), 0.0);
    assert_eq!(teds(&wrapped(bare), &wrapped(bare), Compared::All), 1.0);
    assert_eq!(wrapped(&wrapped(bare)), wrapped(bare));
}

#[test]
fn edit_distance_of_pairs_and_pages() {
    let golden: Value = serde_json::from_str(include_str!("golden/edit_dist.json")).unwrap();
    for pair in rows(&golden, "pairs") {
        let edits = Edits::between(pair["gt"].as_str().unwrap(), pair["pred"].as_str().unwrap());
        assert_eq!(Some(edits.edits as u64), pair["edit"].as_u64());
        near(edits.normalised().unwrap(), &pair["norm"], &pair["pred"].to_string());
    }
    let mut pages = Vec::new();
    for page in rows(&golden, "pages") {
        let samples = rows(page, "samples").iter().map(texts);
        let edits: Edits = samples.map(|pair| Edits::between(pair[0], pair[1])).sum();
        assert_eq!(edits.normalised(), page["page_score"].as_f64(), "{}", page["page"]);
        pages.push(edits);
    }
    // The third page has no text at all.
    near(page_mean(pages).unwrap(), &golden["all_page_avg_p1_p2"], "mean");
}

#[test]
fn vqa_answers_normalised_and_scored() {
    let golden: Value = serde_json::from_str(include_str!("golden/vqa_normalise.json")).unwrap();
    for row in rows(&golden, "rows") {
        let text = row["text"].as_str().unwrap();
        assert_eq!(vqa::without_marks(text), row["process_punctuation"].as_str().unwrap(), "{text}");
        assert_eq!(vqa::normalised(text), row["process_answer"].as_str().unwrap(), "{text}");
    }
    for row in rows(&golden, "relaxed") {
        let (right, answer) = (row["target"].as_str().unwrap(), row["prediction"].as_str().unwrap());
        assert_eq!(Some(vqa::relaxed(right, answer)), row["ok"].as_bool(), "{right} {answer}");
    }
    for row in rows(&golden, "vqa_score") {
        near(vqa::accuracy(&texts(&row["gt"]), row["pred"].as_str().unwrap()), &row["acc"], &row.to_string());
    }
}

#[test]
fn only_so_many_dots_go_and_words_get_their_apostrophes_back() {
    // The script passes a flag, 32, as the number of replacements.
    assert_eq!(vqa::without_marks(&"a.".repeat(40)), format!("{}{}", "a".repeat(32), "a.".repeat(8)));
    for (text, normalised) in [
        ("yalld've", "yalld've"),
        ("couldntve", "couldntve"),
        ("couldnt've", "couldn't've"),
        ("somebody'd", "somebodyd"),
    ] {
        assert_eq!(vqa::normalised(text), normalised);
    }
}
