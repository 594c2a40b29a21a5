//! Fetching from the hub, over loopback.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

mod common;

use common::{Home, content, file, hub};
use lavr_testkit::{Answer, Request};
use lavr_weights::{Secret, SourceFailure, WeightsError};

const FROM_HUB: &str = r#"{ kind = "hub", repository = "o/r", path = "d/f.bin" }"#;

fn failures(error: WeightsError) -> Vec<SourceFailure> {
    match error {
        WeightsError::Unobtainable { attempts, .. } => {
            attempts.into_iter().map(|attempt| attempt.failure).collect()
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_file_is_fetched_verified_and_kept() {
    let bytes = content(3_000_000);
    let served = bytes.clone();
    let hub = hub(move |_, _| file(&served)).await;
    let home = Home::new(&hub.address).with_model(&bytes, FROM_HUB);

    let path = home.store().file("m", "f.bin").await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert_eq!(home.cached(), [".f.bin.verified", "f.bin"]);
    assert_eq!(hub.requests()[0].path, "/o/r/resolve/main/d/f.bin");
    assert!(home.heard.has("Advanced { done: 3000000"), "{:?}", home.heard.lines());

    // A second store finds it without asking anybody.
    assert_eq!(home.store().file("m", "f.bin").await.unwrap(), path);
    assert_eq!(hub.requests().len(), 1);
}

/// Sends the whole file or the range asked for, and cuts the first `cuts` answers in half.
fn cutting(served: Vec<u8>, cuts: usize) -> impl Fn(&Request, usize) -> Answer {
    move |request, before| {
        let start = request.range_start().unwrap_or(0);
        let answer = match start {
            0 => file(&served),
            _ => Answer::new(206, &served[start..])
                .header("ETag", "\"one\"")
                .header("Content-Range", format!("bytes {start}-{}/{}", served.len() - 1, served.len())),
        };
        let half = (served.len() - start).div_ceil(2);
        if before < cuts { answer.cut_after(half) } else { answer }
    }
}

#[tokio::test]
async fn a_cut_download_goes_on_where_it_broke() {
    let bytes = content(400_000);
    let hub = hub(cutting(bytes.clone(), 2)).await;
    let home = Home::new(&hub.address).with_model(&bytes, FROM_HUB);

    let path = home.store().file("m", "f.bin").await.unwrap();
    assert_eq!(std::fs::read(path).unwrap(), bytes);
    let starts: Vec<_> = hub.requests().iter().map(Request::range_start).collect();
    assert_eq!(starts, [None, Some(200_000), Some(300_000)]);
    assert_eq!(hub.requests()[1].header("if-range"), Some("\"one\""));
}

#[tokio::test]
async fn a_download_given_up_goes_on_in_the_next_run() {
    let bytes = content(64_000);
    let hub = hub(cutting(bytes.clone(), 5)).await;
    let home = Home::new(&hub.address).with_model(&bytes, FROM_HUB);

    let failures = failures(home.store().file("m", "f.bin").await.unwrap_err());
    assert!(matches!(failures[..], [SourceFailure::Interrupted { received: 62_000, .. }]), "{failures:?}");
    assert!(home.store().find("m", "f.bin").is_none(), "what is half there is not given out");

    let path = home.store().file("m", "f.bin").await.unwrap();
    assert_eq!(std::fs::read(path).unwrap(), bytes);
    assert_eq!(hub.requests()[5].range_start(), Some(62_000));
    assert_eq!(home.cached(), [".f.bin.verified", "f.bin"]);
}

#[tokio::test]
async fn a_file_that_changed_at_the_hub_is_fetched_anew() {
    let bytes = content(50_000);
    let served = bytes.clone();
    // The first answer is cut; the second ignores the range, as a server does whose file is another by now.
    let hub =
        hub(move |_, before| if before == 0 { file(&served).cut_after(30_000) } else { file(&served) }).await;
    let home = Home::new(&hub.address).with_model(&bytes, FROM_HUB);
    assert_eq!(std::fs::read(home.store().file("m", "f.bin").await.unwrap()).unwrap(), bytes);
}

#[tokio::test]
async fn wrong_content_is_refused_and_nothing_of_it_stays() {
    let (bytes, mut wrong) = (content(5_000), content(5_000));
    wrong[77] ^= 1;
    let hub = hub(move |_, _| file(&wrong)).await;
    let home = Home::new(&hub.address).with_model(&bytes, FROM_HUB);

    let error = home.store().file("m", "f.bin").await.unwrap_err();
    assert!(error.to_string().contains("wrong content: expected 5000 bytes, SHA-256"), "{error}");
    assert!(matches!(failures(error)[..], [SourceFailure::WrongContent { .. }]));
    assert_eq!(home.cached(), [""; 0]);
}

#[tokio::test]
async fn a_file_of_another_size_is_refused_before_it_is_received() {
    let bytes = content(5_000);
    let hub = hub(|_, _| file(&[0; 100])).await;
    let home = Home::new(&hub.address).with_model(&bytes, FROM_HUB);
    let failures = failures(home.store().file("m", "f.bin").await.unwrap_err());
    assert!(matches!(failures[..], [SourceFailure::OtherFile { .. }]), "{failures:?}");
    assert_eq!(home.cached(), [""; 0]);
}

#[tokio::test]
async fn endless_content_is_stopped_at_the_size_wanted() {
    let bytes = content(1_000);
    // No length is announced, and more comes than is wanted.
    let hub = hub(|_, _| Answer::new(200, vec![7; 100_000]).without_length()).await;
    let home = Home::new(&hub.address).with_model(&bytes, FROM_HUB);
    let failures = failures(home.store().file("m", "f.bin").await.unwrap_err());
    assert!(matches!(failures[..], [SourceFailure::OtherFile { .. }]), "{failures:?}");
}

#[tokio::test]
async fn redirects_are_followed_and_the_token_stays_at_home() {
    let bytes = content(9_000);
    let served = bytes.clone();
    let storage = hub(move |_, _| file(&served)).await;
    let target = format!("{}/blob?signature=x", storage.address);
    let hub = hub(move |_, _| Answer::new(302, "").header("Location", &target)).await;
    let mut home = Home::new(&hub.address).with_model(&bytes, FROM_HUB);
    home.options.hub_token = Some(Secret::new("hf_secret"));

    home.store().file("m", "f.bin").await.unwrap();
    assert_eq!(hub.requests()[0].header("authorization"), Some("Bearer hf_secret"));
    assert_eq!(storage.requests()[0].header("authorization"), None);
}

#[tokio::test]
async fn a_file_that_the_hub_announces_as_another_is_not_received() {
    let bytes = content(9_000);
    let announced = Answer::new(302, "").header("Location", "/x").header("X-Linked-ETag", "0".repeat(64));
    let hub = hub(move |_, _| announced.clone()).await;
    let home = Home::new(&hub.address).with_model(&bytes, FROM_HUB);
    let error = home.store().file("m", "f.bin").await.unwrap_err();
    assert!(error.to_string().contains("it announces SHA-256 0000"), "{error}");
    assert_eq!(hub.requests().len(), 1);
}

#[tokio::test]
async fn a_loop_of_redirects_ends() {
    let hub = hub(|_, _| Answer::new(302, "").header("Location", "/again")).await;
    let home = Home::new(&hub.address).with_model(b"x", FROM_HUB);
    let error = home.store().file("m", "f.bin").await.unwrap_err();
    assert!(error.to_string().contains("redirects more than"), "{error}");
}

#[tokio::test]
async fn a_busy_hub_is_asked_again() {
    let bytes = content(2_000);
    let served = bytes.clone();
    let hub = hub(move |_, before| if before < 2 { Answer::new(503, "") } else { file(&served) }).await;
    let home = Home::new(&hub.address).with_model(&bytes, FROM_HUB);
    home.store().file("m", "f.bin").await.unwrap();
    assert_eq!(hub.requests().len(), 3);
}

#[tokio::test]
async fn a_gated_file_says_which_variable_to_set() {
    let hub = hub(|_, _| Answer::new(401, "")).await;
    let home = Home::new(&hub.address).with_model(b"x", FROM_HUB);
    let error = home.store().file("m", "f.bin").await.unwrap_err();
    assert!(error.to_string().contains("HF_TOKEN"), "{error}");
}

#[tokio::test]
async fn a_hub_out_of_reach_is_left_alone_for_a_while() {
    // The port was free a moment ago, so nothing listens on it.
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let home = Home::new(&format!("http://127.0.0.1:{port}")).with_model(b"x", FROM_HUB);
    let first = home.store().file("m", "f.bin").await.unwrap_err().to_string();
    assert!(first.contains("cannot be reached") && first.contains("help: check the network"), "{first}");
    let second = home.store().file("m", "f.bin").await.unwrap_err().to_string();
    assert!(second.contains("a moment ago"), "{second}");
}

#[tokio::test]
async fn many_who_want_one_file_share_one_download() {
    let bytes = content(100_000);
    let served = bytes.clone();
    let hub = hub(move |_, _| file(&served)).await;
    let home = Home::new(&hub.address).with_model(&bytes, FROM_HUB);
    // Two stores of their own lock each other out like two processes: a file lock belongs to the open file.
    let (one, two) = (home.store(), home.store());
    let wanted = (0..8).map(|number| {
        let store = if number % 2 == 0 { one.clone() } else { two.clone() };
        tokio::spawn(async move { store.file("m", "f.bin").await.unwrap() })
    });
    for path in futures::future::join_all(wanted).await {
        assert_eq!(path.unwrap(), home.in_cache("f.bin"));
    }
    assert_eq!(hub.requests().len(), 1);
}
