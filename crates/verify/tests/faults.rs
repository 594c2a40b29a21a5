//! Faults of the original Woodpecker, and trouble that a verifier meets, each with experts that know the truth.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use common::{Line, Rates, Truth, World, object};
use lavr_image::{ImageStore, RgbImage};
use lavr_tool::{CancellationToken, Dispatcher, DynTool, Registry, ToolContext, ToolError};
use lavr_types::{
    Capability, ClaimKind, Event, Observation, Rect, ToolSpec, Verdict,
    perception::{Detection, Detections},
};
use lavr_verify::{Policy, Thresholds, Verification, Verifier, VerifierOptions};
use serde_json::{Value, json};

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

fn verdict(result: &Verification, kind: ClaimKind, surface: &str) -> Verdict {
    let found =
        result.claims.iter().find(|claim| claim.claim.kind() == kind && claim.claim.surface == surface);
    found.unwrap_or_else(|| panic!("no claim {surface:?}: {:?}", result.claims)).judgement.verdict
}

#[tokio::test]
async fn a_second_word_for_one_box_is_no_second_thing_and_no_missing_one() {
    let world = World::new(&park(), Rates::default());
    let text = "A man walks in the park. The person has one dog. The human being is not named.";
    let result = world.verify(text).await;
    assert_eq!(result.text, text);
    assert_eq!(verdict(&result, ClaimKind::Existence, "man"), Verdict::Supported);
    assert_eq!(verdict(&result, ClaimKind::Existence, "person"), Verdict::Supported);
}

#[tokio::test]
async fn one_thing_in_two_sentences_counts_once() {
    let result =
        World::new(&park(), Rates::default()).verify("One dog sits. The dog waits for one person.").await;
    assert_eq!(verdict(&result, ClaimKind::Count, "One"), Verdict::Supported);
    assert_eq!(verdict(&result, ClaimKind::Count, "one"), Verdict::Supported);
}

#[tokio::test]
async fn a_sentence_without_things_shifts_nothing() {
    let text = "What a lovely day! Nobody complains. Two dogs play. So it goes. A cat sleeps.";
    let result = World::new(&park(), Rates::default()).verify(text).await;
    assert_eq!(result.text, "What a lovely day! Nobody complains. One dog plays. So it goes.");
}

#[tokio::test]
async fn an_empty_item_of_a_list_is_no_thing() {
    let text = "In the picture: a dog, a person, , and .";
    let result = World::new(&park(), Rates::default()).verify(text).await;
    assert_eq!(result.text, text);
    assert!(result.claims.iter().all(|claim| !claim.claim.surface.trim().is_empty()));
}

#[tokio::test]
async fn scores_are_not_thrown_away() {
    let mut truth = park();
    truth.objects[1].score = 0.4;
    let result = World::new(&truth, Rates::default()).verify("A dog and two dogs.").await;
    assert_eq!(verdict(&result, ClaimKind::Existence, "dog"), Verdict::Insufficient);
    assert_eq!(result.text, "A dog and two dogs.");
}

/// Fails in every call.
struct Broken {
    spec: ToolSpec,
    calls: Arc<AtomicU32>,
}

#[async_trait]
impl DynTool for Broken {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, _: Value, _: &ToolContext) -> Result<Observation<Value>, ToolError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Err(ToolError::failed("out of order"))
    }
}

#[tokio::test]
async fn a_failing_expert_is_asked_once_and_its_claims_are_left_alone() {
    let calls = Arc::new(AtomicU32::new(0));
    let spec = ToolSpec {
        capability: Capability::Detect,
        ..ToolSpec::new("detect", "Finds objects.", json!({ "type": "object" }))
    };
    let registry = Registry::new().with_dyn(Arc::new(Broken { spec, calls: calls.clone() })).unwrap();
    let images = Arc::new(ImageStore::default());
    let image = images.insert(RgbImage::new(8, 8)).unwrap();
    let verifier = Verifier::new(Dispatcher::new(registry, images), VerifierOptions::default());
    let text = "Two red dogs sit on a sofa that says \"HELLO\".";
    let result = verifier.verify(text, &[image], &CancellationToken::new(), &|_| ()).await;
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(result.text, text);
    assert!(result.claims.iter().all(|claim| claim.judgement.verdict == Verdict::Insufficient));
    assert!(result.claims.iter().any(|claim| claim.judgement.reason.contains("out of order")));
}

