//! The baseline: its steps as published, its faults where they are asked for, and its steps in the verifier.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::{collections::BTreeSet, sync::Arc};

use common::{Rates, Truth, World, object};
use lavr_model::{ModelErrorKind, Part, TurnRequest};
use lavr_prompt::Library;
use lavr_testkit::{ScriptedModel, ScriptedReply};
use lavr_tool::CancellationToken;
use lavr_verify::{
    Ablation, ConceptExtractor, PassageRewriter, Quirk, Verification, Verifier, VerifierOptions, Woodpecker,
    WoodpeckerOptions,
};

fn park() -> Truth {
    Truth {
        name: "park".into(),
        objects: vec![
            object("person", [10.0, 10.0, 25.0, 60.0], "blue"),
            object("dog", [40.0, 40.0, 60.0, 60.0], "black"),
        ],
        lines: vec![],
    }
}

fn last(request: &TurnRequest) -> String {
    let parts = &request.messages.last().unwrap().parts;
    parts
        .iter()
        .filter_map(|part| if let Part::Text { text } = part { Some(text.as_str()) } else { None })
        .collect()
}

/// Which of the baseline's steps a request belongs to.
fn step(request: &TurnRequest) -> &'static str {
    let Part::Text { text } = &request.messages[0].parts[0] else { panic!("no rules: {request:?}") };
    match text.split(' ').take(2).collect::<Vec<_>>().join(" ").as_str() {
        "You replace" => "pronouns",
        "You name" => "concepts",
        "You write" => "questions",
        "You correct" => "rewrite",
        other => panic!("unknown rules: {other}"),
    }
}

/// A model that finds the nouns of a list, asks for the color of the first thing, and rewrites to "REWRITTEN".
fn reader(nouns: &'static [&'static str], end: &'static str) -> ScriptedModel {
    ScriptedModel::from_fn(move |request, _| {
        let asked = last(request);
        let text = match step(request) {
            "pronouns" => asked,
            "concepts" => {
                let named: Vec<&str> = nouns.iter().copied().filter(|noun| asked.contains(noun)).collect();
                if named.is_empty() { "None".to_owned() } else { named.join(".") + end }
            }
            "questions" => {
                let first =
                    asked.lines().last().unwrap().trim_start_matches("Things: ").split('.').next().unwrap();
                format!("What color is the {first}?&{first}\nIs it nice?&nothing\n")
            }
            _ => " REWRITTEN\n".to_owned(),
        };
        Some(ScriptedReply::Text(text))
    })
}

async fn mended(model: &Arc<ScriptedModel>, text: &str, quirks: &[Quirk]) -> Verification {
    let world = World::new(&park(), Rates::default());
    let quirks: BTreeSet<Quirk> = quirks.iter().copied().collect();
    let options = WoodpeckerOptions { quirks, ..WoodpeckerOptions::default() };
    let baseline =
        Woodpecker::new(world.dispatcher.clone(), model.clone(), &Library::built_in(), options).unwrap();
    baseline.verify(text, &[world.image], &CancellationToken::new(), &|_| ()).await
}

/// What the model that rewrites was told.
fn told(model: &ScriptedModel) -> String {
    last(model.requests().iter().find(|request| step(request) == "rewrite").unwrap())
}

const TEXT: &str = "A dog and a cat play. What a day! A man watches.";

#[tokio::test]
async fn the_steps_go_as_published() {
    let model = Arc::new(reader(&["dog", "cat", "man", "mountain"], ""));
    let result = mended(&model, TEXT, &[]).await;
    assert_eq!(result.text, "REWRITTEN");
    let steps: Vec<_> = model.requests().iter().map(step).collect();
    assert_eq!(steps, ["pronouns", "concepts", "concepts", "concepts", "questions", "questions", "rewrite"]);
    assert_eq!(result.usage.model_calls, 7);
    let told = told(&model);
    assert!(told.contains("There are 1 dog.\ndog 1: [0.400, 0.500, 0.600, 0.750]"), "{told}");
    assert!(told.contains("There is no cat.") && told.contains("There are 1 man."), "{told}");
    assert!(told.contains("Specific:\ndog 1: [0.400, 0.500, 0.600, 0.750] The dog is black."), "{told}");
    assert!(told.contains(TEXT), "{told}");
}

#[tokio::test]
async fn a_second_word_for_one_box_is_denied_where_boxes_are_shared_as_published() {
    let text = "A man stands there. The person waits.";
    let model = Arc::new(reader(&["man", "person"], ""));
    mended(&model, text, &[]).await;
    assert!(told(&model).contains("There are 1 person."), "{}", told(&model));
    let model = Arc::new(reader(&["man", "person"], ""));
    mended(&model, text, &[Quirk::SharedBoxes]).await;
    assert!(told(&model).contains("There is no person."), "{}", told(&model));
}

