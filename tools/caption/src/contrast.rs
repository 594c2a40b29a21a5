//! Visual contrastive decoding: prefer the words that the picture itself calls for.
//!
//! Leng et al., "Mitigating Object Hallucinations in Large Vision-Language Models through Visual Contrastive Decoding",
//! CVPR 2024 (arXiv:2311.16922). What a network would say of a picture drowned in noise comes from habit; that is taken
//! away from what it says of the clear picture, among the words that are plausible for the clear one. Checked number for
//! number against `tests/expected/contrast.py`.
//!
//! Off unless asked for: its published gains are over sampling. Yin et al., "The Mirage of Performance Gains"
//! (arXiv:2504.10020), find that they come from the plausibility constraint, which makes sampling nearly greedy, and from
//! pushing answers one way; against greedy decoding, which this captioner uses, they vanish. It costs a second run
//! of the network for every word.

/// Steps of the noise's schedule, as the authors publish it.
const STEPS: usize = 1000;

/// How to contrast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contrast {
    alpha: f32,
    beta: f32,
    step: usize,
    seed: u64,
}

impl Default for Contrast {
    /// The paper's values: alpha 1, beta 0.1, noise of step 500.
    fn default() -> Self {
        Self { alpha: 1.0, beta: 0.1, step: 500, seed: 0 }
    }
}

/// Values that visual contrastive decoding has no use for.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum ContrastError {
    /// The contrast is negative or no number.
    #[error("alpha is {0}; it must be 0 (no contrast) or more, the paper has 1")]
    Alpha(f32),
    /// The share of the best probability is no share.
    #[error(
        "beta is {0}; it must lie above 0 (every word is plausible) and up to 1 (only the best is), the paper has 0.1"
    )]
    Beta(f32),
    /// The schedule has fewer steps.
    #[error("the noise of step {0} is asked for; the schedule has steps 0 to 999, the paper takes 500")]
    Step(usize),
}

impl Contrast {
    /// `alpha` is how strongly habit is taken away, `beta` the share of the best word's probability from which on a word
    /// is plausible, `step` how much noise (0 to 999), `seed` which noise.
    ///
    /// # Errors
    /// When a value is out of range.
    pub fn new(alpha: f32, beta: f32, step: usize, seed: u64) -> Result<Self, ContrastError> {
        if !alpha.is_finite() || alpha < 0.0 {
            return Err(ContrastError::Alpha(alpha));
        }
        if !(beta > 0.0 && beta <= 1.0) {
            return Err(ContrastError::Beta(beta));
        }
        if step >= STEPS {
            return Err(ContrastError::Step(step));
        }
        Ok(Self { alpha, beta, step, seed })
    }

    /// The input after the forward diffusion (equation 2 of the paper): `sqrt(k) v + sqrt(1 - k) e`, where `k` is the share
    /// of the variance that is left after `step` and `e` is normal. `input` is normalised as the network takes it.
    #[must_use]
    pub fn noised(&self, input: &[f32]) -> Vec<f32> {
        let kept = kept_share(self.step);
        let (picture, noise) = (kept.sqrt(), (1.0 - kept).sqrt());
        let mut random = Random { state: self.seed };
        let mut noisy = Vec::with_capacity(input.len());
        for pair in input.chunks(2) {
            let normal = random.normal_pair();
            noisy.extend(
                pair.iter().zip(normal).map(|(value, e)| (picture * f64::from(*value) + noise * e) as f32),
            );
        }
        noisy
    }

    /// Contrasts the logits of the clear picture with those of the noised one, in place (equations 3 and 4):
    /// `(1 + alpha) clear - alpha noisy` where a word is plausible, minus infinity where its probability for the clear
    /// picture is below `beta` times that of the best. What is no number in either stays out.
    pub fn apply(&self, clear: &mut [f32], noisy: &[f32]) {
        let best = clear.iter().copied().filter(|logit| !logit.is_nan()).fold(f32::NEG_INFINITY, f32::max);
        let cutoff = best + self.beta.ln();
        for (place, logit) in clear.iter_mut().enumerate() {
            let contrasted =
                noisy.get(place).map_or(f32::NAN, |noisy| (1.0 + self.alpha) * *logit - self.alpha * noisy);
            *logit = if *logit >= cutoff && !contrasted.is_nan() { contrasted } else { f32::NEG_INFINITY };
        }
    }
}

