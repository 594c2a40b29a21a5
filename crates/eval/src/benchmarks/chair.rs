//! CHAIR: objects that a description names and the picture does not have.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

use super::{
    coco::{self, Captions, Instances},
    short_answers::text_of,
};
use crate::{
    Benchmark, Case, Cell, EvalError, Responses, Sample, Scores, Table, Task, data,
    metrics::{
        bootstrap::{Resampling, interval},
        chair::{Counts, Extraction, GroundTruth, Lexicon, Mentions},
    },
};

/// What it measures, for people.
pub const ABOUT: &str = "Descriptions of pictures of COCO: which of the 80 classes they name although the picture has none. \
CHAIR-s is the share of descriptions with such an object, CHAIR-i the share of such objects among all named, recall the \
share of the pictures' objects that are named. A picture has the objects of its boxes and those its reference captions \
name, so both files are needed; without captions the numbers are worse than published ones. A description that says \
little hallucinates little: compare only at a like recall, which is in the first table, with the objects lost. Variants: \
`reference` (the default, the script of the papers), `mitigv` (a fork with other words and singulars, not comparable). \
Traps of the script: \"bus\" and \"ties\" never count, \"buses\" does; \"no dog\" and \"might be a dog\" name a dog; an orange \
shirt is an orange. Source: Rohrbach et al., EMNLP 2018.";

/// What its data is, for people.
pub const DATA: &str = "a folder with COCO's instances_*.json and captions_*.json, any number of each, and, where it is \
not the benchmark's own, synonyms.txt; the pictures there or in --pictures";

const PROMPT: &str = "Describe this image in detail.";

/// How many classes the table of the most hallucinated ones shows.
const SHOWN_CLASSES: usize = 10;

/// The benchmark with its data.
#[derive(Debug)]
pub struct Chair {
    samples: Vec<Sample>,
    /// One set a sample.
    objects: Vec<BTreeSet<String>>,
    lexicon: Lexicon,
    extraction: Extraction,
    without_captions: usize,
}

/// One description with what was found in it.
struct Judged<'b> {
    sample: &'b Sample,
    objects: &'b BTreeSet<String>,
    mentions: Mentions,
    counts: Counts,
    words: usize,
}

impl Chair {
    /// Reads the objects of the pictures in a folder.
    ///
    /// # Errors
    /// When a file is missing, can't be read or contradicts itself, a class has no words, or there is no such variant.
    pub fn open(folder: &Path, pictures: Option<&Path>, variant: Option<&str>) -> Result<Self, EvalError> {
        let extraction = variant.map_or(Ok(Extraction::default()), str::parse).map_err(EvalError::Unfit)?;
        if !folder.is_dir() {
            return Err(data::fault(folder, None, format!("this is no folder; expected {DATA}")));
        }
        let own = folder.join("synonyms.txt");
        let lexicon = if own.is_file() {
            Lexicon::of(&std::fs::read_to_string(&own).map_err(EvalError::file(&own, "read"))?)
        } else {
            Lexicon::coco().clone()
        };
        let instances = Instances::read(folder)?;
        let captions = if data::named(folder, "captions")?.is_empty() {
            Captions::default()
        } else {
            Captions::read(folder)?
        };
        let classes = instances.classes();
        let mut truth = GroundTruth::default();
        for instance in &instances.annotations {
            let class = classes.get(&instance.category_id).copied().unwrap_or_default();
            truth.add_object(instance.image_id, class, &lexicon).map_err(|message| {
                data::fault(
                    folder,
                    None,
                    format!("{message}, a category of the boxes; put a synonyms.txt with it here"),
                )
            })?;
        }
        for (picture, written) in &captions.of {
            for caption in written {
                truth.add_caption(*picture, caption, &lexicon, extraction);
            }
        }
        let images = instances.pictures();
        let samples = coco::samples(&images, pictures.unwrap_or(folder), &Task::Describe(PROMPT.to_owned()));
        Ok(Self {
            samples,
            objects: images.keys().map(|id| truth.of(*id).cloned().unwrap_or_default()).collect(),
            lexicon,
            extraction,
            without_captions: images.keys().filter(|id| !captions.of.contains_key(id)).count(),
        })
    }

    fn judged<'b>(&'b self, responses: &'b Responses) -> impl Iterator<Item = Judged<'b>> {
        self.samples.iter().zip(&self.objects).filter_map(|(sample, objects)| {
            let text = text_of(responses.get(&sample.id)?)?;
            let mentions = self.lexicon.mentions(text, self.extraction);
            let counts = Counts::of(&mentions, objects);
            Some(Judged { sample, objects, mentions, counts, words: text.split_whitespace().count() })
        })
    }
}

