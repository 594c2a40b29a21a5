//! The whole way of a question about a region: tool, image store, adapter, service, and back.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use lavr_image::{ImageStore, Rgb, RgbImage};
use lavr_prompt::Library;
use lavr_remote::{RemoteConfig, RemoteModel};
use lavr_testkit::{Answer, Loopback};
use lavr_tool::{CancellationToken, Dispatcher, Registry};
use lavr_types::{CallId, Size, ToolCall};
use lavr_vqa::Vqa;
use serde_json::json;

/// Red on the left, blue on the right.
fn halves(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| if x < width / 2 { Rgb([200, 0, 0]) } else { Rgb([0, 0, 200]) })
}

#[tokio::test]
async fn the_service_sees_the_region_and_nothing_else() {
    lavr_remote::forbid_real_requests();
    let said = json!({ "choices": [{ "delta": { "content": "Blue." }, "finish_reason": "stop" }] });
    let service =
        Loopback::start(move |_, _| Answer::events([said.to_string(), "[DONE]".into()])).await.unwrap();
    let images = Arc::new(ImageStore::default());
    let photo = images.insert(halves(400, 100)).unwrap();
    let mut config = RemoteConfig::new(&service.address, "eyes");
    config.longest_side = 64;
    let model = Arc::new(RemoteModel::new(config, images.clone()).unwrap());
    let vqa = Vqa::new(model, &Library::built_in()).unwrap().unwrap();
    let dispatcher = Dispatcher::new(Registry::new().with(vqa).unwrap(), images.clone());

    let arguments = json!({ "image": photo, "question": "Which colour?", "region": [220, 0, 380, 80] });
    let call = ToolCall { id: CallId("call_1".into()), tool: "vqa".into(), arguments };
    let record = dispatcher.dispatch(vec![call], &CancellationToken::new()).await.remove(0);
    assert_eq!(record.outcome.unwrap().value, json!({ "answer": "Blue", "model": "eyes" }));

    let body = service.requests()[0].json();
    let content = &body["messages"][1]["content"];
    assert_eq!(content[1], json!({ "type": "text", "text": "Which colour?" }));
    let url = content[0]["image_url"]["url"].as_str().unwrap();
    let bytes = STANDARD.decode(url.split_once(";base64,").unwrap().1).unwrap();
    let seen = ImageStore::default();
    let seen = seen.get(seen.insert_encoded(&bytes, "what was sent").unwrap()).unwrap();
    assert_eq!(seen.size(), Size::new(64, 32), "the crop of 160 x 80, shrunk to the model's longest side");
    assert!(seen.pixels.pixels().all(|pixel| pixel[2] > 150 && pixel[0] < 50), "only the blue half");
}
