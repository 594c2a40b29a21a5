//! What docs/tools.md and docs/plans.md show is run here: declarations, plans, demonstrations, answers and commands, as they
//! stand on the page. Where a page speaks of a program or service of the reader's, one of the tests' takes its place.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use lavr_agent::DemonstrationSet;
use lavr_image::ImageStore;
use lavr_testkit::{Answer, Loopback, python_with, without_setup};
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A page of the documentation.
struct Page(String);

impl Page {
    fn read(name: &str) -> Self {
        Self(std::fs::read_to_string(root().join("docs").join(name)).unwrap())
    }

    /// Its fenced blocks in a language.
    fn blocks(&self, language: &str) -> Vec<String> {
        let (mut blocks, mut open) = (Vec::new(), None::<Vec<&str>>);
        for line in self.0.lines() {
            match (line.strip_prefix("```"), &mut open) {
                (Some(named), None) => open = Some(if named == language { Vec::new() } else { vec!["\0"] }),
                (Some(_), Some(_)) => {
                    let lines = open.take().unwrap();
                    if lines.first() != Some(&"\0") {
                        blocks.push(lines.join("\n"));
                    }
                }
                (None, Some(lines)) => lines.push(line),
                (None, None) => {}
            }
        }
        blocks
    }

    /// The one block in a language that has these words.
    fn block(&self, language: &str, words: &str) -> String {
        let mut found = self.blocks(language).into_iter().filter(|block| block.contains(words));
        let block = found.next().unwrap_or_else(|| panic!("no {language} block has `{words}`"));
        assert!(found.next().is_none(), "several {language} blocks have `{words}`");
        block
    }

    /// What an indented result on it tells of a field.
    fn told(&self, field: &str) -> Value {
        let name = format!("\"{field}\": ");
        let lines = self.0.lines().filter(|line| line.starts_with("    "));
        let mut told = lines.filter_map(|line| line.split_once(&name).map(|(_, behind)| behind));
        let behind = told.next().unwrap_or_else(|| panic!("no result tells `{field}`"));
        assert!(told.next().is_none(), "several results tell `{field}`");
        serde_json::Deserializer::from_str(behind).into_iter().next().unwrap().unwrap()
    }

    /// The commands that it shows.
    fn commands(&self) -> Vec<&str> {
        let commands: Vec<&str> = self
            .0
            .lines()
            .filter_map(|line| line.strip_prefix("    ").filter(|line| line.starts_with("lavr ")))
            .collect();
        assert!(!commands.is_empty());
        commands
    }
}

/// A folder as a reader of the page has it before them.
struct Place {
    folder: tempfile::TempDir,
    python: PathBuf,
    token: String,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["tools", "Pictures"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let pictures = root().join("examples/pictures");
        for (picture, name) in
            [("dogs.jpg", "photo.jpg"), ("cat-and-cup.jpg", "page.png"), ("dogs.jpg", "Pictures/dogs.jpg")]
        {
            std::fs::copy(pictures.join(picture), folder.path().join(name)).unwrap();
        }
        let python = python_with(Path::new(env!("CARGO_TARGET_TMPDIR")), &["mcp==2.3.0"]).unwrap();
        Self { folder, python, token: "t0p".into() }
    }

    fn write(&self, path: &str, content: &str) {
        std::fs::write(self.folder.path().join(path), content).unwrap();
    }

    /// A shell that finds `lavr` and `python3`, in the folder.
    fn shell(&self, line: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_lavr")).parent().unwrap().to_owned();
        let folders = [self.python.parent().unwrap().to_owned(), program];
        let known = std::env::var_os("PATH").unwrap();
        let path = std::env::join_paths(folders.into_iter().chain(std::env::split_paths(&known))).unwrap();
        let mut command = without_setup("sh");
        command.args(["-c", line]).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("PATH", path).env("LAVR_PLANNER", "none").env("READER_TOKEN", &self.token);
        command
    }

    fn run(&self, line: &str) -> Output {
        let output = self.shell(line).output().unwrap();
        assert!(output.status.success(), "{line}\n{}", String::from_utf8_lossy(&output.stderr));
        output
    }

    fn json(&self, line: &str) -> Value {
        serde_json::from_slice(&self.run(line).stdout).unwrap()
    }

