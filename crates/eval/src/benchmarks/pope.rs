//! POPE: is there a certain object in the picture?

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{
    coco::Instances,
    polls::{self, Poll, Variant},
};
use crate::{
    Benchmark, Case, Cell, EvalError, Picture, Random, Responses, Sample, Scores, Table, Task,
    catalogue::Source,
    data,
    metrics::{
        pope::{Annotated, Article, Strategy, questions},
        yes_no::{Confusion, Parser},
    },
};

/// What it measures, for people.
pub const ABOUT: &str = "Polling for objects: \"Is there a dog in the image?\", as often about objects that \
are there as about absent ones, which are drawn at random, or are the most popular of the data, or those \
most often seen beside the object that is there (adversarial). Accuracy, precision, recall, F1 with 95 % \
intervals over pictures, and what the script hides: the yes-rate, and right yes answers lost, in reading or \
in correction. Questions come from the released files, or are built from a COCO-style annotation file. \
--variant names random, popular or adversarial to ask only these, and a parser (pope, opera, vcd, \
lmms-eval-pope, vlmevalkit, plain, ...), with commas between. Trap: the benchmark's own parser takes every \
answer without the words No, not or no before the first dot for a yes: \"NO\", \"There isn't\", \"None\" and \
the empty answer too. Source: Li and others, Evaluating Object Hallucination in Large Vision-Language \
Models, EMNLP 2023.";

/// What its data is, for people.
pub const DATA: &str = "a file of questions (JSON lines with question_id, image, text, label), a folder of \
such files, or a COCO-style annotation file or JSON lines with image and objects to build questions from; \
pictures beside it, or in --pictures";

const NAME: &str = "pope";

/// As in the paper: pictures that questions are built about, and objects of each that are asked about.
const PICTURES: usize = 500;
const OBJECTS: usize = 3;

/// The benchmark with its data.
#[derive(Debug)]
pub struct Pope {
    samples: Vec<Sample>,
    asked: Vec<Asked>,
    parser: Parser,
}

/// What is known of a question.
#[derive(Debug)]
struct Asked {
    category: String,
    picture: String,
    label: bool,
}

/// A question as the released files have it.
#[derive(Deserialize)]
struct Line {
    #[serde(deserialize_with = "data::name")]
    question_id: String,
    image: String,
    text: String,
    label: String,
}

const LINE: &str =
    r#"{"question_id": 1, "image": "a.jpg", "text": "Is there a dog in the image?", "label": "yes"}"#;
const OBJECT_LINE: &str = r#"{"image": "a.jpg", "objects": ["dog", "car"]}"#;

impl Pope {
    /// Reads questions, or builds them.
    ///
    /// # Errors
    /// When there is no data, it is in none of the formats, or the variant is unknown.
    pub fn open(source: &Source) -> Result<Self, EvalError> {
        let path = source.data(NAME, DATA)?;
        let strategies = Strategy::ALL.map(Strategy::name);
        let variant = Variant::read(NAME, source.variant.as_deref(), Parser::Pope, &strategies)?;
        let wanted = |category: &str| variant.words.is_empty() || variant.words.contains(&category);
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        let pictures = source.pictures.as_deref().unwrap_or(folder);
        let mut made = Self { samples: Vec::new(), asked: Vec::new(), parser: variant.parser };
        if path.is_dir() {
            for file in question_files(path)? {
                let category = category(&file);
                if wanted(&category) {
                    made.read(&file, &data::text(&file)?, &category, pictures)?;
                }
            }
        } else {
            let text = data::text(path)?;
            match annotated(path, &text)? {
                Some(annotated) => {
                    let strategies = Strategy::ALL.into_iter().filter(|strategy| wanted(strategy.name()));
                    made.build(&annotated, strategies, source.seed, pictures);
                }
                None => made.read(path, &text, &category(path), pictures)?,
            }
        }
        if made.samples.is_empty() {
            let message = "there are no questions of this variant, and no pictures to build them from: a \
                picture needs at least three objects";
            return Err(data::fault(path, None, message));
        }
        made.name_samples(path)?;
        Ok(made)
    }

