//! A run that waits for approval in one process and goes on in another, and runs that may not use up much.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::path::Path;

use lavr_testkit::without_setup;
use serde_json::Value;

fn lavr(folder: &Path, arguments: &[&str]) -> (i32, Value, String) {
    let mut command = without_setup(env!("CARGO_BIN_EXE_lavr"));
    let output =
        command.args(arguments).args(["--planner", "none", "--json"]).current_dir(folder).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let document = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code().unwrap(), document, told)
}

fn dogs() -> String {
    format!("{}/../../examples/pictures/dogs.jpg", env!("CARGO_MANIFEST_DIR"))
}

fn calls_of<'d>(document: &'d Value, tool: &str) -> Vec<&'d Value> {
    let steps = document["steps"].as_array().unwrap().iter();
    let calls = steps.flat_map(|step| step["calls"].as_array().unwrap());
    calls.filter(|call| call["tool"] == tool).collect()
}

#[test]
fn a_run_waits_in_one_process_and_goes_on_in_another() {
    let folder = tempfile::tempdir().unwrap();
    let picture = dogs();
    let question = "What color are the dogs?";
    let ask = ["ask", &picture, question, "--ask-before", "color", "--save", "run.json"];
    let (code, document, told) = lavr(folder.path(), &ask);
    assert_eq!((code, document), (3, Value::Null), "{told}");
    assert!(told.contains("waits for approval: call_3 color"), "{told}");
    assert!(told.contains("lavr resume run.json --approve call_3"), "{told}");

    // Nobody has decided yet: it waits on, and so does one who only names a call that does not wait.
    assert_eq!(lavr(folder.path(), &["resume", "run.json"]).0, 3);
    let (code, _, told) = lavr(folder.path(), &["resume", "run.json", "--approve", "call_1"]);
    assert!(code == 2 && told.contains("there are: call_3"), "{told}");

    let saved = folder.path().join("again.json");
    std::fs::copy(folder.path().join("run.json"), &saved).unwrap();
    let (code, document, told) = lavr(folder.path(), &["resume", "run.json", "--approve", "all"]);
    assert_eq!(code, 0, "{told}");
    assert!(calls_of(&document, "color").iter().all(|call| call["attempts"] == 1), "{document}");
    assert!(!calls_of(&document, "color").is_empty() && document["question"] == question, "{document}");
    // What ran before the run was put away did not run again: the verifier looks, the planner does not.
    assert_eq!(calls_of(&document, "detect").len(), 1);
    assert!(!told.contains("step 1") && !told.contains("-> ocr"), "{told}");

    let waiting: Value = serde_json::from_slice(&std::fs::read(&saved).unwrap()).unwrap();
    let names = waiting["run"]["phase"]["calls"].as_array().unwrap().iter();
    let names: Vec<String> = names.map(|call| call["call"]["id"].as_str().unwrap().to_owned()).collect();
    let refusals = names.iter().flat_map(|name| ["--refuse".to_owned(), format!("{name}=no colors, please")]);
    let refusals: Vec<String> = refusals.collect();
    let mut arguments = vec!["resume", "again.json"];
    arguments.extend(refusals.iter().map(String::as_str));
    let (code, document, told) = lavr(folder.path(), &arguments);
    assert_eq!(code, 0, "{told}");
    let failure = &calls_of(&document, "color")[0]["failure"];
    assert_eq!(failure["kind"], "refused");
    assert!(failure["message"].as_str().unwrap().contains("no colors, please"), "{failure}");
    assert_eq!(document["text"], "There are two dogs.");
}

#[test]
fn a_picture_that_was_exchanged_in_the_meantime_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(dogs(), folder.path().join("picture.jpg")).unwrap();
    let ask = ["ask", "picture.jpg", "How many dogs?", "--ask-before", "detect", "--save", "run.json"];
    assert_eq!(lavr(folder.path(), &ask).0, 3);
    std::fs::copy(dogs().replace("dogs", "coffee"), folder.path().join("picture.jpg")).unwrap();
    let (code, _, told) = lavr(folder.path(), &["resume", "run.json", "--approve", "all"]);
    assert!(code == 2 && told.contains("is not the picture any more"), "{told}");
}

#[test]
fn a_budget_ends_a_run_with_an_answer_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let picture = dogs();
    let ask = ["ask", &picture, "How many dogs are there?", "--budget", "calls=1,pixels=1M"];
    let (code, document, told) = lavr(folder.path(), &ask);
    assert_eq!(code, 0, "{told}");
    assert!(document["usage"]["tool_calls"].as_u64().unwrap() <= 1, "{document}");
    assert!(told.contains("budget: 1 of 1 tool calls"), "{told}");
    let notes = document["notes"].to_string();
    assert!(notes.contains("the budget of 1 tool calls does not allow it"), "{notes}");

    let verify =
        ["verify", &picture, "--text", "Three dogs look out. The dogs are blue.", "--budget", "calls=1"];
    let (code, document, told) = lavr(folder.path(), &verify);
    assert_eq!(code, 0, "{told}");
    assert_eq!(document["usage"]["tool_calls"], 1);
    assert!(
        document["notes"].to_string().contains("the budget (1 of 1 tool calls)"),
        "{}",
        document["notes"]
    );

    for budget in ["calls", "calls=many", "hopes=3", "seconds=-1"] {
        assert_eq!(lavr(folder.path(), &["ask", &picture, "What?", "--budget", budget]).0, 2);
    }
}