#[tokio::test]
async fn one_pass_and_one_recheck_serve_the_whole_text_and_a_repeat_costs_nothing() {
    let world = World::new(&park(), Rates::default());
    let text = "A man, a woman and two dogs play. A cat and a bear watch them. The dog is black.";
    let first = world.verify(text).await;
    assert_eq!(world.detector_calls.load(Ordering::Relaxed), 2);
    assert!(first.usage.tool_calls >= 2 && first.usage.model_calls == 0);
    let again = world.verify(text).await;
    assert_eq!((again.usage.tool_calls, again.text), (0, first.text));
}

#[tokio::test]
async fn an_absent_thing_of_a_class_that_is_often_missed_is_left_alone() {
    let text = "A person with a toaster, a toothbrush and a hair drier.";
    let result = World::new(&park(), Rates::default()).verify(text).await;
    assert_eq!(result.text, text);
    assert_eq!(verdict(&result, ClaimKind::Existence, "toaster"), Verdict::Insufficient);
}

#[tokio::test]
async fn how_faint_a_trace_keeps_a_thing_from_being_absent_depends_on_its_class() {
    let after = |label: &'static str, score: f32, text: &'static str| async move {
        let mut truth = park();
        let mut faint = object(label, [70.0, 5.0, 85.0, 15.0], "");
        faint.score = score;
        truth.objects.push(faint);
        World::new(&truth, Rates::default()).verify(text).await.text
    };
    // A cat is hardly ever missed, a bird leaves more than a faint trace, and a spoon leaves some.
    for (label, kept, gone) in [("cat", 0.35, 0.25), ("bird", 0.2, 0.12), ("spoon", 0.12, 0.05)] {
        let text = match label {
            "cat" => "A man, a dog and a cat.",
            "bird" => "A man, a dog and a bird.",
            _ => "A man, a dog and a spoon.",
        };
        assert_eq!(after(label, kept, text).await, text);
        assert_eq!(after(label, gone, text).await, "A man and a dog.");
    }
}

#[tokio::test]
async fn clothes_have_the_color_that_is_measured_on_their_wearer() {
    let dressed = |color: &'static str, text: &'static str| async move {
        let mut truth = park();
        truth.objects[0] = object("person", [10.0, 10.0, 25.0, 60.0], color);
        World::new(&truth, Rates::default()).verify(text).await.text
    };
    assert_eq!(dressed("blue", "A man in a red shirt.").await, "A man in a blue shirt.");
    assert_eq!(dressed("red", "A man in a red shirt.").await, "A man in a red shirt.");
    // It may be the skin that is brown, and dark red is easily black.
    assert_eq!(dressed("brown", "A man in a red shirt.").await, "A man in a red shirt.");
    assert_eq!(dressed("black", "A man in a red shirt.").await, "A man in a red shirt.");
    // Of a hat the box says nothing.
    assert_eq!(dressed("blue", "A man in a red hat.").await, "A man in a red hat.");
}

#[tokio::test]
async fn a_second_person_needs_a_second_box() {
    let text = "A man is reading. A woman stands behind him.";
    let alone = World::new(&park(), Rates::default()).verify(text).await;
    assert_eq!(alone.text, "A man is reading.");
    let mut truth = park();
    truth.objects.push(object("person", [75.0, 10.0, 90.0, 60.0], "red"));
    assert_eq!(World::new(&truth, Rates::default()).verify(text).await.text, text);
    // Who is called a person may be the man.
    let text = "A man is reading. A person stands there.";
    assert_eq!(World::new(&park(), Rates::default()).verify(text).await.text, text);
}

#[tokio::test]
async fn a_word_that_the_detector_has_no_class_for_is_left_alone() {
    let world = World::with_options(&park(), Rates::default(), VerifierOptions::default(), &["cat"]);
    let result = world.verify("A cat sits there.").await;
    assert_eq!(result.text, "A cat sits there.");
    assert_eq!(verdict(&result, ClaimKind::Existence, "cat"), Verdict::Insufficient);
}

