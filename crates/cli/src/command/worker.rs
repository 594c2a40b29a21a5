//! `lavr worker TOOL`: the child process of an isolated tool.

use std::sync::Arc;

use anyhow::Context as _;
use lavr_prompt::Library;

use crate::{Outcome, arguments::Global, setup::Setup};

pub(crate) async fn run(global: &Global, tool: &str) -> anyhow::Result<Outcome> {
    let setup = Setup::new(global, false)?;
    let prompts = std::env::var_os("LAVR_PROMPTS").map_or_else(Library::built_in, Library::with_overrides);
    let dispatcher = setup.dispatcher_with(prompts)?;
    let tool = dispatcher.registry().get(tool).with_context(|| format!("no tool is named `{tool}`"))?;
    let (tool, images) = (Arc::clone(tool), Arc::clone(&setup.images));
    lavr_process::serve_worker(tool, images, tokio::io::stdin(), tokio::io::stdout()).await?;
    Ok(Outcome::Done)
}
