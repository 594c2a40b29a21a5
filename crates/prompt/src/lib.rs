//! Prompts are files: `prompts/NAME.md`, built in, each replaceable by a file of the same name in a folder of
//! the user's.
//!
//! A file begins with a TOML header between `+++` lines (name, inputs, why each rule is there). The rest is a
//! conversation: a line `<!-- system -->`, `<!-- user -->` or `<!-- assistant -->` begins a message, a
//! line `<!-- demonstration needs="detect color" -->` a group of messages that is kept only where all these
//! tools are there. Messages are minijinja templates; a name that is not given is an error.
//!
//! ```
//! use lavr_prompt::{Prompt, Speaker};
//!
//! let file = "+++\nname = \"greet\"\ninputs = [\"who\"]\nwhy = [\"An example.\"]\n+++\n<!-- system -->\nGreet {{ who }}.\n";
//! let messages = Prompt::parse(file)?.render(&serde_json::json!({ "who": "Ada" }), &[])?;
//! assert_eq!((messages[0].speaker, messages[0].text.as_str()), (Speaker::System, "Greet Ada."));
//! # Ok::<(), lavr_prompt::PromptError>(())
//! ```

mod error;
mod library;
mod prompt;

pub use error::PromptError;
pub use library::Library;
pub use prompt::{Prompt, Rendered, Speaker};
