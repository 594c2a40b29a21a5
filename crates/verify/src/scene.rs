//! One picture as the checkers see it: one table of what the text speaks of, one detector pass over all of it.

use std::{collections::BTreeSet, sync::Arc};

use futures::future::join;
use lavr_types::{
    Assertion, Capability, Claim, Entity, Evidence, ImageId, Rect, Region, Size, Trust, Vocabulary,
    perception::{Detection, Detections, Pose, Poses},
    vocabulary::MatchKind,
};
use serde_json::Value;

use crate::{
    Ablation, Ablations, Thresholds, VerifierOptions,
    check::{WEARER, garment},
    exchange::{are_kin, wide_kin_of},
    experts::{Experts, Seen, Unseen},
    named::{entities, labels_of},
    thresholds::Traces,
    told::Told,
};

/// One picture with what the detector found of the things that a text speaks of.
///
/// The table is keyed by label, so that "a man" and "a person" share their findings, and a thing named in two
/// sentences is looked for once.
pub struct Scene<'a> {
    image: ImageId,
    size: Size,
    experts: Experts<'a>,
    thresholds: &'a Thresholds,
    vocabulary: &'a Vocabulary,
    breadth: Breadth,
    without: &'a Ablations,
    told: Arc<Told>,
    whole: Arc<Look>,
    tiles: Arc<Look>,
    /// How the people hold themselves, where clothes are spoken of and that can be told.
    poses: Arc<Poses>,
}

/// Which labels the detector is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breadth {
    /// Those that the claims speak of, and their kin.
    Claims,
    /// All, so that the same call serves claims that are yet to come.
    Vocabulary,
}

/// Boxes of two experts that overlap less do not show the same person.
const SAME_PERSON: f64 = 0.5;

/// What one detector call found of the labels that matter.
struct Look {
    outcome: Result<Seen<Detections>, Unseen>,
    asked: BTreeSet<String>,
}

impl Look {
    fn not_taken(reason: Unseen) -> Self {
        Self { outcome: Err(reason), asked: BTreeSet::new() }
    }
}

/// Things of one kind that were found, best first.
pub(crate) struct Found<'s> {
    pub(crate) objects: Vec<&'s Detection>,
    /// Whether the whole picture was looked at for them.
    pub(crate) looked: bool,
    /// Whether a second, closer look was taken.
    pub(crate) looked_twice: bool,
    /// Best score of the first and of the second look.
    pub(crate) best: [f32; 2],
}

impl<'a> Scene<'a> {
    /// Looks once for everything that the claims speak of.
    pub(crate) async fn first_look(
        (image, size): (ImageId, Size),
        (text, claims): (&str, &[Claim]),
        experts: &Experts<'a>,
        options: &'a VerifierOptions,
        breadth: Breadth,
    ) -> Self {
        let not_taken = |what| Arc::new(Look::not_taken(Unseen::NoTool(what)));
        let mut scene = Self {
            image,
            size,
            experts: experts.for_one_claim(),
            thresholds: options.thresholds.for_detector(experts.tool(Capability::Detect)),
            vocabulary: options.vocabulary,
            breadth,
            without: &options.without,
            told: Arc::new(Told::of(text, claims, options.vocabulary)),
            whole: not_taken("find objects"),
            tiles: not_taken("look closer"),
            poses: Arc::default(),
        };
        let mut wanted: BTreeSet<String> =
            claims.iter().flat_map(entities).flat_map(|entity| scene.labels_and_senses_of(entity)).collect();
        // Clothes are looked for on those who wear them.
        let is_of_clothes = claims.iter().any(|claim| match &claim.assertion {
            Assertion::Color { entity, .. } => garment(&entity.surface).is_some(),
            _ => false,
        });
        if is_of_clothes {
            wanted.insert(WEARER.to_owned());
        }
        if !wanted.is_empty() {
            // Kin of what is named is looked for in the same pass: it may be what stands there instead.
            let mut kin: BTreeSet<String> = wanted.iter().flat_map(|label| scene.kin_of(label)).collect();
            // What the text begins with may stand for anything.
            let begins =
                |entity: &Entity| scene.told.begins_with(entity) && scene.labels_of(entity).len() == 1;
            if claims.iter().flat_map(entities).any(begins) {
                kin.extend(scene.vocabulary.labels().map(str::to_owned));
            }
            let look = scene.look(wanted.union(&kin).cloned().collect(), false);
            let poses = async {
                if is_of_clothes && scene.can(Capability::Pose) {
                    scene.experts.poses(image).await.ok()
                } else {
                    None
                }
            };
            let (whole, poses) = join(look, poses).await;
            scene.whole = Arc::new(whole);
            scene.poses = poses.map(|seen| seen.value).unwrap_or_default().into();
        }
        scene
    }

