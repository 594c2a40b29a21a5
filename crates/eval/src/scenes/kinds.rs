//! What scenes are made of: kinds of things with the words for them, their sizes, colors and company.

/// Where a kind of thing is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Vehicles, people and what stands at the roadside.
    Street,
    /// Furniture, pets and things of a household.
    Room,
    /// Animals out of doors.
    Field,
    /// Food and tableware.
    Table,
}

impl Setting {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Street, Self::Room, Self::Field, Self::Table];
}

/// How a kind of thing is said to be somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// People stand and wait.
    Person,
    /// Animals sit, stand and rest.
    Animal,
    /// Vehicles are parked.
    Vehicle,
    /// Things are there.
    Thing,
}

/// A kind of thing.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// The detector's label.
    pub label: &'static str,
    /// The nouns by which people name it, singular and plural.
    pub names: &'static [[&'static str; 2]],
    /// The colors that it comes in. None for what one word does not describe (a person).
    pub colors: &'static [&'static str],
    /// Its box as shares of the picture's longer side.
    pub size: [f64; 2],
    /// How it is somewhere.
    pub manner: Manner,
    /// Where it is met.
    pub settings: &'static [Setting],
    /// Whether another thing can lie on it so that the boxes show it.
    pub carries: bool,
}

const fn kind(
    label: &'static str,
    names: &'static [[&'static str; 2]],
    colors: &'static [&'static str],
    size: [f64; 2],
    manner: Manner,
    settings: &'static [Setting],
) -> Kind {
    Kind { label, names, colors, size, manner, settings, carries: false }
}

const fn support(kind: Kind) -> Kind {
    Kind { carries: true, ..kind }
}

use Manner::{Animal, Person, Thing, Vehicle};
use Setting::{Field, Room, Street, Table};

/// All kinds of things that scenes are made of.
pub const KINDS: &[Kind] = &[
    kind("person", &[["person", "people"]], &[], [0.12, 0.3], Person, &[Street, Room, Field]),
    kind("bicycle", &[["bicycle", "bicycles"]], &["red", "blue", "black"], [0.2, 0.15], Vehicle, &[Street]),
    kind(
        "car",
        &[["car", "cars"]],
        &["red", "blue", "white", "black", "yellow", "green"],
        [0.26, 0.15],
        Vehicle,
        &[Street],
    ),
    kind(
        "motorcycle",
        &[["motorcycle", "motorcycles"], ["motorbike", "motorbikes"]],
        &["red", "black", "blue"],
        [0.22, 0.16],
        Vehicle,
        &[Street],
    ),
    kind("bus", &[["bus", "buses"]], &["yellow", "red", "blue", "white"], [0.3, 0.2], Vehicle, &[Street]),
    kind("truck", &[["truck", "trucks"]], &["red", "white", "blue", "green"], [0.3, 0.2], Vehicle, &[Street]),
    kind(
        "traffic light",
        &[["traffic light", "traffic lights"]],
        &["black", "yellow"],
        [0.06, 0.16],
        Thing,
        &[Street],
    ),
    kind(
        "fire hydrant",
        &[["fire hydrant", "fire hydrants"], ["hydrant", "hydrants"]],
        &["red", "yellow"],
        [0.1, 0.16],
        Thing,
        &[Street],
    ),
    kind("stop sign", &[["stop sign", "stop signs"]], &["red"], [0.13, 0.13], Thing, &[Street]),
    support(kind(
        "bench",
        &[["bench", "benches"]],
        &["brown", "green", "white"],
        [0.3, 0.16],
        Thing,
        &[Street, Field],
    )),
    kind("bird", &[["bird", "birds"]], &["black", "white", "blue", "yellow"], [0.1, 0.08], Animal, &[Field]),
    kind("cat", &[["cat", "cats"]], &["black", "white", "orange", "gray"], [0.16, 0.14], Animal, &[Room]),
    kind(
        "dog",
        &[["dog", "dogs"]],
        &["black", "white", "brown"],
        [0.2, 0.17],
        Animal,
        &[Street, Room, Field],
    ),
    kind("horse", &[["horse", "horses"]], &["black", "white", "brown"], [0.26, 0.24], Animal, &[Field]),
    kind("sheep", &[["sheep", "sheep"]], &["white", "black"], [0.2, 0.16], Animal, &[Field]),
    kind("cow", &[["cow", "cows"]], &["black", "white", "brown"], [0.26, 0.2], Animal, &[Field]),
    kind("elephant", &[["elephant", "elephants"]], &["gray"], [0.3, 0.25], Animal, &[Field]),
    kind("bear", &[["bear", "bears"]], &["black", "brown", "white"], [0.24, 0.2], Animal, &[Field]),
    kind("zebra", &[["zebra", "zebras"]], &[], [0.24, 0.2], Animal, &[Field]),
    kind("giraffe", &[["giraffe", "giraffes"]], &[], [0.18, 0.32], Animal, &[Field]),
    kind(
        "backpack",
        &[["backpack", "backpacks"]],
        &["red", "blue", "black"],
        [0.13, 0.16],
        Thing,
        &[Street, Room],
    ),
    kind(
        "umbrella",
        &[["umbrella", "umbrellas"]],
        &["red", "blue", "black", "yellow"],
        [0.2, 0.15],
        Thing,
        &[Street],
    ),
    kind(
        "suitcase",
        &[["suitcase", "suitcases"]],
        &["red", "blue", "black", "green"],
        [0.15, 0.18],
        Thing,
        &[Room, Street],
    ),
    kind("bottle", &[["bottle", "bottles"]], &["green", "blue", "white"], [0.07, 0.18], Thing, &[Table]),
    kind("cup", &[["cup", "cups"]], &["white", "red", "blue", "green"], [0.11, 0.1], Thing, &[Table]),
    kind("bowl", &[["bowl", "bowls"]], &["white", "blue", "red"], [0.18, 0.1], Thing, &[Table]),
    kind("banana", &[["banana", "bananas"]], &["yellow"], [0.17, 0.1], Thing, &[Table]),
    kind("apple", &[["apple", "apples"]], &["red", "green"], [0.1, 0.1], Thing, &[Table]),
    kind("orange", &[["orange", "oranges"]], &[], [0.1, 0.1], Thing, &[Table]),
    kind("pizza", &[["pizza", "pizzas"]], &[], [0.28, 0.2], Thing, &[Table]),
    kind("cake", &[["cake", "cakes"]], &["white", "pink"], [0.2, 0.15], Thing, &[Table]),
    support(kind(
        "chair",
        &[["chair", "chairs"]],
        &["white", "black", "red", "blue"],
        [0.16, 0.24],
        Thing,
        &[Room],
    )),
    support(kind(
        "couch",
        &[["couch", "couches"], ["sofa", "sofas"]],
        &["red", "blue", "white", "green", "black"],
        [0.38, 0.2],
        Thing,
        &[Room],
    )),
    kind(
        "potted plant",
        &[["potted plant", "potted plants"], ["plant", "plants"]],
        &["green"],
        [0.12, 0.18],
        Thing,
        &[Room],
    ),
    support(kind("bed", &[["bed", "beds"]], &["white", "blue", "red"], [0.38, 0.24], Thing, &[Room])),
    kind("tv", &[["television", "televisions"], ["TV", "TVs"]], &["black"], [0.24, 0.16], Thing, &[Room]),
    kind("laptop", &[["laptop", "laptops"]], &["black", "white", "gray"], [0.2, 0.15], Thing, &[Room, Table]),
    kind("book", &[["book", "books"]], &["red", "blue", "green"], [0.13, 0.1], Thing, &[Room, Table]),
    kind("clock", &[["clock", "clocks"]], &["white", "black"], [0.1, 0.1], Thing, &[Room]),
    kind("vase", &[["vase", "vases"]], &["white", "blue", "red"], [0.09, 0.16], Thing, &[Room, Table]),
    // Met in no setting above: only where there is a picture of one.
    kind(
        "airplane",
        &[["airplane", "airplanes"], ["plane", "planes"]],
        &["white"],
        [0.3, 0.14],
        Vehicle,
        &[],
    ),
    kind("train", &[["train", "trains"]], &["red", "blue"], [0.34, 0.16], Vehicle, &[]),
    kind("boat", &[["boat", "boats"]], &["white", "red", "blue"], [0.28, 0.18], Vehicle, &[]),
    kind(
        "teddy bear",
        &[["teddy bear", "teddy bears"]],
        &["brown", "white", "pink"],
        [0.15, 0.17],
        Thing,
        &[Room],
    ),
];

