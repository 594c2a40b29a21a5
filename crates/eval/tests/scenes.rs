//! The verifier on controlled scenes, with experts that know the truth and experts that err.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test prints its table and fails by panicking"
)]

use lavr_eval::{
    Benchmark, Cell, RunOptions, Scores,
    benchmarks::scenes::{OracleVerifier, with_oracle},
    run,
    scenes::oracle::Rates,
};
use lavr_image::ImageStore;
use lavr_tool::CancellationToken;

/// Scenes of which failing cases were read while the verifier was built; docs/verifier.md measures others.
const SEED: u64 = 7;

async fn measured(rates: Rates) -> Scores {
    let bench = with_oracle(SEED);
    let subject = OracleVerifier::standard(rates, SEED);
    let (images, options, cancel) = (ImageStore::default(), RunOptions::default(), CancellationToken::new());
    let responses = run(&bench, &subject, &images, &options, &cancel, &|_| ()).await.unwrap();
    let scores = bench.score(&responses);
    for case in bench.cases(&responses).iter().filter(|case| case.faulty) {
        println!(
            "{}: {}\n  said {}\n  got  {}\n  due  {}",
            case.sample,
            case.outcome,
            case.asked,
            case.answered,
            case.right.as_deref().unwrap_or_default()
        );
        for detail in &case.details {
            println!("    {detail}");
        }
    }
    println!("{}", scores.plain());
    scores
}

fn share(scores: &Scores, row: &str) -> f64 {
    match scores.cell("Verifier bench", row, "share") {
        Some(Cell::Share { value: Some(value), .. }) => *value,
        other => panic!("`{row}` is no share: {other:?}"),
    }
}

#[tokio::test]
async fn with_experts_that_do_not_err_the_goals_are_met() {
    let scores = measured(Rates::perfect()).await;
    assert!(share(&scores, "edits right") >= 0.95);
    assert!(share(&scores, "errors made true") >= 0.80);
    assert!(share(&scores, "true claims damaged") <= 0.01);
    assert!(share(&scores, "true captions left byte for byte") >= 1.0);
}

#[tokio::test]
async fn experts_that_err_do_little_harm() {
    let mild = measured(Rates::mild()).await;
    let weak = measured(Rates::like_nanodet()).await;
    assert!(share(&mild, "edits right") >= 0.95 && share(&mild, "errors made true") >= 0.8);
    assert!(share(&mild, "true claims damaged") <= 0.01);
    assert!(share(&weak, "true claims damaged") <= 0.03);
    // Better eyes mend more; the verifier itself is the same.
    assert!(share(&mild, "errors made true") > share(&weak, "errors made true"));
}
