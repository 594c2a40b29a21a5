//! HTTP endpoints as tools, against a server on loopback.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

mod common;

use common::{Folder, IMAGE, Scene};
use lavr_testkit::{Answer, Loopback};
use lavr_types::{FailureKind, Trust};
use serde_json::json;

fn declared(head: &str, server: &Loopback, rest: &str) -> String {
    format!(
        "description = \"Does something.\"\n{head}\n{IMAGE}\n[http]\nurl = \"{}/look?v=1\"\n{rest}",
        server.address
    )
}

#[tokio::test]
async fn lines_of_text_become_evidence_that_stays_data() {
    let server = Loopback::start(|_, _| {
        Answer::json(
            200,
            &json!({ "lines": [{ "bbox": [4, 3, 8, 6], "content": "Open the safe", "confidence": 0.5 }] }),
        )
    });
    let server = server.await.unwrap();
    let folder = Folder::new();
    let rest = r#"
        headers = { X-Model = "small" }
        [[result.evidence]]
        each = "/lines"
        box = "/bbox"
        text = "/content"
        score = "/confidence"
    "#;
    folder.file("reader.toml", &declared("capability = \"read_text\"\ntrust = \"measured\"", &server, rest));
    let scene = Scene::new(&folder).await;
    let seen = scene.seen("reader", json!({ "image": scene.image, "text": "x" })).await;
    assert_eq!(seen.value["lines"][0]["text"], "Open the safe");
    assert_eq!(seen.evidence[0].trust, Trust::Untrusted);
    let request = server.requests().remove(0);
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/look?v=1"));
    assert_eq!(
        (request.header("x-model"), request.header("content-type")),
        (Some("small"), Some("application/json"))
    );
    assert_eq!(request.json()["text"], "x");
    assert!(request.json()["image"].as_str().unwrap().starts_with("iVBOR"), "base64 of a PNG file");
}

/// What takes the place of the expert for poses says the same things in the same form.
#[tokio::test]
async fn points_of_bodies_have_the_form_of_the_expert() {
    let ear = json!({ "name": "left ear", "at": [4.0, 2.5], "score": 0.75 });
    let people = json!({ "people": [{ "box": [1.0, 1.0, 7.0, 8.0], "score": 0.5, "keypoints": [ear] }] });
    let answers = [people.clone(), json!({ "people": [{ "box": [1.0, 1.0, 7.0, 8.0], "score": 0.5 }] })];
    let server = Loopback::start(move |_, before| Answer::json(200, &answers[before.min(1)])).await.unwrap();
    let folder = Folder::new();
    folder.file("poses.toml", &declared("capability = \"pose\"", &server, ""));
    let scene = Scene::new(&folder).await;
    assert_eq!(scene.seen("poses", json!({ "image": scene.image })).await.value, people);
    let failure = scene.failure("poses", json!({ "image": scene.image })).await;
    assert!(failure.message.contains("missing field `keypoints`"), "{}", failure.message);
}

#[tokio::test]
async fn pictures_travel_as_forms_as_bodies_and_in_queries() {
    let server = Loopback::start(|_, _| Answer::json(200, &json!({ "ok": true }))).await.unwrap();
    let folder = Folder::new();
    folder.file("form.toml", &declared("", &server, "body = \"multipart\""));
    folder.file("body.toml", &declared("", &server, "body = \"image\"\nmethod = \"PUT\""));
    let query = format!(
        "description = \"x\"\n[arguments.properties.q]\ntype = \"string\"\n[http]\nurl = \"{}/find\"\nmethod = \"GET\"\nbody = \"query\"",
        server.address
    );
    folder.file("query.toml", &query);
    let scene = Scene::new(&folder).await;
    for tool in ["form", "body"] {
        scene.seen(tool, json!({ "image": scene.image, "text": "two words" })).await;
    }
    scene.seen("query", json!({ "q": "a&b=c" })).await;
    let [form, body, query] = server.requests().try_into().unwrap();
    let boundary =
        form.header("content-type").unwrap().strip_prefix("multipart/form-data; boundary=").unwrap();
    let text = String::from_utf8_lossy(&form.body).into_owned();
    assert!(text.starts_with(&format!("--{boundary}\r\n")) && text.ends_with(&format!("--{boundary}--\r\n")));
    assert!(text.contains("name=\"text\"\r\n\r\ntwo words\r\n"), "{text}");
    assert!(
        text.contains("name=\"image\"; filename=\"image1.png\"\r\nContent-Type: image/png\r\n\r\n"),
        "{text}"
    );
    assert_eq!((body.method.as_str(), body.path.as_str()), ("PUT", "/look?v=1&text=two+words"));
    assert_eq!((body.header("content-type"), &body.body[1..4]), (Some("image/png"), b"PNG".as_slice()));
    assert_eq!((query.method.as_str(), query.path.as_str()), ("GET", "/find?q=a%26b%3Dc"));
}

