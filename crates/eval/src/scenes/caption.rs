//! Captions composed from what is true of a scene, and the errors that are planted in them.

use std::collections::BTreeSet;

use lavr_types::ClaimKind;

use super::{
    kinds::{KINDS, Kind, Manner, are_kin, kind_of},
    phrase::{Errors, Group},
    piece::{Piece, plain, read, showing},
    scene::Scene,
    sentence,
};
use crate::{Random, metrics::verifier::Record};

/// The most sentences of a caption.
pub(super) const MOST_SENTENCES: usize = 5;

/// The most errors planted in a caption.
const MOST_ERRORS: usize = 3;

/// Writes a caption of a scene, wholly true and with one to three errors planted. Equal scenes and seeds give equal
/// captions.
///
/// The caption has two to five sentences. It names everything in the scene or a part of it, says colors, numbers, places and
/// what signs say, and now and then something that no expert can check. Errors are of five kinds: an absent thing
/// (in a list or in a sentence of its own), another number, another color, another side, another
/// word on a sign.
pub fn compose(scene: &Scene, seed: u64) -> Record {
    let mut random = Random::keyed(seed, &format!("caption {}", scene.id));
    let mut writer = Writer::new(scene, &mut random);
    writer.write();
    let Writer { pieces, errors, .. } = writer;
    let mut options: Vec<(usize, ClaimKind)> = errors.all().collect();
    let planted = plant(&mut random, &pieces, &mut options);
    let control_caption = read(&pieces, &BTreeSet::new());
    let mut caption = read(&pieces, &planted);
    caption.corrected = Some(control_caption.text.clone());
    Record {
        id: scene.id.clone(),
        file: format!("{}.png", scene.id),
        width: scene.size.width,
        height: scene.size.height,
        caption,
        control_caption,
    }
}

/// Chooses errors: kinds in turn, so that the many places for a number or a color do not crowd out the rest.
fn plant(random: &mut Random, pieces: &[Piece], options: &mut Vec<(usize, ClaimKind)>) -> BTreeSet<usize> {
    let wanted = 1 + random.below(MOST_ERRORS);
    let mut planted: BTreeSet<usize> = BTreeSet::new();
    let mut kinds: Vec<ClaimKind> = Vec::new();
    random.shuffle(options);
    while planted.len() < wanted && !options.is_empty() {
        let mut left: Vec<ClaimKind> =
            options.iter().map(|(_, kind)| *kind).filter(|kind| !kinds.contains(kind)).collect();
        left.sort_unstable();
        left.dedup();
        let Some(kind) = random.pick(&left).copied() else {
            kinds.clear();
            continue;
        };
        kinds.push(kind);
        let Some(place) = options.iter().position(|(_, other)| *other == kind) else { continue };
        let (error, _) = options.swap_remove(place);
        let mut tried = planted.clone();
        tried.insert(error);
        // An error within another, or around one, would hide it.
        if showing(pieces, &tried) == tried {
            planted = tried;
        }
    }
    planted
}

/// Writes one sentence about what was named, where there is something of its kind to say.
type Maker = for<'w, 's, 'r> fn(&'w mut Writer<'s, 'r>) -> Option<Vec<Piece>>;

/// Writes the sentences of a caption.
pub(super) struct Writer<'s, 'r> {
    pub(super) scene: &'s Scene,
    pub(super) random: &'r mut Random,
    pub(super) errors: Errors,
    pub(super) pieces: Vec<Piece>,
    /// What the caption has named.
    pub(super) named: Vec<Group<'s>>,
    /// Labels whose color has been said.
    pub(super) colored: BTreeSet<&'static str>,
    /// Labels whose place by another thing has been said.
    pub(super) placed: BTreeSet<String>,
    pub(super) sentences: usize,
}

impl<'s, 'r> Writer<'s, 'r> {
    fn new(scene: &'s Scene, random: &'r mut Random) -> Self {
        Self {
            scene,
            random,
            errors: Errors::default(),
            pieces: Vec::new(),
            named: Vec::new(),
            colored: BTreeSet::new(),
            placed: BTreeSet::new(),
            sentences: 0,
        }
    }

    fn write(&mut self) {
        let mut groups = self.groups();
        self.random.shuffle(&mut groups);
        // Now and then something goes unsaid.
        if groups.len() > 3 && self.random.chance(0.3) {
            groups.pop();
        }
        let first = if groups.len() > 2 && self.random.chance(0.5) { groups.len() - 1 } else { groups.len() };
        let rest = groups.split_off(first);
        let overview = sentence::overview(self, groups);
        self.say(overview);
        for group in rest {
            let more = sentence::one_more(self, group);
            self.say(more);
        }
        let wanted = (2 + self.random.below(MOST_SENTENCES - 1)).max(self.sentences);
        let mut makers: Vec<Maker> = vec![
            sentence::color,
            sentence::contrast,
            sentence::relation,
            sentence::relation,
            sentence::place,
            sentence::denial,
            sentence::aside,
        ];
        self.random.shuffle(&mut makers);
        // Signs are rare, and worth a word.
        if !self.scene.texts.is_empty() {
            makers.insert(0, sentence::text);
        }
        for make in makers {
            if self.sentences >= wanted {
                break;
            }
            if let Some(pieces) = make(self) {
                self.say(pieces);
            }
        }
        if self.sentences < 2 {
            let aside = sentence::aside(self);
            self.say(aside.unwrap_or_default());
        }
        let intruder = sentence::intruder(self);
        self.pieces.extend(intruder);
    }

