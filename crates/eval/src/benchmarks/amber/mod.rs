//! AMBER: questions about existence, attributes and relations, and descriptions scored by their nouns.

mod nouns;

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use serde::Deserialize;

use self::nouns::{Vectors, nouns};
use super::polls::{self, Poll, Variant};
use crate::{
    Benchmark, Case, Cell, EvalError, Picture, Responses, Sample, Scores, Table, Task,
    catalogue::Source,
    data,
    metrics::{
        amber::{Dimension, Named, Objects, ROWS, Vocabulary, named, rates},
        bootstrap::{Resampling, interval},
        yes_no::{Confusion, Parser},
    },
};

/// What it measures, for people.
pub const ABOUT: &str = "Two tasks. Questions about existence, attributes (state, number, action) and \
relations, with accuracy, precision, recall and F1; descriptions, with hallucinated nouns of all (CHAIR), \
objects covered (Cover), descriptions with a hallucination (Hal) and absent objects that people would expect \
(Cog). Also the yes-rate, right yes answers lost, and 95 % intervals over pictures. --variant names what is \
asked (discriminative, existence, attribute, relation, generative) and a parser of answers (amber, pope, \
plain, ...), with commas between. Traps: an answer must be Yes or No to the letter (\"No.\" is none); no is \
the positive class; every denominator starts at 0.001, and F1 is taken of rounded numbers. Questions meet \
the reference number for number; descriptions need relation.json, safe_words.txt and vectors.txt, and their \
nouns are found by the vocabulary instead of a tagger, so they come near the reference and no nearer. \
Source: Wang and others, AMBER: An LLM-free Multi-dimensional Benchmark for MLLMs Hallucination Evaluation, \
2023.";

/// What its data is, for people.
pub const DATA: &str = "the released data folder, with annotations.json and query/query_all.json (for \
descriptions also relation.json, safe_words.txt and, as an addition, vectors.txt); pictures in its folder \
image, or in --pictures";

const NAME: &str = "amber";

/// The reference's threshold for two words to mean the same.
const ALIKE: f32 = 0.8;

const PARTS: [&str; 5] = ["discriminative", "generative", "existence", "attribute", "relation"];

const QUERY: &str = r#"{"id": 1, "image": "AMBER_1.jpg", "query": "Describe this image."}"#;
const ANNOTATION: &str = r#"{"id": 1, "type": "relation", "truth": "yes"} or {"id": 2, "type": "generative", "truth": ["dog"], "hallu": []}"#;

/// What is asked about a picture.
#[derive(Deserialize)]
struct Query {
    #[serde(deserialize_with = "data::name")]
    id: String,
    image: String,
    #[serde(rename = "query")]
    text: String,
}

/// What is right.
#[derive(Deserialize)]
struct Annotation {
    #[serde(deserialize_with = "data::name")]
    id: String,
    #[serde(rename = "type")]
    kind: String,
    truth: Truth,
    #[serde(default)]
    hallu: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Truth {
    Label(String),
    Objects(Vec<String>),
}

/// What is known of a sample.
#[derive(Debug)]
enum Right {
    Label(Dimension, bool),
    Objects(Objects),
}

/// The benchmark with its data.
#[derive(Debug)]
pub struct Amber {
    samples: Vec<Sample>,
    /// With the picture's file.
    rights: Vec<(Right, String)>,
    parser: Parser,
    words: Option<Words>,
    notes: Vec<String>,
}

/// What is needed to score descriptions.
#[derive(Debug)]
struct Words {
    vocabulary: Vocabulary,
    vectors: Option<Vectors>,
}

impl Words {
    /// Reads the files of a folder; `None` where one of the two that are needed is missing.
    fn read(folder: &Path) -> Result<Option<Self>, EvalError> {
        let [relation, safe, vectors] =
            ["relation.json", "safe_words.txt", "vectors.txt"].map(|name| folder.join(name));
        if !relation.exists() || !safe.exists() {
            return Ok(None);
        }
        let expected = "an object of words, each with a list of words that mean it";
        let words: BTreeMap<String, Vec<String>> = data::json(&relation, expected)?;
        let safe = data::text(&safe)?;
        let vocabulary = Vocabulary::new(words, safe.lines().map(str::to_owned));
        let vectors = vectors.exists().then(|| Vectors::read(&vectors, &vocabulary)).transpose()?;
        Ok(Some(Self { vocabulary, vectors }))
    }

    fn named(&self, description: &str, objects: &Objects) -> Named {
        let alike = |one: &str, other: &str| match &self.vectors {
            Some(vectors) => vectors.alike(one, other, ALIKE),
            None => one == other,
        };
        named(&nouns(description, &self.vocabulary), objects, &self.vocabulary, alike)
    }

