//! COCO AP: the detector, or another program's detections.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

use lavr_types::{Vocabulary, perception::Detection};

use super::coco::{self, Instances};
use crate::{
    Benchmark, Case, Cell, EvalError, Response, Responses, Sample, Scores, Table, Task, data,
    metrics::{
        bootstrap::{Resampling, interval},
        detection::{Found, Matches, Picture, Range, Summary, Truth},
    },
};

/// What it measures, for people.
pub const ABOUT: &str = "Boxes of objects in pictures of COCO, or of any data in its format: average precision over ten \
thresholds of overlap (AP, AP50, AP75), by size, average recall with at most 1, 10, 100 boxes a picture, and each class. \
Runs the program's detector, or scores another program's boxes (--answers with COCO's results, [{image_id, category_id, \
bbox, score}], or JSON lines with `objects`). Traps: what lies in a crowd costs nothing; classes without an object in the \
run are left out of the mean, so a few pictures say little; the order of equal scores matters. A picture whose detection \
failed counts as one without boxes. Source: Lin et al., 2014; pycocotools.";

/// What its data is, for people.
pub const DATA: &str =
    "COCO's instances_*.json (a file, or a folder with any number), the pictures beside it or in --pictures";

/// So many objects of a class count in a picture.
const MOST: usize = 100;

/// The work that an interval may cost, in objects counted.
const INTERVAL_WORK: usize = 200_000_000;

/// How many labels that are no category a note names.
const SHOWN_LABELS: usize = 8;

/// How labels of COCO results, which are numbers, stand in a response.
pub(crate) const NUMBERED: char = '#';

/// The benchmark with its data.
#[derive(Debug)]
pub struct CocoAp {
    samples: Vec<Sample>,
    /// One list a sample.
    truth: Vec<Vec<Truth>>,
    /// Names by number.
    classes: BTreeMap<u64, String>,
    /// Numbers by the labels that a detector may give.
    labels: HashMap<String, u64>,
}

impl CocoAp {
    /// Reads the boxes of the pictures.
    ///
    /// # Errors
    /// When there are none, they can't be read or contradict themselves.
    pub fn open(data: &Path, pictures: Option<&Path>) -> Result<Self, EvalError> {
        let instances = Instances::read(data)?;
        let images = instances.pictures();
        let mut truth: BTreeMap<u64, Vec<Truth>> = images.keys().map(|id| (*id, Vec::new())).collect();
        for (place, instance) in instances.annotations.iter().enumerate() {
            let bounds = instance
                .bbox
                .filter(|bounds| bounds.iter().all(|side| side.is_finite()))
                .ok_or_else(|| {
                    data::fault(data, None, format!("annotation {} has no `bbox` of four numbers", place + 1))
                })?;
            if let Some(truth) = truth.get_mut(&instance.image_id) {
                truth.push(Truth {
                    class: instance.category_id,
                    bounds,
                    area: instance.area.unwrap_or(bounds[2] * bounds[3]),
                    crowd: instance.iscrowd != 0,
                });
            }
        }
        let classes: BTreeMap<u64, String> =
            instances.categories.iter().map(|category| (category.id, category.name.clone())).collect();
        let mut labels = HashMap::new();
        for (number, name) in &classes {
            // Another word for the class, where the detector has one; the class's own name wins over it.
            for label in Vocabulary::builtin().labels_for(name) {
                labels.entry(label.to_lowercase()).or_insert(*number);
            }
        }
        for (number, name) in &classes {
            labels.insert(name.to_lowercase(), *number);
            labels.insert(format!("{NUMBERED}{number}"), *number);
        }
        let folder = data::beside(data, pictures);
        let samples = coco::samples(&images, &folder, &Task::Detect);
        Ok(Self { samples, truth: truth.into_values().collect(), classes, labels })
    }

    fn class(&self, detection: &Detection) -> Option<u64> {
        self.labels.get(&detection.label.to_lowercase()).copied()
    }

    fn found(&self, response: &Response) -> Vec<Found> {
        let known = response.objects.iter().filter_map(|detection| {
            let bounds = detection.bounds;
            Some(Found {
                class: self.class(detection)?,
                bounds: [bounds.left, bounds.top, bounds.width(), bounds.height()],
                score: f64::from(detection.score),
            })
        });
        known.collect()
    }

    fn pictures(&self, responses: &Responses) -> Vec<Picture> {
        let pairs = self.samples.iter().zip(&self.truth);
        pairs
            .filter_map(|(sample, truth)| Some((truth, responses.get(&sample.id)?)))
            .map(|(truth, response)| Picture { truth: truth.clone(), found: self.found(response) })
            .collect()
    }
}

fn share(value: Option<f64>) -> Cell {
    Cell::Share { value, interval: None }
}

