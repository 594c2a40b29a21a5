//! The `lavr` program: ask about pictures, caption them, verify texts about them.
//!
//! Exit codes: 0 done; 1 done, but with unverified claims under `--strict`; 2 error; 3 put away until
//! a call is approved; 130 interrupted.

mod approval;
mod arguments;
mod command;
mod interrupt;
mod output;
mod own_tools;
mod planning;
mod progress;
mod recording;
mod setup;
mod terminal;

use std::{io::IsTerminal, process::ExitCode};

use clap::Parser;

use crate::arguments::{Arguments, ColorWhen};

/// How a command ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    /// Under `--strict`, some claims could not be verified.
    Unverified,
    /// The run was put away until somebody approves a call.
    Suspended,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    set_color(arguments.global.color);
    start_tracing(arguments.global.verbose);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            anstream::eprintln!("error: the async runtime could not start: {error}");
            return ExitCode::from(2);
        }
    };
    let cancel = interrupt::listen(&runtime);
    let result = runtime.block_on(command::run(arguments, &cancel));
    // A network that still computes must not hold up the end.
    runtime.shutdown_background();
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Unverified) => ExitCode::from(1),
        Ok(Outcome::Suspended) => ExitCode::from(3),
        Err(_) if cancel.is_cancelled() => {
            anstream::eprintln!("interrupted");
            ExitCode::from(130)
        }
        // The reader of our output went away (`lavr ... | head`).
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("{}", terminal::failure(&error));
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        // A JSON writer keeps the error of its pipe to itself.
        let json = cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        io.or(json) == Some(std::io::ErrorKind::BrokenPipe)
    })
}

fn set_color(when: ColorWhen) {
    match when {
        ColorWhen::Auto => {}
        ColorWhen::Always => anstream::ColorChoice::Always.write_global(),
        ColorWhen::Never => anstream::ColorChoice::Never.write_global(),
    }
}

/// `-v` shows what lavr does, `-vv` its details; `RUST_LOG` overrules both. Without them only what a person has to know:
/// why a tool cannot work here.
fn start_tracing(verbose: u8) {
    let default = match verbose {
        0 => "error,lavr_tool=warn,lavr_mcp=warn",
        1 => "warn,lavr=info",
        _ => "info,lavr=debug",
    };
    let default = [
        "agent", "cli", "declared", "infer", "local", "mcp", "process", "remote", "tool", "verify", "weights",
    ]
    .iter()
    .fold(default.to_owned(), |filter, name| match verbose {
        0 => filter,
        1 => format!("{filter},lavr_{name}=info"),
        _ => format!("{filter},lavr_{name}=debug"),
    });
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    if verbose == 0 { lines.without_time().with_target(false).init() } else { lines.init() }
}
