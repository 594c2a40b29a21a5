//! VQA, OK-VQA, `TextVQA`, `ChartQA`: questions about pictures with short answers.

use std::{collections::BTreeMap, path::Path, str::FromStr};

use super::short_answers::{Item, ShortAnswers, mean_of, text_of};
use crate::{
    Benchmark, Case, Cell, EvalError, Responses, Sample, Scores, Table, data,
    metrics::vqa::{accuracy, exact, normalised, relaxed},
};

/// What it measures, for people.
pub const ABOUT: &str = "Questions about pictures with short answers: VQA, OK-VQA, TextVQA, and with another variant \
ChartQA. Answers are compared after normalisation (capitals, articles, most punctuation, number words to ten, contractions \
without their apostrophe). Variants: `vqa` (the default, for ten answers of people each: every person is left out once, \
three of the others make an answer right), `exact` (one of the answers, normalised), `relaxed` (ChartQA: numbers within \
5 %, texts letter for letter but for capitals, not normalised). Traps: \"none\" becomes 0, \"The\" becomes nothing, the \
script takes at most 32 dots out, 10 % is 0.1. The yes-rate shows a model that always agrees. Source: Antol et al., ICCV \
2015; Masry et al., 2022.";

/// What its data is, for people.
pub const DATA: &str = "a folder with VQA's *questions*.json and *annotations*.json, or one JSON file with questions and \
answers together (TextVQA, ChartQA); pictures beside it or in --pictures";

/// How answers are scored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Variant {
    /// By how many people say the same.
    #[default]
    Vqa,
    /// By being one of the answers.
    Exact,
    /// By being one of the answers, numbers within 5 %.
    Relaxed,
}

impl FromStr for Variant {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Ok(match name {
            "vqa" => Self::Vqa,
            "exact" => Self::Exact,
            "relaxed" => Self::Relaxed,
            other => return Err(format!("vqa has no variant `{other}`; there are: vqa, exact, relaxed")),
        })
    }
}

impl Variant {
    fn score(self, item: &Item, text: &str) -> f64 {
        match self {
            Self::Vqa => accuracy(&item.answers, text),
            Self::Exact => f64::from(exact(&item.answers, text)),
            Self::Relaxed => f64::from(item.answers.iter().any(|right| relaxed(right, text.trim()))),
        }
    }
}

/// The benchmark with its data.
#[derive(Debug)]
pub struct Vqa {
    data: ShortAnswers,
    variant: Variant,
}

impl Vqa {
    /// Reads questions with answers.
    ///
    /// # Errors
    /// When they can't be read, are not in the format, a question has too few answers for the variant, or there is no
    /// such variant.
    pub fn open(data: &Path, pictures: Option<&Path>, variant: Option<&str>) -> Result<Self, EvalError> {
        let variant = variant.map_or(Ok(Variant::default()), str::parse).map_err(EvalError::Unfit)?;
        let read = ShortAnswers::open(data, pictures, true)?;
        let few = read.samples.iter().zip(&read.items).find(|(_, item)| item.answers.len() < 4);
        if let (Variant::Vqa, Some((sample, item))) = (variant, few) {
            let message = format!(
                "question `{}` has {} answer(s): with fewer than 4 no answer can be fully right in the variant `vqa`; take \
                 --variant exact, or relaxed",
                sample.id,
                item.answers.len()
            );
            return Err(data::fault(data, None, message));
        }
        Ok(Self { data: read, variant })
    }
}

impl Benchmark for Vqa {
    fn name(&self) -> &'static str {
        "vqa"
    }

    fn samples(&self) -> &[Sample] {
        &self.data.samples
    }

    fn score(&self, responses: &Responses) -> Scores {
        let mut groups: BTreeMap<Option<&str>, Vec<(&Sample, f64, String)>> = BTreeMap::new();
        for (sample, item, response) in self.data.answered(responses) {
            let text = text_of(response).unwrap_or_default();
            let scored = (sample, self.variant.score(item, text), normalised(text));
            if let Some(category) = &item.category {
                groups.entry(Some(category)).or_default().push(scored.clone());
            }
            groups.entry(None).or_default().push(scored);
        }
        let mut table = Table::new("VQA", ["accuracy", "yes-rate", "unanswered", "questions"]);
        for (name, scored) in &groups {
            let (value, interval) = mean_of(scored.iter().map(|(sample, score, _)| (*sample, *score)));
            let said = |word: &str| scored.iter().filter(|(_, _, answer)| answer == word).count();
            table.row(
                name.unwrap_or("all"),
                [
                    Cell::Share { value, interval },
                    Cell::share(said("yes"), said("yes") + said("no")),
                    Cell::count(said("")),
                    Cell::count(scored.len()),
                ],
            );
        }
        Scores { tables: vec![table], notes: Vec::new() }
    }

    fn cases(&self, responses: &Responses) -> Vec<Case> {
        self.data.cases(responses, |item, text| self.variant.score(item, text))
    }
}
