//! `lavr ask IMAGE... QUESTION`

use anyhow::Context as _;
use lavr_agent::{Agent, AgentBuilder, Limits};
use lavr_tool::CancellationToken;
use lavr_types::{Event, Task};

use crate::{
    Outcome,
    arguments::{Ask, Global},
    command::{Watch, interruptible},
    output::Output,
    planning,
    recording::Recording,
    setup::{self, Setup},
};

pub(crate) async fn run(global: &Global, ask: &Ask, cancel: &CancellationToken) -> anyhow::Result<Outcome> {
    let (question, paths) = ask.words.split_last().context("name a picture, then the question")?;
    if question.trim().is_empty() {
        return Err(lavr_agent::AgentError::EmptyQuestion.into());
    }
    if std::path::Path::new(question).is_file() {
        anyhow::bail!(
            "the last word must be the question, but `{question}` is a file: put the question after the pictures, in quotes"
        );
    }
    let setup = interruptible(cancel, Setup::with_own_tools(global, !ask.showing.quiet))
        .await?
        .with_cassette(&ask.tracing)?;
    let mut output = Output::new(&ask.showing, &setup.images, 1);
    output.check()?;
    let pictures = interruptible(cancel, setup.open_images(paths)).await?;
    let prompts = setup::prompts(&ask.models)?;
    let dispatcher = setup.dispatcher_with(prompts.clone())?;
    let limits = Limits { steps: ask.max_steps, calls: ask.max_calls, time: ask.time, ..Limits::default() };
    let model = interruptible(cancel, setup.planner(&ask.models)).await?;
    let verifier =
        Setup::verifier(&dispatcher, ask.showing.unverified, &ask.checking, Some(&model), &prompts)?;
    let (planner, note) =
        interruptible(cancel, planning::planner(&setup, &ask.planning, model, &dispatcher, &prompts)).await?;
    let builder = Agent::builder(dispatcher).verifier(verifier).prompts(prompts).limits(limits).given(paths);
    let builder = planner.install(builder);
    let agent = note.into_iter().fold(builder, AgentBuilder::note).build()?;

    let recording = Recording::start(&setup, &ask.tracing, Task::Ask, Some(question), &pictures);
    let watch = Watch::new(&ask.showing);
    let tell = |event: &Event| {
        watch.tell(event);
        recording.tell(event);
    };
    let images: Vec<_> = pictures.iter().map(|(id, _)| *id).collect();
    let answer = agent.ask(question, &images, cancel, &tell).await?;
    setup.check_cassette()?;
    if !ask.showing.quiet && !ask.showing.json {
        anstream::eprintln!();
    }
    output.show(&answer, &pictures, recording.finish().await.as_ref(), &watch.take())?;
    output.finish()
}
