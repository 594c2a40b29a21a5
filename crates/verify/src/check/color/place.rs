//! Where to measure the colour of a thing.

use lavr_types::{
    Entity, Rect,
    perception::{Detection, Pose},
    vocabulary::MatchKind,
};

use super::super::{
    body,
    clothes::{self, Garment, WEARER},
};
use crate::{Scene, spot::Spot};

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

/// Where the instances of a thing that may be meant are, the best first, and whether these are all; else why it cannot be measured.
pub(super) fn places<'s>(
    entity: &Entity,
    spot: Option<Spot>,
    scene: &'s Scene<'_>,
) -> Result<(Vec<Place<'s>>, bool), String> {
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
    let objects = match spot {
        Some(spot) => spot.of(prominent(objects, limits.prominent_of_several), scene.size()),
        // "Another car behind it": what is spoken of beside others may be small.
        None if scene.told().others_of(entity) > 0 => objects,
        None => prominent(objects, limits.prominent),
    };
    // "A vehicle" may be one that the detector has no label for.
    let may_be_unknown = matches!(scene.match_kind(entity), Some((MatchKind::Broader, false)));
    let mut all = objects.len() <= limits.most_instances && !may_be_unknown;
    let mut some = Vec::new();
    let found: Vec<&Detection> = objects.into_iter().take(limits.most_instances).collect();
    for &object in &found {
        match place(object, garment, scene) {
            Where::At(place) => some.push(place),
            Where::Hidden => {}
            Where::Unknown => all = false,
        }
    }
    if some.is_empty() {
        return Err(format!("too little of the {} shows", entity.surface));
    }
    // "A red car" that the detector rather takes for a truck may be the one that is meant, before smaller cars.
    let largest = some.iter().map(|place| place.object.bounds.area()).fold(0.0, f64::max);
    let rival = scene.rival_of(&measured, &found).map(|(rival, _)| rival);
    if let Some(object) = rival.filter(|rival| garment.is_none() && rival.bounds.area() > largest) {
        let bounds = object.bounds;
        some.push(Place { object, bounds, part: Part::Thing, is_guessed: false });
    }
    Ok((some, all))
}

/// Those that a text may speak of: what is much smaller than another of its kind is in the background.
fn prominent(mut objects: Vec<&Detection>, least: f64) -> Vec<&Detection> {
    let largest = objects.iter().map(|object| object.bounds.area()).fold(0.0, f64::max);
    objects.retain(|object| object.bounds.area() >= least * largest);
    objects
}

/// Where the thing of one box is.
enum Where<'s> {
    At(Place<'s>),
    /// It does not show there.
    Hidden,
    /// It may show somewhere in the box.
    Unknown,
}

/// Where the thing in a box is, or the piece of clothing of the person in it.
fn place<'s>(object: &'s Detection, garment: Option<Garment>, scene: &Scene<'_>) -> Where<'s> {
    let at = |part, bounds, is_guessed| Where::At(Place { object, bounds, part, is_guessed });
    let pose = || scene.pose_of(object.bounds);
    let by_body = |part: fn(&Pose) -> Option<Rect>| {
        pose().map(|pose| part(pose).map_or(Where::Hidden, |bounds| at(Part::Worn, bounds, false)))
    };
    let by_box = || body::torso_in(object.bounds).map(|torso| at(Part::Worn, torso, true));
    match garment {
        None => at(Part::Thing, object.bounds, false),
        Some(Garment::Upper) => by_body(body::torso_of).or_else(by_box).unwrap_or(Where::Unknown),
        Some(Garment::Lower) => {
            by_body(body::thighs_of).unwrap_or_else(|| at(Part::Wearer, object.bounds, true))
        }
        Some(Garment::Elsewhere) => at(Part::Wearer, object.bounds, true),
    }
}
