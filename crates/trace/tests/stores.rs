//! The database of runs, and traces as files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

mod common;

use std::{path::Path, sync::Arc};

use common::{LOOK, asked, builder, images, json_model, picture, store, text};
use lavr_image::ImageStore;
use lavr_trace::{Given, Recorder, Retention, RunStore, State, Trace, TraceError};
use lavr_types::{Event, ImageId, ImageOrigin, RunId, Task};

const QUARTERS: &str = r#"{"thought":"Closer.","calls":[{"tool":"quarter","args":{"image":"image1"}}]}"#;
const INNER: &str = r#"{"thought":"Closer still.","calls":[{"tool":"quarter","args":{"image":"image2"}}]}"#;

fn begin(runs: &RunStore, question: &str) -> Recorder {
    let (images, image) = images(0);
    runs.record(Task::Ask, Some(question), &[Given { image, name: "a.png".into() }], images).unwrap()
}

fn noted(runs: &RunStore, text: &str) -> RunId {
    let recorder = begin(runs, text);
    recorder.tell(&Event::Note { text: text.into() });
    recorder.finish().unwrap()
}

#[tokio::test]
async fn a_trace_survives_the_way_to_files_and_back_with_its_pictures_and_its_crops() {
    let folder = tempfile::tempdir().unwrap();
    let runs = store(folder.path());
    let (images, image) = images(9);
    let model =
        json_model(vec![text(QUARTERS), text(INNER), text(LOOK), text(r#"{"answer":"There is one dog."}"#)]);
    let agent = builder(&images).model(Arc::new(model)).build().unwrap();
    let (id, answer) = asked(&runs, &agent, &images, image).await;
    let trace = runs.trace(&id).unwrap();
    // One file: crops are kept by their place.
    assert_eq!(trace.images.keys().collect::<Vec<_>>(), [&image]);
    assert_eq!(trace.header.images.len(), 3);
    assert_eq!(trace.header.images[0].origin, ImageOrigin::Given { name: "dogs.png".into() });

    let exported = folder.path().join("exported");
    trace.write(&exported).unwrap();
    let read = Trace::read(&exported).unwrap();
    assert_eq!((&read.header, &read.events, &read.images), (&trace.header, &trace.events, &trace.images));
    assert_eq!(read.answer().as_ref(), Some(&answer));
    let again = read.image_store().unwrap();
    for image in &read.header.images {
        assert_eq!(again.get(image.id).unwrap().pixels, images.get(image.id).unwrap().pixels);
    }

    let elsewhere = RunStore::open(&folder.path().join("other.sqlite"), Retention::default()).unwrap();
    elsewhere.import(&read).unwrap();
    assert_eq!(elsewhere.jsonl(&id).unwrap(), runs.jsonl(&id).unwrap());
    assert!(matches!(elsewhere.import(&read), Err(TraceError::Known(_))));
}

#[test]
fn a_picture_file_is_kept_as_it_is_and_once_however_many_runs_ask_about_it() {
    let folder = tempfile::tempdir().unwrap();
    let runs = store(folder.path());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/pictures/cat-and-cup.jpg");
    let bytes = std::fs::read(&path).unwrap();
    let mut ids = Vec::new();
    for _ in 0..20 {
        let images = Arc::new(ImageStore::default());
        let image = images.open(&path).unwrap();
        let given = [Given { image, name: "cat-and-cup.jpg".into() }];
        let recorder = runs.record(Task::Caption, None, &given, images).unwrap();
        ids.push((recorder.finish().unwrap(), image));
    }
    let (id, image) = ids.pop().unwrap();
    let file = &runs.trace(&id).unwrap().images[&image];
    assert_eq!((&*file.bytes, file.name.as_str()), (&*bytes, format!("{image}.jpg").as_str()));
    let size = std::fs::metadata(folder.path().join("runs.sqlite")).unwrap().len();
    let log = std::fs::metadata(folder.path().join("runs.sqlite-wal")).map_or(0, |log| log.len());
    assert!(
        size + log < 3 * bytes.len() as u64 + 500_000,
        "{size} + {log} bytes for a picture of {}",
        bytes.len()
    );
}

#[test]
fn a_run_is_found_by_the_beginning_of_its_name_and_the_newest_as_last() {
    let folder = tempfile::tempdir().unwrap();
    let runs = store(folder.path());
    assert!(matches!(runs.find("last"), Err(TraceError::NoRuns)));
    let ids: Vec<RunId> = (0..40).map(|number| noted(&runs, &number.to_string())).collect();
    assert_eq!(&runs.find("last").unwrap(), ids.last().unwrap());
    for id in &ids {
        assert_eq!(&runs.find(id.as_str()).unwrap(), id);
        assert_eq!(&runs.find(&id.as_str()[..7]).unwrap(), id);
    }
    // Forty names, thirty-two letters: some two begin alike.
    let alike = ids.iter().find_map(|id| match runs.find(&id.as_str()[..1]) {
        Err(TraceError::Ambiguous { names, .. }) => Some(names.len()),
        _ => None,
    });
    assert!(alike.unwrap() > 1);
    for nonsense in ["", "%", "'; DROP TABLE runs; --", "zzzzzzzzz", "ABC"] {
        assert!(matches!(runs.find(nonsense), Err(TraceError::NoRun(_))), "{nonsense}");
    }
}

#[test]
fn the_oldest_runs_go_with_their_pictures_where_there_is_no_room() {
    let folder = tempfile::tempdir().unwrap();
    let few = Retention { runs: 3, ..Retention::default() };
    let runs = RunStore::open(&folder.path().join("few.sqlite"), few).unwrap();
    let ids: Vec<RunId> = (0..5).map(|number| noted(&runs, &number.to_string())).collect();
    let kept: Vec<RunId> = runs.list(10).unwrap().into_iter().map(|run| run.id).collect();
    assert_eq!(kept, [&ids[4], &ids[3], &ids[2]].map(Clone::clone));
    assert!(matches!(runs.trace(&ids[0]), Err(TraceError::NoRun(_))));

    let small = Retention { bytes: 20_000, ..Retention::default() };
    let runs = RunStore::open(&folder.path().join("small.sqlite"), small).unwrap();
    let record = |shade: u8, length: usize| {
        let (images, image) = images(shade);
        let recorder = runs.record(Task::Verify, None, &[Given { image, name: "a".into() }], images).unwrap();
        recorder.tell(&Event::Note { text: "x".repeat(length) });
        (recorder.finish().unwrap(), image)
    };
    let (first, image) = record(1, 12_000);
    assert_eq!(runs.trace(&first).unwrap().images.len(), 1);
    record(2, 12_000);
    assert_eq!(runs.list(10).unwrap().len(), 1, "both are over the limit");
    // One that has no room by itself is still kept until the next one.
    let (large, _) = record(3, 50_000);
    assert_eq!(runs.list(10).unwrap()[0].id, large);
    assert_ne!(image, ImageId::of_pixels(lavr_types::Size::new(64, 48), picture(2).as_raw()));
}

#[test]
fn a_run_that_fails_or_is_under_way_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let runs = store(folder.path());
    let recorder = begin(&runs, "one");
    recorder.tell(&Event::Note { text: "so far".into() });
    let id = recorder.id();
    assert_eq!((runs.list(1).unwrap()[0].state, runs.trace(&id).unwrap().events.len()), (State::Open, 1));
    drop(recorder);
    assert_eq!(runs.list(1).unwrap()[0].state, State::Broken);
}

#[test]
fn several_processes_record_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.sqlite");
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let path = &path;
            scope.spawn(move || {
                // A connection of its own, as another process has it.
                let runs = RunStore::open(path, Retention::default()).unwrap();
                for number in 0..5 {
                    let recorder = begin(&runs, &format!("{writer}/{number}"));
                    for event in 0..20 {
                        recorder.tell(&Event::Planning { step: event });
                    }
                    recorder.finish().unwrap();
                }
            });
        }
    });
    let runs = RunStore::open(&path, Retention::default()).unwrap();
    let all = runs.list(100).unwrap();
    assert_eq!(all.len(), 40);
    assert!(all.iter().all(|run| runs.trace(&run.id).unwrap().events.len() == 20));
}

