//! `lavr verify IMAGE --text TEXT`

use std::{io::Read as _, path::Path, time::Instant};

use anyhow::Context as _;
use lavr_tool::CancellationToken;
use lavr_types::{Answer, Budget, Draft, Event, ImageId, Task};
use lavr_verify::{Verification, Verifier};

use crate::{
    Outcome,
    arguments::{Global, Verify},
    command::{Watch, interruptible},
    output::Output,
    recording::Recording,
    setup::{self, Setup},
};

/// The most bytes of a text to verify.
pub(super) const TEXT_LIMIT: u64 = 1 << 20;

pub(crate) async fn run(
    global: &Global,
    verify: &Verify,
    cancel: &CancellationToken,
) -> anyhow::Result<Outcome> {
    if verify.stream {
        return super::stream::run(global, verify, cancel).await;
    }
    let text = match (&verify.text, &verify.text_file) {
        (Some(text), _) => text.clone(),
        (None, Some(file)) => read_text(file)?,
        (None, None) => anyhow::bail!("give the text to check with --text or --text-file"),
    };
    anyhow::ensure!(!text.trim().is_empty(), "the text to check is empty");
    let setup = interruptible(cancel, Setup::with_own_tools(global, !verify.showing.quiet))
        .await?
        .with_cassette(&verify.tracing)?
        .with_budget(Budget::new(verify.budget.limits));
    let mut output = Output::new(&verify.showing, &setup.images, 1);
    output.check()?;
    let pictures = interruptible(cancel, setup.open_images(&[&verify.image])).await?;
    let verifier = interruptible(cancel, verifier(&setup, verify)).await?;
    let start = Instant::now();
    let recording = Recording::start(&setup, &verify.tracing, Task::Verify, None, &pictures);
    let watch = Watch::new(&verify.showing);
    let tell = |event: &Event| {
        watch.tell(event);
        recording.tell(event);
    };
    // What is checked is shown as corrected in the end: it need not be told twice.
    recording.tell(&drafted(&text));
    let mut answer = checked(&verifier, &text, &[pictures[0].0], cancel, &tell).await?;
    setup.check_cassette()?;
    answer.usage.elapsed = start.elapsed();
    tell(&Event::Answered { answer: answer.clone() });
    output.show(&answer, &pictures, recording.finish().await.as_ref(), &watch.take())?;
    output.finish()
}

/// The verifier that was chosen, over the experts.
pub(super) async fn verifier(setup: &Setup, verify: &Verify) -> anyhow::Result<Verifier> {
    let prompts = setup::prompts(&verify.models)?;
    let dispatcher = setup.dispatcher_with(prompts.clone())?;
    let model = setup.checking_model(&verify.checking, &verify.models).await?;
    let (policy, checking) = (verify.showing.unverified, &verify.checking);
    Setup::verifier(&dispatcher, policy, checking, model.as_ref(), &prompts)
}

/// The text, verified.
pub(super) async fn checked(
    verifier: &Verifier,
    text: &str,
    images: &[ImageId],
    cancel: &CancellationToken,
    tell: &(dyn Fn(&Event) + Send + Sync),
) -> anyhow::Result<Answer> {
    let verification = verifier.verify(text, images, cancel, &|event| tell(&event)).await;
    anyhow::ensure!(!cancel.is_cancelled(), "interrupted");
    tell(&verified(&verification));
    Ok(Answer {
        question: None,
        draft: text.to_owned(),
        text: verification.text,
        claims: verification.claims,
        steps: Vec::new(),
        notes: verification.notes,
        usage: verification.usage,
    })
}

/// A text that was given stands like a draft.
pub(super) fn drafted(text: &str) -> Event {
    Event::Drafted { draft: Draft { text: text.to_owned(), cites: Vec::new(), tokens: Vec::new() } }
}

pub(super) fn verified(verification: &Verification) -> Event {
    Event::Verified {
        text: verification.text.clone(),
        claims: verification.claims.clone(),
        notes: verification.notes.clone(),
        usage: verification.usage,
    }
}

/// As it is: not a byte may change where nothing is contradicted, a final line break included.
fn read_text(file: &Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().take(TEXT_LIMIT + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|open| open.take(TEXT_LIMIT + 1).read_to_end(&mut bytes))
    };
    read.with_context(|| format!("could not read the text from `{}`", file.display()))?;
    anyhow::ensure!(bytes.len() as u64 <= TEXT_LIMIT, "the text is longer than {TEXT_LIMIT} bytes: split it");
    String::from_utf8(bytes)
        .with_context(|| format!("the text in `{}` is not UTF-8: convert it first", file.display()))
}
