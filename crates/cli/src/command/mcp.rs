//! `lavr mcp`: the tools, and verified answers, for MCP clients.

mod jobs;

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use lavr_image::{AllowedFolders, ImageStore};
use lavr_mcp::{Job, Server};
use lavr_tool::CancellationToken;

use self::jobs::{Ask, Caption, Parts, Verify};
use crate::{
    Outcome,
    arguments::{Global, Mcp},
    command::interruptible,
    setup::{self, Setup},
};

pub(crate) async fn run(global: &Global, mcp: &Mcp, cancel: &CancellationToken) -> anyhow::Result<Outcome> {
    let allowed = if mcp.allow.is_empty() { vec![PathBuf::from(".")] } else { mcp.allow.clone() };
    let folders = AllowedFolders::new(&allowed)?;
    let images = Arc::new(ImageStore::default().keeping_at_most(mcp.image_memory << 20));
    let setup = interruptible(cancel, Setup::with_own_tools(global, false)).await?.with_images(images);
    let prompts = setup::prompts(&mcp.models)?;
    let dispatcher = setup.dispatcher_with(prompts.clone())?;
    let parts = Arc::new(Parts::new(setup, dispatcher.clone(), prompts, mcp));
    let jobs: Vec<Arc<dyn Job>> =
        vec![Arc::new(Verify::new(&parts)), Arc::new(Ask::new(&parts)), Arc::new(Caption::new(&parts))];
    let server = Server::with_jobs(dispatcher, jobs, folders);
    match mcp.http {
        None => server.serve_stdio(cancel).await?,
        Some(address) => {
            let listener = tokio::net::TcpListener::bind(address)
                .await
                .with_context(|| format!("could not listen on {address}: is the port in use?"))?;
            // Port 0 lets the system choose: whoever started us has to hear what it chose.
            anstream::eprintln!("listening on http://{}/mcp", listener.local_addr()?);
            server.serve_http(listener, cancel).await?;
        }
    }
    Ok(Outcome::Done)
}
