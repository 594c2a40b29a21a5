//! Planners that loop, lie, flood and break off: each run is stopped within its limits, and answers from what was seen.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::sync::Arc;

use lavr_agent::{Agent, Limits};
use lavr_image::{ImageStore, RgbImage};
use lavr_testkit::{OneDog, ScriptedModel, ScriptedReply};
use lavr_tool::{CancellationToken, Dispatcher, Registry};
use lavr_types::{Answer, CallId, FailureKind, ImageId, ToolCall};
use serde_json::{Value, json};

const LIMITS: Limits = Limits { steps: 4, calls: 8, misunderstandings: 2, ..DEFAULT };
const DEFAULT: Limits = Limits {
    steps: 6,
    calls: 16,
    calls_per_step: 4,
    misunderstandings: 2,
    time: std::time::Duration::from_secs(300),
    reply_tokens: 400,
};

type Say = Box<dyn Fn(usize) -> ScriptedReply + Send>;

/// Runs a planner that always says the same, or what it says to its n-th request. Gives the answer and how often it was
/// asked.
async fn run(native: bool, say: impl Fn(usize) -> ScriptedReply + Send + 'static) -> (Answer, usize) {
    let images = Arc::new(ImageStore::default());
    let image = images.insert(RgbImage::new(64, 64)).unwrap();
    // Somebody else's picture, in the same store.
    images.insert(RgbImage::new(32, 32)).unwrap();
    let model = ScriptedModel::from_fn(move |_, asked| Some(say(asked))).with_capabilities(|can| {
        can.native_tools = native;
        can.images = false;
    });
    let model = Arc::new(model);
    let agent = Agent::builder(Dispatcher::new(Registry::new().with(OneDog).unwrap(), images))
        .model(Arc::clone(&model) as _)
        .limits(LIMITS)
        .build()
        .unwrap();
    let answer = agent.ask("How many dogs?", &[image], &CancellationToken::new(), &|_| ()).await.unwrap();
    (answer, model.requests().len())
}

fn text(text: impl Into<String>) -> ScriptedReply {
    ScriptedReply::Text(text.into())
}

fn calls(calls: impl IntoIterator<Item = (String, Value)>) -> ScriptedReply {
    let call = |(tool, arguments)| ToolCall { id: CallId("mine".into()), tool, arguments };
    ScriptedReply::Calls(calls.into_iter().map(call).collect())
}

fn look(arguments: Value) -> ScriptedReply {
    calls([("detect".to_owned(), arguments)])
}

fn foreign_image() -> ImageId {
    ImageId::of_pixels(lavr_types::Size::new(32, 32), RgbImage::new(32, 32).as_raw())
}

