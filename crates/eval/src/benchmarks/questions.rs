//! Questions of one's own about pictures of one's own: what an answer must say, and what it must not.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::{Benchmark, Case, Cell, EvalError, Picture, Responses, Sample, Scores, Table, Task};

/// What it measures, for people.
pub const ABOUT: &str = "Questions of your own about pictures of your own, to compare planners, models and demonstrations: an \
answer is right when it says all that it must (each in one of several wordings) and nothing that it must not. Whole words are \
compared, in lower case. `examples/questions.toml` has questions about the pictures of the examples.";

/// What `--data` must be.
pub const DATA: &str = "a TOML file with [[question]] tables: image, question, says = [\"two|2\"], never = [\"three\"] \
(docs/eval.md#questions)";

/// The benchmark with its data.
#[derive(Debug)]
pub struct Questions {
    samples: Vec<Sample>,
    wanted: Vec<Wanted>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    question: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    image: PathBuf,
    question: String,
    says: Vec<String>,
    #[serde(default)]
    never: Vec<String>,
}

#[derive(Debug)]
struct Wanted {
    says: Vec<String>,
    never: Vec<String>,
}

impl Questions {
    /// Reads a file of questions; their pictures are in this folder, or beside the file.
    ///
    /// # Errors
    /// When the file cannot be read or is not of the form.
    pub fn open(path: &Path, pictures: Option<&Path>) -> Result<Self, EvalError> {
        let text = std::fs::read_to_string(path).map_err(EvalError::file(path, "read"))?;
        let faulty = |message: String| EvalError::Data { path: path.into(), line: None, message };
        let file: File = toml::from_str(&text).map_err(|error| faulty(error.to_string()))?;
        let folder = pictures.or(path.parent()).unwrap_or(Path::new("."));
        let (mut samples, mut wanted) = (Vec::new(), Vec::new());
        for (place, entry) in file.question.into_iter().enumerate() {
            if entry.says.iter().chain(&entry.never).any(|words| plain(words).trim().is_empty()) {
                return Err(faulty(format!("question {}: `says` and `never` hold words", place + 1)));
            }
            samples.push(Sample {
                id: format!("{place:05}"),
                picture: Some(Picture::file(folder.join(entry.image))),
                task: Task::Question(entry.question),
            });
            wanted.push(Wanted { says: entry.says, never: entry.never });
        }
        Ok(Self { samples, wanted })
    }
}

impl Wanted {
    fn is_met(&self, answer: &str) -> bool {
        let answer = plain(answer);
        let said = |words: &str| words.split('|').any(|words| answer.contains(&plain(words)));
        self.says.iter().all(|words| said(words)) && !self.never.iter().any(|words| said(words))
    }
}

/// Lower case, one space around each word.
fn plain(text: &str) -> String {
    let text = text.to_lowercase();
    let words: Vec<&str> =
        text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    format!(" {} ", words.join(" "))
}

impl Benchmark for Questions {
    fn name(&self) -> &'static str {
        "questions"
    }

    fn samples(&self) -> &[Sample] {
        &self.samples
    }

    fn score(&self, responses: &Responses) -> Scores {
        let answered: Vec<_> = self
            .samples
            .iter()
            .zip(&self.wanted)
            .filter_map(|(sample, wanted)| Some((wanted, responses.get(&sample.id)?)))
            .collect();
        let right = answered
            .iter()
            .filter(|(wanted, response)| response.failure.is_none() && wanted.is_met(&response.text));
        let draft_right = answered.iter().filter(|(wanted, response)| {
            response.failure.is_none() && wanted.is_met(response.draft.as_ref().unwrap_or(&response.text))
        });
        let mut table = Table::new("questions", ["questions", "right", "drafts right"]);
        let all = answered.len();
        table.row(
            "all",
            [Cell::count(all), Cell::share(right.count(), all), Cell::share(draft_right.count(), all)],
        );
        Scores { tables: vec![table], notes: Vec::new() }
    }

    fn cases(&self, responses: &Responses) -> Vec<Case> {
        self.samples
            .iter()
            .zip(&self.wanted)
            .filter_map(|(sample, wanted)| Some((sample, wanted, responses.get(&sample.id)?)))
            .map(|(sample, wanted, response)| {
                let good = response.failure.is_none() && wanted.is_met(&response.text);
                Case {
                    right: Some(wanted.says.join(", ")),
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
    use crate::Response;

    #[test]
    fn an_answer_must_say_all_that_is_wanted_in_whole_words_and_nothing_forbidden() {
        let wanted = Wanted { says: vec!["one|1".into(), "on the left".into()], never: vec!["two".into()] };
        assert!(wanted.is_met("There is One dog, on the left."));
        assert!(!wanted.is_met("There is none on the left."));
        assert!(!wanted.is_met("One is on the left, two are on the right."));
        assert!(!wanted.is_met("1 dog"));
    }

    #[test]
    fn questions_are_read_scored_and_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("q.toml");
        std::fs::write(
            &path,
            "[[question]]\nimage = \"a.png\"\nquestion = \"How many?\"\nsays = [\"two|2\"]\n",
        )
        .unwrap();
        let bench = Questions::open(&path, None).unwrap();
        assert_eq!(
            bench.samples()[0].picture.as_ref().unwrap().path(),
            Some(folder.path().join("a.png").as_path())
        );
        let responses = Responses::from([("00000".to_owned(), Response::text("2 dogs"))]);
        assert!(bench.score(&responses).plain().contains("100"));
        assert_eq!(bench.cases(&responses)[0].outcome, "right");
        std::fs::write(&path, "[[question]]\nimage = \"a.png\"\nqestion = \"How many?\"\nsays = []\n")
            .unwrap();
        assert!(Questions::open(&path, None).unwrap_err().to_string().contains("qestion"));
    }
}
