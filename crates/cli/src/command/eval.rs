//! `lavr eval BENCHMARK`

mod menders;

use std::{fmt::Write as _, io::Write as _, path::Path, sync::Arc};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use lavr_agent::{Agent, Limits};
use lavr_eval::{
    AgentSubject, Answers, BareModel, Benchmark, Captioner, Case, Detector, Picture, Progress, Responses,
    RunOptions, Scores, Subject, Task, Unchanged,
    catalogue::{Asks, BENCHMARKS, Entry, Source, entry},
};
use lavr_model::ChatModel;
use lavr_tool::CancellationToken;
use serde_json::json;

use crate::{
    Outcome,
    arguments::{Checking, Eval, ExtractorChoice, Global, ModelChoice, Policy, RewriteChoice, SubjectChoice},
    command::interruptible,
    planning,
    setup::{self, PlannerModel, Setup},
};

/// Explains each benchmark, for `lavr eval --help`.
pub(crate) fn help() -> String {
    let mut out = String::from("Benchmarks:\n");
    for entry in BENCHMARKS {
        let _ = writeln!(out, "\n  {}", entry.name);
        for line in wrapped(entry.about, 96) {
            let _ = writeln!(out, "      {line}");
        }
        if let Some(data) = entry.data {
            for line in wrapped(&format!("--data: {data}"), 96) {
                let _ = writeln!(out, "      {line}");
            }
        }
    }
    out
}

/// Breaks a paragraph into lines between words.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let full = lines
            .last()
            .is_some_and(|line| !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width);
        if full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

pub(crate) async fn run(global: &Global, eval: &Eval, cancel: &CancellationToken) -> anyhow::Result<Outcome> {
    let entry = entry(&eval.benchmark)?;
    let setup = interruptible(cancel, Setup::with_own_tools(global, !eval.quiet)).await?;
    let source = interruptible(cancel, source(entry, eval, &setup)).await?;
    let benchmark = interruptible(cancel, benchmark(entry, source.clone())).await?;
    if eval.list {
        return list(benchmark.as_ref());
    }
    let subject = interruptible(cancel, subject(entry, eval, &source, &setup)).await?;
    // A judge that can't be had is told before the long run, not after it.
    let judge = if benchmark.needs_judge() {
        let choice = ModelChoice {
            planner: eval.judge.clone().unwrap_or_else(|| eval.models.planner.clone()),
            ..eval.models.clone()
        };
        let model = interruptible(cancel, chat_model(&choice, &setup)).await;
        Some(BareModel::judge(model.context("the descriptions are judged by a model; --judge names it")?))
    } else {
        None
    };
    let asking = Asking { eval, setup: &setup, cancel };
    let responses = asking.run(benchmark.as_ref(), subject.as_ref(), eval.limit, "records.jsonl").await?;
    let mut scores = benchmark.score(&responses);
    let mut cases = benchmark.cases(&responses);
    if let (Some(judge), Some(judging)) = (&judge, benchmark.judging(&responses)) {
        let verdicts = asking.run(judging.as_ref(), judge, None, "judge.jsonl").await?;
        let judged = judging.score(&verdicts);
        // What the judge says is what was asked for; what can be told without it comes after.
        scores.tables.splice(0..0, judged.tables);
        scores.notes.extend(judged.notes);
        scores.notes.push(format!("judged by {}", judge.name()));
        cases = judging.cases(&verdicts);
    }
    let failed = responses.values().filter(|response| response.failure.is_some()).count();
    if failed > 0 {
        scores.notes.push(format!("{failed} of {} samples failed and count as unanswered", responses.len()));
    }
    let cost = cost(&responses);
    let document = json!({
        "schema": "lavr/eval/1",
        "benchmark": entry.name,
        "subject": subject.name(),
        "samples": responses.len(),
        "seed": eval.seed,
        "limit": eval.limit,
        "scores": scores,
        "cost": cost,
    });
    if let Some(folder) = &eval.out {
        let title = format!("{} on {}", subject.name(), entry.name);
        write_results(folder, &document, &title, &scores, &cases, &setup)?;
    }
    let mut out = anstream::stdout();
    if eval.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&document)?)?;
    } else {
        writeln!(out, "{} on {}, {} samples\n", subject.name(), entry.name, responses.len())?;
        writeln!(out, "{}", scores.plain())?;
        writeln!(
            out,
            "a sample: {:.2} s, {:.1} tool calls, {:.1} model calls",
            number(&cost["seconds"]),
            number(&cost["tool_calls"]),
            number(&cost["model_calls"])
        )?;
        if let Some(folder) = &eval.out {
            writeln!(out, "every case: {}", folder.join("cases.html").display())?;
        }
    }
    Ok(Outcome::Done)
}

