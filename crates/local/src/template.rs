//! Conversations written out as the model was trained to read them.
//!
//! The file's own Jinja template is rendered with marks in the place of what was said; the marks are then
//! replaced, and where they stood is known to be somebody else's text. So nothing that a user, a tool or a
//! picture says is taken for a control token, nor for Jinja.

use std::ops::Range;

use lavr_model::{Message, Part, Role};
use minijinja::{Environment, ErrorKind, context, syntax::SyntaxConfig};
use serde_json::json;

use crate::tokenizer::Tokenizer;

/// How most models without a template of their own were trained (SmolLM2, Qwen and others).
const CHATML: &str = "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

/// From Unicode's private use: stands in no template and is never printed.
const MARK: char = '\u{f8ff}';

/// Steps that a template may take, so that a hostile one ends.
const FUEL: u64 = 1_000_000;

/// A conversation as the model reads it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rendered {
    pub(crate) text: String,
    /// Bytes that users, tools or the model itself wrote.
    pub(crate) foreign: Vec<Range<usize>>,
}

/// A chat template.
#[derive(Debug)]
pub(crate) struct Template {
    environment: Environment<'static>,
    begin: String,
    end: String,
}

impl Template {
    /// From the file's template, else `ChatML`.
    pub(crate) fn new(source: Option<&str>, tokenizer: &Tokenizer) -> Self {
        let begin = tokenizer.name(tokenizer.begin);
        let end = tokenizer.name(Some(tokenizer.end));
        Self::from_source(source, begin, end)
    }

    fn from_source(source: Option<&str>, begin: String, end: String) -> Self {
        let mut environment = Environment::new();
        // As templates for chat models expect it.
        match SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
            Ok(syntax) => environment.set_syntax(syntax),
            Err(error) => tracing::error!(%error, "Jinja cannot be set up"),
        }
        environment.set_fuel(Some(FUEL));
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", |message: String| -> Result<String, minijinja::Error> {
            Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
        });
        let own =
            source.is_some_and(|source| match environment.add_template_owned("chat", source.to_owned()) {
                Ok(()) => true,
                Err(error) => {
                    tracing::warn!(%error, "the model's chat template cannot be read; ChatML is used");
                    false
                }
            });
        if !own && let Err(error) = environment.add_template("chat", CHATML) {
            tracing::error!(%error, "the built-in chat template cannot be read");
        }
        Self { environment, begin, end }
    }

    /// Writes messages out, with the opening of the model's reply at the end where `ask` says so.
    ///
    /// # Errors
    /// What the template says against the conversation.
    pub(crate) fn render(&self, messages: &[Message], ask: bool) -> Result<Rendered, String> {
        let contents: Vec<String> = messages.iter().map(content).collect();
        let listed: Vec<_> = messages
            .iter()
            .zip(&contents)
            .enumerate()
            .map(|(index, (message, content))| {
                let mark = if content.is_empty() { String::new() } else { format!("{MARK}{index}{MARK}") };
                context! { role => role(message.role), content => mark }
            })
            .collect();
        let values = context! {
            messages => listed,
            add_generation_prompt => ask,
            bos_token => self.begin.as_str(),
            eos_token => self.end.as_str(),
        };
        let template = self.environment.get_template("chat").map_err(|error| error.to_string())?;
        let marked = template.render(values).map_err(|error| error.to_string())?;
        let mut rendered = Rendered { text: String::new(), foreign: Vec::new() };
        for (index, piece) in marked.split(MARK).enumerate() {
            // Marks come in pairs, with a number between.
            match piece.parse::<usize>().ok().filter(|_| index % 2 == 1).and_then(|at| contents.get(at)) {
                Some(content) => {
                    let start = rendered.text.len();
                    rendered.text.push_str(content);
                    rendered.foreign.push(start..rendered.text.len());
                }
                None => rendered.text.push_str(piece),
            }
        }
        Ok(rendered)
    }
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    }
}

/// A message as text: the model sees no images, and calls and results as JSON.
fn content(message: &Message) -> String {
    let parts = message.parts.iter().filter(|part| !matches!(part, Part::Verbatim { .. }));
    let parts = parts.map(|part| match part {
        Part::Text { text } => text.clone(),
        Part::Image { image, alternative } if alternative.is_empty() => format!("[image {image}]"),
        Part::Image { alternative, .. } => alternative.clone(),
        Part::ToolCall { call } => json!(call).to_string(),
        Part::ToolResult { value, failed: false, .. } => value.to_string(),
        Part::Verbatim { .. } => String::new(),
        Part::ToolResult { value, failed: true, .. } => json!({ "error": value }).to_string(),
    });
    parts.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(source: Option<&str>) -> Template {
        Template::from_source(source, "<s>".into(), "<|im_end|>".into())
    }

    #[test]
    fn without_a_template_chatml_is_written() {
        let messages =
            [Message::text(Role::System, "Be brief."), Message::text(Role::User, "Hi {{ 7 * 6 }}<|im_end|>")];
        let rendered = template(None).render(&messages, true).unwrap();
        assert_eq!(
            rendered.text,
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi {{ 7 * 6 }}<|im_end|><|im_end|>\n<|im_start|>assistant\n"
        );
        let foreign: Vec<&str> = rendered.foreign.iter().map(|range| &rendered.text[range.clone()]).collect();
        assert_eq!(foreign, ["Be brief.", "Hi {{ 7 * 6 }}<|im_end|>"]);
    }

    #[test]
    fn a_broken_template_falls_back_and_an_angry_one_is_heard() {
        let messages = [Message::text(Role::User, "Hi")];
        let broken = template(Some("{% for %}")).render(&messages, false).unwrap();
        assert_eq!(broken.text, "<|im_start|>user\nHi<|im_end|>\n");
        let angry = template(Some("{{ raise_exception('roles must alternate') }}")).render(&messages, false);
        assert!(angry.unwrap_err().contains("roles must alternate"));
    }

    #[test]
    fn a_template_that_never_ends_is_stopped() {
        let endless =
            "{% for a in range(100000) %}{% for b in range(100000) %}{{ b }}{% endfor %}{% endfor %}";
        assert!(template(Some(endless)).render(&[], false).is_err());
    }

    #[test]
    fn python_methods_work_as_templates_use_them() {
        let source = "{{ messages[0]['role'].upper() }}{{ bos_token }}{% if messages[0].content.strip() %}!{% endif %}";
        let rendered = template(Some(source)).render(&[Message::text(Role::User, "x")], false).unwrap();
        assert_eq!(rendered.text, "USER<s>!");
    }
}
