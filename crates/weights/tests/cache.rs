//! What is on this machine already, and what goes wrong there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

mod common;

use std::io::Write;

use common::{Home, content, file, hub};
use lavr_testkit::Answer;
use lavr_weights::{Bundled, CheckOutcome, FileState, Store, WeightsError};

const FROM_HUB: &str = r#"{ kind = "hub", repository = "o/r", path = "f.bin" }"#;
/// Nothing listens there.
const NOWHERE: &str = "http://127.0.0.1:9";

fn put(home: &Home, bytes: &[u8]) {
    std::fs::create_dir_all(home.in_cache("")).unwrap();
    std::fs::write(home.in_cache("f.bin"), bytes).unwrap();
}

#[tokio::test]
async fn offline_uses_what_is_there_and_fetches_nothing() {
    let bytes = content(1_000);
    let hub = hub(|_, _| Answer::new(404, "")).await;
    let mut home = Home::new(&hub.address).with_model(&bytes, FROM_HUB);
    home.options.offline = true;
    let error = home.store().file("m", "f.bin").await.unwrap_err();
    assert!(matches!(error, WeightsError::Offline { .. }), "{error}");
    assert!(error.to_string().contains("lavr models pull m"), "{error}");

    put(&home, &bytes);
    assert_eq!(home.store().file("m", "f.bin").await.unwrap(), home.in_cache("f.bin"));
    assert!(hub.requests().is_empty());
}

#[tokio::test]
async fn a_truncated_file_in_the_cache_is_set_aside_and_fetched_anew() {
    let bytes = content(10_000);
    let served = bytes.clone();
    let hub = hub(move |_, _| file(&served)).await;
    let home = Home::new(&hub.address).with_model(&bytes, FROM_HUB);
    put(&home, &bytes[..9_999]);
    assert!(home.store().find("m", "f.bin").is_none());
    let path = home.store().file("m", "f.bin").await.unwrap();
    assert_eq!(std::fs::read(path).unwrap(), bytes);
    assert_eq!(std::fs::read(home.in_cache(".f.bin.rejected")).unwrap().len(), 9_999);
}

#[tokio::test]
async fn a_truncated_file_with_no_source_left_is_told_with_both_sizes() {
    let bytes = content(10_000);
    let mut home = Home::new(NOWHERE).with_model(&bytes, FROM_HUB);
    home.options.offline = true;
    put(&home, &bytes[..4_000]);
    let error = home.store().file("m", "f.bin").await.unwrap_err().to_string();
    assert!(error.contains("expected 10000 bytes") && error.contains("found 4000 bytes"), "{error}");
}

#[tokio::test]
async fn a_file_changed_after_it_was_verified_is_noticed() {
    let bytes = content(10_000);
    let home = Home::new(NOWHERE).with_model(&bytes, FROM_HUB);
    put(&home, &bytes);
    let store = home.store();
    assert!(store.find("m", "f.bin").is_some());
    let mut changed = bytes.clone();
    changed[5] ^= 1;
    // The clock of a file system may be coarse: give the file a time that differs for sure.
    put(&home, &changed);
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(10);
    std::fs::File::options().write(true).open(home.in_cache("f.bin")).unwrap().set_modified(later).unwrap();
    assert!(store.find("m", "f.bin").is_none());
}

#[tokio::test]
async fn a_change_that_hides_behind_the_old_time_is_found_by_verify() {
    let bytes = content(10_000);
    let home = Home::new(NOWHERE).with_model(&bytes, FROM_HUB);
    put(&home, &bytes);
    let store = home.store();
    let path = store.find("m", "f.bin").unwrap();
    let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
    put(&home, &vec![1; 10_000]);
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();

    let checks = store.verify("m").await.unwrap();
    let CheckOutcome::Wrong { set_aside, .. } = &checks[0].outcome else { panic!("{checks:?}") };
    assert!(set_aside.exists() && !path.exists());
    assert_eq!(store.verify("m").await.unwrap()[0].outcome, CheckOutcome::Missing);
}

#[tokio::test]
async fn a_file_in_a_directory_of_the_users_is_used_where_it_stands() {
    let bytes = content(10_000);
    let mut home = Home::new(NOWHERE).with_model(&bytes, FROM_HUB);
    let (wrong, right) = (home.directory.path().join("wrong"), home.directory.path().join("right"));
    std::fs::create_dir_all(&wrong).unwrap();
    std::fs::create_dir_all(right.join("m")).unwrap();
    std::fs::write(wrong.join("f.bin"), b"another").unwrap();
    std::fs::write(right.join("m/f.bin"), &bytes).unwrap();
    home.options.directories = vec![wrong.clone(), right.clone()];
    home.options.offline = true;
    assert_eq!(home.store().file("m", "f.bin").await.unwrap(), right.join("m/f.bin"));
    assert!(wrong.join("f.bin").exists(), "what belongs to the user stays");

    home.options.directories = vec![wrong];
    let error = home.store().file("m", "f.bin").await.unwrap_err().to_string();
    assert!(error.contains("found 7 bytes"), "{error}");
}

