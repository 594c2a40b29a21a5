//! The commands.

mod ask;
mod caption;
mod doctor;
mod eval;
mod export;
mod mcp;
mod models;
mod plan;
mod report;
mod runs;
mod stream;
mod tools;
mod verify;
mod worker;

use std::{
    io::Write as _,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use clap::CommandFactory as _;
use lavr_tool::CancellationToken;
use lavr_types::{Event, TraceEvent};

use crate::{
    Outcome,
    arguments::{Arguments, Command, Showing},
    terminal,
};

pub(crate) use eval::help as eval_help;

pub(crate) async fn run(arguments: Arguments, cancel: &CancellationToken) -> anyhow::Result<Outcome> {
    let global = &arguments.global;
    match arguments.command {
        Command::Ask(ask) => ask::run(global, &ask, cancel).await,
        Command::Resume(resume) => ask::resume(global, &resume, cancel).await,
        Command::Run(plan) => plan::run(global, &plan, cancel).await,
        Command::Caption(caption) => caption::run(global, &caption, cancel).await,
        Command::Verify(verify) => verify::run(global, &verify, cancel).await,
        Command::Eval(eval) => eval::run(global, &eval, cancel).await,
        Command::Export(export) => export::run(&export),
        Command::Report(report) => report::run(&report),
        Command::Runs(runs) => runs::run(&runs).await,
        Command::Tools(tools) => tools::run(global, &tools, cancel).await,
        Command::Mcp(mcp) => mcp::run(global, &mcp, cancel).await,
        Command::Models(models) => models::run(global, &models, cancel).await,
        Command::Doctor => doctor::run(global).await,
        Command::Worker { tool } => worker::run(global, &tool).await,
        Command::Completions { shell } => {
            // Made whole first: the generator panics when its pipe closes.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "lavr", &mut script);
            std::io::stdout().write_all(&script)?;
            Ok(Outcome::Done)
        }
    }
}

/// Tells on standard error what happens, unless only the result is wanted, and keeps it where a page is to be made.
struct Watch {
    quiet: bool,
    keeps: bool,
    kept: Mutex<(Instant, Vec<TraceEvent>)>,
}

impl Watch {
    fn new(showing: &Showing) -> Self {
        let kept = Mutex::new((Instant::now(), Vec::new()));
        Self { quiet: showing.quiet, keeps: showing.report.is_some(), kept }
    }

    fn tell(&self, event: &Event) {
        if self.keeps && event.is_stored() {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            let at_us = kept.0.elapsed().as_micros() as u64;
            kept.1.push(TraceEvent { at_us, event: event.clone() });
        }
        if self.quiet {
            return;
        }
        if let Some(line) = terminal::event(event) {
            anstream::eprintln!("{line}");
        }
    }

    /// What happened so far. The time of what comes after begins now.
    fn take(&self) -> Vec<TraceEvent> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.0 = Instant::now();
        std::mem::take(&mut kept.1)
    }
}

/// Waits for some work, or for Ctrl-C.
async fn interruptible<T>(
    cancel: &CancellationToken,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    tokio::select! {
        result = work => result,
        () = cancel.cancelled() => anyhow::bail!("interrupted"),
    }
}
