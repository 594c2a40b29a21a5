//! One demonstration and the file that holds it.

use lavr_types::{ImageId, Size};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A question answered well: its images, its steps, its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Demonstration {
    pub(crate) name: String,
    pub(crate) question: String,
    pub(crate) images: Vec<Shown>,
    pub(crate) steps: Vec<Shot>,
    /// The thought before the answer.
    pub(crate) thought: String,
    pub(crate) answer: String,
}

/// An image of a demonstration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shown {
    pub(crate) size: Size,
    /// The image itself, where there is a file of it: models that see get it.
    pub(crate) id: Option<ImageId>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shot {
    pub(crate) thought: String,
    pub(crate) calls: Vec<Call>,
}

/// A call and what it gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Call {
    pub(crate) tool: String,
    pub(crate) args: Value,
    pub(crate) gave: Value,
}

/// Opens an image by its file name.
pub(super) type Open<'a> = dyn Fn(&str) -> Result<(ImageId, Size), String> + 'a;

/// The header of a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    question: String,
    images: Vec<HeaderImage>,
}

/// An image: its size alone, or a file beside the demonstration.
#[derive(Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(super) enum HeaderImage {
    Size { size: [u32; 2] },
    File { file: String },
}

impl Demonstration {
    /// Its name: the file's, without `.md`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The question.
    pub fn question(&self) -> &str {
        &self.question
    }

    /// The tools that it calls, each once, in the order of its calls.
    pub fn tools(&self) -> Vec<&str> {
        let mut tools = Vec::new();
        for call in self.calls() {
            if !tools.contains(&call.tool.as_str()) {
                tools.push(call.tool.as_str());
            }
        }
        tools
    }

    pub(crate) fn calls(&self) -> impl Iterator<Item = &Call> {
        self.steps.iter().flat_map(|step| &step.calls)
    }

    /// Reads a file; `open` gives an image by its file name. The message of an error says what is wrong in which line.
    pub(super) fn parse(name: &str, text: &str, open: &Open<'_>) -> Result<Self, String> {
        let (header, body) = text
            .strip_prefix("+++\n")
            .and_then(|rest| rest.split_once("\n+++\n"))
            .ok_or("it must begin with a header between two lines `+++`: question and images")?;
        let first_line = header.lines().count() + 3;
        let header: Header = toml::from_str(header).map_err(|error| format!("the header: {error}"))?;
        if header.images.is_empty() {
            return Err("the header names no image: images = [{ size = [640, 480] }]".into());
        }
        let images = header.images.iter().map(|image| match image {
            HeaderImage::Size { size: [width, height] } => {
                Ok(Shown { size: Size::new(*width, *height), id: None })
            }
            HeaderImage::File { file } => open(file).map(|(id, size)| Shown { size, id: Some(id) }),
        });
        let images = images.collect::<Result<Vec<_>, String>>()?;
        let mut reader = Reader::default();
        for (index, line) in body.lines().enumerate() {
            reader.line(line).map_err(|message| format!("line {}: {message}", first_line + index))?;
        }
        let (steps, thought, answer) = reader.end()?;
        Ok(Self { name: name.to_owned(), question: header.question, images, steps, thought, answer })
    }
}

/// Reads the body line by line.
#[derive(Default)]
struct Reader {
    steps: Vec<Shot>,
    thought: String,
    /// Calls of the open step that have no result yet.
    waiting: Vec<(String, Value)>,
    open: Vec<Call>,
    answer: Option<String>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let line = line.trim();
        if line.is_empty() {
            return Ok(());
        }
        if let Some(call) = line.strip_prefix("-> ") {
            let (tool, args) = call.split_once(' ').unwrap_or((call, "{}"));
            let args =
                serde_json::from_str(args).map_err(|error| format!("the arguments are no JSON: {error}"))?;
            self.waiting.push((tool.to_owned(), args));
        } else if let Some(gave) = line.strip_prefix("<- ") {
            if self.waiting.is_empty() {
                return Err("a result `<-` without its call `->` before it".into());
            }
            let (tool, args) = self.waiting.remove(0);
            let gave =
                serde_json::from_str(gave).map_err(|error| format!("the result is no JSON: {error}"))?;
            self.open.push(Call { tool, args, gave });
        } else if let Some(answer) = line.strip_prefix("= ") {
            self.close()?;
            if self.answer.replace(answer.to_owned()).is_some() {
                return Err("a second answer".into());
            }
        } else {
            self.close()?;
            if !self.thought.is_empty() {
                self.thought.push(' ');
            }
            self.thought.push_str(line);
        }
        Ok(())
    }

    /// Ends the step that has calls.
    fn close(&mut self) -> Result<(), String> {
        if let Some((tool, _)) = self.waiting.first() {
            return Err(format!("the call of `{tool}` before it has no result `<-`"));
        }
        if !self.open.is_empty() {
            let (thought, calls) = (std::mem::take(&mut self.thought), std::mem::take(&mut self.open));
            self.steps.push(Shot { thought, calls });
        }
        Ok(())
    }

    fn end(mut self) -> Result<(Vec<Shot>, String, String), String> {
        self.close()?;
        let answer = self.answer.ok_or("it has no answer: end with a line `= The answer.`")?;
        if self.steps.is_empty() {
            return Err("it has no call: a line `-> tool {\"image\": \"image1\"}`, then `<- {...}`".into());
        }
        Ok((self.steps, self.thought, answer))
    }
}
