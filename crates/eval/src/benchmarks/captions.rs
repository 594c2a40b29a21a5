//! Captions against those that people wrote: CIDEr, BLEU, ROUGE-L, METEOR.

use super::{
    coco::{self, Captions},
    short_answers::text_of,
};
use crate::{
    Benchmark, Case, Cell, EvalError, Responses, Sample, Scores, Table, Task,
    catalogue::Source,
    data,
    metrics::{
        bootstrap::{Resampling, interval},
        captions::{BleuCounts, Captioned, Meteor, MeteorCounts, cider, rouge_l},
    },
};

/// What it measures, for people.
pub const ABOUT: &str = "Captions of pictures by how near they are to captions that people wrote: CIDEr-D, BLEU-1 to 4, \
ROUGE-L, and with --variant meteor METEOR 1.5, as pycocoevalcap computes them on the words of its tokenizer. They \
say how much a caption sounds like those of the data, not whether it is true: a hallucinated object costs as much as an unusual word (see chair for truth). Traps: \
CIDEr depends on which pictures are in the run, and one picture alone scores 0; brackets stay as words because the \
reference looks for them in capitals; long captions score low; METEOR of a run is taken \
over all its words and is not the mean of its captions. Source: Vedantam et al., CVPR 2015; Papineni et al., ACL 2002; \
Lin, 2004; Denkowski and Lavie, WMT 2014.";

/// What its data is, for people.
pub const DATA: &str =
    "COCO's captions_*.json (a file, or a folder with any number), the pictures beside them or in --pictures";

const NAME: &str = "captions";

/// The variant that computes METEOR, too.
const METEOR: &str = "meteor";

const PROMPT: &str = "Describe this picture in one short sentence.";

/// The benchmark with its data.
#[derive(Debug)]
pub struct CaptionsBench {
    samples: Vec<Sample>,
    references: Vec<Vec<String>>,
    meteor: Option<Meteor>,
}

impl CaptionsBench {
    /// Whether METEOR is asked for, whose word lists are in the package of a [`Source`].
    pub fn with_meteor(source: &Source) -> bool {
        data::variant_words(source.variant.as_deref()).any(|word| word == METEOR)
    }

    /// Reads the captions that people wrote.
    ///
    /// # Errors
    /// When there are none or they can't be read, there is no such variant, or METEOR's word lists are not as expected.
    pub fn open(source: &Source) -> Result<Self, EvalError> {
        let (data, pictures) = (source.data(NAME, DATA)?, source.pictures.as_deref());
        if let Some(word) = data::variant_words(source.variant.as_deref()).find(|word| *word != METEOR) {
            return Err(data::no_variant(NAME, word, &[METEOR]));
        }
        let mut captions = Captions::read(data)?;
        captions.images.retain(|id, _| captions.of.contains_key(id));
        let folder = data::beside(data, pictures);
        let samples = coco::samples(&captions.images, &folder, &Task::Describe(PROMPT.to_owned()));
        let references: Vec<Vec<String>> =
            captions.images.keys().filter_map(|id| captions.of.remove(id)).collect();
        let meteor = match &source.package {
            Some(package) => Some(Meteor::open(package, references.iter().flatten())?),
            None if Self::with_meteor(source) => {
                return Err(EvalError::Unfit("the word lists of METEOR are not here".into()));
            }
            None => None,
        };
        Ok(Self { samples, references, meteor })
    }
}

impl Benchmark for CaptionsBench {
    fn name(&self) -> &'static str {
        NAME
    }

    fn samples(&self) -> &[Sample] {
        &self.samples
    }

    fn score(&self, responses: &Responses) -> Scores {
        let (mut captioned, mut failed) = (Vec::new(), 0);
        for (sample, references) in self.samples.iter().zip(&self.references) {
            match responses.get(&sample.id).map(text_of) {
                Some(Some(text)) => captioned.push(Captioned::new(text, references)),
                Some(None) => failed += 1,
                None => {}
            }
        }
        let ciders = cider(&captioned);
        let bleus: Vec<BleuCounts> = captioned.iter().map(BleuCounts::of).collect();
        let rouges: Vec<f64> = captioned.iter().map(rouge_l).collect();
        let mut table = Table::new("Captions", ["score", "95 % interval"]);
        let mean = |values: &[&f64]| {
            (!values.is_empty()).then(|| values.iter().copied().sum::<f64>() / values.len() as f64)
        };
        let means = |values: &[f64]| {
            (mean(&values.iter().collect::<Vec<_>>()), interval(values, Resampling::default(), mean))
        };
        let mut row = |name: &str, (value, interval): (Option<f64>, Option<[f64; 2]>)| {
            let shown = |value: f64| format!("{:.1}", 100.0 * value);
            table.row(
                name,
                [
                    value.map_or_else(|| Cell::text("-"), |value| Cell::number(100.0 * value, 1)),
                    Cell::text(
                        interval
                            .map_or("-".into(), |[low, high]| format!("{} to {}", shown(low), shown(high))),
                    ),
                ],
            );
        };
        row("CIDEr", means(&ciders));
        for length in 0..4 {
            let bleu = |drawn: &[&BleuCounts]| {
                (!drawn.is_empty())
                    .then(|| drawn.iter().map(|counts| **counts).sum::<BleuCounts>().bleu()[length])
            };
            let value = bleu(&bleus.iter().collect::<Vec<_>>());
            row(&format!("BLEU-{}", length + 1), (value, interval(&bleus, Resampling::default(), bleu)));
        }
        row("ROUGE-L", means(&rouges));
        if let Some(meteor) = &self.meteor {
            let counts: Vec<MeteorCounts> =
                captioned.iter().map(|captioned| meteor.counts(captioned)).collect();
            // Over all words, as the reference does it, and no mean of captions.
            let all = |drawn: &[&MeteorCounts]| {
                (!drawn.is_empty()).then(|| drawn.iter().map(|counts| **counts).sum::<MeteorCounts>().score())
            };
            let value = all(&counts.iter().collect::<Vec<_>>());
            row("METEOR", (value, interval(&counts, Resampling::default(), all)));
        }
        let lengths: usize = captioned.iter().map(|captioned| captioned.caption.len()).sum();
        let mut facts = Table::new("About the captions", ["captions", "words a caption", "failed"]);
        facts.row(
            "all",
            [
                Cell::count(captioned.len()),
                Cell::number(lengths as f64 / captioned.len().max(1) as f64, 1),
                Cell::count(failed),
            ],
        );
        let mut notes = vec![
            "scores are in percent of the references' scale, as papers print them; CIDEr goes beyond 100"
                .to_owned(),
        ];
        if failed > 0 {
            notes.push(format!("{failed} pictures without a caption are left out of every score"));
        }
        Scores { tables: vec![table, facts], notes }
    }

    fn cases(&self, responses: &Responses) -> Vec<Case> {
        let pairs = self.samples.iter().zip(&self.references);
        pairs
            .filter_map(|(sample, references)| Some((sample, references, responses.get(&sample.id)?)))
            .map(|(sample, references, response)| Case {
                right: Some(references.join("\n")),
                ..Case::plain(sample, response)
            })
            .collect()
    }
}
