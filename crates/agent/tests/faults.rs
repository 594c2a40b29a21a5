//! A thousand runs whose tools and planner fail on purpose: what was seen is kept, what can be repaired is, and each run
//! ends with an answer.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests may fail the test"
)]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use lavr_agent::{Agent, Decision, Limits, Misunderstanding, Plan, Planner, Situation};
use lavr_image::{ImageStore, RgbImage};
use lavr_model::Reply;
use lavr_prompt::PromptError;
use lavr_tool::{CancellationToken, Dispatcher, Faults, Faulty, Registry, Tool, ToolContext, ToolError};
use lavr_types::{CallRecord, Capability, FailureKind, ImageId, Observation, Repair};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const RUNS: u64 = 1_000;

#[derive(Deserialize, JsonSchema)]
struct Args {
    /// The picture.
    image: ImageId,
    /// What to look for.
    #[serde(default)]
    labels: Vec<String>,
    /// The least score.
    threshold: Option<f32>,
    /// How well to look.
    effort: Option<Effort>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Effort {
    Quick,
    Thorough,
}

#[derive(Serialize, JsonSchema)]
struct Seen {
    by: &'static str,
    labels: Vec<String>,
}

/// Defines an expert of a capability.
macro_rules! expert {
    ($type:ident, $name:literal, $capability:ident) => {
        struct $type;
        impl Tool for $type {
            const NAME: &'static str = $name;
            const DESCRIPTION: &'static str = "For tests.";
            const CAPABILITY: Capability = Capability::$capability;
            const TIMEOUT: Duration = Duration::from_secs(20);
            type Args = Args;
            type Output = Seen;
            async fn call(&self, args: Args, context: &ToolContext) -> Result<Observation<Seen>, ToolError> {
                context.image(args.image)?;
                let _ = (args.threshold, args.effort);
                Ok(Observation::new(Seen { by: $name, labels: args.labels }))
            }
        }
    };
}
expert!(Detect, "detect", Detect);
expert!(SecondDetector, "detect_again", Detect);
expert!(Read, "read", ReadText);
expert!(Color, "color", MeasureColor);

/// What can be wrong with a call that a model writes. The last three cannot be mended: the planner is told, and mends
/// them itself.
const MALFORMED: [fn(&mut String, &mut Value); 10] = [
    |_, args| args["labels"] = json!("dog"),
    |_, args| args["threshold"] = json!("0.5"),
    |_, args| args["effort"] = json!("through"),
    |_, args| args["verbose"] = Value::Null,
    |_, args| args["image"] = json!([args["image"]]),
    |tool, _| tool.push('e'),
    |_, args| {
        let image = args.as_object_mut().unwrap().shift_remove("image").unwrap();
        args["imgae"] = image;
    },
    |_, args| args["labels"] = json!(3),
    |_, args| drop(args.as_object_mut().unwrap().shift_remove("image")),
    |_, args| args["image"] = json!("image7"),
];

/// Looks, reads and measures in one step, some of it malformed; makes calls that failed again, well formed; answers.
struct Clumsy {
    seed: u64,
    malformed: f64,
}

impl Clumsy {
    /// What is wrong with a call of the first step.
    fn mistake(&self, place: u64) -> Option<usize> {
        let mixed = (self.seed * 3 + place + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let share = (mixed >> 40) as f64 / (1u64 << 24) as f64;
        (share < self.malformed).then(|| (mixed >> 8) as usize % MALFORMED.len())
    }
}

const TOOLS: [&str; 3] = ["detect", "read", "color"];

fn right(image: &str) -> Value {
    json!({ "image": image, "labels": ["dog"] })
}

/// Which of the three a call was for: tools may be misspelt, or replaced by another.
fn meant(record: &CallRecord) -> &'static str {
    TOOLS.into_iter().find(|tool| record.call.tool.starts_with(tool)).unwrap()
}

impl Planner for Clumsy {
    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, PromptError> {
        let image = situation.names.names().remove(0);
        let calls: Vec<(String, Value)> = if situation.turns.is_empty() {
            let call = |(place, tool): (usize, &str)| {
                let (mut tool, mut args) = (tool.to_owned(), right(&image));
                if let Some(kind) = self.mistake(place as u64) {
                    MALFORMED[kind](&mut tool, &mut args);
                }
                (tool, args)
            };
            TOOLS.into_iter().enumerate().map(call).collect()
        } else {
            let mut missing = TOOLS.to_vec();
            for record in situation.records().filter(|record| record.outcome.is_ok()) {
                missing.retain(|tool| *tool != meant(record));
            }
            missing.into_iter().map(|tool| (tool.to_owned(), right(&image))).collect()
        };
        let thought = String::new();
        Ok(Plan::Decided(if calls.is_empty() || situation.must_answer {
            let text = format!("{} of 3 were seen.", situation.citable().len());
            Decision::Answer { thought, text, cites: situation.citable() }
        } else {
            Decision::Call { thought, calls }
        }))
    }

