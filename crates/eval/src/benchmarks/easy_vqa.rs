//! easy-VQA: questions about one shape and its color.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use crate::{
    Archive, Benchmark, Case, Cell, EvalError, Picture, Responses, Sample, Scores, Table, Task,
    metrics::yes_no::{Parser, Reading},
};

/// What it measures, for people.
pub const ABOUT: &str = "Questions about synthetic pictures of one shape (circle, rectangle, triangle) in one of eight \
colors: which shape, which color, is it there, is it not. 9,673 questions about 1,000 pictures (test split), fetched by \
itself. Small pictures (64 pixels) of shapes that no object detector knows: a test of the way from question to \
measurement, not of eyes. Exact answers; the yes-rate shows a model that always agrees. Source: Victor Zhou, easy-VQA, \
2019 (MIT).";

/// All answers that the data set knows.
const WORDS: [&str; 13] = [
    "circle",
    "rectangle",
    "triangle",
    "green",
    "red",
    "gray",
    "teal",
    "black",
    "yellow",
    "brown",
    "blue",
    "yes",
    "no",
];

/// The benchmark with its data.
#[derive(Debug)]
pub struct EasyVqa {
    samples: Vec<Sample>,
    answers: Vec<String>,
}

impl EasyVqa {
    /// Reads the test split out of the data set's package.
    ///
    /// # Errors
    /// When the package can't be read or is not as expected.
    pub fn open(package: &Path) -> Result<Self, EvalError> {
        let archive = Arc::new(Archive::open(package)?);
        let questions = archive.read("easy_vqa/data/test/questions.json")?;
        let questions: Vec<(String, String, u32)> =
            serde_json::from_slice(&questions).map_err(|error| EvalError::Data {
                path: package.into(),
                line: None,
                message: format!("questions.json is no list of [question, answer, picture]: {error}"),
            })?;
        let (mut samples, mut answers) = (Vec::new(), Vec::new());
        for (place, (question, answer, picture)) in questions.into_iter().enumerate() {
            samples.push(Sample {
                id: format!("{place:05}"),
                picture: Some(Picture::member(&archive, format!("easy_vqa/data/test/images/{picture}.png"))),
                task: Task::Question(question),
            });
            answers.push(answer);
        }
        Ok(Self { samples, answers })
    }
}

/// The one answer word that a text gives; `None` where it gives none, or several that exclude each other.
fn answer_in(text: &str, of: Kind) -> Option<&'static str> {
    if of == Kind::YesNo {
        return match Parser::Plain.read(text, true) {
            Reading::Yes => Some("yes"),
            Reading::No => Some("no"),
            Reading::Unclear => None,
        };
    }
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split(|letter: char| !letter.is_alphabetic() && letter != '\'').collect();
    let said = |word: &str| words.contains(&word);
    let mut found =
        WORDS.iter().filter(|word| of.holds(word) && (said(word) || **word == "gray" && said("grey")));
    match (found.next(), found.next()) {
        (Some(word), None) => Some(word),
        _ => None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    YesNo,
    Color,
    Shape,
}

impl Kind {
    fn of(answer: &str) -> Self {
        match answer {
            "yes" | "no" => Self::YesNo,
            "circle" | "rectangle" | "triangle" => Self::Shape,
            _ => Self::Color,
        }
    }

    fn holds(self, word: &str) -> bool {
        Self::of(word) == self
    }

    const fn name(self) -> &'static str {
        match self {
            Self::YesNo => "yes or no",
            Self::Color => "which color",
            Self::Shape => "which shape",
        }
    }
}

#[derive(Default)]
struct Tally {
    asked: usize,
    right: usize,
    unanswered: usize,
    yes: usize,
}

impl Benchmark for EasyVqa {
    fn name(&self) -> &'static str {
        "easy-vqa"
    }

    fn samples(&self) -> &[Sample] {
        &self.samples
    }

    fn score(&self, responses: &Responses) -> Scores {
        let mut tallies: BTreeMap<Option<Kind>, Tally> = BTreeMap::new();
        for (sample, right) in self.samples.iter().zip(&self.answers) {
            let Some(response) = responses.get(&sample.id) else { continue };
            let kind = Kind::of(right);
            let answer = answer_in(&response.text, kind).filter(|_| response.failure.is_none());
            for key in [None, Some(kind)] {
                let tally = tallies.entry(key).or_default();
                tally.asked += 1;
                tally.right += usize::from(answer == Some(right));
                tally.unanswered += usize::from(answer.is_none());
                tally.yes += usize::from(answer == Some("yes"));
            }
        }
        let mut table = Table::new("easy-VQA", ["questions", "right", "unanswered", "yes-rate"]);
        for (kind, tally) in &tallies {
            let yes = match kind {
                Some(Kind::YesNo) => Cell::share(tally.yes, tally.asked),
                _ => Cell::text("-"),
            };
            let cells = [
                Cell::count(tally.asked),
                Cell::share(tally.right, tally.asked),
                Cell::share(tally.unanswered, tally.asked),
                yes,
            ];
            table.row(kind.map_or("all", Kind::name), cells);
        }
        Scores { tables: vec![table], notes: Vec::new() }
    }

    fn cases(&self, responses: &Responses) -> Vec<Case> {
        self.samples
            .iter()
            .zip(&self.answers)
            .filter_map(|(sample, right)| Some((sample, right, responses.get(&sample.id)?)))
            .map(|(sample, right, response)| {
                let good =
                    response.failure.is_none() && answer_in(&response.text, Kind::of(right)) == Some(right);
                Case {
                    right: Some(right.clone()),
                    outcome: if good { "right" } else { "wrong" }.to_owned(),
                    faulty: !good,
                    ..Case::plain(sample, response)
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_in_what_people_and_models_say() {
        for (text, kind, answer) in [
            ("Yes.", Kind::YesNo, Some("yes")),
            ("No, there is no circle.", Kind::YesNo, Some("no")),
            ("There isn't a circle.", Kind::YesNo, Some("no")),
            ("There is a blue circle.", Kind::YesNo, Some("yes")),
            ("", Kind::YesNo, None),
            ("The shape is Red.", Kind::Color, Some("red")),
            ("It is grey", Kind::Color, Some("gray")),
            ("red or blue", Kind::Color, None),
            ("a triangle in yellow", Kind::Shape, Some("triangle")),
            ("a star", Kind::Shape, None),
        ] {
            assert_eq!(answer_in(text, kind), answer, "{text}");
        }
    }
}
