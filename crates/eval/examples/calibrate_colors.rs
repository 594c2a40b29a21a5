//! Measures what the verifier says of right and of wrong colors of things whose colors are known.
//!
//!     cargo run --release -p lavr-eval --example calibrate_colors -- crates/eval/photos/calibration/colors.json
//!
//! `--detector NAME` first takes another network of the catalogue than the one that the program carries, `--segmenter NAME` after it
//! adds one for masks.
//!
//! The file says of things in the photographs for tuning and calibration which basic color most people would give them (`main`),
//! and which others can be argued for (`also`), by eye. Each of the eleven basic colors is claimed of each thing in a text of its own. To standard output goes
//! one line for each claim that was contradicted though it is right or could be argued for, or put to a wrong color; to standard error how many
//! claims were supported, put right, put to a color that can be argued for, put to a wrong one, taken out, and left.

use std::{collections::BTreeMap, error::Error, path::Path, sync::Arc};

use lavr_experts::Experts;
use lavr_image::ImageStore;
use lavr_tool::{CancellationToken, Dispatcher};
use lavr_types::{Assertion, Verdict};
use lavr_verify::{Verifier, VerifierOptions};
use serde::Deserialize;

const COLORS: [&str; 11] =
    ["black", "white", "gray", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown"];

/// What became of the claims of one kind: supported, put right, argued for, wrong, taken out, left.
type Tally = [usize; 6];

/// A thing whose color is known.
#[derive(Deserialize)]
struct Thing {
    picture: String,
    noun: String,
    main: String,
    also: Vec<String>,
    worn: bool,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let mut experts = Experts::open()?;
    if arguments.next_if_eq("--detector").is_some() {
        experts = experts.with_detector(arguments.next().ok_or("--detector needs a name of the catalogue")?);
    }
    if arguments.next_if_eq("--segmenter").is_some() {
        experts =
            experts.with_segmenter(arguments.next().ok_or("--segmenter needs a name of the catalogue")?);
    }
    let file = arguments.next().ok_or("which file?")?;
    let things: Vec<Thing> = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let dispatcher = Dispatcher::new(experts.registry()?, Arc::<ImageStore>::default());
    let verifier = Verifier::new(dispatcher.clone(), VerifierOptions::default());
    let mut tallies: BTreeMap<(bool, &str), Tally> = BTreeMap::new();
    for thing in &things {
        let image = dispatcher.images().open(Path::new(&thing.picture))?;
        for color in COLORS {
            let is_main = thing.main == color;
            let kind = match (is_main, thing.also.iter().any(|also| also == color)) {
                (true, _) => "right",
                (_, true) => "arguable",
                _ => "wrong",
            };
            let verb = if thing.worn { "A person is wearing" } else { "There is" };
            let text = format!("{verb} a {color} {}.", thing.noun);
            let verification = verifier.verify(&text, &[image], &CancellationToken::new(), &|_| {}).await;
            let claim = verification
                .claims
                .iter()
                .find(|claim| matches!(claim.claim.assertion, Assertion::Color { .. }));
            let place = match claim.map(|claim| (&claim.judgement, claim.judgement.verdict)) {
                Some((_, Verdict::Supported)) => 0,
                Some((judgement, Verdict::Contradicted)) => match &judgement.truth {
                    Some(Assertion::Color { color, .. }) if *color == thing.main => 1,
                    Some(Assertion::Color { color, .. }) if thing.also.contains(color) => 2,
                    Some(_) => 3,
                    None => 4,
                },
                _ => 5,
            };
            tallies.entry((thing.worn, kind)).or_default()[place] += 1;
            if let Some(claim) = claim
                && claim.judgement.verdict == Verdict::Contradicted
                && (kind != "wrong" || place == 3)
            {
                print(thing, color, kind, &claim.judgement.reason);
            }
        }
    }
    summary(&tallies);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the output of the program")]
fn print(thing: &Thing, color: &str, kind: &str, reason: &str) {
    println!("{}: {kind} {color} {}: {reason}", thing.picture, thing.noun);
}

#[expect(clippy::print_stderr, reason = "for the person who calibrates")]
fn summary(tallies: &BTreeMap<(bool, &str), Tally>) {
    for ((worn, kind), [supported, right, arguable, wrong, out, left]) in tallies {
        let what = if *worn { "clothes" } else { "things" };
        eprintln!(
            "{kind} colors of {what}: {supported} supported, {right} put right, {arguable} to an arguable color, {wrong} to a wrong \
             one, {out} taken out, {left} left"
        );
    }
}
