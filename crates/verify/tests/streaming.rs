//! Texts that are verified while they are written.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::sync::{Mutex, atomic::Ordering};

use common::{Rates, Truth, World, object};
use futures::{StreamExt as _, channel::mpsc, stream};
use lavr_tool::CancellationToken;
use lavr_types::{CheckedClaim, Event, Span, Verdict};
use lavr_verify::{Edit, Streamed, Verification, VerifiedSentence, VerifierOptions};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    scene: Vec<Truth>,
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    scene: String,
    text: String,
}

fn file() -> File {
    toml::from_str(include_str!("data/captions.toml")).unwrap()
}

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

async fn streamed(world: &World, pieces: Vec<String>) -> (Vec<VerifiedSentence>, Verification) {
    let (images, cancel) = ([world.image], CancellationToken::new());
    let mut stream = world.verifier.stream(stream::iter(pieces), &images, &cancel, &|_| ());
    let mut sentences = Vec::new();
    loop {
        match stream.next().await.unwrap() {
            Streamed::Sentence(sentence) => sentences.push(sentence),
            Streamed::Done(whole) => {
                assert!(stream.next().await.is_none());
                return (sentences, *whole);
            }
        }
    }
}

/// What a verification says, without the numbers of the calls that it rests on.
fn said(result: &Verification) -> (&str, &str, Vec<CheckedClaim>, &[Edit], &[String]) {
    let mut claims = result.claims.clone();
    for evidence in claims.iter_mut().flat_map(|claim| &mut claim.judgement.evidence) {
        evidence.call = None;
    }
    (&result.draft, &result.text, claims, &result.edits, &result.notes)
}

/// The text in pieces that end at these shares of its length.
fn cut(text: &str, shares: &[f64]) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut ends: Vec<usize> = shares.iter().map(|share| (share * letters.len() as f64) as usize).collect();
    ends.push(letters.len());
    ends.sort_unstable();
    let mut start = 0;
    ends.into_iter().map(|end| letters[std::mem::replace(&mut start, end)..end].iter().collect()).collect()
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// However a text is cut, the stream ends with what the whole text gives, and its sentences are the text.
    #[test]
    fn a_stream_ends_with_what_the_whole_text_gives(
        scene in 0_usize..64,
        texts in proptest::collection::vec((0_usize..1000, "( |\n|  \n)"), 1..5),
        shares in proptest::collection::vec(0.0..1.0f64, 0..12),
        seed in 0_u64..4,
    ) {
        let file = file();
        let truth = &file.scene[scene % file.scene.len()];
        let text: String =
            texts.iter().map(|(case, gap)| file.case[case % file.case.len()].text.clone() + gap).collect();
        let rates = Rates { missed: 0.05, doubled: 0.1, invented: 0.1, jitter: 0.05, seed };
        let options = || VerifierOptions { calls: 1000, ..VerifierOptions::default() };
        block_on(async {
            let whole = World::with_options(truth, rates, options(), &[]).verify(&text).await;
            let world = World::with_options(truth, rates, options(), &[]);
            let (sentences, last) = streamed(&world, cut(&text, &shares)).await;
            assert_eq!(said(&whole), said(&last));
            let drafts: String = sentences.iter().map(|sentence| sentence.draft.as_str()).collect();
            assert_eq!(drafts, text);
            let mut end = 0;
            for sentence in &sentences {
                assert_eq!((sentence.span.start, sentence.span.of(&text)), (end, Some(sentence.draft.as_str())));
                end = sentence.span.end;
                for claim in &sentence.claims {
                    assert!(sentence.span.contains(claim.claim.span));
                    assert_eq!(claim.claim.span.of(&text), Some(claim.claim.surface.as_str()));
                }
            }
            assert!(world.detector_calls.load(Ordering::Relaxed) <= 2);
        });
    }
}

/// Of the captions here all but those where a later sentence changes an earlier one.
#[tokio::test]
async fn the_sentences_together_are_nearly_always_the_corrected_text() {
    let file = file();
    let mut other = Vec::new();
    for case in &file.case {
        let truth = file.scene.iter().find(|scene| scene.name == case.scene).unwrap();
        let (sentences, whole) =
            streamed(&World::new(truth, Rates::default()), vec![case.text.clone()]).await;
        let together: String = sentences.iter().map(|sentence| sentence.text.as_str()).collect();
        // A sentence that went leaves the white space before it.
        if !together.split_whitespace().eq(whole.text.split_whitespace()) {
            other.push((together, whole.text));
        }
    }
    assert!(other.len() * 20 <= file.case.len(), "{} of {}: {other:#?}", other.len(), file.case.len());
}

