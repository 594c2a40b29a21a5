//! The dialects that llama.cpp's own server speaks (chat completions, responses, messages), against that server with a real
//! model.
//!
//! The server comes out of a Python package that has it built in, into a virtual environment of the target folder; the
//! model (135 million parameters, too small to say anything clever) out of the catalogue. Ollama's server and Gemini's are
//! in no package registry: their dialects are tested on cassettes alone (`conformance`).
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use futures::StreamExt;
use lavr_model::{
    CancellationToken, ChatModel, FinishReason, Message, ModelError, ModelErrorKind, Part, Reply,
    ResponseFormat, Role, StreamEvent, ToolDeclaration, TurnRequest, collect,
};
use lavr_remote::{Dialect, RemoteConfig, RemoteModel};
use lavr_types::{CallId, EncodedImage, ImageId, ImageSource, ImageSourceError, Size};
use serde_json::{Value, json};

const SPOKEN: [Dialect; 3] = [Dialect::ChatCompletions, Dialect::Responses, Dialect::Anthropic];

/// The package, its version, and what pip must find in it.
const REQUIREMENT: &str = "xllamacpp==2026.10.11549 \
    --hash=sha256:c54e7d13520ecc989c63dc99d55de3065e2f343a91f43f053d16b5e62077c261\n";

/// Serves until its standard input ends.
const SCRIPT: &str = r#"
import sys, xllamacpp
params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.hostnames = ["127.0.0.1"]
params.port = 0
params.n_ctx = 1024
params.n_parallel = 1
# Threads that wait for each other spin: on a busy machine, one is faster than two.
params.cpuparams.n_threads = 1
params.cpuparams_batch.n_threads = 1
params.use_jinja = True
params.warmup = False
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"#;

struct LlamaServer {
    process: Child,
    address: String,
}

impl Drop for LlamaServer {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The environment's Python, with the server in it. Made whole beside its place and then renamed, so that what is there is
/// whole.
fn python() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("llama-server-2026.10.11549");
    let python = folder.join("bin/python");
    let done = folder.join("done");
    if !done.exists() {
        _ = fs::remove_dir_all(&folder);
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        let requirements = folder.join("requirements.txt");
        fs::write(&requirements, REQUIREMENT).unwrap();
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        run(pip.args(["--only-binary", ":all:", "--require-hashes", "--requirement"]).arg(&requirements));
        fs::write(&done, "").unwrap();
    }
    python
}

async fn start() -> LlamaServer {
    let store = lavr_weights::Store::open_default().unwrap();
    let model = store.only_file("smollm2-135m-instruct").await.unwrap();
    let mut process = Command::new(python())
        .args(["-c", SCRIPT])
        .arg(model)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let address = lines.find_map(|line| line.ok().filter(|line| line.starts_with("http")));
    LlamaServer { process, address: address.unwrap_or_else(|| panic!("the server did not start")) }
}

/// The model has no eyes: there are no pictures.
struct NoPictures;

impl ImageSource for NoPictures {
    fn encoded(&self, id: ImageId, _: u32) -> Result<EncodedImage, ImageSourceError> {
        Err(ImageSourceError::Unknown(id))
    }

    fn size(&self, id: ImageId) -> Result<Size, ImageSourceError> {
        Err(ImageSourceError::Unknown(id))
    }
}

fn model(dialect: Dialect, server: &LlamaServer) -> RemoteModel {
    lavr_remote::forbid_real_requests();
    let mut config = RemoteConfig::speaking(dialect, format!("{}/v1", server.address), "smollm2");
    config.images = false;
    config.thought_tokens = 0;
    RemoteModel::new(config, Arc::new(NoPictures)).unwrap()
}

async fn ask(model: &RemoteModel, turn: TurnRequest) -> Result<Reply, ModelError> {
    collect("smollm2", model.stream(turn, CancellationToken::new()).await?).await
}

fn question(text: &str) -> TurnRequest {
    let messages = vec![Message::text(Role::System, "You are brief."), Message::text(Role::User, text)];
    TurnRequest { messages, max_tokens: 24, ..TurnRequest::default() }
}

/// One test, one server: starting it is what costs.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_server_is_understood_in_each_dialect_that_it_speaks() {
    let server = start().await;
    let mut texts = Vec::new();
    for dialect in SPOKEN {
        let model = model(dialect, &server);
        texts.push(streams_and_counts(&model, dialect).await);
        stops_at_the_limit(&model, dialect).await;
        goes_on_after_calls_and_results(&model, dialect).await;
        stops_when_cancelled(&model, dialect).await;
        refuses_what_is_too_long(&model, dialect).await;
    }
    assert!(texts.iter().all(|text| *text == texts[0]), "the same model, the same words: {texts:?}");
    holds_a_reply_to_its_schema(&model(Dialect::ChatCompletions, &server)).await;
}

