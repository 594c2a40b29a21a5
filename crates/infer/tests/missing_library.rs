//! What happens where the ONNX Runtime library is missing or no such library. In a program of its own: a process
//! loads one library for good.

use std::path::Path;

use lavr_infer::{Engine, EngineChoice, InferError, Loader, set_threads, threads};

#[test]
fn a_library_that_does_not_work_is_an_error_when_asked_for_and_rten_when_not() {
    let directory = tempfile::tempdir().unwrap();
    let text = directory.path().join("libonnxruntime.so");
    std::fs::write(&text, "no library").unwrap();
    for library in [Path::new("/nowhere/libonnxruntime.so"), &text, directory.path()] {
        let error = Loader::new(EngineChoice::OnnxRuntime, Some(library)).unwrap_err();
        assert!(matches!(error, InferError::Library { .. }), "{error}");
        let message = error.to_string();
        for part in
            [library.to_str().unwrap(), "lavr models pull onnxruntime", "ORT_DYLIB_PATH", "--engine rten"]
        {
            assert!(message.contains(part), "{part} is missing in: {message}");
        }
        assert_eq!(Loader::new(EngineChoice::Auto, Some(library)).unwrap().engine(), Engine::Rten);
    }
}

#[test]
fn threads_are_set_once() {
    set_threads(3).unwrap();
    assert_eq!(threads(), 3);
    set_threads(3).unwrap();
    assert!(matches!(set_threads(2), Err(InferError::Threads { fixed: 3, asked: 2 })));
}

#[test]
fn an_engine_is_chosen_by_its_name() {
    for choice in [EngineChoice::Auto, EngineChoice::Rten, EngineChoice::OnnxRuntime] {
        assert_eq!(choice.to_string().parse::<EngineChoice>().unwrap(), choice);
    }
    assert!("tract".parse::<EngineChoice>().unwrap_err().to_string().contains("auto, rten or onnxruntime"));
}