/// A number with its interval over pictures.
fn with_interval(matches: &Matches, of: impl Fn(&Summary) -> Option<f64>) -> Cell {
    let work = matches.found().max(1);
    let resampling = Resampling {
        times: (INTERVAL_WORK / work).clamp(100, Resampling::default().times),
        ..Resampling::default()
    };
    let units: Vec<usize> = (0..matches.pictures()).collect();
    let interval = interval(&units, resampling, |drawn| {
        let mut times = vec![0; units.len()];
        drawn.iter().for_each(|place| times[**place] += 1);
        of(&matches.drawn(MOST, &times))
    });
    Cell::Share { value: of(&matches.summary(MOST)), interval }
}

impl Benchmark for CocoAp {
    fn name(&self) -> &'static str {
        "coco-ap"
    }

    fn samples(&self) -> &[Sample] {
        &self.samples
    }

    fn score(&self, responses: &Responses) -> Scores {
        let pictures = self.pictures(responses);
        let numbers: Vec<u64> = self.classes.keys().copied().collect();
        let [all, small, medium, large] = Range::ALL.map(|range| Matches::new(&pictures, &numbers, range));
        let whole = all.summary(MOST);
        let mut precision = Table::new("Average precision", ["share"]);
        precision.row("AP", [with_interval(&all, Summary::precision)]);
        precision.row("AP50", [with_interval(&all, |summary| summary.precision_at(0))]);
        precision.row("AP75", [share(whole.precision_at(5))]);
        let mut recall = Table::new("Average recall", ["share"]);
        for most in [1, 10, 100] {
            recall.row(format!("at most {most} a picture"), [share(all.summary(most).recall())]);
        }
        for (matches, name) in [(&small, "small"), (&medium, "medium"), (&large, "large")] {
            let summary = matches.summary(MOST);
            precision.row(name, [share(summary.precision())]);
            recall.row(name, [share(summary.recall())]);
        }
        let mut classes = Table::new("Classes", ["AP", "objects", "found"]);
        for (number, name) in &self.classes {
            let objects =
                pictures.iter().flat_map(|picture| &picture.truth).filter(|truth| truth.class == *number);
            let found =
                pictures.iter().flat_map(|picture| &picture.found).filter(|found| found.class == *number);
            let (objects, found) = (objects.count(), found.count());
            if objects + found > 0 {
                classes.row(name, [share(whole.of_class(*number)), Cell::count(objects), Cell::count(found)]);
            }
        }
        Scores { tables: vec![precision, recall, classes], notes: self.notes(responses, &pictures) }
    }

    fn cases(&self, responses: &Responses) -> Vec<Case> {
        let pairs = self.samples.iter().zip(&self.truth);
        pairs
            .filter_map(|(sample, truth)| Some((sample, truth, responses.get(&sample.id)?)))
            .map(|(sample, truth, response)| {
                let count = |classes: &mut dyn Iterator<Item = u64>| {
                    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
                    classes.for_each(|class| *counts.entry(&self.classes[&class]).or_default() += 1);
                    counts
                };
                let listed = |counts: &BTreeMap<&str, usize>| {
                    let listed: Vec<String> =
                        counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
                    listed.join(", ")
                };
                let there = count(&mut truth.iter().map(|truth| truth.class));
                // What a person would call found.
                let sure = self.found(response).into_iter().filter(|found| found.score >= 0.5);
                let seen = count(&mut sure.map(|found| found.class));
                Case {
                    right: Some(listed(&there)),
                    answered: response.failure.clone().unwrap_or_else(|| listed(&seen)),
                    outcome: if there == seen { "same counts" } else { "other counts" }.to_owned(),
                    faulty: there != seen,
                    ..Case::plain(sample, response)
                }
            })
            .collect()
    }
}

impl CocoAp {
    fn notes(&self, responses: &Responses, pictures: &[Picture]) -> Vec<String> {
        let mut notes = Vec::new();
        let objects = responses.values().flat_map(|response| &response.objects);
        let unknown: Vec<&Detection> = objects.filter(|detection| self.class(detection).is_none()).collect();
        if !unknown.is_empty() {
            let names: BTreeSet<&str> = unknown.iter().map(|detection| detection.label.as_str()).collect();
            let shown: Vec<&str> = names.iter().copied().take(SHOWN_LABELS).collect();
            let more = if names.len() > shown.len() { ", ..." } else { "" };
            notes.push(format!(
                "{} boxes have one of {} labels that are no category of the data, and are left out: {}{more}",
                unknown.len(),
                names.len(),
                shown.join(", ")
            ));
        }
        let failed = responses.values().filter(|response| response.failure.is_some()).count();
        if failed > 0 {
            notes.push(format!("{failed} of {} pictures failed and count as without boxes", pictures.len()));
        }
        let crowds = pictures.iter().flat_map(|picture| &picture.truth).filter(|truth| truth.crowd).count();
        if crowds > 0 {
            notes.push(format!(
                "{crowds} of the boxes are crowds: what is found in them neither counts nor costs"
            ));
        }
        notes
    }
}
