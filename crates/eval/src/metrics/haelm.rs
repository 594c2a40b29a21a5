//! HaELM: a language model judges a description against reference captions.
//!
//! Source: Wang and others, "Evaluation and Analysis of Hallucination in Large Vision-Language Models", 2023.

/// What is put to the judge: the captions one after another, the first line of the description, and the question.
///
/// The description's further lines are not judged, which flatters talkative models: so does the reference.
pub fn prompt(references: &[String], description: &str) -> String {
    let references = references.join(" ");
    let judged = judged(description);
    format!("reference captions:\n{references}\nour caption:\n{judged}\nIs our caption accurate?\n")
}

/// The part of a description that is judged.
pub fn judged(description: &str) -> &str {
    description.split('\n').next().unwrap_or_default().trim()
}

/// What a judge says of a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All of it is accurate.
    Accurate,
    /// It holds a hallucination.
    Hallucinated,
    /// The judge said neither yes nor no.
    Unclear,
}

/// Reads a judge's reply. The trained judge gives one word in a line of its own at the end; a chat model may open with the
/// word and go on, or put a mark behind it.
pub fn verdict(reply: &str) -> Verdict {
    let last = reply.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    let first_word = |text: &str| {
        let word = text.split(|letter: char| !letter.is_alphanumeric()).find(|word| !word.is_empty());
        match word.map(str::to_lowercase).as_deref() {
            Some("yes") => Some(Verdict::Accurate),
            Some("no") => Some(Verdict::Hallucinated),
            _ => None,
        }
    };
    let alone = match last.trim().to_lowercase().as_str() {
        "yes" => Some(Verdict::Accurate),
        "no" => Some(Verdict::Hallucinated),
        _ => None,
    };
    alone.or_else(|| first_word(reply)).or_else(|| first_word(last)).unwrap_or(Verdict::Unclear)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_read_with_and_without_an_explanation() {
        for (reply, expected) in [
            ("yes", Verdict::Accurate),
            ("reference captions:\nTwo dogs.\nIs our caption accurate?\nno", Verdict::Hallucinated),
            ("Yes. It fits.", Verdict::Accurate),
            ("No, there is no cat.\nThe references show dogs.", Verdict::Hallucinated),
            ("The caption names a hat.\nNo.", Verdict::Hallucinated),
            ("Nothing to add", Verdict::Unclear),
            ("", Verdict::Unclear),
        ] {
            assert_eq!(verdict(reply), expected, "{reply}");
        }
    }
}