    fn read(&self, _: &Situation<'_>, _: &Reply) -> Result<Decision, Misunderstanding> {
        panic!("asks no model")
    }
}

/// Met, and made up for in the same run.
#[derive(Debug, Default, PartialEq)]
struct Tally {
    met: u32,
    recovered: u32,
    /// Of these, without the planner.
    by_dispatcher: u32,
}

impl Tally {
    fn count(&mut self, in_the_end: bool, at_once: bool) {
        self.met += 1;
        self.recovered += u32::from(in_the_end);
        self.by_dispatcher += u32::from(at_once);
    }

    fn share(&self) -> f64 {
        f64::from(self.recovered) / f64::from(self.met)
    }
}

fn met_a_transient_fault(record: &CallRecord) -> bool {
    let repaired = record.repairs.iter().any(|repair| {
        matches!(repair, Repair::Retried { failure, .. } | Repair::StoodIn { failure, .. }
            if failure.kind == FailureKind::Transient)
    });
    repaired || matches!(&record.outcome, Err(failure) if failure.kind == FailureKind::Transient)
}

async fn thousand_runs() -> (Tally, Tally, BTreeMap<u32, u32>) {
    let images = Arc::new(ImageStore::default());
    let image = images.insert(RgbImage::new(8, 8)).unwrap();
    let (mut transient, mut malformed, mut attempts) = (Tally::default(), Tally::default(), BTreeMap::new());
    for seed in 0..RUNS {
        let share = [0.1, 0.2, 0.3][seed as usize % 3];
        let registry = Registry::new()
            .with(Detect)
            .and_then(|registry| registry.with(SecondDetector))
            .and_then(|registry| registry.with(Read))
            .and_then(|registry| registry.with(Color))
            .and_then(|registry| {
                registry.wrapped(|tool| Arc::new(Faulty::new(tool, Faults::mixed(seed, share))))
            });
        let agent = Agent::builder(Dispatcher::new(registry.unwrap(), Arc::clone(&images)))
            .planner(Arc::new(Clumsy { seed, malformed: share }))
            .limits(Limits { steps: 4, ..Limits::default() })
            .build()
            .unwrap();
        let run = agent.ask("What is there?", &[image], &CancellationToken::new(), &|_| ()).await;
        let answer = run.unwrap_or_else(|error| panic!("run {seed} ended without an answer: {error}"));
        assert_eq!(answer.steps[0].calls.len(), TOOLS.len(), "no record is lost");
        let records: Vec<&CallRecord> = answer.steps.iter().flat_map(|step| &step.calls).collect();
        let seen = |tool: &str| records.iter().any(|record| record.outcome.is_ok() && meant(record) == tool);
        for (place, record) in answer.steps[0].calls.iter().enumerate() {
            let ok = record.outcome.is_ok();
            // Whom nothing befell has its result, whatever its siblings met.
            let mistake = Clumsy { seed, malformed: share }.mistake(place as u64);
            let hurt = mistake.is_some_and(|kind| kind >= 7) || !record.repairs.is_empty();
            assert!(ok || hurt || record.attempts > 0, "{record:?}");
            if met_a_transient_fault(record) {
                transient.count(seen(TOOLS[place]), ok);
            }
            if mistake.is_some() {
                malformed.count(seen(TOOLS[place]), ok);
            }
        }
        for record in &records {
            *attempts.entry(record.attempts).or_default() += 1;
        }
        let cited = answer.text.split(' ').next().unwrap().parse::<usize>().unwrap();
        assert_eq!(cited, TOOLS.iter().filter(|tool| seen(tool)).count());
    }
    (transient, malformed, attempts)
}

#[tokio::test(start_paused = true)]
async fn with_faults_in_10_to_30_percent_of_calls_what_can_be_repaired_is() {
    let (transient, malformed, attempts) = thousand_runs().await;
    println!("transient {transient:?}, malformed {malformed:?}, records by attempts {attempts:?}");
    assert!(transient.met > 100 && malformed.met > 100, "{transient:?} {malformed:?}");
    assert!(transient.share() >= 0.9, "{transient:?}");
    assert!(malformed.share() >= 0.95, "{malformed:?}");
}
