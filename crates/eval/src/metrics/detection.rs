//! COCO average precision of boxes.
//!
//! Lin et al., "Microsoft COCO: common objects in context", 2014, as `pycocotools` computes it: ten thresholds of overlap
//! (0.50 to 0.95), precision read at 101 points of recall, three ranges of area, at most 1, 10 or 100 objects a picture
//! and class; crowds and objects out of the range neither count nor cost.

use std::collections::BTreeMap;

/// How many objects of a class count in a picture at most.
pub const MOST: [usize; 3] = [1, 10, 100];

/// Thresholds of overlap.
const OVERLAPS: usize = 10;

/// Points of recall at which precision is read.
const RECALLS: usize = 101;

/// An object of the ground truth.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// Its class.
    pub class: u64,
    /// x, y, width, height in pixels.
    pub bounds: [f64; 4],
    /// Its area in pixels: of the mask where there is one.
    pub area: f64,
    /// Whether it is a crowd: objects found in it are neither right nor wrong.
    pub crowd: bool,
}

/// An object found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Its class.
    pub class: u64,
    /// x, y, width, height in pixels.
    pub bounds: [f64; 4],
    /// How sure the detector is; only the order counts.
    pub score: f64,
}

/// What is in a picture and what was found there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Picture {
    /// What is there.
    pub truth: Vec<Truth>,
    /// What was found.
    pub found: Vec<Found>,
}

/// Objects by their size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// Every object.
    All,
    /// Up to 32 x 32 pixels.
    Small,
    /// Up to 96 x 96 pixels.
    Medium,
    /// Above.
    Large,
}

impl Range {
    /// All ranges.
    pub const ALL: [Self; 4] = [Self::All, Self::Small, Self::Medium, Self::Large];

    fn holds(self, area: f64) -> bool {
        let (low, high) = match self {
            Self::All => (0.0, 1e10),
            Self::Small => (0.0, 1024.0),
            Self::Medium => (1024.0, 9216.0),
            Self::Large => (9216.0, 1e10),
        };
        (low..=high).contains(&area)
    }
}

/// One object found, after matching.
#[derive(Debug, Clone, Copy)]
struct Match {
    /// The picture it is in.
    picture: usize,
    /// Its place in its picture's order of scores.
    rank: usize,
    score: f64,
    /// For each threshold whether it is right, wrong, or does not count.
    outcome: [Outcome; OVERLAPS],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Right,
    Wrong,
    Ignored,
}

/// One class in one range of area.
#[derive(Debug, Clone, Default)]
struct ClassMatches {
    /// Best score first.
    found: Vec<Match>,
    /// How many objects count, in each picture that has any.
    countable: Vec<(usize, usize)>,
}

/// The matches of a range of area in a set of pictures, from which precision and recall are read.
#[derive(Debug, Clone)]
pub struct Matches {
    classes: BTreeMap<u64, ClassMatches>,
    /// How many pictures there are.
    pictures: usize,
}

impl Matches {
    /// Matches what was found with what is there. Only the given classes count.
    pub fn new(pictures: &[Picture], classes: &[u64], range: Range) -> Self {
        let mut matched: BTreeMap<u64, ClassMatches> = BTreeMap::new();
        for &class in classes {
            let mut of_class = ClassMatches::default();
            for (place, picture) in pictures.iter().enumerate() {
                let (found, countable) = match_picture(picture, place, class, range);
                of_class.found.extend(found);
                if countable > 0 {
                    of_class.countable.push((place, countable));
                }
            }
            // Equal scores stay in the order of the pictures.
            of_class.found.sort_by(|one, other| other.score.total_cmp(&one.score));
            matched.insert(class, of_class);
        }
        Self { classes: matched, pictures: pictures.len() }
    }

    /// How many objects were found in all.
    pub fn found(&self) -> usize {
        self.classes.values().map(|class| class.found.len()).sum()
    }

    /// Precision and recall with so many objects a picture at most.
    pub fn summary(&self, most: usize) -> Summary {
        self.weighted(most, |_| 1)
    }

    /// The same over a draw of pictures, each as often as it was drawn.
    pub fn drawn(&self, most: usize, times: &[usize]) -> Summary {
        self.weighted(most, |picture| times.get(picture).copied().unwrap_or_default())
    }

    /// How many pictures were matched.
    pub const fn pictures(&self) -> usize {
        self.pictures
    }

    fn weighted(&self, most: usize, times: impl Fn(usize) -> usize) -> Summary {
        let classes = self.classes.iter().filter_map(|(class, matches)| {
            let countable: usize = matches.countable.iter().map(|(place, count)| count * times(*place)).sum();
            (countable > 0).then(|| (*class, curves(&matches.found, countable, most, &times)))
        });
        Summary { classes: classes.collect() }
    }
}

/// Precision and recall by class and threshold of overlap; classes without an object that counts are left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    classes: BTreeMap<u64, [Curve; OVERLAPS]>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Curve {
    /// The mean of the precisions at the points of recall.
    precision: f64,
    /// The highest recall.
    recall: f64,
}

impl Summary {
    /// Average precision over all thresholds of overlap.
    pub fn precision(&self) -> Option<f64> {
        mean(self.classes.values().flatten().map(|curve| curve.precision))
    }

    /// Average precision at one threshold: the number of steps of 0.05 above 0.50.
    pub fn precision_at(&self, step: usize) -> Option<f64> {
        mean(self.classes.values().filter_map(|curves| curves.get(step)).map(|curve| curve.precision))
    }