/// What every run of this command shares.
struct Asking<'a> {
    eval: &'a Eval,
    setup: &'a Setup,
    cancel: &'a CancellationToken,
}

impl Asking<'_> {
    /// Puts a benchmark to a subject, with a progress bar; the records go to a file of this name, where any are kept.
    async fn run(
        &self,
        benchmark: &dyn Benchmark,
        subject: &dyn Subject,
        limit: Option<usize>,
        records: &str,
    ) -> anyhow::Result<Responses> {
        let options = RunOptions {
            limit,
            seed: self.eval.seed,
            parallel: self.eval.parallel,
            records: self.eval.out.as_ref().map(|folder| folder.join(records)),
            afresh: self.eval.afresh,
        };
        let bar = bar(self.eval.quiet);
        let progress = |progress: Progress<'_>| {
            bar.set_length(progress.all as u64);
            bar.set_position(progress.done as u64);
            if let Some(failure) = progress.last.and_then(|record| record.response.failure.as_ref()) {
                bar.suspend(|| anstream::eprintln!("a sample failed: {failure}"));
            }
        };
        let images = &self.setup.images;
        let responses = lavr_eval::run(benchmark, subject, images, &options, self.cancel, &progress).await?;
        bar.finish_and_clear();
        Ok(responses)
    }
}

/// What a benchmark asks, for programs that answer elsewhere.
fn list(benchmark: &dyn Benchmark) -> anyhow::Result<Outcome> {
    let mut out = anstream::stdout().lock();
    for sample in benchmark.samples() {
        let (task, text) = match &sample.task {
            Task::Question(text) => ("question", Some(text)),
            Task::Describe(text) => ("describe", Some(text)),
            Task::Verify(text) => ("verify", Some(text)),
            Task::Detect => ("detect", None),
        };
        let image = sample.picture.as_ref().map(Picture::name);
        writeln!(out, "{}", json!({ "id": sample.id, "task": task, "text": text, "image": image }))?;
    }
    Ok(Outcome::Done)
}

fn number(value: &serde_json::Value) -> f64 {
    value.as_f64().unwrap_or_default()
}

/// What a sample cost on average.
fn cost(responses: &Responses) -> serde_json::Value {
    let count = responses.len().max(1) as f64;
    let mean = |of: &dyn Fn(&lavr_eval::Response) -> f64| responses.values().map(of).sum::<f64>() / count;
    json!({
        "seconds": mean(&|response| response.usage.elapsed.as_secs_f64()),
        "tool_calls": mean(&|response| f64::from(response.usage.tool_calls)),
        "model_calls": mean(&|response| f64::from(response.usage.model_calls)),
        "input_tokens": mean(&|response| response.usage.input_tokens as f64),
        "output_tokens": mean(&|response| response.usage.output_tokens as f64),
    })
}

async fn source(entry: &Entry, eval: &Eval, setup: &Setup) -> anyhow::Result<Source> {
    let mut source = Source {
        data: eval.data.clone(),
        package: None,
        pictures: eval.pictures.clone(),
        variant: eval.variant.clone(),
        seed: eval.seed,
    };
    if let Some(name) = entry.package(&source) {
        source.package = Some(setup.store.only_file(name).await?);
    }
    Ok(source)
}

async fn benchmark(entry: &Entry, source: Source) -> anyhow::Result<Box<dyn Benchmark>> {
    // Reading and drawing thousands of pictures' worth of data keeps a core busy.
    let entry = *entry;
    Ok(tokio::task::spawn_blocking(move || entry.open(&source)).await??)
}

