//! Why a prompt could not be used.

use std::path::PathBuf;

/// A prompt could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PromptError {
    /// No prompt has this name.
    #[error("no prompt is named `{0}`; there are: {1}")]
    Unknown(String, String),
    /// The user's file could not be read.
    #[error("could not read the prompt `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file has no header, or one that is not TOML of the expected form.
    #[error("the prompt's header is not usable (TOML between two `+++` lines: name, inputs, why): {0}")]
    Header(String),
    /// The body is not a conversation.
    #[error("line {line} of the prompt: {message}")]
    Body {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A template failed.
    #[error("the prompt `{name}` could not be filled in")]
    Render {
        /// The prompt.
        name: String,
        /// Why, with the place in the template.
        source: minijinja::Error,
    },
}
