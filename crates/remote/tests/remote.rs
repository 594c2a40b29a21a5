//! The adapter against a service on loopback that misbehaves as real ones do.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

use std::{sync::Arc, time::Duration};

use lavr_model::{
    CancellationToken, ChatModel, FinishReason, Message, ModelError, ModelErrorKind, Part, Reply, Role,
    StreamEvent, TurnRequest, TurnUsage, collect,
};
use lavr_remote::{RemoteConfig, RemoteModel, Retry};
use lavr_testkit::{Answer, Cassette, Loopback, Player, Recorder, Request};
use lavr_types::{EncodedImage, ImageId, ImageSource, ImageSourceError, Size};
use serde_json::{Value, json};

/// A source that has one picture.
struct OnePicture;

fn picture() -> ImageId {
    ImageId::of_pixels(Size::new(1, 1), &[1, 2, 3])
}

impl ImageSource for OnePicture {
    fn encoded(&self, id: ImageId, longest_side: u32) -> Result<EncodedImage, ImageSourceError> {
        if id != picture() {
            return Err(ImageSourceError::Unknown(id));
        }
        let size = Size::new(longest_side, longest_side);
        Ok(EncodedImage { bytes: b"JPEG".to_vec(), media_type: "image/jpeg", size })
    }

    fn size(&self, _: ImageId) -> Result<Size, ImageSourceError> {
        Ok(Size::new(1, 1))
    }
}

fn model_with(address: &str, change: impl FnOnce(&mut RemoteConfig)) -> RemoteModel {
    lavr_remote::forbid_real_requests();
    let mut config = RemoteConfig::new(format!("{address}/v1"), "m").with_key("sk-secret");
    config.retry = Retry { times: 2, first_wait: Duration::from_millis(5), longest: Duration::from_secs(5) };
    change(&mut config);
    RemoteModel::new(config, Arc::new(OnePicture)).unwrap()
}

fn model(server: &Loopback) -> RemoteModel {
    model_with(&server.address, |_| {})
}

async fn server(answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Loopback {
    Loopback::start(answer).await.unwrap()
}

fn question() -> TurnRequest {
    TurnRequest { messages: vec![Message::text(Role::User, "What?")], max_tokens: 20, ..Default::default() }
}

async fn ask(model: &RemoteModel, turn: TurnRequest) -> Result<Reply, ModelError> {
    collect("m", model.stream(turn, CancellationToken::new()).await?).await
}

fn text(text: &str) -> Value {
    json!({ "choices": [{ "index": 0, "delta": { "content": text } }] })
}

fn stop() -> Value {
    json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] })
}

fn usage() -> Value {
    json!({ "choices": [], "usage": { "prompt_tokens": 5, "completion_tokens": 2 } })
}

fn done() -> Value {
    Value::Null
}

/// Events of these chunks; null stands for the last word.
fn streamed(chunks: &[Value]) -> Answer {
    Answer::events(
        chunks.iter().map(|chunk| if chunk.is_null() { "[DONE]".to_owned() } else { chunk.to_string() }),
    )
}

#[tokio::test]
async fn a_text_is_streamed_with_its_usage() {
    let server =
        server(|_, _| streamed(&[text("Grüße, "), text("犬."), stop(), usage(), done()]).in_pieces(7)).await;
    let reply = ask(&model(&server), question()).await.unwrap();
    let expected = Reply {
        text: "Grüße, 犬.".into(),
        reasoning: String::new(),
        calls: Vec::new(),
        tokens: Vec::new(),
        reason: FinishReason::Stop,
        verbatim: None,
        usage: TurnUsage { input_tokens: 5, output_tokens: 2, ..TurnUsage::default() },
    };
    assert_eq!(reply, expected);
    let request = &server.requests()[0];
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!(request.header("authorization"), Some("Bearer sk-secret"));
    assert_eq!(request.json()["stream"], json!(true));
}

#[tokio::test]
async fn events_arrive_before_the_reply_is_over() {
    use futures::StreamExt;
    let server = server(|_, _| streamed(&[text("first")]).then_hang()).await;
    let mut stream = model(&server).stream(question(), CancellationToken::new()).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), StreamEvent::Text { text: "first".into() });
}

#[tokio::test]
async fn an_image_travels_in_its_block_only() {
    let server = server(|_, _| streamed(&[text("a dog"), stop(), done()])).await;
    let mut turn = question();
    turn.messages[0].parts.push(Part::Image { image: picture(), alternative: "a photo".into() });
    ask(&model(&server), turn).await.unwrap();
    let content = server.requests()[0].json()["messages"][0]["content"].clone();
    let url = "data:image/jpeg;base64,SlBFRw==";
    let expected =
        json!([{ "type": "text", "text": "What?" }, { "type": "image_url", "image_url": { "url": url } }]);
    assert_eq!(content, expected);
}