/// The kind of a label.
pub fn kind_of(label: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.label == label)
}

/// Groups of kinds that people and detectors speak of together; what is said to be there and is not may be taken for
/// another of its group.
const FAMILIES: &[&[&str]] = &[
    &["bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "teddy bear"],
    &["bicycle", "car", "motorcycle", "bus", "truck", "airplane", "train", "boat"],
    &["bench", "chair", "couch", "bed"],
    &["banana", "apple", "orange"],
    &["cup", "bowl", "bottle", "vase"],
    &["backpack", "suitcase"],
    &["tv", "laptop"],
    &["pizza", "cake"],
];

/// Whether two labels belong to one family.
pub fn are_kin(one: &str, other: &str) -> bool {
    FAMILIES.iter().any(|family| family.contains(&one) && family.contains(&other))
}

/// For each color those that no eye takes for it. Others (orange and brown, gray and white) lie side by side.
const FAR_APART: &[(&str, &[&str])] = &[
    ("black", &["white", "red", "green", "yellow", "orange"]),
    ("white", &["black", "red", "green", "blue"]),
    ("gray", &["red", "green", "yellow", "orange"]),
    ("red", &["green", "blue", "white", "black", "yellow"]),
    ("orange", &["green", "blue", "black", "purple"]),
    ("yellow", &["red", "blue", "black", "purple"]),
    ("green", &["red", "white", "black", "pink", "purple"]),
    ("blue", &["red", "yellow", "white", "orange", "pink"]),
    ("purple", &["green", "yellow", "orange", "white"]),
    ("pink", &["green", "blue", "black"]),
    ("brown", &["green", "blue", "white", "pink"]),
];

/// The colors that nobody takes for this one.
pub fn other_colors(color: &str) -> &'static [&'static str] {
    FAR_APART.iter().find(|(name, _)| *name == color).map_or(&[], |(_, others)| others)
}

#[cfg(test)]
mod tests {
    use lavr_types::Vocabulary;

    use super::*;

    #[test]
    fn every_name_stands_for_its_label_and_every_color_is_a_basic_term() {
        let vocabulary = Vocabulary::builtin();
        for kind in KINDS {
            for name in kind.names.iter().flatten() {
                assert_eq!(vocabulary.labels_for(name), [kind.label], "{name}");
            }
            for color in kind.colors {
                assert_eq!(vocabulary.color(color), Some(*color));
                assert!(other_colors(color).len() >= 2, "{color}");
            }
        }
    }

    #[test]
    fn families_are_made_of_kinds() {
        assert!(FAMILIES.iter().flat_map(|family| family.iter()).all(|label| kind_of(label).is_some()));
        assert!(are_kin("dog", "cat") && !are_kin("dog", "car"));
    }
}