#[tokio::test]
async fn a_hedged_claim_is_not_rewritten() {
    let text = "There seems to be a cat, and perhaps three dogs.";
    assert_eq!(World::new(&park(), Rates::default()).verify(text).await.text, text);
}

#[tokio::test]
async fn people_are_not_read_like_things() {
    let text = "The man is a famous actor. He feels lonely and wants to leave.";
    let result = World::new(&park(), Rates::default()).verify(text).await;
    assert_eq!(result.text, text);
    assert_eq!(verdict(&result, ClaimKind::Attribute, "lonely"), Verdict::Insufficient);
    assert_eq!(verdict(&result, ClaimKind::Attribute, "wants"), Verdict::Insufficient);
}

#[tokio::test]
async fn text_read_without_certainty_rewrites_nothing() {
    let mut truth = park();
    truth.lines = vec![Line { text: "OPEM DAILY".into(), at: Rect::new(5.0, 5.0, 40.0, 12.0), score: 0.6 }];
    let text = "The sign says \"OPEN DAILY\" and the poster says \"CLOSED\".";
    let result = World::new(&truth, Rates::default()).verify(text).await;
    assert_eq!(result.text, text);
    assert_eq!(verdict(&result, ClaimKind::Text, "OPEN DAILY"), Verdict::Supported);
}

#[tokio::test]
async fn a_slip_of_the_reader_rewrites_nothing() {
    let mut truth = park();
    let line = |text: &str, top: f64| Line {
        text: text.into(),
        at: Rect::new(5.0, top, 60.0, top + 6.0),
        score: 0.97,
    };
    truth.lines = vec![line("githubOSOCIAL CODING", 5.0), line("6", 15.0), line("Bakery", 25.0)];
    for text in [
        "The sign says \"github SOCIAL CODING\".",
        "A sign reads \"66\".",
        "It is labelled \"SOCIAL CODING\".",
    ] {
        assert_eq!(World::new(&truth, Rates::default()).verify(text).await.text, text);
    }
    let result = World::new(&truth, Rates::default()).verify("A sign reads \"Brewery\".").await;
    assert_eq!(result.text, "A sign reads \"Bakery\".");
}

#[tokio::test]
async fn the_budget_is_kept_and_said() {
    let options = VerifierOptions { calls: 1, ..VerifierOptions::default() };
    let world = World::with_options(&park(), Rates::default(), options, &[]);
    let text = "A white dog and a cat.";
    let result = world.verify(text).await;
    assert_eq!((result.text.as_str(), result.calls.len()), (text, 1));
    assert!(result.notes.iter().any(|note| note.contains("limit")), "{:?}", result.notes);
}

#[tokio::test]
async fn a_cancelled_check_changes_nothing() {
    let world = World::new(&park(), Rates::default());
    let cancel = CancellationToken::new();
    cancel.cancel();
    let result = world.verifier.verify("A cat.", &[world.image], &cancel, &|_| ()).await;
    assert_eq!((result.text.as_str(), result.calls.len()), ("A cat.", 0));
    assert!(result.notes.iter().any(|note| note.contains("cancelled")));
}

#[tokio::test]
async fn without_a_picture_nothing_is_known() {
    let world = World::new(&park(), Rates::default());
    let result = world.verifier.verify("A cat.", &[], &CancellationToken::new(), &|_| ()).await;
    assert_eq!(result.text, "A cat.");
    assert!(result.claims.iter().all(|claim| claim.judgement.verdict == Verdict::Insufficient));
}

#[tokio::test]
async fn evidence_names_the_call_that_saw_it() {
    let result = World::new(&park(), Rates::default()).verify("A white dog and a cat.").await;
    let ids: Vec<_> = result.calls.iter().map(|record| record.call.id.clone()).collect();
    let contradicted: Vec<_> =
        result.claims.iter().filter(|claim| claim.judgement.verdict == Verdict::Contradicted).collect();
    assert_eq!(contradicted.len(), 2);
    for claim in contradicted {
        assert!(!claim.judgement.evidence.is_empty());
        for evidence in &claim.judgement.evidence {
            assert!(evidence.call.as_ref().is_some_and(|call| ids.contains(call)), "{evidence:?}");
        }
    }
}

