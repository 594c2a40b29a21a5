//! `lavr ask IMAGE... QUESTION`, and `lavr resume RUN.json` for a run that waited for approval.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use lavr_agent::{Agent, AgentBuilder, AgentError, Limits, PutAway, Run, SavedRun};
use lavr_tool::CancellationToken;
use lavr_types::{Budget, Event, ImageId, Task};

use crate::{
    Outcome,
    approval::Decisions,
    arguments::{Ask, Asking, Global, Resume},
    command::{Watch, interruptible},
    output::Output,
    planning,
    recording::Recording,
    setup::{self, Setup},
};

pub(crate) async fn run(global: &Global, ask: &Ask, cancel: &CancellationToken) -> anyhow::Result<Outcome> {
    let (question, paths) = ask.words.split_last().context("name a picture, then the question")?;
    if question.trim().is_empty() {
        return Err(AgentError::EmptyQuestion.into());
    }
    if std::path::Path::new(question).is_file() {
        anyhow::bail!(
            "the last word must be the question, but `{question}` is a file: put the question after the pictures, in quotes"
        );
    }
    let setup = setup(global, &ask.asking, Budget::new(ask.budget.limits), cancel).await?;
    Output::new(&ask.asking.showing, &setup.images, 1).check()?;
    let pictures = interruptible(cancel, setup.open_images(paths)).await?;
    let limits = Limits { steps: ask.max_steps, calls: ask.max_calls, time: ask.time, ..Limits::default() };
    let begin = Begin { what: What::Question(question, paths, limits), pictures };
    let approval =
        ask.save.as_deref().map(|file| Approval { file, decisions: Decisions::before(ask.before.clone()) });
    answer(&setup, &ask.asking, begin, approval, cancel).await
}

pub(crate) async fn resume(
    global: &Global,
    resume: &Resume,
    cancel: &CancellationToken,
) -> anyhow::Result<Outcome> {
    // The pictures are read into the store that everything else is set up over; so is what was spent.
    let images = Arc::default();
    let saved = SavedRun::read(&resume.file, &images)?;
    let budget = saved
        .with
        .spending
        .map_or_else(Budget::default, |spent| Budget::resumed(spent.limits, spent.spent, spent.elapsed));
    let setup = setup(global, &resume.asking, budget, cancel).await?.with_images(images);
    Output::new(&resume.asking.showing, &setup.images, 1).check()?;
    let decisions = Decisions::new(
        saved.with.ask_before.clone(),
        &resume.approve,
        &resume.refuse,
        &saved.run.awaiting(),
    )?;
    let pictures = saved.pictures().into_iter().map(|(id, file)| (id, file.display().to_string())).collect();
    let begin = Begin { what: What::Run(Box::new(saved.run)), pictures };
    let approval = Approval { file: &resume.file, decisions };
    answer(&setup, &resume.asking, begin, Some(approval), cancel).await
}

async fn setup(
    global: &Global,
    asking: &Asking,
    budget: Budget,
    cancel: &CancellationToken,
) -> anyhow::Result<Setup> {
    let setup = interruptible(cancel, Setup::with_own_tools(global, !asking.showing.quiet)).await?;
    Ok(setup.with_cassette(&asking.tracing)?.with_budget(budget))
}

/// What is answered.
struct Begin<'a> {
    what: What<'a>,
    pictures: Vec<(ImageId, String)>,
}

enum What<'a> {
    /// A question about pictures, within limits.
    Question(&'a str, &'a [String], Limits),
    /// A run that was put away.
    Run(Box<Run>),
}

/// What was decided about calls, and where the run is put away that waits for more.
struct Approval<'a> {
    file: &'a Path,
    decisions: Decisions,
}

async fn answer(
    setup: &Setup,
    asking: &Asking,
    begin: Begin<'_>,
    approval: Option<Approval<'_>>,
    cancel: &CancellationToken,
) -> anyhow::Result<Outcome> {
    let Begin { what, pictures } = begin;
    let mut output = Output::new(&asking.showing, &setup.images, 1);
    let prompts = setup::prompts(&asking.models)?;
    let mut dispatcher = setup.dispatcher_with(prompts.clone())?;
    if let Some(approval) = &approval {
        approval.decisions.check(dispatcher.registry())?;
        dispatcher = dispatcher.with_approver(Arc::new(approval.decisions.clone()));
    }
    let model = interruptible(cancel, setup.planner(&asking.models)).await?;
    let (unverified, checking) = (asking.showing.unverified, &asking.checking);
    let verifier = Setup::verifier(&dispatcher, unverified, checking, Some(&model), &prompts)?;
    let planning = planning::planner(setup, &asking.planning, model, &dispatcher, &prompts);
    let (planner, note) = interruptible(cancel, planning).await?;
    let builder = Agent::builder(dispatcher.clone()).verifier(verifier).prompts(prompts);
    let builder = match &what {
        What::Question(_, paths, limits) => builder.limits(*limits).given(*paths),
        What::Run(_) => builder,
    };
    let agent = note.into_iter().fold(planner.install(builder), AgentBuilder::note).build()?;

    let question = match &what {
        What::Question(question, ..) => *question,
        What::Run(run) => run.question(),
    };
    let recording = Recording::start(setup, &asking.tracing, Task::Ask, Some(question), &pictures);
    let watch = Watch::new(&asking.showing);
    let tell = |event: &Event| {
        watch.tell(event);
        recording.tell(event);
    };
    let images: Vec<_> = pictures.iter().map(|(id, _)| *id).collect();
    let answer = match what {
        What::Question(question, ..) => agent.ask(question, &images, cancel, &tell).await,
        What::Run(run) => agent.resume(*run, cancel, &tell).await,
    };
    let answer = match (answer, approval) {
        (Err(AgentError::Suspended(run)), Some(approval)) => {
            setup.check_cassette()?;
            recording.finish().await;
            let spending = dispatcher.budget().spending();
            put_away(setup, &run, &approval, &pictures, spending)?;
            return Ok(Outcome::Suspended);
        }
        (answer, _) => answer?,
    };
    setup.check_cassette()?;
    if !asking.showing.quiet && !asking.showing.json {
        anstream::eprintln!();
    }
    output.show(&answer, &pictures, recording.finish().await.as_ref(), &watch.take())?;
    output.finish()
}

fn put_away(
    setup: &Setup,
    run: &Run,
    approval: &Approval<'_>,
    pictures: &[(ImageId, String)],
    spending: Option<lavr_types::Spending>,
) -> anyhow::Result<()> {
    // A picture from an address has no file: it is kept beside the run.
    let files =
        pictures.iter().map(|(id, name)| (*id, PathBuf::from(name))).filter(|(_, file)| file.is_file());
    let with = PutAway { spending, ask_before: approval.decisions.ask_before.clone() };
    SavedRun::write(approval.file, run, &setup.images, &files.collect::<Vec<_>>(), with)?;
    let file = approval.file.display();
    let calls: Vec<&str> = run.awaiting().iter().map(|call| call.id.0.as_str()).collect();
    anstream::eprintln!(
        "the run waits in `{file}` for somebody to decide about {}: `lavr resume {file} --approve {}` lets it run, \
         `--refuse {}=WHY` does not",
        calls.join(", "),
        calls.first().unwrap_or(&"CALL"),
        calls.first().unwrap_or(&"CALL"),
    );
    Ok(())
}
