//! MME: two questions about each picture, one with the answer yes, one with the answer no.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use super::polls::{self, Poll, Variant};
use crate::{
    Benchmark, Case, Cell, EvalError, Picture, Responses, Sample, Scores, Table, Task,
    catalogue::Source,
    data,
    metrics::{
        mme::{COGNITION, PERCEPTION, TaskScore, sum},
        yes_no::{Confusion, Parser},
    },
};

/// What it measures, for people.
pub const ABOUT: &str = "Fourteen tasks of perception (existence, count, position, color, posters, \
celebrity, scene, landmark, artwork, OCR) and cognition (commonsense reasoning, numerical calculation, text \
translation, code reasoning). Each picture has one question to be answered yes and one to be answered no. A \
task's score is the accuracy in percent plus the share of pictures with both answers right (0 to 200); \
perception is the sum of ten, cognition of four. Also the yes-rate, right yes answers lost, and 95 % \
intervals over pictures. --variant names a parser of answers (mme, lmms-eval-mme, vlmevalkit, plain, ...). \
Traps: the benchmark's own parser looks at four characters, yes first, no anywhere among them, so \
\"another\" is a no and \"The answer is yes\" nothing; and sums over fewer than all tasks compare with \
nothing. Source: Fu and others, MME: A Comprehensive Evaluation Benchmark for Multimodal Large Language \
Models, 2023.";

/// What its data is, for people.
pub const DATA: &str = "the folder of the released data: a folder a task, with pictures and text files of \
two lines (question, tab, Yes or No) side by side, or in images and questions_answers_YN";

const NAME: &str = "mme";

/// Endings of picture files, in the order in which they are tried.
const ENDINGS: [&str; 3] = ["jpg", "png", "jpeg"];

/// The benchmark with its data.
#[derive(Debug)]
pub struct Mme {
    samples: Vec<Sample>,
    asked: Vec<Asked>,
    parser: Parser,
}

/// What is known of a question.
#[derive(Debug)]
struct Asked {
    task: String,
    /// The picture, with its task.
    picture: String,
    label: bool,
}

impl Mme {
    /// Reads the tasks in a folder.
    ///
    /// # Errors
    /// When there is none, a file is not in the format, a picture is missing, or the variant is unknown.
    pub fn open(source: &Source) -> Result<Self, EvalError> {
        let folder = source.data(NAME, DATA)?;
        let variant = Variant::read(NAME, source.variant.as_deref(), Parser::Mme, &[])?;
        let mut made = Self { samples: Vec::new(), asked: Vec::new(), parser: variant.parser };
        let tasks: Vec<PathBuf> = sorted(folder)?.into_iter().filter(|path| path.is_dir()).collect();
        // The benchmark's own order first; other folders with questions are tasks too.
        let (known, others): (Vec<&str>, Vec<String>) = {
            let names: Vec<String> = tasks.iter().filter_map(|path| name(path)).collect();
            let is_known = |name: &str| PERCEPTION.contains(&name) || COGNITION.contains(&name);
            let known = PERCEPTION.into_iter().chain(COGNITION);
            let known = known.filter(|task| names.iter().any(|name| name == task)).collect();
            (known, names.into_iter().filter(|name| !is_known(name)).collect())
        };
        for task in known.into_iter().chain(others.iter().map(String::as_str)) {
            made.read(&folder.join(task), task)?;
        }
        if made.samples.is_empty() {
            let message = "no folder in it has text files with questions; expected the folders of the tasks, \
                           such as existence, count, OCR";
            return Err(data::fault(folder, None, message));
        }
        Ok(made)
    }

    /// Adds the questions of a task; none where its folder has no text files.
    fn read(&mut self, folder: &Path, task: &str) -> Result<(), EvalError> {
        let (questions, images) = match folder.join("questions_answers_YN") {
            apart if apart.is_dir() => (apart, folder.join("images")),
            _ => (folder.to_owned(), folder.to_owned()),
        };
        let is_text = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "txt");
        for path in sorted(&questions)?.into_iter().filter(is_text) {
            let Some(stem) = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()) else {
                continue;
            };
            let file = ENDINGS
                .iter()
                .map(|ending| images.join(format!("{stem}.{ending}")))
                .find(|file| file.is_file());
            let file = file.ok_or_else(|| {
                let endings = ENDINGS.join(", ");
                let message = format!("there is no picture `{stem}` ({endings}) in `{}`", images.display());
                data::fault(&path, None, message)
            })?;
            for (number, (question, label)) in pair(&path)?.into_iter().enumerate() {
                let picture = format!("{task}/{stem}");
                self.samples.push(Sample {
                    id: format!("{picture}/{}", number + 1),
                    picture: Some(Picture::file(&file)),
                    task: Task::Question(question),
                });
                self.asked.push(Asked { task: task.to_owned(), picture, label });
            }
        }
        Ok(())
    }

    fn polls<'r>(&'r self, responses: &'r Responses) -> Vec<(&'r Sample, &'r str, Poll<'r>)> {
        let answered = self.samples.iter().zip(&self.asked).filter_map(|(sample, asked)| {
            let response = responses.get(&sample.id)?;
            let poll = Poll::new(self.parser, &asked.picture, asked.label, response);
            Some((sample, asked.task.as_str(), poll))
        });
        answered.collect()
    }
}

