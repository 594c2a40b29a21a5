//! Sentences about texts, about what is not there, and about nothing in particular.

use lavr_types::ClaimKind;

use super::{Piece, noun, planted};
use crate::scenes::{
    caption::{Writer, being},
    generate::SIGNS,
    phrase::{Group, article, capitalized},
    piece::plain,
};

/// "A sign reads "OPEN DAILY"."
pub(in crate::scenes) fn text(writer: &mut Writer<'_, '_>) -> Option<Vec<Piece>> {
    let text = writer.random.pick(&writer.scene.texts)?.clone();
    let [right, wrong] = SIGNS.iter().find(|[right, _]| *right == text.text)?;
    let error = writer.errors.another(ClaimKind::Text);
    let words = planted(error, ClaimKind::Text, wrong, right, vec![]);
    let carrier = noun(&text.carrier);
    Some(match writer.random.below(6) {
        0 => vec![plain("A "), carrier, plain(" reads \""), words, plain("\".")],
        1 => vec![plain("There is a "), carrier, plain(" that says \""), words, plain("\".")],
        2 => vec![plain("The "), carrier, plain(" says \""), words, plain("\".")],
        3 => vec![plain("A "), carrier, plain(" with the words \""), words, plain("\" is visible.")],
        4 => vec![plain("The text on the "), carrier, plain(" reads \""), words, plain("\".")],
        _ => vec![plain("The words \""), words, plain("\" are written on a "), carrier, plain(".")],
    })
}

/// "There is no dog in the picture."
pub(in crate::scenes) fn denial(writer: &mut Writer<'_, '_>) -> Option<Vec<Piece>> {
    if !writer.random.chance(0.4) {
        return None;
    }
    let absent = writer.absent()?;
    let [singular, plural] = *writer.random.pick(absent.names)?;
    let (before, denied, after) = match writer.random.below(3) {
        0 => ("There is ", singular, " in the picture."),
        1 => ("There are ", plural, "."),
        _ => ("There is ", singular, " to be seen."),
    };
    Some(vec![plain(before), noun(&format!("no {denied}")), plain(after)])
}

/// Something that no expert can check.
pub(in crate::scenes) fn aside(writer: &mut Writer<'_, '_>) -> Option<Vec<Piece>> {
    const ASIDES: &[&str] = &[
        "The light is soft and even.",
        "Everything looks calm.",
        "It seems to be a quiet day.",
        "The mood is peaceful.",
        "Nothing seems to move.",
        "It is a simple and tidy composition.",
    ];
    writer.random.pick(ASIDES).map(|aside| vec![plain(*aside)])
}

/// A sentence about something that is not there, in which nothing else is said.
pub(in crate::scenes) fn intruder(writer: &mut Writer<'_, '_>) -> Vec<Piece> {
    let Some(kind) = writer.absent() else { return Vec::new() };
    let Some([noun, _]) = writer.random.pick(kind.names).copied() else { return Vec::new() };
    let error = writer.errors.another(ClaimKind::Existence);
    let [is, _] = being(writer.random, kind.manner);
    let anchors: Vec<&str> = writer.named.iter().filter(|group| group.count == 1).map(Group::noun).collect();
    let anchor = writer.random.pick(&anchors).copied();
    let a = article(noun);
    let sentence = match (writer.random.below(4), anchor) {
        (0, Some(anchor)) => format!(" {} {noun} {is} next to the {anchor}.", capitalized(a)),
        (1, _) => format!(" There is also {a} {noun} in the background."),
        (2, _) => format!(" {} {noun} can be seen nearby.", capitalized(a)),
        _ => format!(" {} {noun} {is} in the background.", capitalized(a)),
    };
    vec![planted(error, ClaimKind::Existence, &sentence, "", vec![])]
}

/// ", and a dog is sitting nearby": only where an error is planted.
pub(super) fn intruding_clause(writer: &mut Writer<'_, '_>) -> Vec<Piece> {
    let Some(kind) = writer.absent() else { return Vec::new() };
    let Some([noun, plural]) = writer.random.pick(kind.names).copied() else { return Vec::new() };
    let [is, are] = being(writer.random, kind.manner);
    let clause = match writer.random.below(4) {
        0 => format!(", and {} {noun} {is} nearby", article(noun)),
        1 => format!(" and {} {noun} {is} beside it", article(noun)),
        2 => format!(", and two {plural} {are} behind it"),
        _ => format!(", while {} {noun} can be seen nearby", article(noun)),
    };
    let error = writer.errors.another(ClaimKind::Existence);
    vec![planted(error, ClaimKind::Existence, &clause, "", vec![])]
}
