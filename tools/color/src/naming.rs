//! From a colour to the words for it.
//!
//! Each basic term is a cloud of samples in CIELAB: what people called so in the xkcd colour survey (`data/names.tsv`),
//! and the neutral axis. A colour's words are a vote of the samples near it, weighted by a Gaussian of their distance.
//! So a colour between two terms is shared by both, and says so.

use std::sync::OnceLock;

use crate::lab::{Lab, linear, to_lab};

/// The eleven basic colour terms of English (Berlin & Kay, 1969).
pub(crate) const TERMS: [&str; 11] =
    ["black", "white", "gray", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown"];

/// How much of a colour each term has; the sum is 1.
pub(crate) type Votes = [f32; TERMS.len()];

/// Width of the Gaussian in units of CIELAB. Five-fold cross-validation on the survey names 95 to 96 % right
/// anywhere between 4 and 12.
const BANDWIDTH: f32 = 8.0;

/// What lies so much further off (squared, 5.5 bandwidths) has a millionth of the nearest sample's say: it is not asked.
const FAR: f32 = 30.0 * BANDWIDTH * BANDWIDTH;

/// Samples on the neutral axis: place in [`TERMS`], what each counts (survey samples being 1), lightness.
///
/// The survey has two names each that end in black and in white, against a hundred for blue, so these count more. In
/// Munsell's scale people call N1 black, N9.5 white and the middle gray (Heider, 1972); what lies between is split
/// evenly.
const NEUTRALS: [(usize, f32, &[f32]); 3] = [
    (0, 3.0, &[0.0, 6.0, 12.0, 18.0]),
    (2, 1.0, &[30.0, 38.0, 46.0, 54.0, 62.0, 70.0, 77.0]),
    (1, 3.0, &[88.0, 94.0, 100.0]),
];

struct Sample {
    lab: Lab,
    term: usize,
    weight: f32,
}

fn samples() -> &'static [Sample] {
    static SAMPLES: OnceLock<Vec<Sample>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let survey = include_str!("../data/names.tsv").lines().filter_map(|line| {
            let (term, rest) = line.split_once('\t')?;
            let term = TERMS.iter().position(|known| *known == term)?;
            let value = u32::from_str_radix(rest.get(1..7)?, 16).ok()?;
            let [_, r, g, b] = value.to_be_bytes();
            Some(Sample { lab: to_lab([r, g, b].map(linear)), term, weight: 1.0 })
        });
        let neutrals = NEUTRALS.iter().flat_map(|&(term, weight, lightness)| {
            lightness.iter().map(move |&l| Sample { lab: Lab { l, a: 0.0, b: 0.0 }, term, weight })
        });
        survey.chain(neutrals).collect()
    })
}

/// The share of each term in a colour.
pub(crate) fn votes(color: Lab) -> Votes {
    let nearest =
        samples().iter().map(|sample| sample.lab.squared_distance(color)).fold(f32::INFINITY, f32::min);
    let mut votes = [0.0; TERMS.len()];
    for sample in samples() {
        // Relative to the nearest, so that colours far from all samples still get a name.
        let excess = sample.lab.squared_distance(color) - nearest;
        if excess > FAR {
            continue;
        }
        votes[sample.term] += sample.weight * (-excess / (2.0 * BANDWIDTH * BANDWIDTH)).exp();
    }
    let sum: f32 = votes.iter().sum();
    votes.map(|vote| vote / sum)
}

/// The words for one sRGB colour and the share of each, best first; shares under a percent are left out.
pub fn name(color: [u8; 3]) -> Vec<(&'static str, f32)> {
    let votes = votes(to_lab(color.map(linear)));
    let mut words: Vec<_> = TERMS.into_iter().zip(votes).filter(|(_, share)| *share >= 0.01).collect();
    words.sort_by(|a, b| b.1.total_cmp(&a.1));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> [u8; 3] {
        let value = u32::from_str_radix(&hex[1..7], 16).unwrap();
        let [_, r, g, b] = value.to_be_bytes();
        [r, g, b]
    }

    #[test]
    fn every_line_of_the_samples_is_read() {
        let lines = include_str!("../data/names.tsv").lines().filter(|line| !line.starts_with('#')).count();
        let neutrals: usize = NEUTRALS.iter().map(|(_, _, lightness)| lightness.len()).sum();
        assert_eq!(samples().len(), lines + neutrals);
    }

    #[test]
    fn names_of_the_survey_that_were_held_out_come_out_right() {
        let rows: Vec<Vec<&str>> =
            include_str!("../tests/held_out.tsv").lines().map(|line| line.split('\t').collect()).collect();
        let wrong: Vec<_> = rows
            .iter()
            .filter(|row| name(bytes(row[1]))[0].0 != row[0])
            .map(|row| (row[2], name(bytes(row[1]))[0].0))
            .collect();
        let right = 1.0 - wrong.len() as f64 / rows.len() as f64;
        assert!(right >= 0.93, "{right}: {wrong:?}");
    }

    /// The focal colours of English (Heider 1972, "Universals in color naming and memory"), as sRGB by the Munsell
    /// renotation data (5R 4/14, 5R 8/6, 2.5YR 6/16, 5YR 3/6, 2.5Y 8/16, 7.5G 5/10, 2.5PB 5/12, 5P 3/10, N1, N5, N9.5).
    #[test]
    fn focal_colors_are_named_with_confidence() {
        let foci = [
            ("red", "#bc1a33"),
            ("pink", "#fcb7b1"),
            ("orange", "#f16c00"),
            ("brown", "#6d3b18"),
            ("yellow", "#febf00"),
            ("green", "#008f67"),
            ("blue", "#0080cb"),
            ("purple", "#662f7a"),
            ("black", "#1c1c1c"),
            ("gray", "#797979"),
            ("white", "#f1f1f1"),
        ];
        for (term, hex) in foci {
            let (word, share) = name(bytes(hex))[0];
            assert!(word == term && share > 0.7, "{term} {hex}: {:?}", name(bytes(hex)));
        }
    }

    #[test]
    fn a_color_between_two_terms_is_shared() {
        let words = name(bytes("#dc3f17"));
        assert!(words[0].1 < 0.8, "{words:?}");
        let both: Vec<_> = words.iter().take(2).map(|word| word.0).collect();
        assert!(both.contains(&"red") && both.contains(&"orange"), "{words:?}");
    }
}