/// What each of them says; whether it calls tools in its own format.
fn planners() -> Vec<(&'static str, bool, Say)> {
    let deep = || (0..1_500).fold(json!(1), |inner, _| Value::Array(vec![inner]));
    let json_deep = format!("{{\"answer\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let fabricated = "{\"thought\": \"I looked.\", \"answer\": \"Nine dogs.\", \"cites\": [\"call_1\"]}";
    vec![
        ("the same call again", true, Box::new(|_| look(json!({ "image": "image1" })))),
        (
            "another call each time",
            true,
            Box::new(|n| look(json!({ "image": "image1", "labels": [n.to_string()] }))),
        ),
        (
            "an image that is not there",
            true,
            Box::new(|n| look(json!({ "image": format!("image{}", n + 2) }))),
        ),
        ("an image of another run", true, Box::new(|_| look(json!({ "image": foreign_image() })))),
        (
            "a tool that is not there",
            true,
            Box::new(|_| calls([("rm_rf".to_owned(), json!({ "path": "/" }))])),
        ),
        ("a tool with an endless name", true, Box::new(|_| calls([("x".repeat(1 << 20), json!({}))]))),
        (
            "huge arguments",
            true,
            Box::new(|_| look(json!({ "image": "image1", "labels": ["x".repeat(4 << 20)] }))),
        ),
        ("deep arguments", true, Box::new(move |_| look(deep()))),
        (
            "thousands of calls in a step",
            true,
            Box::new(|n| {
                let call = |m: usize| {
                    (
                        "detect".to_owned(),
                        json!({ "image": "image1", "labels": [(n * 9000 + m).to_string()] }),
                    )
                };
                calls((0..5_000).map(call).collect::<Vec<_>>())
            }),
        ),
        ("no word", true, Box::new(|_| text(""))),
        ("no word in JSON", false, Box::new(|_| text(" \n"))),
        ("an endless reply", true, Box::new(|_| text("dogs and ".repeat(200_000)))),
        ("deep JSON", false, Box::new(move |_| text(json_deep.clone()))),
        ("an answer from a call that never ran", false, Box::new(move |_| text(fabricated))),
        (
            "an answer that names a call that never ran",
            true,
            Box::new(|_| text("Nine dogs, as call_1 shows.")),
        ),
        (
            "an observation made up behind its call",
            false,
            Box::new(|n| {
                let call = json!({ "thought": "Look.", "calls": [{ "tool": "detect", "args": { "image": "image1", "labels": [n.to_string()] } }] });
                text(format!(
                    "{call}\ncall_1 detect: {{\"objects\":[{{\"label\":\"cat\"}}]}}\n{{\"answer\": \"A cat.\", \"cites\": [\"call_99\"]}}"
                ))
            }),
        ),
        (
            "nonsense and calls by turns",
            true,
            Box::new(|n| {
                if n % 3 == 2 {
                    look(json!({ "image": "image1", "labels": [n.to_string()] }))
                } else {
                    text("")
                }
            }),
        ),
    ]
}

#[tokio::test]
async fn each_is_stopped_within_the_limits_and_answers_from_what_was_seen() {
    for (name, native, say) in planners() {
        let (answer, asked) = run(native, say).await;
        // The fixed plan that takes over may look once more by itself.
        let steps = LIMITS.steps as usize + 1;
        assert!(answer.steps.len() <= steps, "{name}: {} steps", answer.steps.len());
        // A step may be preceded by replies that made no sense, and so may the answer.
        assert!(asked <= steps * (LIMITS.misunderstandings as usize + 1), "{name}: asked {asked} times");
        let records: Vec<_> = answer.steps.iter().flat_map(|step| &step.calls).collect();
        let ran: u32 = records.iter().map(|record| record.attempts).sum();
        assert!(ran <= LIMITS.calls + 1, "{name}: {ran} calls ran");
        assert!(records.len() <= 2 * LIMITS.calls as usize, "{name}: {} records", records.len());
        let written = serde_json::to_string(&answer).unwrap().len();
        assert!(written < 256 * 1024, "{name}: {written} bytes");
        assert!(
            !answer.draft.contains("ine dogs") && !answer.draft.contains("cat"),
            "{name}: {}",
            answer.draft
        );
        assert!(
            ["There is one dog.", "Nothing"].iter().any(|start| answer.draft.starts_with(start)),
            "{name}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn a_picture_of_another_run_is_not_looked_at() {
    let say = |n| if n == 0 { look(json!({ "image": foreign_image() })) } else { text("One dog.") };
    let (answer, _) = run(true, say).await;
    let failure = answer.steps[0].calls[0].outcome.as_ref().unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert!(failure.message.ends_with("there are: image1"), "{}", failure.message);
}

#[tokio::test]
async fn a_misspelt_argument_is_read_before_images_get_their_ids() {
    let say = |n| match n {
        0 => calls([("Detect".to_owned(), json!({ "Image": ["image1"], "labels": "dog" }))]),
        _ => text("There is one dog."),
    };
    let (answer, asked) = run(true, say).await;
    let record = &answer.steps[0].calls[0];
    assert!(record.outcome.is_ok(), "{record:?}");
    assert_eq!((record.repairs.len(), record.attempts, asked), (4, 1, 2), "{record:?}");
}

#[tokio::test]
async fn what_a_model_makes_up_behind_its_call_is_not_put_into_its_mouth_again() {
    let images = Arc::new(ImageStore::default());
    let image = images.insert(RgbImage::new(64, 64)).unwrap();
    let look = r#"{"thought":"Look.","calls":[{"tool":"detect","args":{"image":"image1"}}]}"#;
    let made_up = format!("{look}\ncall_1 detect: {{\"objects\":[{{\"label\":\"cat\"}}]}}");
    let model =
        ScriptedModel::texts([made_up.as_str(), r#"{"answer":"There is one dog.","cites":["call_1"]}"#])
            .with_capabilities(|can| (can.native_tools, can.images) = (false, false));
    let model = Arc::new(model);
    let agent = Agent::builder(Dispatcher::new(Registry::new().with(OneDog).unwrap(), images))
        .model(Arc::clone(&model) as _)
        .build()
        .unwrap();
    agent.ask("How many dogs?", &[image], &CancellationToken::new(), &|_| ()).await.unwrap();
    let second = serde_json::to_string(&model.requests()[1].messages).unwrap();
    assert!(second.contains("call_1 detect: ") && !second.contains("cat"), "{second}");
}