#[tokio::test]
async fn a_sentence_is_given_before_the_text_goes_on() {
    let world = World::new(&park(), Rates::default());
    let (images, cancel) = ([world.image], CancellationToken::new());
    let (sender, pieces) = mpsc::unbounded::<String>();
    let mut stream = world.verifier.stream(pieces, &images, &cancel, &|_| ());
    for (piece, corrected) in [
        ("Two do", None),
        ("gs play. It", None),
        (" is a", Some("One dog plays. ")),
        (" white dog.\n", Some("It is a black dog.\n")),
    ] {
        sender.unbounded_send(piece.to_owned()).unwrap();
        if let Some(corrected) = corrected {
            let Some(Streamed::Sentence(sentence)) = stream.next().await else { panic!("{piece}") };
            assert_eq!(sentence.text, corrected);
        }
    }
    drop(sender);
    let Some(Streamed::Done(whole)) = stream.next().await else { panic!("no end") };
    assert_eq!(whole.text, "One dog plays. It is a black dog.\n");
}

#[tokio::test]
async fn no_call_is_made_twice_and_each_judgement_is_told_once() {
    let world = World::new(&park(), Rates::default());
    let text = "A person walks a white dog. The dog is white. A cat watches the dog. The white dog is near the person.";
    let (images, cancel) = ([world.image], CancellationToken::new());
    let events = Mutex::new(Vec::new());
    let listener = |event: Event| events.lock().unwrap().push(event);
    let pieces = stream::iter(text.split_inclusive(' ').map(str::to_owned));
    let all: Vec<Streamed> = world.verifier.stream(pieces, &images, &cancel, &listener).collect().await;
    let Some(Streamed::Done(whole)) = all.last() else { panic!("no end") };
    assert_eq!(all.len(), 5);
    assert!(whole.calls.iter().all(|record| !record.cached), "nothing is asked twice");
    assert_eq!(world.detector_calls.load(Ordering::Relaxed), 2);
    let judged = |event: &&Event| matches!(event, Event::Judged { .. });
    assert_eq!(events.into_inner().unwrap().iter().filter(judged).count(), whole.claims.len());
}

#[tokio::test]
async fn what_a_later_sentence_changes_is_right_in_the_whole() {
    // "One dog" is wrong for as long as nobody has said that there are two.
    let mut truth = park();
    truth.objects.push(object("dog", [70.0, 40.0, 90.0, 60.0], "black"));
    let world = World::new(&truth, Rates::default());
    let text = "Two dogs play. One dog is black.";
    let (sentences, whole) = streamed(&world, vec![text.to_owned()]).await;
    assert_eq!(sentences.len(), 2);
    assert_eq!(whole.text, world.verify(text).await.text);
}

#[tokio::test]
async fn a_long_text_is_read_by_windows_and_its_spans_are_those_of_the_whole() {
    let world = World::new(&park(), Rates::default());
    let text = "The dog is white. ".repeat(200);
    let (sentences, whole) = streamed(&world, cut(&text, &[0.3, 0.6])).await;
    assert_eq!(sentences.len(), 200);
    let last = &sentences[199];
    assert_eq!((last.text.as_str(), last.span), ("The dog is black. ", Span::new(199 * 18, 200 * 18)));
    assert!(last.claims.iter().any(|claim| claim.judgement.verdict == Verdict::Contradicted));
    assert_eq!(whole.text, "The dog is black. ".repeat(200));
}

#[tokio::test]
async fn a_budget_holds_for_the_whole_stream() {
    let options = VerifierOptions { calls: 2, ..VerifierOptions::default() };
    let world = World::with_options(&park(), Rates::default(), options, &[]);
    let text = "A white dog plays. A red person walks. The person is near the dog.";
    let (sentences, whole) = streamed(&world, vec![text.to_owned()]).await;
    assert_eq!(sentences[0].text, "A black dog plays. ");
    assert_eq!(whole.calls.len(), 2);
    assert!(whole.notes.iter().any(|note| note.contains("2 expert calls")), "{:?}", whole.notes);
}

#[tokio::test]
async fn nothing_is_a_text_too() {
    let world = World::new(&park(), Rates::default());
    for pieces in [vec![], vec![String::new()]] {
        let (sentences, whole) = streamed(&world, pieces).await;
        assert_eq!((sentences, whole.text.as_str()), (vec![], ""));
    }
}
