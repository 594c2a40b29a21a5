//! CHAIR: objects of COCO that a caption names and the picture does not have.
//!
//! Rohrbach et al., "Object hallucination in image captioning", EMNLP 2018; the recall is an addition of the script that
//! most papers run. A picture has the objects of its boxes and those its reference captions name.

mod lexicon;
mod singular;
mod tokens;

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};

pub use lexicon::{Lexicon, Mention, Mentions};
pub use singular::singular;

/// How objects are found in a caption.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Extraction {
    /// The benchmark's own script, with its quirks: "bus" is made singular ("bu") and never counts, "buses" does; "ties"
    /// never counts; two words of the list begin with a blank and are never found.
    #[default]
    Reference,
    /// The package `mitigv`: words by a simpler pattern and a simpler singular, which finds "bus" and "iPhone", takes the
    /// baby of a "baby elephant" for a person, and misses "sandwiches". Not comparable with published numbers.
    Mitigv,
}

impl FromStr for Extraction {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Ok(match name {
            "reference" => Self::Reference,
            "mitigv" => Self::Mitigv,
            other => return Err(format!("CHAIR has no variant `{other}`; there are: reference, mitigv")),
        })
    }
}

/// The objects of each picture, as classes of COCO.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroundTruth(BTreeMap<u64, BTreeSet<String>>);

impl GroundTruth {
    /// Adds an object that a picture has, by its class or another word for it.
    ///
    /// # Errors
    /// When the lexicon has no such word.
    pub fn add_object(&mut self, picture: u64, word: &str, lexicon: &Lexicon) -> Result<(), String> {
        let class = lexicon
            .class(word)
            .ok_or_else(|| format!("the list of synonyms has no class or synonym `{word}`"))?;
        self.0.entry(picture).or_default().insert(class.to_owned());
        Ok(())
    }

    /// Adds the objects that a caption written by a person names.
    pub fn add_caption(&mut self, picture: u64, caption: &str, lexicon: &Lexicon, extraction: Extraction) {
        let named = lexicon.mentions(caption, extraction).objects.into_iter().map(|mention| mention.class);
        self.0.entry(picture).or_default().extend(named);
    }

    /// The objects of a picture.
    pub fn of(&self, picture: u64) -> Option<&BTreeSet<String>> {
        self.0.get(&picture)
    }

    /// All pictures that have objects.
    pub fn pictures(&self) -> impl Iterator<Item = u64> {
        self.0.keys().copied()
    }
}

/// What CHAIR counts: of one caption, or summed over several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Captions.
    pub captions: usize,
    /// Captions that name an object the picture does not have.
    pub hallucinated_captions: usize,
    /// Objects named, repetitions counted.
    pub mentions: usize,
    /// Of those, objects that the picture does not have.
    pub hallucinated_mentions: usize,
    /// Objects that the pictures have.
    pub objects: usize,
    /// Of those, objects that the captions name.
    pub recalled: usize,
    /// Different objects named.
    pub named: usize,
}

impl Counts {
    /// Counts the objects that a caption names against those its picture has.
    pub fn of(mentions: &Mentions, objects: &BTreeSet<String>) -> Self {
        let named: BTreeSet<&String> = mentions.objects.iter().map(|mention| &mention.class).collect();
        let hallucinated =
            mentions.objects.iter().filter(|mention| !objects.contains(&mention.class)).count();
        Self {
            captions: 1,
            hallucinated_captions: usize::from(hallucinated > 0),
            mentions: mentions.objects.len(),
            hallucinated_mentions: hallucinated,
            objects: objects.len(),
            recalled: named.iter().filter(|class| objects.contains(**class)).count(),
            named: named.len(),
        }
    }

    /// CHAIR-s: the share of captions with a hallucinated object.
    pub fn chair_s(&self) -> Option<f64> {
        share(self.hallucinated_captions, self.captions)
    }

    /// CHAIR-i: the share of hallucinated objects among those named.
    pub fn chair_i(&self) -> Option<f64> {
        share(self.hallucinated_mentions, self.mentions)
    }

    /// The share of the pictures' objects that the captions name.
    pub fn recall(&self) -> Option<f64> {
        share(self.recalled, self.objects)
    }

    /// The harmonic mean of recall and the share of right ones among the different objects named.
    pub fn f1(&self) -> Option<f64> {
        share(2 * self.recalled, self.named + self.objects)
    }
}

impl std::iter::Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |sum, next| Self {
            captions: sum.captions + next.captions,
            hallucinated_captions: sum.hallucinated_captions + next.hallucinated_captions,
            mentions: sum.mentions + next.mentions,
            hallucinated_mentions: sum.hallucinated_mentions + next.hallucinated_mentions,
            objects: sum.objects + next.objects,
            recalled: sum.recalled + next.recalled,
            named: sum.named + next.named,
        })
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
