//! A run: every response recorded at once, gone on with after a kill, never mixed with another run.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use lavr_eval::{
    Benchmark, Cell, EvalError, Response, Responses, RunOptions, Sample, Scores, Subject, Table, Task, run,
};
use lavr_image::ImageStore;
use lavr_tool::CancellationToken;
use lavr_types::ImageId;

/// Asks for the square of each number.
struct Squares(Vec<Sample>);

impl Squares {
    fn new(count: usize) -> Self {
        let sample = |number: usize| Sample {
            id: number.to_string(),
            picture: None,
            task: Task::Question(format!("What is {number} squared?")),
        };
        Self((0..count).map(sample).collect())
    }
}

impl Benchmark for Squares {
    fn name(&self) -> &'static str {
        "squares"
    }

    fn samples(&self) -> &[Sample] {
        &self.0
    }

    fn score(&self, responses: &Responses) -> Scores {
        let right = |(id, response): &(&String, &Response)| {
            let number: usize = id.parse().unwrap();
            response.text == (number * number).to_string()
        };
        let mut table = Table::new("Squares", ["right"]);
        table.row("all", [Cell::share(responses.iter().filter(right).count(), responses.len())]);
        Scores { tables: vec![table], notes: Vec::new() }
    }
}

/// Squares, and gives up for good after some answers.
struct Squarer {
    name: &'static str,
    asked: AtomicUsize,
    stop_after: usize,
}

impl Squarer {
    fn new(stop_after: usize) -> Self {
        Self { name: "squarer", asked: AtomicUsize::new(0), stop_after }
    }
}

#[async_trait]
impl Subject for Squarer {
    fn name(&self) -> String {
        self.name.into()
    }

    fn can(&self, task: &Task) -> bool {
        matches!(task, Task::Question(_))
    }

    async fn answer(&self, sample: &Sample, _: Option<ImageId>, cancel: &CancellationToken) -> Response {
        if self.asked.fetch_add(1, Ordering::SeqCst) >= self.stop_after {
            cancel.cancel();
        }
        let number: usize = sample.id.parse().unwrap();
        Response::text((number * number).to_string())
    }
}

async fn evaluate(
    benchmark: &Squares,
    subject: &Squarer,
    options: &RunOptions,
) -> Result<Responses, EvalError> {
    run(benchmark, subject, &ImageStore::default(), options, &CancellationToken::new(), &|_| ()).await
}

#[tokio::test]
async fn a_run_that_was_cut_short_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let records = folder.path().join("deep/records.jsonl");
    let options = RunOptions { records: Some(records.clone()), ..RunOptions::default() };
    let benchmark = Squares::new(20);

    let first = Squarer::new(7);
    let error = evaluate(&benchmark, &first, &options).await.unwrap_err();
    assert!(matches!(error, EvalError::Cancelled { done: 7, all: 20 }), "{error}");

    // A kill in the middle of a line leaves half of it.
    let mut text = std::fs::read_to_string(&records).unwrap();
    text.push_str("{\"sample\":\"19\",\"respo");
    std::fs::write(&records, text).unwrap();

    let second = Squarer::new(usize::MAX);
    let responses = evaluate(&benchmark, &second, &options).await.unwrap();
    assert_eq!(second.asked.load(Ordering::SeqCst), 13);
    assert_eq!(responses.len(), 20);
    let scores = benchmark.score(&responses);
    assert_eq!(scores.cell("Squares", "all", "right"), Some(&Cell::share(20, 20)));

    // Done is done.
    let third = Squarer::new(0);
    assert_eq!(evaluate(&benchmark, &third, &options).await.unwrap().len(), 20);
    assert_eq!(third.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn another_run_does_not_go_on_with_these_records() {
    let folder = tempfile::tempdir().unwrap();
    let options = RunOptions { records: Some(folder.path().join("records.jsonl")), ..RunOptions::default() };
    evaluate(&Squares::new(5), &Squarer::new(9), &options).await.unwrap();

    let other = Squarer { name: "another", ..Squarer::new(9) };
    let error = evaluate(&Squares::new(5), &other, &options).await.unwrap_err();
    assert!(error.to_string().contains("squarer there, another here"), "{error}");
    let error = evaluate(&Squares::new(6), &Squarer::new(9), &options).await.unwrap_err();
    assert!(error.to_string().contains("data"), "{error}");

    let afresh = RunOptions { afresh: true, ..options.clone() };
    assert_eq!(evaluate(&Squares::new(6), &Squarer::new(9), &afresh).await.unwrap().len(), 6);

    std::fs::write(options.records.as_ref().unwrap(), "a diary\n").unwrap();
    let error = evaluate(&Squares::new(6), &Squarer::new(9), &options).await.unwrap_err();
    assert!(error.to_string().contains("line 1"), "{error}");
}

#[tokio::test]
async fn a_limit_takes_the_same_samples_for_the_same_seed() {
    let names = async |seed: u64, parallel: usize| {
        let options = RunOptions { limit: Some(10), seed, parallel, ..RunOptions::default() };
        let responses = evaluate(&Squares::new(1000), &Squarer::new(99), &options).await.unwrap();
        let mut names: Vec<String> = responses.into_keys().collect();
        names.sort();
        names
    };
    let chosen = names(1, 1).await;
    assert_eq!(chosen.len(), 10);
    assert_eq!(chosen, names(1, 4).await);
    assert_ne!(chosen, names(2, 1).await);
}

#[tokio::test]
async fn what_a_subject_cannot_do_is_told_before_anything_is_asked() {
    let mut benchmark = Squares::new(3);
    benchmark.0[2].task = Task::Verify("Nine is three squared.".into());
    let subject = Squarer::new(9);
    let error = evaluate(&benchmark, &subject, &RunOptions::default()).await.unwrap_err();
    assert!(error.to_string().contains("choose another subject"), "{error}");
    assert_eq!(subject.asked.load(Ordering::SeqCst), 0);
}
