//! What is checked first, side by side, and what a budget leaves.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use common::{Line, Rates, Relate, Truth, Vqa, World, color_meter, detector, object, reader};
use lavr_image::{ImageStore, RgbImage};
use lavr_tool::{CancellationToken, Dispatcher, Registry, Tool, ToolContext, ToolError};
use lavr_types::{
    Capability, ClaimKind, Draft, Event, ImageId, Observation, Rect, Span, TokenScore, Verdict,
};
use lavr_verify::{CheckOrder, Verification, Verifier, VerifierOptions};

/// Things of four colours that have nothing to do with each other.
fn yard() -> Truth {
    Truth {
        name: "yard".into(),
        objects: vec![
            object("zebra", [5.0, 10.0, 25.0, 40.0], "black"),
            object("toilet", [30.0, 10.0, 45.0, 40.0], "white"),
            object("surfboard", [55.0, 5.0, 70.0, 20.0], "green"),
            object("train", [75.0, 30.0, 98.0, 70.0], "blue"),
        ],
        lines: vec![Line { text: "EXIT".into(), at: Rect::new(2.0, 70.0, 20.0, 78.0), score: 0.95 }],
    }
}

const TEXT: &str = "A red zebra. A red toilet. A red surfboard. A red train.";

fn colors(result: &Verification) -> Vec<Verdict> {
    let colors = result.claims.iter().filter(|claim| claim.claim.kind() == ClaimKind::Color);
    colors.map(|claim| claim.judgement.verdict).collect()
}

async fn within(calls: u32, options: VerifierOptions) -> Verification {
    let options = VerifierOptions { calls, ..options };
    World::with_options(&yard(), Rates::default(), options, &[]).verify(TEXT).await
}

#[tokio::test]
async fn under_a_budget_the_later_claims_are_checked_first_and_the_answer_says_what_is_left() {
    use Verdict::{Contradicted, Insufficient};
    let result = within(3, VerifierOptions::default()).await;
    assert_eq!(colors(&result), [Insufficient, Insufficient, Contradicted, Contradicted]);
    assert_eq!(result.text, "A red zebra. A red toilet. A green surfboard. A blue train.");
    let note = result.notes.iter().find(|note| note.contains("3 expert calls")).unwrap();
    assert!(note.ends_with("before all was checked: \"red\", \"red\""), "{note}");
    let reasons: Vec<&str> = result.claims.iter().map(|claim| claim.judgement.reason.as_str()).collect();
    assert_eq!(reasons.iter().filter(|reason| reason.contains("left unchecked")).count(), 2, "{reasons:?}");
}

#[tokio::test]
async fn in_the_order_of_the_text_the_first_claims_have_the_budget() {
    use Verdict::{Contradicted, Insufficient};
    let options = VerifierOptions { order: CheckOrder::Text, ..VerifierOptions::default() };
    assert_eq!(colors(&within(3, options).await), [Contradicted, Contradicted, Insufficient, Insufficient]);
}

#[tokio::test]
async fn a_budget_that_is_just_enough_leaves_nothing_and_says_nothing() {
    let result = within(5, VerifierOptions::default()).await;
    assert_eq!(result.calls.len(), 5);
    assert!(result.notes.is_empty(), "{:?}", result.notes);
    assert!(colors(&result).iter().all(|verdict| *verdict == Verdict::Contradicted));
}

#[tokio::test]
async fn what_the_model_was_unsure_of_has_the_budget_first() {
    let start = TEXT.find("toilet").unwrap() - "red ".len();
    let token = |span: Span, probability: f32| TokenScore { span, log_probability: probability.ln() };
    let tokens = vec![token(Span::new(0, start), 0.99), token(Span::new(start, start + 3), 0.02)];
    let draft = Draft { text: TEXT.into(), cites: vec![], tokens };
    let options = VerifierOptions { calls: 2, ..VerifierOptions::default() };
    let world = World::with_options(&yard(), Rates::default(), options, &[]);
    let cancel = CancellationToken::new();
    let result = world.verifier.verify_draft(&draft, &[world.image], &cancel, &|_| ()).await;
    assert_eq!(result.text, "A red zebra. A white toilet. A red surfboard. A red train.");
}

#[tokio::test]
async fn of_two_passes_the_riskier_claims_has_the_only_call() {
    let read = |text: &'static str| async move {
        let options = VerifierOptions { calls: 1, ..VerifierOptions::default() };
        let world = World::with_options(&yard(), Rates::default(), options, &[]);
        let result = world.verify(text).await;
        assert_eq!(result.calls.len(), 1);
        result.calls[0].call.tool.clone()
    };
    assert_eq!(read("A zebra stands by a sign that says \"EXIT\".").await, "ocr");
    assert_eq!(read("A sign says \"EXIT\" beside a zebra.").await, "detect");
}

/// An expert that takes its time, another with each call and each seed.
struct Late<T> {
    expert: T,
    state: AtomicU64,
}

impl<T: Tool> Late<T> {
    fn new(expert: T, seed: u64) -> Self {
        Self { expert, state: AtomicU64::new(seed) }
    }
}

impl<T: Tool> Tool for Late<T> {
    const NAME: &'static str = T::NAME;
    const DESCRIPTION: &'static str = T::DESCRIPTION;
    const CAPABILITY: Capability = T::CAPABILITY;
    type Args = T::Args;
    type Output = T::Output;

    async fn call(&self, args: T::Args, context: &ToolContext) -> Result<Observation<T::Output>, ToolError> {
        let state = self.state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis((state ^ (state >> 29)) % 7)).await;
        self.expert.call(args, context).await
    }
}

