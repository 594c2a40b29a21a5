//! Which of several things a text means, where it says so by their place in the picture: "the woman on the left is wearing a red sweater".

use std::collections::BTreeMap;

use lavr_types::{Assertion, Claim, Rect, Size, Span, Vocabulary, perception::Detection};

use crate::{
    check::{WEARER, is_clothing},
    extract::said,
    text::{NounPhrase, Reading, verbs::finite_verb, words::DEFINITE},
};

/// Where in the picture one of several things is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spot {
    Left,
    Right,
    Middle,
    Front,
}

/// Things whose middles are no further apart than this share of the picture's width are both on the same side of others.
const SIDE_BY_SIDE: f64 = 0.05;

impl Spot {
    fn named(word: &str) -> Option<Self> {
        match word {
            "left" => Some(Self::Left),
            "right" => Some(Self::Right),
            "middle" | "center" | "centre" => Some(Self::Middle),
            "front" | "foreground" => Some(Self::Front),
            _ => None,
        }
    }

    /// Those of some things of a kind that may be meant: one, or those beside it.
    pub(crate) fn of(self, things: Vec<&Detection>, picture: Size) -> Vec<&Detection> {
        // The least is the one that is meant.
        let rank = |bounds: Rect| match self {
            Self::Left => bounds.center().x,
            Self::Right => -bounds.center().x,
            Self::Middle => (bounds.center().x - f64::from(picture.width) / 2.0).abs(),
            Self::Front => -bounds.bottom,
        };
        let least = things.iter().map(|thing| rank(thing.bounds)).fold(f64::INFINITY, f64::min);
        let near = SIDE_BY_SIDE * f64::from(picture.width);
        things.into_iter().filter(|thing| rank(thing.bounds) <= least + near).collect()
    }
}

/// For the colors that a text in English gives, by the place of their words, where the things are that have them.
pub(crate) fn spots(text: &str, claims: &[Claim], vocabulary: &Vocabulary) -> BTreeMap<Span, Spot> {
    let reading = Reading::new(text, vocabulary);
    let said = said(&reading, vocabulary);
    let owner = |claim: &Claim| {
        let is_this = |span: Span| span == claim.span;
        let before_noun = reading
            .phrases
            .iter()
            .position(|phrase| phrase.colors.iter().any(|color| is_this(reading.span(&color.tokens))));
        let behind_verb = said.iter().find(|(_, color)| is_this(reading.span(&color.tokens)));
        before_noun.or(behind_verb.map(|(subject, _)| *subject))
    };
    let colors = claims.iter().filter(|claim| matches!(claim.assertion, Assertion::Color { .. }));
    colors
        .filter_map(|claim| {
            let owner = owner(claim)?;
            let is_worn = is_clothing(reading.surface(&reading.phrases[owner].head));
            let meant = if is_worn { wearer(&reading, owner)? } else { owner };
            Some((claim.span, spot_of(&reading, meant)?))
        })
        .collect()
}

/// Who wears a piece of clothing: the nearest person before it in its sentence.
fn wearer(reading: &Reading<'_>, clothing: usize) -> Option<usize> {
    let of = &reading.phrases[clothing];
    let is_wearer = |(_, other): &(usize, &NounPhrase)| {
        other.sentence == of.sentence
            && other.tokens.end <= of.tokens.start
            && other.labels.iter().any(|label| label == WEARER)
    };
    let wearers = reading.phrases.iter().enumerate().filter(is_wearer);
    wearers.max_by_key(|(_, other)| other.tokens.end).map(|(place, _)| place)
}

/// Where the text says that a thing is: right behind it, or behind the verb that follows it; of a pronoun, where that is said
/// of what it stands for.
fn spot_of(reading: &Reading<'_>, thing: usize) -> Option<Spot> {
    let phrase = &reading.phrases[thing];
    let end = phrase.tokens.end;
    let behind_verb = || finite_verb(reading.word(end)).and_then(|_| spot_at(reading, end + 1));
    let of_antecedent = || phrase.antecedent.and_then(|of| spot_of(reading, of));
    spot_at(reading, end).or_else(behind_verb).or_else(of_antecedent)
}

/// The spot that a place at a token names: "on the far left", "in front", not "in front of the house".
fn spot_at(reading: &Reading<'_>, start: usize) -> Option<Spot> {
    if !matches!(reading.word(start), "on" | "in" | "at" | "to") {
        return None;
    }
    let article = start + 1 + usize::from(DEFINITE.contains(&reading.word(start + 1)));
    let at = article + usize::from(matches!(reading.word(article), "far" | "very"));
    let is_of_thing = reading.word(at + 1) == "of" && !is_picture(reading, at + 2);
    // "At the front on the right": neither alone tells which.
    let is_one_of_two = spot_at(reading, at + 1).is_some();
    Spot::named(reading.word(at)).filter(|_| !is_of_thing && !is_one_of_two)
}

/// Whether "the picture" stands at a token.
fn is_picture(reading: &Reading<'_>, at: usize) -> bool {
    DEFINITE.contains(&reading.word(at)) && crate::text::words::PICTURE.contains(&reading.word(at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LexicalExtractor;

    fn told(text: &str) -> Vec<(&str, Spot)> {
        let vocabulary = Vocabulary::builtin();
        let claims = LexicalExtractor::new(vocabulary).read(text).claims;
        let spots = spots(text, &claims, vocabulary);
        spots.into_iter().map(|(span, spot)| (span.of(text).unwrap_or_default(), spot)).collect()
    }

    #[test]
    fn a_place_tells_which_thing_has_the_color() {
        for (text, spots) in [
            ("The boat on the left is red.", vec![("red", Spot::Left)]),
            ("Cars stand in a street. The one in the middle is blue.", vec![("blue", Spot::Middle)]),
            (
                "The woman on the right has blond hair and is wearing a red sweater.",
                vec![("red", Spot::Right)],
            ),
            ("The person in front is wearing a yellow jacket.", vec![("yellow", Spot::Front)]),
            ("A green car drives on the left of the picture.", vec![("green", Spot::Left)]),
            ("The man on the left waves. He is wearing a red shirt.", vec![("red", Spot::Left)]),
            ("A green car stands in front of the house.", vec![]),
            ("The boat at the front on the right is red.", vec![]),
            ("A red car and a dog on the left.", vec![]),
        ] {
            let told: Vec<(&str, Spot)> =
                told(text).into_iter().filter(|(color, _)| *color != "blond").collect();
            assert_eq!(told, spots, "{text}");
        }
    }

    #[test]
    fn what_is_on_a_side_is_the_outermost_and_what_is_beside_it() {
        let at = |left: f64, bottom: f64| Detection {
            label: "car".to_owned(),
            bounds: Rect::new(left, 10.0, left + 20.0, bottom),
            score: 0.9,
        };
        let things = [at(0.0, 40.0), at(3.0, 30.0), at(40.0, 90.0), at(80.0, 50.0)];
        let of = |spot: Spot| {
            let meant = spot.of(things.iter().collect(), Size::new(100, 100));
            meant.iter().map(|thing| thing.bounds.left).collect::<Vec<_>>()
        };
        assert_eq!(of(Spot::Left), [0.0, 3.0]);
        assert_eq!(of(Spot::Right), [80.0]);
        assert_eq!(of(Spot::Middle), [40.0]);
        assert_eq!(of(Spot::Front), [40.0]);
    }
}