#[tokio::test]
async fn events_tell_of_calls_and_judgements() {
    let world = World::new(&park(), Rates::default());
    let events = std::sync::Mutex::new(Vec::new());
    let listener = |event: Event| events.lock().unwrap().push(event);
    let result =
        world.verifier.verify("A black dog.", &[world.image], &CancellationToken::new(), &listener).await;
    let events = events.into_inner().unwrap();
    let count = |test: fn(&Event) -> bool| events.iter().filter(|event| test(event)).count();
    assert_eq!(count(|event| matches!(event, Event::CallStarted { .. })), result.calls.len());
    assert_eq!(count(|event| matches!(event, Event::CallEnded { .. })), result.calls.len());
    assert_eq!(count(|event| matches!(event, Event::Judged { .. })), result.claims.len());
}

#[tokio::test]
async fn unconfirmed_claims_can_be_marked_or_dropped() {
    let after = |policy| async move {
        let options = VerifierOptions { policy, ..VerifierOptions::default() };
        World::with_options(&park(), Rates::default(), options, &[])
            .verify("A dog with a toaster sits there.")
            .await
            .text
    };
    assert_eq!(after(Policy::Keep).await, "A dog with a toaster sits there.");
    assert_eq!(after(Policy::Mark).await, "A dog with a toaster [unverified] sits [unverified] there.");
    assert_eq!(after(Policy::Drop).await, "A dog sits there.");
}

#[tokio::test]
async fn what_is_taken_out_has_nothing_in_its_place_however_its_sentence_changes() {
    let result =
        World::new(&park(), Rates::default()).verify("In a park, a toilet stands next to a man.").await;
    let toilet = result.claims.iter().find(|claim| claim.claim.surface == "toilet").unwrap();
    assert_eq!(toilet.judgement.verdict, Verdict::Contradicted);
    assert_eq!(toilet.replacement.as_deref(), Some(""), "{}", result.text);
}

#[tokio::test]
async fn in_a_picture_of_a_few_pixels_nothing_is_called_absent() {
    let world = World::new(&park(), Rates::default());
    let speck = world.images.insert(RgbImage::new(8, 8)).unwrap();
    let result = world.verifier.verify("A zebra.", &[speck], &CancellationToken::new(), &|_| ()).await;
    assert_eq!(verdict(&result, ClaimKind::Existence, "zebra"), Verdict::Insufficient);
    assert!(result.claims[0].judgement.reason.contains("too small"), "{:?}", result.claims[0]);
}

/// A detector that takes the one animal there is for a dog, and was not far from taking it for a cat.
struct Undecided;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Look {
    image: lavr_types::ImageId,
    labels: Vec<String>,
    threshold: f32,
    #[serde(default)]
    tiles: bool,
}

impl lavr_tool::Tool for Undecided {
    const NAME: &'static str = "detect";
    const DESCRIPTION: &'static str = "Finds objects.";
    const CAPABILITY: Capability = Capability::Detect;
    type Args = Look;
    type Output = Detections;

    async fn call(&self, args: Look, context: &ToolContext) -> Result<Observation<Detections>, ToolError> {
        context.image(args.image)?;
        let animal = |label: &str, score: f32| Detection {
            label: label.to_owned(),
            bounds: Rect::new(10.0, 10.0, 60.0, 60.0),
            score: if args.tiles { score - 0.05 } else { score },
        };
        let asked = |one: &Detection| args.labels.contains(&one.label) && one.score >= args.threshold;
        let seen = |one: Detection| Some(one).filter(asked).into_iter().collect();
        let (objects, rivals) = (seen(animal("dog", 0.7)), seen(animal("cat", 0.6)));
        Ok(Observation::new(Detections { objects, rivals, ..Detections::default() }))
    }
}

/// A detector that asked a second network, which alone sees what may be a cat. It sees a dog there itself, with this score, or nothing.
struct Doubtful {
    dog: f32,
}

