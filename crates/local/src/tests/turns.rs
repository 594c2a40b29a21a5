//! Turns put to a tiny model: what it says makes no sense, how it says it must be right.

use std::path::{Path, PathBuf};

use futures::{StreamExt as _, executor::block_on};
use lavr_model::{
    CancellationToken, ChatModel as _, FinishReason, Message, ModelError, ModelErrorKind, Reply,
    ResponseFormat, Role, Sampling, TurnRequest, collect,
};
use serde_json::{Value, json};

use super::tiny::Tiny;
use crate::{LoadError, LocalModel, LocalOptions};

struct Home {
    directory: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        let home = Self { directory: tempfile::tempdir().unwrap() };
        Tiny::QWEN.write(&home.path());
        home
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("tiny.gguf")
    }

    fn snapshots(&self) -> PathBuf {
        self.directory.path().join("kv")
    }

    fn model(&self) -> LocalModel {
        let options = LocalOptions { threads: 2, context_tokens: 1024, ..LocalOptions::default() };
        LocalModel::load(self.path(), options).unwrap()
    }

    fn model_with_snapshots(&self) -> LocalModel {
        let options =
            LocalOptions { threads: 1, snapshots: Some(self.snapshots()), ..LocalOptions::default() };
        LocalModel::load(self.path(), options).unwrap()
    }
}

fn request(texts: &[&str]) -> TurnRequest {
    let role = |index| if index % 2 == 0 { Role::User } else { Role::Assistant };
    TurnRequest {
        messages: texts.iter().enumerate().map(|(index, text)| Message::text(role(index), *text)).collect(),
        max_tokens: 24,
        ..TurnRequest::default()
    }
}

fn ask(model: &LocalModel, request: TurnRequest) -> Result<Reply, ModelError> {
    block_on(async { collect("tiny", model.stream(request, CancellationToken::new()).await?).await })
}

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "thought": {"type": "string", "maxLength": 8},
            "tool": {"enum": ["detect", "read_text"]},
            "count": {"type": "integer", "minimum": 0, "maximum": 99},
        },
        "required": ["thought", "tool", "count"],
        "additionalProperties": false,
    })
}

fn with_schema(texts: &[&str], most: usize) -> TurnRequest {
    let format = ResponseFormat::Schema { name: "step".into(), schema: schema() };
    TurnRequest { format, max_tokens: most, ..request(texts) }
}

#[test]
fn the_same_question_has_the_same_answer_and_another_seed_another() {
    let model = Home::new().model();
    let greedy = ask(&model, request(&["hello"])).unwrap();
    assert_eq!(greedy.text, ask(&model, request(&["hello"])).unwrap().text);
    let drawn = |seed| {
        let sampling = Sampling { temperature: 1.0, seed };
        ask(&model, TurnRequest { sampling, ..request(&["hello"]) }).unwrap().text
    };
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
}

#[test]
fn every_byte_of_a_reply_has_a_token_with_its_probability() {
    let model = Home::new().model();
    for reply in [ask(&model, request(&["hello"])).unwrap(), ask(&model, with_schema(&["go"], 200)).unwrap()]
    {
        let mut end = 0;
        for token in &reply.tokens {
            assert_eq!(token.span.start, end);
            end = token.span.end;
            assert!(reply.text.is_char_boundary(end) && token.log_probability <= 1e-5, "{token:?}");
        }
        assert_eq!(end, reply.text.len());
        assert!(reply.tokens.len() as u64 <= reply.usage.output_tokens);
        assert!(reply.tokens.iter().any(|token| token.log_probability < -0.01), "it has had a choice");
    }
}

#[test]
fn what_stands_from_the_turn_before_is_not_computed_again() {
    let home = Home::new();
    let model = home.model();
    let first = ask(&model, request(&["hello there, a long first question"])).unwrap();
    assert_eq!(first.usage.cached_tokens, 0);
    let texts = ["hello there, a long first question", "short", "and now?"];
    let second = ask(&model, request(&texts)).unwrap();
    // All but what opened the reply, which is now followed by another text.
    assert!(second.usage.cached_tokens >= first.usage.input_tokens, "{:?} {:?}", first.usage, second.usage);
    assert!(second.usage.cached_tokens < second.usage.input_tokens);
    let cold = ask(&home.model(), request(&texts)).unwrap();
    assert_eq!((cold.text, cold.usage.cached_tokens), (second.text, 0));
}

#[test]
fn a_stable_prefix_outlives_the_program() {
    let home = Home::new();
    let question =
        |text| TurnRequest { stable_messages: 2, ..request(&["the rules are these", "yes", text]) };
    let first = ask(&home.model_with_snapshots(), question("one?")).unwrap();
    assert_eq!(first.usage.cached_tokens, 0);
    let kept: Vec<_> = std::fs::read_dir(home.snapshots()).unwrap().collect();
    assert_eq!(kept.len(), 1);
    let second = ask(&home.model_with_snapshots(), question("two?")).unwrap();
    assert!(second.usage.cached_tokens > 20, "{:?}", second.usage);
    // A short prefix may be summed up in another order when it is computed in one go, never in another sense.
    let cold = ask(&home.model(), question("two?")).unwrap();
    assert_eq!((second.usage.input_tokens, second.text), (cold.usage.input_tokens, cold.text));

    let path = kept[0].as_ref().unwrap().path();
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 64;
    std::fs::write(&path, bytes).unwrap();
    let third = ask(&home.model_with_snapshots(), question("three?")).unwrap();
    assert_eq!(third.usage.cached_tokens, 0, "a damaged snapshot is not used");
}

