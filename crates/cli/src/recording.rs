//! Keeps the trace of a run, unless that is switched off. What cannot be kept is told, and fails no run.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use lavr_trace::{Collector, Given, Recorder, Retention, RunStore};
use lavr_types::{Event, ImageId, RunId, Task};
use lavr_weights::StoreOptions;

use crate::{arguments::Tracing, setup::Setup, terminal};

/// Where the runs are kept: `LAVR_RUNS`, else in lavr's own folder.
fn path() -> anyhow::Result<PathBuf> {
    match std::env::var_os("LAVR_RUNS").filter(|path| !path.is_empty()) {
        Some(path) => Ok(path.into()),
        None => Ok(StoreOptions::from_environment()?.home.join("runs.sqlite")),
    }
}

/// The runs that were kept. `LAVR_KEEP_RUNS` says how many stay.
pub(crate) fn runs() -> anyhow::Result<RunStore> {
    let mut retention = Retention::default();
    if let Some(text) = std::env::var_os("LAVR_KEEP_RUNS").filter(|text| !text.is_empty()) {
        let text = text.to_string_lossy();
        retention.runs = text
            .parse()
            .ok()
            .filter(|runs| *runs > 0)
            .with_context(|| format!("LAVR_KEEP_RUNS is `{text}`: give a number of runs, 1 or more"))?;
    }
    Ok(RunStore::open(&path()?, retention)?)
}

/// A run that is being recorded, or one that is not.
pub(crate) struct Recording {
    recorder: Option<(RunStore, Recorder)>,
    /// Whether it stays in the store of runs.
    kept: bool,
    /// Where its spans go.
    collector: Option<Collector>,
}

impl Recording {
    pub(crate) fn start(
        setup: &Setup,
        tracing: &Tracing,
        task: Task,
        question: Option<&str>,
        pictures: &[(ImageId, String)],
    ) -> Self {
        let collector = Collector::from_environment();
        let mut kept = !tracing.no_trace;
        let given: Vec<Given> =
            pictures.iter().map(|(image, name)| Given { image: *image, name: name.clone() }).collect();
        let record = |runs: RunStore| {
            let recorder = runs.record(task, question, &given, Arc::clone(&setup.images))?;
            anyhow::Ok((runs, recorder))
        };
        let mut recorder = None;
        if kept {
            recorder = runs().and_then(record).map_err(|error| not_kept(&error)).ok();
            kept = recorder.is_some();
        }
        if recorder.is_none() && collector.is_some() {
            recorder = RunStore::in_memory().map_err(Into::into).and_then(record).ok();
        }
        Self { recorder, kept, collector }
    }

    pub(crate) fn tell(&self, event: &Event) {
        if let Some((_, recorder)) = &self.recorder {
            recorder.tell(event);
        }
    }

    /// The name under which the run was kept, if it was. Its spans go to the collector, if the environment names one.
    pub(crate) async fn finish(self) -> Option<RunId> {
        let (runs, recorder) = self.recorder?;
        let run = recorder.finish().map_err(|error| not_kept(&error.into())).ok()?;
        if let Some(collector) = self.collector {
            let sent = match runs.trace(&run) {
                Ok(trace) => collector.send(&trace).await,
                Err(error) => Err(error),
            };
            if let Err(error) = sent {
                anstream::eprintln!("{} {error}", terminal::unsure("note:"));
            }
        }
        self.kept.then_some(run)
    }
}

fn not_kept(error: &anyhow::Error) {
    anstream::eprintln!("{} this run is not kept for `lavr runs`: {error:#}", terminal::unsure("note:"));
}
