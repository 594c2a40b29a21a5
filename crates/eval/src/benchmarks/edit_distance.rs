//! Edit distance: the text of pages, read off their pictures.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

use super::short_answers::text_of;
use crate::{
    Benchmark, Case, Cell, EvalError, Picture, Responses, Sample, Scores, Table, Task, data,
    metrics::{
        bootstrap::{Resampling, interval},
        edit_distance::{Edits, page_mean},
    },
};

/// What it measures, for people.
pub const ABOUT: &str = "The text of pages or parts of pages, read off their pictures, by edit distance: 0 is right, 1 has \
nothing in common. As OmniDocBench counts: of a pair, the distance by the length of the longer text; of a page, the sum \
of the distances by the sum of the lengths; of all, the mean over the pages, so that a short page weighs as much as a long \
one. Traps: a page without text on both sides does not count; nothing is normalised, so two blanks for one cost an edit; \
a text that goes on and on costs at most 1. Source: Ouyang et al., OmniDocBench, CVPR 2025.";

/// What its data is, for people.
pub const DATA: &str = "a JSON file with a list of {id, image, text} and, where several are of one page, `page`; with `kind` \
where kinds of text are told apart; pictures beside it or in --pictures";

const FORMAT: &str = "[{\"id\", \"image\", \"text\", \"page\", \"kind\"}, ...]";

const PROMPT: &str = "Write down all text in this picture, in reading order. Write the text alone.";

#[derive(Debug, Deserialize)]
struct Item {
    #[serde(deserialize_with = "data::name")]
    id: String,
    #[serde(alias = "image_path", alias = "img")]
    image: Option<String>,
    #[serde(alias = "gt")]
    text: String,
    #[serde(default, deserialize_with = "data::some_name")]
    page: Option<String>,
    #[serde(default)]
    kind: Option<String>,
}

/// The benchmark with its data.
#[derive(Debug)]
pub struct EditDistance {
    samples: Vec<Sample>,
    items: Vec<Item>,
}

impl EditDistance {
    /// Reads a file of texts, or the only one of a folder.
    ///
    /// # Errors
    /// When it can't be read or is not in the format.
    pub fn open(data: &Path, pictures: Option<&Path>) -> Result<Self, EvalError> {
        let path = data::only(data, FORMAT)?;
        let folder = data::beside(data, pictures);
        let items: Vec<Item> = data::json(&path, FORMAT)?;
        let mut seen = std::collections::HashSet::new();
        if let Some(twice) = items.iter().find(|item| !seen.insert(item.id.clone())) {
            let message = format!("`{}` is there twice; each text needs its own `id`", twice.id);
            return Err(data::fault(&path, None, message));
        }
        let samples = items.iter().map(|item| Sample {
            id: item.id.clone(),
            picture: item.image.as_ref().map(|image| Picture::file(folder.join(image))),
            task: Task::Question(PROMPT.to_owned()),
        });
        Ok(Self { samples: samples.collect(), items })
    }
}

impl Benchmark for EditDistance {
    fn name(&self) -> &'static str {
        "edit-distance"
    }

    fn samples(&self) -> &[Sample] {
        &self.samples
    }

    fn score(&self, responses: &Responses) -> Scores {
        let mut kinds: BTreeMap<Option<&str>, BTreeMap<&str, Edits>> = BTreeMap::new();
        let (mut unread, mut textless) = (0, 0);
        for item in &self.items {
            let Some(response) = responses.get(&item.id) else { continue };
            let text = text_of(response).unwrap_or_default();
            let edits = Edits::between(&item.text, text);
            unread += usize::from(text.trim().is_empty() && !item.text.trim().is_empty());
            textless += usize::from(edits.length == 0);
            let page = item.page.as_deref().unwrap_or(&item.id);
            for kind in [None, item.kind.as_deref()].into_iter().take(1 + usize::from(item.kind.is_some())) {
                let sum = kinds.entry(kind).or_default().entry(page).or_default();
                *sum = *sum + edits;
            }
        }
        let mut table =
            Table::new("Edit distance", ["mean of pages", "95 % interval", "of all characters", "pages"]);
        for (kind, pages) in &kinds {
            let pages: Vec<Edits> = pages.values().copied().collect();
            let number =
                |value: Option<f64>| value.map_or_else(|| Cell::text("-"), |value| Cell::number(value, 4));
            let bounds =
                interval(&pages, Resampling::default(), |drawn| page_mean(drawn.iter().map(|page| **page)));
            table.row(
                kind.unwrap_or("all"),
                [
                    number(page_mean(pages.iter().copied())),
                    Cell::text(bounds.map_or("-".into(), |[low, high]| format!("{low:.4} to {high:.4}"))),
                    number(pages.iter().copied().sum::<Edits>().normalised()),
                    Cell::count(pages.iter().filter(|page| page.length > 0).count()),
                ],
            );
        }
        let notes = [
            (unread, "texts have no answer: each costs its whole length"),
            (textless, "texts are empty on both sides and count for nothing"),
        ];
        let notes =
            notes.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        Scores { tables: vec![table], notes: notes.collect() }
    }

    fn cases(&self, responses: &Responses) -> Vec<Case> {
        let pairs = self.samples.iter().zip(&self.items);
        pairs
            .filter_map(|(sample, item)| Some((sample, item, responses.get(&sample.id)?)))
            .map(|(sample, item, response)| {
                let edits = Edits::between(&item.text, text_of(response).unwrap_or_default());
                Case {
                    right: Some(item.text.clone()),
                    outcome: format!("{} edits", edits.edits),
                    faulty: edits.edits > 0,
                    ..Case::plain(sample, response)
                }
            })
            .collect()
    }
}