#[test]
fn a_reply_under_a_schema_is_a_document_that_fits() {
    let model = Home::new().model();
    for seed in 0..5 {
        let sampling = Sampling { temperature: 1.5, seed };
        let reply = ask(&model, TurnRequest { sampling, ..with_schema(&["hello"], 400) }).unwrap();
        assert_eq!(reply.reason, FinishReason::Stop, "{}", reply.text);
        let document: Value = serde_json::from_str(&reply.text).unwrap();
        assert!(document["thought"].as_str().unwrap().chars().count() <= 8);
        assert!(["detect", "read_text"].contains(&document["tool"].as_str().unwrap()));
        assert!(document["count"].as_u64().unwrap() < 100);
        assert_eq!(document.as_object().unwrap().len(), 3);
    }
}

#[test]
fn a_reply_that_is_cut_off_says_so() {
    let model = Home::new().model();
    for most in [1, 5, 12] {
        let reply = ask(&model, with_schema(&["hello"], most)).unwrap();
        assert_eq!((reply.reason, reply.usage.output_tokens), (FinishReason::Length, most as u64));
        assert!(r#"{"thought": ""#.starts_with(&reply.text[..reply.text.len().min(13)]), "{}", reply.text);
    }
}

#[test]
fn names_of_control_tokens_in_a_message_are_only_text() {
    let model = Home::new().model();
    let spoken = ask(&model, request(&["<|im_end|>"])).unwrap();
    let letters = ask(&model, request(&["<|im_xyz|>"])).unwrap();
    assert_eq!(spoken.usage.input_tokens, letters.usage.input_tokens);
}

#[test]
fn what_cannot_be_asked_is_refused_with_a_hint() {
    let model = Home::new().model();
    let refused = |request| {
        let error = ask(&model, request).unwrap_err();
        assert_eq!(error.kind, ModelErrorKind::InvalidRequest, "{error}");
        error.message
    };
    assert!(refused(TurnRequest { max_tokens: 0, ..request(&["a"]) }).contains("max_tokens"));
    assert!(refused(request(&[])).contains("no messages"));
    assert!(refused(request(&["word ".repeat(1000).as_str()])).contains("context_tokens"));
    let format = ResponseFormat::Schema { name: "odd".into(), schema: json!({"type": "fish"}) };
    assert!(refused(TurnRequest { format, ..request(&["a"]) }).contains("`odd`"));
    assert!(ask(&model, request(&["still alive"])).is_ok());
}

#[test]
fn a_cancelled_turn_ends_and_the_next_one_is_right() {
    let home = Home::new();
    let model = home.model();
    let cancel = CancellationToken::new();
    cancel.cancel();
    let stopped =
        block_on(async { collect("tiny", model.stream(request(&["a"]), cancel).await.unwrap()).await });
    assert_eq!(stopped.unwrap_err().kind, ModelErrorKind::Cancelled);
    // Somebody who leaves in the middle of a reply.
    let long = TurnRequest { max_tokens: 900, ..request(&["hello"]) };
    block_on(async {
        let mut stream = model.stream(long, CancellationToken::new()).await.unwrap();
        stream.next().await.unwrap().unwrap();
    });
    let after = ask(&model, request(&["a question"])).unwrap();
    assert_eq!(after.text, ask(&home.model(), request(&["a question"])).unwrap().text);
}

#[test]
fn turns_asked_at_once_are_answered_one_after_the_other() {
    let model = Home::new().model();
    let alone = ask(&model, request(&["one"])).unwrap().text;
    let all = block_on(async {
        let turns = ["one", "two", "one"].map(|text| async {
            let stream = model.stream(request(&[text]), CancellationToken::new()).await.unwrap();
            collect("tiny", stream).await.unwrap().text
        });
        futures::future::join_all(turns).await
    });
    assert_eq!((&all[0], &all[2]), (&alone, &alone));
}

#[test]
fn a_file_that_is_no_model_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let load = |path: &Path| LocalModel::load(path, LocalOptions::default()).unwrap_err();
    assert!(matches!(load(&directory.path().join("missing.gguf")), LoadError::Read { .. }));
    assert!(matches!(load(directory.path()), LoadError::Read { .. }));
    let path = directory.path().join("text.gguf");
    std::fs::write(&path, "not a model").unwrap();
    assert!(load(&path).to_string().contains("does not begin with the letters GGUF"));
    std::fs::write(&path, "").unwrap();
    assert!(load(&path).to_string().contains("empty"));
    Tiny { architecture: "mamba", ..Tiny::QWEN }.write(&path);
    assert!(matches!(load(&path), LoadError::Unsupported { .. }));
}
