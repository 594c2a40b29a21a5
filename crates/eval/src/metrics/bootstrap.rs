//! Confidence intervals by resampling.

use crate::Random;

/// How an interval is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resampling {
    /// How often the units are drawn anew.
    pub times: usize,
    /// The part of the draws that lies inside the interval.
    pub confidence: f64,
    /// Where the draws start from: the same seed gives the same interval.
    pub seed: u64,
}

impl Default for Resampling {
    /// 2,000 draws, 95 %.
    fn default() -> Self {
        Self { times: 2000, confidence: 0.95, seed: 0 }
    }
}

/// The percentile interval of a statistic (Efron, "Bootstrap methods", 1979): the units, most often pictures, are drawn
/// with replacement as many times as there are, and the statistic is taken of each draw.
///
/// Units, not single answers: what is asked of one picture stands or falls together. A draw for which the statistic has
/// no value is left out; `None` where there are fewer than two units, or fewer than half of the draws have a value.
pub fn interval<T>(
    units: &[T],
    resampling: Resampling,
    statistic: impl Fn(&[&T]) -> Option<f64>,
) -> Option<[f64; 2]> {
    if units.len() < 2 || resampling.times == 0 {
        return None;
    }
    let mut random = Random::new(resampling.seed);
    let mut drawn: Vec<&T> = Vec::with_capacity(units.len());
    let mut values = Vec::with_capacity(resampling.times);
    for _ in 0..resampling.times {
        drawn.clear();
        drawn.extend((0..units.len()).filter_map(|_| random.pick(units)));
        values.extend(statistic(&drawn).filter(|value| value.is_finite()));
    }
    if values.len() * 2 < resampling.times {
        return None;
    }
    values.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - resampling.confidence.clamp(0.0, 1.0)) / 2.0;
    Some([quantile(&values, tail), quantile(&values, 1.0 - tail)])
}

/// The value below which a part of sorted values lies, between neighbours in proportion.
fn quantile(sorted: &[f64], part: f64) -> f64 {
    let place = part * (sorted.len().saturating_sub(1)) as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    match (sorted.get(low), sorted.get(high)) {
        (Some(low), Some(high)) => low + (high - low) * place.fract(),
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mean(values: &[&f64]) -> Option<f64> {
        (!values.is_empty()).then(|| values.iter().copied().sum::<f64>() / values.len() as f64)
    }

    #[test]
    fn the_interval_of_a_mean_is_as_wide_as_its_standard_error_says() {
        // 400 throws of a fair coin: 1.96 standard errors are 0.049.
        let units: Vec<f64> = (0..400).map(|place| f64::from(place % 2)).collect();
        let [low, high] = interval(&units, Resampling::default(), mean).unwrap();
        assert!((low - 0.451).abs() < 0.006 && (high - 0.549).abs() < 0.006, "{low} {high}");
    }

    #[test]
    fn what_has_no_value_has_no_interval() {
        assert_eq!(interval(&[1.0], Resampling::default(), mean), None);
        assert_eq!(interval(&[1.0, 2.0], Resampling::default(), |_| None), None);
    }

    proptest! {
        #[test]
        fn an_interval_lies_among_the_units_and_repeats(units in prop::collection::vec(-1e3..1e3_f64, 2..40), seed in 0..9_u64) {
            let resampling = Resampling { times: 200, seed, ..Resampling::default() };
            let [low, high] = interval(&units, resampling, mean).unwrap();
            let least = units.iter().copied().fold(f64::INFINITY, f64::min);
            let most = units.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert!(least - 1e-9 <= low && low <= high && high <= most + 1e-9);
            prop_assert_eq!(interval(&units, resampling, mean), Some([low, high]));
        }
    }
}