/// A number of CHAIR with what it is a share of.
type Share = (&'static str, fn(&Counts) -> Option<f64>, fn(&Counts) -> usize);

const SHARES: [Share; 4] = [
    ("CHAIR-s", Counts::chair_s, |counts| counts.captions),
    ("CHAIR-i", Counts::chair_i, |counts| counts.mentions),
    ("recall", Counts::recall, |counts| counts.objects),
    ("F1", Counts::f1, |counts| counts.objects + counts.named),
];

impl Benchmark for Chair {
    fn name(&self) -> &'static str {
        "chair"
    }

    fn samples(&self) -> &[Sample] {
        &self.samples
    }

    fn score(&self, responses: &Responses) -> Scores {
        let judged: Vec<Judged<'_>> = self.judged(responses).collect();
        let units: Vec<Counts> = judged.iter().map(|judged| judged.counts).collect();
        let all: Counts = units.iter().copied().sum();
        let mut table = Table::new("CHAIR", ["share", "of"]);
        for (name, share, whole) in SHARES {
            let interval = interval(&units, Resampling::default(), |drawn| {
                share(&drawn.iter().map(|counts| **counts).sum::<Counts>())
            });
            table.row(name, [Cell::Share { value: share(&all), interval }, Cell::count(whole(&all))]);
        }
        let each = |sum: usize| Cell::number(sum as f64 / units.len().max(1) as f64, 2);
        let mut facts = Table::new(
            "A description on average",
            ["words", "objects named", "hallucinated", "objects lost"],
        );
        facts.row(
            "all",
            [
                each(judged.iter().map(|judged| judged.words).sum()),
                each(all.mentions),
                each(all.hallucinated_mentions),
                each(all.objects - all.recalled),
            ],
        );
        let mut scores = Scores { tables: vec![table, facts], notes: Vec::new() };
        scores.tables.extend(worst_classes(&judged));
        let failed = responses.values().filter(|response| response.failure.is_some()).count();
        let silent = units.iter().filter(|counts| counts.mentions == 0).count();
        for (count, what) in [
            (failed, "pictures have no description and are left out of every number"),
            (silent, "descriptions name no object at all: they lower CHAIR-s and the recall"),
            (
                self.without_captions,
                "pictures have no reference captions: objects that only people mention count as hallucinated there",
            ),
        ] {
            if count > 0 {
                scores.notes.push(format!("{count} {what}"));
            }
        }
        scores
    }

    fn cases(&self, responses: &Responses) -> Vec<Case> {
        self.judged(responses)
            .filter_map(|judged| {
                let named: BTreeSet<&str> =
                    judged.mentions.objects.iter().map(|mention| mention.class.as_str()).collect();
                let faulty = judged.counts.hallucinated_mentions > 0;
                let mut details: Vec<String> = judged
                    .mentions
                    .objects
                    .iter()
                    .filter(|mention| !judged.objects.contains(&mention.class))
                    .map(|mention| {
                        format!("\u{2717} \"{}\" ({}) is not in the picture", mention.word, mention.class)
                    })
                    .collect();
                let lost: Vec<&str> = judged
                    .objects
                    .iter()
                    .map(String::as_str)
                    .filter(|class| !named.contains(class))
                    .collect();
                if !lost.is_empty() {
                    details.push(format!("not named: {}", lost.join(", ")));
                }
                Some(Case {
                    right: Some(judged.objects.iter().cloned().collect::<Vec<_>>().join(", ")),
                    outcome: if faulty { "hallucinated" } else { "true" }.to_owned(),
                    faulty,
                    details,
                    ..Case::plain(judged.sample, responses.get(&judged.sample.id)?)
                })
            })
            .collect()
    }
}

/// The classes that are hallucinated most, where any is.
fn worst_classes(judged: &[Judged<'_>]) -> Option<Table> {
    let mut classes: HashMap<&str, [usize; 2]> = HashMap::new();
    for one in judged {
        for mention in &one.mentions.objects {
            let [wrong, named] = classes.entry(&mention.class).or_default();
            *wrong += usize::from(!one.objects.contains(&mention.class));
            *named += 1;
        }
    }
    let mut ordered: BTreeMap<(std::cmp::Reverse<usize>, &str), usize> = BTreeMap::new();
    for (class, [wrong, named]) in classes.into_iter().filter(|(_, [wrong, _])| *wrong > 0) {
        ordered.insert((std::cmp::Reverse(wrong), class), named);
    }
    let mut table = Table::new("Hallucinated most", ["hallucinated", "named"]);
    for ((wrong, class), named) in ordered.into_iter().take(SHOWN_CLASSES) {
        table.row(class, [Cell::count(wrong.0), Cell::count(named)]);
    }
    (!table.rows.is_empty()).then_some(table)
}
