//! What `lavr eval` measures, and of what it takes parts away.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Checking, ModelChoice, Planning};

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub(crate) struct Eval {
    /// The benchmark; `lavr eval --help` explains each
    pub(crate) benchmark: String,
    /// The folder or file with the benchmark's data (docs/eval.md has the formats)
    #[arg(long, value_name = "PATH")]
    pub(crate) data: Option<PathBuf>,
    /// The folder with the pictures, where they are not beside the data
    #[arg(long, value_name = "DIR")]
    pub(crate) pictures: Option<PathBuf>,
    /// What is measured [default: what the benchmark asks for]
    #[arg(long, value_enum, value_name = "SUBJECT", conflicts_with = "answers")]
    pub(crate) subject: Option<SubjectChoice>,
    /// Score another program's answers: JSON lines {"id": ..., "text": ...}
    #[arg(long, value_name = "FILE")]
    pub(crate) answers: Option<PathBuf>,
    /// Take back a change of the verifier against Woodpecker, to measure what it brings; may be given several times
    #[arg(long, value_enum, value_name = "CHANGE")]
    pub(crate) ablate: Vec<AblationChoice>,
    /// The model that judges descriptions, where the benchmark has them judged: as --planner [default: that one]
    #[arg(long, value_name = "MODEL")]
    pub(crate) judge: Option<String>,
    /// Print what is asked as JSON lines (id, task, text, image) and stop, for a program that answers elsewhere
    #[arg(long, conflicts_with_all = ["answers", "subject", "out"])]
    pub(crate) list: bool,
    /// Variants that the benchmark names (a parser, a split, ...), with commas between
    #[arg(long, value_name = "NAME")]
    pub(crate) variant: Option<String>,
    /// At most so many samples, chosen by --seed
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Where random choices start from
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// How many samples are under way at once
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) parallel: usize,
    /// Keep records, scores and a page of all cases in this folder; the same command goes on where a run was cut short
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Throw away what --out has and start again
    #[arg(long, requires = "out")]
    pub(crate) afresh: bool,
    /// Print the scores as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Show no progress
    #[arg(short, long)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) planning: Planning,
    #[command(flatten)]
    pub(crate) checking: Checking,
    #[command(flatten)]
    pub(crate) models: ModelChoice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SubjectChoice {
    /// The chat model alone, with the picture if it sees
    Model,
    /// The agent with its tools
    Agent,
    /// The agent, its answers verified
    VerifiedAgent,
    /// The captioner
    Captioner,
    /// The captioner, its descriptions verified
    VerifiedCaptioner,
    /// The detector
    Detector,
    /// The verifier of texts
    Verifier,
    /// The Woodpecker baseline as its paper describes it, with the chat model of --planner
    Woodpecker,
    /// The Woodpecker baseline with the faults of the published program
    WoodpeckerAsReleased,
    /// Nothing is changed: what a verifier must beat
    Unchanged,
}

/// A change of the verifier against Woodpecker, or for the baseline, a part that the original has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AblationChoice {
    /// A chat model names the things of each sentence, instead of reading by rules
    Extraction,
    /// Each sentence has its own table of things and detector pass, instead of one for the text
    Table,
    /// One look decides what is absent, instead of two
    SecondLook,
    /// The number of findings is the number, instead of an interval
    Interval,
    /// The detector's threshold decides, instead of verdicts that abstain
    Verdicts,
    /// No color is measured (for Woodpecker: questions about colors stay unanswered without a vision model)
    Colors,
    /// A chat model rewrites the text, instead of edits of spans
    Edits,
}
