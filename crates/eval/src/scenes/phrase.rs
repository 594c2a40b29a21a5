//! Noun phrases about the things of a scene, each with the errors that it may carry.

use lavr_types::{ClaimKind, Vocabulary};

use super::{
    kinds::{Kind, other_colors},
    piece::{Piece, Planted, plain},
};
use crate::Random;

/// Gives out the numbers by which errors are planted.
#[derive(Debug, Default)]
pub(super) struct Errors(Vec<ClaimKind>);

impl Errors {
    /// A new error of a kind.
    pub(super) fn another(&mut self, kind: ClaimKind) -> usize {
        self.0.push(kind);
        self.0.len() - 1
    }

    /// All errors with their kinds.
    pub(super) fn all(&self) -> impl Iterator<Item = (usize, ClaimKind)> + '_ {
        self.0.iter().copied().enumerate()
    }
}

/// The things of one kind as a caption speaks of them.
#[derive(Debug, Clone)]
pub(super) struct Group<'s> {
    pub(super) kind: &'static Kind,
    pub(super) count: usize,
    pub(super) color: Option<&'s str>,
    /// Singular and plural.
    pub(super) name: [&'static str; 2],
}

impl Group<'_> {
    /// The noun in the number that is true.
    pub(super) fn noun(&self) -> &'static str {
        self.name[usize::from(self.count != 1)]
    }
}

/// A phrase with how the words around it agree.
pub(super) struct Phrase {
    pub(super) pieces: Vec<Piece>,
    /// Whether it is plural when nothing is planted.
    pub(super) plural: bool,
    /// The error that changes its number, where there is one.
    pub(super) renumbered: Option<usize>,
}

/// Names things for the first time: "a red car", "two black dogs". Whether their color is said is chosen outside.
pub(super) fn introduce(
    random: &mut Random,
    errors: &mut Errors,
    group: &Group<'_>,
    colored: bool,
    capital: bool,
) -> Phrase {
    let color = group.color.filter(|_| colored);
    let count_error = errors.another(ClaimKind::Count);
    let wrong_count = wrong_count(random, group.count);
    let noun = Piece::True(ClaimKind::Existence, group.noun().to_owned());
    let cased = |text: String| if capital { capitalized(&text) } else { text };
    if group.count != 1 {
        let number = cased(number_word(group.count));
        if wrong_count == 1 {
            // Number, noun and verb all change: they make one claim.
            let rest = color.map_or(String::new(), |color| format!("{color} "));
            let says = format!("{} {rest}{}", cased(number_word(1)), group.name[0]);
            let correction = format!("{number} {rest}{}", group.name[1]);
            let planted = Planted { kind: ClaimKind::Count, says, correction, accept: vec![] };
            let mut otherwise = vec![Piece::True(ClaimKind::Count, number), plain(" ")];
            otherwise.extend(color_before(random, errors, color));
            otherwise.push(noun);
            let pieces =
                vec![Piece::Either { error: count_error, otherwise, planted: vec![Piece::False(planted)] }];
            return Phrase { pieces, plural: true, renumbered: Some(count_error) };
        }
        let says = cased(number_word(wrong_count));
        let accept = vec![cased(group.count.to_string())];
        let planted = Planted { kind: ClaimKind::Count, says, correction: number.clone(), accept };
        let mut pieces = vec![
            Piece::Either {
                error: count_error,
                otherwise: vec![Piece::True(ClaimKind::Count, number)],
                planted: vec![Piece::False(planted)],
            },
            plain(" "),
        ];
        pieces.extend(color_before(random, errors, color));
        pieces.push(noun);
        return Phrase { pieces, plural: true, renumbered: None };
    }
    let rest = color.map_or(String::new(), |color| format!("{color} "));
    let says = format!("{} {rest}{}", cased(number_word(wrong_count)), group.name[1]);
    let described = format!("{rest}{}", group.name[0]);
    let article = cased(article(&described).to_owned());
    let planted = Planted {
        kind: ClaimKind::Count,
        says,
        correction: format!("{article} {described}"),
        accept: vec![format!("{} {described}", cased(number_word(1)))],
    };
    let mut otherwise = Vec::new();
    if let Some(color) = color {
        let error = errors.another(ClaimKind::Color);
        let wrong = wrong_color(random, color);
        let wrong_article = cased(self::article(&wrong).to_owned());
        // The article goes with the color: "a red car", "an orange car".
        otherwise.push(Piece::Either {
            error,
            otherwise: vec![plain(format!("{article} "))],
            planted: vec![plain(format!("{wrong_article} "))],
        });
        otherwise.extend(colored_piece(error, color, &wrong));
        otherwise.push(plain(" "));
    } else {
        otherwise.push(plain(format!("{article} ")));
    }
    otherwise.push(noun);
    let pieces = vec![Piece::Either { error: count_error, otherwise, planted: vec![Piece::False(planted)] }];
    Phrase { pieces, plural: false, renumbered: Some(count_error) }
}

fn color_before(random: &mut Random, errors: &mut Errors, color: Option<&str>) -> Vec<Piece> {
    let Some(color) = color else { return Vec::new() };
    let error = errors.another(ClaimKind::Color);
    let wrong = wrong_color(random, color);
    let mut pieces = colored_piece(error, color, &wrong);
    pieces.push(plain(" "));
    pieces
}

fn colored_piece(error: usize, color: &str, wrong: &str) -> Vec<Piece> {
    let planted = Planted {
        kind: ClaimKind::Color,
        says: wrong.to_owned(),
        correction: color.to_owned(),
        accept: Vec::new(),
    };
    vec![Piece::Either {
        error,
        otherwise: vec![Piece::True(ClaimKind::Color, color.to_owned())],
        planted: vec![Piece::False(planted)],
    }]
}

/// A color, and the error of another in its place.
pub(super) fn color_word(random: &mut Random, errors: &mut Errors, color: &str) -> Vec<Piece> {
    let error = errors.another(ClaimKind::Color);
    let wrong = wrong_color(random, color);
    colored_piece(error, color, &wrong)
}

fn wrong_color(random: &mut Random, color: &str) -> String {
    random.pick(other_colors(color)).map_or("green", |other| other).to_owned()
}

/// A number near the true one.
fn wrong_count(random: &mut Random, count: usize) -> usize {
    let options: Vec<usize> =
        (1..=count + 2).filter(|other| *other != count && other.abs_diff(count) <= 2).collect();
    random.pick(&options).copied().unwrap_or(count + 1)
}

/// A verb that agrees with a phrase, with errors and without: `forms` are singular and plural.
pub(super) fn verb(phrase: &Phrase, forms: [&str; 2]) -> Piece {
    agreeing(phrase.plural, phrase.renumbered, forms)
}

/// Words that agree with a number that an error turns round.
pub(super) fn agreeing(plural: bool, turned_by: Option<usize>, forms: [&str; 2]) -> Piece {
    let form = |plural: bool| plain(forms[usize::from(plural)]);
    match turned_by {
        Some(error) => Piece::Either { error, otherwise: vec![form(plural)], planted: vec![form(!plural)] },
        None => form(plural),
    }
}

/// "two" for 2.
pub(super) fn number_word(number: usize) -> String {
    let word = u32::try_from(number).ok().and_then(|number| Vocabulary::builtin().number_word(number));
    word.map_or_else(|| number.to_string(), str::to_owned)
}

/// "a" or "an".
pub(super) fn article(words: &str) -> &'static str {
    // None of the words that scenes use begins with a silent h or a spoken "yu".
    if words.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

/// With its first letter a capital.
pub(super) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
