//! Where to measure the colour of a thing.

use lavr_types::{
    Entity, Rect,
    perception::{Detection, Pose},
};

use super::super::{
    body,
    clothes::{self, Garment, WEARER},
};
use crate::Scene;

/// What of a box is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The thing in it.
    Thing,
    /// Where on the person in it a piece of clothing is.
    Worn,
    /// All of it, for what is worn somewhere on the person.
    Wearer,
}

/// Where to measure one instance.
pub(super) struct Place<'s> {
    pub(super) object: &'s Detection,
    pub(super) bounds: Rect,
    pub(super) part: Part,
    /// Whether nothing but the person's box tells where the clothing is.
    pub(super) is_guessed: bool,
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
    let garment = if labels.is_empty() { clothes::garment(&entity.surface) } else { None };
    if labels.is_empty() && garment.is_none() {
        return Err(format!("no detector label stands for \"{}\"", entity.surface));
    }
    let limits = &scene.thresholds().color;
    let measured = if garment.is_some() { vec![WEARER.to_owned()] } else { labels };
    let objects = scene.find_labels(&measured, limits.instance, false).objects;
    if objects.is_empty() {
        let name = if garment.is_some() { WEARER } else { entity.surface.as_str() };
        return Err(format!("found no {name} to measure"));
    }
    let mut all = objects.len() <= limits.most_instances;
    let mut some = Vec::new();
    for object in objects.into_iter().take(limits.most_instances) {
        match place(object, garment, scene) {
            Spot::At(place) => some.push(place),
            Spot::Hidden => {}
            Spot::Unknown => all = false,
        }
    }
    if some.is_empty() {
        return Err(format!("too little of the {} shows", entity.surface));
    }
    Ok((some, all))
}

/// Where the thing of one box is.
enum Spot<'s> {
    At(Place<'s>),
    /// It does not show there.
    Hidden,
    /// It may show somewhere in the box.
    Unknown,
}

/// Where the thing in a box is, or the piece of clothing of the person in it.
fn place<'s>(object: &'s Detection, garment: Option<Garment>, scene: &Scene<'_>) -> Spot<'s> {
    let at = |part, bounds, is_guessed| Spot::At(Place { object, bounds, part, is_guessed });
    let pose = || scene.pose_of(object.bounds);
    let by_body = |part: fn(&Pose) -> Option<Rect>| {
        pose().map(|pose| part(pose).map_or(Spot::Hidden, |bounds| at(Part::Worn, bounds, false)))
    };
    let by_box = || body::torso_in(object.bounds).map(|torso| at(Part::Worn, torso, true));
    match garment {
        None => at(Part::Thing, object.bounds, false),
        Some(Garment::Upper) => by_body(body::torso_of).or_else(by_box).unwrap_or(Spot::Unknown),
        Some(Garment::Lower) => {
            by_body(body::thighs_of).unwrap_or_else(|| at(Part::Wearer, object.bounds, true))
        }
        Some(Garment::Elsewhere) => at(Part::Wearer, object.bounds, true),
    }
}