    /// Looks once more, closer, for what was not found or not found often enough.
    pub(crate) async fn second_look(&mut self, claims: &[Claim]) {
        if self.does_without(Ablation::OneLook) {
            return;
        }
        let unclear: BTreeSet<String> = claims.iter().flat_map(|claim| self.second_look_for(claim)).collect();
        if !unclear.is_empty() && self.whole.outcome.is_ok() && self.experts.has_second_look() {
            // What may stand there instead is looked for, too.
            let kin: Vec<String> = unclear.iter().flat_map(|label| self.kin_of(label)).collect();
            let asked = unclear.into_iter().chain(kin).collect();
            self.tiles = Arc::new(self.look(asked, true).await);
        }
    }

    /// The same scene for one claim, whose calls are told apart from those for others.
    pub(crate) fn for_one_claim(&self) -> Self {
        Self {
            image: self.image,
            size: self.size,
            experts: self.experts.for_one_claim(),
            thresholds: self.thresholds,
            vocabulary: self.vocabulary,
            breadth: self.breadth,
            without: self.without,
            told: Arc::clone(&self.told),
            whole: Arc::clone(&self.whole),
            tiles: Arc::clone(&self.tiles),
            poses: Arc::clone(&self.poses),
        }
    }

    async fn look(&self, asked: BTreeSet<String>, tiles: bool) -> Look {
        let list: Vec<String> = match self.breadth {
            Breadth::Claims => asked.iter().cloned().collect(),
            Breadth::Vocabulary => self.vocabulary.labels().map(str::to_owned).collect(),
        };
        let threshold = self.thresholds.existence.asked;
        let mut outcome = self.experts.detect(self.image, &list, tiles, threshold).await;
        if let Ok(seen) = &mut outcome {
            seen.value.objects.retain(|object| asked.contains(&object.label));
            seen.value.unknown_labels.retain(|label| asked.contains(label));
        }
        Look { outcome, asked }
    }

    /// Whether a look that this claim needs, or a call of this handle, was left out for want of calls or time.
    pub(crate) fn was_limited(&self, claim: &Claim) -> bool {
        let is_limit = |look: &Look| look.outcome.as_ref().is_err_and(Unseen::is_limit);
        let needs_a_look = || entities(claim).into_iter().any(|entity| !self.labels_of(entity).is_empty());
        self.experts.was_limited()
            || (is_limit(&self.whole) && needs_a_look())
            || (is_limit(&self.tiles) && !self.second_look_for(claim).is_empty())
    }

    /// Labels that a claim needs a closer look at, after the first.
    fn second_look_for(&self, claim: &Claim) -> Vec<String> {
        match &claim.assertion {
            Assertion::Existence { entity, present: true } => {
                let found = self.find(entity, self.thresholds.existence.asked, true);
                let support = self.thresholds.existence.support;
                let others = self.told.others_of(entity);
                let missed = found.best[0] < support
                    || others > 0 && self.find(entity, support, false).objects.len() <= others;
                if missed { self.labels_and_senses_of(entity) } else { Vec::new() }
            }
            Assertion::Existence { entity, present: false } => self.labels_of(entity),
            Assertion::Count { entity, count } => {
                let [low, high] = self.count_interval(entity);
                if crate::check::count_fits(*count, low, high) { Vec::new() } else { self.labels_of(entity) }
            }
            _ => Vec::new(),
        }
    }

    /// Other labels that may stand in for this one: of its family, easily taken for it, or found in the same places.
    fn kin_of(&self, label: &str) -> Vec<String> {
        let is_kin = |other: &&str| {
            are_kin(label, other, self.vocabulary) || self.thresholds.are_confusable(label, other)
        };
        let kin = self.vocabulary.labels().filter(is_kin).map(str::to_owned);
        kin.chain(wide_kin_of(label)).collect()
    }

