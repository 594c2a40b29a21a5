//! Whether a thing is there.

use std::collections::BTreeMap;

use async_trait::async_trait;
use lavr_types::{
    Assertion, Claim, Entity, Evidence, Judgement, Vocabulary, perception::Detection, vocabulary::MatchKind,
};

use super::{Checker, WEARER, contradicted, insufficient, supported};
use crate::{Ablation, Scene, ablation::DETECTOR_THRESHOLD, exchange::wide_kin_of};

/// Looks for a thing with the detector. Present on one good finding; absent only after two misses of a class
/// that the detector finds reliably.
#[derive(Debug, Clone, Copy)]
pub struct ExistenceChecker;

#[async_trait]
impl Checker for ExistenceChecker {
    fn checks(&self, claim: &Claim, _: &Scene<'_>) -> bool {
        matches!(claim.assertion, Assertion::Existence { .. })
    }

    async fn check(&self, claim: &Claim, scene: &Scene<'_>) -> Judgement {
        let Assertion::Existence { entity, present } = &claim.assertion else {
            return Judgement::insufficient("no claim of existence");
        };
        let labels = scene.labels_of(entity);
        let name = scene.name_of(entity);
        if labels.is_empty() {
            return Judgement::insufficient(format!("no detector label stands for \"{name}\""));
        }
        if let Some(blindness) = scene.blindness() {
            return Judgement::insufficient(blindness);
        }
        if !scene.is_known(&labels) {
            return Judgement::insufficient(format!("the detector does not know \"{name}\""));
        }
        if scene.does_without(Ablation::DetectorVerdicts) {
            return by_threshold(entity, *present, &labels, scene);
        }
        let limits = &scene.thresholds().existence;
        let found = scene.find(entity, limits.support, false);
        let evidence = found.objects.iter().filter_map(|object| scene.evidence(object)).collect::<Vec<_>>();
        let others = scene.told().others_of(entity);
        if *present && others > 0 && (1..=others).contains(&found.objects.len()) {
            return one_more(entity, &labels, others, evidence, scene);
        }
        match (found.objects.first(), *present) {
            (Some(best), true) => {
                let sure = scene.thresholds().confidence(best.score);
                supported(sure, evidence, format!("found: {} (score {:.2})", best.label, best.score))
            }
            (Some(best), false) => {
                seen_though_denied(entity, scene.thresholds().confidence(best.score), evidence, scene)
            }
            (None, true) if claim.hedged => maybe(entity, &labels, scene),
            (None, true) => missing(entity, &labels, scene),
            (None, false) => match absence(entity, &labels, scene) {
                Ok(sure) => {
                    supported(sure, scene.searched(&labels), format!("looked twice and found no {name}"))
                }
                Err(reason) => insufficient(Vec::new(), reason),
            },
        }
    }
}

/// One more of a kind of which only the others were found.
fn one_more(
    entity: &Entity,
    labels: &[String],
    others: usize,
    evidence: Vec<Evidence>,
    scene: &Scene<'_>,
) -> Judgement {
    let name = scene.name_of(entity);
    let plausible = scene.find(entity, scene.thresholds().count.plausible, true);
    let seen = plausible.objects.len();
    let sure = scene.thresholds().absence(labels, scene.traces(labels, &plausible.objects));
    match sure {
        Some(sure) if seen <= others && plausible.looked_twice && !scene.names_only_sometimes(entity) => {
            contradicted(
                Some(Assertion::Existence { entity: entity.clone(), present: false }),
                sure,
                evidence,
                format!("looked twice and found no {name} beside the other"),
            )
        }
        _ => insufficient(
            evidence,
            format!("found one that may be the other, and no second {name} for certain"),
        ),
    }
}