/// How much of the variance after a step is still the picture's: the product of `1 - gamma` up to it, where gamma rises
/// from 1e-5 to 5e-3 along a sigmoid from -6 to 6.
fn kept_share(step: usize) -> f64 {
    (0..=step)
        .map(|step| {
            let place = -6.0 + 12.0 * step as f64 / (STEPS - 1) as f64;
            let gamma = (5e-3 - 1e-5) / (1.0 + (-place).exp()) + 1e-5;
            1.0 - gamma
        })
        .product()
}

/// `SplitMix64` (Steele, Lea and Flood, 2014).
struct Random {
    state: u64,
}

impl Random {
    /// A number in 0..1.
    fn uniform(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Two independent normal numbers (Box and Muller, 1958).
    fn normal_pair(&mut self) -> [f64; 2] {
        let (first, second) = (self.uniform(), self.uniform());
        let radius = (-2.0 * (1.0 - first).ln()).sqrt();
        let (sine, cosine) = (std::f64::consts::TAU * second).sin_cos();
        [radius * cosine, radius * sine]
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Reference {
        schedule: Vec<Kept>,
        picture: Vec<f32>,
        noise: Vec<Noise>,
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Kept {
        step: usize,
        kept: f64,
    }

    #[derive(Deserialize)]
    struct Noise {
        step: usize,
        seed: u64,
        values: Vec<f64>,
    }

    #[derive(Deserialize)]
    struct Case {
        alpha: f32,
        beta: f32,
        clear: Vec<f32>,
        noisy: Vec<f32>,
        logits: Vec<Option<f64>>,
        probabilities: Vec<f64>,
        chosen: usize,
    }

    fn reference() -> Reference {
        serde_json::from_str(include_str!("../tests/expected/contrast.json")).unwrap()
    }

    #[test]
    fn the_schedule_is_that_of_the_reference() {
        for Kept { step, kept } in reference().schedule {
            assert!((kept_share(step) - kept).abs() < 1e-12, "{step}");
        }
    }

    #[test]
    fn the_noised_picture_is_that_of_the_reference() {
        let reference = reference();
        for Noise { step, seed, values } in &reference.noise {
            let noisy = Contrast::new(1.0, 0.1, *step, *seed).unwrap().noised(&reference.picture);
            assert_eq!(noisy.len(), values.len());
            for (noisy, expected) in noisy.iter().zip(values) {
                assert!((f64::from(*noisy) - expected).abs() < 1e-6, "{step}: {noisy} {expected}");
            }
        }
    }

    #[test]
    fn the_contrasted_logits_and_what_is_chosen_are_those_of_the_reference() {
        for case in reference().cases {
            let mut logits = case.clear.clone();
            Contrast::new(case.alpha, case.beta, 500, 0).unwrap().apply(&mut logits, &case.noisy);
            for (logit, expected) in logits.iter().zip(&case.logits) {
                match expected {
                    Some(expected) => {
                        assert!((f64::from(*logit) - expected).abs() < 1e-5, "{logit} {expected}");
                    }
                    None => assert_eq!(*logit, f32::NEG_INFINITY),
                }
            }
            let best = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f32 = logits.iter().map(|logit| (logit - best).exp()).sum();
            for (logit, expected) in logits.iter().zip(&case.probabilities) {
                assert!((f64::from((logit - best).exp() / sum) - expected).abs() < 1e-6);
            }
            assert_eq!(logits.iter().position(|logit| *logit == best), Some(case.chosen));
        }
    }

    #[test]
    fn what_is_no_number_is_never_chosen() {
        let mut logits = [1.0, f32::NAN, 0.9];
        Contrast::default().apply(&mut logits, &[f32::NAN, 0.0, 0.0]);
        assert_eq!(logits, [f32::NEG_INFINITY, f32::NEG_INFINITY, 1.8]);
    }

    #[test]
    fn values_out_of_range_are_refused_and_the_paper_is_named() {
        for error in [
            Contrast::new(-1.0, 0.1, 500, 0),
            Contrast::new(f32::NAN, 0.1, 500, 0),
            Contrast::new(1.0, 0.0, 500, 0),
            Contrast::new(1.0, 1.5, 500, 0),
            Contrast::new(1.0, 0.1, 1000, 0),
        ] {
            assert!(error.unwrap_err().to_string().contains("the paper"));
        }
    }
}
