//! What stands where a text sees something that is not there.

use std::collections::BTreeMap;

use lavr_types::{Entity, perception::Detection};

use super::{WEARER, absence::absence};
use crate::{
    Scene,
    exchange::{are_kin, wide_kin_of},
};

/// What stands there instead.
pub(super) enum StandIn<'s> {
    None,
    /// Something is there that may be what the text means.
    Unclear(&'s str),
    /// Something else is there that the text does not speak of.
    Seen(&'s Detection),
}

/// What stands where the text sees something that is not there.
pub(super) fn stand_in<'s>(entity: &Entity, labels: &[String], scene: &'s Scene<'_>) -> StandIn<'s> {
    let [label] = labels else { return StandIn::None };
    // One thing does not stand in for two: the first that the text names, and that is missing, has it, and what is named again is the same.
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    for earlier in scene.told().things().iter().take_while(|thing| thing.span.start < entity.span.start) {
        let Some(other) = earlier.label.as_deref() else { continue };
        let is_decided = taken.values().any(|missing| *missing == other);
        if is_decided || absence(earlier, &[other.to_owned()], scene).is_err() {
            continue;
        }
        let vacancy = Vacancy { entity: earlier, label: other, taken: &taken, scene };
        if let StandIn::Seen(object) = vacancy.filled() {
            if other == label {
                return StandIn::Seen(object);
            }
            taken.insert(&object.label, other);
        }
    }
    Vacancy { entity, label, taken: &taken, scene }.filled()
}

/// The place of something that the text sees and that is not there.
struct Vacancy<'v, 's, 'a> {
    entity: &'v Entity,
    label: &'v str,
    /// What stands in for something else already.
    taken: &'v BTreeMap<&'s str, &'v str>,
    scene: &'s Scene<'a>,
}

/// Tables are what things stand on, seldom what a text begins with.
const TABLE: &str = "dining table";

impl<'s> Vacancy<'_, 's, '_> {
    /// What has it.
    fn filled(&self) -> StandIn<'s> {
        let limits = &self.scene.thresholds().existence;
        let told = self.scene.told();
        match (self.like(), told.carries_its_sentence(self.entity)) {
            (StandIn::None, Some(true)) => match self.unlike() {
                StandIn::None if told.begins_with(self.entity) => self.dominant(),
                stand_in => stand_in,
            },
            // What is only added was rather made up than taken for something else, unless something like it fills the picture.
            (StandIn::Seen(object), Some(false)) => {
                let picture = self.scene.size().area() as f64;
                if object.bounds.area() >= limits.fills * picture && object.score >= limits.substitute_added {
                    StandIn::Seen(object)
                } else {
                    StandIn::None
                }
            }
            (stand_in, _) => stand_in,
        }
    }

    /// Whether the text leaves open where a label is.
    fn is_free(&self, label: &str) -> bool {
        !self.scene.told().is_mentioned(label) && !self.taken.contains_key(label)
    }

    /// What carries a sentence is not left out while the one thing stands there that the text does not speak of and that it could be.
    fn unlike(&self) -> StandIn<'s> {
        let kin: Vec<String> =
            wide_kin_of(self.label).into_iter().filter(|other| self.is_free(other)).collect();
        only_kind(&sure(&kin, self.scene))
    }

    /// What the picture shows before all else, if the text does not speak of it. People are not taken for things, nor things for people.
    fn dominant(&self) -> StandIn<'s> {
        if self.label == WEARER {
            return StandIn::None;
        }
        let limits = &self.scene.thresholds().existence;
        let vocabulary = self.scene.vocabulary();
        let labels: Vec<String> = vocabulary.labels().map(str::to_owned).collect();
        let mut kinds: BTreeMap<&str, (f64, Vec<&'s Detection>)> = BTreeMap::new();
        for object in sure(&labels, self.scene) {
            if [WEARER, TABLE].contains(&object.label.as_str()) || !self.is_free(&object.label) {
                continue;
            }
            let (area, members) = kinds.entry(&object.label).or_default();
            *area += object.bounds.area();
            members.push(object);
        }
        let name = self.entity.surface.to_lowercase();
        let several = vocabulary.singular(&name) != name;
        kinds.retain(|_, (_, members)| !several || members.len() > 1);
        let Some((label, (area, members))) = kinds.iter().max_by(|(_, (a, _)), (_, (b, _))| a.total_cmp(b))
        else {
            return StandIn::None;
        };
        let next = kinds.iter().filter(|(other, _)| other != &label).map(|(_, (area, _))| *area);
        if *area < limits.dominates * next.fold(0.0, f64::max) {
            return StandIn::None;
        }
        only_kind(members)
    }

    /// What of the same family, or easily taken for it, stands there.
    fn like(&self) -> StandIn<'s> {
        let thresholds = self.scene.thresholds();
        let limits = &thresholds.existence;
        let vocabulary = self.scene.vocabulary();
        let is_alike = |other: &str| thresholds.are_confusable(self.label, other);
        let is_kin = |other: &str| are_kin(self.label, other, vocabulary) || is_alike(other);
        let free = vocabulary.labels().filter(|other| *other != self.label && self.is_free(other));
        let kin: Vec<String> = free.filter(|other| is_kin(other)).map(str::to_owned).collect();
        let alike: Vec<String> = kin.iter().filter(|other| is_alike(other)).cloned().collect();
        let (found, found_alike) = (sure(&kin, self.scene), sure(&alike, self.scene));
        // Where nothing else is seen for certain, what is alike may be it, however unsure.
        let faint = self.scene.find_labels(&alike, limits.substitute_faint, false);
        if let (Some(object), true) = (faint.objects.first(), found.is_empty()) {
            return StandIn::Unclear(&object.label);
        }
        let looks = self.scene.find(self.entity, limits.asked, true).best;
        let trace = looks.into_iter().any(|best| best >= limits.trace);
        if let Some(object) = found_alike.first()
            && trace
            && object.score < limits.substitute_confusable
        {
            return StandIn::Unclear(&object.label);
        }
        match only_kind(&found) {
            StandIn::None => only_kind(&found_alike),
            stand_in => stand_in,
        }
    }
}

/// Things of some labels that the whole picture shows surely enough to stand in for another. What only a part of the picture shows so may be a part
/// of something else.
fn sure<'s>(labels: &[String], scene: &'s Scene<'_>) -> Vec<&'s Detection> {
    let least = scene.thresholds().existence.substitute;
    let in_whole =
        |label: &String| scene.find_labels(std::slice::from_ref(label), least, false).best[0] >= least;
    let mut objects = scene.find_labels(labels, least, false).objects;
    objects.retain(|object| in_whole(&object.label));
    objects
}

/// Candidates of two kinds leave open which one was meant.
fn only_kind<'s>(candidates: &[&'s Detection]) -> StandIn<'s> {
    match candidates {
        [object, rest @ ..] if rest.iter().all(|other| other.label == object.label) => StandIn::Seen(object),
        _ => StandIn::None,
    }
}
