//! Server and client under the conformance suite of the protocol's authors, for both revisions. What it looks at that is
//! not offered here stands in `conformance.yml`, with the reason; everything else must pass, and nothing in that list may.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::{path::Path, process::Command, sync::Arc, time::Duration};

use async_trait::async_trait;
use lavr_image::{AllowedFolders, ImageStore, Rgb, RgbImage};
use lavr_mcp::{Client, ClientConfig, Job, JobContext, JobResult, Reach, Server};
use lavr_testkit::node_with;
use lavr_tool::{CancellationToken, Dispatcher, Registry, ToolError};
use lavr_types::{CallId, Event, Observation, ToolCall, ToolSpec};
use serde_json::{Value, json};

const SUITE: &str = "@modelcontextprotocol/conformance@0.2.0-alpha.12";
/// Set by the suite where this program is the client.
const SCENARIO: &str = "MCP_CONFORMANCE_SCENARIO";

/// The suite's program with what every run of it wants.
fn suite(arguments: &[&str]) -> Command {
    let node = node_with(Path::new(env!("CARGO_TARGET_TMPDIR")), &[SUITE]).unwrap();
    let mut command = node.command("conformance");
    let expected = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance.yml");
    command.args(arguments).args(["--expected-failures", expected]);
    command
}

/// Runs it in a folder of its own, and gives what it printed; where it was not content, the test fails with that.
fn is_content(mut command: Command) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = command.current_dir(folder.path()).output().unwrap();
    let told =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}");
    told
}

/// A tool that the suite asks for.
struct Diagnostic(ToolSpec);

impl Diagnostic {
    fn all() -> Vec<Arc<dyn Job>> {
        let names = [
            "test_simple_text",
            "test_image_content",
            "test_error_handling",
            "test_tool_with_progress",
            "test_logging_tool",
            "test_streaming_elicitation",
        ];
        let header = json!({ "type": "object", "properties": {
            "region": { "type": "string", "x-mcp-header": "Region" } } });
        let simple = names.map(|name| (name, json!({ "type": "object" })));
        let with_schemas = [("test_header", header), ("json_schema_2020_12_tool", every_keyword())];
        let spec = |name: &str, arguments| ToolSpec::new(name, "For the conformance suite.", arguments);
        let jobs = simple.into_iter().chain(with_schemas);
        jobs.map(|(name, arguments)| Arc::new(Self(spec(name, arguments))) as Arc<dyn Job>).collect()
    }
}

#[async_trait]
impl Job for Diagnostic {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    async fn run(&self, _: Value, context: &JobContext<'_>) -> Result<JobResult, ToolError> {
        let mut observation = Observation::new(json!({}));
        match self.0.name.as_str() {
            "test_error_handling" => {
                return Err(ToolError::failed("This tool intentionally returns an error for testing"));
            }
            "test_image_content" => {
                let image = context.images.insert(RgbImage::from_pixel(1, 1, Rgb([255, 0, 0])))?;
                observation.show.push(image);
            }
            "test_tool_with_progress" => {
                for part in ["begun", "half done", "done"] {
                    (context.tell)(&Event::Note { text: part.into() });
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            _ => {}
        }
        Ok(JobResult { observation, text: "This is a simple text response for testing.".into() })
    }
}

/// A schema whose keywords must all reach the client.
fn every_keyword() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": { "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
        } },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" },
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false,
    })
}

/// A server until the test ends.
async fn serve() -> String {
    let dispatcher = Dispatcher::new(Registry::new(), Arc::new(ImageStore::default()));
    let folder = std::env::temp_dir();
    let server = Server::with_jobs(dispatcher, Diagnostic::all(), AllowedFolders::new([folder]).unwrap());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    // The suite's checks of names of hosts expect this one.
    let url = format!("http://localhost:{}/mcp", listener.local_addr().unwrap().port());
    tokio::spawn(async move { server.serve_http(listener, &CancellationToken::new()).await });
    url
}

/// `more` are scenarios that the suite runs and does not count; they must pass, too.
async fn the_server_conforms(revision: &str, more: &[&str]) {
    let url = serve().await;
    let command = suite(&["server", "--url", &url, "--requirements", revision]);
    let told = tokio::task::spawn_blocking(move || is_content(command)).await.unwrap();
    the_page_says_so("server", revision, &told);
    for scenario in more {
        assert!(told.contains(&format!("✓ {scenario}: ")), "{scenario}\n{told}");
    }
}

