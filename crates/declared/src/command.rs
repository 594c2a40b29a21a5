//! A local command as a tool.

use std::sync::Arc;

use async_trait::async_trait;
use lavr_image::ImageFiles;
use lavr_process::{Ended, Program, RunError};
use lavr_tool::{DynTool, ToolContext, ToolError};
use lavr_types::{Observation, Secret, ToolSpec};
use serde_json::{Map, Value};

use crate::{
    arguments::{as_text, image_in, outward},
    file::{Command, Group, Stdin},
    mapping::{Given, Mapping},
};

/// The most characters of a program's own words that a planner reads.
const MOST_WORDS: usize = 500;

/// A command that runs once a call.
pub(crate) struct CommandTool {
    pub(crate) spec: ToolSpec,
    pub(crate) mapping: Mapping,
    pub(crate) command: Command,
    /// The program with its environment; the arguments come with the call.
    pub(crate) program: Program,
    /// What no message may show.
    pub(crate) secrets: Vec<Secret>,
}

impl CommandTool {
    /// The program with the arguments of a call. A group that mentions one that was not given is left out.
    fn filled(&self, arguments: &Map<String, Value>) -> Result<Program, ToolError> {
        let mut program = self.program.clone();
        for group in &self.command.arguments {
            let parts = match group {
                Group::One(part) => std::slice::from_ref(part),
                Group::Several(parts) => parts,
            };
            let filled =
                parts.iter().map(|part| fill(part, arguments)).collect::<Result<Option<Vec<_>>, _>>()?;
            program.arguments.extend(filled.into_iter().flatten());
        }
        Ok(program)
    }

    async fn input(
        &self,
        given: &Map<String, Value>,
        outward: &Map<String, Value>,
        context: &ToolContext,
    ) -> Result<Vec<u8>, ToolError> {
        match self.command.stdin {
            Stdin::None => Ok(Vec::new()),
            Stdin::Json => Ok(Value::Object(outward.clone()).to_string().into_bytes()),
            Stdin::Image => {
                let Some((name, value)) =
                    self.mapping.images.iter().find_map(|name| Some((name, given.get(name)?)))
                else {
                    return Err(ToolError::invalid_arguments("name the image"));
                };
                let image = context.image(image_in(value, name)?)?;
                context.blocking(move || Ok(image.png()?)).await
            }
        }
    }

    /// What a program that failed says goes to the operator; what it wrote as `{"error": "..."}` to the planner, too.
    fn failure(&self, ended: &Ended) -> ToolError {
        let hidden =
            |text: &str| self.secrets.iter().fold(text.to_owned(), |text, secret| secret.blot_out(&text));
        let told = serde_json::from_slice::<Value>(&ended.output).ok();
        let told = told.as_ref().and_then(|told| told["error"].as_str());
        let message = match told {
            Some(words) => {
                let words: String = words.chars().take(MOST_WORDS).collect();
                format!("`{}` failed: {}", self.spec.name, hidden(&words))
            }
            None => format!("`{}` failed ({})", self.spec.name, ended.status),
        };
        ToolError::failed(message).caused_by(format!("{}: {}", ended.status, hidden(ended.error.trim())))
    }
}

#[async_trait]
impl DynTool for CommandTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, arguments: Value, context: &ToolContext) -> Result<Observation<Value>, ToolError> {
        let Value::Object(given) = arguments else {
            return Err(ToolError::invalid_arguments("the arguments must be an object"));
        };
        // The files of the images go when the call ends.
        let files = ImageFiles::new().map_err(|error| {
            ToolError::unavailable("there is no room for temporary files").caused_by(error)
        })?;
        let files = Arc::new(files);
        let outward = outward(
            given.clone(),
            &self.mapping.images,
            self.command.images,
            Some(Arc::clone(&files)),
            context,
        )
        .await?;
        let program = self.filled(&outward)?;
        let input = self.input(&given, &outward, context).await?;
        // Given up on the way, the program ends with all that it started.
        let ended =
            program.run(&input, self.command.most_bytes).await.map_err(|error| not_run(&self.spec, error))?;
        if !ended.status.success() {
            return Err(self.failure(&ended));
        }
        let given_back = Given::read(self.mapping.answer.output, ended.output, &self.spec.name)?;
        self.mapping.observed(given_back, given, context).await
    }
}

fn not_run(spec: &ToolSpec, error: RunError) -> ToolError {
    match &error {
        RunError::Start { .. } => {
            ToolError::unavailable(format!("the program of `{}` is not there; use another tool", spec.name))
        }
        RunError::TooMuch { limit, .. } => {
            ToolError::failed(format!("`{}` gave more than {limit} bytes", spec.name))
        }
        _ => ToolError::failed(format!("the connection to the program of `{}` broke", spec.name)),
    }
    .caused_by(error)
}

/// An argument of a program with each `{name}` replaced; `None` where one was not given.
fn fill(part: &str, arguments: &Map<String, Value>) -> Result<Option<String>, ToolError> {
    let (mut out, mut rest) = (String::new(), part);
    while let Some((before, name, after)) = next_name(rest) {
        let Some(value) = arguments.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
        out.push_str(before);
        // Text of a planner at the front would be read as an option of the program's.
        if out.is_empty() && value.as_str().is_some_and(|text| text.starts_with('-')) {
            return Err(ToolError::invalid_arguments(format!("`{name}` may not begin with `-`")));
        }
        out.push_str(&as_text(value));
        rest = after;
    }
    out.push_str(rest);
    Ok(Some(out))
}

/// The arguments that a part of a command line mentions.
pub(crate) fn mentioned(part: &str) -> Vec<&str> {
    let (mut names, mut rest) = (Vec::new(), part);
    while let Some((_, name, after)) = next_name(rest) {
        names.push(name);
        rest = after;
    }
    names
}

/// The first `{name}` with what stands before and after it. Other braces are text.
fn next_name(text: &str) -> Option<(&str, &str, &str)> {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    };
    text.match_indices('{').find_map(|(start, _)| {
        let (name, after) = text[start + 1..].split_once('}')?;
        is_name(name).then_some((&text[..start], name, after))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_are_put_in_as_text() {
        let arguments = json!({ "n": 3, "list": ["a"], "text": "a b; c", "none": null });
        let arguments = arguments.as_object().unwrap();
        assert_eq!(fill("--n={n} {text}", arguments).unwrap(), Some("--n=3 a b; c".into()));
        assert_eq!(fill("{list}", arguments).unwrap(), Some("[\"a\"]".into()));
        assert_eq!(fill("plain", arguments).unwrap(), Some("plain".into()));
        for missing in ["{none}", "x{absent}"] {
            assert_eq!(fill(missing, arguments).unwrap(), None);
        }
        assert_eq!(mentioned("a{b}c{d} {\"e\": {f g}} {1}"), ["b", "d"]);
        assert_eq!(fill("{\"n\": {n}}", arguments).unwrap(), Some("{\"n\": 3}".into()));
    }

    #[test]
    fn what_a_planner_writes_is_no_option() {
        let arguments = json!({ "text": "--output=/etc/passwd", "n": -3 });
        let arguments = arguments.as_object().unwrap();
        assert!(fill("{text}", arguments).unwrap_err().message.contains("may not begin with `-`"));
        assert_eq!(fill("--text={text}", arguments).unwrap(), Some("--text=--output=/etc/passwd".into()));
        assert_eq!(fill("{n}", arguments).unwrap(), Some("-3".into()));
    }
}