    /// Adds the questions of a file.
    fn read(&mut self, path: &Path, text: &str, category: &str, pictures: &Path) -> Result<(), EvalError> {
        for (line, question) in data::records_in::<Line>(path, text, LINE)? {
            let label = match question.label.trim().to_lowercase().as_str() {
                "yes" => true,
                "no" => false,
                other => {
                    let id = &question.question_id;
                    let message = format!("question {id} has the label `{other}`; expected yes or no");
                    return Err(data::fault(path, line, message));
                }
            };
            self.ask(question.question_id, category, &question.image, question.text, label, pictures);
        }
        Ok(())
    }

    /// Adds questions about annotated pictures; a seed chooses the pictures where there are many, and objects.
    fn build(
        &mut self,
        annotated: &[Annotated],
        strategies: impl Iterator<Item = Strategy>,
        seed: u64,
        pictures: &Path,
    ) {
        let mut fit: Vec<usize> =
            (0..annotated.len()).filter(|place| annotated[*place].objects.len() >= OBJECTS).collect();
        Random::keyed(seed, "pope pictures").shuffle(&mut fit);
        fit.truncate(PICTURES);
        fit.sort_unstable();
        let chosen: Vec<Annotated> = fit.into_iter().map(|place| annotated[place].clone()).collect();
        for strategy in strategies {
            let mut random = Random::keyed(seed, strategy.name());
            let draw = |objects: &[&str]| random.below(objects.len());
            for question in questions(annotated, &chosen, strategy, OBJECTS, Article::Right, draw) {
                let id = question.question_id.to_string();
                self.ask(id, strategy.name(), &question.image, question.text, question.label, pictures);
            }
        }
    }

    fn ask(&mut self, id: String, category: &str, image: &str, text: String, label: bool, pictures: &Path) {
        let picture = Some(Picture::file(pictures.join(image)));
        self.samples.push(Sample { id, picture, task: Task::Question(text) });
        self.asked.push(Asked { category: category.to_owned(), picture: image.to_owned(), label });
    }

    /// Categories number their questions alike: where there are several, a sample's name has its category.
    fn name_samples(&mut self, path: &Path) -> Result<(), EvalError> {
        let several = self.categories().len() > 1;
        let mut names = HashSet::new();
        for (sample, asked) in self.samples.iter_mut().zip(&self.asked) {
            if several {
                sample.id = format!("{}/{}", asked.category, sample.id);
            }
            if !names.insert(sample.id.clone()) {
                let message = format!("two questions have the number `{}`; give each its own", sample.id);
                return Err(data::fault(path, None, message));
            }
        }
        Ok(())
    }

    /// The categories in the order in which they are asked.
    fn categories(&self) -> Vec<&str> {
        let mut categories: Vec<&str> = Vec::new();
        for asked in &self.asked {
            if !categories.contains(&asked.category.as_str()) {
                categories.push(&asked.category);
            }
        }
        categories
    }

    fn polls<'r>(&'r self, responses: &'r Responses) -> Vec<(&'r Sample, &'r str, Poll<'r>)> {
        let answered = self.samples.iter().zip(&self.asked).filter_map(|(sample, asked)| {
            let response = responses.get(&sample.id)?;
            let poll = Poll::new(self.parser, &asked.picture, asked.label, response);
            Some((sample, asked.category.as_str(), poll))
        });
        answered.collect()
    }
}

/// The files of questions in a folder, in the order of their names.
fn question_files(folder: &Path) -> Result<Vec<PathBuf>, EvalError> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(EvalError::file(folder, "read"))? {
        let path = entry.map_err(EvalError::file(folder, "read"))?.path();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if matches!(extension, "json" | "jsonl") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        let message = "there is no file of questions in this folder (*.json or *.jsonl)";
        return Err(data::fault(folder, None, message));
    }
    Ok(files)
}