fn the_client_conforms(revision: &str) {
    let this = std::env::current_exe().unwrap();
    let client = format!("{} --exact the_client", this.display());
    let command = suite(&["client", "--command", &client, "--requirements", revision]);
    the_page_says_so("client", revision, &is_content(command));
}

/// Holds the table in docs/tools.md against what the suite said.
fn the_page_says_so(side: &str, revision: &str, told: &str) {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/tools.md")).unwrap();
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let mut table = page.lines().skip_while(|line| !line.starts_with(&format!("| {side} |"))).map(cells);
    let column = table.next().unwrap().iter().position(|cell| cell == revision).unwrap();
    let mut rows = 0;
    for row in table.skip(1).take_while(|row| row.len() > column) {
        let scenario = &row[1];
        assert_eq!(row[column], passed(scenario, told).unwrap_or_default(), "{scenario}, {revision}");
        rows += 1;
    }
    assert!(rows > 5, "the page has no table of the {side}");
}

/// How many checks of a scenario passed, if it was run.
fn passed(scenario: &str, told: &str) -> Option<String> {
    // The suite writes `✓ ping: 2 passed, 0 failed`.
    let counts = told.lines().find_map(|line| line.get(4..)?.strip_prefix(scenario)?.strip_prefix(": "))?;
    let mut counts = counts.split(", ").map(|count| count.split(' ').next()?.parse::<u32>().ok());
    let (passed, failed) = (counts.next()??, counts.next()??);
    Some(format!("{passed} of {}", passed + failed))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_conforms_to_the_current_revision() {
    let more = ["http-header-validation", "http-custom-header-server-validation", "json-schema-2020-12"];
    the_server_conforms("2026-07-28", &more).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_conforms_to_the_previous_revision() {
    let more = ["server-session-lifecycle", "server-sse-polling", "json-schema-2020-12"];
    the_server_conforms("2025-11-25", &more).await;
}

#[test]
fn the_client_conforms_to_the_current_revision() {
    the_client_conforms("2026-07-28");
}

#[test]
fn the_client_conforms_to_the_previous_revision() {
    the_client_conforms("2025-11-25");
}

/// The client, where the suite started this program: calls what the suite says, else every tool there is.
#[tokio::test]
async fn the_client() {
    if std::env::var_os(SCENARIO).is_none() {
        return;
    }
    let url = std::env::args().next_back().unwrap();
    let tools = Client::connect(ClientConfig::new("suite", Reach::http(url))).await.unwrap().tools();
    let calls: Vec<(String, Value)> = match wanted() {
        Some(calls) => calls,
        None => tools.iter().map(|tool| (tool.spec().name.clone(), some(&tool.spec().arguments))).collect(),
    };
    let registry = tools.into_iter().fold(Registry::new(), |registry, tool| registry.with_dyn(tool).unwrap());
    let dispatcher = Dispatcher::new(registry, Arc::new(ImageStore::default()));
    for (number, (tool, arguments)) in calls.into_iter().enumerate() {
        let call = ToolCall { id: CallId(format!("call_{number}")), tool, arguments };
        let records = dispatcher.dispatch(vec![call], &CancellationToken::new()).await;
        assert!(records[0].outcome.is_ok(), "{records:#?}");
    }
}

/// The calls that the suite wants.
fn wanted() -> Option<Vec<(String, Value)>> {
    let context: Value = serde_json::from_str(&std::env::var("MCP_CONFORMANCE_CONTEXT").ok()?).ok()?;
    let calls = context["toolCalls"].as_array()?;
    let call = |call: &Value| Some((format!("suite_{}", call["name"].as_str()?), call["arguments"].clone()));
    Some(calls.iter().filter_map(call).collect())
}

/// Arguments that a schema takes.
fn some(schema: &Value) -> Value {
    match schema["type"].as_str() {
        Some("object") => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            properties.map(|(name, schema)| (name.clone(), some(schema))).collect()
        }
        Some("array") => json!([]),
        Some("integer" | "number") => json!(5),
        Some("boolean") => json!(true),
        Some("null") => Value::Null,
        _ => json!("x"),
    }
}
