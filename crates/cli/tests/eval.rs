//! `lavr eval` as a person runs it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::{
    path::Path,
    process::{Command, Output},
};

use lavr_testkit::{Answer, Loopback, without_setup};
use serde_json::{Value, json};

fn lavr(arguments: &[&str]) -> Command {
    let mut command = without_setup(env!("CARGO_BIN_EXE_lavr"));
    command.arg("eval").args(arguments);
    command
}

fn written(folder: &Path, name: &str, records: &[Value]) -> String {
    let path = folder.join(name);
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    path.to_str().unwrap().to_owned()
}

fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn what_is_asked_is_listed_and_another_program_s_answers_are_scored() {
    let folder = tempfile::tempdir().unwrap();
    let objects = [
        json!({ "image": "1.jpg", "objects": ["dog", "person", "car"] }),
        json!({ "image": "2.jpg", "objects": ["cat", "person", "couch"] }),
    ];
    let data = written(folder.path(), "objects.jsonl", &objects);
    let listed =
        succeeded(&lavr(&["pope", "--data", &data, "--variant", "popular", "--list"]).output().unwrap());
    let asked: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // Of five objects each picture lacks two, so that the third of its present ones has no absent one beside it.
    assert_eq!(asked.len(), 10);
    assert_eq!(asked[0]["text"], "Is there a dog in the image?");

    let answers: Vec<Value> =
        asked.iter().map(|asked| json!({ "id": asked["id"], "text": "Yes, there is." })).collect();
    let answers = written(folder.path(), "answers.jsonl", &answers);
    let out = folder.path().join("out");
    let arguments =
        ["pope", "--data", &data, "--variant", "popular", "--answers", &answers, "--json", "-q", "--out"];
    let output = lavr(&arguments).arg(&out).output().unwrap();
    let document: Value = serde_json::from_str(&succeeded(&output)).unwrap();
    assert_eq!(document["samples"], 10);
    let table = &document["scores"]["tables"][0];
    assert_eq!((&table["title"], &table["columns"][1]), (&json!("POPE"), &json!("accuracy")));
    assert_eq!(table["rows"][0]["cells"][1]["value"], 0.6);
    assert!(
        std::fs::read_to_string(out.join("cases.html")).unwrap().contains("Is there a dog in the image?")
    );
}

#[test]
fn a_judge_that_cannot_be_had_is_told_before_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let records = [json!({ "image": "1.jpg", "reference caption": ["Two dogs."] })];
    let data = written(folder.path(), "captions.jsonl", &records);
    let answers = written(folder.path(), "answers.jsonl", &[json!({ "id": "1.jpg", "text": "Two dogs." })]);
    let output =
        lavr(&["haelm", "--data", &data, "--answers", &answers, "--judge", "none"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("--judge names it"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn descriptions_are_judged_by_the_configured_model() {
    let server = Loopback::start(|request, _| {
        let accurate = !request.json()["messages"].to_string().contains("and a cat");
        let verdict = if accurate { "yes" } else { "no" };
        Answer::events([
            json!({ "choices": [{ "index": 0, "delta": { "content": verdict } }] }).to_string(),
            json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] }).to_string(),
            "[DONE]".to_owned(),
        ])
    })
    .await
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let captions = |image: &str| json!({ "image": image, "reference caption": ["Two dogs.", "Dogs."] });
    let data = written(folder.path(), "captions.jsonl", &["1.jpg", "2.jpg"].map(captions));
    let described = [
        json!({ "id": "1.jpg", "text": "Two dogs." }),
        json!({ "id": "2.jpg", "text": "Two dogs and a cat." }),
    ];
    let answers = written(folder.path(), "answers.jsonl", &described);
    let out = folder.path().join("out");
    let mut command = lavr(&[
        "haelm",
        "--data",
        &data,
        "--answers",
        &answers,
        "--judge",
        "remote",
        "--json",
        "-q",
        "--out",
    ]);
    command.arg(&out).env("LAVR_BASE_URL", format!("{}/v1", server.address)).env("LAVR_MODEL", "judge");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let document: Value = serde_json::from_str(&succeeded(&output)).unwrap();
    let table = &document["scores"]["tables"][0];
    assert_eq!((&table["title"], &table["columns"][1]), (&json!("HaELM"), &json!("accurate")));
    assert_eq!(table["rows"][0]["cells"][1]["value"], 0.5);
    assert_eq!(server.requests().len(), 2);
    assert_eq!(std::fs::read_to_string(out.join("judge.jsonl")).unwrap().lines().count(), 3);
}
