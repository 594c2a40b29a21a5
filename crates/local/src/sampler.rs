//! The choice of the next token.

use lavr_model::Sampling;
use toktrie::SimpleVob;

/// Chooses tokens. The same seed and logits give the same choice.
#[derive(Debug)]
pub(crate) struct Sampler {
    temperature: f32,
    state: u64,
    weights: Vec<f64>,
}

impl Sampler {
    pub(crate) fn new(sampling: Sampling) -> Self {
        let temperature = if sampling.temperature.is_finite() { sampling.temperature.max(0.0) } else { 0.0 };
        Self { temperature, state: sampling.seed, weights: Vec::new() }
    }

    /// Chooses among the allowed tokens; none where no logit is a number.
    pub(crate) fn choose(&mut self, logits: &[f32], allowed: Option<&SimpleVob>) -> Option<u32> {
        let may = |token: usize| allowed.is_none_or(|allowed| allowed.is_allowed(token as u32));
        let best = logits.iter().enumerate().filter(|(token, logit)| !logit.is_nan() && may(*token)).fold(
            None,
            |best: Option<(usize, f32)>, (token, logit)| match best {
                Some((_, highest)) if highest >= *logit => best,
                _ => Some((token, *logit)),
            },
        )?;
        // Below this, only the best has weight.
        if self.temperature < 1e-3 {
            return Some(best.0 as u32);
        }
        self.weights.clear();
        self.weights.extend(logits.iter().enumerate().map(|(token, logit)| {
            if logit.is_nan() || !may(token) {
                0.0
            } else {
                f64::from((logit - best.1) / self.temperature).exp()
            }
        }));
        let total: f64 = self.weights.iter().sum();
        let mut left = self.uniform() * total;
        for (token, weight) in self.weights.iter().enumerate() {
            left -= weight;
            if *weight > 0.0 && left <= 0.0 {
                return Some(token as u32);
            }
        }
        Some(best.0 as u32)
    }

    /// A number in 0..1: `SplitMix64` (Steele, Lea and Flood, 2014).
    fn uniform(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Terms below e^-30 of the largest change no sum that a 32-bit number can hold.
const NEGLIGIBLE: f32 = -30.0;

/// The natural logarithm of a token's probability among the allowed ones, at temperature 1.
pub(crate) fn log_probability(logits: &[f32], allowed: Option<&SimpleVob>, token: u32) -> f32 {
    let may = |token: usize| allowed.is_none_or(|allowed| allowed.is_allowed(token as u32));
    let open = || logits.iter().enumerate().filter(|(token, logit)| !logit.is_nan() && may(*token));
    let highest = open().map(|(_, logit)| *logit).fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = open()
        .map(|(_, logit)| logit - highest)
        .filter(|difference| *difference > NEGLIGIBLE)
        .map(|difference| f64::from(difference.exp()))
        .sum();
    let own = logits.get(token as usize).copied().unwrap_or(f32::NEG_INFINITY);
    own - highest - sum.ln() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(temperature: f32, seed: u64) -> Sampler {
        Sampler::new(Sampling { temperature, seed })
    }

    #[test]
    fn without_temperature_the_first_of_the_likeliest_is_taken() {
        assert_eq!(sampler(0.0, 1).choose(&[0.0, 2.0, 2.0, f32::NAN], None), Some(1));
        assert_eq!(sampler(0.0, 1).choose(&[f32::NAN], None), None);
    }

    #[test]
    fn what_is_not_allowed_is_never_chosen() {
        let mut allowed = SimpleVob::alloc(4);
        allowed.allow_token(0);
        allowed.allow_token(3);
        let mut sampler = sampler(5.0, 7);
        for _ in 0..200 {
            assert!(matches!(sampler.choose(&[0.0, 9.0, 9.0, 1.0], Some(&allowed)), Some(0 | 3)));
        }
    }

    #[test]
    fn probabilities_are_shares_among_what_is_allowed() {
        // ln(e / (1 + e + e^2)) and ln(e / (1 + e)).
        let logits = [0.0, 1.0, 2.0, f32::NAN];
        assert!((log_probability(&logits, None, 1) - (-1.407_606)).abs() < 1e-5);
        let mut allowed = SimpleVob::alloc(4);
        allowed.allow_token(0);
        allowed.allow_token(1);
        assert!((log_probability(&logits, Some(&allowed), 1) - (-0.313_262)).abs() < 1e-5);
        let whole: f32 = (0..3).map(|token| log_probability(&logits, None, token).exp()).sum();
        assert!((whole - 1.0).abs() < 1e-5);
    }

    #[test]
    fn choices_follow_their_probabilities_and_their_seed() {
        let logits = [0.0, 1.0, f32::NEG_INFINITY];
        let draw = |seed| {
            let mut sampler = sampler(1.0, seed);
            (0..4000).map(|_| sampler.choose(&logits, None).unwrap()).collect::<Vec<_>>()
        };
        let choices = draw(3);
        assert_eq!(choices, draw(3));
        assert_ne!(choices, draw(4));
        let share = choices.iter().filter(|token| **token == 1).count() as f64 / 4000.0;
        // e / (1 + e) = 0.731; three standard deviations are 0.021.
        assert!((share - 0.731).abs() < 0.021, "{share}");
        assert!(!choices.contains(&2));
    }
}
