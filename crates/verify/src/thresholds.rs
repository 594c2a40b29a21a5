//! Where the verifier draws its lines; the numbers and their reasons stand in `thresholds.toml`.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use lavr_types::ToolSpec;
use serde::Deserialize;

use crate::check::Weights;

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
    confidence: Confidence,
    confusable: Confusable,
    /// The lines for detectors with scores of their own, by the tool's name or that of the network it looks with.
    #[serde(skip)]
    detectors: BTreeMap<String, Arc<Thresholds>>,
}

/// The networks that the verifier knows lines for, with what differs from those of the embedded one.
const NETWORKS: [(&str, &str); 2] = [
    ("yolo11n", include_str!("../thresholds/yolo11n.toml")),
    ("yolo26m", include_str!("../thresholds/yolo26m.toml")),
];

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
    pub(crate) trace: f32,
    pub(crate) smallest_side: u32,
    pub(crate) rival: f32,
    pub(crate) substitute: f32,
    pub(crate) substitute_confusable: f32,
    pub(crate) substitute_faint: f32,
    pub(crate) outvotes_from: f32,
    pub(crate) outvoted_share: f32,
    pub(crate) dominates: f64,
    pub(crate) substitute_added: f32,
    pub(crate) fills: f64,
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
    pub(crate) prominent: f64,
    pub(crate) prominent_of_several: f64,
    pub(crate) supported_share: f32,
    pub(crate) negligible_share: f32,
    pub(crate) dominant_share: f32,
    pub(crate) main_share: f32,
    pub(crate) stands_out: f32,
    pub(crate) paint_share: f32,
    pub(crate) neutral_share: f32,
    pub(crate) paint_alone: f32,
    pub(crate) paint_of_largest: f32,
    pub(crate) clothed_share: f32,
    pub(crate) supported_likelihood: f32,
    pub(crate) contradicted_likelihood: f32,
    pub(crate) first_share: f32,
    pub(crate) tint_share: f32,
    pub(crate) tint_share_worn: f32,
    pub(crate) tint_share_of_picture: f32,
    pub(crate) tint_confidence: f32,
    pub(crate) neighbors: Vec<[String; 2]>,
    pub(crate) named: Weights,
    pub(crate) first: Weights,
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
    pub(crate) alone: f32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Absence {
    prior: f32,
    least: f32,
    /// From the highest bars, which only sure classes need to stay under, to the lowest. Never empty.
    levels: Vec<Level>,
}

/// A way to miss something: what nothing of a class reaches, and what that is worth.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Level {
    whole: f32,
    tiles: f32,
    clear: f32,
    recall: f32,
    /// Whether only what was found counts, and not what narrowly lost its place to something else: that is then judged by
    /// how narrowly.
    #[serde(default)]
    only_found: bool,
    /// What another network may see of it at most, for the miss to count.
    #[serde(default)]
    doubt: f32,
    classes: BTreeMap<String, f32>,
}

impl Level {
    fn is_missed(&self, best: [f32; 2]) -> bool {
        best[0] < self.whole && best[1] < self.tiles
    }

    /// How sure a miss of all these labels makes that nothing of them is there: the formula of `[absence]`.
    fn certain(&self, labels: &[String], prior: f32) -> f32 {
        let recall = |label: &String| self.classes.get(label).copied().unwrap_or(self.recall);
        let recall = labels.iter().map(recall).fold(1.0, f32::min);
        let absent = prior * self.clear;
        absent / (1.0 - prior).mul_add(1.0 - recall, absent)
    }
}

