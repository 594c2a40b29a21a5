//! OCRBench: a thousand questions about text in pictures.

use std::{collections::BTreeMap, path::Path};

use super::short_answers::{ShortAnswers, mean_of, text_of};
use crate::{
    Benchmark, Case, Cell, EvalError, Responses, Sample, Scores, Table, data,
    metrics::ocrbench::{CATEGORIES, group, is_right},
};

/// What it measures, for people.
pub const ABOUT: &str = "A thousand questions about text in pictures, in ten tasks reported as five: text recognition, scene \
text, documents, key information, handwritten formulas. A point where one of the right answers stands in the answer, \
letters without case; in formulas capitals matter and blanks do not. The score is the number of points, of 1,000. Traps: \
containment is all that is asked, so \"no\" is right in \"I do not know\" and 12.5 in 12.50, and the longer an answer, the \
likelier a point: the table shows words an answer. Source: Liu et al., OCRBench, 2023.";

/// What its data is, for people.
pub const DATA: &str = "OCRBench's JSON file (a list with `image_path`, `question`, `answers`, `type`), the pictures beside it \
or in --pictures";

/// A question with its points and how many words its answer has.
type Scored<'b> = (&'b Sample, f64, usize);

/// The benchmark with its data.
#[derive(Debug)]
pub struct OcrBench {
    data: ShortAnswers,
}

impl OcrBench {
    /// Reads the file of questions, or the only one of a folder.
    ///
    /// # Errors
    /// When it can't be read, is not in the format, or has a task that the benchmark does not know.
    pub fn open(data: &Path, pictures: Option<&Path>) -> Result<Self, EvalError> {
        let read = ShortAnswers::open(data, pictures, false)?;
        for (sample, item) in read.samples.iter().zip(&read.items) {
            let category = item.category.as_deref().unwrap_or_default();
            if !CATEGORIES.contains(&category) {
                let message = format!(
                    "question `{}` is of the task `{category}`, which OCRBench does not have; its `type` is one of: {}",
                    sample.id,
                    CATEGORIES.join(", ")
                );
                return Err(data::fault(data, None, message));
            }
        }
        Ok(Self { data: read })
    }
}

impl Benchmark for OcrBench {
    fn name(&self) -> &'static str {
        "ocrbench"
    }

    fn samples(&self) -> &[Sample] {
        &self.data.samples
    }

    fn score(&self, responses: &Responses) -> Scores {
        let mut groups: BTreeMap<usize, (&str, Vec<Scored<'_>>)> = BTreeMap::new();
        for (sample, item, response) in self.data.answered(responses) {
            let text = text_of(response).unwrap_or_default();
            let category = item.category.as_deref().unwrap_or_default();
            // What failed has no answer: the empty right answer of some data would be in it.
            let right = response.failure.is_none() && is_right(category, &item.answers, text);
            let place =
                CATEGORIES.iter().position(|known| group(known) == group(category)).unwrap_or_default();
            let scored = (sample, f64::from(right), text.split_whitespace().count());
            groups.entry(place).or_insert_with(|| (group(category), Vec::new())).1.push(scored);
        }
        let all: Vec<_> = groups.values().flat_map(|(_, scored)| scored.iter().copied()).collect();
        let mut table =
            Table::new("OCRBench", ["points", "right", "words an answer", "unanswered", "questions"]);
        let mut row = |name: &str, scored: &[Scored<'_>]| {
            let (value, interval) = mean_of(scored.iter().map(|(sample, score, _)| (*sample, *score)));
            let words: usize = scored.iter().map(|(_, _, words)| words).sum();
            let cells = [
                Cell::count(scored.iter().filter(|(_, score, _)| *score > 0.0).count()),
                Cell::Share { value, interval },
                Cell::number(words as f64 / scored.len().max(1) as f64, 1),
                Cell::count(scored.iter().filter(|(_, _, words)| *words == 0).count()),
                Cell::count(scored.len()),
            ];
            table.row(name, cells);
        };
        row("all", &all);
        groups.values().for_each(|(name, scored)| row(name, scored));
        let notes = if all.len() == 1000 {
            Vec::new()
        } else {
            vec![format!("the published score is the points of 1,000 questions; these are {}", all.len())]
        };
        Scores { tables: vec![table], notes }
    }

    fn cases(&self, responses: &Responses) -> Vec<Case> {
        self.data.cases(responses, |item, text| {
            f64::from(is_right(item.category.as_deref().unwrap_or_default(), &item.answers, text))
        })
    }
}
