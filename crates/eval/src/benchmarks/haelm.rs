//! HaELM: descriptions judged by a language model against reference captions.

use std::{collections::HashSet, path::Path};

use serde::Deserialize;

use crate::{
    Benchmark, Case, Cell, EvalError, Picture, Responses, Sample, Scores, Table, Task,
    catalogue::Source,
    data,
    metrics::{
        bootstrap::{Resampling, interval},
        haelm::{Verdict, judged, prompt, verdict},
    },
};

/// What it measures, for people.
pub const ABOUT: &str = "Pictures are described, then a language model judges each description against \
reference captions: is it accurate? Reported is the share of accurate ones, with a 95 % interval over \
pictures. The judge is the model that --judge names, else the planner's, asked word for word as the \
benchmark asks its own trained judge; --variant plain-words adds a line that asks a chat model for one word. \
Traps: only the first line of a description is judged, which flatters long ones, so how much was not judged \
is reported too; references name few objects, so a true detail may count as a hallucination; and figures of \
different judges don't compare. Source: Wang and others, Evaluation and Analysis of Hallucination in Large \
Vision-Language Models, 2023.";

/// What its data is, for people.
pub const DATA: &str = "a file of JSON lines with image and reference caption (a list); pictures beside it, \
or in --pictures";

const NAME: &str = "haelm";

/// The variant for judges that were not trained for the task.
const PLAIN_WORDS: &str = "plain-words";

/// What is asked where a record doesn't say.
const DESCRIBE: &str = "Describe this image.";

const LINE: &str = r#"{"image": "a.jpg", "reference caption": ["A man rides a horse."]}"#;

/// A picture with what people wrote about it.
#[derive(Deserialize)]
struct Line {
    image: String,
    #[serde(rename = "reference caption", alias = "reference_captions", alias = "references")]
    references: Vec<String>,
    #[serde(default)]
    prompt: Option<String>,
}

/// The benchmark with its data.
#[derive(Debug)]
pub struct Haelm {
    samples: Vec<Sample>,
    references: Vec<Vec<String>>,
    plain_words: bool,
}

impl Haelm {
    /// Reads a file of records.
    ///
    /// # Errors
    /// When there is none, it is not in the format, two records name one picture, or the variant is unknown.
    pub fn open(source: &Source) -> Result<Self, EvalError> {
        let path = source.data(NAME, DATA)?;
        let mut plain_words = false;
        for word in data::variant_words(source.variant.as_deref()) {
            if word != PLAIN_WORDS {
                return Err(data::no_variant(NAME, word, &[PLAIN_WORDS]));
            }
            plain_words = true;
        }
        let pictures = source.pictures.as_deref().or(path.parent()).unwrap_or(Path::new(""));
        let (mut samples, mut references) = (Vec::new(), Vec::new());
        let mut names = HashSet::new();
        for (line, record) in data::records::<Line>(path, LINE)? {
            let fault = |what: &str| data::fault(path, line, format!("picture `{}` {what}", record.image));
            if record.references.iter().all(|caption| caption.trim().is_empty()) {
                return Err(fault("has no reference caption: there is nothing to judge against"));
            }
            if !names.insert(record.image.clone()) {
                return Err(fault("is there twice; put its captions into one record"));
            }
            samples.push(Sample {
                picture: Some(Picture::file(pictures.join(&record.image))),
                id: record.image,
                task: Task::Describe(record.prompt.unwrap_or_else(|| DESCRIBE.to_owned())),
            });
            references.push(record.references);
        }
        Ok(Self { samples, references, plain_words })
    }
}