    fn say(&mut self, sentence: Vec<Piece>) {
        if sentence.is_empty() {
            return;
        }
        if self.sentences > 0 {
            self.pieces.push(plain(" "));
        }
        self.pieces.extend(sentence);
        self.sentences += 1;
    }

    /// What is in the scene, by kind.
    fn groups(&mut self) -> Vec<Group<'s>> {
        let scene = self.scene;
        scene
            .counts()
            .into_iter()
            .filter_map(|(label, count)| {
                let kind = kind_of(label)?;
                let name = *self.random.pick(kind.names)?;
                Some(Group { kind, count, color: scene.color_of(label), name })
            })
            .collect()
    }

    /// A kind of thing that is not there, and that cannot be taken for something that the caption leaves unsaid.
    pub(super) fn absent(&mut self) -> Option<&'static Kind> {
        let unsaid: Vec<&str> = self
            .scene
            .objects
            .iter()
            .map(|object| object.label.as_str())
            .filter(|label| !self.named.iter().any(|group| group.kind.label == *label))
            .collect();
        let settings: Vec<_> =
            self.scene.objects.iter().filter_map(|object| kind_of(&object.label)).collect();
        let options: Vec<&'static Kind> = KINDS
            .iter()
            .filter(|kind| {
                self.scene.count(kind.label) == 0
                    && !unsaid.iter().any(|label| are_kin(kind.label, label))
                    && settings
                        .iter()
                        .any(|there| there.settings.iter().any(|setting| kind.settings.contains(setting)))
            })
            .collect();
        self.random.pick(&options).copied()
    }

    /// What was named and of which there is one, if there is any.
    pub(super) fn single(&self, label: &str) -> Option<&Group<'s>> {
        self.named.iter().find(|group| group.kind.label == label && group.count == 1)
    }
}

/// How things of a kind are somewhere: singular and plural.
pub(super) fn being(random: &mut Random, manner: Manner) -> [&'static str; 2] {
    let options: &[[&str; 2]] = match manner {
        Manner::Person => &[["is standing", "are standing"], ["stands", "stand"], ["is", "are"]],
        Manner::Animal => &[["is sitting", "are sitting"], ["stands", "stand"], ["is", "are"]],
        Manner::Vehicle => &[["is parked", "are parked"], ["stands", "stand"], ["is", "are"]],
        Manner::Thing => &[["is", "are"]],
    };
    random.pick(options).copied().unwrap_or(["is", "are"])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        metrics::verifier::{GoldClaim, Label},
        scenes::generate::random_scene,
    };

    fn records() -> Vec<Record> {
        (0..400).map(|seed| compose(&random_scene(seed), seed)).collect()
    }

    #[test]
    fn spans_hold_their_words_and_do_not_overlap() {
        for record in records() {
            for caption in [&record.caption, &record.control_caption] {
                let letters: Vec<char> = caption.text.chars().collect();
                let mut end = 0;
                for claim in &caption.claims {
                    let [from, to] = claim.span;
                    assert!(from >= end && to > from, "{caption:?}");
                    assert_eq!(letters[from..to].iter().collect::<String>(), claim.surface);
                    end = to;
                }
            }
        }
    }

    #[test]
    fn control_captions_are_true_and_others_are_not() {
        for record in records() {
            let planted = |claim: &&GoldClaim| claim.label == Label::Hallucinated;
            assert!(record.control_caption.claims.iter().filter(planted).count() == 0);
            let errors = record.caption.claims.iter().filter(planted).count();
            assert!((1..=MOST_ERRORS).contains(&errors), "{record:?}");
            assert_eq!(record.caption.corrected.as_ref(), Some(&record.control_caption.text));
            assert_ne!(record.caption.text, record.control_caption.text);
        }
    }

    #[test]
    fn putting_every_claim_right_gives_the_control_caption_but_for_the_words_that_agree() {
        let mut equal = 0;
        let records = records();
        for record in &records {
            let letters: Vec<char> = record.caption.text.chars().collect();
            let (mut text, mut place) = (String::new(), 0);
            for claim in &record.caption.claims {
                text.extend(&letters[place..claim.span[0]]);
                text.push_str(claim.correction.as_ref().unwrap_or(&claim.surface));
                place = claim.span[1];
            }
            text.extend(&letters[place..]);
            equal += usize::from(text == record.control_caption.text);
            let (one, other) = (text.split(' ').count(), record.control_caption.text.split(' ').count());
            assert_eq!(one, other, "{text}\n{}", record.control_caption.text);
        }
        assert!(equal * 10 > records.len() * 7, "{equal}");
    }

    #[test]
    fn every_kind_of_error_is_planted_often() {
        let mut counts: BTreeMap<ClaimKind, usize> = BTreeMap::new();
        for record in records() {
            for claim in record.caption.claims.iter().filter(|claim| claim.label == Label::Hallucinated) {
                *counts.entry(claim.kind).or_default() += 1;
            }
        }
        assert_eq!(counts.len(), 5, "{counts:?}");
        assert!(counts.values().all(|count| *count >= 40), "{counts:?}");
    }

    #[test]
    fn captions_are_short_and_begin_and_end_as_sentences_do() {
        for record in records() {
            for text in [&record.caption.text, &record.control_caption.text] {
                let ends = text.matches(['.', '!']).count();
                assert!((2..=MOST_SENTENCES + 1).contains(&ends), "{text}");
                assert!(
                    text.starts_with(char::is_uppercase) && text.ends_with('.') && !text.contains("  "),
                    "{text}"
                );
            }
        }
    }
}
