//! What is said and heard, service by service.

use lavr_model::{FinishReason, Reply, TurnUsage};
use lavr_remote::Dialect;
use lavr_testkit::Loopback;
use serde_json::json;

use crate::{
    scenarios::{
        question, question_with_schema, question_with_tools, results_of, rules_and_question, schema,
    },
    services::{ask, config, model, played, response},
};

/// Tokens read, those of them that were in a cache, and written; Ollama tells of no cache.
fn usage(dialect: Dialect, read: u64, cached: u64, written: u64) -> TurnUsage {
    let cached = if dialect == Dialect::Ollama { 0 } else { cached };
    TurnUsage { input_tokens: read, cached_tokens: cached, output_tokens: written, ..TurnUsage::default() }
}

#[tokio::test]
async fn a_text_is_streamed_with_its_usage() {
    for dialect in Dialect::ALL {
        let reply = played(dialect, "text", rules_and_question()).await;
        let mut expected = Reply {
            text: "Grüße, 犬!".into(),
            reasoning: String::new(),
            calls: Vec::new(),
            tokens: Vec::new(),
            verbatim: None,
            reason: FinishReason::Stop,
            usage: usage(dialect, 12, 4, 3),
        };
        // Its cassette has tokens that went into the cache.
        if dialect == Dialect::Anthropic {
            expected.usage.cache_written_tokens = 2;
        }
        assert_eq!(reply, expected, "{dialect}");
    }
}

#[tokio::test]
async fn calls_side_by_side_are_whole_and_in_order() {
    for dialect in Dialect::ALL {
        let reply = played(dialect, "calls", question_with_tools()).await;
        let calls: Vec<_> =
            reply.calls.iter().map(|call| (call.tool.as_str(), call.arguments.clone())).collect();
        let expected = [("detect", json!({ "labels": ["dog"] })), ("crop", json!({ "x": 1 }))];
        assert_eq!(calls, expected, "{dialect}");
        assert_ne!(reply.calls[0].id, reply.calls[1].id, "{dialect}");
        assert_eq!((reply.reason, reply.text.as_str()), (FinishReason::ToolCalls, ""), "{dialect}");
        assert_eq!((reply.usage.input_tokens, reply.usage.output_tokens), (30, 9), "{dialect}");
        // Chat completions tell no thoughts; the others sign them, and want them back.
        let thinks = dialect != Dialect::ChatCompletions;
        assert_eq!(reply.reasoning, if thinks { "I look." } else { "" }, "{dialect}");
        assert_eq!(reply.verbatim.is_some(), thinks, "{dialect}");
    }
}

#[tokio::test]
async fn results_go_back_with_their_pictures_and_what_the_service_wants_back() {
    for dialect in Dialect::ALL {
        let called = played(dialect, "calls", question_with_tools()).await;
        let reply = played(dialect, "results", results_of(&called)).await;
        assert_eq!((reply.text.as_str(), reply.reason), ("One dog.", FinishReason::Stop), "{dialect}");
        assert_eq!(reply.usage, usage(dialect, 50, 30, 4), "{dialect}");
    }
}

#[tokio::test]
async fn what_one_service_wants_back_is_nothing_to_another() {
    for dialect in Dialect::ALL {
        for other in Dialect::ALL.into_iter().filter(|other| *other != dialect) {
            let called = played(other, "calls", question_with_tools()).await;
            let body = response(dialect, "results");
            let server = Loopback::start(move |_, _| lavr_testkit::Answer::from(&body)).await.unwrap();
            let reply = ask(&model(config(dialect, &server.address)), results_of(&called)).await.unwrap();
            assert_eq!(reply.text, "One dog.");
            let asked = String::from_utf8(server.requests()[0].body.clone()).unwrap();
            assert!(!asked.contains("opaque"), "{other} to {dialect}: {asked}");
            // The calls are told in the dialect's own words.
            assert!(asked.contains("detect") && asked.contains("labels"), "{other} to {dialect}: {asked}");
        }
    }
}

#[tokio::test]
async fn a_reply_is_held_to_its_schema_in_the_subset_that_the_service_knows() {
    for dialect in Dialect::ALL {
        let reply = played(dialect, "schema", question_with_schema()).await;
        assert_eq!(reply.text, r#"{"answer":"a dog"}"#, "{dialect}");
    }
}

#[tokio::test]
async fn a_schema_that_the_service_does_not_know_is_an_error_with_its_place_or_a_hint() {
    use lavr_model::{ModelErrorKind, ResponseFormat};
    use lavr_remote::SchemaMode;
    for dialect in Dialect::ALL {
        let body = response(dialect, "schema");
        let server = Loopback::start(move |_, _| lavr_testkit::Answer::from(&body)).await.unwrap();
        let mut turn = question_with_schema();
        let mut odd = schema();
        odd["properties"]["score"] = json!({ "not": { "type": "string" } });
        turn.format = ResponseFormat::Schema { name: "step".into(), schema: odd };
        ask(&model(config(dialect, &server.address)), turn.clone()).await.unwrap();
        // Ollama makes a grammar of any schema.
        if dialect == Dialect::Ollama {
            continue;
        }
        let mut config = config(dialect, &server.address);
        config.schema = SchemaMode::Strict;
        let error = ask(&model(config), turn).await.unwrap_err();
        assert_eq!(error.kind, ModelErrorKind::InvalidRequest, "{dialect}");
        assert!(
            error.message.contains("step: ") && error.message.contains("/properties/score/not"),
            "{error}"
        );
        assert_eq!(server.requests().len(), 1, "{dialect}");
    }
}

#[tokio::test]
async fn a_refusal_is_told_as_withheld() {
    for dialect in Dialect::ALL {
        // Ollama knows none.
        if dialect == Dialect::Ollama {
            continue;
        }
        let reply = played(dialect, "refusal", question()).await;
        assert_eq!(reply.reason, FinishReason::Filtered, "{dialect}");
        // Gemini blocks without a word.
        let said = if dialect == Dialect::Gemini { "" } else { "I can't help." };
        assert_eq!(reply.text, said, "{dialect}");
        assert_eq!(reply.usage.input_tokens, 5, "{dialect}");
    }
}