    /// The picture.
    pub const fn image(&self) -> ImageId {
        self.image
    }

    /// Its size in pixels.
    pub const fn size(&self) -> Size {
        self.size
    }

    pub(crate) const fn experts(&self) -> &Experts<'a> {
        &self.experts
    }

    pub(crate) const fn thresholds(&self) -> &Thresholds {
        self.thresholds
    }

    pub(crate) const fn vocabulary(&self) -> &Vocabulary {
        self.vocabulary
    }

    /// How the person in a box holds himself, where that can be told.
    pub(crate) fn pose_of(&self, person: Rect) -> Option<&Pose> {
        let fitting = self.poses.people.iter().map(|pose| (pose.bounds.iou(person), pose));
        let (overlap, pose) = fitting.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
        (overlap >= SAME_PERSON).then_some(pose)
    }

    /// Whether one of the verifier's changes against Woodpecker is taken back.
    pub(crate) fn does_without(&self, change: Ablation) -> bool {
        self.without.contains(&change)
    }

    /// Whether there is an expert of this kind.
    pub fn can(&self, capability: Capability) -> bool {
        self.experts.has(capability)
    }

    /// The labels that a thing may have.
    pub(crate) fn labels_of(&self, entity: &Entity) -> Vec<String> {
        labels_of(entity, self.vocabulary)
    }

    /// What to call it in a reason: as the text does, or in another language by its label.
    pub(crate) fn name_of<'e>(&self, entity: &'e Entity) -> &'e str {
        match &entity.label {
            Some(label) if self.match_kind(entity).is_none() => label,
            _ => &entity.surface,
        }
    }

    /// How the text's word relates to its labels.
    pub(crate) fn match_kind(&self, entity: &Entity) -> Option<(MatchKind, bool)> {
        let words: Vec<&str> = entity.surface.split_whitespace().collect();
        self.vocabulary.longest_match(&words).map(|found| (found.kind, found.complete))
    }

    /// Whether the text's word may mean something that none of its labels names: a "mouse" may be an animal.
    pub(crate) fn names_only_sometimes(&self, entity: &Entity) -> bool {
        let words: Vec<&str> = entity.surface.split_whitespace().collect();
        self.vocabulary.longest_match(&words).is_some_and(|found| found.sometimes)
    }

    /// What else the text's word names, where that is all that it can mean: a "kite" may be a bird.
    pub(crate) fn senses_of(&self, entity: &Entity) -> Vec<&str> {
        let words: Vec<&str> = entity.surface.split_whitespace().collect();
        self.vocabulary.longest_match(&words).map(|found| found.senses).unwrap_or_default()
    }

    fn labels_and_senses_of(&self, entity: &Entity) -> Vec<String> {
        let mut labels = self.labels_of(entity);
        labels.extend(self.senses_of(entity).into_iter().map(str::to_owned));
        labels
    }

    /// What the text says of the things that it names.
    pub(crate) fn told(&self) -> &Told {
        &self.told
    }

    /// Whether the detector has a class for every label.
    pub(crate) fn is_known(&self, labels: &[String]) -> bool {
        let unknown = |look: &Look, label: &String| {
            look.outcome.as_ref().is_ok_and(|seen| seen.value.unknown_labels.contains(label))
        };
        !labels.iter().any(|label| unknown(&self.whole, label) || unknown(&self.tiles, label))
    }

    /// Why the picture was not looked at for objects.
    pub(crate) fn blindness(&self) -> Option<String> {
        self.whole.outcome.as_ref().err().map(ToString::to_string)
    }

    /// Things of the entity's labels from a score on; overlapping boxes of one label are one thing.
    /// `parts` keeps boxes that lie inside others.
    pub(crate) fn find(&self, entity: &Entity, threshold: f32, parts: bool) -> Found<'_> {
        self.find_labels(&self.labels_of(entity), threshold, parts)
    }

    pub(crate) fn find_labels(&self, labels: &[String], threshold: f32, parts: bool) -> Found<'_> {
        let best = |look: &Look| {
            let objects = look.outcome.as_ref().map_or(&[][..], |seen| &seen.value.objects);
            objects
                .iter()
                .filter(|object| labels.contains(&object.label))
                .map(|object| object.score)
                .fold(0.0, f32::max)
        };
        let tile_bar = self.thresholds.count.plausible_tiles.max(threshold);
        let mut candidates: Vec<&Detection> = Vec::new();
        for (look, bar) in [(&*self.whole, threshold), (&*self.tiles, tile_bar)] {
            if let Ok(seen) = &look.outcome {
                let fits = |object: &&Detection| labels.contains(&object.label) && object.score >= bar;
                candidates.extend(seen.value.objects.iter().filter(fits));
            }
        }
        let asked =
            |look: &Look| look.outcome.is_ok() && labels.iter().all(|label| look.asked.contains(label));
        Found {
            objects: self.distinct(candidates, parts),
            looked: asked(&self.whole),
            looked_twice: asked(&self.tiles),
            best: [best(&self.whole), best(&self.tiles)],
        }
    }

    /// What the two looks saw of labels, however faint, beside some that are known.
    pub(crate) fn traces(&self, labels: &[String], beside: &[&Detection]) -> Traces {
        let is_other = |object: &&Detection| {
            labels.contains(&object.label) && !beside.iter().any(|known| self.is_double(known, object, false))
        };
        let best = |look: &Look, rivals: bool| {
            let Ok(seen) = &look.outcome else { return 0.0 };
            let rivals = if rivals { &seen.value.rivals[..] } else { &[] };
            let others = seen.value.objects.iter().chain(rivals).filter(is_other);
            others.map(|object| object.score).fold(0.0, f32::max)
        };
        let both = |rivals| [best(&self.whole, rivals), best(&self.tiles, rivals)];
        let doubt = self.doubt_of(labels, beside).map_or(0.0, |doubt| doubt.score);
        Traces { found: both(false), any: both(true), doubt }
    }

    /// The best box that one of the labels narrowly lost to another, with the label that stands there instead (where
    /// that was asked for), beside some that are known. What would be a miss if it had its place to itself is none.
    pub(crate) fn rival_of(&self, labels: &[String], beside: &[&Detection]) -> Option<(&Detection, &str)> {
        let looks = [(&*self.whole, [1.0, 0.0]), (&*self.tiles, [0.0, 1.0])];
        let rivals = looks.into_iter().flat_map(|(look, [in_whole, in_tiles])| {
            let seen = look.outcome.as_ref().ok().map(|seen| &seen.value);
            seen.into_iter().flat_map(move |value| {
                let clear = value.rivals.iter().filter(move |rival| {
                    !self.thresholds.is_missed([in_whole * rival.score, in_tiles * rival.score])
                });
                clear.map(move |rival| (rival, stands_in_the_place_of(rival, &value.objects)))
            })
        });
        let share = self.thresholds.existence.rival;
        let (rival, winner) = rivals
            .filter(|(rival, _)| labels.contains(&rival.label))
            .filter(|(rival, _)| !beside.iter().any(|known| self.is_double(known, rival, false)))
            .filter(|(rival, winner)| winner.is_none_or(|winner| rival.score >= share * winner.score))
            .max_by(|(a, _), (b, _)| a.score.total_cmp(&b.score))?;
        Some((rival, winner.map_or("something else", |winner| winner.label.as_str())))
    }

    /// The best that another network sees of the labels beside some that are known, where the detector asked one. Of two that
    /// take one thing for different ones, which are alike, the far more certain one is believed, where the text does not speak of what it sees.
    pub(crate) fn doubt_of(&self, labels: &[String], beside: &[&Detection]) -> Option<&Detection> {
        let seen = self.tiles.outcome.as_ref().ok()?;
        let limits = &self.thresholds.existence;
        let is_outvoted = |doubt: &Detection| {
            stands_in_the_place_of(doubt, &seen.value.objects).is_some_and(|object| {
                let is_far_surer = object.score >= limits.outvotes_from
                    && doubt.score <= limits.outvoted_share * object.score;
                is_far_surer
                    && self.thresholds.are_confusable(&doubt.label, &object.label)
                    && !self.told.is_mentioned(&object.label)
            })
        };
        let others = seen.value.doubts.iter().filter(|doubt| {
            labels.contains(&doubt.label)
                && !is_outvoted(doubt)
                && !beside.iter().any(|known| self.is_double(known, doubt, false))
        });
        others.max_by(|a, b| a.score.total_cmp(&b.score))
    }

    /// How many more things of some labels may be there beside those that are known, however faint what was seen of them is.
    pub(crate) fn faint(&self, labels: &[String], beside: &[&Detection]) -> usize {
        let looks = [&*self.whole, &*self.tiles].into_iter().filter_map(|look| look.outcome.as_ref().ok());
        let all = looks
            .flat_map(|seen| seen.value.objects.iter().chain(&seen.value.rivals).chain(&seen.value.doubts));
        let others = all.filter(|object| {
            labels.contains(&object.label) && !beside.iter().any(|known| self.is_double(known, object, false))
        });
        self.distinct(others.collect(), false).len()
    }

    /// Leaves one box for each thing, best first.
    fn distinct<'s>(&self, mut candidates: Vec<&'s Detection>, parts: bool) -> Vec<&'s Detection> {
        // Of what is seen as surely the order must not depend on what else was asked for.
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.label.cmp(&b.label)));
        let mut kept: Vec<&Detection> = Vec::new();
        for candidate in candidates {
            if !kept.iter().any(|before| self.is_double(before, candidate, parts)) {
                kept.push(candidate);
            }
        }
        kept
    }

    /// Whether two boxes of a kind show one thing. `parts`: a box that lies inside the other is a thing of its own.
    fn is_double(&self, one: &Detection, other: &Detection, parts: bool) -> bool {
        let limits = &self.thresholds.count;
        // Either way round: a tile sees the near half of a thing better than the picture sees the whole.
        let inside = other.bounds.share_inside(one.bounds).max(one.bounds.share_inside(other.bounds));
        one.bounds.iou(other.bounds) > limits.overlap || (!parts && inside > limits.containment)
    }

    /// How many there are: at least the confident findings, at most all plausible ones.
    pub(crate) fn count_interval(&self, entity: &Entity) -> [u32; 2] {
        let limits = &self.thresholds.count;
        let low = self.find(entity, limits.confident, false).objects.len();
        let high = self.find(entity, limits.plausible, true).objects.len();
        [low as u32, high.max(low) as u32]
    }

    /// A box of this picture.
    pub(crate) fn region(&self, bounds: Rect) -> Region {
        Region::in_pixels(self.image, self.size, bounds)
    }

    /// A finding as evidence.
    pub(crate) fn evidence(&self, object: &Detection) -> Option<Evidence> {
        let holds = |look: &Look| {
            look.outcome
                .as_ref()
                .is_ok_and(|seen| seen.value.objects.iter().any(|other| std::ptr::eq(other, object)))
        };
        let look = if holds(&self.tiles) { &*self.tiles } else { &*self.whole };
        let seen = look.outcome.as_ref().ok()?;
        let value = Value::String(object.label.clone());
        Some(seen.evidence(self.region(object.bounds), value, object.score, Trust::Measured))
    }

    /// That the whole picture was searched for a label, as evidence of absence.
    pub(crate) fn searched(&self, labels: &[String]) -> Vec<Evidence> {
        [&*self.whole, &*self.tiles]
            .into_iter()
            .filter_map(|look| {
                let seen = look.outcome.as_ref().ok()?;
                let best = seen
                    .value
                    .objects
                    .iter()
                    .filter(|object| labels.contains(&object.label))
                    .map(|object| object.score)
                    .fold(0.0, f32::max);
                let value = Value::String(format!("no {}", labels.join(" or ")));
                Some(seen.evidence(Region::whole(self.image, self.size), value, 1.0 - best, Trust::Measured))
            })
            .collect()
    }
}

/// The object that has the place of a rival.
fn stands_in_the_place_of<'s>(rival: &Detection, objects: &'s [Detection]) -> Option<&'s Detection> {
    let overlap = |object: &Detection| object.bounds.iou(rival.bounds);
    let others = objects.iter().filter(|object| object.label != rival.label);
    let nearest = others.max_by(|a, b| overlap(a).total_cmp(&overlap(b)))?;
    Some(nearest).filter(|nearest| overlap(nearest) > 0.5)
}
