//! Why the tools of a server could not be had.

use lavr_tool::SchemaError;
use rmcp::{ServiceError, service::ClientInitializeError};

/// The tools of a server could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The program could not be started.
    #[error(
        "the MCP server `{server}` could not be started (`{program}`): is it installed, and is the path right?"
    )]
    Start {
        /// The server.
        server: String,
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The address or a header cannot be used.
    #[error("the MCP server `{server}` cannot be reached: {message}")]
    Address {
        /// The server.
        server: String,
        /// What is wrong.
        message: String,
    },
    /// It does not speak the protocol, or went away.
    #[error("the MCP server `{server}` did not begin a session{}", said(last_words.as_ref()))]
    Begin {
        /// The server.
        server: String,
        /// The last line of its standard error.
        last_words: Option<String>,
        /// What went wrong.
        source: Box<ClientInitializeError>,
    },
    /// It took too long.
    #[error("the MCP server `{server}` did not answer in time{}", said(last_words.as_ref()))]
    Slow {
        /// The server.
        server: String,
        /// The last line of its standard error.
        last_words: Option<String>,
    },
    /// It did not tell its tools.
    #[error("the MCP server `{server}` did not list its tools")]
    List {
        /// The server.
        server: String,
        /// What went wrong.
        source: Box<ServiceError>,
    },
    /// A schema of its is not usable.
    #[error(
        "the tool `{tool}` of the MCP server `{server}` has an argument schema that is not usable, {reason}; leave it out with `only`"
    )]
    Schema {
        /// The server.
        server: String,
        /// The tool.
        tool: String,
        /// Where and why.
        reason: SchemaError,
    },
    /// The configuration names something that the server has not.
    #[error("the MCP server `{server}` has no {what}; it has: {known}")]
    Missing {
        /// The server.
        server: String,
        /// What was named.
        what: String,
        /// What there is.
        known: String,
    },
}

fn said(last_words: Option<&String>) -> String {
    last_words.map_or_else(String::new, |words| format!("; it said: {words}"))
}
