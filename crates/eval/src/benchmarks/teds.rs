//! TEDS: tables read off pictures as HTML.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::Deserialize;

use super::short_answers::{mean_of, text_of};
use crate::{
    Benchmark, Case, Cell, EvalError, Picture, Responses, Sample, Scores, Table, Task, data,
    metrics::teds::{Compared, teds, wrapped},
};

/// What it measures, for people.
pub const ABOUT: &str = "Pictures of tables to be written as HTML, compared as trees: 1 less the edit distance of the trees by \
the number of nodes of the larger. Variants: `all` (the default, PubTabNet's script), `structure` (texts of cells left \
out), `lenient` (a code fence or words around the answer's table are taken off and a bare table is put into a document). \
Traps: in the script the text of header cells (th) counts for nothing, a bare <table> without html and body scores 0, and \
only the first table counts; the package table-recognition-metric counts one node more and gives other numbers. Source: \
Zhong et al., Image-based table recognition, 2020.";

/// What its data is, for people.
pub const DATA: &str = "PubTabNet's JSON of ground truth ({\"FILE.png\": {\"html\": ...}}) or a list of {id, image, html}, the \
pictures beside it or in --pictures";

const FORMAT: &str = "{\"FILE.png\": {\"html\": \"<html>...\"}} or [{\"id\", \"image\", \"html\"}, ...]";

const PROMPT: &str = "Write the table in this picture as HTML: <html><body><table> with <tr>, <td>, colspan and rowspan. \
Write the HTML alone.";

/// How tables are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Variant {
    /// As the script does.
    #[default]
    All,
    /// Structure alone.
    Structure,
    /// With what models write around a table taken off.
    Lenient,
}

impl FromStr for Variant {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Ok(match name {
            "all" => Self::All,
            "structure" => Self::Structure,
            "lenient" => Self::Lenient,
            other => {
                return Err(format!("teds has no variant `{other}`; there are: all, structure, lenient"));
            }
        })
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Tables {
    ByFile(BTreeMap<String, Html>),
    List(Vec<Listed>),
}

#[derive(Deserialize)]
struct Html {
    html: String,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(default, deserialize_with = "data::some_name")]
    id: Option<String>,
    #[serde(alias = "filename", alias = "file_name")]
    image: String,
    html: String,
}

/// The benchmark with its data.
#[derive(Debug)]
pub struct Teds {
    samples: Vec<Sample>,
    tables: Vec<String>,
    variant: Variant,
}

impl Teds {
    /// Reads a file of tables, or the only one of a folder.
    ///
    /// # Errors
    /// When it can't be read, is not in the format, a table in it is none, or there is no such variant.
    pub fn open(data: &Path, pictures: Option<&Path>, variant: Option<&str>) -> Result<Self, EvalError> {
        let variant = variant.map_or(Ok(Variant::default()), str::parse).map_err(EvalError::Unfit)?;
        let path: PathBuf = data::only(data, FORMAT)?;
        let folder = data::beside(data, pictures);
        let listed: Vec<Listed> = match data::json(&path, FORMAT)? {
            Tables::List(listed) => listed,
            Tables::ByFile(tables) => tables
                .into_iter()
                .map(|(image, table)| Listed { id: Some(image.clone()), image, html: table.html })
                .collect(),
        };
        let (mut samples, mut tables) = (Vec::new(), Vec::new());
        let mut seen = std::collections::HashSet::new();
        for table in listed {
            let id = table.id.unwrap_or_else(|| table.image.clone());
            let html = wrapped(&table.html);
            if teds(&html, &html, Compared::All) < 1.0 {
                return Err(data::fault(
                    &path,
                    None,
                    format!(
                        "the `html` of `{id}` has no table directly in its body; give it one to be compared with"
                    ),
                ));
            }
            if !seen.insert(id.clone()) {
                return Err(data::fault(
                    &path,
                    None,
                    format!("`{id}` is there twice; each table needs its own `id`"),
                ));
            }
            samples.push(Sample {
                id,
                picture: Some(Picture::file(folder.join(&table.image))),
                task: Task::Question(PROMPT.to_owned()),
            });
            tables.push(html);
        }
        Ok(Self { samples, tables, variant })
    }

    fn score_of(&self, table: &str, text: &str) -> f64 {
        match self.variant {
            Variant::All => teds(table, text, Compared::All),
            Variant::Structure => teds(table, text, Compared::Structure),
            Variant::Lenient => table_in(text).map_or(0.0, |read| teds(table, &wrapped(read), Compared::All)),
        }
    }
}

/// The part of an answer from its first table's start to its last one's end.
fn table_in(text: &str) -> Option<&str> {
    let small = text.to_ascii_lowercase();
    let start = small.find("<table")?;
    let end = small.rfind("</table>").map_or(text.len(), |place| place + "</table>".len());
    text.get(start..end.max(start))
}

impl Benchmark for Teds {
    fn name(&self) -> &'static str {
        "teds"
    }

    fn samples(&self) -> &[Sample] {
        &self.samples
    }

    fn score(&self, responses: &Responses) -> Scores {
        let (mut scored, mut tableless, mut outside) = (Vec::new(), 0, 0);
        for (sample, table) in self.samples.iter().zip(&self.tables) {
            let Some(response) = responses.get(&sample.id) else { continue };
            let text = text_of(response).unwrap_or_default();
            let score = self.score_of(table, text);
            let has_table = table_in(text).is_some();
            tableless += usize::from(!has_table);
            outside += usize::from(has_table && teds(text, text, Compared::Structure) == 0.0);
            scored.push((sample, score));
        }
        let (value, interval) = mean_of(scored.iter().copied());
        let same = scored.iter().filter(|(_, score)| *score >= 1.0).count();
        let mut table = Table::new("TEDS", ["TEDS", "the same", "no table", "table out of place", "tables"]);
        table.row(
            "all",
            [
                Cell::Share { value, interval },
                Cell::share(same, scored.len()),
                Cell::count(tableless),
                Cell::count(outside),
                Cell::count(scored.len()),
            ],
        );
        let notes = (outside > 0 && self.variant != Variant::Lenient).then(|| {
            format!(
                "{outside} answers have a table that is not directly in the body of a document and score 0, as in the \
                 reference; --variant lenient takes off what is around it"
            )
        });
        Scores { tables: vec![table], notes: notes.into_iter().collect() }
    }

    fn cases(&self, responses: &Responses) -> Vec<Case> {
        let pairs = self.samples.iter().zip(&self.tables);
        pairs
            .filter_map(|(sample, table)| Some((sample, table, responses.get(&sample.id)?)))
            .map(|(sample, table, response)| {
                let score = self.score_of(table, text_of(response).unwrap_or_default());
                Case {
                    right: Some(table.clone()),
                    outcome: format!("{:.1} %", 100.0 * score),
                    faulty: score < 1.0,
                    ..Case::plain(sample, response)
                }
            })
            .collect()
    }
}