#[test]
fn removed_runs_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let runs = store(folder.path());
    let id = noted(&runs, "gone");
    runs.remove(&id).unwrap();
    assert!(matches!(runs.remove(&id), Err(TraceError::NoRun(_))));
    assert!(runs.list(10).unwrap().is_empty());
}

#[test]
fn what_is_newer_or_no_trace_is_refused_with_the_line() {
    let newer = r#"{"trace":99,"other":"form"}"#;
    assert!(matches!(Trace::from_jsonl(newer, "x"), Err(TraceError::Newer { version: 99, .. })));
    assert!(matches!(Trace::from_jsonl("\n", "x"), Err(TraceError::Empty(_))));
    let header = r#"{"trace":1,"lavr":"0.1.0","run":"abcd1234","started":"2026-11-26T17:39:07.123Z","task":"ask","images":[]}"#;
    let error = Trace::from_jsonl(&format!("{header}\n{{\"at_us\":1}}\n"), "x").unwrap_err();
    assert!(error.to_string().starts_with("line 2 of x"), "{error}");
    // An event of a kind to come is read as unknown, not refused.
    let to_come = format!("{header}\n{{\"at_us\":1,\"event\":\"dreamt\",\"of\":\"sheep\"}}\n");
    assert_eq!(Trace::from_jsonl(&to_come, "x").unwrap().events[0].event, Event::Unknown);
}

#[test]
fn an_image_name_that_leaves_the_folder_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), "key").unwrap();
    let inner = folder.path().join("trace");
    std::fs::create_dir_all(inner.join("images")).unwrap();
    let id = ImageId::of_pixels(lavr_types::Size::new(1, 1), &[1, 2, 3]);
    let image = format!(
        r#"{{"id":"{id}","size":{{"width":1,"height":1}},"origin":{{"from":"given","name":"a"}},"file":"../../secret"}}"#
    );
    let header = format!(
        r#"{{"trace":1,"lavr":"0.1.0","run":"abcd1234","started":"2026-11-26T17:39:07.123Z","task":"ask","images":[{image}]}}"#
    );
    std::fs::write(inner.join("trace.jsonl"), header).unwrap();
    let trace = Trace::read(&inner).unwrap();
    assert!(trace.images.is_empty());
    assert!(matches!(trace.image_store(), Err(TraceError::NoPixels(_))));
}