async fn streams_and_counts(model: &RemoteModel, dialect: Dialect) -> String {
    let turn = question("What is the capital of France?");
    let stream = model.stream(turn.clone(), CancellationToken::new()).await.unwrap();
    let events: Vec<_> = stream.map(Result::unwrap).collect().await;
    let pieces = events.iter().filter(|event| matches!(event, StreamEvent::Text { .. })).count();
    assert!(pieces > 3, "{dialect}: {events:?}");

    let again = ask(model, turn).await.unwrap();
    let usage = again.usage;
    assert!(usage.input_tokens > 10 && usage.output_tokens > 3, "{dialect}: {usage:?}");
    // The second time, the server has the prompt in its cache.
    assert!(usage.cached_tokens > 0 && usage.cached_tokens <= usage.input_tokens, "{dialect}: {usage:?}");
    again.text
}

async fn stops_at_the_limit(model: &RemoteModel, dialect: Dialect) {
    let turn = TurnRequest { max_tokens: 16, ..question("What is the capital of France?") };
    let reply = ask(model, turn).await.unwrap();
    assert_eq!(reply.usage.output_tokens, 16, "{dialect}: {reply:?}");
    // This server's responses do not say that they were cut.
    if dialect != Dialect::Responses {
        assert_eq!(reply.reason, FinishReason::Length, "{dialect}: {reply:?}");
    }
}

/// The server puts calls and results into the model's template: it takes them.
async fn goes_on_after_calls_and_results(model: &RemoteModel, dialect: Dialect) {
    let id = CallId("call_1".into());
    let mut turn = question("How many dogs are there?");
    turn.tools = vec![ToolDeclaration {
        name: "detect".into(),
        description: "Finds things.".into(),
        arguments: json!({
            "type": "object",
            "properties": { "labels": { "type": "array", "items": { "type": "string" } } },
            "required": ["labels"],
        }),
    }];
    let call = lavr_types::ToolCall {
        id: id.clone(),
        tool: "detect".into(),
        arguments: json!({ "labels": ["dog"] }),
    };
    turn.messages.extend([
        Message { role: Role::Assistant, parts: vec![Part::ToolCall { call }] },
        Message {
            role: Role::Tool,
            parts: vec![Part::ToolResult { call: id, value: json!("two dogs"), failed: false }],
        },
    ]);
    let reply = ask(model, turn).await.unwrap_or_else(|error| panic!("{dialect}: {error}"));
    assert!(!reply.text.is_empty() || !reply.calls.is_empty(), "{dialect}: {reply:?}");
}

async fn stops_when_cancelled(model: &RemoteModel, dialect: Dialect) {
    let cancel = CancellationToken::new();
    let turn = TurnRequest { max_tokens: 400, ..question("Tell me a long story.") };
    let mut stream = model.stream(turn, cancel.clone()).await.unwrap();
    stream.next().await.unwrap().unwrap();
    cancel.cancel();
    let error = loop {
        match stream.next().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => break error,
            None => panic!("{dialect}: the story came to its end"),
        }
    };
    assert_eq!(error.kind, ModelErrorKind::Cancelled, "{dialect}: {error}");
}

async fn refuses_what_is_too_long(model: &RemoteModel, dialect: Dialect) {
    let error = ask(model, question(&"word ".repeat(3000))).await.unwrap_err();
    assert_eq!(error.kind, ModelErrorKind::InvalidRequest, "{dialect}: {error}");
    assert!(error.message.contains("longer than the model can take"), "{dialect}: {error}");
}

async fn holds_a_reply_to_its_schema(model: &RemoteModel) {
    let schema = json!({
        "type": "object",
        "properties": { "animal": { "enum": ["dog", "cat"] }, "count": { "type": "integer" } },
        "required": ["animal", "count"],
        "additionalProperties": false,
    });
    let format = ResponseFormat::Schema { name: "seen".into(), schema };
    let reply = ask(model, TurnRequest { format, max_tokens: 60, ..question("Two dogs.") }).await.unwrap();
    let value: Value = serde_json::from_str(&reply.text).unwrap_or_else(|_| panic!("{reply:?}"));
    assert!(value["animal"].is_string() && value["count"].is_i64(), "{reply:?}");
}
