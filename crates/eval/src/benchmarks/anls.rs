//! `DocVQA`, `InfographicVQA`, ST-VQA: questions about documents, scored by ANLS.

use std::path::Path;

use super::short_answers::{ShortAnswers, mean_of, text_of};
use crate::{
    Benchmark, Case, Cell, EvalError, Responses, Sample, Scores, Table,
    metrics::anls::{Variant, anls},
};

/// What it measures, for people.
pub const ABOUT: &str = "Questions about documents, infographics and scene text whose answers are read off the picture: \
DocVQA, InfographicVQA, ST-VQA. ANLS, the mean over the questions of the similarity (one less the edit distance by \
length) to the nearest right answer; below one half an answer gets nothing. Letters count without case. Variants, which \
differ at exactly one half and in what the length is: `script` (the default: the challenge's evaluation script, as \
VLMEvalKit and lmms-eval have it; one half counts; lengths of the raw texts in capitals, so blanks and a German sharp s \
make a text longer), `paper` (the paper's definition and the package anls: one half gets nothing), `star` (the package \
anls-star). An answer in a whole sentence scores next to nothing: the question asks for a word or phrase. Source: Biten \
et al., ICCV 2019; Mathew et al., WACV 2021.";

/// What its data is, for people.
pub const DATA: &str = "a JSON file in DocVQA's layout (`data`: questionId, question, image, answers), the pictures beside \
it or in --pictures";

/// The benchmark with its data.
#[derive(Debug)]
pub struct Anls {
    data: ShortAnswers,
    variant: Variant,
}

impl Anls {
    /// Reads a file of questions, or the only one of a folder.
    ///
    /// # Errors
    /// When it can't be read, is not in the format, or there is no such variant.
    pub fn open(data: &Path, pictures: Option<&Path>, variant: Option<&str>) -> Result<Self, EvalError> {
        let variant = variant.map_or(Ok(Variant::default()), str::parse).map_err(EvalError::Unfit)?;
        Ok(Self { data: ShortAnswers::open(data, pictures, true)?, variant })
    }
}

impl Benchmark for Anls {
    fn name(&self) -> &'static str {
        "anls"
    }

    fn samples(&self) -> &[Sample] {
        &self.data.samples
    }

    fn score(&self, responses: &Responses) -> Scores {
        let scored: Vec<(&Sample, f64, bool)> = self
            .data
            .answered(responses)
            .map(|(sample, item, response)| {
                let text = text_of(response).unwrap_or_default();
                (sample, anls(&item.answers, text, self.variant), text.trim().is_empty())
            })
            .collect();
        let (value, interval) = mean_of(scored.iter().map(|(sample, score, _)| (*sample, *score)));
        let mut table = Table::new("ANLS", ["ANLS", "exactly right", "nothing", "unanswered", "questions"]);
        let count = |what: fn(&(&Sample, f64, bool)) -> bool| scored.iter().filter(|row| what(row)).count();
        table.row(
            "all",
            [
                Cell::Share { value, interval },
                Cell::share(count(|row| row.1 >= 1.0), scored.len()),
                Cell::share(count(|row| row.1 == 0.0), scored.len()),
                Cell::count(count(|row| row.2)),
                Cell::count(scored.len()),
            ],
        );
        Scores { tables: vec![table], notes: Vec::new() }
    }

    fn cases(&self, responses: &Responses) -> Vec<Case> {
        self.data.cases(responses, |item, text| anls(&item.answers, text, self.variant))
    }
}
