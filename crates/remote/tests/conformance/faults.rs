//! What goes wrong, goes wrong the same way with every service.

use std::time::Duration;

use futures::StreamExt;
use lavr_model::{CancellationToken, ChatModel, ModelErrorKind, StreamEvent};
use lavr_remote::Dialect;
use lavr_testkit::{Answer, Loopback};
use serde_json::{Value, json};

use crate::{
    scenarios::{question, rules_and_question},
    services::{KEY, ask, config, model, response},
};

/// The answer of the scenario `text`.
fn good(dialect: Dialect) -> Answer {
    Answer::from(&response(dialect, "text"))
}

#[tokio::test]
async fn it_does_not_matter_how_the_network_cuts_a_reply() {
    for dialect in Dialect::ALL {
        let mut replies = Vec::new();
        for piece in [usize::MAX, 11] {
            let answer = good(dialect).in_pieces(piece);
            let server = Loopback::start(move |_, _| answer.clone()).await.unwrap();
            replies.push(ask(&model(config(dialect, &server.address)), question()).await.unwrap());
        }
        assert_eq!(replies[0], replies[1], "{dialect}");
    }
}

#[tokio::test]
async fn a_reply_that_breaks_off_anywhere_is_told_or_whole() {
    for dialect in Dialect::ALL {
        let body = response(dialect, "text").body;
        let places: Vec<usize> = (0..body.len()).step_by(7).collect();
        let cut = places.clone();
        let answer = good(dialect).without_length();
        let server = Loopback::start(move |_, before| answer.clone().cut_after(cut[before])).await.unwrap();
        let model = model(config(dialect, &server.address));
        for place in places {
            match ask(&model, question()).await {
                // All that is missing is what says nothing.
                Ok(reply) => assert_eq!(reply.text, "Grüße, 犬!", "{dialect} cut at {place}"),
                Err(error) => assert!(error.is_transient(), "{dialect} cut at {place}: {error}"),
            }
        }
    }
}

