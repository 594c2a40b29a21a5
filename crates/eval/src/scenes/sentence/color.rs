//! Sentences that say what color things have.

use super::{Piece, noun, other::intruding_clause};
use crate::scenes::{
    caption::Writer,
    phrase::{Group, color_word},
    piece::plain,
};

/// Words before a color that change nothing of its name.
const SHADES: &[&str] = &["", "", "", "mostly "];

/// What was named and whose color has not been said.
fn uncolored<'s>(writer: &Writer<'s, '_>) -> Vec<Group<'s>> {
    writer
        .named
        .iter()
        .filter(|group| group.color.is_some() && !writer.colored.contains(group.kind.label))
        .cloned()
        .collect()
}

/// "The car is red." "The color of the car is red." "Both dogs are black."
pub(in crate::scenes) fn color(writer: &mut Writer<'_, '_>) -> Option<Vec<Piece>> {
    let group = writer.random.pick(&uncolored(writer))?.clone();
    let color = group.color?;
    writer.colored.insert(group.kind.label);
    let word = color_word(writer.random, &mut writer.errors, color);
    let thing = noun(group.noun());
    let style = writer.random.below(4);
    Some(match (style, group.count) {
        (0, 1) => [vec![plain("The color of the "), thing, plain(" is ")], word, vec![plain(".")]].concat(),
        (0, 2) => [vec![plain("Both "), thing, plain(" are ")], word, vec![plain(".")]].concat(),
        (1, count) if count > 1 => {
            [vec![plain("All of the "), thing, plain(" are ")], word, vec![plain(".")]].concat()
        }
        _ => {
            let clause = clause(writer, &group, word, true);
            [clause, intruding_clause(writer), vec![plain(".")]].concat()
        }
    })
}

/// "The car is red, while the bus is yellow."
pub(in crate::scenes) fn contrast(writer: &mut Writer<'_, '_>) -> Option<Vec<Piece>> {
    let mut options = uncolored(writer);
    writer.random.shuffle(&mut options);
    let [one, other, ..] = options.as_slice() else { return None };
    let mut pieces = Vec::new();
    let link = if writer.random.chance(0.5) { ", while " } else { " and " };
    for (place, group) in [one, other].into_iter().enumerate() {
        writer.colored.insert(group.kind.label);
        let word = color_word(writer.random, &mut writer.errors, group.color?);
        pieces.extend(clause(writer, group, word, place == 0));
        pieces.push(plain(if place == 0 { link } else { "." }));
    }
    Some(pieces)
}

/// "the car is red"
fn clause(writer: &mut Writer<'_, '_>, group: &Group<'_>, word: Vec<Piece>, capital: bool) -> Vec<Piece> {
    let is = if group.count == 1 { "is" } else { "are" };
    let shade = writer.random.pick(SHADES).copied().unwrap_or_default();
    let the = if capital { "The " } else { "the " };
    [vec![plain(the), noun(group.noun()), plain(format!(" {is} {shade}"))], word].concat()
}