#[tokio::test]
async fn an_unknown_image_is_an_error_and_nothing_is_sent() {
    let server = server(|_, _| streamed(&[done()])).await;
    let mut turn = question();
    let image = ImageId::of_pixels(Size::new(2, 2), &[]);
    turn.messages[0].parts.push(Part::Image { image, alternative: String::new() });
    let error = ask(&model(&server), turn).await.unwrap_err();
    assert_eq!(error.kind, ModelErrorKind::InvalidRequest);
    assert!(error.message.contains(&image.to_string()) && server.requests().is_empty(), "{error}");
}

#[tokio::test]
async fn a_service_that_does_not_stream_is_understood() {
    let body = json!({
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": "whole" }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 1, "completion_tokens": 1 },
    });
    let server = server(move |_, _| Answer::json(200, &body)).await;
    assert_eq!(ask(&model(&server), question()).await.unwrap().text, "whole");
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let server = server(|_, before| match before {
        0 => Answer::new(503, "busy"),
        1 => Answer::new(429, "").header("Retry-After", "0"),
        _ => streamed(&[text("ok"), stop(), done()]),
    })
    .await;
    assert_eq!(ask(&model(&server), question()).await.unwrap().text, "ok");
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[0].body, requests[2].body);
}

#[tokio::test]
async fn tries_come_to_an_end() {
    let server = server(|_, _| Answer::new(500, "")).await;
    let error = ask(&model(&server), question()).await.unwrap_err();
    assert_eq!((error.kind, server.requests().len()), (ModelErrorKind::Transient, 3));
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_handed_to_the_caller() {
    let server = server(|_, _| Answer::new(429, "").header("Retry-After", "3600")).await;
    let error = ask(&model(&server), question()).await.unwrap_err();
    assert_eq!(error.kind, ModelErrorKind::RateLimited);
    assert_eq!((error.retry_after, server.requests().len()), (Some(Duration::from_secs(3600)), 1));
}

#[tokio::test]
async fn the_wait_that_the_service_asks_for_is_kept() {
    let server = server(|_, before| match before {
        0 => Answer::new(429, "").header("retry-after-ms", "300"),
        _ => streamed(&[text("ok"), stop(), done()]),
    })
    .await;
    let asked = std::time::Instant::now();
    ask(&model(&server), question()).await.unwrap();
    // A lower bound holds on any machine, however busy.
    assert!(asked.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_refused_key_is_not_tried_again_and_not_shown() {
    let body = json!({ "error": { "message": "Incorrect API key provided: sk-secret" } });
    let server = server(move |_, _| Answer::json(401, &body)).await;
    let model = model(&server);
    let error = ask(&model, question()).await.unwrap_err();
    assert_eq!((error.kind, server.requests().len()), (ModelErrorKind::Unauthorized, 1));
    assert!(error.message.contains("LAVR_API_KEY"), "{error}");
    for shown in [format!("{error:?}"), format!("{model:?}")] {
        assert!(!shown.contains("sk-secret"), "{shown}");
    }
}

#[tokio::test]
async fn a_parameter_that_the_service_does_not_take_is_left_out_from_then_on() {
    let server = server(|request, _| {
        let body = request.json();
        let refuse = |parameter: &str, message: &str| {
            Answer::json(400, &json!({ "error": { "message": message, "param": parameter } }))
        };
        if body.get("max_tokens").is_some() {
            return refuse("max_tokens", "Unsupported parameter: use 'max_completion_tokens' instead.");
        }
        if body.get("temperature").is_some() {
            return refuse("temperature", "Only the default (1) value is supported.");
        }
        streamed(&[text(&body["max_completion_tokens"].to_string()), stop(), done()])
    })
    .await;
    let model = model(&server);
    assert_eq!(ask(&model, question()).await.unwrap().text, "20");
    ask(&model, question()).await.unwrap();
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn a_reply_that_is_cut_keeps_what_was_said_and_is_an_error() {
    use futures::StreamExt;
    // As the network cuts: a length was announced and not kept; and as a service does: the stream just ends.
    let whole = streamed(&[text("half a"), text(" sentence"), stop(), done()]);
    for answer in [whole.clone().cut_after(80), whole.without_length().cut_after(80)] {
        let server = server(move |_, _| answer.clone()).await;
        let stream = model(&server).stream(question(), CancellationToken::new()).await.unwrap();
        let events: Vec<_> = stream.collect().await;
        let [Ok(StreamEvent::Text { text }), Err(error)] = &events[..] else { panic!("{events:?}") };
        assert_eq!(text, "half a");
        assert!(error.is_transient(), "{error}");
        assert_eq!(server.requests().len(), 1, "what was said once is not asked again");
    }
}

#[tokio::test]
async fn a_stream_may_end_without_its_last_word() {
    let server = server(|_, _| streamed(&[text("ok"), stop()])).await;
    assert_eq!(ask(&model(&server), question()).await.unwrap().text, "ok");
}

#[tokio::test]
async fn what_is_no_json_is_an_error_that_shows_its_start() {
    let server = server(|_, _| Answer::events(["<html>sk-secret Hello"])).await;
    let error = ask(&model(&server), question()).await.unwrap_err();
    assert_eq!(error.kind, ModelErrorKind::Protocol);
    assert!(error.message.contains("<html>(secret) Hello"), "{error}");
}

#[tokio::test]
async fn a_failure_in_the_middle_of_the_stream_is_told() {
    let failure = json!({ "error": { "message": "overloaded", "code": 529 } });
    let server = server(move |_, _| streamed(&[text("a"), failure.clone(), done()])).await;
    let error = ask(&model(&server), question()).await.unwrap_err();
    assert!(error.is_transient() && error.message.contains("overloaded"), "{error}");
}

#[tokio::test]
async fn an_endless_reply_is_stopped() {
    for answer in [streamed(&vec![text("word "); 2000]), Answer::events(["x".repeat(100_000)])] {
        let server = server(move |_, _| answer.clone()).await;
        let model = model_with(&server.address, |config| config.most_bytes = 10_000);
        let error = ask(&model, question()).await.unwrap_err();
        assert_eq!(error.kind, ModelErrorKind::Protocol);
        assert!(error.message.contains("longer than 10000 bytes"), "{error}");
    }
}

#[tokio::test]
async fn a_silent_service_is_given_up() {
    let server = server(|_, _| streamed(&[text("one")]).then_hang()).await;
    let model = model_with(&server.address, |config| config.silence = Duration::from_millis(200));
    let error = ask(&model, question()).await.unwrap_err();
    assert!(error.is_transient() && error.message.contains("silent"), "{error}");
}

#[tokio::test]
async fn a_service_that_is_not_there_is_said_so() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let model = model_with(&format!("http://{free}"), |config| config.retry.times = 0);
    let error = ask(&model, question()).await.unwrap_err();
    assert!(
        error.message.contains("cannot be reached") && error.message.contains("LAVR_BASE_URL"),
        "{error}"
    );
}

#[tokio::test]
async fn cancelling_ends_a_wait_and_a_stream() {
    use futures::StreamExt;
    let hanging = server(|_, _| streamed(&[text("one")]).then_hang()).await;
    let (model, cancel) = (model(&hanging), CancellationToken::new());
    let mut stream = model.stream(question(), cancel.clone()).await.unwrap();
    stream.next().await.unwrap().unwrap();
    cancel.cancel();
    assert_eq!(stream.next().await.unwrap().unwrap_err().kind, ModelErrorKind::Cancelled);
    assert!(stream.next().await.is_none());

    let busy = server(|_, _| Answer::new(429, "").header("Retry-After", "4")).await;
    let (model, cancel) = (model_with(&busy.address, |_| {}), CancellationToken::new());
    let asking = model.stream(question(), cancel.clone());
    let cancelling = async {
        while busy.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    };
    let (outcome, ()) = tokio::join!(asking, cancelling);
    assert_eq!(outcome.err().unwrap().kind, ModelErrorKind::Cancelled);
}

#[test]
fn real_services_are_out_of_reach_of_tests() {
    lavr_remote::forbid_real_requests();
    let config = RemoteConfig::new("https://service.example/v1", "m");
    let error = RemoteModel::new(config, Arc::new(OnePicture)).unwrap_err();
    assert!(error.message.contains("forbidden"), "{error}");
    let error = RemoteModel::new(RemoteConfig::new("localhost:8080", "m"), Arc::new(OnePicture)).unwrap_err();
    assert!(error.message.contains("http://localhost:8080/v1"), "{error}");
}

#[tokio::test]
async fn what_a_recorder_heard_a_player_repeats() {
    let service = server(|_, _| streamed(&[text("on tape"), stop(), usage(), done()])).await;
    let recorder = Recorder::start(&service.address).await.unwrap();
    let first = ask(&model_with(recorder.address(), |_| {}), question()).await.unwrap();
    let directory = std::env::temp_dir().join(format!("lavr-cassette-{}.json", std::process::id()));
    recorder.finish().save(&directory).unwrap();

    let cassette = Cassette::load(&directory).unwrap();
    std::fs::remove_file(&directory).unwrap();
    assert!(!serde_json::to_string(&cassette).unwrap().contains("sk-secret"));
    let player = Player::start(cassette.clone()).await.unwrap();
    assert_eq!(ask(&model_with(player.address(), |_| {}), question()).await.unwrap(), first);
    player.finish().unwrap();

    // Another question than the recorded one is a fault that shows both.
    let player = Player::start(cassette).await.unwrap();
    let other = TurnRequest { messages: vec![Message::text(Role::User, "Else?")], ..Default::default() };
    ask(&model_with(player.address(), |_| {}), other).await.unwrap_err();
    let fault = player.finish().unwrap_err().to_string();
    assert!(fault.contains("What?") && fault.contains("Else?"), "{fault}");
}
