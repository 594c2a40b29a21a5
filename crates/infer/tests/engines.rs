//! Both engines on the networks that lavr uses. Files and library come from the catalogue's cache, fetched when missing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a failure here fails the test")]

use std::{io::Read, path::Path, sync::Arc};

use flate2::read::GzDecoder;
use lavr_infer::{
    Engine, EngineChoice, FileSessions, InferError, Loader, Session, SessionSource, Sessions,
    ndarray::{ArrayD, IxDyn},
    off_thread,
};
use lavr_weights::Store;
use tokio_util::sync::CancellationToken;

/// The greatest difference between two outputs of one network in two engines.
const TOLERANCE: f32 = 1e-3;

fn store() -> Store {
    Store::open_default().unwrap()
}

async fn loaders() -> [Loader; 2] {
    let sessions = Sessions::new(store(), EngineChoice::OnnxRuntime);
    [Loader::new(EngineChoice::Rten, None).unwrap(), sessions.loader().await.unwrap()]
}

/// Values between -1 and 1 that repeat only after a long while.
fn noise(shape: &[usize]) -> ArrayD<f32> {
    let mut state = 1u32;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    })
}

fn assert_agreement(rten: &dyn Session, onnxruntime: &dyn Session, shape: &[usize]) {
    assert_eq!((rten.engine(), onnxruntime.engine()), (Engine::Rten, Engine::OnnxRuntime));
    assert_eq!(rten.signature().metadata, onnxruntime.signature().metadata);
    let names = |session: &dyn Session| {
        let signature = session.signature();
        signature.inputs.iter().chain(&signature.outputs).map(|info| info.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(rten), names(onnxruntime));

    let input = || vec![(rten.signature().inputs[0].name.clone(), noise(shape))];
    let (left, right) = (rten.run(input()).unwrap(), onnxruntime.run(input()).unwrap());
    assert_eq!(left.len(), rten.signature().outputs.len());
    assert_eq!(left.len(), right.len());
    for (left, right) in left.iter().zip(&right) {
        assert_eq!(left.shape(), right.shape());
        let worst = left.iter().zip(right).map(|(left, right)| (left - right).abs()).fold(0.0, f32::max);
        assert!(worst <= TOLERANCE, "{worst}");
        assert!(
            left.iter().any(|value| *value != left[IxDyn(&vec![0; left.ndim()])]),
            "an output says nothing"
        );
    }
}

async fn assert_agreement_on(model: &str, shape: &[usize]) {
    let file = store().only_file(model).await.unwrap();
    let [rten, onnxruntime] = loaders().await.map(|loader| loader.load_file(&file).unwrap());
    assert_agreement(&*rten, &*onnxruntime, shape);
}

#[tokio::test]
async fn the_engines_agree_on_the_object_detector() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/detect/weights/nanodet_g_coco80.onnx.gz");
    let mut bytes = Vec::new();
    GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    let [rten, onnxruntime] =
        loaders().await.map(|loader| loader.load_bytes("nanodet", bytes.clone()).unwrap());
    assert_eq!(rten.signature(), onnxruntime.signature());
    assert_agreement(&*rten, &*onnxruntime, &[1, 3, 416, 416]);
}

#[tokio::test]
async fn the_engines_agree_on_the_text_detector() {
    assert_agreement_on("ppocrv6-det", &[1, 3, 160, 224]).await;
}

#[tokio::test]
async fn the_engines_agree_on_the_text_recognizer() {
    assert_agreement_on("ppocrv6-rec", &[2, 3, 48, 136]).await;
}

#[tokio::test]
async fn the_recognizer_carries_its_characters() {
    let sessions = Sessions::new(store(), EngineChoice::Rten);
    let session = sessions.session("ppocrv6-rec").await.unwrap();
    assert_eq!(session.signature().metadata["character"].split('\n').count(), 18_708);
}

#[tokio::test]
async fn a_model_is_loaded_once_for_all_who_ask() {
    let sessions = Sessions::new(store(), EngineChoice::Rten);
    let (left, right) = tokio::join!(sessions.session("ppocrv6-det"), sessions.session("ppocrv6-det"));
    assert!(Arc::ptr_eq(&left.unwrap(), &right.unwrap()));
}

/// A file of one's own, in no catalogue; a checkpoint is converted on the way.
#[tokio::test]
async fn a_path_takes_the_place_of_a_name() {
    let checkpoint = concat!(env!("CARGO_MANIFEST_DIR"), "/../checkpoint/tests/data/tiny.pt");
    for engine in [EngineChoice::Rten, EngineChoice::OnnxRuntime] {
        let session = Sessions::new(store(), engine).session(checkpoint).await.unwrap();
        let signature = session.signature();
        assert_eq!(signature.inputs[0].shape, [Some(1), Some(3), Some(640), Some(640)]);
        assert_eq!(signature.metadata["names"], "{0: 'cat', 1: 'dog', 2: 'traffic light'}");
    }
    let missing =
        Sessions::new(store(), EngineChoice::Rten).session("nowhere.pt").await.map(drop).unwrap_err();
    assert!(missing.to_string().contains("nowhere.pt"), "{missing}");
}

