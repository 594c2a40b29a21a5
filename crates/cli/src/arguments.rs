//! The command line.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use lavr_infer::EngineChoice;
use lavr_types::BudgetLimits;

/// Ask about pictures and get answers whose every claim is checked against the pixels.
#[derive(Debug, Parser)]
#[command(
    name = "lavr",
    version,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// Fetch nothing; use only model files that are already here
    #[arg(long, global = true, env = "LAVR_OFFLINE", value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) offline: bool,
    /// Let pictures be given as http or https addresses; they are fetched from the public internet alone
    #[arg(long, global = true)]
    pub(crate) allow_urls: bool,
    /// Tools of your own: a .toml file that declares one, or a folder of them (docs/tools.md); may be given several times
    #[arg(long, global = true, env = "LAVR_TOOLS", value_name = "PATH")]
    pub(crate) tools: Vec<PathBuf>,
    /// Run this tool in a process of its own, so that a crash costs one call; may be given several times
    #[arg(long, global = true, value_name = "TOOL")]
    pub(crate) isolate: Vec<String>,
    /// Inference engine of the experts: auto takes ONNX Runtime where its library is here, else rten
    #[arg(long, global = true, value_name = "ENGINE", default_value = "auto", value_parser = parse_engine)]
    pub(crate) engine: EngineChoice,
    /// A model in this process that sees, for the vqa expert: a name from `lavr models list` whose files are here, or a
    /// folder with config.json, tokenizer.json and weights [default: the remote model, if it sees]
    #[arg(long, global = true, env = "LAVR_VISION", value_name = "MODEL")]
    pub(crate) vision: Option<String>,
    /// Threads for networks [default: all cores]
    #[arg(long, global = true, env = "LAVR_THREADS", value_name = "N", value_parser = parse_threads)]
    pub(crate) threads: Option<usize>,
    /// Colored output
    #[arg(long, global = true, value_enum, default_value_t = ColorWhen::Auto, value_name = "WHEN")]
    pub(crate) color: ColorWhen,
    /// Show on standard error what lavr does (-vv: in detail)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

fn parse_engine(text: &str) -> Result<EngineChoice, String> {
    text.parse().map_err(|error: lavr_infer::InferError| error.to_string())
}

/// More threads than any machine has would only exhaust it.
const MOST_THREADS: usize = 256;