fn late(seed: u64, options: VerifierOptions) -> (Verifier, Vec<ImageId>) {
    let truth = Arc::new(yard());
    let registry = Registry::new()
        .with(Late::new(detector(&truth), seed))
        .and_then(|registry| registry.with(Late::new(color_meter(&truth), seed)))
        .and_then(|registry| registry.with(Late::new(Relate, seed)))
        .and_then(|registry| registry.with(Late::new(reader(&truth), seed)))
        .and_then(|registry| registry.with(Late::new(Vqa::knowing(&truth), seed)))
        .unwrap();
    let store = Arc::new(ImageStore::default());
    let small = store.insert(RgbImage::new(common::WIDTH, common::HEIGHT)).unwrap();
    let large = store.insert(RgbImage::new(2 * common::WIDTH, 2 * common::HEIGHT)).unwrap();
    (Verifier::new(Dispatcher::new(registry, store), options), vec![small, large])
}

/// Claims of every kind: found and missed, measured, placed, read, and for the vision model alone.
const RICH: &str = "A red zebra is left of a blue train. A cat and an elephant play with a wooden spoon. \
                    The sign says \"EXIT\", and a red surfboard flies above a large toilet.";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_long_the_experts_take_the_result_and_its_receipts_are_the_same() {
    for calls in [3, 7, 40] {
        let mut before = None;
        for seed in 1..=6 {
            let options = VerifierOptions { calls, ..VerifierOptions::default() };
            let (verifier, images) = late(seed, options);
            let result = verifier.verify(RICH, &images, &CancellationToken::new(), &|_| ()).await;
            let made: Vec<_> = result.calls.iter().map(|record| record.call.clone()).collect();
            assert!(made.len() <= calls as usize);
            let now = (result.text, result.claims, result.edits, result.notes, made);
            assert_eq!(before.get_or_insert_with(|| now.clone()), &now, "seed {seed}, {calls} calls");
        }
    }
}

#[tokio::test]
async fn a_text_with_claims_of_every_kind_about_two_pictures_is_four_waits_deep() {
    let options = VerifierOptions { side_by_side: 64, calls: 100, ..VerifierOptions::default() };
    let (verifier, images) = late(0, options);
    let events = Mutex::new(Vec::new());
    let listener = |event: Event| events.lock().unwrap().push(event);
    let result = verifier.verify(RICH, &images, &CancellationToken::new(), &listener).await;
    let tools: std::collections::BTreeSet<&str> =
        result.calls.iter().map(|record| record.call.tool.as_str()).collect();
    assert_eq!(tools.into_iter().collect::<Vec<_>>(), ["color", "detect", "ocr", "relate", "vqa"]);
    // What starts after something has ended has waited for it.
    let (mut waits, mut ended) = (0, true);
    for event in events.into_inner().unwrap() {
        match event {
            Event::CallStarted { .. } => waits += u32::from(std::mem::take(&mut ended)),
            Event::CallEnded { .. } => ended = true,
            _ => {}
        }
    }
    assert_eq!(waits, 4);
}

#[tokio::test]
async fn no_more_calls_are_under_way_than_is_allowed() {
    let options = VerifierOptions { side_by_side: 2, ..VerifierOptions::default() };
    let (verifier, images) = late(0, options);
    let counts = Mutex::new((0_u32, 0_u32));
    let listener = |event: Event| {
        let mut counts = counts.lock().unwrap();
        match event {
            Event::CallStarted { .. } => counts.0 += 1,
            Event::CallEnded { .. } => counts.0 -= 1,
            _ => {}
        }
        counts.1 = counts.1.max(counts.0);
    };
    verifier.verify(RICH, &images, &CancellationToken::new(), &listener).await;
    assert_eq!(counts.into_inner().unwrap(), (0, 2));
}

/// Never comes to an end.
struct Endless;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct EndlessArgs {
    #[expect(dead_code, reason = "never looked at")]
    image: ImageId,
}

impl Tool for Endless {
    const NAME: &'static str = "ocr";
    const DESCRIPTION: &'static str = "Reads for ever.";
    const CAPABILITY: Capability = Capability::ReadText;
    type Args = EndlessArgs;
    type Output = lavr_types::perception::TextLines;

    async fn call(&self, _: Self::Args, _: &ToolContext) -> Result<Observation<Self::Output>, ToolError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn when_the_time_is_up_what_is_under_way_is_given_up_and_the_rest_stands() {
    let truth = Arc::new(yard());
    let registry = Registry::new()
        .with(detector(&truth))
        .and_then(|registry| registry.with(color_meter(&truth)))
        .and_then(|registry| registry.with(Endless))
        .unwrap();
    let store = Arc::new(ImageStore::default());
    let image = store.insert(RgbImage::new(common::WIDTH, common::HEIGHT)).unwrap();
    let options = VerifierOptions { time: Some(Duration::from_millis(80)), ..VerifierOptions::default() };
    let verifier = Verifier::new(Dispatcher::new(registry, store), options);
    let text = "A red surfboard flies. A sign says \"EXIT\".";
    let result = verifier.verify(text, &[image], &CancellationToken::new(), &|_| ()).await;
    let read = result.claims.iter().find(|claim| claim.claim.kind() == ClaimKind::Text).unwrap();
    assert_eq!(read.judgement.verdict, Verdict::Insufficient);
    assert!(read.judgement.reason.contains("the time for checking was up"), "{}", read.judgement.reason);
    assert!(result.notes.iter().any(|note| note.contains("\"EXIT\"")), "{:?}", result.notes);
    let given_up = result.calls.iter().find(|record| record.call.tool == "ocr").unwrap();
    assert!(given_up.outcome.is_err());
    assert!(result.claims.iter().any(|claim| claim.judgement.verdict == Verdict::Supported));
}