/// The best scores of a class, in the whole picture and in tiles.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Traces {
    /// Of what was found.
    pub(crate) found: [f32; 2],
    /// Of what was found or lost its place to something else.
    pub(crate) any: [f32; 2],
    /// Of what another network alone sees; 0 where it sees nothing, or there is none.
    pub(crate) doubt: f32,
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
    /// The thresholds for the experts of this program: for the embedded networks, and for those of the catalogue that
    /// may stand in their place.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the files are part of the program; a test reads them"
    )]
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Thresholds> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            let base = include_str!("../thresholds.toml");
            let mut all = Self::parse(base).expect("the built-in thresholds are readable");
            for (network, own) in NETWORKS {
                let own = Self::parse_over(base, own).expect("the built-in thresholds are readable");
                all = all.with_detector(network, own);
            }
            all
        })
    }

    /// Reads thresholds laid out as `thresholds.toml` is.
    ///
    /// # Errors
    /// When a number is missing, unknown or of another type.
    pub fn parse(text: &str) -> Result<Self, ThresholdsError> {
        Ok(toml::from_str(text)?)
    }

    /// As [`Self::parse`], of a file that says only what is other than in `base`: its tables are laid over those of `base`,
    /// lists and numbers take the place of what is there.
    ///
    /// # Errors
    /// When one of the two is no TOML, or together they are no thresholds.
    pub fn parse_over(base: &str, own: &str) -> Result<Self, ThresholdsError> {
        let mut whole: toml::Table = toml::from_str(base)?;
        lay_over(&mut whole, toml::from_str(own)?);
        Ok(whole.try_into()?)
    }

    /// With other lines for what a detector finds: scores of two detectors mean different things. It is told by the tool's
    /// name, or by the name of the network that the tool looks with. A detector that is not named here is held to the lines
    /// of the embedded one.
    ///
    /// ```
    /// use lavr_verify::Thresholds;
    ///
    /// let better = Thresholds::builtin().clone().trusting(["bird", "clock", "bench"]);
    /// let thresholds = Thresholds::builtin().clone().with_detector("find-objects", better);
    /// ```
    #[must_use]
    pub fn with_detector(mut self, name: impl Into<String>, own: Self) -> Self {
        self.detectors.insert(name.into(), Arc::new(own));
        self
    }

    /// The lines for the findings of this tool.
    #[must_use]
    pub fn for_detector(&self, tool: Option<&ToolSpec>) -> &Self {
        let own = tool.and_then(|tool| {
            let by_network = || tool.network.as_ref().and_then(|network| self.detectors.get(network));
            self.detectors.get(&tool.name).or_else(by_network)
        });
        own.map_or(self, |own| own)
    }

    /// For a detector that misses few things of these labels: what it does not find of them may be called absent, and
    /// nothing else.
    #[must_use]
    pub fn trusting<L: Into<String>>(mut self, labels: impl IntoIterator<Item = L>) -> Self {
        self.detectors.clear();
        self.absence.levels.truncate(1);
        for level in &mut self.absence.levels {
            level.recall = 0.0;
        }
        if let Some(level) = self.absence.levels.first_mut() {
            level.classes = labels.into_iter().map(|label| (label.into(), TRUSTED)).collect();
        }
        self
    }

    /// How sure two misses of all these labels make that nothing of them is there: the best of the levels of `[absence]`
    /// whose bars they stay under. `None` where that is too little to call it absent.
    pub(crate) fn absence(&self, labels: &[String], traces: Traces) -> Option<f32> {
        self.absence_by(&self.absence.levels, labels, traces)
    }

    /// The same of one more beside others that were found. It may be half hidden by them, so that the first level, where traces are left,
    /// does not tell, unless it is the only one ([`Self::trusting`]).
    pub(crate) fn absence_of_more(&self, labels: &[String], traces: Traces) -> Option<f32> {
        let levels = match &self.absence.levels[..] {
            [_, fainter @ ..] if !fainter.is_empty() => fainter,
            all => all,
        };
        self.absence_by(levels, labels, traces)
    }

    fn absence_by(&self, levels: &[Level], labels: &[String], traces: Traces) -> Option<f32> {
        let Absence { prior, least, .. } = &self.absence;
        let missed = levels.iter().filter(|level| {
            level.is_missed(if level.only_found { traces.found } else { traces.any })
                && traces.doubt <= level.doubt
        });
        let sure = missed.map(|level| level.certain(labels, *prior)).fold(0.0, f32::max);
        (sure >= *least).then_some(sure)
    }

    /// Whether the best scores in the whole picture and in tiles stay under the bars of a miss.
    pub(crate) fn is_missed(&self, best: [f32; 2]) -> bool {
        self.absence.levels.first().is_some_and(|level| level.is_missed(best))
    }

    /// Whether a miss of the label means anything, though something faint was seen.
    pub(crate) fn is_reliable(&self, label: &str) -> bool {
        let Absence { prior, least, levels } = &self.absence;
        levels.first().is_some_and(|level| level.certain(&[label.to_owned()], *prior) >= *least)
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

/// Lays tables over tables; anything else takes the place of what is there.
fn lay_over(base: &mut toml::Table, own: toml::Table) {
    for (name, value) in own {
        match (base.get_mut(&name), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => lay_over(below, above),
            (_, value) => {
                base.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use lavr_types::Vocabulary;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_builtin_files_are_readable_and_name_labels_that_exist() {
        let base = include_str!("../thresholds.toml");
        names_labels_that_exist(&Thresholds::parse(base).unwrap());
        for (network, own) in NETWORKS {
            let own = Thresholds::parse_over(base, own).unwrap();
            names_labels_that_exist(&own);
            let lowest = own.absence.levels.last().unwrap().whole;
            assert!(
                own.existence.asked <= lowest && own.existence.asked >= 0.05,
                "{network}: the tool looks no further"
            );
        }
    }

    fn names_labels_that_exist(thresholds: &Thresholds) {
        let labels: Vec<&str> = Vocabulary::builtin().labels().collect();
        let recalled = thresholds.absence.levels.iter().flat_map(|level| level.classes.keys());
        let named = recalled.chain(thresholds.confusable.groups.iter().flatten());
        for label in named {
            assert!(labels.contains(&label.as_str()), "{label}");
        }
        assert!(
            thresholds
                .absence
                .levels
                .is_sorted_by(|high, low| high.whole > low.whole && high.tiles > low.tiles)
        );
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
        assert!(["person", "cat", "dog"].iter().all(|label| thresholds.is_reliable(label)));
        assert!(
            !["spoon", "book", "clock", "bird", "laptop"].iter().any(|label| thresholds.is_reliable(label))
        );
        // 0.3 * 0.98 / (0.3 * 0.98 + 0.7 * 0.06)
        let sure = |labels: &[&str], best: [f32; 2]| {
            let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
            thresholds.absence(&labels, Traces { found: best, any: best, doubt: 0.0 })
        };
        let [faint, fainter, nothing] = [[0.29, 0.44], [0.14, 0.24], [0.0, 0.0]];
        assert!((sure(&["cat"], faint).unwrap() - 0.875).abs() < 1e-3);
        assert_eq!(sure(&["cat", "dog"], faint), sure(&["dog"], faint), "the weakest decides");
        // A bird leaves more than a faint trace nearly always, and a spoon leaves some.
        assert!(sure(&["bird"], fainter).is_some() && sure(&["bird"], faint).is_none());
        assert!(sure(&["spoon"], nothing).is_some() && sure(&["spoon"], fainter).is_none());
        assert_eq!(sure(&["bird", "spoon"], fainter), None);
        assert_eq!(sure(&["toaster"], nothing), None);
        assert_eq!(sure(&["cat"], [0.31, 0.31]), None);
    }

    #[test]
    fn a_file_laid_over_another_replaces_its_lists_and_keeps_the_rest() {
        let (base, larger) = (Thresholds::builtin(), larger());
        assert_eq!(larger.absence.levels.len(), 1);
        assert!(base.absence.levels.len() > 1);
        assert!((larger.count.confident - base.count.confident).abs() < f32::EPSILON);
        assert!(larger.count.plausible < base.count.plausible);
        let (faint, bird) = ([0.04, 0.14], ["bird".to_owned()]);
        assert!(larger.absence(&bird, Traces { found: faint, any: faint, doubt: 0.0 }).is_some());
        let book = ["book".to_owned()];
        assert_eq!(larger.absence(&book, Traces { found: [0.0; 2], any: [0.0; 2], doubt: 0.0 }), None);
        assert!(
            Thresholds::parse_over("", "[count]\nplausible = 0.1").is_err(),
            "together they are no thresholds"
        );
    }

    fn larger() -> &'static Thresholds {
        let network = Some("yolo11n".to_owned());
        let tool = ToolSpec { network, ..ToolSpec::new("detect", "", json!({})) };
        Thresholds::builtin().for_detector(Some(&tool))
    }

    #[test]
    fn who_trusts_a_detector_is_not_answered_with_built_in_lines() {
        let network = Some("yolo11n".to_owned());
        let tool = ToolSpec { network, ..ToolSpec::new("detect", "", json!({})) };
        let mine = Thresholds::builtin().clone().trusting(["clock"]);
        assert!(mine.for_detector(Some(&tool)).is_reliable("clock"));
    }

    #[test]
    fn what_lost_its_place_to_something_else_is_a_trace() {
        let bird = ["bird".to_owned()];
        let lost = Traces { found: [0.0, 0.0], any: [0.4, 0.4], doubt: 0.0 };
        assert_eq!(Thresholds::builtin().absence(&bird, lost), None);
        assert_eq!(larger().absence(&bird, lost), None);
    }

    #[test]
    fn of_one_more_traces_do_not_tell_unless_all_lines_are_of_one_level() {
        let person = ["person".to_owned()];
        let traces = |score: f32| Traces { found: [score; 2], any: [score; 2], doubt: 0.0 };
        let tool = ToolSpec { network: Some("yolo26m".to_owned()), ..ToolSpec::new("detect", "", json!({})) };
        let largest = Thresholds::builtin().for_detector(Some(&tool));
        assert!(largest.absence(&person, traces(0.2)).is_some());
        let trusting = Thresholds::builtin().clone().trusting(["person"]);
        let of_more = |thresholds: &Thresholds, score: f32| {
            thresholds.absence_of_more(&person, traces(score)).is_some()
        };
        assert!(!of_more(largest, 0.2) && of_more(largest, 0.0));
        assert!(of_more(&trusting, 0.2) && of_more(&trusting, 0.0));
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
        let tool = |name: &str, network: Option<&str>| ToolSpec {
            network: network.map(str::to_owned),
            ..ToolSpec::new(name, "", json!({}))
        };
        let trusts = |tool: Option<&ToolSpec>| thresholds.for_detector(tool).is_reliable("bird");
        assert!(trusts(Some(&tool("better", None))));
        assert!(trusts(Some(&tool("detect", Some("better")))), "by the network it looks with");
        assert!(!trusts(Some(&tool("detect", Some("nanodet")))));
        assert!(!trusts(None));
    }

    #[test]
    fn a_file_with_a_misspelt_name_is_refused() {
        let text = include_str!("../thresholds.toml").replace("stands_out", "stand_out");
        assert!(Thresholds::parse(&text).is_err());
    }
}
