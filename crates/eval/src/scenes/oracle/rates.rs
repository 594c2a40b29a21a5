//! How often an oracle errs.

/// The score that an expert gives to what is there: at the score of each entry, the second number is the share of
/// things that score as much or more. Between entries the share changes evenly.
///
/// The share at the first entry is that of the things found at all; entries are in the order of rising scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve(pub Vec<(f32, f64)>);

impl Curve {
    /// Everything is found with this score.
    pub fn always(score: f32) -> Self {
        Self(vec![(score, 1.0)])
    }

    /// The score that belongs to a number drawn evenly from 0 to 1; `None` where the thing is not found.
    pub fn score(&self, draw: f64) -> Option<f32> {
        let (first, found) = *self.0.first()?;
        if draw >= found {
            return None;
        }
        let mut last = (first, found);
        for &(score, share) in &self.0[1..] {
            if draw >= share {
                let part = (last.1 - draw) / (last.1 - share).max(1e-9);
                return Some(last.0 + (score - last.0) * part as f32);
            }
            last = (score, share);
        }
        Some(last.0)
    }
}

/// How often an oracle errs. Chances lie between 0 and 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Rates {
    /// How things score when the whole picture is looked at; what is not on the curve is missed.
    pub found: Curve,
    /// How they score in a second, closer look, independent of the first.
    pub found_closer: Curve,
    /// Chance that a thing is found twice, the second box smaller and less sure.
    pub doubled: f64,
    /// Mean number of things found in a look that are not there.
    pub invented: f64,
    /// ... in a closer look.
    pub invented_closer: f64,
    /// How what is not there scores: the least score, and how much higher the scores are on average.
    pub invented_score: [f32; 2],
    /// Chance that what is not there is taken for one of the family of what is there, at its place.
    pub invented_kin: f64,
    /// Standard deviation of each side of a box, as a share of its length along that axis.
    pub jitter: f64,
    /// Chance that a line of text is not found.
    pub unread: f64,
    /// Chance that a letter of it is taken for another.
    pub misread: f64,
    /// Chance that a color is called by another name that is near it.
    pub color_shifted: f64,
    /// Chance that the colors of a thing come out mixed.
    pub color_mixed: f64,
}

impl Rates {
    /// No errors.
    pub fn perfect() -> Self {
        Self {
            found: Curve::always(0.95),
            found_closer: Curve::always(0.95),
            doubled: 0.0,
            invented: 0.0,
            invented_closer: 0.0,
            invented_score: [0.25, 0.07],
            invented_kin: 0.0,
            jitter: 0.0,
            unread: 0.0,
            misread: 0.0,
            color_shifted: 0.0,
            color_mixed: 0.0,
        }
    }

    /// Experts better than those built in: one thing in fifty missed, few false finds. The numbers are chosen, not
    /// measured.
    pub fn mild() -> Self {
        Self {
            found: Curve(vec![(0.25, 0.98), (0.5, 0.95), (0.8, 0.7), (0.98, 0.0)]),
            found_closer: Curve(vec![(0.25, 0.98), (0.5, 0.95), (0.8, 0.7), (0.98, 0.0)]),
            doubled: 0.05,
            invented: 0.2,
            invented_closer: 0.4,
            invented_kin: 0.3,
            jitter: 0.02,
            unread: 0.02,
            misread: 0.005,
            color_shifted: 0.03,
            color_mixed: 0.05,
            ..Self::perfect()
        }
    }

    /// As the embedded detector errs on photographs.
    ///
    /// The first look's curve and false finds are those measured on 37 photographs with 40 pairs of picture and class (the
    /// numbers stand in the detector's model card and the verifier's thresholds; shares below 0.5 and above are
    /// continued evenly). Tiles found 14 of the 50 and 22 of the 72 things that the whole picture missed (same
    /// card), hence the second look's share of about 0.3. What the reader and the color meter get wrong is chosen: a
    /// letter in a hundred, a color in twenty.
    pub fn like_nanodet() -> Self {
        Self {
            found: Curve(vec![
                (0.25, 0.85),
                (0.30, 0.80),
                (0.35, 0.75),
                (0.40, 0.675),
                (0.50, 0.55),
                (0.90, 0.0),
            ]),
            found_closer: Curve(vec![(0.35, 0.32), (0.5, 0.3), (0.85, 0.0)]),
            doubled: 0.1,
            // 77 in 37 pictures from 0.25 on, 2 from 0.5 on.
            invented: 2.1,
            invented_closer: 3.0,
            invented_score: [0.25, 0.075],
            invented_kin: 0.5,
            jitter: 0.05,
            unread: 0.05,
            misread: 0.01,
            color_shifted: 0.05,
            color_mixed: 0.2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_scores_are_those_of_the_curve() {
        let curve = Rates::like_nanodet().found;
        let scores: Vec<Option<f32>> = (0..1000).map(|draw| curve.score(f64::from(draw) / 1000.0)).collect();
        for (score, share) in &curve.0 {
            let above = scores.iter().flatten().filter(|found| **found >= score - 1e-4).count();
            assert!((above as f64 / 1000.0 - share).abs() < 0.005, "{score}: {above}");
        }
    }

    #[test]
    fn an_empty_curve_finds_nothing() {
        assert_eq!(Curve(vec![]).score(0.0), None);
        assert_eq!(Curve::always(0.9).score(0.999), Some(0.9));
    }
}
