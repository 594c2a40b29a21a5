//! The command line.

mod eval;
mod options;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use lavr_infer::EngineChoice;

pub(crate) use eval::*;
use options::parse_seconds;
pub(crate) use options::*;

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
    /// The network of the detect expert, by its name in `lavr models list`, or a file of your own (.onnx, or an Ultralytics
    /// checkpoint .pt): a larger one than the program carries sees more, and so the verifier can tell more [default: nanodet]
    #[arg(long, global = true, env = "LAVR_DETECTOR", value_name = "MODEL")]
    pub(crate) detector: Option<String>,
    /// A network that cuts things out, by its name in `lavr models list` or a file of your own: adds the segment expert, and
    /// the verifier measures clothes within the mask of who wears them, without skin and hair [default: none]
    #[arg(long, global = true, env = "LAVR_SEGMENTER", value_name = "MODEL")]
    pub(crate) segmenter: Option<String>,
    /// A network that finds the points of people's bodies, by its name in `lavr models list` or a file of your own: adds the
    /// pose expert, and the verifier knows where on a person clothes are [default: none]
    #[arg(long, global = true, env = "LAVR_POSE", value_name = "MODEL")]
    pub(crate) pose: Option<String>,
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
    #[arg(
        long,
        required_unless_present = "text_file",
        conflicts_with = "text_file",
        allow_hyphen_values = true
    )]
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
    /// Keep at most so many MiB of decoded pictures (a photograph of 12 megapixels takes 36) and forget those that were not
    /// used for longest; never those of a call that runs, whatever they take
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(1..1 << 24))]
    pub(crate) image_memory: u64,
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
