//! However the bytes of a reply are cut on their way, the events are the same: for each dialect, and each reply of its
//! cassette.

use std::collections::VecDeque;

use lavr_model::StreamEvent;
use proptest::{prelude::*, sample::Index};
use serde_json::Value;

use crate::{
    Dialect,
    dialect::{Fault, Progress},
    frames::Frames,
};

/// The replies of a dialect's cassette: content type and body.
fn replies(dialect: Dialect) -> Vec<(String, String)> {
    let text = match dialect {
        Dialect::ChatCompletions => include_str!("../tests/cassettes/openai.json"),
        Dialect::Responses => include_str!("../tests/cassettes/openai-responses.json"),
        Dialect::Anthropic => include_str!("../tests/cassettes/anthropic.json"),
        Dialect::Gemini => include_str!("../tests/cassettes/gemini.json"),
        Dialect::Ollama => include_str!("../tests/cassettes/ollama.json"),
    };
    let file: Value = serde_json::from_str(text).unwrap();
    let tapes = file["tapes"].as_object().unwrap().values();
    let exchanges = tapes.flat_map(|tape| tape["exchanges"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    exchanges
        .map(|exchange| &exchange["response"])
        .map(|response| (text(&response["headers"][0][1]), text(&response["body"])))
        .collect()
}

fn events(dialect: Dialect, kind: &str, pieces: &[&[u8]]) -> Vec<StreamEvent> {
    let (mut frames, mut assembler) = (Frames::new(dialect.framing(), kind), dialect.assembler());
    let mut events = VecDeque::new();
    let mut documents: Vec<_> = pieces.iter().flat_map(|piece| frames.push(piece)).collect();
    documents.extend(frames.finish());
    for document in documents {
        let document = document.trim_ascii();
        if document.is_empty() {
            continue;
        }
        match assembler.push(document, &mut events) {
            Ok(Progress::More) => {}
            Ok(Progress::Complete) => break,
            Err(Fault::Form(error)) => panic!("{dialect}: {error}"),
            Err(Fault::Told(told)) => panic!("{dialect}: {told:?}"),
        }
    }
    events.extend(assembler.finish().unwrap());
    events.into()
}

#[test]
fn a_byte_at_a_time_is_as_good_as_all_at_once() {
    for dialect in Dialect::ALL {
        for (kind, body) in replies(dialect) {
            let bytes: Vec<_> = body.as_bytes().chunks(1).collect();
            assert_eq!(
                events(dialect, &kind, &bytes),
                events(dialect, &kind, &[body.as_bytes()]),
                "{dialect}"
            );
        }
    }
}

proptest! {
    #[test]
    fn any_cuts_give_the_same_events(
        dialect in proptest::sample::select(Dialect::ALL.to_vec()),
        reply: Index,
        cuts in proptest::collection::vec(any::<Index>(), 0..8),
    ) {
        let replies = replies(dialect);
        let (kind, body) = reply.get(&replies);
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
        places.extend([0, body.len()]);
        places.sort_unstable();
        let pieces: Vec<&[u8]> = places.windows(2).map(|pair| &body.as_bytes()[pair[0]..pair[1]]).collect();
        prop_assert_eq!(events(dialect, kind, &pieces), events(dialect, kind, &[body.as_bytes()]));
    }
}
