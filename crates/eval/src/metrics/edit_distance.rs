//! Edit distance: how far a text that was read is from the text that is there.
//!
//! As OmniDocBench (Ouyang et al., CVPR 2025) counts it: the distance of a pair by the length of its longer text; of a
//! page, the sum of the distances by the sum of the lengths; of all, the mean over the pages.

/// The fewest insertions, deletions and substitutions that make one sequence the other (Levenshtein, 1966).
pub fn levenshtein<T: PartialEq>(one: &[T], other: &[T]) -> usize {
    let (long, short) = if one.len() < other.len() { (other, one) } else { (one, other) };
    let mut row: Vec<usize> = (0..=short.len()).collect();
    for (place, left) in long.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], place + 1);
        for (column, right) in short.iter().enumerate() {
            let substituted = diagonal + usize::from(left != right);
            diagonal = row[column + 1];
            row[column + 1] = substituted.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[short.len()]
}

/// The edits between two texts and the length of the longer, in code points.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Edits {
    /// Insertions, deletions and substitutions.
    pub edits: usize,
    /// Code points of the longer text; of several pairs, the sum.
    pub length: usize,
}

impl Edits {
    /// Compares a pair of texts.
    pub fn between(right: &str, read: &str) -> Self {
        let (right, read): (Vec<char>, Vec<char>) = (right.chars().collect(), read.chars().collect());
        Self { edits: levenshtein(&right, &read), length: right.len().max(read.len()) }
    }

    /// Edits by length, 0 (equal) to 1; `None` where both texts are empty.
    pub fn normalised(self) -> Option<f64> {
        (self.length > 0).then(|| self.edits as f64 / self.length as f64)
    }
}

impl std::ops::Add for Edits {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { edits: self.edits + other.edits, length: self.length + other.length }
    }
}

impl std::iter::Sum for Edits {
    fn sum<I: Iterator<Item = Self>>(pairs: I) -> Self {
        pairs.fold(Self::default(), std::ops::Add::add)
    }
}

/// The mean over pages; a page without any text on either side has no score and does not count.
pub fn page_mean(pages: impl IntoIterator<Item = Edits>) -> Option<f64> {
    let scores: Vec<f64> = pages.into_iter().filter_map(Edits::normalised).collect();
    (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_distance_is_a_metric(one in "[ab]{0,8}", two in "[ab]{0,8}", three in "[ab]{0,8}") {
            let between = |left: &str, right: &str| Edits::between(left, right).edits;
            prop_assert_eq!(between(&one, &two), between(&two, &one));
            prop_assert_eq!(between(&one, &two) == 0, one == two);
            prop_assert!(between(&one, &three) <= between(&one, &two) + between(&two, &three));
        }
    }
}
