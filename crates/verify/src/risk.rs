//! Which claims are likeliest to be wrong: they are checked first, while the budget lasts.
//!
//! Zhou et al., "Analyzing and Mitigating Object Hallucination in Large Vision-Language Models" (LURE, ICLR 2024,
//! arXiv:2310.00754) find three causes of made-up objects, each with a score of its own (section 2): that objects
//! stand together in training data (`CoScore`), that the model was unsure of the token (`UnScore`, minus its
//! log-probability), and that it comes late in the text (`PoScore`, place / length). The paper masks objects by a
//! threshold on each; here the three, each brought to 0..1, are averaged, and only decide the order of checks. What
//! is not known (tokens without probabilities) is left out of the average of all claims alike.

use std::{
    collections::{BTreeSet, HashMap},
    sync::OnceLock,
};

use lavr_types::{Claim, Span, TokenScore, Vocabulary};
use serde::Deserialize;

use crate::named::{entities, labels_of};

/// In which order claims are checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CheckOrder {
    /// The likeliest to be wrong first.
    #[default]
    Risk,
    /// As they stand in the text.
    Text,
}

/// How strongly one thing calls for another in the mind of a model. The built-in table is an estimate by hand:
/// `cooccurrence.toml` beside this crate says so at length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Priors {
    pairs: HashMap<(String, String), f64>,
}

/// A table of what stands together is not readable.
#[derive(Debug, thiserror::Error)]
pub enum PriorsError {
    /// The text is not laid out as the built-in file is.
    #[error(
        "the table of what stands together is not readable: {0}; compare with the file that the crate ships"
    )]
    Layout(#[from] toml::de::Error),
    /// A strength is no share.
    #[error("the setting of {labels} has the strength {strength}; it must lie between 0 and 1")]
    Strength {
        /// Its labels.
        labels: String,
        /// Its strength.
        strength: f64,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    setting: Vec<Setting>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    strength: f64,
    labels: Vec<String>,
}

impl Priors {
    /// The table that the crate ships.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the file is part of the program; a test reads it"
    )]
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Priors> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            Self::parse(include_str!("../cooccurrence.toml")).expect("the built-in table is readable")
        })
    }

    /// Reads a table laid out as `cooccurrence.toml` is.
    ///
    /// # Errors
    /// When the text has another layout or a strength does not lie between 0 and 1.
    pub fn parse(text: &str) -> Result<Self, PriorsError> {
        let file: File = toml::from_str(text)?;
        let mut pairs = HashMap::new();
        for Setting { strength, labels } in file.setting {
            if !(0.0..=1.0).contains(&strength) {
                return Err(PriorsError::Strength { labels: labels.join(", "), strength });
            }
            for one in &labels {
                for other in labels.iter().filter(|other| *other != one) {
                    let known = pairs.entry((one.clone(), other.clone())).or_insert(0.0_f64);
                    *known = known.max(strength);
                }
            }
        }
        Ok(Self { pairs })
    }

    /// How strongly one label calls for the other, 0 to 1; the same both ways round.
    pub fn strength(&self, one: &str, other: &str) -> f64 {
        self.pairs.get(&(one.to_owned(), other.to_owned())).copied().unwrap_or(0.0)
    }
}

/// How likely each claim is to be wrong, 0 to 1, in the order of the claims.
pub(crate) fn scores(
    text: &str,
    claims: &[Claim],
    tokens: &[TokenScore],
    priors: &Priors,
    vocabulary: &Vocabulary,
) -> Vec<f64> {
    let labels: Vec<BTreeSet<String>> = claims
        .iter()
        .map(|claim| entities(claim).into_iter().flat_map(|entity| labels_of(entity, vocabulary)).collect())
        .collect();
    let named: BTreeSet<&String> = labels.iter().flatten().collect();
    claims
        .iter()
        .zip(&labels)
        .map(|(claim, own)| {
            let position = claim.span.start as f64 / text.len().max(1) as f64;
            let company = own
                .iter()
                .flat_map(|one| named.iter().map(move |other| (one, *other)))
                .filter(|(_, other)| !own.contains(*other))
                .map(|(one, other)| priors.strength(one, other))
                .fold(0.0, f64::max);
            if tokens.is_empty() {
                f64::midpoint(position, company)
            } else {
                (position + company + uncertainty(claim.span, tokens)) / 3.0
            }
        })
        .collect()
}

/// 1 - the geometric mean of the probabilities of the tokens in a span: 0 where the model was sure of each. Words that
/// no token has a score for are taken for sure.
fn uncertainty(span: Span, tokens: &[TokenScore]) -> f64 {
    let (count, sum) = tokens
        .iter()
        .filter(|token| token.span.overlaps(span) && !token.log_probability.is_nan())
        .fold((0_u32, 0.0), |(count, sum), token| (count + 1, sum + f64::from(token.log_probability)));
    if count == 0 { 0.0 } else { 1.0 - (sum / f64::from(count)).exp().clamp(0.0, 1.0) }
}

/// The places of the claims in the order in which they are checked. Of equals the first comes first.
pub(crate) fn ranked(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&one, &other| scores[other].total_cmp(&scores[one]).then(one.cmp(&other)));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LexicalExtractor;

    fn read(text: &str) -> Vec<Claim> {
        LexicalExtractor::new(Vocabulary::builtin()).read(text).claims
    }

    fn in_order(text: &str, tokens: &[TokenScore]) -> Vec<String> {
        let claims = read(text);
        let scores = scores(text, &claims, tokens, Priors::builtin(), Vocabulary::builtin());
        assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)), "{scores:?}");
        ranked(&scores).into_iter().map(|place| claims[place].surface.clone()).collect()
    }

    #[test]
    fn every_label_of_the_builtin_table_exists() {
        for (one, _) in Priors::builtin().pairs.keys() {
            assert!(Vocabulary::builtin().labels().any(|label| label == one), "{one}");
        }
        assert!(Priors::builtin().strength("fork", "knife") > Priors::builtin().strength("fork", "bowl"));
    }

    #[test]
    fn of_two_alike_the_later_one_is_the_riskier() {
        assert_eq!(in_order("A zebra. A toilet.", &[]), ["toilet", "zebra"]);
    }

    #[test]
    fn what_usually_stands_beside_what_else_is_named_is_riskier_than_what_does_not() {
        assert_eq!(in_order("A mouse, a keyboard and a zebra.", &[]), ["keyboard", "mouse", "zebra"]);
    }

    #[test]
    fn what_the_model_was_unsure_of_comes_first() {
        let text = "A zebra. A toilet.";
        let token = |start, end, probability: f32| TokenScore {
            span: Span::new(start, end),
            log_probability: probability.ln(),
        };
        let unsure = [token(0, 1, 0.99), token(2, 7, 0.05), token(11, 17, 0.98)];
        assert_eq!(in_order(text, &unsure), ["zebra", "toilet"]);
        let sure = [token(2, 7, 0.98), token(11, 17, 0.98)];
        assert_eq!(in_order(text, &sure), ["toilet", "zebra"]);
    }

    #[test]
    fn a_strength_that_is_no_share_is_refused() {
        let error = Priors::parse("[[setting]]\nstrength = 2.0\nlabels = [\"dog\", \"cat\"]").unwrap_err();
        assert!(error.to_string().contains("between 0 and 1"), "{error}");
    }
}
