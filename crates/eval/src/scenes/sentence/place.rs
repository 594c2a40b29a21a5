//! Sentences that say where things are.

use lavr_types::{ClaimKind, perception::SpatialRelation};

use super::{Piece, noun, planted};
use crate::scenes::{
    caption::{MOST_SENTENCES, Writer, being},
    kinds::Manner,
    phrase::{capitalized, color_word},
    piece::plain,
    scene::TrueRelation,
};

/// "The dog is sitting to the left of the car."
pub(in crate::scenes) fn relation(writer: &mut Writer<'_, '_>) -> Option<Vec<Piece>> {
    let options: Vec<TrueRelation> = writer
        .scene
        .relations()
        .into_iter()
        .filter(|relation| !writer.placed.contains(&relation.subject))
        .filter(|relation| {
            let object = relation.object.as_deref().unwrap_or_default();
            writer.single(&relation.subject).is_some() && writer.single(object).is_some()
        })
        .collect();
    let chosen = writer.random.pick(&options)?.clone();
    writer.placed.insert(chosen.subject.clone());
    let object = writer.single(chosen.object.as_deref()?)?.clone();
    let subject = writer.single(&chosen.subject)?.clone();
    let (right, wrong, accept): (&[&str], &[&str], &[&str]) = match chosen.relation {
        SpatialRelation::LeftOf => (LEFT, RIGHT, LEFT),
        SpatialRelation::RightOf => (RIGHT, LEFT, RIGHT),
        SpatialRelation::Above => (&["above"], &["below", "under"], &["over"]),
        SpatialRelation::Below => (&["below"], &["above"], &["under", "beneath"]),
        SpatialRelation::On => (&["on"], &["under"], &["above", "on top of"]),
        _ => return None,
    };
    // One choice for both, so that only the side differs.
    let style = writer.random.below(right.len());
    let right = right.get(style)?;
    let wrong = wrong.get(style.min(wrong.len() - 1))?;
    let error = writer.errors.another(ClaimKind::Relation);
    let [is, _] = being(writer.random, subject.kind.manner);
    let accept = accept.iter().map(|words| (*words).to_owned()).filter(|words| words != right).collect();
    let place = |wrong: &str, right: &str| planted(error, ClaimKind::Relation, wrong, right, accept);
    // "Left of the car is the dog" is said of sides; "on the couch is a dog" only of a thing not named before.
    Some(if chosen.relation != SpatialRelation::On && writer.random.chance(0.2) {
        let (wrong, right) = (capitalized(wrong), capitalized(right));
        vec![
            place(&wrong, &right),
            plain(" the "),
            noun(object.noun()),
            plain(" is the "),
            noun(subject.noun()),
            plain("."),
        ]
    } else {
        let there = if writer.random.chance(0.25) { format!(", which {is} ") } else { format!(" {is} ") };
        let end = if there.starts_with(',') { ", stands out." } else { "." };
        vec![
            plain("The "),
            noun(subject.noun()),
            plain(there),
            place(wrong, right),
            plain(" the "),
            noun(object.noun()),
            plain(end),
        ]
    })
}

const LEFT: &[&str] = &["to the left of", "left of", "on the left of"];
const RIGHT: &[&str] = &["to the right of", "right of", "on the right of"];

/// "On the left is the dog." "The dog is on the left side of the picture."
pub(in crate::scenes) fn place(writer: &mut Writer<'_, '_>) -> Option<Vec<Piece>> {
    let options: Vec<TrueRelation> =
        writer.scene.places().into_iter().filter(|place| writer.single(&place.subject).is_some()).collect();
    let chosen = writer.random.pick(&options)?.clone();
    let group = writer.single(&chosen.subject)?.clone();
    let [right, wrong] = match chosen.relation {
        SpatialRelation::LeftOf => ["on the left", "on the right"],
        SpatialRelation::RightOf => ["on the right", "on the left"],
        SpatialRelation::Above => ["at the top", "at the bottom"],
        SpatialRelation::Below => ["at the bottom", "at the top"],
        _ => return None,
    };
    let sideways = matches!(chosen.relation, SpatialRelation::LeftOf | SpatialRelation::RightOf);
    let error = writer.errors.another(ClaimKind::Relation);
    let thing = noun(group.noun());
    let [is, _] = being(writer.random, group.kind.manner);
    let mut pieces = match writer.random.below(3) {
        0 if sideways => vec![
            planted(error, ClaimKind::Relation, &capitalized(wrong), &capitalized(right), vec![]),
            plain(" is the "),
            thing,
            plain("."),
        ],
        1 if sideways => vec![
            plain("The "),
            thing,
            plain(format!(" {is} ")),
            planted(error, ClaimKind::Relation, wrong, right, vec![]),
            plain(" side of the picture."),
        ],
        _ => vec![
            plain("The "),
            thing,
            plain(format!(" {is} ")),
            planted(error, ClaimKind::Relation, wrong, right, vec![]),
            plain(" of the picture."),
        ],
    };
    // Only one thing was spoken of: "it" is clear.
    let uncolored = !writer.colored.contains(group.kind.label);
    if let Some(color) = group.color.filter(|_| uncolored && group.kind.manner != Manner::Person)
        && writer.sentences + 2 <= MOST_SENTENCES
        && writer.random.chance(0.35)
    {
        writer.sentences += 1;
        writer.colored.insert(group.kind.label);
        pieces.push(plain(" It is "));
        pieces.extend(color_word(writer.random, &mut writer.errors, color));
        pieces.push(plain("."));
    }
    Some(pieces)
}
