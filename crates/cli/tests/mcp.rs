//! `lavr mcp` under the client of the reference SDK: both ways to it, current and previous revision, real networks.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Stdio},
};

use lavr_testkit::{python_with, without_setup};
use serde_json::{Value, json};

const SDK: &str = "mcp==2.3.0";

fn pictures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/pictures").canonicalize().unwrap()
}

/// `lavr mcp`, allowed to read our pictures.
fn lavr_mcp() -> Vec<String> {
    let program = env!("CARGO_BIN_EXE_lavr");
    [program, "mcp", "--planner", "none", "--allow", pictures().to_str().unwrap()].map(str::to_owned).into()
}

/// What the client of the SDK saw.
fn client(mode: &str, way: &[&str]) -> Value {
    let python = python_with(Path::new(env!("CARGO_TARGET_TMPDIR")), &[SDK]).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mcp/tests/reference/client.py");
    let output = without_setup(python)
        .arg(script)
        .args([
            mode,
            pictures().join("dogs.jpg").to_str().unwrap(),
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ])
        .args(way)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "{error}: {}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

/// What every client must see.
fn all_is_there(seen: &Value, protocol: &str) {
    assert_eq!((&seen["protocol"], &seen["server"]), (&json!(protocol), &json!("lavr")));
    let tools = seen["tools"].as_array().unwrap();
    let names: Vec<&str> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    for name in ["verify", "ask", "caption", "detect", "ocr", "color", "relate", "crop"] {
        assert_eq!(names.iter().filter(|known| **known == name).count(), 1, "{name} in {names:?}");
    }
    for tool in tools {
        assert_eq!(tool["inputSchema"]["type"], "object", "{tool}");
        assert_eq!(tool["outputSchema"]["type"], "object", "{tool}");
    }

    // Structured results with evidence, as the schema says: the SDK has checked them against it.
    let found = &seen["detect"]["structured"];
    assert_eq!(found["value"]["objects"][0]["label"], "dog");
    assert_eq!(found["evidence"][0]["tool"], "detect");
    assert_eq!(
        seen["of_data"]["structured"]["value"], found["value"],
        "a picture in the arguments is the same picture"
    );

    // What a tool shows comes as an image, and its id serves later calls.
    assert_eq!(seen["crop"]["images"], json!([{ "type": "image/jpeg", "jpeg": true }]));
    assert_eq!(seen["of_earlier_result"]["error"], false, "{}", seen["of_earlier_result"]);

    let verified = &seen["verify"];
    assert_eq!(verified["structured"]["value"]["text"], "Two dogs look out.");
    assert!(verified["text"][0].as_str().unwrap().contains("changed: \"Three\" -> \"Two\""), "{verified}");
    assert_eq!(verified["images"].as_array().unwrap().len(), 1, "the annotated picture");
    assert!(seen["caption"]["structured"]["value"]["text"].as_str().unwrap().contains("two dogs"));
    assert_eq!(seen["ask"]["structured"]["value"]["text"], "There are two dogs.");

    // A tool's errors are results that a model can read; only an unknown tool is a mistake of the protocol.
    for (case, words) in [
        ("outside", "outside of the folders"),
        ("address", "addresses are not opened"),
        ("no_image", "\"image\" is a required property"),
        ("no_text", "missing field `text`"),
    ] {
        assert_eq!(seen[case]["error"], true, "{case}: {}", seen[case]);
        assert!(seen[case]["text"][0].as_str().unwrap().contains(words), "{case}: {}", seen[case]);
    }
    assert_eq!(seen["mended"]["structured"]["value"], found["value"], "a slip of the pen is mended");
    assert_eq!(seen["unknown"]["code"], -32602);
    assert!(seen["unknown"]["message"].as_str().unwrap().contains("no tool is named `detekt`"));
    assert_eq!(seen["after_cancellation"]["structured"]["value"], found["value"]);
}

#[test]
fn the_reference_client_uses_our_tools_over_standard_input_and_output() {
    let command = lavr_mcp();
    let way: Vec<&str> = ["stdio"].into_iter().chain(command.iter().map(String::as_str)).collect();
    all_is_there(&client("auto", &way), "2026-07-28");
}

#[test]
fn the_reference_client_uses_our_tools_in_the_previous_revision() {
    let command = lavr_mcp();
    let way: Vec<&str> = ["stdio"].into_iter().chain(command.iter().map(String::as_str)).collect();
    all_is_there(&client("legacy", &way), "2025-11-25");
}

/// `lavr mcp --http`, ended with the test.
struct HttpServer {
    process: Child,
    url: String,
}

impl HttpServer {
    fn start() -> Self {
        let command = lavr_mcp();
        let mut process = without_setup(&command[0])
            .args(&command[1..])
            .args(["--http", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}")).to_owned();
        Self { process, url }
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

#[test]
fn the_reference_client_uses_our_tools_over_http_in_both_revisions() {
    let server = HttpServer::start();
    all_is_there(&client("auto", &["http", &server.url]), "2026-07-28");
    all_is_there(&client("legacy", &["http", &server.url]), "2025-11-25");
}

#[test]
fn pages_from_elsewhere_are_not_served() {
    let server = HttpServer::start();
    let host = server.url.strip_prefix("http://").unwrap().strip_suffix("/mcp").unwrap();
    let status = |host_named: &str, origin: &str| {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } } });
        let body = body.to_string();
        let mut stream = std::net::TcpStream::connect(host).unwrap();
        write!(
            stream,
            "POST /mcp HTTP/1.1\r\nHost: {host_named}\r\nOrigin: {origin}\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(status(host, "http://localhost:3000"), "200");
    assert_eq!(status(host, "https://example.org"), "403");
    assert_eq!(status("example.org", "http://localhost:3000"), "403");
}

#[test]
fn other_machines_are_not_served() {
    let output =
        without_setup(env!("CARGO_BIN_EXE_lavr")).args(["mcp", "--http", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("can be reached from other machines"), "{told}");
}

#[test]
fn standard_output_carries_the_protocol_and_nothing_else() {
    let command = lavr_mcp();
    let mut process = without_setup(&command[0])
        .args(&command[1..])
        .arg("-vv")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } } });
    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
        "name": "verify", "arguments": { "image": pictures().join("dogs.jpg"), "text": "Three dogs look out." },
        "_meta": { "progressToken": "p" } } });
    let mut input = process.stdin.take().unwrap();
    writeln!(
        input,
        "{hello}\n{}\nthis is no JSON\n{call}",
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })
    )
    .unwrap();
    let mut messages = Vec::new();
    for line in BufReader::new(process.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(message["jsonrpc"], "2.0");
        let last = message["id"] == 2;
        messages.push(message);
        if last {
            break;
        }
    }
    drop(input);
    assert!(process.wait().unwrap().success(), "the server ends with its input");
    assert_eq!(messages[0]["result"]["protocolVersion"], "2025-06-18");
    let progress: Vec<&Value> =
        messages.iter().filter(|message| message["method"] == "notifications/progress").collect();
    assert!(progress.iter().any(|message| message["params"]["message"] == "calling detect"), "{progress:#?}");
    assert!(progress.iter().all(|message| message["params"]["progressToken"] == "p"));
    assert_eq!(
        messages.last().unwrap()["result"]["structuredContent"]["value"]["text"],
        "Two dogs look out."
    );
}

