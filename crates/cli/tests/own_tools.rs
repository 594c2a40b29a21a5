//! Tools of the user's and tools in processes of their own, through the program.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::{path::Path, process::Output};

use lavr_testkit::without_setup;
use serde_json::{Value, json};

fn picture(name: &str) -> String {
    format!("{}/../../examples/pictures/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn run(arguments: &[&str]) -> Output {
    let mut command = without_setup(env!("CARGO_BIN_EXE_lavr"));
    command.args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn told(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A detector that sees three dogs, and sees them before the detector that is built in.
const THREE_DOGS: &str = r#"
    description = "Finds dogs."
    capability = "detect"
    trust = "measured"
    prefer = true
    [arguments]
    required = ["image"]
    properties.image = { type = "string", format = "image-id" }
    properties.labels = { type = "array", items = { type = "string" } }
    [command]
    program = "cat"
    arguments = ["dogs.json"]
    [[result.evidence]]
    each = "/dogs"
    box = "/box"
    label = "/label"
    score = "/score"
"#;

fn folder_with(file: &str, content: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(file), content).unwrap();
    let dog = |left: u32| json!({ "label": "dog", "box": [left, 20, left + 90, 200], "score": 0.9 });
    let dogs = json!({ "dogs": [dog(10), dog(110), dog(210)] });
    std::fs::write(folder.path().join("dogs.json"), dogs.to_string()).unwrap();
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_declared_tool_is_checked_listed_and_run() {
    let folder = folder_with("three_dogs.toml", THREE_DOGS);
    let checked = stdout(&run(&["tools", "check", text(folder.path())]));
    assert!(
        checked.contains("three_dogs.toml (command)") && checked.contains("three_dogs(image, labels?)"),
        "{checked}"
    );
    let listed = stdout(&run(&["tools", "list", "--tools", text(folder.path())]));
    let lines: Vec<&str> = listed.lines().collect();
    assert!(
        lines[0].starts_with("three_dogs(") && lines[0].contains("(command: "),
        "it comes first: {listed}"
    );
    assert!(lines.iter().any(|line| line.starts_with("detect(")), "{listed}");
    let arguments = json!({ "image": picture("dogs.jpg") }).to_string();
    let seen =
        stdout(&run(&["tools", "run", "three_dogs", "--tools", text(folder.path()), "--json", &arguments]));
    let seen: Value = serde_json::from_str(&seen).unwrap();
    assert_eq!(seen["value"]["objects"].as_array().unwrap().len(), 3);
}

#[test]
fn the_verifier_asks_a_declared_tool_that_is_preferred() {
    let folder = folder_with("three_dogs.toml", THREE_DOGS);
    let output = run(&[
        "verify",
        &picture("dogs.jpg"),
        "--text",
        "Five dogs look out.",
        "--json",
        "--tools",
        text(folder.path()),
    ]);
    let document: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let evidence = &document["claims"][0]["evidence"];
    assert!(evidence.to_string().contains("three_dogs"), "{document:#}");
}

#[test]
fn mistakes_in_a_declaration_are_told_with_file_and_place() {
    let folder = folder_with("wrong.toml", &THREE_DOGS.replace("\"array\"", "\"list\""));
    for arguments in
        [vec!["tools", "check", text(folder.path())], vec!["tools", "list", "--tools", text(folder.path())]]
    {
        let told = told(&run(&arguments));
        assert!(told.contains("wrong.toml") && told.contains("arguments.properties.labels.type"), "{told}");
    }
    let folder = folder_with("detect.toml", THREE_DOGS);
    let told = told(&run(&["tools", "list", "--tools", text(folder.path())]));
    assert!(told.contains("two tools are named `detect`"), "{told}");
}

#[test]
fn an_expert_in_a_process_of_its_own_sees_the_same() {
    let arguments = json!({ "image": picture("dogs.jpg"), "labels": ["dog"] }).to_string();
    let detect = |more: &[&str]| {
        let output = run(&[&["tools", "run", "detect", "--json", &arguments], more].concat());
        let mut seen: Value = serde_json::from_str(&stdout(&output)).unwrap();
        seen.as_object_mut().unwrap().remove("seconds");
        seen
    };
    assert_eq!(detect(&["--isolate", "detect"]), detect(&[]));
    let listed = stdout(&run(&["tools", "list", "--isolate", "ocr"]));
    assert!(
        listed.lines().any(|line| line.starts_with("ocr(") && line.ends_with("(in a process of its own)")),
        "{listed}"
    );
    let told = told(&run(&["tools", "list", "--isolate", "orc"]));
    assert!(told.contains("no tool is named `orc`"), "{told}");
}
