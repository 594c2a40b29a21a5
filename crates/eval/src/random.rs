//! Numbers that look random and are the same on every machine, in every version.

/// A `SplitMix64` generator (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
///
/// Choices under a seed are part of a result, so the sequence must never change; a library's generator may.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The generator of a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A generator for one purpose under a seed: other keys give independent numbers, equal ones the same.
    pub fn keyed(seed: u64, key: &str) -> Self {
        // FNV-1a spreads the key, two rounds of the generator mix it with the seed.
        let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut random = Self(seed);
        let mixed = random.bits();
        let mut random = Self(mixed ^ hash);
        let start = random.bits();
        Self(start)
    }

    /// 64 random bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// From 0 up to but not including 1.
    pub const fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From `low` up to but not including `high`.
    pub const fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True with this chance.
    pub const fn chance(&mut self, chance: f64) -> bool {
        self.unit() < chance
    }

    /// From 0 up to but not including `end`; 0 where `end` is 0.
    pub const fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.bits() % end as u64) as usize }
    }

    /// One of them, or `None` where there is none.
    pub fn pick<'t, T>(&mut self, from: &'t [T]) -> Option<&'t T> {
        from.get(self.below(from.len()))
    }

    /// Puts them in another order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            all.swap(last, self.below(last + 1));
        }
    }

    /// How many times something happens that happens `mean` times on average (Poisson, by Knuth's product; at most 30).
    pub fn times(&mut self, mean: f64) -> usize {
        let limit = (-mean.max(0.0)).exp();
        let (mut product, mut times) = (self.unit(), 0);
        while product > limit && times < 30 {
            product *= self.unit();
            times += 1;
        }
        times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        let mut random = Random::new(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| random.bits()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn keys_are_independent_and_repeatable() {
        let draw = |seed, key| Random::keyed(seed, key).bits();
        assert_eq!(draw(1, "detect"), draw(1, "detect"));
        assert_ne!(draw(1, "detect"), draw(1, "read"));
        assert_ne!(draw(1, "detect"), draw(2, "detect"));
    }

    #[test]
    fn means_are_met() {
        let mut random = Random::new(7);
        let total: usize = (0..4000).map(|_| random.times(1.5)).sum();
        assert!((total as f64 / 4000.0 - 1.5).abs() < 0.1, "{total}");
        let hits = (0..4000).filter(|_| random.chance(0.3)).count();
        assert!((hits as f64 / 4000.0 - 0.3).abs() < 0.03, "{hits}");
    }
}