async fn subject(
    entry: &Entry,
    eval: &Eval,
    source: &Source,
    setup: &Setup,
) -> anyhow::Result<Box<dyn Subject>> {
    if let Some(path) = &eval.answers {
        return Ok(Box::new(Answers::read(path)?));
    }
    let choice = match (eval.subject, entry.asks) {
        (Some(choice), _) => choice,
        (None, Asks::Questions) => SubjectChoice::VerifiedAgent,
        (None, Asks::Descriptions) => SubjectChoice::VerifiedCaptioner,
        (None, Asks::Texts) => SubjectChoice::Verifier,
        (None, Asks::Objects) => SubjectChoice::Detector,
        (None, Asks::Answers) => {
            anyhow::bail!("`{}` scores answers: give them with --answers FILE", entry.name)
        }
    };
    anyhow::ensure!(
        eval.ablate.is_empty() || menders::is_mender(choice),
        "--ablate takes changes of the verifier back: choose --subject verifier or woodpecker"
    );
    let prompts = setup::prompts(&eval.models)?;
    let dispatcher = setup.dispatcher_with(prompts.clone())?;
    let model = setup.checking_model(&eval.checking, &eval.models).await?;
    let verifier = || Setup::verifier(&dispatcher, Policy::Keep, &eval.checking, model.as_ref(), &prompts);
    Ok(match choice {
        SubjectChoice::Model => Box::new(BareModel::new(chat_model(&eval.models, setup).await?)),
        SubjectChoice::Agent | SubjectChoice::VerifiedAgent => {
            let verified = choice == SubjectChoice::VerifiedAgent;
            let mut builder =
                Agent::builder(dispatcher.clone()).prompts(prompts.clone()).limits(Limits::default());
            if verified {
                builder = builder.verifier(verifier()?);
            }
            let chosen = match setup.planner(&eval.models).await? {
                PlannerModel::Unavailable(why) => anyhow::bail!("no planner model could be had: {why}"),
                model => planning::planner(setup, &eval.planning, model, &dispatcher, &prompts).await?.0,
            };
            let model = chosen.name(&eval.planning);
            let builder = chosen.install(builder);
            let with = if verified { ", verified" } else { "" };
            Box::new(AgentSubject::new(format!("agent ({model}{with})"), builder.build()?))
        }
        SubjectChoice::Captioner => Box::new(Captioner::new(dispatcher, None)),
        SubjectChoice::VerifiedCaptioner => Box::new(Captioner::new(dispatcher.clone(), Some(verifier()?))),
        SubjectChoice::Detector => Box::new(Detector::new(dispatcher)),
        SubjectChoice::Verifier | SubjectChoice::Woodpecker | SubjectChoice::WoodpeckerAsReleased => {
            let (name, make) = menders::maker(choice, eval, &prompts, model, &dispatcher, setup).await?;
            entry.mender(source, name, make, dispatcher)?
        }
        SubjectChoice::Unchanged => Box::new(Unchanged),
    })
}

/// What a verifier is made of, for tables and records.
pub(super) fn verifier_name(checking: &Checking) -> String {
    let extractor = match checking.extractor {
        ExtractorChoice::Lexical => "",
        ExtractorChoice::Model => ", claims by the model",
        ExtractorChoice::Both => ", claims by words and model",
    };
    let rewrite = if checking.rewrite == RewriteChoice::Model { ", rewritten by the model" } else { "" };
    format!("verifier{extractor}{rewrite}")
}

pub(super) async fn chat_model(choice: &ModelChoice, setup: &Setup) -> anyhow::Result<Arc<dyn ChatModel>> {
    match setup.planner(choice).await? {
        PlannerModel::Model(model) => Ok(model),
        PlannerModel::Fixed => anyhow::bail!("a chat model is needed, and none is chosen"),
        PlannerModel::Unavailable(why) => anyhow::bail!("no model could be had: {why}"),
    }
}

fn bar(quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("  [{bar:40}] {pos}/{len} {elapsed} left {eta}");
    ProgressBar::new(0)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "))
}

fn write_results(
    folder: &Path,
    document: &serde_json::Value,
    title: &str,
    scores: &Scores,
    cases: &[Case],
    setup: &Setup,
) -> anyhow::Result<()> {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("could not write `{}`", path.display()))
    };
    write("scores.json", &(serde_json::to_string_pretty(document)? + "\n"))?;
    write("cases.html", &lavr_eval::page(title, scores, cases, &setup.images))
}
