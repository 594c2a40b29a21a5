//! The one test that goes out: the real package registry through its real client, into an empty cache.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

use lavr_weights::{CheckOutcome, FileState, Store, StoreOptions};

#[tokio::test]
async fn a_model_is_pulled_from_the_registry_mirror_when_the_hub_is_out_of_reach() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = StoreOptions::from_environment().unwrap();
    options.home = directory.path().to_path_buf();
    options.catalogue = directory.path().join("catalogue.toml");
    options.directories = Vec::new();
    options.hub_cache = None;
    options.offline = false;
    // Nothing listens there.
    options.hub = "http://127.0.0.1:9".to_owned();
    let store = Store::open(options.clone()).unwrap();

    let model = "smollm2-135m-instruct";
    let path = store.only_file(model).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 98_362_432);
    assert_eq!(store.verify(model).await.unwrap()[0].outcome, CheckOutcome::Good(path.clone()));

    options.offline = true;
    let offline = Store::open(options).unwrap();
    assert_eq!(offline.only_file(model).await.unwrap(), path);
    let status = offline.status().await.unwrap();
    let states: Vec<_> =
        status.iter().map(|status| (status.model.name.as_str(), &status.files[0].state)).collect();
    assert!(states.contains(&(model, &FileState::Present(path))), "{states:?}");
    assert!(states.contains(&("ppocrv6-det", &FileState::Missing { partial: 0 })), "{states:?}");

    assert_eq!(store.remove(model).await.unwrap().files, 1);
    assert!(store.find_only(model).is_none());
}