#[tokio::test]
async fn a_sentence_without_things_shifts_the_questions_where_pairs_shift_as_published() {
    let asked = |model: &ScriptedModel| -> Vec<String> {
        model.requests().iter().filter(|request| step(request) == "questions").map(last).collect()
    };
    let model = Arc::new(reader(&["dog", "cat", "man"], ""));
    mended(&model, TEXT, &[]).await;
    assert_eq!(asked(&model)[1], "Sentence: A man watches.\nThings: man");
    let model = Arc::new(reader(&["dog", "cat", "man"], ""));
    mended(&model, TEXT, &[Quirk::ShiftedPairs]).await;
    assert_eq!(asked(&model)[1], "Sentence: What a day!\nThings: man");
}

#[tokio::test]
async fn what_stands_behind_the_last_separator_is_a_thing_only_as_published() {
    let model = Arc::new(reader(&["dog"], "."));
    mended(&model, "A dog.", &[]).await;
    assert!(!told(&model).contains("There is no"), "{}", told(&model));
    let model = Arc::new(reader(&["dog"], "."));
    mended(&model, "A dog.", &[Quirk::EmptyConcepts]).await;
    assert!(told(&model).contains("There is no ."), "{}", told(&model));
}

#[tokio::test]
async fn what_the_detector_has_no_class_for_is_not_denied() {
    let model = Arc::new(reader(&["dog", "mountain"], ""));
    mended(&model, "A dog on a mountain.", &[]).await;
    assert!(!told(&model).contains("no mountain"), "{}", told(&model));
}

#[tokio::test]
async fn a_model_that_fails_is_asked_twice_and_the_text_stays() {
    let model = Arc::new(ScriptedModel::from_fn(|_, _| {
        Some(ScriptedReply::Fails(ModelErrorKind::Transient, "busy".into()))
    }));
    let result = mended(&model, "A dog.", &[]).await;
    assert_eq!(result.text, "A dog.");
    // Pronouns, concepts of one sentence, rewriting.
    assert_eq!(model.requests().len(), 6);
    assert!(result.notes.iter().any(|note| note.contains("busy")), "{:?}", result.notes);
}

#[tokio::test]
async fn in_the_verifier_the_models_concepts_choose_what_is_checked() {
    let world = World::new(&park(), Rates::default());
    let model = Arc::new(reader(&["dog"], ""));
    let verifier = Verifier::new(world.dispatcher.clone(), VerifierOptions::default())
        .with_extractor(ConceptExtractor::new(model, &Library::built_in()).unwrap());
    let result = verifier
        .verify("A white dog sits. A cat sits.", &[world.image], &CancellationToken::new(), &|_| ())
        .await;
    assert_eq!((result.text.as_str(), result.usage.model_calls), ("A black dog sits. A cat sits.", 2));
}

#[tokio::test]
async fn in_the_verifier_the_models_rewriting_is_taken_as_it_is() {
    let world = World::new(&park(), Rates::default());
    let model = Arc::new(reader(&[], ""));
    let verifier = Verifier::new(world.dispatcher.clone(), VerifierOptions::default())
        .with_corrector(PassageRewriter::new(model.clone(), &Library::built_in()).unwrap());
    let result = verifier.verify("A white dog.", &[world.image], &CancellationToken::new(), &|_| ()).await;
    assert_eq!((result.text.as_str(), result.usage.model_calls), ("REWRITTEN", 1));
    assert!(told(&model).contains("\"white\" is wrong: measured black, not white."), "{}", told(&model));
}

async fn without(truth: &Truth, ablation: Option<Ablation>, text: &str) -> Verification {
    let options = VerifierOptions { without: ablation.into_iter().collect(), ..VerifierOptions::default() };
    World::with_options(truth, Rates::default(), options, &[]).verify(text).await
}

#[tokio::test]
async fn each_change_against_the_baseline_can_be_taken_back() {
    let mut truth = park();
    truth.objects.push(object("dog", [70.0, 40.0, 90.0, 60.0], "black"));
    truth.objects[2].score = 0.4;
    let after = |ablation, text: &'static str| {
        let truth = truth.clone();
        async move { without(&truth, ablation, text).await.text }
    };
    // One dog for certain, two at most: the interval leaves both numbers alone, the number of findings does not.
    assert_eq!(after(None, "One dog.").await, "One dog.");
    assert_eq!(after(Some(Ablation::ExactCounts), "One dog.").await, "Two dogs.");
    // A class that is often missed is denied on the detector's word alone.
    assert_eq!(after(None, "A dog with a toaster.").await, "A dog with a toaster.");
    assert_eq!(after(Some(Ablation::DetectorVerdicts), "A dog with a toaster.").await, "A dog.");
    assert_eq!(after(None, "A white dog.").await, "A black dog.");
    assert_eq!(after(Some(Ablation::NoColors), "A white dog.").await, "A white dog.");
    let text = "A dog sits. A car passes a bus.";
    let looks =
        |result: &Verification| result.calls.iter().filter(|record| record.call.tool == "detect").count();
    assert_eq!(looks(&without(&truth, None, text).await), 2);
    assert_eq!(looks(&without(&truth, Some(Ablation::OneLook), text).await), 1);
    assert_eq!(looks(&without(&truth, Some(Ablation::SentenceTables), text).await), 3);
}
