//! `lavr tools list|check|show|run`

use std::{io::Write as _, path::Path};

use anyhow::Context as _;
use lavr_agent::signature;
use lavr_tool::{CancellationToken, Dispatcher, Registry};
use lavr_types::{CallId, CallRecord, ToolCall, ToolSpec};
use serde_json::{Value, json};

use crate::{
    Outcome,
    arguments::{Global, Tools},
    command::interruptible,
    output::write_png,
    own_tools::declarations,
    setup::Setup,
    terminal,
};

pub(crate) async fn run(
    global: &Global,
    tools: &Tools,
    cancel: &CancellationToken,
) -> anyhow::Result<Outcome> {
    if let Tools::Check { path } = tools {
        return check(path, cancel).await;
    }
    let setup = interruptible(cancel, Setup::with_own_tools(global, true)).await?;
    let dispatcher = setup.dispatcher()?;
    let mut out = anstream::stdout();
    match tools {
        Tools::List => {
            for spec in dispatcher.registry().specs() {
                match setup.own_tools.source(&spec.name) {
                    Some(source) => writeln!(out, "{} ({source})", signature(spec))?,
                    None => writeln!(out, "{}", signature(spec))?,
                }
            }
        }
        Tools::Check { .. } => {}
        Tools::Show { name } => {
            let spec = find(&dispatcher, name)?;
            writeln!(out, "{}\n", terminal::bold(&spec.name))?;
            writeln!(out, "{}\n", spec.description)?;
            writeln!(
                out,
                "version {}, {:?}, {:?}, at most {:?} a call\n",
                spec.version, spec.capability, spec.concurrency, spec.timeout
            )?;
            if let Some(network) = &spec.network {
                writeln!(out, "looks with {network}\n")?;
            }
            writeln!(out, "{}\n{:#}\n", terminal::bold("arguments"), spec.arguments)?;
            writeln!(out, "{}\n{:#}", terminal::bold("output"), spec.output)?;
        }
        Tools::Run { name, json, save } => {
            let spec = find(&dispatcher, name)?;
            let mut arguments: Value = serde_json::from_str(json).with_context(|| {
                format!(
                    "the arguments are not JSON: `{json}`; for instance --json '{{\"image\": \"photo.jpg\"}}'"
                )
            })?;
            interruptible(cancel, open_images(&setup, spec, &mut arguments)).await?;
            let call = ToolCall { id: CallId("call_1".into()), tool: name.clone(), arguments };
            let mut records =
                interruptible(cancel, async { Ok(dispatcher.dispatch(vec![call], cancel).await) }).await?;
            print(&records.remove(0), &setup, save.as_deref())?;
        }
    }
    Ok(Outcome::Done)
}

/// Whatever is wrong is an error; what is right is shown.
async fn check(path: &Path, cancel: &CancellationToken) -> anyhow::Result<Outcome> {
    let declared = interruptible(cancel, declarations(path)).await?;
    // Names and schemas are the registry's to judge.
    let mut registry = Registry::new();
    let mut out = anstream::stdout();
    for (declaration, tools) in declared {
        writeln!(out, "{} ({})", terminal::bold(declaration.path.display()), declaration.kind)?;
        for tool in tools {
            let line = signature(tool.spec());
            registry = registry
                .with_dyn(tool)
                .with_context(|| format!("`{}` cannot be used", declaration.path.display()))?;
            writeln!(out, "  {line}")?;
        }
    }
    Ok(Outcome::Done)
}

fn find<'a>(dispatcher: &'a Dispatcher, name: &str) -> anyhow::Result<&'a ToolSpec> {
    dispatcher.registry().spec(name).with_context(|| {
        let names: Vec<&str> = dispatcher.registry().specs().map(|spec| spec.name.as_str()).collect();
        format!("no tool is named `{name}`; there are: {}", names.join(", "))
    })
}

/// Puts ids in the place of paths, wherever the tool takes an image.
async fn open_images(setup: &Setup, spec: &ToolSpec, arguments: &mut Value) -> anyhow::Result<()> {
    let Some(arguments) = arguments.as_object_mut() else { return Ok(()) };
    for (name, value) in arguments {
        if spec.arguments["properties"][name]["format"] == "image-id"
            && let Value::String(path) = value
            && path.parse::<lavr_types::ImageId>().is_err()
        {
            *value = json!(setup.open_image(Path::new(path)).await?);
        }
    }
    Ok(())
}

fn print(record: &CallRecord, setup: &Setup, save: Option<&Path>) -> anyhow::Result<()> {
    let observation = match &record.outcome {
        Ok(observation) => observation,
        Err(failure) => anyhow::bail!("{}", failure.message),
    };
    let mut saved = Vec::new();
    if let Some(folder) = save {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("could not make the folder `{}`", folder.display()))?;
        for &id in &observation.show {
            let path = folder.join(format!("{id}.png"));
            write_png(&setup.images.get(id)?.pixels, &path)?;
            saved.push(path.display().to_string());
        }
    }
    let mut document = json!({
        "tool": record.call.tool,
        "value": observation.value,
        "evidence": observation.evidence,
        "trust": observation.trust,
        "images": observation.show,
        "seconds": record.elapsed.as_secs_f64(),
    });
    if save.is_some() {
        document["saved"] = json!(saved);
    }
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &document)?;
    writeln!(out)?;
    Ok(())
}