    fn notes(&self) -> Vec<String> {
        let vectors = match &self.vectors {
            Some(vectors) => format!("words are alike by vectors.txt, which knows {} of them", vectors.len()),
            None => "without vectors.txt no two words are alike, so synonyms that relation.json doesn't list count as \
                     hallucinated"
                .to_owned(),
        };
        let nouns = "nouns of descriptions are found by the vocabulary, not by a tagger: near the \
            reference, not equal";
        vec![nouns.to_owned(), vectors]
    }
}

impl Amber {
    /// Reads queries and annotations.
    ///
    /// # Errors
    /// When a file is missing or not in the format, a query has no annotation, or the variant is unknown.
    pub fn open(source: &Source) -> Result<Self, EvalError> {
        let folder = source.data(NAME, DATA)?;
        let variant = Variant::read(NAME, source.variant.as_deref(), Parser::Amber, &PARTS)?;
        let annotations_path = folder.join("annotations.json");
        let annotations: HashMap<String, (Option<usize>, Annotation)> =
            data::records::<Annotation>(&annotations_path, ANNOTATION)?
                .into_iter()
                .map(|(line, annotation)| (annotation.id.clone(), (line, annotation)))
                .collect();
        let words = Words::read(folder)?;
        let queries_path = match folder.join("query").join("query_all.json") {
            path if path.exists() => path,
            _ => folder.join("query_all.json"),
        };
        let pictures = source.pictures.clone().unwrap_or_else(|| folder.join("image"));
        let mut made = Self {
            samples: Vec::new(),
            rights: Vec::new(),
            parser: variant.parser,
            words,
            notes: Vec::new(),
        };
        let mut unscored = 0;
        let mut seen = std::collections::HashSet::new();
        for (line, query) in data::records::<Query>(&queries_path, QUERY)? {
            let fault =
                |message: &str| data::fault(&queries_path, line, format!("query {} {message}", query.id));
            if !seen.insert(query.id.clone()) {
                return Err(fault("is there twice"));
            }
            let (line, annotation) =
                annotations.get(&query.id).ok_or_else(|| fault("has no annotation in annotations.json"))?;
            let wanted = variant.words.is_empty() || variant.words.iter().any(|part| annotation.is_of(part));
            if !wanted {
                continue;
            }
            let right = annotation.right(&annotations_path, *line, made.words.as_ref())?;
            let Some(right) = right else {
                unscored += 1;
                continue;
            };
            let task = match right {
                Right::Label(..) => Task::Question(query.text),
                Right::Objects(_) => Task::Describe(query.text),
            };
            let picture = Some(Picture::file(pictures.join(&query.image)));
            made.samples.push(Sample { id: query.id, picture, task });
            made.rights.push((right, query.image));
        }
        if made.samples.is_empty() {
            let message = "nothing of this variant can be scored; descriptions need relation.json and \
                safe_words.txt beside annotations.json";
            return Err(data::fault(folder, None, message));
        }
        if unscored > 0 {
            made.notes.push(format!(
                "{unscored} descriptions are not asked for: relation.json or safe_words.txt is missing"
            ));
        }
        Ok(made)
    }

    fn polls<'r>(&'r self, responses: &'r Responses) -> Vec<(Dimension, Poll<'r>)> {
        let answered = self.samples.iter().zip(&self.rights).filter_map(|(sample, (right, picture))| {
            let Right::Label(dimension, label) = right else { return None };
            let response = responses.get(&sample.id)?;
            Some((*dimension, Poll::new(self.parser, picture, *label, response)))
        });
        answered.collect()
    }

    /// What each description named. A description that failed names nothing, and is left out.
    fn described(&self, responses: &Responses) -> Vec<Named> {
        let Some(words) = &self.words else { return Vec::new() };
        let described = self.samples.iter().zip(&self.rights).filter_map(|(sample, (right, _))| {
            let Right::Objects(objects) = right else { return None };
            let response = responses.get(&sample.id).filter(|response| response.failure.is_none())?;
            Some(words.named(&response.text, objects))
        });
        described.collect()
    }
}

impl Annotation {
    /// Whether it belongs to a part of the benchmark that a variant names.
    fn is_of(&self, part: &str) -> bool {
        let generative = self.kind == "generative";
        let dimension = Dimension::of(&self.kind);
        match part {
            "generative" => generative,
            _ if generative => false,
            "existence" => dimension == Dimension::Existence,
            "relation" => dimension == Dimension::Relation,
            "attribute" => matches!(dimension, Dimension::State | Dimension::Number | Dimension::Action),
            _ => true,
        }
    }

