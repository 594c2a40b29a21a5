//! `lavr doctor`

use std::io::Write as _;

use lavr_agent::signature;
use lavr_infer::{EngineChoice, Sessions};
use lavr_weights::FileState;

use crate::{
    Outcome,
    arguments::Global,
    setup::{Setup, remote_description},
    terminal,
};

pub(crate) async fn run(global: &Global) -> anyhow::Result<Outcome> {
    let setup = Setup::new(global, false)?;
    let mut out = anstream::stdout();
    let options = setup.store.options();
    let row = |name: &str, value: &str| format!("{} {value}", terminal::bold(format!("{name:<14}")));

    writeln!(out, "{}", row("lavr", env!("CARGO_PKG_VERSION")))?;
    let platform = format!("{}, {} threads", lavr_weights::platform(), lavr_infer::threads());
    writeln!(out, "{}", row("machine", &platform))?;
    writeln!(out, "{}", row("cache", &options.home.display().to_string()))?;
    let network = if options.offline {
        "forbidden (--offline)"
    } else {
        "allowed; the hub first, then package registries"
    };
    writeln!(out, "{}", row("fetching", network))?;

    writeln!(out, "\n{}", terminal::bold("engines"))?;
    writeln!(out, "  {} rten (built in)", terminal::good("✓"))?;
    // Loaded for real: a library that is here may still be of another platform.
    let library =
        setup.store.find_only(lavr_infer::LIBRARY_MODEL).or_else(lavr_infer::library_from_environment);
    match library {
        Some(path) => match Sessions::new(setup.store.clone(), EngineChoice::OnnxRuntime).loader().await {
            Ok(_) => writeln!(out, "  {} ONNX Runtime at {}", terminal::good("✓"), path.display())?,
            Err(error) => writeln!(out, "  {} ONNX Runtime: {error}", terminal::unsure("?"))?,
        },
        None => writeln!(
            out,
            "  {} ONNX Runtime is not here: `lavr models pull {}` makes the experts two to three times faster",
            terminal::dim("-"),
            lavr_infer::LIBRARY_MODEL
        )?,
    }
    let chosen = match setup.sessions.loader().await {
        Ok(loader) => loader.engine().to_string(),
        Err(error) => error.to_string(),
    };
    writeln!(out, "  in use: {chosen}")?;

    writeln!(out, "\n{}", terminal::bold("models"))?;
    for status in setup.store.status().await? {
        let here =
            status.files.iter().all(|file| matches!(file.state, FileState::Present(_) | FileState::Bundled));
        let mark = if here && !status.files.is_empty() { terminal::good("✓") } else { terminal::dim("-") };
        writeln!(out, "  {mark} {:<34} {}", status.model.name, terminal::dim(&status.model.purpose))?;
    }
    writeln!(out, "\n{}", terminal::bold("remote model"))?;
    writeln!(out, "  {}", remote_description())?;

    writeln!(out, "\n{}", terminal::bold("tools"))?;
    for spec in setup.dispatcher()?.registry().specs() {
        let network = spec.network.as_ref().map(|network| format!(" (looks with {network})"));
        writeln!(out, "  {}{}", signature(spec), terminal::dim(network.unwrap_or_default()))?;
    }
    Ok(Outcome::Done)
}
