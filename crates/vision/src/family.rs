//! The families of models: how each is told a conversation, and where it stops.

use lavr_model::{Message, Part, Role};
use lavr_types::ImageId;
use serde_json::json;

/// A piece of a conversation as a family writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// The family's own marks, control tokens among them.
    Mark(String),
    /// What people, tools and the model itself said: never a control token, whatever it looks like.
    Text(String),
    /// A picture.
    Picture(ImageId),
}

/// A family of models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Qwen3-VL.
    Qwen3,
    /// Moondream, the revisions up to 2024.
    Moondream,
}

impl Family {
    /// By the `model_type` of `config.json`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "qwen3_vl" => Some(Self::Qwen3),
            "moondream1" => Some(Self::Moondream),
            _ => None,
        }
    }

    /// The names of all.
    pub(crate) const KNOWN: &'static str = "`qwen3_vl`, `moondream1`";

    /// The tokens that end a reply; the first must be in the tokenizer.
    pub(crate) const fn ends(self) -> &'static [&'static str] {
        match self {
            Self::Qwen3 => &["<|im_end|>", "<|endoftext|>"],
            Self::Moondream => &["<|endoftext|>"],
        }
    }

    /// The most pictures of one conversation.
    pub(crate) const fn most_pictures(self) -> usize {
        match self {
            Self::Qwen3 => 8,
            // Its prompt has one place for a picture, at the beginning.
            Self::Moondream => 1,
        }
    }

    /// Writes a conversation, with the opening of the model's reply at its end.
    pub(crate) fn write(self, messages: &[Message]) -> Vec<Said> {
        match self {
            Self::Qwen3 => chatml(messages),
            Self::Moondream => question(messages),
        }
    }
}

/// `ChatML` with pictures between their own marks (the chat template of `Qwen/Qwen3-VL-2B-Instruct`).
fn chatml(messages: &[Message]) -> Vec<Said> {
    let mut said = Vec::new();
    for message in messages {
        let role = match message.role {
            Role::System => "system",
            Role::Assistant => "assistant",
            // Results of tools come back as the user's words.
            Role::User | Role::Tool => "user",
        };
        said.push(Said::Mark(format!("<|im_start|>{role}\n")));
        let mut after_text = false;
        for part in spoken(message) {
            if let Part::Image { image, .. } = part {
                said.push(Said::Mark("<|vision_start|>".to_owned()));
                said.push(Said::Picture(*image));
                said.push(Said::Mark("<|vision_end|>".to_owned()));
                after_text = false;
            } else {
                let text = text(part);
                said.push(Said::Text(if after_text { format!("\n{text}") } else { text }));
                after_text = true;
            }
        }
        said.push(Said::Mark("<|im_end|>\n".to_owned()));
    }
    said.push(Said::Mark("<|im_start|>assistant\n".to_owned()));
    said
}

/// A picture and one question about it: all that Moondream was trained on. The last picture is the one meant.
fn question(messages: &[Message]) -> Vec<Said> {
    let parts = || messages.iter().flat_map(spoken);
    let mut pictures = parts().filter_map(|part| match part {
        Part::Image { image, .. } => Some(Said::Picture(*image)),
        _ => None,
    });
    let texts: Vec<String> = parts().filter(|part| !matches!(part, Part::Image { .. })).map(text).collect();
    let mut said: Vec<Said> = pictures.next_back().into_iter().collect();
    said.push(Said::Text(format!("\n\nQuestion: {}\n\nAnswer:", texts.join("\n"))));
    said
}

/// What a message says: a turn in a service's own form says what the parts beside it say.
fn spoken(message: &Message) -> impl DoubleEndedIterator<Item = &Part> {
    message.parts.iter().filter(|part| !matches!(part, Part::Verbatim { .. }))
}

fn text(part: &Part) -> String {
    match part {
        Part::Text { text } => text.clone(),
        Part::Image { alternative, .. } => alternative.clone(),
        Part::ToolCall { call } => json!(call).to_string(),
        Part::ToolResult { value, failed: false, .. } => value.to_string(),
        Part::ToolResult { value, failed: true, .. } => json!({ "error": value }).to_string(),
        Part::Verbatim { .. } => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use lavr_types::Size;

    use super::*;

    fn picture() -> (ImageId, Part) {
        let image = ImageId::of_pixels(Size::new(1, 1), &[0, 0, 0]);
        (image, Part::Image { image, alternative: "a picture".into() })
    }

    #[test]
    fn chatml_puts_pictures_between_their_marks() {
        let (image, part) = picture();
        let ask = Message { role: Role::User, parts: vec![part, Part::Text { text: "What is it?".into() }] };
        let said = Family::Qwen3.write(&[Message::text(Role::System, "Be brief."), ask]);
        let mark = |text: &str| Said::Mark(text.into());
        assert_eq!(
            said,
            [
                mark("<|im_start|>system\n"),
                Said::Text("Be brief.".into()),
                mark("<|im_end|>\n"),
                mark("<|im_start|>user\n"),
                mark("<|vision_start|>"),
                Said::Picture(image),
                mark("<|vision_end|>"),
                Said::Text("What is it?".into()),
                mark("<|im_end|>\n"),
                mark("<|im_start|>assistant\n"),
            ]
        );
    }

    #[test]
    fn moondream_is_asked_one_question_about_one_picture() {
        let (image, part) = picture();
        let ask = Message { role: Role::User, parts: vec![part, Part::Text { text: "What is it?".into() }] };
        let said = Family::Moondream.write(&[Message::text(Role::System, "Be brief."), ask]);
        assert_eq!(
            said,
            [Said::Picture(image), Said::Text("\n\nQuestion: Be brief.\nWhat is it?\n\nAnswer:".into())]
        );
    }
}
