//! Words of size: what they say, and what says the opposite.

/// Which way a word of size points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Large,
    Small,
}

const LARGE: &[&str] = &[
    "large",
    "big",
    "huge",
    "enormous",
    "giant",
    "gigantic",
    "massive",
    "oversized",
    "immense",
    "colossal",
    "sizable",
    "sizeable",
    "great",
];
const SMALL: &[&str] = &["small", "tiny", "little", "miniature", "minuscule", "petite", "mini"];
const LARGER: &[&str] = &["larger", "bigger"];
const SMALLER: &[&str] = &["smaller", "tinier", "littler"];

/// What a word says of a thing's size on its own: "large", "tiny".
pub(crate) fn extent(word: &str) -> Option<Extent> {
    if LARGE.contains(&word) {
        Some(Extent::Large)
    } else if SMALL.contains(&word) {
        Some(Extent::Small)
    } else {
        None
    }
}

/// What a comparative says of a thing's size beside another's: "bigger".
pub(crate) fn comparison(word: &str) -> Option<Extent> {
    if LARGER.contains(&word) {
        Some(Extent::Large)
    } else if SMALLER.contains(&word) {
        Some(Extent::Small)
    } else {
        None
    }
}

/// The comparative that says the opposite.
pub(crate) fn opposite_comparison(word: &str) -> Option<&'static str> {
    Some(match (comparison(word)?, word) {
        (Extent::Large, _) => "smaller",
        (Extent::Small, "smaller") => "larger",
        (Extent::Small, _) => "bigger",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_size_point_one_way_and_their_opposites_the_other() {
        assert_eq!(
            (extent("huge"), extent("tiny"), extent("bigger"), extent("red")),
            (Some(Extent::Large), Some(Extent::Small), None, None)
        );
        for word in LARGER.iter().chain(SMALLER) {
            let opposite = opposite_comparison(word).and_then(comparison);
            assert!(opposite.is_some() && opposite != comparison(word), "{word}");
        }
    }
}
