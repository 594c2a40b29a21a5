//! Where on a person a shirt or a dress is, as far as the person's box tells.
//!
//! Artists draw people seven and a half heads tall and some 2.2 heads wide at the shoulders; the chest lies two heads down,
//! the navel three, the crotch four (the canon of figure drawing, as Loomis, "Figure Drawing for All It's Worth", 1943,
//! gives it). A box whose person is cut off by the picture keeps its width, so that heads are counted in widths, and a
//! narrow one (seen from the side) in heights. Checked by eye on the boxes of 37 photographs of people for tuning:
//! the part for shirts lay on clothes in all but two, where hair covers them.

use lavr_types::{Rect, perception::ColorReport};

/// The label of those who wear clothes.
pub(crate) const WEARER: &str = "person";

/// How tall people are, and how wide at the shoulders, in heads.
const TALL: f64 = 7.5;
const WIDE: f64 = 2.2;

const TORSO: &[&str] = &[
    "blazer",
    "blouse",
    "cardigan",
    "dress",
    "gown",
    "hoodie",
    "jacket",
    "jersey",
    "jumper",
    "outfit",
    "polo",
    "pullover",
    "robe",
    "shirt",
    "spacesuit",
    "suit",
    "sweater",
    "sweatshirt",
    "t-shirt",
    "tee",
    "tunic",
    "uniform",
    "vest",
    "wetsuit",
];

/// What is worn elsewhere, or on more than the chest.
const WORN: &[&str] = &[
    "apron",
    "bikini",
    "cape",
    "cloak",
    "clothes",
    "clothing",
    "coat",
    "costume",
    "jean",
    "kimono",
    "kilt",
    "legging",
    "overall",
    "pant",
    "poncho",
    "raincoat",
    "sari",
    "scarf",
    "shawl",
    "short",
    "skirt",
    "stocking",
    "swimsuit",
    "tank top",
    "tight",
    "trouser",
    "trunk",
    "waistcoat",
];

const HAIR: &[&str] = &["beard", "eyebrow", "hair", "hairdo", "mane", "moustache", "mustache", "ponytail"];

/// What skin and hair share with clothes: a part of a person that measures so may be bare.
const BARE: [&str; 3] = ["brown", "orange", "pink"];

/// Whether a word names a piece of clothing that covers the chest. Of trousers, hats and shoes the box says too little.
pub(crate) fn covers_the_chest(surface: &str) -> bool {
    let word = surface.split_whitespace().next_back().unwrap_or_default().to_lowercase();
    let plain = word.strip_suffix('s').unwrap_or(&word);
    let dress = word.strip_suffix("es").unwrap_or(&word);
    [word.as_str(), plain, dress].iter().any(|form| TORSO.contains(form))
}

/// Whether a word names another piece of clothing.
pub(crate) fn is_worn(surface: &str) -> bool {
    let words = surface.to_lowercase();
    let plain = words.strip_suffix('s').unwrap_or(&words);
    let is = |name: &&str| {
        plain.strip_suffix(*name).is_some_and(|before| before.is_empty() || before.ends_with(' '))
    };
    WORN.iter().any(is) || words.ends_with("scarves")
}

/// What else is worn, of which no color is measured.
const ELSEWHERE: [&str; 14] = [
    "cap", "gear", "glasses", "glove", "gown", "hat", "helmet", "mask", "outfit", "uniform", "wetsuit",
    "collar", "tie", "top",
];

/// Whether a word names something that is worn.
pub(crate) fn is_clothing(surface: &str) -> bool {
    let word = surface.split_whitespace().next_back().unwrap_or_default().to_lowercase();
    let plain = word.strip_suffix('s').unwrap_or(&word);
    covers_the_chest(surface)
        || is_worn(surface)
        || ELSEWHERE.iter().any(|name| *name == word || *name == plain)
}

/// Whether a word names hair.
pub(crate) fn is_hair(surface: &str) -> bool {
    let word = surface.split_whitespace().next_back().unwrap_or_default().to_lowercase();
    let plain = word.strip_suffix('s').unwrap_or(&word);
    HAIR.contains(&plain)
}

/// Where in a person's box the chest and belly are; none where the box shows too little of them.
pub(crate) fn torso(person: Rect) -> Option<Rect> {
    let head = (person.width() / WIDE).max(person.height() / TALL);
    let middle = person.center().x;
    let top = person.top + 1.5 * head;
    let bottom = (person.top + 3.1 * head).min(person.bottom - 0.03 * person.height());
    let half = 0.55 * head;
    let place = Rect::new((middle - half).max(person.left), top, (middle + half).min(person.right), bottom);
    // A strip of less than a third of a head shows a collar.
    (bottom - top > head / 3.0).then_some(place)
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
        for word in ["T-shirt", "summer dresses", "Jackets"] {
            assert!(covers_the_chest(word), "{word}");
        }
        for word in ["hat", "jeans", ""] {
            assert!(!covers_the_chest(word), "{word}");
        }
    }

    #[test]
    fn the_torso_of_a_whole_person_lies_below_the_head() {
        // A head is 40 pixels high: the shoulders are 88 wide.
        let torso = torso(Rect::new(100.0, 50.0, 188.0, 350.0)).unwrap();
        assert!((torso.top - 110.0).abs() < 1.0 && (torso.bottom - 174.0).abs() < 1.0, "{torso:?}");
    }

    #[test]
    fn a_portrait_shows_some_of_it_and_a_face_none() {
        assert!(torso(Rect::new(0.0, 0.0, 200.0, 220.0)).is_some_and(|torso| torso.top > 110.0));
        assert_eq!(torso(Rect::new(0.0, 0.0, 200.0, 150.0)), None);
    }
}
