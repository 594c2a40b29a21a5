//! How many there are, as an interval.

use async_trait::async_trait;
use lavr_types::{
    Assertion, Claim, CountBound, Entity, Judgement, perception::Detection, vocabulary::MatchKind,
};

use super::{Checker, contradicted, insufficient, supported};
use crate::{Ablation, Scene, ablation::DETECTOR_THRESHOLD, thresholds::Traces};

/// Counts with the detector: at least the confident findings, at most all plausible ones. A claim is contradicted
/// only outside that interval.
#[derive(Debug, Clone, Copy)]
pub struct CountChecker;

#[async_trait]
impl Checker for CountChecker {
    fn checks(&self, claim: &Claim, _: &Scene<'_>) -> bool {
        matches!(claim.assertion, Assertion::Count { .. })
    }

    async fn check(&self, claim: &Claim, scene: &Scene<'_>) -> Judgement {
        let Assertion::Count { entity, count } = &claim.assertion else {
            return Judgement::insufficient("no claim of a number");
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
        let limits = &scene.thresholds().count;
        let [low, high] = scene.count_interval(entity);
        let found = scene.find(entity, limits.plausible, true);
        let evidence: Vec<_> = found.objects.iter().filter_map(|object| scene.evidence(object)).collect();
        let seen = if low == high { format!("{low}") } else { format!("{low} to {high}") };
        let vocabulary = scene.vocabulary();
        let singular = vocabulary.singular(&name.to_lowercase());
        let counted = if [low, high] == [1, 1] { singular } else { vocabulary.plural(&singular) };
        let reason = format!("counted {seen} {counted}");
        let (kind, complete) = scene.match_kind(entity).unzip();
        let sure = found.objects.iter().take(low as usize).map(|object| object.score).fold(1.0, f32::min);
        if high == 0 {
            return insufficient(evidence, format!("found no {name} to count"));
        }
        if scene.does_without(Ablation::ExactCounts) {
            return by_number(entity, *count, scene);
        }
        if count_fits(*count, low, high) {
            let exact = low == high && kind != Some(MatchKind::Narrower);
            return if exact
                || matches!(count, CountBound::AtLeast(least) if low >= *least)
                || *count == CountBound::Several && low > 1
            {
                supported(sure, evidence, reason)
            } else {
                insufficient(evidence, format!("{reason}, which leaves the number open"))
            };
        }
        let too_many_claimed = match count {
            CountBound::Exactly(number) | CountBound::AtLeast(number) => *number > high,
            CountBound::AtMost(_) | CountBound::Several => false,
        };
        if *count == CountBound::Several {
            return insufficient(evidence, format!("{reason}; \"several\" is no number to hold it to"));
        }
        if scene.told().is_told_apart(entity) && !too_many_claimed {
            return insufficient(evidence, format!("{reason}, and not all of them are meant"));
        }
        // Five people may hold two women, but two people hold no five women.
        if kind == Some(MatchKind::Narrower) && !too_many_claimed {
            return insufficient(evidence, format!("{reason}, but not all need be \"{name}\""));
        }
        if kind == Some(MatchKind::Broader) && complete == Some(false) || kind == Some(MatchKind::Collective)
        {
            return insufficient(
                evidence,
                format!("{reason}, but \"{name}\" means more than the detector's labels"),
            );
        }
        let plain = scene.does_without(Ablation::DetectorVerdicts);
        if too_many_claimed
            && !plain
            && !(no_more(&labels, &found.objects, scene)
                || is_far_off(*count, high, &labels, &found.objects, scene))
        {
            return insufficient(evidence, format!("{reason}, but the detector misses {name} too often"));
        }
        let one_look = plain || scene.does_without(Ablation::OneLook);
        if too_many_claimed && !found.looked_twice && !one_look {
            return insufficient(evidence, format!("{reason} in one look; calling it fewer takes two"));
        }
        if low == 0 {
            return insufficient(evidence, format!("{reason}, none of them for certain"));
        }
        if high > limits.largest {
            return insufficient(evidence, format!("{reason}: too many to count for certain"));
        }
        let best = scene.find(entity, limits.best, false).objects.len() as u32;
        // That they are more than one, where there may be two, the text's word for several tells.
        let least = if high > 1 && low == 1 && too_many_claimed { 2 } else { low };
        let best = best.clamp(least, high);
        // A wide interval has no number to put in the claim's place.
        let truth = if high - low <= 1 { CountBound::Exactly(best) } else { CountBound::Several };
        let truth = Assertion::Count { entity: entity.clone(), count: truth };
        let spread = 1.0 / (1.0 + (high - low) as f32);
        contradicted(Some(truth), sure.min(0.5 + 0.5 * spread), evidence, reason)
    }
}

/// Whether one more than was found would have left a trace of its own, and would not have lost narrowly to something else.
fn no_more(labels: &[String], found: &[&Detection], scene: &Scene<'_>) -> bool {
    scene.thresholds().absence_of_more(labels, scene.traces(labels, found)).is_some()
        && scene.rival_of(labels, found).is_none()
        && scene.doubt_of(labels, found).is_none()
}

/// Whether a number is too high even if all that may be one more is one: two or more of a kind that the detector finds reliably are not missed
/// where it finds others and has no trace of them.
fn is_far_off(
    count: CountBound,
    high: u32,
    labels: &[String],
    found: &[&Detection],
    scene: &Scene<'_>,
) -> bool {
    let (CountBound::Exactly(claimed) | CountBound::AtLeast(claimed)) = count else { return false };
    let more = claimed.saturating_sub(high);
    more > 1
        && scene.thresholds().absence(labels, Traces::default()).is_some()
        && (scene.faint(labels, found) as u32) < more
}

/// As Woodpecker counts: what is found is the number, and a claim of another number is wrong.
fn by_number(entity: &Entity, count: CountBound, scene: &Scene<'_>) -> Judgement {
    let found = scene.find(entity, DETECTOR_THRESHOLD, false).objects;
    let evidence: Vec<_> = found.iter().filter_map(|object| scene.evidence(object)).collect();
    let number = found.len() as u32;
    let reason = format!("counted {number}");
    let sure = found.iter().map(|object| object.score).fold(1.0, f32::min);
    if number == 0 {
        return insufficient(evidence, format!("found no {} to count", entity.surface));
    }
    if count_fits(count, number, number) {
        return supported(sure, evidence, reason);
    }
    let truth = Assertion::Count { entity: entity.clone(), count: CountBound::Exactly(number) };
    contradicted(Some(truth), sure, evidence, reason)
}

/// Whether a bound holds for some number of the interval.
pub(crate) fn count_fits(count: CountBound, low: u32, high: u32) -> bool {
    match count {
        CountBound::Exactly(number) => (low..=high).contains(&number),
        CountBound::AtLeast(number) => high >= number,
        CountBound::AtMost(number) => low <= number,
        CountBound::Several => high >= 2,
    }
}