impl lavr_tool::Tool for Doubtful {
    const NAME: &'static str = "detect";
    const DESCRIPTION: &'static str = "Finds objects.";
    const CAPABILITY: Capability = Capability::Detect;
    type Args = Look;
    type Output = Detections;

    async fn call(&self, args: Look, context: &ToolContext) -> Result<Observation<Detections>, ToolError> {
        context.image(args.image)?;
        let animal = |label: &str, score: f32| Detection {
            label: label.to_owned(),
            bounds: Rect::new(10.0, 10.0, 60.0, 60.0),
            score,
        };
        let asked = |one: &Detection| args.labels.contains(&one.label) && one.score > 0.0;
        let seen = |one: Detection| Some(one).filter(asked).into_iter().collect();
        let doubts = if args.tiles { seen(animal("cat", 0.4)) } else { Vec::new() };
        Ok(Observation::new(Detections {
            objects: seen(animal("dog", self.dog)),
            doubts,
            ..Detections::default()
        }))
    }
}

#[tokio::test]
async fn what_another_network_sees_is_not_called_absent() {
    let images = Arc::new(ImageStore::default());
    let image = images.insert(RgbImage::new(100, 80)).unwrap();
    let registry = Registry::new().with(Doubtful { dog: 0.0 }).unwrap();
    let verifier = Verifier::new(Dispatcher::new(registry, images), VerifierOptions::default());
    let cancel = CancellationToken::new();
    let cat = verifier.verify("A cat sits.", &[image], &cancel, &|_| ()).await;
    assert_eq!(verdict(&cat, ClaimKind::Existence, "cat"), Verdict::Insufficient);
    assert!(cat.claims[0].judgement.reason.contains("another network sees"), "{:?}", cat.claims[0]);
    let dog = verifier.verify("A dog sits.", &[image], &cancel, &|_| ()).await;
    assert_eq!(verdict(&dog, ClaimKind::Existence, "dog"), Verdict::Contradicted);
}

#[tokio::test]
async fn a_far_surer_detector_is_believed_where_the_text_leaves_out_what_it_sees() {
    let own = Thresholds::parse_over(
        include_str!("../thresholds.toml"),
        "[existence]\noutvotes_from = 0.9\nsubstitute_confusable = 0.5",
    )
    .unwrap();
    for (dog, text, right) in [
        (0.95, "A cat sits.", "A dog sits."),
        (0.95, "A cat and a dog sit.", "A cat and a dog sit."),
        (0.8, "A cat sits.", "A cat sits."),
    ] {
        let images = Arc::new(ImageStore::default());
        let image = images.insert(RgbImage::new(100, 80)).unwrap();
        let registry = Registry::new().with(Doubtful { dog }).unwrap();
        let options = VerifierOptions { thresholds: own.clone().into(), ..VerifierOptions::default() };
        let verifier = Verifier::new(Dispatcher::new(registry, images), options);
        let result = verifier.verify(text, &[image], &CancellationToken::new(), &|_| ()).await;
        assert_eq!(result.text, right, "{dog}");
    }
}

#[tokio::test]
async fn what_lost_its_place_to_another_label_is_not_called_absent() {
    let images = Arc::new(ImageStore::default());
    let image = images.insert(RgbImage::new(100, 80)).unwrap();
    let registry = Registry::new().with(Undecided).unwrap();
    let verifier = Verifier::new(Dispatcher::new(registry, images), VerifierOptions::default());
    let cancel = CancellationToken::new();
    let cat = verifier.verify("A cat sits.", &[image], &cancel, &|_| ()).await;
    assert_eq!(verdict(&cat, ClaimKind::Existence, "cat"), Verdict::Insufficient);
    assert!(cat.claims[0].judgement.reason.contains("rather taken for dog"), "{:?}", cat.claims[0]);
    assert_eq!(cat.text, "A cat sits.");
    // What nothing there looks like is as absent as before.
    let zebra = verifier.verify("A zebra sits.", &[image], &cancel, &|_| ()).await;
    assert_eq!(verdict(&zebra, ClaimKind::Existence, "zebra"), Verdict::Contradicted);
}
