//! What benchmarks of short answers share: their file, and how it becomes samples.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{Case, EvalError, Picture, Response, Responses, Sample, Task, data, metrics::bootstrap};

/// How answers are asked for, after the question.
const BRIEFLY: &str = "Answer with a single word or phrase.";

const FORMAT: &str = "a list of questions, or {\"data\": [...]} or {\"questions\": [...]}; each has `questionId`, \
    `question`, `image` and `answers` (docs/eval.md)";

/// A question with its right answers.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Item {
    #[serde(default, alias = "questionId", alias = "question_id", deserialize_with = "data::some_name")]
    pub(super) id: Option<String>,
    #[serde(alias = "query")]
    pub(super) question: String,
    /// A file name, or the number of a picture of COCO.
    #[serde(
        default,
        alias = "image_path",
        alias = "image_local_name",
        alias = "imgname",
        alias = "file_name",
        deserialize_with = "data::some_name"
    )]
    image: Option<String>,
    #[serde(default, deserialize_with = "data::some_name")]
    image_id: Option<String>,
    #[serde(default, alias = "label", alias = "answer", deserialize_with = "data::answers")]
    pub(super) answers: Vec<String>,
    #[serde(
        default,
        alias = "type",
        alias = "answer_type",
        alias = "human_or_machine",
        deserialize_with = "data::some_name"
    )]
    pub(super) category: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Items {
    List(Vec<Item>),
    Wrapped {
        #[serde(alias = "questions")]
        data: Vec<Item>,
    },
}

/// Answers of people by question, from a file of their own.
#[derive(Deserialize)]
struct Annotations {
    annotations: Vec<Annotation>,
}

#[derive(Deserialize)]
struct Annotation {
    #[serde(deserialize_with = "data::name")]
    question_id: String,
    #[serde(deserialize_with = "data::answers")]
    answers: Vec<String>,
    #[serde(default)]
    answer_type: Option<String>,
}

/// Questions with right answers, and the samples that put them.
#[derive(Debug)]
pub(super) struct ShortAnswers {
    pub(super) samples: Vec<Sample>,
    pub(super) items: Vec<Item>,
}

impl ShortAnswers {
    /// Reads a file, or a folder with one file, or a folder with `*questions*.json` and `*annotations*.json`.
    pub(super) fn open(data: &Path, pictures: Option<&Path>, briefly: bool) -> Result<Self, EvalError> {
        let (path, annotations) = places(data)?;
        let items: Items = data::json(&path, FORMAT).map_err(|error| readable(error, &path))?;
        let (Items::List(mut items) | Items::Wrapped { data: mut items }) = items;
        if let Some(annotations) = annotations {
            annotate(&mut items, &annotations, &path)?;
        }
        let folder = data::beside(data, pictures);
        let listing = Listing::default();
        let mut seen = HashSet::new();
        let mut samples = Vec::new();
        for (place, item) in items.iter().enumerate() {
            let id = item.id.clone().unwrap_or_else(|| format!("{place:05}"));
            let here = |message: &str| {
                data::fault(&path, None, format!("question {} (`{id}`) {message}", place + 1))
            };
            if item.answers.is_empty() {
                return Err(here("has no answers; give it `answers`, or take the split that has them"));
            }
            let picture = item
                .picture(&folder, &listing)
                .ok_or_else(|| here("names no picture: `image` or `image_id`"))?;
            if !seen.insert(id.clone()) {
                return Err(here("has the name of another; each needs its own `questionId`"));
            }
            let question = item.question.trim();
            let asked = if briefly { format!("{question}\n{BRIEFLY}") } else { question.to_owned() };
            samples.push(Sample { id, picture: Some(Picture::file(picture)), task: Task::Question(asked) });
        }
        Ok(Self { samples, items })
    }

    /// Each question that has a response, with that response.
    pub(super) fn answered<'s>(
        &'s self,
        responses: &'s Responses,
    ) -> impl Iterator<Item = (&'s Sample, &'s Item, &'s Response)> {
        let pairs = self.samples.iter().zip(&self.items);
        pairs.filter_map(|(sample, item)| Some((sample, item, responses.get(&sample.id)?)))
    }

    /// The cases of a benchmark that gives each answer a score of 0 to 1.
    pub(super) fn cases(&self, responses: &Responses, score: impl Fn(&Item, &str) -> f64) -> Vec<Case> {
        self.answered(responses)
            .map(|(sample, item, response)| {
                let score = text_of(response).map_or(0.0, |text| score(item, text));
                let mut right = item.answers.clone();
                right.dedup();
                Case {
                    right: Some(right.join(" | ")),
                    outcome: if score >= 1.0 { "right".into() } else { format!("{:.0} %", 100.0 * score) },
                    faulty: score < 1.0,
                    ..Case::plain(sample, response)
                }
            })
            .collect()
    }
}