    /// Average recall over all thresholds of overlap.
    pub fn recall(&self) -> Option<f64> {
        mean(self.classes.values().flatten().map(|curve| curve.recall))
    }

    /// Average precision of one class.
    pub fn of_class(&self, class: u64) -> Option<f64> {
        mean(self.classes.get(&class)?.iter().map(|curve| curve.precision))
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}

/// Overlap by union; with a crowd, by what was found alone.
fn overlap(found: &[f64; 4], truth: &Truth) -> f64 {
    let side = |place: usize| {
        let high = (found[place] + found[place + 2]).min(truth.bounds[place] + truth.bounds[place + 2]);
        high - found[place].max(truth.bounds[place])
    };
    let (width, height) = (side(0), side(1));
    if width <= 0.0 || height <= 0.0 {
        return 0.0;
    }
    let common = width * height;
    let area = |bounds: &[f64; 4]| bounds[2] * bounds[3];
    let whole = if truth.crowd { area(found) } else { area(found) + area(&truth.bounds) - common };
    common / whole
}

/// The matches of one class in one picture, best score first, and how many objects count.
fn match_picture(picture: &Picture, place: usize, class: u64, range: Range) -> (Vec<Match>, usize) {
    let mut truth: Vec<(&Truth, bool)> = picture
        .truth
        .iter()
        .filter(|truth| truth.class == class)
        .map(|truth| (truth, truth.crowd || !range.holds(truth.area)))
        .collect();
    // What counts comes first, so that an object found takes it before one that does not.
    truth.sort_by_key(|(_, ignored)| *ignored);
    let mut found: Vec<&Found> = picture.found.iter().filter(|found| found.class == class).collect();
    found.sort_by(|one, other| other.score.total_cmp(&one.score));
    found.truncate(MOST[MOST.len() - 1]);
    let overlaps: Vec<Vec<f64>> = found
        .iter()
        .map(|found| truth.iter().map(|(truth, _)| overlap(&found.bounds, truth)).collect())
        .collect();
    let mut matches: Vec<Match> = found
        .iter()
        .enumerate()
        .map(|(rank, found)| Match {
            picture: place,
            rank,
            score: found.score,
            outcome: [Outcome::Wrong; OVERLAPS],
        })
        .collect();
    for step in 0..OVERLAPS {
        let mut taken = vec![false; truth.len()];
        for (rank, found) in found.iter().enumerate() {
            let partner = partner(&overlaps[rank], &truth, &taken, threshold(step));
            matches[rank].outcome[step] = match partner {
                Some(partner) => {
                    taken[partner] = true;
                    if truth[partner].1 { Outcome::Ignored } else { Outcome::Right }
                }
                None if range.holds(found.bounds[2] * found.bounds[3]) => Outcome::Wrong,
                None => Outcome::Ignored,
            };
        }
    }
    (matches, truth.iter().filter(|(_, ignored)| !ignored).count())
}

fn threshold(step: usize) -> f64 {
    if step + 1 == OVERLAPS { 0.95 } else { step as f64 * ((0.95 - 0.5) / 9.0) + 0.5 }
}

/// The object with the largest overlap that is still free; the last of equals, and one that counts before one that does
/// not.
fn partner(overlaps: &[f64], truth: &[(&Truth, bool)], taken: &[bool], threshold: f64) -> Option<usize> {
    let mut best = threshold.min(1.0 - 1e-10);
    let mut partner: Option<usize> = None;
    for (place, ((truth_here, ignored), overlap)) in truth.iter().zip(overlaps).enumerate() {
        if taken[place] && !truth_here.crowd {
            continue;
        }
        if *ignored && partner.is_some_and(|partner| !truth[partner].1) {
            break;
        }
        if *overlap >= best {
            best = *overlap;
            partner = Some(place);
        }
    }
    partner
}

fn curves(
    found: &[Match],
    countable: usize,
    most: usize,
    times: &impl Fn(usize) -> usize,
) -> [Curve; OVERLAPS] {
    std::array::from_fn(|step| {
        let (mut right, mut wrong) = (0_usize, 0_usize);
        let mut points: Vec<(f64, f64)> = Vec::with_capacity(found.len());
        for found in found.iter().filter(|found| found.rank < most) {
            for _ in 0..times(found.picture) {
                match found.outcome[step] {
                    Outcome::Right => right += 1,
                    Outcome::Wrong => wrong += 1,
                    Outcome::Ignored => {}
                }
                let recall = right as f64 / countable as f64;
                points.push((recall, right as f64 / ((right + wrong) as f64 + f64::EPSILON)));
            }
        }
        curve(&mut points)
    })
}

/// Reads precision, made falling from the right, at the points of recall.
fn curve(points: &mut [(f64, f64)]) -> Curve {
    let mut highest = 0.0_f64;
    for (_, precision) in points.iter_mut().rev() {
        highest = highest.max(*precision);
        *precision = highest;
    }
    let (mut sum, mut place) = (0.0, 0);
    for step in 0..RECALLS {
        let wanted = step as f64 * (1.0 / (RECALLS - 1) as f64);
        while points.get(place).is_some_and(|(recall, _)| *recall < wanted) {
            place += 1;
        }
        sum += points.get(place).map_or(0.0, |(_, precision)| *precision);
    }
    Curve { precision: sum / RECALLS as f64, recall: points.last().map_or(0.0, |(recall, _)| *recall) }
}
