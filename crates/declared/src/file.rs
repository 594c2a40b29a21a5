//! The file as it is written. `docs/tools.md` explains each field.

use std::{collections::BTreeMap, path::PathBuf};

use lavr_mcp::ImageForm;
use lavr_types::{Capability, Concurrency, Trust};
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) version: Option<u32>,
    pub(crate) capability: Option<Capability>,
    #[serde(default)]
    pub(crate) prefer: bool,
    pub(crate) concurrency: Option<Concurrency>,
    pub(crate) timeout: Option<f64>,
    #[serde(default)]
    pub(crate) cacheable: bool,
    pub(crate) idempotent: Option<bool>,
    #[serde(default)]
    pub(crate) approval: bool,
    pub(crate) trust: Option<Trust>,
    pub(crate) arguments: Option<Value>,
    pub(crate) command: Option<Command>,
    pub(crate) http: Option<Http>,
    pub(crate) mcp: Option<Mcp>,
    pub(crate) result: Option<Answer>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Command {
    pub(crate) program: String,
    #[serde(default)]
    pub(crate) arguments: Vec<Group>,
    #[serde(default)]
    pub(crate) stdin: Stdin,
    #[serde(default = "as_path")]
    pub(crate) images: ImageForm,
    pub(crate) folder: Option<PathBuf>,
    #[serde(default)]
    pub(crate) environment: Vec<String>,
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, String>,
    #[serde(default = "most_bytes")]
    pub(crate) most_bytes: usize,
}

const fn as_path() -> ImageForm {
    ImageForm::Path
}

const fn as_base64() -> ImageForm {
    ImageForm::Base64
}

/// 16 MiB.
const fn most_bytes() -> usize {
    16 << 20
}

/// One argument of a program, or several that are left out together.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Group {
    One(String),
    Several(Vec<String>),
}

/// What a program finds on its standard input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stdin {
    /// Nothing.
    #[default]
    None,
    /// The arguments as one JSON object.
    Json,
    /// The image as a PNG file.
    Image,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Http {
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) method: Method,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) body: Body,
    #[serde(default = "as_base64")]
    pub(crate) images: ImageForm,
    #[serde(default = "most_bytes")]
    pub(crate) most_bytes: usize,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Method {
    Get,
    #[default]
    Post,
    Put,
}

/// How arguments travel in a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Body {
    /// As one JSON object.
    #[default]
    Json,
    /// As a form: images as PNG files, the rest as fields.
    Multipart,
    /// The image as a PNG file; the rest in the query.
    Image,
    /// All in the query, no body.
    Query,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mcp {
    pub(crate) program: Option<String>,
    #[serde(default)]
    pub(crate) arguments: Vec<String>,
    pub(crate) folder: Option<PathBuf>,
    #[serde(default)]
    pub(crate) environment: Vec<String>,
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) url: Option<String>,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) only: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) approve: Vec<String>,
    #[serde(default)]
    pub(crate) images: BTreeMap<String, ImageForm>,
}

/// What of the answer is what.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    #[serde(default)]
    pub(crate) output: Output,
    pub(crate) value: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) images: Option<String>,
    pub(crate) schema: Option<Value>,
    #[serde(default)]
    pub(crate) evidence: Vec<Fact>,
}

/// What a tool gives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Output {
    #[default]
    Json,
    Text,
    Image,
}

/// Where the facts of an answer stand. Places are JSON pointers (RFC 6901).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fact {
    #[serde(default)]
    pub(crate) each: String,
    #[serde(rename = "box")]
    pub(crate) bounds: Option<String>,
    #[serde(default)]
    pub(crate) form: BoxForm,
    #[serde(default)]
    pub(crate) frame: Units,
    pub(crate) label: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) score: Option<String>,
    pub(crate) image: Option<String>,
}

/// What the four numbers of a box are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BoxForm {
    /// Left, top, right, bottom.
    #[default]
    Corners,
    /// Left, top, width, height.
    Size,
    /// Middle x, middle y, width, height.
    Center,
}

/// What the numbers of a box count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Units {
    #[default]
    Pixels,
    Unit,
    PerMille,
}
