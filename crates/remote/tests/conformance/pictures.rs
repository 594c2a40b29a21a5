//! How pictures travel: in blocks of their own, each once, shrunk, never as text; and what stands for those that do not.

use base64::{Engine, engine::general_purpose::STANDARD};
use lavr_model::{Message, Role};
use lavr_remote::Dialect;
use lavr_testkit::{Answer, Loopback};
use serde_json::Value;

use crate::{
    scenarios::{picture, question, question_with_tools, results_of, text},
    services::{ask, config, image, model, played, response},
};

/// All texts of a request, wherever they stand.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, found)),
        _ => {}
    }
}

/// How often the picture of this number is in a request, and at which longest side.
fn copies(body: &Value, number: u32) -> Vec<u32> {
    let mut found = Vec::new();
    texts(body, &mut found);
    let start = format!("picture {number} at ");
    let decoded = found.iter().filter_map(|text| {
        let base64 = text.rsplit_once(";base64,").map_or(text.as_str(), |(_, base64)| base64);
        String::from_utf8(STANDARD.decode(base64).ok()?).ok()
    });
    decoded.filter_map(|text| text.strip_prefix(&start)?.parse().ok()).collect()
}

async fn asked(
    dialect: Dialect,
    turn: lavr_model::TurnRequest,
    change: impl FnOnce(&mut lavr_remote::RemoteConfig),
) -> Value {
    let body = response(dialect, "text");
    let server = Loopback::start(move |_, _| Answer::from(&body)).await.unwrap();
    let mut config = config(dialect, &server.address);
    change(&mut config);
    ask(&model(config), turn).await.unwrap();
    server.requests()[0].json()
}

#[tokio::test]
async fn each_picture_is_sent_once_however_often_it_is_shown() {
    for dialect in Dialect::ALL {
        let called = played(dialect, "calls", question_with_tools()).await;
        let mut turn = results_of(&called);
        for _ in 0..3 {
            turn.messages
                .push(Message { role: Role::User, parts: vec![text("Again:"), picture(1), picture(2)] });
        }
        let body = asked(dialect, turn, |_| ()).await;
        assert_eq!((copies(&body, 1).len(), copies(&body, 2).len()), (1, 1), "{dialect}: {body}");
    }
}

#[tokio::test]
async fn pictures_are_shrunk_to_what_the_service_takes() {
    for dialect in Dialect::ALL {
        let mut turn = question();
        turn.messages[0].parts.push(picture(1));
        let side = if dialect == Dialect::Anthropic { 1092 } else { 1024 };
        assert_eq!(copies(&asked(dialect, turn.clone(), |_| ()).await, 1), [side], "{dialect}");
        let smaller = asked(dialect, turn.clone(), |config| config.longest_side = 300).await;
        assert_eq!(copies(&smaller, 1), [300], "{dialect}");
        // A turn may ask for less than the service takes, never for more.
        for (wanted, sent) in [(200, 200), (9000, side)] {
            let turn = lavr_model::TurnRequest { longest_side: Some(wanted), ..turn.clone() };
            assert_eq!(copies(&asked(dialect, turn, |_| ()).await, 1), [sent], "{dialect}");
        }
    }
}

#[tokio::test]
async fn of_too_many_pictures_the_latest_are_shown_and_the_others_told() {
    for dialect in Dialect::ALL {
        let mut turn = question();
        turn.messages[0].parts.extend((1..=5).map(picture));
        let body = asked(dialect, turn, |config| config.max_images = 2).await;
        for number in 1..=5 {
            let shown = number > 3;
            assert_eq!(copies(&body, number).len(), usize::from(shown), "{dialect}, picture {number}");
            let told = format!("[image {}, not shown: picture {number}]", image(number));
            assert_eq!(body.to_string().contains(&told), !shown, "{dialect}, picture {number}: {body}");
        }
    }
}

#[tokio::test]
async fn a_model_without_eyes_is_told_what_it_does_not_see() {
    for dialect in Dialect::ALL {
        let called = played(dialect, "calls", question_with_tools()).await;
        let body = asked(dialect, results_of(&called), |config| config.images = false).await;
        assert_eq!((copies(&body, 1).len(), copies(&body, 2).len()), (0, 0), "{dialect}: {body}");
        for number in [1, 2] {
            let told = format!("[image {}, not shown: picture {number}]", image(number));
            assert!(body.to_string().contains(&told), "{dialect}: {body}");
        }
    }
}

#[tokio::test]
async fn pictures_in_results_stand_where_the_service_takes_them() {
    for dialect in Dialect::ALL {
        let called = played(dialect, "calls", question_with_tools()).await;
        for within in [false, true] {
            let body =
                asked(dialect, results_of(&called), |config| config.images_in_tool_results = within).await;
            assert_eq!(copies(&body, 2).len(), 1, "{dialect}");
            assert_eq!(body.to_string().contains("Images of "), !within, "{dialect}: {body}");
        }
    }
}