    /// What is right; `None` for a description that can't be scored.
    fn right(
        &self,
        path: &Path,
        line: Option<usize>,
        words: Option<&Words>,
    ) -> Result<Option<Right>, EvalError> {
        let fault = |message: String| data::fault(path, line, format!("annotation {} {message}", self.id));
        match (&self.truth, self.kind == "generative") {
            (Truth::Label(label), false) => match label.as_str() {
                "yes" => Ok(Some(Right::Label(Dimension::of(&self.kind), true))),
                "no" => Ok(Some(Right::Label(Dimension::of(&self.kind), false))),
                other => Err(fault(format!("has the truth `{other}`; expected yes or no"))),
            },
            (Truth::Objects(truth), true) => {
                let Some(words) = words else { return Ok(None) };
                let unknown = truth.iter().chain(&self.hallu).find(|object| !words.vocabulary.names(object));
                if let Some(unknown) = unknown {
                    return Err(fault(format!("names `{unknown}`, which relation.json doesn't have")));
                }
                Ok(Some(Right::Objects(Objects { truth: truth.clone(), likely: self.hallu.clone() })))
            }
            (Truth::Label(_), true) => Err(fault("is generative and needs a list of objects".to_owned())),
            (Truth::Objects(_), false) => Err(fault(format!("of type `{}` needs yes or no", self.kind))),
        }
    }
}

/// The tables of the questions.
fn question_tables(polls: &[(Dimension, Poll<'_>)]) -> [Table; 2] {
    let columns = ["questions", "accuracy", "precision", "recall", "F1", "accuracy, interval"];
    let mut table = Table::new("AMBER, questions", columns);
    let mut rows: Vec<(&str, Vec<&Poll<'_>>)> = Vec::new();
    for (name, dimensions) in ROWS {
        let of: Vec<&Poll<'_>> = polls
            .iter()
            .filter(|(dimension, _)| dimensions.contains(dimension))
            .map(|(_, poll)| poll)
            .collect();
        if of.is_empty() {
            continue;
        }
        let rates = rates(&polls::confusion(&of), dimensions);
        table.row(
            name,
            [
                Cell::count(of.len()),
                Cell::number(rates.accuracy, 1),
                Cell::number(rates.precision, 1),
                Cell::number(rates.recall, 1),
                Cell::number(rates.f1, 1),
                polls::share(&of, Confusion::accuracy),
            ],
        );
        rows.push((name, of));
    }
    [table, polls::hidden(&rows)]
}

fn description_table(described: &[Named]) -> Table {
    let sum = |all: &[&Named]| {
        let mut sum = Named::default();
        all.iter().for_each(|named| sum += **named);
        sum
    };
    let all = sum(&described.iter().collect::<Vec<_>>());
    let with_interval = |of: fn(&Named) -> [usize; 2]| {
        let share = |named: &[&Named]| {
            let [part, whole] = of(&sum(named));
            (whole > 0).then(|| part as f64 / whole as f64)
        };
        let [part, whole] = of(&all);
        Cell::Share {
            value: (whole > 0).then(|| part as f64 / whole as f64),
            interval: interval(described, Resampling::default(), share),
        }
    };
    let rates = all.rates();
    let mut table = Table::new("AMBER, descriptions", ["CHAIR", "Cover", "Hal", "Cog"]);
    table.row(
        "as AMBER prints them",
        [rates.chair, rates.cover, rates.hal, rates.cog].map(|rate| Cell::number(rate, 1)),
    );
    table.row(
        "with intervals",
        [
            with_interval(|named| [named.hallucinated, named.nouns]),
            with_interval(|named| [named.covered, named.objects]),
            with_interval(|named| [named.descriptions - named.clean, named.descriptions]),
            with_interval(|named| [named.expected, named.expectable]),
        ],
    );
    table
}

impl Benchmark for Amber {
    fn name(&self) -> &'static str {
        NAME
    }

    fn samples(&self) -> &[Sample] {
        &self.samples
    }

    fn score(&self, responses: &Responses) -> Scores {
        let mut scores = Scores { tables: Vec::new(), notes: self.notes.clone() };
        let polls = self.polls(responses);
        if !polls.is_empty() {
            scores.tables.extend(question_tables(&polls));
            scores.notes.push(polls::parser_note(self.parser));
        }
        let described = self.described(responses);
        if !described.is_empty() {
            scores.tables.push(description_table(&described));
            scores.notes.extend(self.words.iter().flat_map(Words::notes));
        }
        scores
    }

    fn cases(&self, responses: &Responses) -> Vec<Case> {
        self.samples
            .iter()
            .zip(&self.rights)
            .filter_map(|(sample, (right, picture))| {
                Some((sample, right, picture, responses.get(&sample.id)?))
            })
            .map(|(sample, right, picture, response)| match (right, &self.words) {
                (Right::Label(_, label), _) => Poll::new(self.parser, picture, *label, response).case(sample),
                (Right::Objects(objects), Some(words)) if response.failure.is_none() => {
                    let named = words.named(&response.text, objects);
                    Case {
                        outcome: if named.clean == 1 { "clean" } else { "hallucinated" }.to_owned(),
                        faulty: named.clean == 0,
                        details: vec![
                            format!("{} of {} nouns hallucinated", named.hallucinated, named.nouns),
                            format!("{} of {} objects named", named.covered, named.objects),
                        ],
                        ..Case::plain(sample, response)
                    }
                }
                (Right::Objects(_), _) => Case::plain(sample, response),
            })
            .collect()
    }
}
