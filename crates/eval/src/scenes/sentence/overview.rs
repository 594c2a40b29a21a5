//! Sentences that name what is there.

use lavr_types::ClaimKind;

use super::{Piece, planted};
use crate::scenes::{
    caption::Writer,
    phrase::{Group, Phrase, agreeing, article, introduce, verb},
    piece::plain,
};

/// Chance that a color is said where a thing is named first.
const COLORED: f64 = 0.5;

/// "A red car and two dogs are in the picture."
pub(in crate::scenes) fn overview<'s>(writer: &mut Writer<'s, '_>, groups: Vec<Group<'s>>) -> Vec<Piece> {
    const BEFORE: &[&str] =
        &["The picture shows ", "In this image we see ", "This is a photo of ", "The photo shows "];
    const AFTER: &[&str] = &["in the picture", "in this scene", "in the photo", "shown here"];
    match writer.random.below(3) {
        0 => {
            let (list, first) = list(writer, groups, true);
            let after = *writer.random.pick(AFTER).unwrap_or(&AFTER[0]);
            let verb = match first {
                Some(verb) => verb(["is", "are"]),
                None => plain("are"),
            };
            [list, vec![plain(" "), verb, plain(format!(" {after}."))]].concat()
        }
        1 => {
            let before = *writer.random.pick(BEFORE).unwrap_or(&BEFORE[0]);
            let (list, _) = list(writer, groups, false);
            [vec![plain(before)], list, attendant(writer), vec![plain(".")]].concat()
        }
        _ => {
            // "There is" agrees with what comes first.
            let mut groups = groups.into_iter();
            let Some(first) = groups.next() else { return Vec::new() };
            let phrase = name(writer, first, false);
            let verb = verb(&phrase, ["is", "are"]);
            let (rest, _) = continue_list(writer, groups.collect());
            [vec![plain("There "), verb, plain(" ")], phrase.pieces, rest, vec![plain(" in the scene.")]]
                .concat()
        }
    }
}

/// " with a dog in the background": only where an error is planted.
fn attendant(writer: &mut Writer<'_, '_>) -> Vec<Piece> {
    const WHERE: &[&str] = &[" in the background", " nearby", ""];
    let Some(kind) = writer.absent() else { return Vec::new() };
    let Some([noun, _]) = writer.random.pick(kind.names).copied() else { return Vec::new() };
    let place = writer.random.pick(WHERE).copied().unwrap_or_default();
    let error = writer.errors.another(ClaimKind::Existence);
    let says = format!(" with {} {noun}{place}", article(noun));
    vec![planted(error, ClaimKind::Existence, &says, "", vec![])]
}

type Agreement = Box<dyn Fn([&str; 2]) -> Piece>;

/// Names some groups: "a car, two dogs and a person", with a place for something that is not there. Where the whole is
/// one group, the verb's form depends on it.
fn list<'s>(
    writer: &mut Writer<'s, '_>,
    groups: Vec<Group<'s>>,
    capital: bool,
) -> (Vec<Piece>, Option<Agreement>) {
    let mut groups = groups.into_iter();
    let Some(first) = groups.next() else { return (Vec::new(), None) };
    let phrase = name(writer, first, capital);
    let rest: Vec<Group<'s>> = groups.collect();
    let single = rest.is_empty();
    let (tail, intruder) = continue_list(writer, rest);
    let agreement: Option<Agreement> = single.then(|| {
        let (plural, renumbered) = (phrase.plural, phrase.renumbered);
        Box::new(move |forms: [&str; 2]| {
            let inner = agreeing(plural, renumbered, forms);
            match intruder {
                // Two kinds of things are plural, whatever becomes of the first.
                Some(error) => {
                    Piece::Either { error, otherwise: vec![inner], planted: vec![plain(forms[1])] }
                }
                None => inner,
            }
        }) as Agreement
    });
    ([phrase.pieces, tail].concat(), agreement)
}

/// The rest of a list behind its first phrase, and the error of a thing that is not there.
fn continue_list<'s>(writer: &mut Writer<'s, '_>, rest: Vec<Group<'s>>) -> (Vec<Piece>, Option<usize>) {
    let mut pieces = Vec::new();
    let last = rest.len().checked_sub(1);
    let named: Vec<Vec<Piece>> = rest.into_iter().map(|group| name(writer, group, false).pieces).collect();
    let absent = writer.absent();
    let intruder = absent.map(|kind| {
        let noun = writer.random.pick(kind.names).map_or(kind.label, |names| names[0]);
        (writer.errors.another(ClaimKind::Existence), format!("{} {noun}", article(noun)))
    });
    let error = intruder.as_ref().map(|(error, _)| *error);
    if let Some((error, thing)) = intruder {
        let says = if last.is_none() { format!(" and {thing}") } else { format!(", {thing}") };
        pieces.push(planted(error, ClaimKind::Existence, &says, "", vec![]));
    }
    for (place, phrase) in named.into_iter().enumerate() {
        pieces.push(plain(if Some(place) == last { " and " } else { ", " }));
        pieces.extend(phrase);
    }
    (pieces, error)
}

fn name<'s>(writer: &mut Writer<'s, '_>, group: Group<'s>, capital: bool) -> Phrase {
    let colored = group.color.is_some() && writer.random.chance(COLORED);
    if colored {
        writer.colored.insert(group.kind.label);
    }
    let phrase = introduce(writer.random, &mut writer.errors, &group, colored, capital);
    writer.named.push(group);
    phrase
}

/// "There is also a dog."
pub(in crate::scenes) fn one_more<'s>(writer: &mut Writer<'s, '_>, group: Group<'s>) -> Vec<Piece> {
    match writer.random.below(3) {
        0 => {
            let phrase = name(writer, group, false);
            let verb = verb(&phrase, ["is", "are"]);
            [vec![plain("There "), verb, plain(" also ")], phrase.pieces, vec![plain(".")]].concat()
        }
        1 => {
            let phrase = name(writer, group, true);
            [phrase.pieces, vec![plain(" can be seen as well.")]].concat()
        }
        _ => {
            let phrase = name(writer, group, false);
            [vec![plain("We also see ")], phrase.pieces, vec![plain(".")]].concat()
        }
    }
}
