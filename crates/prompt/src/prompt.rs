//! One prompt: its header, its messages, its rendering.

use lavr_model::{Message as ChatMessage, Role};
use minijinja::{Environment, UndefinedBehavior};
use serde::{Deserialize, Serialize};

use crate::PromptError;

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The rules.
    System,
    /// The person, or the program on its behalf.
    User,
    /// The model.
    Assistant,
}

/// A message, filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rendered {
    /// Who says it.
    pub speaker: Speaker,
    /// What.
    pub text: String,
}

/// As a chat model is sent it.
impl From<Rendered> for ChatMessage {
    fn from(rendered: Rendered) -> Self {
        let role = match rendered.speaker {
            Speaker::System => Role::System,
            Speaker::User => Role::User,
            Speaker::Assistant => Role::Assistant,
        };
        Self::text(role, rendered.text)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    name: String,
    inputs: Vec<String>,
    why: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Message {
    speaker: Speaker,
    template: String,
    /// Tools without which the message is left out.
    needs: Vec<String>,
}

/// A prompt: a conversation of templates. It is written out with the runs that used it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Prompt {
    header: Header,
    messages: Vec<Message>,
}

impl Prompt {
    /// Reads a prompt file.
    ///
    /// # Errors
    /// When the header or the body is not of the form that the crate's page describes.
    pub fn parse(file: &str) -> Result<Self, PromptError> {
        let missing = || PromptError::Header("it is missing".into());
        let (header, body) =
            file.strip_prefix("+++\n").and_then(|rest| rest.split_once("\n+++\n")).ok_or_else(missing)?;
        let first_line = header.lines().count() + 3;
        let header: Header =
            toml::from_str(header).map_err(|error| PromptError::Header(error.to_string()))?;
        let mut messages: Vec<Message> = Vec::new();
        let mut needs = Vec::new();
        for (index, line) in body.lines().enumerate() {
            let at = |message: &str| PromptError::Body { line: first_line + index, message: message.into() };
            let mark = line.trim().strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->"));
            let Some(mark) = mark.map(str::trim) else {
                match messages.last_mut() {
                    Some(message) => {
                        message.template.push_str(line);
                        message.template.push('\n');
                    }
                    None if line.trim().is_empty() => {}
                    None => return Err(at("text before the first `<!-- system -->` or `<!-- user -->`")),
                }
                continue;
            };
            let speaker = match mark {
                "system" => Speaker::System,
                "user" => Speaker::User,
                "assistant" => Speaker::Assistant,
                other => {
                    needs = other
                        .strip_prefix("demonstration needs=\"")
                        .and_then(|rest| rest.strip_suffix('"'))
                        .ok_or_else(|| {
                            at("expected system, user, assistant or demonstration needs=\"TOOL ...\"")
                        })?
                        .split_whitespace()
                        .map(str::to_owned)
                        .collect();
                    continue;
                }
            };
            messages.push(Message { speaker, template: String::new(), needs: needs.clone() });
        }
        Ok(Self { header, messages })
    }

    /// The prompt's name.
    pub fn name(&self) -> &str {
        &self.header.name
    }

    /// The names that [`Self::render`] must be given.
    pub fn inputs(&self) -> &[String] {
        &self.header.inputs
    }

    /// Why each of its rules is there.
    pub fn why(&self) -> &[String] {
        &self.header.why
    }

    /// Fills the messages in. Demonstrations that need a tool not in `tools` are left out.
    ///
    /// # Errors
    /// When a template is faulty or uses a name that `inputs` does not have.
    pub fn render(&self, inputs: &impl Serialize, tools: &[&str]) -> Result<Vec<Rendered>, PromptError> {
        let failed = |source| PromptError::Render { name: self.header.name.clone(), source };
        let inputs = minijinja::Value::from(minijinja::value::Serde(inputs));
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        self.messages
            .iter()
            .filter(|message| message.needs.iter().all(|tool| tools.contains(&tool.as_str())))
            .map(|message| {
                let text = environment.render_str(message.template.trim(), &inputs).map_err(failed)?;
                Ok(Rendered { speaker: message.speaker, text })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FILE: &str = "+++\nname = \"n\"\ninputs = [\"x\"]\nwhy = []\n+++\n<!-- system -->\nRule {{ x }}\n\
        <!-- demonstration needs=\"detect\" -->\n<!-- user -->\nq\n<!-- assistant -->\na\n";

    #[test]
    fn a_demonstration_without_its_tool_is_left_out() {
        let prompt = Prompt::parse(FILE).unwrap();
        assert_eq!(prompt.render(&json!({ "x": 1 }), &[]).unwrap().len(), 1);
        assert_eq!(prompt.render(&json!({ "x": 1 }), &["detect"]).unwrap().len(), 3);
    }

    #[test]
    fn a_missing_input_is_an_error() {
        let error = Prompt::parse(FILE).unwrap().render(&json!({}), &[]).unwrap_err();
        assert!(matches!(error, PromptError::Render { .. }), "{error}");
    }

    #[test]
    fn a_wrong_mark_names_its_line() {
        let error = Prompt::parse(&FILE.replace("assistant", "asistant")).unwrap_err();
        assert!(matches!(error, PromptError::Body { line: 11, .. }), "{error:?}");
    }
}