/// The two questions about a picture with their labels.
fn pair(path: &Path) -> Result<Vec<(String, bool)>, EvalError> {
    let text = data::text(path)?;
    let mut pair = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let fault = |message: String| data::fault(path, Some(index + 1), message);
        let (question, label) = line
            .trim_end()
            .rsplit_once('\t')
            .ok_or_else(|| fault("expected a question, a tab, and Yes or No".to_owned()))?;
        let label = match label.trim().to_lowercase().as_str() {
            "yes" => true,
            "no" => false,
            other => return Err(fault(format!("the answer is `{other}`; expected Yes or No"))),
        };
        pair.push((question.trim().to_owned(), label));
    }
    if pair.len() != 2 {
        let message = format!("there are {} questions; each picture has two", pair.len());
        return Err(data::fault(path, None, message));
    }
    Ok(pair)
}

/// What a folder holds, in the order of the names.
fn sorted(folder: &Path) -> Result<Vec<PathBuf>, EvalError> {
    let entries = std::fs::read_dir(folder).map_err(EvalError::file(folder, "read"))?;
    let paths = entries.map(|entry| Ok(entry.map_err(EvalError::file(folder, "read"))?.path()));
    let mut paths = paths.collect::<Result<Vec<PathBuf>, EvalError>>()?;
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> Option<String> {
    path.file_name().map(|name| name.to_string_lossy().into_owned())
}

impl Benchmark for Mme {
    fn name(&self) -> &'static str {
        NAME
    }

    fn samples(&self) -> &[Sample] {
        &self.samples
    }

    fn score(&self, responses: &Responses) -> Scores {
        let polls = self.polls(responses);
        let mut tasks: Vec<(&str, Vec<&Poll<'_>>)> = Vec::new();
        for (_, task, poll) in &polls {
            match tasks.iter_mut().find(|(known, _)| known == task) {
                Some((_, polls)) => polls.push(poll),
                None => tasks.push((task, vec![poll])),
            }
        }
        let mut scores: HashMap<String, TaskScore> = HashMap::new();
        let columns = ["questions", "pictures", "accuracy", "accuracy plus", "score"];
        let mut table = Table::new("MME", columns);
        for (task, polls) in &tasks {
            let score = scores.entry((*task).to_owned()).or_default();
            let mut pictures: BTreeMap<&str, Vec<_>> = BTreeMap::new();
            for poll in polls {
                pictures.entry(poll.picture).or_default().push((poll.label, poll.reading));
            }
            pictures.values().for_each(|pair| score.add(pair));
            table.row(
                *task,
                [
                    Cell::count(polls.len()),
                    Cell::count(score.pictures),
                    polls::share(polls, Confusion::accuracy),
                    polls::plain_share(score.accuracy_plus()),
                    score.score().map_or_else(|| Cell::text("-"), |score| Cell::number(score, 2)),
                ],
            );
        }
        let mut sums = Table::new("MME, sums", ["score", "of", "tasks"]);
        let mut notes = vec![polls::parser_note(self.parser)];
        for (name, parts) in [("perception", PERCEPTION.as_slice()), ("cognition", COGNITION.as_slice())] {
            let there = parts.iter().filter(|task| scores.contains_key(**task)).count();
            let cells =
                [Cell::number(sum(&scores, parts), 2), Cell::count(200 * parts.len()), Cell::count(there)];
            sums.row(name, cells);
            if there < parts.len() {
                notes.push(format!(
                    "{name} is the sum of {there} tasks of {}: compare it with none",
                    parts.len()
                ));
            }
        }
        let alone: usize = scores.values().map(|score| score.answers.all() - 2 * score.pictures).sum();
        if alone > 0 {
            let message = format!(
                "{alone} answers stand without the picture's other one: they count for accuracy alone"
            );
            notes.push(message);
        }
        if tasks.len() > 1 {
            tasks.push(("all", polls.iter().map(|(_, _, poll)| poll).collect()));
        }
        Scores { tables: vec![sums, table, polls::hidden(&tasks)], notes }
    }

    fn cases(&self, responses: &Responses) -> Vec<Case> {
        self.polls(responses).iter().map(|(sample, _, poll)| poll.case(sample)).collect()
    }
}
