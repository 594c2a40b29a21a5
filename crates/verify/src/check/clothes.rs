//! Pieces of clothing: their names, what of a person they cover, and what skin and hair look like beside them.

use lavr_types::perception::ColorReport;

/// The label of those who wear clothes.
pub(crate) const WEARER: &str = "person";

/// What of a wearer a piece of clothing covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Garment {
    /// The chest.
    Upper,
    /// The thighs.
    Lower,
    /// Now this, now that.
    Elsewhere,
}

const UPPER: &[&str] = &[
    "bikini",
    "blazer",
    "blouse",
    "cardigan",
    "clothe",
    "clothing",
    "coat",
    "costume",
    "dress",
    "gown",
    "hoodie",
    "jacket",
    "jersey",
    "jumper",
    "kimono",
    "outfit",
    "overall",
    "polo",
    "poncho",
    "pullover",
    "raincoat",
    "robe",
    "sari",
    "shirt",
    "spacesuit",
    "suit",
    "sweater",
    "sweatshirt",
    "swimsuit",
    "t-shirt",
    "tank top",
    "tee",
    "tunic",
    "uniform",
    "vest",
    "waistcoat",
    "wetsuit",
];

const LOWER: &[&str] = &["jean", "kilt", "legging", "pant", "short", "skirt", "tight", "trouser", "trunk"];

const ELSEWHERE: &[&str] = &["apron", "cape", "cloak", "scarf", "scarve", "shawl", "stocking"];

const HAIR: &[&str] = &["beard", "eyebrow", "hair", "hairdo", "mane", "moustache", "mustache", "ponytail"];

/// What skin and hair share with clothes: a part of a person that measures so may be bare.
const BARE: [&str; 3] = ["brown", "orange", "pink"];

/// The piece of clothing that a word names, if it does. Of hats and shoes no color is measured.
pub(crate) fn garment(surface: &str) -> Option<Garment> {
    let words = surface.to_lowercase();
    // A top is worn where nothing says of what it is one: a table top is none.
    if matches!(words.as_str(), "top" | "tops") {
        return Some(Garment::Upper);
    }
    let plain = words.strip_suffix('s').unwrap_or(&words);
    let dress = words.strip_suffix("es").unwrap_or(&words);
    let is = |name: &&str| {
        [words.as_str(), plain, dress].iter().any(|form| {
            form.strip_suffix(*name).is_some_and(|before| before.is_empty() || before.ends_with(' '))
        })
    };
    [(UPPER, Garment::Upper), (LOWER, Garment::Lower), (ELSEWHERE, Garment::Elsewhere)]
        .into_iter()
        .find_map(|(names, garment)| names.iter().any(is).then_some(garment))
}

/// What else is worn, of which no color is measured.
const UNMEASURED: [&str; 9] = ["cap", "gear", "glasses", "glove", "hat", "helmet", "mask", "collar", "tie"];

/// Whether a word names something that is worn.
pub(crate) fn is_clothing(surface: &str) -> bool {
    let word = surface.split_whitespace().next_back().unwrap_or_default().to_lowercase();
    let plain = word.strip_suffix('s').unwrap_or(&word);
    garment(surface).is_some()
        || UNMEASURED.iter().any(|name| *name == word || *name == plain)
        || plain == "top"
}

/// Whether a word names hair.
pub(crate) fn is_hair(surface: &str) -> bool {
    let word = surface.split_whitespace().next_back().unwrap_or_default().to_lowercase();
    let plain = word.strip_suffix('s').unwrap_or(&word);
    HAIR.contains(&plain)
}

/// A report without what may be skin or hair, and its share of the whole.
pub(crate) fn without_bare(report: &ColorReport) -> (ColorReport, f32) {
    let mut colors = report.colors.clone();
    colors.retain(|color| !BARE.contains(&color.name.as_str()));
    let kept: f32 = colors.iter().map(|color| color.share).sum();
    for color in &mut colors {
        color.share /= kept.max(f32::MIN_POSITIVE);
    }
    (ColorReport { colors, ..report.clone() }, kept)
}

/// Whether a colour may as well be that of skin or hair.
pub(crate) fn may_be_bare(color: &str) -> bool {
    BARE.contains(&color)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clothes_are_known_by_their_last_word() {
        for word in ["T-shirt", "summer dresses", "Jackets", "tank top", "top", "clothes"] {
            assert_eq!(garment(word), Some(Garment::Upper), "{word}");
        }
        for word in ["jeans", "shorts", "Swim trunks"] {
            assert_eq!(garment(word), Some(Garment::Lower), "{word}");
        }
        for word in ["scarf", "scarves", "aprons"] {
            assert_eq!(garment(word), Some(Garment::Elsewhere), "{word}");
        }
        for word in ["hat", "table top", "redress", ""] {
            assert_eq!(garment(word), None, "{word}");
        }
        assert!(is_clothing("hats") && is_clothing("table top") && !is_clothing("dog"));
    }
}
