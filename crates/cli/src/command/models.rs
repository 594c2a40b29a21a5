//! `lavr models list|pull|verify|path|remove`

use std::io::Write as _;

use anyhow::Context as _;
use lavr_tool::CancellationToken;
use lavr_weights::{CheckOutcome, FileState, ModelStatus};
use serde_json::json;

use crate::{
    Outcome,
    arguments::{Global, Models},
    command::interruptible,
    setup::Setup,
    terminal,
};

pub(crate) async fn run(
    global: &Global,
    models: &Models,
    cancel: &CancellationToken,
) -> anyhow::Result<Outcome> {
    let setup = Setup::new(global, true)?;
    match models {
        Models::List { json } => list(&setup, *json).await?,
        Models::Pull { names } => {
            // A wrong name is told before anything is fetched.
            for name in names {
                setup.store.catalogue().model(name)?;
            }
            for name in names {
                for path in interruptible(cancel, async { Ok(setup.store.pull(name).await?) }).await? {
                    writeln!(anstream::stdout(), "{}", path.display())?;
                }
            }
        }
        Models::Verify { names } => verify(&setup, names).await?,
        Models::Path { name } => {
            setup.store.catalogue().model(name)?;
            let paths = setup
                .store
                .path(name)
                .with_context(|| format!("`{name}` is not here: `lavr models pull {name}` fetches it"))?;
            for path in paths {
                writeln!(anstream::stdout(), "{}", path.display())?;
            }
        }
        Models::Remove { names } => {
            for name in names {
                let removed = setup.store.remove(name).await?;
                let size = indicatif::HumanBytes(removed.bytes);
                writeln!(anstream::stdout(), "{name}: {} files, {size} removed", removed.files)?;
            }
        }
    }
    Ok(Outcome::Done)
}

async fn list(setup: &Setup, as_json: bool) -> anyhow::Result<()> {
    let models = setup.store.status().await?;
    let mut out = anstream::stdout();
    if as_json {
        let rows: Vec<_> = models.iter().map(row).collect();
        writeln!(out, "{:#}", json!(rows))?;
        return Ok(());
    }
    for status in &models {
        let size: u64 = status.files.iter().filter_map(|file| file.size).sum();
        let size = if size > 0 { indicatif::HumanBytes(size).to_string() } else { String::new() };
        writeln!(out, "{:<34} {:>11}  {}", terminal::bold(&status.model.name), size, state(status))?;
        writeln!(out, "    {}", status.model.purpose)?;
        writeln!(out, "    {}", terminal::dim(&status.model.license))?;
    }
    Ok(())
}

fn state(status: &ModelStatus) -> String {
    if status.files.is_empty() {
        return terminal::dim("not for this platform");
    }
    if status.files.iter().any(|file| file.state == FileState::BringYourOwn) {
        return terminal::unsure("bring your own files (crates/weights/README.md)");
    }
    let here = |file: &lavr_weights::FileStatus| matches!(file.state, FileState::Present(_));
    let bundled = |file: &lavr_weights::FileStatus| file.state == FileState::Bundled;
    if status.files.iter().all(here) {
        terminal::good("here")
    } else if status.files.iter().all(|file| here(file) || bundled(file)) {
        terminal::good("inside the program")
    } else {
        terminal::dim("to be fetched at first use")
    }
}

fn row(status: &ModelStatus) -> serde_json::Value {
    let files: Vec<_> = status
        .files
        .iter()
        .map(|file| {
            let (state, path) = match &file.state {
                FileState::Present(path) => ("present", Some(path)),
                FileState::Bundled => ("bundled", None),
                FileState::BringYourOwn => ("bring_your_own", None),
                _ => ("missing", None),
            };
            json!({ "name": file.name, "bytes": file.size, "state": state, "path": path })
        })
        .collect();
    json!({
        "name": status.model.name,
        "purpose": status.model.purpose,
        "license": status.model.license,
        "files": files,
    })
}

async fn verify(setup: &Setup, names: &[String]) -> anyhow::Result<()> {
    let all: Vec<String>;
    let names = if names.is_empty() {
        all = setup.store.catalogue().models().iter().map(|model| model.name.clone()).collect();
        &all
    } else {
        names
    };
    let mut wrong = Vec::new();
    let mut out = anstream::stdout();
    for name in names {
        for check in setup.store.verify(name).await? {
            match check.outcome {
                CheckOutcome::Good(path) => {
                    writeln!(out, "{} {name}: {}", terminal::good("right"), path.display())?;
                }
                CheckOutcome::Wrong { set_aside, .. } => {
                    wrong.push(format!("{name}/{} (moved to `{}`)", check.name, set_aside.display()));
                }
                _ => {}
            }
        }
    }
    anyhow::ensure!(
        wrong.is_empty(),
        "these files are not what the catalogue says: {}; `lavr models pull` fetches them again",
        wrong.join(", ")
    );
    Ok(())
}
