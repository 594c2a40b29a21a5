//! Our client against servers written with the reference SDK: its version 2 (protocol 2026-07-28) over standard input
//! and output and over HTTP, and its version 1 (2025-11-25).

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::{
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::Arc,
    time::Duration,
};

use lavr_image::{ImageStore, Rgb, RgbImage};
use lavr_mcp::{Client, ClientConfig, ConnectError, ImageForm, Reach};
use lavr_testkit::python_with;
use lavr_tool::{CancellationToken, Dispatcher, Registry};
use lavr_types::{CallId, CallRecord, FailureKind, ImageId, ToolCall, Trust};
use serde_json::{Value, json};

const CURRENT: &str = "mcp==2.3.0";
const PREVIOUS: &str = "mcp==1.30.0";

fn python(sdk: &str) -> PathBuf {
    python_with(Path::new(env!("CARGO_TARGET_TMPDIR")), &[sdk]).unwrap()
}

fn script() -> String {
    format!("{}/tests/reference/server.py", env!("CARGO_MANIFEST_DIR"))
}

fn over_stdio(sdk: &str) -> ClientConfig {
    let program = python(sdk).into_os_string().into_string().unwrap();
    with_images(ClientConfig::new("pics", Reach::command(program, [script(), "stdio".to_owned()])))
}

fn with_images(config: ClientConfig) -> ClientConfig {
    config
        .with_image("size.picture", ImageForm::Path)
        .with_image("same.picture", ImageForm::DataUrl)
        .with_image("read_line.picture", ImageForm::Base64)
}

/// The server's tools in a dispatcher, with one image.
struct Scene {
    dispatcher: Dispatcher,
    image: ImageId,
}

impl Scene {
    async fn new(config: ClientConfig) -> Self {
        let mut registry = Registry::new();
        for tool in Client::connect(config).await.unwrap().tools() {
            registry = registry.with_dyn(tool).unwrap();
        }
        let images = Arc::new(ImageStore::default());
        let image = images.insert(RgbImage::from_fn(33, 21, |x, y| Rgb([x as u8, y as u8, 7]))).unwrap();
        Self { dispatcher: Dispatcher::new(registry, images), image }
    }

    async fn record(&self, tool: &str, arguments: Value, cancel: &CancellationToken) -> CallRecord {
        let call = ToolCall { id: CallId("call_1".into()), tool: tool.into(), arguments };
        self.dispatcher.dispatch(vec![call], cancel).await.remove(0)
    }

    async fn call(&self, tool: &str, arguments: Value) -> CallRecord {
        self.record(tool, arguments, &CancellationToken::new()).await
    }

    async fn value(&self, tool: &str, arguments: Value) -> Value {
        self.call(tool, arguments).await.outcome.unwrap().value
    }

    async fn failure(&self, tool: &str, arguments: Value) -> lavr_types::Failure {
        self.call(tool, arguments).await.outcome.unwrap_err()
    }
}

/// What any server's tools must do for us, whatever the revision and the way to it.
async fn tools_of_the_server_are_ours(scene: &Scene) {
    let spec = scene.dispatcher.registry().spec("pics_size").unwrap();
    assert_eq!(spec.arguments["properties"]["picture"]["format"], "image-id");
    assert!(spec.description.contains("size of a picture"));

    // Images go out as a path, a data URL and base64, as declared; and come back into the store.
    let image = json!(scene.image);
    assert_eq!(
        scene.value("pics_size", json!({ "picture": image })).await,
        json!({ "width": 33, "height": 21 })
    );
    let same = scene.call("pics_same", json!({ "picture": image, "note": "again" })).await.outcome.unwrap();
    assert_eq!(same.show, [scene.image], "equal pixels have an equal id");
    assert!(same.value.to_string().contains("the same picture again"), "{}", same.value);

    // Whatever an outside tool says is data.
    let read = scene.call("pics_read_line", json!({ "picture": image })).await.outcome.unwrap();
    assert_eq!(read.trust, Trust::Untrusted);

    // A schema with definitions of its own is written out, and holds.
    let part = &scene.dispatcher.registry().spec("pics_cut").unwrap().arguments["properties"]["part"];
    assert!(part["properties"]["side"]["enum"].is_array(), "{part}");
    let cut = scene.value("pics_cut", json!({ "part": { "side": "left", "share": 0.25 } })).await;
    assert!(cut.to_string().contains("left 0.25"), "{cut}");
    let wrong = scene.failure("pics_cut", json!({ "part": { "side": "top", "share": 0.25 } })).await;
    assert_eq!(wrong.kind, FailureKind::InvalidArguments);

    let failed = scene.failure("pics_fail", json!({ "why": "the page is torn" })).await;
    assert_eq!(failed.kind, FailureKind::Failed);
    assert!(failed.message.contains("the page is torn"), "{}", failed.message);
}

#[tokio::test]
async fn a_server_of_the_current_revision_is_used_over_standard_input_and_output() {
    tools_of_the_server_are_ours(&Scene::new(over_stdio(CURRENT)).await).await;
}

