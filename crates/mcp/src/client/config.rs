//! What is told of a server whose tools we use.

use std::{collections::BTreeMap, time::Duration};

use lavr_process::Program;
use lavr_types::Secret;
use serde::Deserialize;

/// How a server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// A program that is started and spoken to over its standard input and output.
    Command(Program),
    /// An address that speaks streamable HTTP.
    Http {
        /// The address.
        url: String,
        /// Sent with every request.
        headers: BTreeMap<String, Secret>,
    },
}

impl Reach {
    /// A program with arguments, in our working directory, with nothing but `PATH` in its environment.
    pub fn command<A: Into<String>>(
        program: impl Into<String>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        Self::Command(Program::new(program, arguments))
    }

    /// An address.
    pub fn http(url: impl Into<String>) -> Self {
        Self::Http { url: url.into(), headers: BTreeMap::new() }
    }
}

/// In which form a server takes an image in an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageForm {
    /// The path of a PNG file, there until the call ends and, where room allows, as long as the connection.
    Path,
    /// `data:image/png;base64,...`
    DataUrl,
    /// Base64 of a PNG file.
    Base64,
}

/// A server whose tools we use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientConfig {
    /// Put before the names of its tools: `files` makes `read` a `files_read`.
    pub name: String,
    /// How it is reached.
    pub reach: Reach,
    /// How long one call may take.
    pub timeout: Duration,
    /// How long it may take to start and tell its tools.
    pub start_timeout: Duration,
    /// The tools that are taken, by the server's names; `None`: all.
    pub only: Option<Vec<String>>,
    /// Which arguments are images, as `tool.argument` in the server's names, and the form it takes them in. The
    /// planner names an image there.
    pub images: BTreeMap<String, ImageForm>,
    /// Whether equal arguments give an equal result and leave everything as it was, so that a result may be kept and a call
    /// made again.
    pub cacheable: bool,
    /// The tools, by the server's names, whose calls somebody has to approve; those that the server itself calls destructive
    /// are among them in any case.
    pub approve: Vec<String>,
}

impl ClientConfig {
    /// All tools of a server; a minute for a call, 30 seconds for the start.
    pub fn new(name: impl Into<String>, reach: Reach) -> Self {
        Self {
            name: name.into(),
            reach,
            timeout: Duration::from_secs(60),
            start_timeout: Duration::from_secs(30),
            only: None,
            images: BTreeMap::new(),
            cacheable: false,
            approve: Vec::new(),
        }
    }

    /// With an argument (`tool.argument`) that is an image.
    #[must_use]
    pub fn with_image(mut self, argument: impl Into<String>, form: ImageForm) -> Self {
        self.images.insert(argument.into(), form);
        self
    }
}
