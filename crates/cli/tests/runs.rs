//! Runs that were kept: shown, compared, replayed, exported; cassettes; and no key in any of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use lavr_testkit::{Answer, Loopback, without_setup};
use serde_json::{Value, json};

fn picture(name: &str) -> String {
    format!("{}/../../examples/pictures/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The program with a store of runs of its own.
fn lavr(home: &Path, arguments: &[&str]) -> Command {
    let mut command = without_setup(env!("CARGO_BIN_EXE_lavr"));
    command.env_remove("LAVR_NO_TRACE").env("LAVR_RUNS", home.join("runs.sqlite")).args(arguments);
    command
}

fn done(output: &Output) -> String {
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{error}");
    out.into_owned()
}

fn run(home: &Path, arguments: &[&str]) -> String {
    done(&lavr(home, arguments).output().unwrap())
}

const QUESTION: &str = "How many dogs are there?";

#[test]
fn a_run_is_kept_listed_shown_compared_replayed_and_exported() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let dogs = picture("dogs.jpg");
    let asked = run(home, &["ask", &dogs, QUESTION, "--planner", "none"]);
    let name = asked.rsplit_once("(run ").unwrap().1.trim_end().trim_end_matches(')').to_owned();
    let text = "Three dogs look out.";
    let verified: Value =
        serde_json::from_str(&run(home, &["verify", &dogs, "--text", text, "--json", "-q"])).unwrap();
    let captioned: Value = serde_json::from_str(&run(home, &["caption", &dogs, "--json", "-q"])).unwrap();
    run(home, &["ask", &dogs, "Not kept?", "--planner", "none", "--no-trace", "-q"]);

    let listed: Value = serde_json::from_str(&run(home, &["runs", "list", "--json"])).unwrap();
    let names: Vec<&Value> = listed.as_array().unwrap().iter().map(|run| &run["run"]).collect();
    assert_eq!(names, [&captioned["run"], &verified["run"], &json!(name)]);
    assert!(run(home, &["runs", "list"]).contains(QUESTION));

    // What the terminal showed, and the same document as it was printed.
    let shown = run(home, &["runs", "show", &name[..6]]);
    for part in ["ask ", QUESTION, "-> detect", "draft", "(run "] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let asked = asked.lines().next().unwrap();
    assert!(shown.contains(asked), "{shown}");
    let document: Value =
        serde_json::from_str(&run(home, &["runs", "show", verified["run"].as_str().unwrap(), "--json"]))
            .unwrap();
    assert_eq!(document, verified);

    let replayed = run(home, &["runs", "replay", &name, "last", verified["run"].as_str().unwrap()]);
    assert_eq!(replayed.matches("byte by byte the same").count(), 3, "{replayed}");

    let folder = home.join("exported");
    let folder = folder.to_str().unwrap();
    run(home, &["runs", "export", &name, "--out", folder]);
    assert!(Path::new(folder).join("images").read_dir().unwrap().count() == 1);
    assert!(run(home, &["runs", "diff", &name, folder]).starts_with("the same steps"));
    let parted = run(home, &["runs", "diff", folder, "last"]);
    assert!(parted.contains("question") && parted.contains("draft"), "{parted}");

    run(home, &["runs", "remove", &name]);
    assert_eq!(lavr(home, &["runs", "show", &name]).output().unwrap().status.code(), Some(2));
    run(home, &["runs", "import", folder]);
    assert_eq!(run(home, &["runs", "show", &name]), shown);
    let again = lavr(home, &["runs", "import", folder]).output().unwrap();
    assert!(String::from_utf8_lossy(&again.stderr).contains("is in the store already"));
    run(home, &["runs", "remove", "--all"]);
    assert_eq!(run(home, &["runs", "list"]), "");
}

/// Calls the detector, then answers; whatever it is told, it repeats.
async fn planner(echo: &str) -> Loopback {
    let echo = echo.to_owned();
    Loopback::start(move |_, before| {
        let said = if before % 2 == 0 {
            let call = json!({ "index": 0, "id": "a", "type": "function",
                "function": { "name": "detect", "arguments": "{\"image\":\"image1\",\"labels\":[\"dog\"]}" } });
            json!({ "content": format!("I look. {echo}"), "tool_calls": [call] })
        } else {
            json!({ "content": format!("There are three dogs. My key is {echo}.") })
        };
        let end = if before % 2 == 0 { "tool_calls" } else { "stop" };
        Answer::events([
            json!({ "choices": [{ "index": 0, "delta": said }] }).to_string(),
            json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": end }] }).to_string(),
            "[DONE]".to_owned(),
        ])
    })
    .await
    .unwrap()
}

async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_cassette_stands_in_for_the_model_and_the_tools_and_tells_what_it_does_not_hold() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let (server, dogs) = (planner("none").await, picture("dogs.jpg"));
    let cassette = home.join("cassette");
    let cassette = cassette.to_str().unwrap();
    let mut record = lavr(home, &["ask", &dogs, QUESTION, "--record", cassette, "--json", "-q"]);
    record
        .env("LAVR_BASE_URL", format!("{}/v1", server.address))
        .env("LAVR_MODEL", "m")
        .env("LAVR_MODEL_IMAGES", "0");
    let recorded: Value = serde_json::from_str(&done(&output(record).await)).unwrap();
    assert_eq!(recorded["steps"][0]["calls"][0]["tool"], "detect");
    assert_eq!(server.requests().len(), 2);
    drop(server);

    // No model is configured, no file of one is there, and nothing may be fetched.
    let empty = home.join("empty");
    let mut replay = lavr(home, &["ask", &dogs, QUESTION, "--replay", cassette, "--json", "-q", "--offline"]);
    replay.env("LAVR_HOME", &empty);
    let replayed: Value = serde_json::from_str(&done(&output(replay).await)).unwrap();
    for part in ["draft", "text", "claims", "notes"] {
        assert_eq!(replayed[part], recorded[part]);
    }
    let mut other = lavr(home, &["ask", &dogs, "How many cats?", "--replay", cassette, "-q"]);
    other.env("LAVR_HOME", &empty);
    let output = output(other).await;
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(error.contains("not recorded") && error.contains("cats?"), "{error}");
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn no_key_gets_into_a_trace_a_cassette_or_a_span() {
    const KEY: &str = "sk-planted-0123456789";
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    // The service repeats the key in what it says; it stands in the question, in the address, in a header for the
    // collector, and in the name of the picture.
    let (server, collector) =
        (planner(KEY).await, Loopback::start(|_, _| Answer::new(200, Vec::new())).await.unwrap());
    let dogs = home.join(format!("{KEY}.jpg"));
    std::fs::copy(picture("dogs.jpg"), &dogs).unwrap();
    let question = format!("How many dogs? The key is {KEY}, see http://me:{KEY}@host/.");
    let cassette = home.join("kept/cassette");
    std::fs::create_dir(home.join("kept")).unwrap();
    let arguments = [
        "ask",
        dogs.to_str().unwrap(),
        &question,
        "--record",
        cassette.to_str().unwrap(),
        "-q",
        "--max-steps",
        "2",
    ];
    let with_key = |mut command: Command| {
        command
            .env("LAVR_RUNS", home.join("kept/runs.sqlite"))
            .env("LAVR_BASE_URL", format!("{}/v1", server.address))
            .env("LAVR_MODEL", "m")
            .env("LAVR_MODEL_IMAGES", "0")
            .env("LAVR_API_KEY", KEY)
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.address)
            .env("OTEL_EXPORTER_OTLP_HEADERS", format!("authorization={KEY}"))
            .env("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true");
        command
    };
    done(&output(with_key(lavr(home, &arguments))).await);
    let exported = home.join("kept/exported");
    let export = ["runs", "export", "last", "--out", exported.to_str().unwrap()];
    done(&output(with_key(lavr(home, &export))).await);

    assert_eq!(server.requests()[0].header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    let found = files(&home.join("kept"));
    assert!(found.len() >= 4, "{found:?}");
    let holds = |bytes: &[u8]| bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes());
    for path in found {
        assert!(!holds(&std::fs::read(&path).unwrap()), "{}", path.display());
    }
    let trace = std::fs::read_to_string(exported.join("trace.jsonl")).unwrap();
    assert!(trace.contains("The key is (secret)"), "{trace}");
    let spans = collector.requests();
    assert_eq!((spans.len(), spans[0].header("authorization")), (1, Some(KEY)));
    assert!(!holds(&spans[0].body));
}
