//! `lavr caption IMAGE...`

use std::time::Instant;

use lavr_tool::CancellationToken;
use lavr_types::{Budget, CallId, Capability, Draft, Event, ImageId, Step, Task, ToolCall, perception};
use serde_json::json;

use crate::{
    Outcome,
    arguments::{Caption, Global},
    command::{Watch, interruptible, verify::checked},
    output::Output,
    recording::Recording,
    setup::{self, Setup},
};

pub(crate) async fn run(
    global: &Global,
    caption: &Caption,
    cancel: &CancellationToken,
) -> anyhow::Result<Outcome> {
    let setup = interruptible(cancel, Setup::with_own_tools(global, !caption.showing.quiet))
        .await?
        .with_cassette(&caption.tracing)?
        .with_budget(Budget::new(caption.budget.limits));
    let mut output = Output::new(&caption.showing, &setup.images, caption.images.len());
    output.check()?;
    // Every picture is read before the first is described: a wrong path is told at once.
    let pictures = interruptible(cancel, setup.open_images(&caption.images)).await?;
    let prompts = setup::prompts(&caption.models)?;
    let dispatcher = if caption.contrast {
        setup.contrasting_dispatcher(prompts.clone())?
    } else {
        setup.dispatcher_with(prompts.clone())?
    };
    let model = interruptible(cancel, setup.checking_model(&caption.checking, &caption.models)).await?;
    let verifier = Setup::verifier(
        &dispatcher,
        caption.showing.unverified,
        &caption.checking,
        model.as_ref(),
        &prompts,
    )?;
    let watch = Watch::new(&caption.showing);
    for picture in pictures {
        let pictures = std::slice::from_ref(&picture);
        let recording = Recording::start(&setup, &caption.tracing, Task::Caption, None, pictures);
        let tell = |event: &Event| {
            watch.tell(event);
            recording.tell(event);
        };
        let start = Instant::now();
        let (described, step) = describe(&dispatcher, picture.0, cancel, &tell).await?;
        let mut answer = checked(&verifier, &described.text, &[picture.0], cancel, &tell).await?;
        setup.check_cassette()?;
        answer.notes.splice(0..0, described.unseen);
        answer.usage += step.usage();
        answer.usage.elapsed = start.elapsed();
        answer.steps.push(step);
        tell(&Event::Answered { answer: answer.clone() });
        output.show(&answer, pictures, recording.finish().await.as_ref(), &watch.take())?;
    }
    output.finish()
}

/// A description by the first captioner, and the step that it was.
pub(super) async fn describe(
    dispatcher: &lavr_tool::Dispatcher,
    image: ImageId,
    cancel: &CancellationToken,
    tell: &(dyn Fn(&Event) + Send + Sync),
) -> anyhow::Result<(perception::Caption, Step)> {
    let Some(tool) = dispatcher.registry().with_capability(Capability::Caption).next() else {
        anyhow::bail!("no captioner is registered");
    };
    let id = CallId("call_1".into());
    let call = ToolCall { id: id.clone(), tool: tool.name.clone(), arguments: json!({ "image": image }) };
    tell(&Event::CallStarted { call: call.clone() });
    let ended = |record: &lavr_types::CallRecord| tell(&Event::CallEnded { record: record.clone() });
    let mut records = dispatcher.dispatch_observed(vec![call], cancel, &ended).await;
    let record = records.remove(0);
    let described: perception::Caption = match &record.outcome {
        Ok(observation) => serde_json::from_value(observation.value.clone())?,
        Err(failure) => anyhow::bail!("the captioner failed: {}", failure.message),
    };
    for note in &described.unseen {
        tell(&Event::Note { text: note.clone() });
    }
    tell(&Event::Drafted {
        draft: Draft { text: described.text.clone(), cites: vec![id], tokens: Vec::new() },
    });
    Ok((described, Step { calls: vec![record], ..Step::default() }))
}