#[tokio::test]
async fn a_service_that_fails_and_one_that_asks_to_wait_are_asked_again() {
    for dialect in Dialect::ALL {
        let answer = good(dialect);
        let server = Loopback::start(move |_, before| match before {
            0 => Answer::new(503, "busy"),
            1 => Answer::json(429, &json!({ "error": { "message": "slow" } })).header("retry-after", "0"),
            _ => answer.clone(),
        });
        let server = server.await.unwrap();
        let reply = ask(&model(config(dialect, &server.address)), question()).await.unwrap();
        assert_eq!(reply.text, "Grüße, 犬!", "{dialect}");
        let requests = server.requests();
        assert_eq!(requests.len(), 3, "{dialect}");
        assert_eq!(requests[0].body, requests[2].body, "{dialect}");
    }
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_handed_to_the_caller() {
    for dialect in Dialect::ALL {
        let refused =
            Answer::json(429, &json!({ "error": { "message": "slow" } })).header("retry-after", "3600");
        let server = Loopback::start(move |_, _| refused.clone()).await.unwrap();
        let error = ask(&model(config(dialect, &server.address)), question()).await.unwrap_err();
        assert_eq!(error.kind, ModelErrorKind::RateLimited, "{dialect}");
        assert_eq!(error.retry_after, Some(Duration::from_secs(3600)), "{dialect}");
        assert_eq!(server.requests().len(), 1, "{dialect}");
    }
}

#[tokio::test]
async fn the_key_goes_where_the_service_wants_it_and_is_never_shown() {
    for dialect in Dialect::ALL {
        let says = format!("the key {KEY} is wrong");
        let refused =
            Answer::json(401, &json!({ "error": { "message": says, "type": "authentication_error" } }));
        let server = Loopback::start(move |_, _| refused.clone()).await.unwrap();
        let model = model(config(dialect, &server.address));
        let error = ask(&model, question()).await.unwrap_err();
        assert_eq!(error.kind, ModelErrorKind::Unauthorized, "{dialect}");
        assert!(error.message.contains("LAVR_API_KEY"), "{dialect}: {error}");
        for shown in [format!("{error:?}"), format!("{model:?}")] {
            assert!(!shown.contains(KEY), "{dialect}: {shown}");
        }
        let request = &server.requests()[0];
        let (header, value) = match dialect {
            Dialect::Anthropic => ("x-api-key", KEY.to_owned()),
            Dialect::Gemini => ("x-goog-api-key", KEY.to_owned()),
            _ => ("authorization", format!("Bearer {KEY}")),
        };
        let with_key: Vec<_> = request.headers.iter().filter(|(_, value)| value.contains(KEY)).collect();
        assert_eq!(with_key, [&(header.to_owned(), value)], "{dialect}");
        assert!(
            !request.path.contains(KEY) && !String::from_utf8_lossy(&request.body).contains(KEY),
            "{dialect}"
        );
    }
}

/// A stream of the dialect with this document after its first one.
fn with_document(dialect: Dialect, document: &Value) -> Answer {
    let mut response = response(dialect, "text");
    let (end, added) = match dialect {
        Dialect::Ollama => ("\n", format!("{document}\n")),
        _ => ("\n\n", format!("data: {document}\n\n")),
    };
    let first = response.body.find(end).unwrap() + end.len();
    response.body.insert_str(first, &added);
    Answer::from(&response)
}

#[tokio::test]
async fn a_failure_in_the_middle_of_a_stream_is_told() {
    for dialect in Dialect::ALL {
        let error = json!({ "message": "overloaded", "type": "overloaded_error", "code": 503 });
        let failure = match dialect {
            Dialect::Anthropic => json!({ "type": "error", "error": error }),
            Dialect::Responses => json!({ "type": "error", "code": "server_error", "message": "overloaded" }),
            Dialect::Ollama => json!({ "error": "overloaded" }),
            _ => json!({ "error": error }),
        };
        let answer = with_document(dialect, &failure);
        let server = Loopback::start(move |_, _| answer.clone()).await.unwrap();
        let error = ask(&model(config(dialect, &server.address)), question()).await.unwrap_err();
        assert!(error.is_transient() && error.message.contains("overloaded"), "{dialect}: {error}");
    }
}

#[tokio::test]
async fn what_a_service_may_add_some_day_is_passed_over() {
    for dialect in Dialect::ALL {
        let unknown = match dialect {
            Dialect::Responses => json!({ "type": "response.new_thing.delta", "delta": [1] }),
            Dialect::Anthropic => json!({ "type": "new_thing", "index": { "a": 1 } }),
            _ => json!({ "new_thing": { "a": [1] }, "object": "news" }),
        };
        let answer = with_document(dialect, &unknown);
        let server = Loopback::start(move |_, _| answer.clone()).await.unwrap();
        let reply = ask(&model(config(dialect, &server.address)), question()).await;
        assert_eq!(reply.unwrap_or_else(|error| panic!("{dialect}: {error}")).text, "Grüße, 犬!");
    }
}

#[tokio::test]
async fn what_is_no_reply_is_an_error_that_shows_its_start_without_the_key() {
    for dialect in Dialect::ALL {
        let page = format!("data: <html>{KEY} Hello\n\n");
        let kind = response(dialect, "text").headers[0].1.clone();
        let server =
            Loopback::start(move |_, _| Answer::new(200, page.clone()).header("content-type", &kind));
        let server = server.await.unwrap();
        let error = ask(&model(config(dialect, &server.address)), question()).await.unwrap_err();
        assert_eq!(error.kind, ModelErrorKind::Protocol, "{dialect}: {error}");
        assert!(error.message.contains("<html>(secret) Hello"), "{dialect}: {error}");
        assert!(error.message.contains("LAVR_PROVIDER"), "{dialect}: {error}");
    }
}

#[tokio::test]
async fn cancelling_ends_a_stream_and_nothing_comes_after() {
    for dialect in Dialect::ALL {
        let body = response(dialect, "text");
        // Enough for the first words, then silence.
        let half = body.body.find("Grüße").unwrap()
            + body.body[body.body.find("Grüße").unwrap()..].find('\n').unwrap()
            + 2;
        let mut first = body.clone();
        first.body.truncate(half);
        let answer = Answer::from(&first).then_hang();
        let server = Loopback::start(move |_, _| answer.clone()).await.unwrap();
        let cancel = CancellationToken::new();
        let model = model(config(dialect, &server.address));
        let mut stream = model.stream(question(), cancel.clone()).await.unwrap();
        let said = stream.next().await.unwrap().unwrap();
        assert_eq!(said, StreamEvent::Text { text: "Grüße, ".into() }, "{dialect}");
        cancel.cancel();
        let error = stream.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind, ModelErrorKind::Cancelled, "{dialect}");
        assert!(stream.next().await.is_none(), "{dialect}");
    }
}

#[tokio::test]
async fn a_temperature_that_the_service_does_not_take_is_left_out_from_then_on() {
    for dialect in Dialect::ALL {
        // Ollama takes any.
        if dialect == Dialect::Ollama {
            continue;
        }
        let answer = good(dialect);
        let server = Loopback::start(move |request, _| {
            if request.json().to_string().contains("temperature") {
                let message = "`temperature` may only be set to 1 for this model";
                return Answer::json(
                    400,
                    &json!({ "error": { "message": message, "type": "invalid_request_error" } }),
                );
            }
            answer.clone()
        });
        let server = server.await.unwrap();
        let model = model(config(dialect, &server.address));
        for _ in 0..2 {
            ask(&model, rules_and_question()).await.unwrap_or_else(|error| panic!("{dialect}: {error}"));
        }
        assert_eq!(server.requests().len(), 3, "{dialect}");
    }
}
