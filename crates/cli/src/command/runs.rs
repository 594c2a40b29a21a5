//! `lavr runs list|show|diff|replay|export|import|remove`

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use lavr_image::ImageStore;
use lavr_report::Document;
use lavr_trace::{Collector, Comparison, Replayed, RunStore, RunSummary, State, Texts, Trace, diff, replay};
use lavr_types::{Event, ImageId, ImageOrigin};
use serde_json::json;

use crate::{Outcome, arguments::Runs, recording, terminal};

/// The most characters of a question in a list.
const QUESTION_LENGTH: usize = 60;

pub(crate) async fn run(runs: &Runs) -> anyhow::Result<Outcome> {
    match runs {
        Runs::List { limit, json } => list(*limit, *json),
        Runs::Show { run, json, events } => show(run, *json, *events),
        Runs::Diff { one, other } => compare(one, other),
        Runs::Replay { runs } => replay_all(runs),
        Runs::Export { run, otlp: Some(endpoint), texts, .. } => send(run, endpoint, *texts).await,
        Runs::Export { run, out, .. } => export(run, out.as_deref()),
        Runs::Import { folder } => {
            let trace = Trace::read(folder)?;
            recording::runs()?.import(&trace)?;
            writeln!(anstream::stdout(), "{}", trace.header.run)?;
            Ok(Outcome::Done)
        }
        Runs::Remove { runs, all } => remove(runs, *all),
    }
}

/// A run of the store, or an exported one: whatever holds a `/` or ends in `.jsonl` is a path.
pub(super) fn trace(name: &str) -> anyhow::Result<Trace> {
    let path = Path::new(name);
    let is_path = path.components().count() > 1 || path.extension().is_some_and(|ending| ending == "jsonl");
    if is_path {
        return Ok(Trace::read(path)?);
    }
    let runs = recording::runs()?;
    match runs.find(name) {
        Ok(id) => Ok(runs.trace(&id)?),
        Err(_) if path.is_dir() => Ok(Trace::read(path)?),
        Err(error) => Err(error.into()),
    }
}

/// The document of a run over the images of its trace.
pub(super) fn document(trace: &Trace, images: &ImageStore) -> anyhow::Result<Document> {
    let run = &trace.header.run;
    let answer =
        trace.answer().with_context(|| format!("the run {run} gave no answer: it has no document"))?;
    Ok(Document { run: Some(run.clone()), ..Document::new(&answer, images, &given(trace)) })
}

fn list(limit: usize, json: bool) -> anyhow::Result<Outcome> {
    let runs = recording::runs()?.list(limit)?;
    let mut out = anstream::stdout();
    if json {
        let runs: Vec<_> = runs
            .iter()
            .map(|run| {
                json!({
                    "run": run.id, "started": run.started, "task": run.task, "question": run.question,
                    "images": run.images, "state": run.state.word(), "seconds": run.elapsed.as_secs_f64(),
                    "bytes": run.bytes,
                })
            })
            .collect();
        serde_json::to_writer_pretty(&mut out, &runs)?;
        writeln!(out)?;
        return Ok(Outcome::Done);
    }
    if runs.is_empty() {
        anstream::eprintln!("no run is kept yet: `lavr ask` keeps one");
    }
    for run in &runs {
        writeln!(out, "{}", entry(run))?;
    }
    Ok(Outcome::Done)
}

fn entry(run: &RunSummary) -> String {
    // To the minute, in UTC.
    let when: String = run.started.to_string().chars().take(16).collect();
    let state = match run.state {
        State::Answered => String::new(),
        state => format!(" {}", terminal::unsure(state.word())),
    };
    let question = run.question.as_deref().unwrap_or_default();
    let mut question: String = question.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if let Some((end, _)) = question.char_indices().nth(QUESTION_LENGTH) {
        question.truncate(end);
        question.push_str(" ...");
    }
    let pictures: Vec<_> = run.images.iter().filter_map(|name| Path::new(name).file_name()).collect();
    let pictures: Vec<_> = pictures.iter().map(|name| name.to_string_lossy()).collect();
    format!(
        "{}  {}  {:>6.1} s  {:<7} {}{}{state}",
        terminal::bold(&run.id),
        terminal::dim(when.replace('T', " ")),
        run.elapsed.as_secs_f64(),
        run.task,
        pictures.join(" "),
        if question.is_empty() { String::new() } else { format!("  \"{question}\"") },
    )
}

