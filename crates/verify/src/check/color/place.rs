//! Where to measure the colour of a thing.

use lavr_types::{Entity, Rect, perception::Detection};

use super::super::clothes::{self, WEARER};
use crate::Scene;

/// What of a box is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The thing in it.
    Thing,
    /// The chest of the person in it, for what is worn there.
    Chest,
    /// All of it, for what is worn somewhere on the person.
    Wearer,
}

/// Where to measure one instance.
pub(super) struct Place<'s> {
    pub(super) object: &'s Detection,
    pub(super) bounds: Rect,
    pub(super) part: Part,
}

/// Why a thing has no colour that could be measured, if so.
pub(super) fn no_one_color(entity: &Entity, scene: &Scene<'_>) -> Option<String> {
    // A person's box holds clothes, hair and skin; no word says which is meant.
    if scene.labels_of(entity).iter().any(|label| label == WEARER) {
        return Some("a person has no one colour".to_owned());
    }
    // Red hair is orange, and gray hair white.
    clothes::is_hair(&entity.surface).then(|| "the colours of hair have names of their own".to_owned())
}

/// Where the instances of a thing are, the best first, and whether these are all; else why it cannot be measured.
pub(super) fn places<'s>(entity: &Entity, scene: &'s Scene<'_>) -> Result<(Vec<Place<'s>>, bool), String> {
    let labels = scene.labels_of(entity);
    let part = if !labels.is_empty() {
        Part::Thing
    } else if clothes::covers_the_chest(&entity.surface) {
        Part::Chest
    } else if clothes::is_worn(&entity.surface) {
        Part::Wearer
    } else {
        return Err(format!("no detector label stands for \"{}\"", entity.surface));
    };
    let limits = &scene.thresholds().color;
    let measured = if part == Part::Thing { labels } else { vec![WEARER.to_owned()] };
    let objects = scene.find_labels(&measured, limits.instance, false).objects;
    if objects.is_empty() {
        let name = if part == Part::Thing { entity.surface.as_str() } else { WEARER };
        return Err(format!("found no {name} to measure"));
    }
    let number = objects.len();
    let some: Vec<Place<'_>> = objects
        .into_iter()
        .take(limits.most_instances)
        .filter_map(|object| {
            let bounds = if part == Part::Chest { clothes::torso(object.bounds)? } else { object.bounds };
            Some(Place { object, bounds, part })
        })
        .collect();
    if some.is_empty() {
        return Err(format!("too little of the {} shows", entity.surface));
    }
    let all = some.len() == number;
    Ok((some, all))
}
