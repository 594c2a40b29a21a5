//! The signs that a color is judged by, and what each of them counts.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What is known of a name and a place: of each how much of it there is.
///
/// Shares are those of the place, of clothes without what may be skin or hair. A *neighbor* is a color that some people call by the
/// same name, and *gone* is a color of which hardly any of the place has a tint.
pub(crate) const SIGNS: [&str; 20] = [
    "share",         // the root of the color's share
    "tint",          // the logarithm of the share that could have the color in other light
    "tint_neutral",  // the same where the color is black, gray or white
    "gone",          // 1 where not even a tint of it is left
    "near",          // the share of neighbors, as far as they may pass for the color
    "near_worn",     // the same of clothes
    "other",         // the largest share of a color that is no neighbor
    "other_gone",    // the same where the color is gone
    "vivid_neutral", // the largest share of a vivid color that is no neighbor, where the color is black, gray or white
    "light_white",   // how light the place is, 0 to 1, where the color is white
    "light_black",   // the same where it is black
    "worn",          // 1 for clothes
    "neutral",       // 1 for black, gray and white
    "bare_worn",     // 1 for clothes of a color that skin and hair may have
    "white",         // 1 for the color of this name, and so on
    "black",
    "gray",
    "brown",
    "unmasked", // 1 for clothes that were not cut out
    "guessed",  // 1 for clothes of which only the wearer's box is known
];

/// What each sign of a color counts ([`SIGNS`]), and a summand.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "BTreeMap<String, f32>")]
pub(crate) struct Weights {
    weights: [f32; SIGNS.len()],
    bias: f32,
}

impl Weights {
    /// The weighted sum of signs.
    pub(crate) fn of(&self, signs: &[f32; SIGNS.len()]) -> f32 {
        self.weights.iter().zip(signs).map(|(weight, sign)| weight * sign).sum::<f32>() + self.bias
    }
}

impl TryFrom<BTreeMap<String, f32>> for Weights {
    type Error = String;

    fn try_from(mut named: BTreeMap<String, f32>) -> Result<Self, String> {
        let mut take = |name: &str| named.remove(name).ok_or_else(|| format!("`{name}` has no weight"));
        let bias = take("bias")?;
        let mut weights = [0.0; SIGNS.len()];
        for (weight, sign) in weights.iter_mut().zip(SIGNS) {
            *weight = take(sign)?;
        }
        match named.keys().next() {
            Some(unknown) => Err(format!("`{unknown}` is no sign of a color")),
            None => Ok(Self { weights, bias }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_of_a_color_has_a_weight_and_nothing_else() {
        let mut named: BTreeMap<String, f32> = SIGNS.iter().map(|sign| ((*sign).to_owned(), 1.0)).collect();
        let missing = Weights::try_from(named.clone()).unwrap_err();
        assert!(missing.contains("`bias`"), "{missing}");
        named.insert("bias".to_owned(), 0.5);
        assert_eq!(
            Weights::try_from(named.clone()).unwrap().of(&[1.0; SIGNS.len()]),
            0.5 + SIGNS.len() as f32
        );
        named.insert("smell".to_owned(), 1.0);
        let unknown = Weights::try_from(named).unwrap_err();
        assert!(unknown.contains("`smell`"), "{unknown}");
    }
}
