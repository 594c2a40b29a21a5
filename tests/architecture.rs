//! The invariants of ARCHITECTURE.md, held against what cargo says of the dependencies.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand, PackageId};

/// Every package by name with the names of all that it is built from (tests and build scripts left out).
struct Closure(BTreeMap<String, BTreeSet<String>>);

impl Closure {
    fn read() -> Self {
        let metadata = MetadataCommand::new()
            .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .exec()
            .unwrap();
        let names: BTreeMap<&PackageId, &str> =
            metadata.packages.iter().map(|package| (&package.id, package.name.as_str())).collect();
        let direct: BTreeMap<&PackageId, Vec<&PackageId>> = metadata
            .resolve
            .as_ref()
            .unwrap()
            .nodes
            .iter()
            .map(|node| {
                let normal = node.deps.iter().filter(|dependency| {
                    dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal)
                });
                (&node.id, normal.map(|dependency| &dependency.pkg).collect())
            })
            .collect();
        let closure = metadata.workspace_members.iter().map(|member| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![member]);
            while let Some(id) = open.pop() {
                for &next in &direct[id] {
                    if seen.insert(next) {
                        open.push(next);
                    }
                }
            }
            (names[member].to_owned(), seen.into_iter().map(|id| names[id].to_owned()).collect())
        });
        Self(closure.collect())
    }

    fn of(&self, package: &str) -> &BTreeSet<String> {
        self.0.get(package).unwrap_or_else(|| panic!("no crate is named {package}"))
    }
}

const ENGINES: [&str; 6] = ["ort", "rten", "candle-core", "candle-transformers", "tokenizers", "llguidance"];
const HTTP: [&str; 3] = ["reqwest", "hyper", "rustls"];

fn tools() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tools");
    let mut tools: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| format!("lavr-{}", entry.unwrap().file_name().into_string().unwrap()))
        .collect();
    tools.sort();
    assert!(tools.len() >= 7, "{tools:?}");
    tools
}

#[test]
fn the_core_pulls_in_no_engine_and_no_http() {
    let closure = Closure::read();
    for core in ["types", "image", "tool", "model", "prompt", "verify", "agent"] {
        let package = format!("lavr-{core}");
        for heavy in ENGINES.iter().chain(&HTTP) {
            assert!(!closure.of(&package).contains(*heavy), "{package} pulls in {heavy}");
        }
    }
}

/// Requests leave from few places, each with its own rules: models (`remote`), model files (`weights`), pictures
/// (`fetch`), outside tools (`mcp`, `declared`), traces for others (`trace`).
#[test]
fn few_crates_speak_http_themselves() {
    let metadata = MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap();
    for package in &metadata.packages {
        let speaks = package.dependencies.iter().any(|dependency| {
            dependency.kind == DependencyKind::Normal && HTTP.contains(&dependency.name.as_str())
        });
        let may = ["remote", "weights", "fetch", "mcp", "declared", "trace", "testkit"];
        let may = may.map(|name| format!("lavr-{name}")).contains(&package.name.to_string());
        assert!(may || !speaks, "{} speaks HTTP: let it ask one that does", package.name);
    }
}

#[test]
fn no_tool_knows_another_tool_or_the_agent() {
    let closure = Closure::read();
    let tools = tools();
    for tool in &tools {
        for other in tools.iter().map(String::as_str).chain(["lavr-agent", "lavr-verify", "lavr-experts"]) {
            assert!(!closure.of(tool).contains(other), "{tool} depends on {other}");
        }
    }
}

#[test]
fn the_words_depend_on_nothing_of_ours() {
    let closure = Closure::read();
    let ours: Vec<_> = closure.of("lavr-types").iter().filter(|name| name.starts_with("lavr")).collect();
    assert!(ours.is_empty(), "{ours:?}");
}

#[test]
fn what_only_tests_need_is_in_no_product() {
    let closure = Closure::read();
    for (package, all) in &closure.0 {
        assert!(!all.contains("lavr-testkit"), "{package} ships lavr-testkit");
    }
}

/// `cargo tree` of the workspace: each package with its version and features.
fn features(edges: &str) -> BTreeSet<String> {
    let mut command = std::process::Command::new(env!("CARGO"));
    command.args([
        "tree",
        "--workspace",
        "--locked",
        "--edges",
        edges,
        "--prefix",
        "none",
        "--format",
        "{p} {f}",
    ]);
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.trim_end_matches(" (*)").trim_end().to_owned()).collect()
}

#[test]
fn program_and_tests_are_built_from_the_same_artifacts() {
    let (program, tests) = (features("normal,build"), features("normal,build,dev"));
    let twice: Vec<_> = program.difference(&tests).collect();
    assert!(twice.is_empty(), "built twice, since tests ask for other features: {twice:#?}");
}

#[test]
fn every_expert_has_its_model_card() {
    for tool in tools() {
        let name = tool.trim_start_matches("lavr-");
        let card = format!("{}/tools/{name}/README.md", env!("CARGO_MANIFEST_DIR"));
        let card = std::fs::read_to_string(&card).unwrap_or_else(|error| panic!("{card}: {error}"));
        assert!(card.len() > 400, "the card of {name} says too little");
    }
}