/// As Woodpecker decides: what is found at the detector's threshold is there, and anything else is not.
fn by_threshold(entity: &Entity, present: bool, labels: &[String], scene: &Scene<'_>) -> Judgement {
    let found = scene.find(entity, DETECTOR_THRESHOLD, false).objects;
    let is_there = !found.is_empty();
    let evidence = if is_there {
        found.iter().filter_map(|object| scene.evidence(object)).collect()
    } else {
        scene.searched(labels)
    };
    let score = found.first().map_or(1.0, |object| object.score);
    let reason = if is_there { "found" } else { "not found" };
    if present == is_there {
        return supported(score, evidence, reason);
    }
    let truth = Assertion::Existence { entity: entity.clone(), present: is_there };
    contradicted(Some(truth), score, evidence, reason)
}

fn seen_though_denied(entity: &Entity, score: f32, evidence: Vec<Evidence>, scene: &Scene<'_>) -> Judgement {
    // A dog is no disproof of "no puppy".
    if scene.match_kind(entity).is_some_and(|(kind, _)| kind == MatchKind::Narrower) {
        return insufficient(evidence, format!("what was found need not be a \"{}\"", entity.surface));
    }
    let truth = Assertion::Existence { entity: entity.clone(), present: true };
    contradicted(Some(truth), score, evidence, format!("found {} though denied", scene.name_of(entity)))
}

/// Whether two looks agree that nothing of these labels is there; else why that cannot be said.
fn absence(entity: &Entity, labels: &[String], scene: &Scene<'_>) -> Result<f32, String> {
    let limits = &scene.thresholds().existence;
    let name = scene.name_of(entity);
    let found = scene.find(entity, limits.asked, true);
    if scene.size().width.min(scene.size().height) < limits.smallest_side {
        return Err("the picture is too small to call anything absent".to_owned());
    }
    if !found.looked {
        return Err(format!("the detector was not asked for {name}"));
    }
    let best = found.best[0].max(found.best[1]);
    if !scene.thresholds().is_missed(found.best) {
        return Err(format!("found what may be {name}, too unsure to tell (score {best:.2})"));
    }
    // Those who fill the rows of a stadium leave no trace.
    if labels.iter().any(|label| label == WEARER) && scene.told().are_several(entity) {
        return Err(format!("{name} far away are too small to be found"));
    }
    if !found.looked_twice && !scene.does_without(Ablation::OneLook) {
        return Err(format!("{name} was missed in one look; absence takes two"));
    }
    if let Some((MatchKind::Broader, false)) = scene.match_kind(entity) {
        return Err(format!("\"{name}\" means more than the detector's labels"));
    }
    if let Some((rival, winner)) = scene.rival_of(labels, &[]) {
        let score = rival.score;
        return Err(format!("what may be {name} (score {score:.2}) was rather taken for {winner}"));
    }
    let traces = scene.traces(labels, &[]);
    scene.thresholds().absence(labels, traces).ok_or_else(|| {
        if traces.doubt > 0.0 {
            return format!("another network sees what may be {name} (score {:.2})", traces.doubt);
        }
        let sure =
            |label: &&String| scene.thresholds().absence(std::slice::from_ref(*label), traces).is_some();
        let missed = labels.iter().find(|label| !sure(label)).map_or(name, String::as_str);
        format!("the detector misses {missed} too often to call it absent")
    })
}

/// What a text says may be there is borne out by a find that would be too faint for more.
fn maybe(entity: &Entity, labels: &[String], scene: &Scene<'_>) -> Judgement {
    let faint = scene.find(entity, scene.thresholds().count.plausible, true).objects;
    let Some(best) = faint.first() else { return missing(entity, labels, scene) };
    let evidence = scene.evidence(best).into_iter().collect();
    supported(best.score, evidence, format!("may be: {} (score {:.2})", best.label, best.score))
}