fn parse_threads(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|threads| (1..=MOST_THREADS).contains(threads))
        .ok_or_else(|| format!("`{text}` is no number of threads: give 1 to {MOST_THREADS}"))
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ColorWhen {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Answer a question about one or more pictures
    Ask(Ask),
    /// Go on with a run that waits for approval (`lavr ask --save`)
    Resume(Resume),
    /// Follow a plan file, without a language model, then check the answer (docs/plans.md)
    Run(Box<RunPlan>),
    /// Describe pictures, then check the description
    Caption(Caption),
    /// Check a text about a picture and rewrite what is wrong
    Verify(Verify),
    /// Measure a model, an agent or a verifier on a benchmark
    #[command(after_long_help = crate::command::eval_help())]
    Eval(Box<Eval>),
    /// Turn recorded answers into training data (JSON lines on standard output)
    Export(Export),
    /// What was asked before: list runs, show one, compare two, replay, export
    #[command(subcommand)]
    Runs(Runs),
    /// Make a page of a run: one HTML file with the picture, the claims, the steps and the costs
    Report(Report),
    /// The expert tools: list them, show one, run one
    #[command(subcommand)]
    Tools(Tools),
    /// Offer the tools, and verified answers, to MCP clients
    Mcp(Mcp),
    /// The model files: list, fetch, check, find, remove
    #[command(subcommand)]
    Models(Models),
    /// Tell what is set up on this machine, and what is missing
    Doctor,
    /// Run one tool for a parent process (see --isolate)
    #[command(hide = true)]
    Worker {
        /// The tool
        tool: String,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

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

#[derive(Debug, Args)]
pub(crate) struct Ask {
    /// One or more pictures, then the question
    #[arg(required = true, num_args = 2.., value_names = ["IMAGE", "QUESTION"])]
    pub(crate) words: Vec<String>,
    /// The most steps with tool calls
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_steps: u32,
    /// The most tool calls
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_calls: u32,
    /// How long planning may take before the answer must rest on what was seen, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = parse_seconds)]
    pub(crate) time: Duration,
    #[command(flatten)]
    pub(crate) budget: BudgetChoice,
    /// Ask before each call of this tool: the run is put away into the file of --save, and goes on with `lavr resume`. May
    /// be given several times
    #[arg(long = "ask-before", value_name = "TOOL", requires = "save")]
    pub(crate) before: Vec<String>,
    /// Where a run is put away that waits for approval. Without it, calls of tools that need approval are refused
    #[arg(long, value_name = "RUN.json")]
    pub(crate) save: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

#[derive(Debug, Args)]
pub(crate) struct Resume {
    /// The file of a run that was put away
    #[arg(value_name = "RUN.json")]
    pub(crate) file: PathBuf,
    /// Let a call run that waits for approval: its name, as in `call_3`, or `all` that wait
    #[arg(long, value_name = "CALL")]
    pub(crate) approve: Vec<String>,
    /// Refuse a call that waits for approval: its name, and why (the planner is told)
    #[arg(long, value_name = "CALL[=WHY]")]
    pub(crate) refuse: Vec<String>,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

/// What asking and going on have in common.
#[derive(Debug, Args)]
pub(crate) struct Asking {
    #[command(flatten)]
    pub(crate) models: ModelChoice,
    #[command(flatten)]
    pub(crate) planning: Planning,
    #[command(flatten)]
    pub(crate) checking: Checking,
    #[command(flatten)]
    pub(crate) showing: Showing,
    #[command(flatten)]
    pub(crate) tracing: Tracing,
}

#[derive(Debug, Args)]
pub(crate) struct RunPlan {
    /// The plan, a TOML file
    #[arg(required_unless_present = "schema", value_name = "PLAN.toml")]
    pub(crate) plan: Option<PathBuf>,
    /// The pictures; the plan's `$image` is the first
    #[arg(value_name = "IMAGE", required_unless_present_any = ["schema", "check", "explain"])]
    pub(crate) images: Vec<PathBuf>,
    /// Give an input of the plan another value than its default; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_setting)]
    pub(crate) set: Vec<(String, String)>,
    /// Only check the plan against the tools; exit with 2 if something does not fit
    #[arg(long)]
    pub(crate) check: bool,
    /// Print which calls run side by side, in which order, and stop
    #[arg(long)]
    pub(crate) explain: bool,
    /// Print the JSON schema of plan files, for editors, and stop
    #[arg(long)]
    pub(crate) schema: bool,
    /// The most tool calls
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_calls: u32,
    /// How long the calls may take before the answer must rest on what was seen, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = parse_seconds)]
    pub(crate) time: Duration,
    #[command(flatten)]
    pub(crate) checking: Checking,
    #[command(flatten)]
    pub(crate) models: ModelChoice,
    #[command(flatten)]
    pub(crate) showing: Showing,
    #[command(flatten)]
    pub(crate) tracing: Tracing,
}

fn parse_setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| format!("`{text}` has no `=`: write NAME=VALUE, such as label=dog"))?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

#[derive(Debug, Args)]
pub(crate) struct Caption {
    /// The pictures
    #[arg(required = true)]
    pub(crate) images: Vec<PathBuf>,
    /// Decode by visual contrast where the captioning network describes: twice the time, no gain to be expected
    /// (tools/caption/README.md)
    #[arg(long)]
    pub(crate) contrast: bool,
    #[command(flatten)]
    pub(crate) budget: BudgetChoice,
    #[command(flatten)]
    pub(crate) checking: Checking,
    #[command(flatten)]
    pub(crate) models: ModelChoice,
    #[command(flatten)]
    pub(crate) showing: Showing,
    #[command(flatten)]
    pub(crate) tracing: Tracing,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The picture
    pub(crate) image: PathBuf,
    /// The text to check
    #[arg(long, required_unless_present = "text_file", conflicts_with = "text_file")]
    pub(crate) text: Option<String>,
    /// A file with the text, `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) text_file: Option<PathBuf>,
    /// Check each sentence of the file while the next ones are still being written
    #[arg(long, requires = "text_file")]
    pub(crate) stream: bool,
    #[command(flatten)]
    pub(crate) budget: BudgetChoice,
    #[command(flatten)]
    pub(crate) checking: Checking,
    #[command(flatten)]
    pub(crate) models: ModelChoice,
    #[command(flatten)]
    pub(crate) showing: Showing,
    #[command(flatten)]
    pub(crate) tracing: Tracing,
}

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

#[derive(Debug, Subcommand)]
pub(crate) enum Runs {
    /// List the runs that were kept, newest first
    List {
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,
        /// Print them as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a run as the terminal showed it
    Show {
        /// The run: its name, the first letters of it, `last`, or an exported folder
        run: String,
        /// Print its JSON document instead (docs/json.md)
        #[arg(long)]
        json: bool,
        /// Print its trace instead: the header, then one event a line (docs/trace.md)
        #[arg(long, conflicts_with = "json")]
        events: bool,
    },
    /// Say where two runs part: steps, calls, claims, texts, cost
    Diff {
        /// One run
        one: String,
        /// The other
        other: String,
    },
    /// Drive runs again from what was recorded, and hold what comes out against it, byte by byte.
    /// No model is asked and no tool runs
    Replay {
        /// The runs
        #[arg(required = true)]
        runs: Vec<String>,
    },
    /// Write a run as a folder (trace.jsonl, and the pictures), or send it to an OpenTelemetry collector
    Export {
        /// The run
        run: String,
        /// The folder [default: one of the run's name, here]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Send it over OTLP/HTTP instead, to a collector such as <http://localhost:4318>
        #[arg(long, value_name = "URL", conflicts_with = "out")]
        otlp: Option<String>,
        /// With its texts: question, replies, arguments, results
        #[arg(long, requires = "otlp")]
        texts: bool,
    },
    /// Take an exported folder in
    Import {
        /// The folder
        folder: PathBuf,
    },
    /// Remove runs, and the pictures that no other run has
    Remove {
        /// The runs
        #[arg(required_unless_present = "all")]
        runs: Vec<String>,
        /// All of them
        #[arg(long, conflicts_with = "runs")]
        all: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// What `lavr ask`, `caption` or `verify` printed with --json: documents, lists of them, or one a line; `-` for
    /// standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// What to make of them
    #[arg(long = "as", value_enum, value_name = "LAYOUT", default_value_t = ExportAs::Instructions)]
    pub(crate) layout: ExportAs,
    /// Leave out texts with claims that nothing confirmed
    #[arg(long)]
    pub(crate) verified_only: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// A run that was kept (`lavr runs list`), an exported one, or what `lavr ask`, `caption` or `verify` printed with
    /// --json (a file that ends in .json, `-` for standard input)
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// Where to write the page; of several answers each has its own, with a number
    #[arg(short, long, value_name = "OUT.html", default_value = "run.html")]
    pub(crate) output: PathBuf,
    /// Where the pictures of a document are, if they are not where the run found them
    #[arg(long, value_name = "DIR")]
    pub(crate) pictures: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ExportAs {
    /// Instruction, picture, corrected answer
    Instructions,
    /// The corrected answer, preferred to the draft
    Preferences,
    /// The whole run with its tool calls as a conversation
    ToolUse,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tools {
    /// Every tool in one line
    List,
    /// Check a file that declares a tool, or a folder of them, and show what it declares; an MCP server is started for it
    Check {
        /// The file or folder
        path: PathBuf,
    },
    /// One tool: what it does, its arguments, its output
    Show {
        /// The tool
        name: String,
    },
    /// Run one tool and print what it saw as JSON
    Run {
        /// The tool
        name: String,
        /// Its arguments as JSON; where it takes an image, give the path of a picture
        #[arg(long, value_name = "ARGS", default_value = "{}")]
        json: String,
        /// Write images that the tool made into this folder
        #[arg(long, value_name = "DIR")]
        save: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Mcp {
    /// Serve any number of clients over HTTP at /mcp, on an address of this machine (port 0: one that is free)
    /// [default: one client on standard input and output]
    #[arg(long, value_name = "127.0.0.1:PORT")]
    pub(crate) http: Option<SocketAddr>,
    /// A folder that pictures may be read from, with all below it; may be given several times [default: the current one]
    #[arg(long, value_name = "DIR")]
    pub(crate) allow: Vec<PathBuf>,
    /// What to do with claims that no expert here can check
    #[arg(long, value_enum, default_value_t = Policy::Keep, value_name = "POLICY")]
    pub(crate) unverified: Policy,
    #[command(flatten)]
    pub(crate) checking: Checking,
    #[command(flatten)]
    pub(crate) planning: Planning,
    #[command(flatten)]
    pub(crate) models: ModelChoice,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Models {
    /// Every model of the catalogue and whether it is here
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Fetch models
    Pull {
        /// Their names
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Compute the SHA-256 of every file again
    Verify {
        /// Their names [default: all that are here]
        names: Vec<String>,
    },
    /// Print where the files of a model are
    Path {
        /// Its name
        name: String,
    },
    /// Remove the files of models from the cache
    Remove {
        /// Their names
        #[arg(required = true)]
        names: Vec<String>,
    },
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("`{text}` is no number of seconds"))?;
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("`{text}` is no usable number of seconds"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