    /// `tools/leaves.toml`, and beside it a `leaves.py` that prints what the page says.
    fn with_leaves(self, page: &Page) -> Self {
        self.write("tools/leaves.toml", &page.block("toml", "[command]"));
        self.write("tools/answer.json", &page.block("json", "\"leaves\""));
        self.write(
            "tools/leaves.py",
            "import sys\nassert open(sys.argv[1], 'rb').read(4) == b'\\x89PNG'\n\
             assert sys.argv[2:] in ([], ['--least', '0.4']), sys.argv\nprint(open('answer.json').read())\n",
        );
        self
    }
}

#[test]
fn the_local_command_of_the_page_works() {
    let page = Page::read("tools.md");
    let place = Place::new().with_leaves(&page);
    let seen =
        place.json(r#"lavr tools run leaves --tools tools --json '{"image": "photo.jpg", "least": 0.4}'"#);
    // What the page tells of the result; the command there leaves `least` out.
    let mut shown = place.json(r#"lavr tools run leaves --tools tools --json '{"image": "photo.jpg"}'"#);
    let score = |value: &Value| (value.as_f64().unwrap() * 1e6).round() / 1e6;
    let rounded = score(&shown["value"]["objects"][0]["score"]);
    shown["value"]["objects"][0]["score"] = json!(rounded);
    assert_eq!(shown["value"], page.told("value"));
    assert_eq!(shown["trust"], page.told("trust"));
    let printed: Value = serde_json::from_str(&page.block("json", "\"leaves\"")).unwrap();
    let leaf = &printed["leaves"][0];
    assert_eq!(seen["value"]["objects"][0]["label"], leaf["kind"]);
    assert_eq!(seen["evidence"][0]["value"], leaf["kind"]);
    assert_eq!(score(&seen["evidence"][0]["score"]), score(&leaf["p"]));
    let corners: Vec<f64> = serde_json::from_value(leaf["box"].clone()).unwrap();
    let told: Vec<f64> = serde_json::from_value(seen["value"]["objects"][0]["box"].clone()).unwrap();
    assert_eq!(told, corners);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_http_endpoint_of_the_page_works() {
    let line = json!({ "lines": [{ "bbox": [0.1, 0.2, 0.3, 0.1], "content": "milk", "confidence": 0.9 }] });
    let server = Loopback::start(move |_, _| Answer::json(200, &line)).await.unwrap();
    let page = Page::read("tools.md");
    let place = Place::new();
    let declared = page.block("toml", "[http]");
    let here = declared.replace("https://reader.example.org", &server.address);
    assert_ne!(here, declared);
    place.write("tools/reader.toml", &here);
    let seen = tokio::task::spawn_blocking(move || {
        place.json(r#"lavr tools run reader --tools tools --json '{"image": "photo.jpg", "language": "de"}'"#)
    });
    let seen = seen.await.unwrap();
    assert_eq!(seen["value"]["lines"][0]["text"], "milk");
    assert_eq!(seen["trust"], "untrusted");
    let request = server.requests().remove(0);
    assert_eq!((request.path.as_str(), request.header("authorization")), ("/v1/read", Some("Bearer t0p")));
    assert_eq!(request.json()["language"], "de");
}

#[test]
fn the_mcp_server_of_the_page_works() {
    let page = Page::read("tools.md");
    let place = Place::new();
    place.write("tools/files.toml", &page.block("toml", "[mcp]"));
    let server = root().join("crates/mcp/tests/reference/server.py");
    place.write(
        "tools/pictures_server.py",
        &format!("import runpy, sys\nsys.argv = ['server.py', 'stdio']\nrunpy.run_path({server:?}, run_name='__main__')\n"),
    );
    let seen = place.json(r#"lavr tools run files_size --tools tools --json '{"picture": "photo.jpg"}'"#);
    assert_eq!(seen["value"]["width"], 640, "{seen:#}");
    let same = place.json(r#"lavr tools run files_same --tools tools --json '{"picture": "photo.jpg"}'"#);
    assert_eq!(same["images"].as_array().unwrap().len(), 1);
}

#[test]
fn every_declaration_of_the_page_is_run_here() {
    let page = Page::read("tools.md");
    let blocks = page.blocks("toml");
    for block in &blocks {
        let known = ["[command]", "[http]", "[mcp]"].iter().filter(|kind| block.contains(**kind)).count();
        assert_eq!(known, 1, "no test runs this:\n{block}");
    }
    assert_eq!(blocks.len(), 3);
}

#[test]
fn the_commands_of_the_page_about_tools_work() {
    let page = Page::read("tools.md");
    let place = Place::new().with_leaves(&page);
    for command in page.commands() {
        let pictures = place.folder.path().join("Pictures");
        let command = command.replace("~/Pictures", pictures.to_str().unwrap());
        if !command.contains("--http") {
            place.run(&command);
            continue;
        }
        // A port that is free, and as long as it takes to be reached.
        let line = format!("exec {}", command.replace(":8765", ":0"));
        let mut server = place.shell(&line).stderr(Stdio::piped()).spawn().unwrap();
        let mut told = String::new();
        BufReader::new(server.stderr.take().unwrap()).read_line(&mut told).unwrap();
        server.kill().unwrap();
        server.wait().unwrap();
        assert!(told.starts_with("listening on http://127.0.0.1:") && told.ends_with("/mcp\n"), "{told}");
    }
}

#[test]
fn the_configuration_for_clients_starts_the_server() {
    let page = Page::read("tools.md");
    let place = Place::new();
    let configuration: Value = serde_json::from_str(&page.block("json", "mcpServers")).unwrap();
    let entry = &configuration["mcpServers"]["lavr"];
    let pictures = place.folder.path().join("Pictures").to_str().unwrap().to_owned();
    let words = std::iter::once(&entry["command"]).chain(entry["args"].as_array().unwrap());
    let words: Vec<String> =
        words
            .map(|word| {
                if word == "/home/me/Pictures" { pictures.clone() } else { word.as_str().unwrap().to_owned() }
            })
            .collect();
    assert!(words.contains(&pictures), "{words:?}");
    let mut server =
        place.shell(&words.join(" ")).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } } });
    let mut input = server.stdin.take().unwrap();
    writeln!(input, "{hello}").unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let answer: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(answer["result"]["serverInfo"]["name"], "lavr");
    drop(input);
    assert!(server.wait().unwrap().success());
}

#[test]
fn the_plan_of_the_page_is_followed() {
    let page = Page::read("plans.md");
    let place = Place::new();
    assert_eq!(page.blocks("toml").len(), 1, "no test runs the others");
    place.write("sign.toml", &page.block("toml", "[[node]]"));
    place.run("lavr run --check sign.toml");
    let document = place.json("lavr run sign.toml page.png --json");
    let text = document["text"].as_str().unwrap();
    assert!(text.starts_with("The cup reads") && text.contains("github"), "{text}");
}

#[test]
fn the_commands_of_the_page_about_plans_work() {
    let page = Page::read("plans.md");
    let place = Place::new();
    let (plan, picture) =
        (root().join("examples/plans/sign.toml"), root().join("examples/pictures/cat-and-cup.jpg"));
    for command in page.commands() {
        let command = command
            .replace("examples/plans/sign.toml", "PLAN.toml")
            .replace("examples/pictures/cat-and-cup.jpg", "IMAGE...")
            .replace("PLAN.toml", plan.to_str().unwrap())
            .replace("IMAGE...", picture.to_str().unwrap());
        place.run(&command);
    }
    let schema = std::fs::read_to_string(place.folder.path().join("plan.schema.json")).unwrap();
    assert!(serde_json::from_str::<Value>(&schema).unwrap().is_object());
}

#[test]
fn the_demonstration_of_the_page_is_one() {
    let page = Page::read("plans.md");
    let place = Place::new();
    place.write("1-bicycle.md", &page.block("text", "+++"));
    std::fs::copy(root().join("examples/pictures/dogs.jpg"), place.folder.path().join("bicycle.jpg"))
        .unwrap();
    let set = DemonstrationSet::read(place.folder.path(), &ImageStore::default()).unwrap();
    let tools: Vec<Vec<&str>> = set.iter().map(|shown| shown.tools()).collect();
    assert_eq!(tools, [["detect", "color"]]);
}