fn missing(entity: &Entity, labels: &[String], scene: &Scene<'_>) -> Judgement {
    let absent = match absence(entity, labels, scene) {
        Ok(sure) => sure,
        Err(reason) => return insufficient(Vec::new(), reason),
    };
    // What the word may mean besides must be absent, too.
    for sense in scene.senses_of(entity) {
        let other = Entity { surface: sense.to_owned(), label: Some(sense.to_owned()), span: entity.span };
        if let Err(reason) = absence(&other, &[sense.to_owned()], scene) {
            return insufficient(Vec::new(), format!("\"{}\" may mean a {sense}: {reason}", entity.surface));
        }
    }
    let name = scene.name_of(entity);
    let mut evidence = scene.searched(labels);
    match stand_in(entity, labels, scene) {
        StandIn::None => contradicted(
            Some(Assertion::Existence { entity: entity.clone(), present: false }),
            absent,
            evidence,
            format!("looked twice and found no {name}"),
        ),
        StandIn::Unclear(label) => {
            insufficient(evidence, format!("found no {name}, but a {label}, which is easily taken for one"))
        }
        StandIn::Seen(object) => {
            evidence.extend(scene.evidence(object));
            let label = object.label.clone();
            let other = Entity { surface: label.clone(), span: entity.span, label: Some(label) };
            let reason = format!("found no {name} but {}", other.surface);
            contradicted(
                Some(Assertion::Existence { entity: other, present: true }),
                absent.min(scene.thresholds().confidence(object.score)),
                evidence,
                reason,
            )
        }
    }
}

enum StandIn<'s> {
    None,
    /// Something is there that may be what the text means.
    Unclear(&'s str),
    /// Something else is there that the text does not speak of.
    Seen(&'s Detection),
}

/// What stands where the text sees something that is not there.
fn stand_in<'s>(entity: &Entity, labels: &[String], scene: &'s Scene<'_>) -> StandIn<'s> {
    let [label] = labels else { return StandIn::None };
    // One thing does not stand in for two: the first that the text names, and that is missing, has it.
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    for earlier in scene.told().things().iter().take_while(|thing| thing.span.start < entity.span.start) {
        let Some(other) = earlier.label.as_deref().filter(|other| *other != label) else { continue };
        if taken.values().any(|missing| *missing == other)
            || absence(earlier, &[other.to_owned()], scene).is_err()
        {
            continue;
        }
        let vacancy = Vacancy { entity: earlier, label: other, taken: &taken, scene };
        if let StandIn::Seen(object) = vacancy.filled() {
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
                let picture = f64::from(self.scene.size().width) * f64::from(self.scene.size().height);
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

    /// What of the same family stands there.
    fn like(&self) -> StandIn<'s> {
        let thresholds = self.scene.thresholds();
        let limits = &thresholds.existence;
        let vocabulary = self.scene.vocabulary();
        let kin: Vec<String> = vocabulary
            .labels()
            .filter(|other| {
                let is_alike = same_family(vocabulary, self.label, other)
                    || thresholds.are_confusable(self.label, other);
                *other != self.label && self.is_free(other) && is_alike
            })
            .map(str::to_owned)
            .collect();
        let found = sure(&kin, self.scene);
        let confusable: Vec<&Detection> = found
            .iter()
            .copied()
            .filter(|object| thresholds.are_confusable(self.label, &object.label))
            .collect();
        // Where nothing else is seen for certain, what is alike may be it, however unsure.
        let alike: Vec<String> =
            kin.iter().filter(|other| thresholds.are_confusable(self.label, other)).cloned().collect();
        let faint = self.scene.find_labels(&alike, limits.substitute_faint, false);
        if let (Some(object), true) = (faint.objects.first(), found.is_empty()) {
            return StandIn::Unclear(&object.label);
        }
        let looks = self.scene.find(self.entity, limits.asked, true).best;
        let trace = looks.into_iter().any(|best| best >= limits.trace);
        if let Some(object) = confusable.first()
            && trace
            && object.score < limits.substitute_confusable
        {
            return StandIn::Unclear(&object.label);
        }
        match only_kind(&found) {
            StandIn::None => only_kind(&confusable),
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

fn same_family(vocabulary: &Vocabulary, one: &str, other: &str) -> bool {
    ["animal", "vehicle", "fruit", "vegetable", "cutlery", "board", "furniture"].iter().any(|family| {
        let members = vocabulary.labels_for(family);
        members.contains(&one) && members.contains(&other)
    })
}