#[test]
fn pictures_past_the_limit_are_forgotten() {
    let command = lavr_mcp();
    let mut process = without_setup(&command[0])
        .args(&command[1..])
        .args(["--image-memory", "1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut input, mut output) =
        (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()).lines());
    let mut ask = |id: u32, method: &str, parameters: Value| -> Value {
        writeln!(input, "{}", json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": parameters }))
            .unwrap();
        let answer: Value = serde_json::from_str(&output.next().unwrap().unwrap()).unwrap();
        assert_eq!(answer["id"], id);
        answer["result"].clone()
    };
    let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } });
    ask(1, "initialize", hello);
    let crop =
        |image: &Value| json!({ "name": "crop", "arguments": { "image": image, "region": [0, 0, 20, 20] } });
    let first = ask(2, "tools/call", crop(&json!(pictures().join("dogs.jpg"))));
    let part = first["structuredContent"]["images"][0].clone();
    for (id, other) in ["cat-and-cup.jpg", "coffee.jpg", "astronaut.jpg"].into_iter().enumerate() {
        let seen = ask(3 + id as u32, "tools/call", crop(&json!(pictures().join(other))));
        assert_eq!(seen["isError"], false, "{seen}");
    }
    let told = ask(9, "tools/call", crop(&part));
    let message = told["content"][0]["text"].as_str().unwrap();
    assert!(message.contains("was forgotten") && message.contains("at most 1 MiB"), "{message}");
    drop(input);
    assert!(process.wait().unwrap().success());
}
