//! Languages other than English, each a data file: enough words to read what a caption claims, to hold a model's
//! reading against the text, and to put another word in the place of a wrong one so that it agrees.
//!
//! A file (`data/languages/`) lists numbers from nought to twelve, the basic colours with their inflected forms, a noun
//! with gender and plural (or classifier) for every label of the vocabulary, and the words that deny, hedge, join and
//! place. What it does not list is not read and never edited: a wrong edit is worse than none.

mod claims;
mod data;
mod file;
mod scan;

use std::sync::OnceLock;

use lavr_types::Vocabulary;

pub(crate) use claims::claims;
pub(crate) use data::{Agreement, ColorForm, Gender, Language, Noun, Script};
pub(crate) use scan::{Item, Phrase, Scan};

use crate::text::{Token, TokenKind};

/// One word in so many must show which language it is.
const LEAST_SHARE: usize = 4;

/// The languages that have a data file.
pub(crate) fn languages() -> &'static [Language] {
    static BUILTIN: OnceLock<Vec<Language>> = OnceLock::new();
    BUILTIN.get_or_init(|| {
        let files = [
            include_str!("../../data/languages/german.toml"),
            include_str!("../../data/languages/spanish.toml"),
            include_str!("../../data/languages/chinese.toml"),
        ];
        files
            .into_iter()
            .filter_map(|file| match Language::parse(file, Vocabulary::builtin()) {
                Ok(language) => Some(language),
                // A test reads them all; a file that does not fit must not take English down with it.
                Err(error) => {
                    tracing::error!(%error, "a language is left out");
                    None
                }
            })
            .collect()
    })
}

/// The language that a sentence is written in, with how many of its words say so. `None` where no file knows it, or
/// two know it equally well.
pub(crate) fn of(text: &str, tokens: &[Token]) -> Option<(&'static Language, usize)> {
    let letters = |token: &&Token| token.kind == TokenKind::Word;
    let words: Vec<&str> = tokens.iter().filter(letters).map(|token| token.lower.as_str()).collect();
    let all: usize = words.iter().map(|word| word.chars().count()).sum();
    let han: usize = words.iter().map(|word| word.chars().filter(|c| is_han(*c)).count()).sum();
    let kana = words.iter().any(|word| word.chars().any(|c| matches!(c, '\u{3040}'..='\u{30ff}')));
    let mut scores: Vec<(&Language, usize)> = languages()
        .iter()
        .map(|language| {
            let score = match language.script {
                Script::Han if han * 2 > all && !kana => {
                    let scan = Scan::new(text, language, tokens);
                    scan.items().iter().filter(|item| language.knows(&item.lower)).count()
                }
                Script::Han => 0,
                Script::Latin => {
                    let known =
                        |word: &&&str| language.lists("function", word) || language.noun(word).is_some();
                    let score = words.iter().filter(known).count();
                    let foreign = words.iter().filter(|word| language.lists("foreign", word)).count();
                    // A short word or two may be anybody's.
                    let enough = score * LEAST_SHARE >= words.len();
                    if enough { score.saturating_sub(2 * foreign) } else { 0 }
                }
            };
            (language, score)
        })
        .filter(|(_, score)| *score > 0)
        .collect();
    scores.sort_by_key(|(_, score)| std::cmp::Reverse(*score));
    match scores.as_slice() {
        [(_, first), (_, second), ..] if first == second => None,
        [(language, score), ..] => Some((language, *score)),
        [] => None,
    }
}

fn is_han(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

#[cfg(test)]
mod tests;
