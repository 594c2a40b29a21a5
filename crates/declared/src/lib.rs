//! Tools without Rust. A TOML file declares a tool: what it takes, how it is reached, what of its answer is evidence.
//! It may be a local command, an HTTP endpoint, or an MCP server with tools of its own. `docs/tools.md` is for those who
//! write such files.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let file = folder.path().join("size_of_file.toml");
//! std::fs::write(&file, r#"
//!     description = "Tells how many bytes the file of an image has."
//!     [arguments]
//!     required = ["image"]
//!     properties.image = { type = "string", format = "image-id", description = "The image." }
//!     [command]
//!     program = "wc"
//!     arguments = ["-c", "{image}"]
//!     [result]
//!     output = "text"
//! "#)?;
//! let declared = lavr_declared::read(&file)?;
//! assert_eq!(declared[0].name, "size_of_file");
//! let tools = declared[0].tools().await?;
//! # drop(tools);
//! # Ok(())
//! # }
//! ```

mod arguments;
mod command;
mod error;
mod file;
mod http;
mod load;
mod mapping;
mod perceived;
mod placeholders;

pub use error::DeclareError;
pub use load::{Declaration, Kind, read};
