//! Where the verifier draws its lines; the numbers and their reasons stand in `thresholds.toml`.

use std::sync::OnceLock;

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
    pub(crate) text: Text,
    reliable: Reliable,
    confusable: Confusable,
}

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
    pub(crate) absent_confidence: f32,
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
pub(crate) struct Text {
    pub(crate) sure: f32,
    pub(crate) similar: f64,
    pub(crate) close: f64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reliable {
    labels: Vec<String>,
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

    /// For a detector that misses few things of these labels: what it does not find of them may be called absent.
    #[must_use]
    pub fn trusting<L: Into<String>>(mut self, labels: impl IntoIterator<Item = L>) -> Self {
        self.reliable.labels = labels.into_iter().map(Into::into).collect();
        self
    }

    /// Whether a miss of the label means anything.
    pub(crate) fn is_reliable(&self, label: &str) -> bool {
        self.reliable.labels.iter().any(|known| known == label)
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
        let named = thresholds.reliable.labels.iter().chain(thresholds.confusable.groups.iter().flatten());
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
    fn a_file_with_a_misspelt_name_is_refused() {
        let text = include_str!("../thresholds.toml").replace("miss_tiles", "mis_tiles");
        assert!(Thresholds::parse(&text).is_err());
    }
}
