//! Questions about what was found, and who answers them.

use lavr_types::{
    Capability, ImageId,
    perception::{ColorQuality, ColorReport},
};

use super::table::Table;
use crate::experts::Experts;

/// A question with the things that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question<'c> {
    pub(super) text: String,
    pub(super) concepts: Vec<&'c str>,
}

/// The questions of a reply, one a line: the question, `&`, things that are in the list with full stops between
/// them. What is not of that form, or asked before, is left out.
pub(super) fn asked<'c>(reply: &str, known: &[&'c str]) -> Vec<Question<'c>> {
    let mut questions: Vec<Question<'c>> = Vec::new();
    for line in reply.lines() {
        let Some((text, about)) = line.split_once('&') else { continue };
        let text = text.trim();
        let concepts: Option<Vec<&str>> = about
            .split('.')
            .map(|name| name.trim().to_lowercase())
            .filter(|name| !name.is_empty())
            .map(|name| known.iter().copied().find(|known| *known == name))
            .collect();
        let Some(concepts) = concepts.filter(|concepts| !concepts.is_empty()) else { continue };
        if !text.is_empty() && !questions.iter().any(|question| question.text == text) {
            questions.push(Question { text: text.to_owned(), concepts });
        }
    }
    questions
}

/// What the answers say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answers {
    /// Of one box: the concept, the box's place among its boxes, the statement.
    pub(super) specific: Vec<(String, usize, String)>,
    /// Of several things, or of the picture.
    pub(super) overall: Vec<String>,
}

impl Answers {
    /// Asks the vision model, of each box where the question is about one thing, else of the picture. Without a
    /// vision model, `colors` lets the expert for colors answer questions about one thing's color.
    pub(super) async fn find(
        &mut self,
        question: Question<'_>,
        table: &Table<'_>,
        image: ImageId,
        experts: &Experts<'_>,
        colors: bool,
    ) {
        let lower = question.text.to_lowercase();
        let about_color = lower.contains("color") || lower.contains("colour");
        let sees = experts.has(Capability::Answer);
        let measures = colors && about_color && experts.has(Capability::MeasureColor);
        match question.concepts.as_slice() {
            [concept] if !lower.contains("where") && (sees || measures) => {
                for (place, bounds) in table.boxes_of(concept).iter().enumerate() {
                    let statement = if sees {
                        let answer = experts.ask_about(image, Some(*bounds), &question.text).await.ok();
                        answer.and_then(|seen| told(&question.text, &seen.value.answer))
                    } else {
                        let report = experts.color(image, *bounds, false).await.ok();
                        report.and_then(|seen| {
                            color_of(&seen.value).map(|color| format!("The {concept} is {color}."))
                        })
                    };
                    self.specific
                        .extend(statement.map(|statement| ((*concept).to_owned(), place, statement)));
                }
            }
            _ if sees => {
                if let Ok(seen) = experts.ask_about(image, None, &question.text).await {
                    self.overall.extend(told(&question.text, &seen.value.answer));
                }
            }
            _ => {}
        }
    }
}

fn told(question: &str, answer: &str) -> Option<String> {
    let answer = answer.trim();
    (!answer.is_empty() && !answer.eq_ignore_ascii_case("unknown")).then(|| format!("{question} {answer}."))
}

fn color_of(report: &ColorReport) -> Option<&str> {
    let first = report.colors.first().filter(|_| report.quality == ColorQuality::Clear)?;
    Some(&first.name)
}
