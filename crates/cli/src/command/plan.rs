//! `lavr run PLAN.toml IMAGE...`

use std::{io::Write as _, sync::Arc};

use anyhow::Context as _;
use lavr_agent::{Agent, DeclaredPlanner, Limits, PlanFile};
use lavr_tool::CancellationToken;
use lavr_types::{Event, Task, ToolSpec};

use crate::{
    Outcome,
    arguments::{Global, RunPlan},
    command::{Watch, interruptible},
    output::Output,
    recording::Recording,
    setup::{self, Setup},
};

pub(crate) async fn run(
    global: &Global,
    plan: &RunPlan,
    cancel: &CancellationToken,
) -> anyhow::Result<Outcome> {
    let mut out = anstream::stdout();
    if plan.schema {
        writeln!(out, "{:#}", PlanFile::schema())?;
        return Ok(Outcome::Done);
    }
    let path = plan.plan.as_deref().context("name a plan file")?;
    let setup = interruptible(cancel, Setup::with_own_tools(global, !plan.showing.quiet))
        .await?
        .with_cassette(&plan.tracing)?;
    let prompts = setup::prompts(&plan.models)?;
    let dispatcher = setup.dispatcher_with(prompts.clone())?;
    let tools: Vec<&ToolSpec> = dispatcher.registry().specs().collect();
    let file = PlanFile::read(path)?;
    let checked = file.check(&path.display().to_string(), &tools)?;
    if plan.explain {
        write!(out, "{}", checked.explain())?;
        return Ok(Outcome::Done);
    }
    let planner = DeclaredPlanner::new(checked, &plan.set)?;
    if plan.check {
        writeln!(out, "{}: {} nodes, all of them fit", path.display(), file.nodes.len())?;
        return Ok(Outcome::Done);
    }
    let mut output = Output::new(&plan.showing, &setup.images, 1);
    output.check()?;
    let pictures = interruptible(cancel, setup.open_images(&plan.images)).await?;
    let model = interruptible(cancel, setup.checking_model(&plan.checking, &plan.models)).await?;
    let verifier =
        Setup::verifier(&dispatcher, plan.showing.unverified, &plan.checking, model.as_ref(), &prompts)?;
    // A plan has no more waves than nodes.
    let steps = file.nodes.len() as u32 + 1;
    let limits = Limits { steps, calls: plan.max_calls, time: plan.time, ..Limits::default() };
    let question = planner.question();
    let given = plan.images.iter().map(|path| path.display().to_string());
    let agent = Agent::builder(dispatcher)
        .planner(Arc::new(planner))
        .verifier(verifier)
        .limits(limits)
        .given(given)
        .build()?;

    let recording = Recording::start(&setup, &plan.tracing, Task::Plan, Some(&question), &pictures);
    let watch = Watch::new(&plan.showing);
    let tell = |event: &Event| {
        watch.tell(event);
        recording.tell(event);
    };
    let images: Vec<_> = pictures.iter().map(|(id, _)| *id).collect();
    let answer = agent.ask(&question, &images, cancel, &tell).await?;
    setup.check_cassette()?;
    if !plan.showing.quiet && !plan.showing.json {
        anstream::eprintln!();
    }
    output.show(&answer, &pictures, recording.finish().await.as_ref(), &watch.take())?;
    output.finish()
}