#[tokio::test]
async fn an_output_can_be_read_without_a_copy() {
    let file = store().only_file("ppocrv6-det").await.unwrap();
    for loader in loaders().await {
        let session = loader.load_file(&file).unwrap();
        let input = || vec![("x".to_owned(), noise(&[1, 3, 64, 64]))];
        let mut seen = Vec::new();
        session.run_with(input(), &mut |views| seen.extend(views[0].iter().copied())).unwrap();
        assert_eq!(seen, session.run(input()).unwrap()[0].iter().copied().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn inputs_that_do_not_fit_are_refused_with_what_would() {
    let file = store().only_file("ppocrv6-rec").await.unwrap();
    for loader in loaders().await {
        let session = loader.load_file(&file).unwrap();
        let refused = |inputs| match session.run(inputs) {
            Err(error @ InferError::Input { .. }) => error.to_string(),
            other => panic!("{other:?}"),
        };
        let message = refused(vec![("x".to_owned(), noise(&[1, 3, 32, 320]))]);
        assert!(message.contains("x [?, 3, 48, ?]") && message.contains("x [1, 3, 32, 320]"), "{message}");
        refused(vec![("y".to_owned(), noise(&[1, 3, 48, 320]))]);
        refused(vec![("x".to_owned(), noise(&[3, 48, 320]))]);
        assert!(refused(vec![]).contains("nothing"));
        // A picture too narrow for the network's strides is an error of the engine or a result, never a panic.
        if let Err(error) = session.run(vec![("x".to_owned(), noise(&[1, 3, 48, 1]))]) {
            assert!(matches!(error, InferError::Run { .. }), "{error}");
        }
    }
}

#[tokio::test]
async fn a_damaged_file_is_an_error_that_names_file_engine_and_cure() {
    let whole = std::fs::read(store().only_file("ppocrv6-det").await.unwrap()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("damaged.onnx");
    for loader in loaders().await {
        for damaged in [&whole[..whole.len() / 2], b"<html>not found</html>".as_slice(), &[]] {
            std::fs::write(&path, damaged).unwrap();
            let error = loader.load_file(&path).err().unwrap().to_string();
            for part in ["damaged.onnx", &loader.engine().to_string(), "lavr models verify"] {
                assert!(error.contains(part), "{part} is missing in: {error}");
            }
        }
        let missing = loader.load_file(&directory.path().join("missing.onnx"));
        assert!(matches!(missing.err(), Some(InferError::Read { .. })));
    }
}

#[tokio::test]
async fn an_unknown_model_is_an_error_that_names_the_known_ones() {
    let files = FileSessions::new(Loader::new(EngineChoice::Rten, None).unwrap()).with("one", "one.onnx");
    let error = files.session("two").await.err().unwrap().to_string();
    assert!(error.contains("`two`") && error.contains("one"), "{error}");

    let sessions = Sessions::new(store(), EngineChoice::Rten);
    assert!(matches!(sessions.session("no-such-model").await.err(), Some(InferError::Weights { .. })));
}

#[tokio::test]
async fn work_off_the_async_threads_stops_when_cancelled_or_dropped() {
    let cancel = CancellationToken::new();
    let (seen, stopped) = std::sync::mpsc::channel();
    let wait = move |token: &CancellationToken| {
        while !token.is_cancelled() {
            std::thread::yield_now();
        }
        seen.send(()).ok();
        Ok::<(), InferError>(())
    };
    let work = tokio::spawn({
        let (cancel, wait) = (cancel.clone(), wait.clone());
        async move { off_thread(&cancel, wait).await }
    });
    cancel.cancel();
    assert!(matches!(work.await.unwrap(), Err(InferError::Cancelled) | Ok(())));

    let token = CancellationToken::new();
    {
        let dropped = off_thread(&token, wait);
        tokio::pin!(dropped);
        assert!(futures_poll_once(dropped.as_mut()).await.is_none());
    }
    stopped.recv().unwrap();
    assert!(!token.is_cancelled(), "the caller's own token is left alone");
}

/// Polls once, so that the work begins.
async fn futures_poll_once<T>(mut future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match future.as_mut().poll(context) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test]
async fn a_panic_in_the_work_is_an_error() {
    let outcome: Result<(), InferError> =
        off_thread(&CancellationToken::new(), |_| panic!("for the test")).await;
    let error = outcome.unwrap_err();
    assert!(matches!(&error, InferError::Panicked { message, .. } if message == "for the test"), "{error}");
}