#[tokio::test]
async fn a_path_in_the_users_catalogue_is_a_source() {
    let bytes = content(500);
    let home = Home::new(NOWHERE);
    let own = home.directory.path().join("own.bin");
    std::fs::write(&own, &bytes).unwrap();
    let home = home.with_model(&bytes, &format!("{{ kind = \"path\", path = {own:?} }}"));
    assert_eq!(home.store().file("m", "f.bin").await.unwrap(), own);
}

#[tokio::test]
async fn what_the_hubs_own_clients_fetched_is_used_where_it_stands() {
    let bytes = content(5_000);
    let mut home = Home::new(NOWHERE).with_model(&bytes, FROM_HUB);
    let cache = home.directory.path().join("hub");
    let blob =
        cache.join("models--o--r/blobs").join(lavr_weights::Fingerprint::of(&bytes).sha256.to_string());
    std::fs::create_dir_all(blob.parent().unwrap()).unwrap();
    std::fs::write(&blob, &bytes).unwrap();
    home.options.hub_cache = Some(cache);
    home.options.offline = true;
    assert_eq!(home.store().file("m", "f.bin").await.unwrap(), blob);
    // A name is no proof.
    std::fs::write(&blob, b"cut short").unwrap();
    assert!(home.store().file("m", "f.bin").await.is_err());
}

fn gzip(bytes: &[u8]) -> &'static [u8] {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().leak()
}