/// The text of a response that did not fail.
pub(super) fn text_of(response: &Response) -> Option<&str> {
    response.failure.is_none().then_some(response.text.as_str())
}

/// A mean with its interval over pictures: what is asked of one picture stands or falls together.
pub(super) fn mean_of<'s>(
    scored: impl IntoIterator<Item = (&'s Sample, f64)>,
) -> (Option<f64>, Option<[f64; 2]>) {
    let mut pictures: std::collections::BTreeMap<&str, (f64, usize)> = std::collections::BTreeMap::new();
    for (sample, score) in scored {
        let name = sample.picture.as_ref().map_or(sample.id.as_str(), Picture::name);
        let (sum, count) = pictures.entry(name).or_default();
        *sum += score;
        *count += 1;
    }
    let units: Vec<(f64, usize)> = pictures.into_values().collect();
    let mean = |units: &[&(f64, usize)]| {
        let (sum, count) = units.iter().fold((0.0, 0), |(sum, count), unit| (sum + unit.0, count + unit.1));
        (count > 0).then(|| sum / count as f64)
    };
    let all: Vec<&(f64, usize)> = units.iter().collect();
    (mean(&all), bootstrap::interval(&units, bootstrap::Resampling::default(), mean))
}

/// An untagged enum tells nothing of what is wrong inside; reading it again as the likelier form does.
fn readable(error: EvalError, path: &Path) -> EvalError {
    #[derive(Deserialize)]
    struct Wrapped {
        #[serde(alias = "questions")]
        #[expect(dead_code, reason = "read for its error alone")]
        data: Vec<Item>,
    }
    let is_list = std::fs::read_to_string(path).is_ok_and(|text| text.trim_start().starts_with('['));
    let again = if is_list {
        data::json::<Vec<Item>>(path, FORMAT).err()
    } else {
        data::json::<Wrapped>(path, FORMAT).err()
    };
    again.unwrap_or(error)
}

/// The file of questions, and that of answers where it is another.
fn places(data: &Path) -> Result<(PathBuf, Option<PathBuf>), EvalError> {
    if data.is_dir() {
        let (mut questions, mut annotations) =
            (data::named(data, "questions")?, data::named(data, "annotations")?);
        if let (Some(questions), Some(annotations), true, true) =
            (questions.pop(), annotations.pop(), questions.is_empty(), annotations.is_empty())
        {
            return Ok((questions, Some(annotations)));
        }
    }
    Ok((data::only(data, FORMAT)?, None))
}

fn annotate(items: &mut [Item], annotations: &Path, questions: &Path) -> Result<(), EvalError> {
    let read: Annotations =
        data::json(annotations, "{\"annotations\": [{\"question_id\", \"answers\"}, ...]}")?;
    let mut by_question: HashMap<String, Annotation> =
        read.annotations.into_iter().map(|annotation| (annotation.question_id.clone(), annotation)).collect();
    for item in items {
        let id = item.id.clone().ok_or_else(|| {
            data::fault(questions, None, "a question has no `question_id`, which its answers are found by")
        })?;
        let annotation = by_question.remove(&id).ok_or_else(|| {
            let message = format!("question `{id}` has no answers there; take the files of one split");
            data::fault(annotations, None, message)
        })?;
        item.answers = annotation.answers;
        item.category = annotation.answer_type.or(item.category.take());
    }
    Ok(())
}

impl Item {
    /// Its picture: the file named, or the file of a folder whose name ends with the number.
    fn picture(&self, folder: &Path, listing: &Listing) -> Option<PathBuf> {
        if let Some(image) = &self.image {
            return Some(folder.join(image));
        }
        let id = self.image_id.as_ref()?;
        Some(listing.find(folder, id).unwrap_or_else(|| folder.join(format!("{id}.jpg"))))
    }
}

/// The pictures of a folder, listed once.
#[derive(Default)]
struct Listing(std::cell::OnceCell<HashMap<String, PathBuf>>);

impl Listing {
    /// The file `ID.*`, or the one whose name ends with the number in twelve digits, as COCO names its pictures.
    fn find(&self, folder: &Path, id: &str) -> Option<PathBuf> {
        let files = self.0.get_or_init(|| {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let named = entries.filter_map(|entry| {
                let path = entry.path();
                let stem = path.file_stem()?.to_str()?;
                let number = stem.rsplit('_').next().filter(|number| number.len() == 12);
                Some((number.unwrap_or(stem).to_owned(), path.clone()))
            });
            named.collect()
        });
        let padded = || id.parse::<u64>().ok().map(|number| format!("{number:012}"));
        files.get(id).or_else(|| files.get(&padded()?)).cloned()
    }
}