/// The category that a file's name tells, else the name without its extension.
fn category(path: &Path) -> String {
    let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let known = Strategy::ALL.map(Strategy::name).into_iter().find(|known| name.contains(known));
    known.map_or(name, str::to_owned)
}

/// The pictures with their objects, where a file holds annotations and no questions.
fn annotated(path: &Path, text: &str) -> Result<Option<Vec<Annotated>>, EvalError> {
    #[derive(Deserialize)]
    struct First {
        objects: Option<serde::de::IgnoredAny>,
        annotations: Option<serde::de::IgnoredAny>,
    }
    // The first object tells the format: the whole of a COCO file, the first of a list or of several lines.
    let first = if text.trim_start().starts_with('[') {
        serde_json::from_str::<Vec<First>>(text).ok().and_then(|list| list.into_iter().next())
    } else {
        serde_json::Deserializer::from_str(text).into_iter().next().and_then(Result::ok)
    };
    let Some(first) = first else { return Ok(None) };
    if first.annotations.is_some() {
        return Ok(Some(objects(&Instances::read(path)?)));
    }
    if first.objects.is_none() {
        return Ok(None);
    }
    let mut records = data::records_in::<Annotated>(path, text, OBJECT_LINE)?;
    for (_, picture) in &mut records {
        let mut seen = HashSet::new();
        picture.objects.retain(|object| seen.insert(object.clone()));
    }
    Ok(Some(records.into_iter().map(|(_, picture)| picture).collect()))
}

/// Each picture's categories, in the order in which they were annotated.
fn objects(instances: &Instances) -> Vec<Annotated> {
    let names = instances.classes();
    let mut objects: HashMap<u64, Vec<String>> = HashMap::new();
    for instance in &instances.annotations {
        let Some(name) = names.get(&instance.category_id) else { continue };
        let objects = objects.entry(instance.image_id).or_default();
        if !objects.iter().any(|known| known == name) {
            objects.push((*name).to_owned());
        }
    }
    let pictures = instances.images.iter();
    let annotated = pictures.map(|image| Annotated {
        image: image.file_name.clone(),
        objects: objects.remove(&image.id).unwrap_or_default(),
    });
    annotated.collect()
}

impl Benchmark for Pope {
    fn name(&self) -> &'static str {
        NAME
    }

    fn samples(&self) -> &[Sample] {
        &self.samples
    }

    fn score(&self, responses: &Responses) -> Scores {
        let polls = self.polls(responses);
        let of = |category: Option<&str>| -> Vec<&Poll<'_>> {
            let fits = |own: &str| category.is_none_or(|wanted| own == wanted);
            polls.iter().filter(|(_, own, _)| fits(own)).map(|(_, _, poll)| poll).collect()
        };
        let mut rows: Vec<(&str, Vec<&Poll<'_>>)> =
            self.categories().into_iter().map(|category| (category, of(Some(category)))).collect();
        rows.retain(|(_, polls)| !polls.is_empty());
        if rows.len() != 1 {
            rows.push(("all", of(None)));
        }
        let mut table = Table::new("POPE", ["questions", "accuracy", "precision", "recall", "F1"]);
        for (name, polls) in &rows {
            table.row(
                *name,
                [
                    Cell::count(polls.len()),
                    polls::share(polls, Confusion::accuracy),
                    polls::share(polls, Confusion::precision),
                    polls::share(polls, Confusion::recall),
                    polls::share(polls, Confusion::f1),
                ],
            );
        }
        Scores { tables: vec![table, polls::hidden(&rows)], notes: vec![polls::parser_note(self.parser)] }
    }

    fn cases(&self, responses: &Responses) -> Vec<Case> {
        self.polls(responses).iter().map(|(sample, _, poll)| poll.case(sample)).collect()
    }
}
