//! Demonstrations: read, held against the tools, picked, shown.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

mod common;

use std::{path::Path, sync::Arc};

use common::dispatcher;
use lavr_agent::{Demonstration, DemonstrationSet, Demonstrations, Limits, ModelPlanner, Next, PickBy, Run};
use lavr_image::{ImageStore, RgbImage};
use lavr_model::{ChatModel, LexicalEmbedder, Part, Role, TurnRequest};
use lavr_prompt::Library;
use lavr_testkit::ScriptedModel;
use lavr_types::ToolSpec;

fn demonstration(question: &str, tool: &str) -> String {
    format!(
        "+++\nquestion = \"{question}\"\nimages = [{{ size = [10, 10] }}]\n+++\nI use it.\n-> {tool} {{\"image\":\"image1\"}}\n<- {{}}\n= Done.\n"
    )
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn read(folder: &Path) -> Result<DemonstrationSet, String> {
    DemonstrationSet::read(folder, &ImageStore::default()).map_err(|error| error.to_string())
}

fn picked(demonstrations: &Demonstrations, question: &str) -> Vec<String> {
    let (dispatcher, _) = dispatcher();
    let tools: Vec<&ToolSpec> = dispatcher.registry().specs().collect();
    demonstrations.pick(question, &tools).into_iter().map(|one| one.name().to_owned()).collect()
}

/// What a model with these abilities is asked first.
fn request(native: bool, demonstrations: Demonstrations) -> TurnRequest {
    let (dispatcher, image) = dispatcher();
    let tools: Vec<&ToolSpec> = dispatcher.registry().specs().collect();
    let model = ScriptedModel::texts([""; 0]).with_capabilities(|can| can.native_tools = native);
    let planner = ModelPlanner::new(model.capabilities(), &Library::built_in())
        .unwrap()
        .with_demonstrations(demonstrations);
    let size = dispatcher.images().size_of(image).unwrap();
    let mut run = Run::new("How many dogs?", vec![(image, size)], Limits::default()).unwrap();
    let Next::Ask(request) = run.next(&planner, &tools).unwrap() else { panic!() };
    *request
}

#[test]
fn those_that_are_built_in_fit_their_tools() {
    let (dispatcher, _) = dispatcher();
    let tools: Vec<&ToolSpec> = dispatcher.registry().specs().collect();
    let set = DemonstrationSet::built_in().unwrap().for_tools(&tools).unwrap();
    assert_eq!(set.iter().map(Demonstration::name).collect::<Vec<_>>(), ["1-count", "2-sign", "3-color"]);
}

#[test]
fn the_most_similar_question_comes_last() {
    let files = [
        ("a.md", demonstration("What does the label say?", "ocr")),
        ("b.md", demonstration("How many cats are on the sofa?", "detect")),
        ("c.md", demonstration("Which color has the door?", "color")),
    ];
    let folder = folder(&files.each_ref().map(|(name, text)| (*name, text.as_str())));
    let by = PickBy::Embedding(Arc::new(LexicalEmbedder));
    let demonstrations = Demonstrations::new(read(folder.path()).unwrap(), by, 2).unwrap();
    assert!(!demonstrations.are_stable());
    assert_eq!(picked(&demonstrations, "How many cats do you see?").last().unwrap(), "b");
    assert_eq!(picked(&demonstrations, "Which color is the car?").last().unwrap(), "c");
    assert_eq!(picked(&demonstrations, "How many cats do you see?").len(), 2);
}

#[test]
fn those_that_show_the_most_tools_are_the_same_for_every_question() {
    let files = [
        ("a.md", demonstration("One?", "detect")),
        ("b.md", demonstration("Two?", "detect")),
        ("c.md", demonstration("Three?", "color")),
        ("d.md", demonstration("Four?", "unknown_tool")),
    ];
    let folder = folder(&files.each_ref().map(|(name, text)| (*name, text.as_str())));
    let set = read(folder.path()).unwrap();
    let demonstrations = Demonstrations::new(set.clone(), PickBy::Tools, 2).unwrap();
    assert!(demonstrations.are_stable());
    assert_eq!(picked(&demonstrations, "Four?"), ["a", "c"]);
    let first = Demonstrations::new(set, PickBy::Order, 9).unwrap();
    assert_eq!(picked(&first, "Four?"), ["a", "b", "c"], "none for a tool that is not there");
}

#[test]
fn a_call_that_its_tool_would_refuse_is_a_mistake_and_one_of_another_tool_is_left_out() {
    let (dispatcher, _) = dispatcher();
    let tools: Vec<&ToolSpec> = dispatcher.registry().specs().collect();
    let wrong = demonstration("One?", "detect").replace("image1\"}", "image1\",\"labels\":\"dog\"}");
    let set = read(folder(&[("wrong.md", &wrong)]).path()).unwrap();
    let error = set.for_tools(&tools).unwrap_err().to_string();
    assert!(error.contains("wrong") && error.contains("`labels`: it takes a list of texts"), "{error}");
    let other = read(folder(&[("other.md", &demonstration("One?", "weigh"))]).path()).unwrap();
    assert_eq!(other.for_tools(&tools).unwrap().iter().count(), 0);
}

#[test]
fn a_broken_file_is_told_with_its_line() {
    let good = demonstration("One?", "detect");
    for (text, told) in [
        (good.replace("<- {}\n", ""), "line 7: the call of `detect` before it has no result"),
        (good.replace("= Done.\n", ""), "it has no answer"),
        (good.replace("-> detect {", "-> detect "), "line 6: the arguments are no JSON"),
        (good.replace("+++\n", ""), "it must begin with a header"),
        (good.replace("size = [10, 10]", "file = \"none.jpg\""), "none.jpg"),
        (good.replace("question", "qestion"), "unknown field `qestion`"),
    ] {
        let error = read(folder(&[("a.md", &text)]).path()).unwrap_err();
        assert!(error.starts_with("the demonstration `a`: ") && error.contains(told), "{told}: {error}");
    }
    assert!(read(folder(&[]).path()).unwrap_err().contains("holds no demonstration"));
}

#[test]
fn stable_ones_belong_to_the_stable_prefix_and_picked_ones_stand_after_it() {
    let stable = request(false, Demonstrations::built_in().unwrap());
    assert_eq!(stable.stable_messages, stable.messages.len() - 1);
    let by = PickBy::Embedding(Arc::new(LexicalEmbedder));
    let set = DemonstrationSet::built_in().unwrap();
    let picked = request(false, Demonstrations::new(set, by, 1).unwrap());
    assert_eq!((picked.stable_messages, picked.messages.len()), (1, 1 + 4 + 1));
    assert_eq!(request(false, Demonstrations::none()).messages.len(), 2);
}

#[test]
fn a_model_with_its_own_tool_calls_is_shown_calls_and_pictures() {
    let folder = folder(&[(
        "a.md",
        &demonstration("How many cats?", "detect").replace("size = [10, 10]", "file = \"cat.png\""),
    )]);
    RgbImage::new(8, 6).save(folder.path().join("cat.png")).unwrap();
    let set = DemonstrationSet::read(folder.path(), &ImageStore::default()).unwrap();
    let request = request(true, Demonstrations::new(set, PickBy::Order, 1).unwrap());
    let [_, asked, called, result, answered, question] = &request.messages[..] else { panic!() };
    assert!(matches!(asked.parts[0], Part::Image { .. }), "{asked:?}");
    assert!(matches!(&called.parts[1], Part::ToolCall { call } if call.tool == "detect"), "{called:?}");
    assert_eq!((result.role, answered.role), (Role::Tool, Role::Assistant));
    assert!(matches!(question.parts[0], Part::Image { .. }), "the question keeps its own picture");
}