#[tokio::test]
async fn a_bundled_file_is_unpacked_even_offline() {
    let bytes = content(100_000);
    let mut home = Home::new(NOWHERE).with_model(&bytes, r#"{ kind = "bundled" }"#);
    home.options.offline = true;
    let bare = home.store();
    assert!(matches!(bare.file("m", "f.bin").await.unwrap_err(), WeightsError::Offline { .. }));
    let store = bare.with_bundled(&[Bundled { model: "m", file: "f.bin", gzip: gzip(&bytes) }]);
    let state = |status: &[lavr_weights::ModelStatus]| status.last().unwrap().files[0].state.clone();
    assert_eq!(state(&store.status().await.unwrap()), FileState::Bundled);
    let path = store.file("m", "f.bin").await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert_eq!(state(&store.status().await.unwrap()), FileState::Present(path));
}

#[tokio::test]
async fn a_bundled_file_that_inflates_to_another_is_refused() {
    let home = Home::new(NOWHERE).with_model(b"wanted", r#"{ kind = "bundled" }"#);
    for wrong in [b"wonted".as_slice(), b"much longer than wanted"] {
        let store = home.store().with_bundled(&[Bundled { model: "m", file: "f.bin", gzip: gzip(wrong) }]);
        assert!(matches!(store.file("m", "f.bin").await.unwrap_err(), WeightsError::Unobtainable { .. }));
    }
    let store = home.store().with_bundled(&[Bundled { model: "m", file: "f.bin", gzip: b"no gzip" }]);
    assert!(store.file("m", "f.bin").await.is_err());
    assert_eq!(home.cached(), [""; 0]);
}

#[tokio::test]
async fn the_detector_in_the_repository_is_what_the_catalogue_says() {
    let gzip: &[u8] = include_bytes!("../../../tools/detect/weights/nanodet_g_coco80.onnx.gz");
    let mut home = Home::new(NOWHERE);
    home.options.offline = true;
    let store =
        home.store().with_bundled(&[Bundled { model: "nanodet", file: "nanodet_g_coco80.onnx", gzip }]);
    let path = store.only_file("nanodet").await.unwrap();
    assert_eq!(std::fs::metadata(path).unwrap().len(), 15_155_987);
}

#[tokio::test]
async fn a_model_to_bring_yourself_says_how_and_loads_once_it_is_stated() {
    let mut home = Home::new(NOWHERE);
    home.options.offline = true;
    let model = "blip-captioning-large-q4k";
    let error = home.store().pull(model).await.unwrap_err();
    let WeightsError::BringYourOwn { entry, catalogue, .. } = &error else { panic!("{error}") };
    assert!(
        error.to_string().contains("lmz/candle-blip") && error.to_string().contains("LAVR_MODELS"),
        "{error}"
    );

    // The entry that the error shows, with the gaps filled, is one that the store takes.
    let (weights, tokenizer) = (content(700), content(800));
    let mut entry = entry.clone();
    for bytes in [&weights, &tokenizer] {
        let stated = lavr_weights::Fingerprint::of(bytes);
        entry = entry.replacen("SIZE", &stated.size.to_string(), 1).replacen(
            "SHA256",
            &stated.sha256.to_string(),
            1,
        );
    }
    std::fs::create_dir_all(catalogue.parent().unwrap()).unwrap();
    std::fs::write(catalogue, entry).unwrap();
    let own = home.directory.path().join("own");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("blip-image-captioning-large-q4k.gguf"), &weights).unwrap();
    std::fs::write(own.join("tokenizer.json"), &tokenizer).unwrap();
    home.options.directories = vec![own];
    assert_eq!(home.store().pull(model).await.unwrap().len(), 2);
    assert!(home.store().path(model).is_some());
}

#[tokio::test]
async fn a_faulty_catalogue_of_the_users_is_named() {
    let home = Home::new(NOWHERE);
    std::fs::create_dir_all(&home.options.home).unwrap();
    std::fs::write(&home.options.catalogue, "[[model]]\nname = 3").unwrap();
    let error = Store::open(home.options.clone()).unwrap_err().to_string();
    assert!(error.contains("catalogue.toml is faulty"), "{error}");
}

#[tokio::test]
async fn remove_takes_the_cache_and_leaves_the_rest() {
    let bytes = content(1_000);
    let home = Home::new(NOWHERE).with_model(&bytes, FROM_HUB);
    put(&home, &bytes);
    let store = home.store();
    let removed = store.remove("m").await.unwrap();
    assert_eq!((removed.files, removed.bytes), (1, 1_000));
    assert!(!home.in_cache("").exists() && home.options.catalogue.exists());
    assert_eq!(store.remove("m").await.unwrap().files, 0);
}

#[tokio::test]
async fn what_another_process_fetches_is_waited_for_and_cannot_be_removed() {
    let bytes = content(1_000);
    let home = Home::new(NOWHERE).with_model(&bytes, FROM_HUB);
    std::fs::create_dir_all(home.in_cache("")).unwrap();
    let lock = std::fs::File::create(home.in_cache(".f.bin.lock")).unwrap();
    lock.lock().unwrap();
    assert!(matches!(home.store().remove("m").await.unwrap_err(), WeightsError::Busy { .. }));

    let store = home.store();
    let waiting = tokio::spawn(async move { store.file("m", "f.bin").await });
    while !home.heard.has("Waiting") {
        tokio::task::yield_now().await;
    }
    // The other one finishes.
    std::fs::write(home.in_cache("f.bin"), &bytes).unwrap();
    lock.unlock().unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), home.in_cache("f.bin"));
}

#[tokio::test]
async fn what_a_killed_process_left_is_swept_away() {
    let bytes = content(1_000);
    let served = bytes.clone();
    let hub = hub(move |_, _| file(&served)).await;
    let home = Home::new(&hub.address).with_model(&bytes, FROM_HUB);
    std::fs::create_dir_all(home.in_cache(".f.bin.fetch-abc")).unwrap();
    std::fs::write(home.in_cache(".f.bin.fetch-abc/half.whl"), b"half").unwrap();
    home.store().file("m", "f.bin").await.unwrap();
    assert_eq!(home.cached(), [".f.bin.verified", "f.bin"]);
}

/// `/dev/full` answers each write as a full disk does.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_told_and_nothing_is_left() {
    let bytes = content(3_000_000);
    let served = bytes.clone();
    let hub = hub(move |_, _| file(&served)).await;
    let home = Home::new(&hub.address).with_model(&bytes, FROM_HUB);
    std::fs::create_dir_all(home.in_cache("")).unwrap();
    std::os::unix::fs::symlink("/dev/full", home.in_cache(".f.bin.part")).unwrap();
    let error = home.store().file("m", "f.bin").await.unwrap_err();
    assert!(matches!(error, WeightsError::DiskFull { .. }), "{error}");
    assert!(error.to_string().contains("LAVR_HOME"), "{error}");
    assert_eq!(home.cached(), [""; 0]);
}

#[tokio::test]
async fn unknown_names_are_told_with_those_there_are() {
    let store = Home::new(NOWHERE).store();
    let error = store.file("nanodet", "nanodet.onnx").await.unwrap_err().to_string();
    assert!(error.contains("nanodet_g_coco80.onnx"), "{error}");
    assert!(store.pull("nope").await.unwrap_err().to_string().contains("smollm2-135m-instruct"));
}
