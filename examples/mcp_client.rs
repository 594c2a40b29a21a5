//! Tools of any MCP server in a registry of ours: checked arguments, timeouts, receipts, images by id.
//!
//!     cargo run --release --examples && cargo run --release --example mcp_client
//!     cargo run --release --example mcp_client -- python3 my_server.py       # a server of yours: lists its tools

#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use lavr::{
    mcp::{Client, ClientConfig, ImageForm, Reach},
    prelude::*,
    types::{CallId, ToolCall},
};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut command = std::env::args().skip(1);
    let own = command.next();
    // Without a command: the example `mcp_server` beside this one.
    let reach = if let Some(program) = &own {
        Reach::command(program, command)
    } else {
        let program = std::env::current_exe()?.with_file_name("mcp_server");
        Reach::command(program.to_string_lossy(), [""; 0])
    };
    let mut config = ClientConfig::new("server", reach);
    if own.is_none() {
        // Which arguments are images, and in which form this server wants them. The planner names an image there.
        config = config.with_image("brightest.image", ImageForm::DataUrl);
    }
    let client = Client::connect(config).await?;

    let mut registry = Registry::new();
    for tool in client.tools() {
        println!("{}: {}", tool.spec().name, tool.spec().description);
        registry = registry.with_dyn(tool)?;
    }
    if own.is_some() {
        return Ok(());
    }

    let images = Arc::new(ImageStore::default());
    let photo = images.open("examples/pictures/dogs.jpg".as_ref())?;
    let dispatcher = Dispatcher::new(registry, images);
    let call =
        |id: &str, tool: &str, arguments| ToolCall { id: CallId(id.into()), tool: tool.into(), arguments };
    let calls = vec![
        call("call_1", "server_brightest", json!({ "image": photo })),
        // A mistake is told before anything is sent.
        call("call_2", "server_brightest", json!({ "picture": photo })),
    ];
    for record in dispatcher.dispatch(calls, &CancellationToken::new()).await {
        match record.outcome {
            Ok(seen) => println!(
                "{} {:?} gave {} images: {}",
                record.call.tool,
                seen.trust,
                seen.show.len(),
                seen.value
            ),
            Err(failure) => println!("{} failed: {}", record.call.tool, failure.message),
        }
    }
    Ok(())
}