fn show(name: &str, json: bool, events: bool) -> anyhow::Result<Outcome> {
    let trace = trace(name)?;
    let mut out = anstream::stdout();
    if events {
        out.write_all(trace.to_jsonl().as_bytes())?;
        return Ok(Outcome::Done);
    }
    let run = &trace.header.run;
    if json {
        let document = document(&trace, &trace.image_store()?)?;
        serde_json::to_writer_pretty(&mut out, &document)?;
        writeln!(out)?;
        return Ok(Outcome::Done);
    }
    let header = &trace.header;
    let question = header.question.as_ref().map_or_else(String::new, |question| format!(" \"{question}\""));
    let pictures: Vec<String> = given(&trace).into_iter().map(|(_, name)| name).collect();
    let title = format!("{} {}{}", header.task, pictures.join(" "), terminal::safe(&question));
    writeln!(out, "{}  {}", terminal::bold(title), terminal::dim(header.started))?;
    for line in &trace.events {
        for told in told(&line.event) {
            writeln!(out, "{told}")?;
        }
    }
    match trace.answer() {
        Some(answer) => {
            let styled = out.current_choice() != anstream::ColorChoice::Never;
            writeln!(out, "\n{}", terminal::answer(&answer, Some(run), styled))?;
        }
        None => writeln!(out, "{}", terminal::unsure("the run ended here, without an answer"))?,
    }
    Ok(Outcome::Done)
}

/// The lines that the terminal showed for an event.
fn told(event: &Event) -> Vec<String> {
    match event {
        // Told claim by claim when it happened.
        Event::Verified { claims, .. } => claims
            .iter()
            .filter_map(|checked| {
                let (claim, judgement) = (checked.claim.clone(), checked.judgement.clone());
                terminal::event(&Event::Judged { claim, judgement })
            })
            .collect(),
        event => terminal::event(event).into_iter().collect(),
    }
}

pub(super) fn given(trace: &Trace) -> Vec<(ImageId, String)> {
    let given = trace.header.images.iter().filter_map(|image| match &image.origin {
        ImageOrigin::Given { name } => Some((image.id, name.clone())),
        _ => None,
    });
    given.collect()
}

fn compare(one: &str, other: &str) -> anyhow::Result<Outcome> {
    let (one, other) = (trace(one)?, trace(other)?);
    let Comparison { partings, usage } = diff(&one, &other);
    let mut out = anstream::stdout();
    for parting in &partings {
        writeln!(out, "{}", terminal::bold(terminal::safe(&parting.place)))?;
        for (sign, side) in [("-", &parting.one), ("+", &parting.other)] {
            if let Some(text) = side {
                writeln!(out, "  {sign} {}", terminal::safe(text))?;
            }
        }
    }
    if partings.is_empty() {
        writeln!(out, "the same steps, calls, results, claims and texts")?;
    }
    let [one, other] = usage.map(|usage| usage.elapsed.as_secs_f64());
    writeln!(out, "{}", terminal::dim(format!("{one:.1} s and {other:.1} s")))?;
    Ok(Outcome::Done)
}

fn replay_all(names: &[String]) -> anyhow::Result<Outcome> {
    let mut out = anstream::stdout();
    let mut parted = 0;
    for name in names {
        let trace = trace(name)?;
        let Replayed { events, difference, answer } = replay(&trace, None)?;
        let run = terminal::bold(&trace.header.run);
        match difference {
            None => {
                let end = if answer.is_some() { "" } else { ", as far as the run went" };
                writeln!(out, "{run}  {} {events} events, byte by byte the same{end}", terminal::good("✓"))?;
            }
            Some(difference) => {
                parted += 1;
                writeln!(out, "{run}  {} event {} is another", terminal::bad("✗"), difference.event)?;
                let side = |text: Option<String>| text.unwrap_or_else(|| "(nothing)".into());
                writeln!(out, "  recorded  {}", terminal::safe(&side(difference.recorded)))?;
                writeln!(out, "  replayed  {}", terminal::safe(&side(difference.replayed)))?;
                if let Some(reason) = difference.reason {
                    writeln!(out, "  {}", terminal::safe(&reason))?;
                }
            }
        }
    }
    anyhow::ensure!(parted == 0, "{parted} of {} runs did not come out as they were recorded", names.len());
    Ok(Outcome::Done)
}

fn export(name: &str, out: Option<&Path>) -> anyhow::Result<Outcome> {
    let trace = trace(name)?;
    let folder = out.map_or_else(|| PathBuf::from(trace.header.run.as_str()), Path::to_owned);
    let is_taken = folder.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    anyhow::ensure!(!is_taken, "the folder `{}` is not empty: name another with --out", folder.display());
    trace.write(&folder)?;
    writeln!(anstream::stdout(), "{}", folder.display())?;
    Ok(Outcome::Done)
}

async fn send(name: &str, endpoint: &str, texts: bool) -> anyhow::Result<Outcome> {
    let texts = if texts { Texts::Sent } else { Collector::texts_from_environment() };
    Collector { endpoint: Some(endpoint.to_owned()), texts }.send(&trace(name)?).await?;
    Ok(Outcome::Done)
}

fn remove(names: &[String], all: bool) -> anyhow::Result<Outcome> {
    let runs: RunStore = recording::runs()?;
    let ids = if all {
        runs.list(usize::MAX)?.into_iter().map(|run| run.id).collect()
    } else {
        names.iter().map(|name| runs.find(name)).collect::<Result<Vec<_>, _>>()?
    };
    for id in &ids {
        runs.remove(id)?;
    }
    anstream::eprintln!("{} removed", ids.len());
    Ok(Outcome::Done)
}
