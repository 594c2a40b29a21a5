//! How near a caption is to captions that people wrote: CIDEr-D, BLEU, ROUGE-L, METEOR, as `pycocoevalcap` computes them.
//!
//! All compare words, so they start from [`words`].

mod meteor;
mod words;

use std::collections::{BTreeSet, HashMap};

pub use meteor::{Meteor, MeteorCounts};
pub use words::words;

/// The longest run of words that is compared.
const LONGEST: usize = 4;

/// Widths of the length penalty of CIDEr-D.
const SIGMA: f64 = 6.0;

/// How recall weighs against precision in ROUGE-L.
const BETA: f64 = 1.2;

/// Runs of one to four words with how often each stands.
type Runs<'w> = HashMap<&'w [String], usize>;

/// A caption with the captions it is compared with, all in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captioned {
    /// The caption that is judged.
    pub caption: Vec<String>,
    /// What people wrote of the same picture; at least one.
    pub references: Vec<Vec<String>>,
}

impl Captioned {
    /// From plain texts.
    pub fn new(caption: &str, references: &[impl AsRef<str>]) -> Self {
        Self {
            caption: words(caption),
            references: references.iter().map(|reference| words(reference.as_ref())).collect(),
        }
    }
}

fn runs(words: &[String]) -> Runs<'_> {
    let mut runs = Runs::new();
    for length in 1..=LONGEST {
        for run in words.windows(length) {
            *runs.entry(run).or_default() += 1;
        }
    }
    runs
}

/// CIDEr-D of each caption (Vedantam, Zitnick and Parikh, CVPR 2015). How telling a run of words is follows from the
/// references of all pictures given: the same caption scores differently in another company, and one picture alone
/// scores 0.
pub fn cider(pictures: &[Captioned]) -> Vec<f64> {
    let mut documents: HashMap<&[String], usize> = HashMap::new();
    for picture in pictures {
        let here: BTreeSet<&[String]> =
            picture.references.iter().flat_map(|reference| runs(reference).into_keys()).collect();
        here.into_iter().for_each(|run| *documents.entry(run).or_default() += 1);
    }
    let all = (pictures.len() as f64).ln();
    let score = |picture: &Captioned| {
        let caption = Weighed::new(&picture.caption, &documents, all);
        let references = picture.references.iter().map(|words| Weighed::new(words, &documents, all));
        let similar: f64 = references.map(|reference| caption.similarity(&reference)).sum();
        10.0 * similar / LONGEST as f64 / picture.references.len().max(1) as f64
    };
    pictures.iter().map(score).collect()
}

/// The runs of a caption, weighed by how telling they are.
struct Weighed<'w> {
    runs: HashMap<&'w [String], f64>,
    norms: [f64; LONGEST],
    /// The length penalty counts pairs of words.
    pairs: usize,
}

impl<'w> Weighed<'w> {
    fn new(words: &'w [String], documents: &HashMap<&[String], usize>, all: f64) -> Self {
        let mut norms = [0.0; LONGEST];
        let runs = runs(words).into_iter().map(|(run, count)| {
            let known = documents.get(run).copied().unwrap_or_default().max(1) as f64;
            let weight = count as f64 * (all - known.ln());
            norms[run.len() - 1] += weight * weight;
            (run, weight)
        });
        let runs = runs.collect();
        Self { runs, norms: norms.map(f64::sqrt), pairs: words.len().saturating_sub(1) }
    }

    /// The sum over the lengths of runs, each 0 to 1.
    fn similarity(&self, reference: &Self) -> f64 {
        let mut common = [0.0; LONGEST];
        for (run, weight) in &self.runs {
            let other = reference.runs.get(run).copied().unwrap_or_default();
            common[run.len() - 1] += weight.min(other) * other;
        }
        let lengths = self.pairs as f64 - reference.pairs as f64;
        let penalty = (-lengths * lengths / (2.0 * SIGMA * SIGMA)).exp();
        let cosine = |length: usize| match self.norms[length] * reference.norms[length] {
            0.0 => common[length],
            norms => common[length] / norms,
        };
        (0..LONGEST).map(|length| cosine(length) * penalty).sum()
    }
}

/// What BLEU counts (Papineni et al., ACL 2002): of one caption, or summed over several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BleuCounts {
    length: usize,
    reference_length: usize,
    runs: [usize; LONGEST],
    right: [usize; LONGEST],
}

impl BleuCounts {
    /// Counts a caption.
    pub fn of(picture: &Captioned) -> Self {
        let length = picture.caption.len();
        let mut most: Runs<'_> = Runs::new();
        for reference in &picture.references {
            for (run, count) in runs(reference) {
                let known = most.entry(run).or_default();
                *known = count.max(*known);
            }
        }
        let mut right = [0; LONGEST];
        for (run, count) in runs(&picture.caption) {
            right[run.len() - 1] += count.min(most.get(run).copied().unwrap_or_default());
        }
        let lengths = picture.references.iter().map(Vec::len);
        // The nearest length; of two equally near ones the shorter.
        let nearest = lengths.min_by_key(|reference| (reference.abs_diff(length), *reference));
        Self {
            length,
            reference_length: nearest.unwrap_or_default(),
            runs: std::array::from_fn(|place| length.saturating_sub(place)),
            right,
        }
    }

    /// BLEU-1 to BLEU-4.
    pub fn bleu(&self) -> [f64; LONGEST] {
        // So that what cannot be divided has a value, as in the reference.
        const SMALL: f64 = 1e-9;
        const TINY: f64 = 1e-15;
        let ratio = (self.length as f64 + TINY) / (self.reference_length as f64 + SMALL);
        let brevity = if ratio < 1.0 { (1.0 - 1.0 / ratio).exp() } else { 1.0 };
        let mut product = 1.0;
        std::array::from_fn(|place| {
            product *= (self.right[place] as f64 + TINY) / (self.runs[place] as f64 + SMALL);
            product.powf(1.0 / (place as f64 + 1.0)) * brevity
        })
    }
}

impl std::iter::Sum for BleuCounts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |sum, next| Self {
            length: sum.length + next.length,
            reference_length: sum.reference_length + next.reference_length,
            runs: std::array::from_fn(|place| sum.runs[place] + next.runs[place]),
            right: std::array::from_fn(|place| sum.right[place] + next.right[place]),
        })
    }
}

/// ROUGE-L of a caption (Lin, 2004): the longest common subsequence, best precision and best recall over the references.
pub fn rouge_l(picture: &Captioned) -> f64 {
    // An empty text counts as one empty word, as in the reference.
    let length = |words: &[String]| words.len().max(1) as f64;
    let (mut precision, mut recall) = (0.0_f64, 0.0_f64);
    for reference in &picture.references {
        let common = match (picture.caption.is_empty(), reference.is_empty()) {
            (true, true) => 1.0,
            _ => common_subsequence(&picture.caption, reference) as f64,
        };
        precision = precision.max(common / length(&picture.caption));
        recall = recall.max(common / length(reference));
    }
    if precision == 0.0 || recall == 0.0 {
        return 0.0;
    }
    (1.0 + BETA * BETA) * precision * recall / (recall + BETA * BETA * precision)
}

fn common_subsequence(one: &[String], other: &[String]) -> usize {
    let mut row = vec![0; other.len() + 1];
    for left in one {
        let mut diagonal = 0;
        for (column, right) in other.iter().enumerate() {
            let longest = if left == right { diagonal + 1 } else { row[column].max(row[column + 1]) };
            diagonal = std::mem::replace(&mut row[column + 1], longest);
        }
    }
    row[other.len()]
}
