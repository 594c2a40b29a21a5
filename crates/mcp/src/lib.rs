//! The Model Context Protocol, both ways.
//!
//! | for | type |
//! | --- | --- |
//! | other programs that want our tools | [`Server`]: over standard input and output, or HTTP on this machine |
//! | us, who want the tools of other programs | [`Client`]: a server that it starts or reaches, its tools as [`DynTool`]s |
//!
//! The protocol is `rmcp`'s: revisions 2026-07-28 (`server/discover`) and those with a handshake before it are both
//! spoken, whichever the other side knows.
//!
//! ```
//! use lavr_image::AllowedFolders;
//! use lavr_mcp::{Client, ClientConfig, Reach, Server};
//! use lavr_tool::{Dispatcher, Registry};
//!
//! # async fn example(registry: Registry) -> Result<(), Box<dyn std::error::Error>> {
//! // Tools of another program in a registry of ours ...
//! let config = ClientConfig::new("files", Reach::command("python3", ["files_server.py"]));
//! let mut registry = registry;
//! for tool in Client::connect(config).await?.tools() {
//!     registry = registry.with_dyn(tool)?;
//! }
//! // ... and all of them for any MCP client.
//! let server = Server::new(Dispatcher::new(registry, Default::default()), AllowedFolders::new(["."])?);
//! server.serve_stdio(&Default::default()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`DynTool`]: lavr_tool::DynTool

mod client;
mod server;

pub use client::{Client, ClientConfig, ConnectError, ImageForm, Reach};
pub use server::{
    HttpError, Job, JobContext, JobResult, MOST_MESSAGE_BYTES, Server, StdioError, arguments, job_spec,
};
