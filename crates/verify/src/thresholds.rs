//! Where the verifier draws its lines; the numbers and their reasons stand in `thresholds.toml`.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use serde::Deserialize;

/// Where the verifier draws its lines. `thresholds.toml` beside this crate says what each number means and where
/// it comes from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    pub(crate) existence: Existence,
    pub(crate) count: Count,
    pub(crate) color: Color,
    pub(crate) relation: Relation,
    pub(crate) size: Size,
    pub(crate) text: Text,
    pub(crate) answer: Answer,
    pub(crate) verdict: Verdicts,
    absence: Absence,
    recall: BTreeMap<String, f32>,
    recall_faint: BTreeMap<String, f32>,
    confidence: Confidence,
    confusable: Confusable,
    /// The lines for detectors with scores of their own, by the tool's name.
    #[serde(skip)]
    detectors: BTreeMap<String, Arc<Thresholds>>,
}

/// The share of things that a trusted detector finds.
const TRUSTED: f32 = 0.95;

/// A thresholds file is not readable.
#[derive(Debug, thiserror::Error)]
#[error("the thresholds are not readable: {0}; compare with the file that the crate ships")]
pub struct ThresholdsError(#[from] toml::de::Error);

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Existence {
    pub(crate) support: f32,
    pub(crate) asked: f32,
    pub(crate) miss_whole: f32,
    pub(crate) miss_tiles: f32,
    pub(crate) smallest_side: u32,
    pub(crate) rival: f32,
    pub(crate) substitute: f32,
    pub(crate) substitute_confusable: f32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Count {
    pub(crate) confident: f32,
    pub(crate) plausible: f32,
    pub(crate) plausible_tiles: f32,
    pub(crate) best: f32,
    pub(crate) largest: u32,
    pub(crate) overlap: f64,
    pub(crate) containment: f64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Color {
    pub(crate) instance: f32,
    pub(crate) most_instances: usize,
    pub(crate) supported_share: f32,
    pub(crate) negligible_share: f32,
    pub(crate) dominant_share: f32,
    pub(crate) neighbors: Vec<[String; 2]>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Relation {
    pub(crate) instance: f32,
    pub(crate) most_pairs: usize,
    pub(crate) apart: f64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Size {
    pub(crate) instance: f32,
    pub(crate) confidence: f32,
    pub(crate) large_share: f64,
    pub(crate) small_share: f64,
    pub(crate) ratio: f64,
    pub(crate) opposite_ratio: f64,
    pub(crate) ground: f64,
    pub(crate) margin: f64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    pub(crate) confidence: f32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verdicts {
    pub(crate) far_more_certain: f32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Text {
    pub(crate) sure: f32,
    pub(crate) similar: f64,
    pub(crate) close: f64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Absence {
    prior: f32,
    clear: f32,
    clear_faint: f32,
    least: f32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Confidence {
    curve: Vec<[f32; 2]>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Confusable {
    groups: Vec<Vec<String>>,
}

impl Thresholds {
    /// The thresholds for the embedded experts.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the file is part of the program; a test reads it"
    )]
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Thresholds> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            Self::parse(include_str!("../thresholds.toml")).expect("the built-in thresholds are readable")
        })
    }

    /// Reads thresholds laid out as `thresholds.toml` is.
    ///
    /// # Errors
    /// When a number is missing, unknown or of another type.
    pub fn parse(text: &str) -> Result<Self, ThresholdsError> {
        Ok(toml::from_str(text)?)
    }

    /// With other lines for what the tool of this name finds: scores of two detectors mean different things. A detector
    /// that is not named here is held to the lines of the embedded one.
    ///
    /// ```
    /// use lavr_verify::Thresholds;
    ///
    /// let better = Thresholds::builtin().clone().trusting(["bird", "clock", "bench"]);
    /// let thresholds = Thresholds::builtin().clone().with_detector("find-objects", better);
    /// ```
    #[must_use]
    pub fn with_detector(mut self, tool: impl Into<String>, own: Self) -> Self {
        self.detectors.insert(tool.into(), Arc::new(own));
        self
    }

    /// The lines for the findings of this tool.
    pub(crate) fn for_detector(&self, tool: Option<&str>) -> &Self {
        tool.and_then(|tool| self.detectors.get(tool)).map_or(self, |own| own)
    }

    /// For a detector that misses few things of these labels: what it does not find of them may be called absent.
    #[must_use]
    pub fn trusting<L: Into<String>>(mut self, labels: impl IntoIterator<Item = L>) -> Self {
        self.recall = labels.into_iter().map(|label| (label.into(), TRUSTED)).collect();
        self.recall_faint = BTreeMap::new();
        self
    }

    /// How sure two misses of all these labels make that nothing of them is there: the formula of `[absence]`. `no_trace`:
    /// neither look found anything at all, however faint. `None` where that is too little to call it absent.
    pub(crate) fn absence(&self, labels: &[String], no_trace: bool) -> Option<f32> {
        let Absence { prior, clear, clear_faint, least } = self.absence;
        let certain = |clear: f32, recall: &dyn Fn(&String) -> f32| {
            let recall = labels.iter().map(recall).fold(1.0, f32::min);
            let absent = prior * clear;
            absent / (1.0 - prior).mul_add(1.0 - recall, absent)
        };
        let plain = |label: &String| self.recall.get(label).copied().unwrap_or(0.0);
        let faint = |label: &String| self.recall_faint.get(label).copied().unwrap_or(0.0).max(plain(label));
        let below_the_bars = certain(clear, &plain);
        let sure = if no_trace { below_the_bars.max(certain(clear_faint, &faint)) } else { below_the_bars };
        (sure >= least).then_some(sure)
    }

    /// Whether a miss of the label means anything, though something faint was seen.
    pub(crate) fn is_reliable(&self, label: &str) -> bool {
        self.absence(&[label.to_owned()], false).is_some()
    }

    /// How sure a finding of this score is: the curve of `[confidence]`.
    pub(crate) fn confidence(&self, score: f32) -> f32 {
        let curve = &self.confidence.curve;
        let after = curve.iter().position(|[at, _]| *at > score).unwrap_or(curve.len());
        match (after.checked_sub(1).and_then(|before| curve.get(before)), curve.get(after)) {
            (Some([x, y]), Some([u, v])) => (v - y).mul_add((score - x) / (u - x), *y),
            (Some([_, end]), None) | (None, Some([_, end])) => *end,
            (None, None) => score,
        }
    }

    /// Whether detectors take the two labels for each other.
    pub(crate) fn are_confusable(&self, one: &str, other: &str) -> bool {
        let has = |group: &Vec<String>, label: &str| group.iter().any(|member| member == label);
        self.confusable.groups.iter().any(|group| has(group, one) && has(group, other))
    }

    /// Whether two basic colours are divided differently from eye to eye.
    pub(crate) fn are_neighbors(&self, one: &str, other: &str) -> bool {
        self.color.neighbors.iter().any(|[a, b]| (a == one && b == other) || (a == other && b == one))
    }
}

#[cfg(test)]
mod tests {
    use lavr_types::Vocabulary;

    use super::*;

    #[test]
    fn the_builtin_file_is_readable_and_names_labels_that_exist() {
        let thresholds = Thresholds::parse(include_str!("../thresholds.toml")).unwrap();
        let labels: Vec<&str> = Vocabulary::builtin().labels().collect();
        let recalled = thresholds.recall.keys().chain(thresholds.recall_faint.keys());
        let named = recalled.chain(thresholds.confusable.groups.iter().flatten());
        for label in named {
            assert!(labels.contains(&label.as_str()), "{label}");
        }
        for [one, other] in &thresholds.color.neighbors {
            assert!(
                Vocabulary::builtin().color(one) == Some(one)
                    && Vocabulary::builtin().color(other) == Some(other)
            );
        }
    }

    #[test]
    fn classes_that_are_often_missed_are_never_called_absent() {
        let thresholds = Thresholds::builtin();
        assert!(["person", "cat", "dog", "car"].iter().all(|label| thresholds.is_reliable(label)));
        assert!(
            !["spoon", "book", "clock", "bird", "laptop"].iter().any(|label| thresholds.is_reliable(label))
        );
        // 0.3 * 0.98 / (0.3 * 0.98 + 0.7 * 0.06)
        let sure = |labels: &[&str], no_trace| {
            let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
            thresholds.absence(&labels, no_trace)
        };
        assert!((sure(&["cat"], false).unwrap() - 0.875).abs() < 1e-3);
        assert_eq!(sure(&["cat", "car"], false), sure(&["car"], false), "the weakest decides");
        // A bird leaves some trace nearly always; a spoon does not.
        assert!(sure(&["bird"], true).is_some() && sure(&["bird"], false).is_none());
        assert_eq!(sure(&["spoon"], true), None);
        assert_eq!(sure(&["bird", "spoon"], true), None);
    }

    #[test]
    fn a_better_score_is_never_less_sure() {
        let thresholds = Thresholds::builtin();
        let sure: Vec<f32> =
            (0..=100_u8).map(|score| thresholds.confidence(f32::from(score) / 100.0)).collect();
        assert!(sure.is_sorted() && sure.iter().all(|sure| (0.0..=1.0).contains(sure)));
        assert!((thresholds.confidence(0.55) - 0.675).abs() < 1e-3);
    }

    #[test]
    fn a_detector_brings_its_own_lines() {
        let better = Thresholds::builtin().clone().trusting(["bird"]);
        let thresholds = Thresholds::builtin().clone().with_detector("better", better);
        assert!(thresholds.for_detector(Some("better")).is_reliable("bird"));
        assert!(!thresholds.for_detector(Some("detect")).is_reliable("bird"));
        assert!(!thresholds.for_detector(None).is_reliable("bird"));
    }

    #[test]
    fn a_file_with_a_misspelt_name_is_refused() {
        let text = include_str!("../thresholds.toml").replace("miss_tiles", "mis_tiles");
        assert!(Thresholds::parse(&text).is_err());
    }
}