impl Benchmark for Haelm {
    fn name(&self) -> &'static str {
        NAME
    }

    fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// What can be told without the judge.
    fn score(&self, responses: &Responses) -> Scores {
        let answered: Vec<&str> = self
            .samples
            .iter()
            .filter_map(|sample| responses.get(&sample.id).filter(|response| response.failure.is_none()))
            .map(|response| response.text.as_str())
            .collect();
        let words = |text: &str| text.split_whitespace().count();
        let all: usize = answered.iter().map(|text| words(text)).sum();
        let read: usize = answered.iter().map(|text| words(judged(text))).sum();
        let mut table = Table::new("HaELM, descriptions", ["described", "words each", "words judged"]);
        let each = all as f64 / answered.len().max(1) as f64;
        table.row("all", [Cell::count(answered.len()), Cell::number(each, 1), Cell::share(read, all)]);
        Scores { tables: vec![table], notes: Vec::new() }
    }

    fn needs_judge(&self) -> bool {
        true
    }

    fn judging(&self, responses: &Responses) -> Option<Box<dyn Benchmark>> {
        let described = self.samples.iter().zip(&self.references).filter_map(|(sample, references)| {
            let response = responses.get(&sample.id).filter(|response| response.failure.is_none())?;
            let mut question = prompt(references, &response.text);
            if self.plain_words {
                question.push_str("Answer with one word, yes or no.\n");
            }
            let asked = Sample { id: sample.id.clone(), picture: None, task: Task::Question(question) };
            Some((asked, sample.picture.clone()))
        });
        let (samples, pictures): (Vec<Sample>, Vec<Option<Picture>>) = described.unzip();
        (!samples.is_empty()).then(|| Box::new(Judging { samples, pictures }) as Box<dyn Benchmark>)
    }
}

/// The second half: a judge is asked about every description.
#[derive(Debug)]
struct Judging {
    samples: Vec<Sample>,
    /// What was described. The judge doesn't see it, the page of cases shows it.
    pictures: Vec<Option<Picture>>,
}

impl Benchmark for Judging {
    fn name(&self) -> &'static str {
        "haelm judge"
    }

    fn samples(&self) -> &[Sample] {
        &self.samples
    }

    fn score(&self, responses: &Responses) -> Scores {
        let verdicts: Vec<Verdict> = self
            .samples
            .iter()
            .filter_map(|sample| responses.get(&sample.id))
            .map(|response| match response.failure {
                Some(_) => Verdict::Unclear,
                None => verdict(&response.text),
            })
            .collect();
        let count = |wanted| verdicts.iter().filter(|verdict| **verdict == wanted).count();
        let share = |of: &[&Verdict]| {
            let accurate = of.iter().filter(|verdict| ***verdict == Verdict::Accurate).count();
            (!of.is_empty()).then(|| accurate as f64 / of.len() as f64)
        };
        let accurate = Cell::Share {
            value: share(&verdicts.iter().collect::<Vec<_>>()),
            interval: interval(&verdicts, Resampling::default(), share),
        };
        let mut table = Table::new("HaELM", ["judged", "accurate", "hallucinated", "unclear"]);
        let cells = [
            Cell::count(verdicts.len()),
            accurate,
            Cell::count(count(Verdict::Hallucinated)),
            Cell::count(count(Verdict::Unclear)),
        ];
        table.row("all", cells);
        Scores { tables: vec![table], notes: Vec::new() }
    }

    fn cases(&self, responses: &Responses) -> Vec<Case> {
        self.samples
            .iter()
            .zip(&self.pictures)
            .filter_map(|(sample, picture)| Some((sample, picture, responses.get(&sample.id)?)))
            .map(|(sample, picture, response)| {
                let plain = Case::plain(sample, response);
                let outcome = match (&response.failure, verdict(&response.text)) {
                    (Some(_), _) => "failed",
                    (None, Verdict::Accurate) => "accurate",
                    (None, Verdict::Hallucinated) => "hallucinated",
                    (None, Verdict::Unclear) => "unclear",
                };
                Case {
                    picture: picture.clone(),
                    faulty: outcome != "accurate",
                    outcome: outcome.to_owned(),
                    ..plain
                }
            })
            .collect()
    }
}
