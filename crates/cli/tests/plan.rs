//! `lavr run`: the plans of `examples/plans` on real pictures with the real experts, and what a wrong plan is told.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::process::Output;

use lavr_testkit::without_setup;
use serde_json::Value;

fn root(path: &str) -> String {
    format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"))
}

fn lavr(arguments: &[&str]) -> Output {
    let mut command = without_setup(env!("CARGO_BIN_EXE_lavr"));
    command.args(arguments).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn followed(plan: &str, picture: &str, more: &[&str]) -> Value {
    let (plan, picture) =
        (root(&format!("examples/plans/{plan}.toml")), root(&format!("examples/pictures/{picture}")));
    let mut arguments = vec!["run", &plan, &picture, "--json"];
    arguments.extend(more);
    let output = lavr(&arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_sign_is_read_and_its_color_named() {
    let document = followed("sign", "cat-and-cup.jpg", &[]);
    let text = document["text"].as_str().unwrap();
    assert!(text.contains("github") && text.contains("white"), "{text}");
    assert_eq!(document["question"], "What does the cup say, and what color is it?");
    // Reading and measuring wait for the box, then run side by side.
    let tools: Vec<Vec<&str>> = document["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| {
            step["calls"].as_array().unwrap().iter().map(|call| call["tool"].as_str().unwrap()).collect()
        })
        .collect();
    assert_eq!(tools, [vec!["detect"], vec!["ocr", "color"]]);
    assert_eq!(document["usage"]["model_calls"], 0);
}

#[test]
fn things_are_counted_and_their_places_told() {
    let document = followed("count", "dogs.jpg", &[]);
    let text = document["text"].as_str().unwrap();
    assert!(text.starts_with("I count two dogs."), "{text}");
    assert_eq!(text.matches("A dog is at [").count(), 2, "{text}");
    assert!(text.contains("in the middle of the picture"), "{text}");
    let document = followed("count", "cat.jpg", &["--set", "kind=dog"]);
    assert_eq!(document["text"], "I find no dog.");
}

#[test]
fn a_picture_is_described_by_its_parts() {
    let document = followed("parts", "cat-and-cup.jpg", &[]);
    let text = document["text"].as_str().unwrap();
    assert!(text.contains("The cup is white.") && text.contains("on the left of the picture"), "{text}");
    let waves: Vec<usize> = document["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["calls"].as_array().unwrap().len())
        .collect();
    // The whole and the things side by side; then, side by side, color and place of the cup and of the cat.
    assert_eq!(waves, [2, 4]);
}

#[test]
fn a_plan_is_checked_and_explained_without_a_picture() {
    for name in ["sign", "count", "parts"] {
        let output = lavr(&["run", "--check", &root(&format!("examples/plans/{name}.toml"))]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(stdout(&output).contains("all of them fit"));
    }
    let output = lavr(&["run", "--explain", &root("examples/plans/sign.toml")]);
    let lines = stdout(&output);
    assert!(lines.starts_with("wave 1\n  find   detect(image: $image"), "{lines}");
    assert!(lines.contains("wave 2\n  read   ocr("), "{lines}");
}

#[test]
fn a_wrong_plan_is_told_with_file_node_and_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.toml");
    let plan = std::fs::read_to_string(root("examples/plans/sign.toml")).unwrap();
    std::fs::write(&path, plan.replace("objects[0].box", "objects[0].bounds")).unwrap();
    let path = path.to_str().unwrap();
    let output = lavr(&["run", path, &root("examples/pictures/dogs.jpg")]);
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    assert!(told.contains(&format!("{path}: node `read`, args.region: `$find.objects[0].bounds`")), "{told}");
    assert!(told.contains("there are `label`, `box`, `score`"), "{told}");
    let output = lavr(&["run", &root("examples/plans/count.toml"), "x.jpg", "--set", "knd=cat"]);
    assert!(stderr(&output).contains("the plan has no such input; it has: kind"), "{}", stderr(&output));
}

#[test]
fn the_schema_of_plans_is_a_json_schema_that_names_its_parts() {
    let output = lavr(&["run", "--schema"]);
    let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(schema["title"], "lavr plan");
    assert!(schema["properties"]["node"].is_object() && schema["properties"]["answer"].is_object());
}
