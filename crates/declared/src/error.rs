//! What is wrong with a declaration.

use std::path::PathBuf;

use lavr_mcp::ConnectError;

/// A declaration is not usable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeclareError {
    /// Nothing can be read there.
    #[error("could not read `{}`: give a .toml file that declares a tool, or a folder of them", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is no TOML, or has other fields than a declaration.
    #[error("`{}` declares no tool: {source}", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// A field has a value that does not go.
    #[error("`{}`, `{field}`: {message}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// The field, or the place in it.
        field: String,
        /// What is wrong and how to mend it.
        message: String,
    },
    /// The MCP server that it declares cannot be had.
    #[error("`{}`: {source}", path.display())]
    Mcp {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<ConnectError>,
    },
}