#[tokio::test]
async fn a_server_of_the_previous_revision_is_used_over_standard_input_and_output() {
    tools_of_the_server_are_ours(&Scene::new(over_stdio(PREVIOUS)).await).await;
}

/// A server on a port of its own that ends with the test.
struct HttpServer {
    process: Child,
    url: String,
}

impl HttpServer {
    fn start() -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(python(CURRENT))
            .args([script(), "http".into(), port.to_string()])
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let up = (0..600).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        assert!(up, "the server did not start");
        Self { process, url: format!("http://127.0.0.1:{port}/mcp") }
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

#[tokio::test]
async fn a_server_is_used_over_http() {
    let server = HttpServer::start();
    let config = with_images(ClientConfig::new("pics", Reach::http(&server.url)));
    tools_of_the_server_are_ours(&Scene::new(config).await).await;
}

#[tokio::test]
async fn a_server_that_dies_costs_one_record_and_is_started_again() {
    let scene = Scene::new(over_stdio(CURRENT)).await;
    let died = scene.failure("pics_die", json!({})).await;
    assert_eq!(died.kind, FailureKind::Unavailable);
    assert!(died.message.contains("ended during the call"), "{}", died.message);
    assert_eq!(scene.value("pics_size", json!({ "picture": scene.image })).await["width"], 33);
}

#[tokio::test]
async fn a_server_that_dies_again_and_again_is_left_alone() {
    let scene = Scene::new(over_stdio(CURRENT)).await;
    let mut messages = Vec::new();
    for _ in 0..5 {
        messages.push(scene.failure("pics_die", json!({})).await.message);
    }
    assert!(messages[4].contains("left alone for a while"), "{messages:#?}");
}

#[tokio::test]
async fn a_call_that_is_given_up_is_cancelled_at_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let [started, ended] = ["started", "ended"].map(|name| folder.path().join(name));
    let scene = Scene::new(over_stdio(CURRENT)).await;
    let cancel = CancellationToken::new();
    let give_up = async {
        while !started.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        cancel.cancel();
    };
    let arguments = json!({ "started": started, "ended": ended });
    let (record, ()) = tokio::join!(scene.record("pics_wait", arguments, &cancel), give_up);
    assert_eq!(record.outcome.unwrap_err().kind, FailureKind::Cancelled);
    for _ in 0..500 {
        if ended.exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the server was not told");
}

#[tokio::test]
async fn the_environment_of_a_server_is_what_was_named() {
    let mut config = over_stdio(CURRENT);
    if let Reach::Command(program) = &mut config.reach {
        program.environment.insert("TOKEN".into(), lavr_types::Secret::new("t0p"));
    }
    let names = Scene::new(config).await.value("pics_environment", json!({})).await.to_string();
    assert!(names.contains("\"PATH\"") && names.contains("\"TOKEN\""), "{names}");
    assert!(!names.contains("CARGO") && !names.contains("\"HOME\""), "{names}");
}

#[tokio::test]
async fn a_tool_that_changes_while_we_run_is_refused() {
    for sdk in [CURRENT, PREVIOUS] {
        let scene = Scene::new(over_stdio(sdk)).await;
        scene.value("pics_learn", json!({})).await;
        let arguments = json!({ "part": { "side": "left", "share": 0.5 } });
        let refused = scene.failure("pics_cut", arguments).await;
        assert_eq!(refused.kind, FailureKind::Unavailable, "{sdk}");
        assert!(refused.message.contains("no longer offers `cut`"), "{sdk}: {}", refused.message);
        assert_eq!(scene.value("pics_size", json!({ "picture": scene.image })).await["width"], 33, "{sdk}");
    }
}

#[tokio::test]
async fn what_the_configuration_names_must_be_there() {
    let config = over_stdio(CURRENT).with_image("size.path", ImageForm::Path);
    let error = Client::connect(config).await.err().unwrap().to_string();
    assert!(error.contains("`size.path`") && error.contains("size.picture"), "{error}");
    let mut config = over_stdio(CURRENT);
    config.images.clear();
    config.only = Some(vec!["size".into(), "sise".into()]);
    let error = Client::connect(config).await.err().unwrap().to_string();
    assert!(error.contains("no tool `sise`"), "{error}");
}

#[tokio::test]
async fn a_program_that_is_no_server_is_told_with_its_last_words() {
    let missing = Client::connect(ClientConfig::new("x", Reach::command("no-such-program", [""; 0]))).await;
    assert!(matches!(missing.err(), Some(ConnectError::Start { .. })));
    let program = python(CURRENT).into_os_string().into_string().unwrap();
    let words = ["-c", "import sys; sys.exit('the configuration is missing')"];
    let error = Client::connect(ClientConfig::new("x", Reach::command(program, words))).await.err().unwrap();
    assert!(error.to_string().contains("the configuration is missing"), "{error}");
}
