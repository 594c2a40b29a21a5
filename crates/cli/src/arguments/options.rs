//! Options that several commands share: how answers are shown, checked, planned, kept and paid for.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use lavr_types::BudgetLimits;

/// How an answer is shown.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct Showing {
    /// Print one JSON document on standard output and nothing else (docs/json.md)
    #[arg(long)]
    pub(crate) json: bool,
    /// Draw boxes, labels and verdicts on the picture and write it here (PNG)
    #[arg(long, value_name = "OUT.png")]
    pub(crate) annotate: Option<PathBuf>,
    /// Make a page of the run and write it here: one HTML file that loads nothing from elsewhere
    #[arg(long, value_name = "OUT.html")]
    pub(crate) report: Option<PathBuf>,
    /// Exit with 1 if a claim could not be verified
    #[arg(long)]
    pub(crate) strict: bool,
    /// Put the boxes of what was found into the text that is shown: dogs([0.12,0.30,0.41,0.88])
    #[arg(long)]
    pub(crate) inline_boxes: bool,
    /// What to do with claims that no expert here can check
    #[arg(long, value_enum, default_value_t = Policy::Keep, value_name = "POLICY")]
    pub(crate) unverified: Policy,
    /// Show no steps and no progress, only the result
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Policy {
    /// Leave them as they are
    Keep,
    /// Mark them in the text
    Mark,
    /// Take them out of the text
    Drop,
}

/// How texts are checked, and how much that may cost. What the limits leave unchecked stays unverified, and a note says so.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Checking")]
pub(crate) struct Checking {
    /// The most expert calls for checking a text; the claims likeliest to be wrong come first
    #[arg(long, value_name = "CALLS", default_value_t = CHECK_BUDGET)]
    pub(crate) check_budget: u32,
    /// How long expert calls for checking may take in all, in seconds [default: as long as they need]
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    pub(crate) check_time: Option<Duration>,
    /// Who finds the claims of a text
    #[arg(long, value_enum, default_value_t = ExtractorChoice::Lexical, value_name = "WHO")]
    pub(crate) extractor: ExtractorChoice,
    /// Who rewrites sentences that say something contradicted
    #[arg(long, value_enum, default_value_t = RewriteChoice::Rules, value_name = "WHO")]
    pub(crate) rewrite: RewriteChoice,
}

/// Expert calls for checking, where the command line does not say.
const CHECK_BUDGET: u32 = 32;

impl Default for Checking {
    fn default() -> Self {
        Self {
            check_budget: CHECK_BUDGET,
            check_time: None,
            extractor: ExtractorChoice::Lexical,
            rewrite: RewriteChoice::Rules,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExtractorChoice {
    /// Word lists: English, and of German, Spanish and Chinese what exists, how many, which color. No model
    Lexical,
    /// The planner's model, asked once a text, in any language
    Model,
    /// Both; where they read the same words the word lists win
    Both,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RewriteChoice {
    /// Rules of grammar
    Rules,
    /// The planner's model, asked once a text; where it changes anything else, the rules
    Model,
}

impl Checking {
    /// Whether a chat model has to be there.
    pub(crate) fn needs_model(self) -> bool {
        self.extractor != ExtractorChoice::Lexical || self.rewrite == RewriteChoice::Model
    }
}

/// What becomes of the run's trace (docs/trace.md).
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Trace")]
pub(crate) struct Tracing {
    /// Do not keep this run for `lavr runs`
    #[arg(long, env = "LAVR_NO_TRACE", value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) no_trace: bool,
    /// Record what models and tools say into this folder: a cassette for --replay
    #[arg(long, value_name = "DIR", conflicts_with = "replay")]
    pub(crate) record: Option<PathBuf>,
    /// Take what models and tools say from a cassette; everything else runs anew. What was not recorded is an error
    #[arg(long, value_name = "DIR")]
    pub(crate) replay: Option<PathBuf>,
}

/// Which chat models are used.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Models")]
pub(crate) struct ModelChoice {
    /// The planner: auto, none (a fixed plan), remote, a name from `lavr models list`, or a .gguf file.
    /// auto takes the remote model if one is configured, else the default local one
    #[arg(long, env = "LAVR_PLANNER", default_value = "auto", value_name = "MODEL")]
    pub(crate) planner: String,
    /// A folder with prompts of your own (NAME.md replaces the built-in prompt NAME)
    #[arg(long, env = "LAVR_PROMPTS", value_name = "DIR")]
    pub(crate) prompts: Option<PathBuf>,
}

/// How the planner's model plans.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Planning")]
pub(crate) struct Planning {
    /// How the planner's model plans
    #[arg(long, value_enum, default_value_t = PlanForm::Steps, value_name = "HOW")]
    pub(crate) plan: PlanForm,
    /// Questions answered well that the planner's model is shown first: built-in, none, or a folder of them (docs/plans.md)
    /// [default: built-in; none for a model with tool calls of its own]
    #[arg(long, value_name = "DIR")]
    pub(crate) demonstrations: Option<String>,
    /// How demonstrations are picked for a question
    #[arg(long, value_enum, default_value_t = PickForm::None, value_name = "HOW")]
    pub(crate) demonstrations_by: PickForm,
    /// The most demonstrations that are shown
    #[arg(long, value_name = "K", default_value_t = 3)]
    pub(crate) demonstrations_count: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanForm {
    /// Step by step: each step sees the results of the one before
    Steps,
    /// The whole plan first: one turn of the model for all calls, one for the answer
    First,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PickForm {
    /// Those whose questions are most like this one, by a text embedding
    Embedding,
    /// Those that together show the most tools
    Tools,
    /// Not at all: the first ones
    None,
}

/// What a run may use up.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Budget")]
pub(crate) struct BudgetChoice {
    /// The most that the run may use up: turns of models, tokens, usd, seconds, tool calls, pixels, as in
    /// turns=4,tokens=20k,usd=0.05,seconds=60,calls=10,pixels=20M. At a limit it answers from what it has, and says so
    #[arg(long = "budget", value_name = "LIMITS", value_parser = parse_budget, default_value = "", hide_default_value = true)]
    pub(crate) limits: BudgetLimits,
}

fn parse_budget(text: &str) -> Result<BudgetLimits, String> {
    let mut limits = BudgetLimits::default();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, amount) =
            part.split_once('=').ok_or_else(|| format!("`{part}` is no limit: write NAME=AMOUNT"))?;
        let (digits, times) = match amount.char_indices().next_back() {
            Some((end, 'k')) => (&amount[..end], 1e3),
            Some((end, 'M')) => (&amount[..end], 1e6),
            _ => (amount, 1.0),
        };
        let number = digits.parse::<f64>().ok().map(|number| number * times);
        let number = number.filter(|number| number.is_finite() && *number >= 0.0);
        let number = number.ok_or_else(|| format!("`{amount}` is no amount of {name}"))?;
        match name.trim() {
            "turns" => limits.turns = Some(number as u32),
            "tokens" => limits.tokens = Some(number as u64),
            "usd" => limits.usd = Some(number),
            "seconds" => limits.time = Some(parse_seconds(&number.to_string())?),
            "calls" => limits.calls = Some(number as u32),
            "pixels" => limits.pixels = Some(number as u64),
            other => {
                return Err(format!(
                    "`{other}` cannot be limited: turns, tokens, usd, seconds, calls and pixels can"
                ));
            }
        }
    }
    Ok(limits)
}

pub(super) fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("`{text}` is no number of seconds"))?;
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("`{text}` is no usable number of seconds"))
}
