//! Tools of other programs for us.

mod config;
mod connection;
mod error;
mod results;
mod tool;

use std::{collections::BTreeSet, sync::Arc};

pub use config::{ClientConfig, ImageForm, Reach};
use connection::Connection;
pub use error::ConnectError;
use lavr_tool::DynTool;
use rmcp::model::Tool;
use tool::McpTool;

/// A connection to an MCP server: a program that it starts, or an address.
///
/// The tools are those that the server offered at the start. One that it changes or withdraws later is refused, not
/// taken anew: what a run may call is settled before it begins. A server that dies is started again for the next call.
pub struct Client {
    tools: Vec<Arc<dyn DynTool>>,
}

impl Client {
    /// Starts or reaches the server and takes its tools.
    ///
    /// # Errors
    /// When it cannot be had, a schema of its is not usable, or the configuration names what it has not.
    pub async fn connect(config: ClientConfig) -> Result<Self, ConnectError> {
        let (connection, offered) = Connection::open(config).await?;
        let taken = taken(&connection.config, offered)?;
        check_images(&connection.config, &taken)?;
        let connection = Arc::new(connection);
        let tools = taken
            .iter()
            .map(|tool| Ok(Arc::new(McpTool::new(Arc::clone(&connection), tool)?) as Arc<dyn DynTool>))
            .collect::<Result<_, ConnectError>>()?;
        Ok(Self { tools })
    }

    /// Its tools, in the server's order. The connection lasts as long as any of them.
    pub fn tools(&self) -> Vec<Arc<dyn DynTool>> {
        self.tools.clone()
    }
}

/// The tools that the configuration takes.
fn taken(config: &ClientConfig, offered: Vec<Tool>) -> Result<Vec<Tool>, ConnectError> {
    let Some(only) = &config.only else { return Ok(offered) };
    let names: Vec<&str> = offered.iter().map(|tool| tool.name.as_ref()).collect();
    if let Some(missing) = only.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(ConnectError::Missing {
            server: config.name.clone(),
            what: format!("tool `{missing}`"),
            known: names.join(", "),
        });
    }
    Ok(offered.into_iter().filter(|tool| only.iter().any(|name| *name == tool.name)).collect())
}

/// Whether every declared image argument is one.
fn check_images(config: &ClientConfig, taken: &[Tool]) -> Result<(), ConnectError> {
    let known: BTreeSet<String> = taken
        .iter()
        .flat_map(|tool| {
            let arguments = tool.input_schema.get("properties").and_then(serde_json::Value::as_object);
            arguments.into_iter().flat_map(|all| all.keys()).map(|name| format!("{}.{name}", tool.name))
        })
        .collect();
    match config.images.keys().find(|argument| !known.contains(*argument)) {
        None => Ok(()),
        Some(missing) => Err(ConnectError::Missing {
            server: config.name.clone(),
            what: format!("argument `{missing}` (written `tool.argument`)"),
            known: known.into_iter().collect::<Vec<_>>().join(", "),
        }),
    }
}