#[tokio::test]
async fn a_picture_that_comes_back_gets_a_name() {
    let png = {
        let store = lavr_image::ImageStore::default();
        let id = store.insert(lavr_image::RgbImage::new(5, 4)).unwrap();
        store.get(id).unwrap().png().unwrap()
    };
    let server = Loopback::start(move |_, _| Answer::new(200, png.clone())).await.unwrap();
    let folder = Folder::new();
    folder
        .file("mask.toml", &declared("capability = \"transform\"", &server, "[result]\noutput = \"image\""));
    let scene = Scene::new(&folder).await;
    let seen = scene.seen("mask", json!({ "image": scene.image })).await;
    assert_eq!(seen.value, json!({ "image": seen.show[0] }));
    assert_eq!(scene.dispatcher.images().size_of(seen.show[0]).unwrap(), lavr_types::Size::new(5, 4));
}

#[tokio::test]
async fn a_status_says_whose_fault_it_is() {
    for (status, kind, words) in [
        (422, FailureKind::InvalidArguments, "refused the arguments: no text"),
        (404, FailureKind::Unavailable, "is not at its address"),
        (401, FailureKind::Unavailable, "does not let us in"),
        (302, FailureKind::Unavailable, "is not at its address"),
        (503, FailureKind::Transient, "busy or down"),
        (500, FailureKind::Failed, "failed (500"),
        (504, FailureKind::TimedOut, "took too long"),
    ] {
        let server = Loopback::start(move |_, _| {
            Answer::new(status, "no text").header("Location", "http://127.0.0.1:1/")
        });
        let server = server.await.unwrap();
        let folder = Folder::new();
        folder.file("look.toml", &declared("", &server, ""));
        let scene = Scene::new(&folder).await;
        let failure = scene.failure("look", json!({ "image": scene.image })).await;
        assert_eq!(failure.kind, kind, "{status}: {}", failure.message);
        assert!(failure.message.contains(words), "{status}: {}", failure.message);
    }
}

#[tokio::test]
async fn answers_that_never_end_are_too_large_or_broken_are_failures() {
    let large = Loopback::start(|_, _| Answer::new(200, vec![b' '; 5000])).await.unwrap();
    let hanging = Loopback::start(|_, _| Answer::new(200, "{").then_hang()).await.unwrap();
    let broken = Loopback::start(|_, _| Answer::new(200, "{\"a\": 1}").cut_after(3)).await.unwrap();
    let garbage = Loopback::start(|_, _| Answer::new(200, "<html>")).await.unwrap();
    let folder = Folder::new();
    folder.file("large.toml", &declared("", &large, "most_bytes = 1000"));
    folder.file("hanging.toml", &declared("timeout = 0.3", &hanging, ""));
    folder.file("broken.toml", &declared("", &broken, ""));
    folder.file("garbage.toml", &declared("", &garbage, ""));
    let gone = format!("description = \"x\"\n{IMAGE}\n[http]\nurl = \"http://127.0.0.1:1/\"");
    folder.file("gone.toml", &gone);
    let scene = Scene::new(&folder).await;
    for (tool, kind, words) in [
        ("large", FailureKind::Failed, "more than 1000 bytes"),
        ("hanging", FailureKind::TimedOut, "took longer"),
        ("broken", FailureKind::Unavailable, "broke off"),
        ("garbage", FailureKind::Failed, "gave no JSON"),
        ("gone", FailureKind::Unavailable, "cannot be reached"),
    ] {
        let failure = scene.failure(tool, json!({ "image": scene.image })).await;
        assert_eq!(failure.kind, kind, "{tool}: {}", failure.message);
        assert!(failure.message.contains(words), "{tool}: {}", failure.message);
    }
}

#[tokio::test]
async fn a_key_is_sent_and_never_shown() {
    // A variable that every test has.
    let key = env!("CARGO_MANIFEST_DIR");
    let server = Loopback::start(move |request, _| {
        assert_eq!(request.header("authorization"), Some(format!("Bearer {key}").as_str()));
        Answer::new(400, format!("bad key {key}"))
    });
    let server = server.await.unwrap();
    let folder = Folder::new();
    folder.file(
        "look.toml",
        &declared("", &server, "headers = { Authorization = \"Bearer ${CARGO_MANIFEST_DIR}\" }"),
    );
    let scene = Scene::new(&folder).await;
    let failure = scene.failure("look", json!({ "image": scene.image })).await;
    assert!(failure.message.ends_with("bad key (secret)"), "{}", failure.message);
}

#[test]
fn mistakes_of_an_endpoint_are_told_with_their_place() {
    let folder = Folder::new();
    let http = |rest: &str| format!("description = \"x\"\n{IMAGE}\n[http]\n{rest}");
    for (content, words) in [
        (http("url = \"ftp://x/\""), "`http.url`"),
        (http("url = \"http://x/\"\nmethod = \"GET\""), "a GET has no body"),
        (http("url = \"http://x/\"\nimages = \"path\""), "cannot read our files"),
        (http("url = \"http://x/\"\nheaders = { \"a b\" = \"c\" }"), "`http.headers.a b`"),
        (http("url = \"http://${NO_SUCH_VARIABLE}/\""), "`NO_SUCH_VARIABLE` is not set"),
    ] {
        let mistake = folder.mistake(&content);
        assert!(mistake.contains(words), "{words}: {mistake}");
    }
}
