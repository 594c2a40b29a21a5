//! Words and marks with their bytes, and the sentences that they make.

use std::ops::Range;

use lavr_types::Span;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// Letters or digits, with apostrophes and hyphens inside.
    Word,
    /// One other character.
    Mark,
    /// A line break: ends a sentence.
    Break,
    /// The content of a quotation with its marks.
    Quote,
}

#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) span: Span,
    pub(crate) lower: String,
    pub(crate) kind: TokenKind,
}

/// A quotation longer than this is a lost quotation mark.
const LONGEST_QUOTE: usize = 200;

/// Splits a text. White space but for line breaks is left out; a quotation is one token.
pub(crate) fn tokenize(text: &str) -> Vec<Token> {
    let characters: Vec<(usize, char)> = text.char_indices().collect();
    let mut tokens = Vec::new();
    let mut place = 0;
    while let Some(&(start, first)) = characters.get(place) {
        let (next, kind) = if let Some(end) = quote_end(&characters, place) {
            (end, TokenKind::Quote)
        } else if first.is_alphanumeric() {
            (word_end(&characters, place), TokenKind::Word)
        } else if first == '\n' {
            (place + 1, TokenKind::Break)
        } else if first.is_whitespace() || names_corner(&characters, place) {
            place += 1;
            continue;
        } else {
            (place + 1, TokenKind::Mark)
        };
        let end = characters.get(next).map_or(text.len(), |&(end, _)| end);
        let lower = text.get(start..end).unwrap_or_default().to_lowercase().replace('\u{2019}', "'");
        tokens.push(Token { span: Span::new(start, end), lower, kind });
        place = next;
    }
    tokens
}

fn word_end(characters: &[(usize, char)], start: usize) -> usize {
    let at = |place: usize| characters.get(place).map(|&(_, character)| character);
    let mut place = start;
    while let Some(character) = at(place) {
        let joins = matches!(character, '\'' | '\u{2019}' | '-' | '\u{2010}' | '\u{2011}')
            && at(place + 1).is_some_and(char::is_alphanumeric)
            && !names_corner(characters, place);
        // A decimal point or thousands separator inside a number.
        let in_number = matches!(character, '.' | ',' | ':')
            && place > start
            && at(place - 1).is_some_and(|before| before.is_ascii_digit())
            && at(place + 1).is_some_and(|after| after.is_ascii_digit());
        if !(character.is_alphanumeric() || joins || in_number) {
            break;
        }
        place += 1;
    }
    place
}

/// Whether a hyphen stands in the name of a corner, "top-left", which is read as the two words "top left".
fn names_corner(characters: &[(usize, char)], hyphen: usize) -> bool {
    let is_letter =
        |place: &usize| characters.get(*place).is_some_and(|(_, character)| character.is_alphabetic());
    let word = |places: std::ops::Range<usize>| -> String {
        let letters = characters.get(places).unwrap_or_default().iter();
        letters.flat_map(|(_, character)| character.to_lowercase()).collect()
    };
    if !matches!(characters.get(hyphen), Some((_, '-' | '\u{2010}' | '\u{2011}'))) {
        return false;
    }
    let start = (0..hyphen).rev().take_while(is_letter).last().unwrap_or(hyphen);
    let end = (hyphen + 1..characters.len()).take_while(is_letter).last().map_or(hyphen, |last| last + 1);
    matches!(word(start..hyphen).as_str(), "top" | "bottom" | "upper" | "lower")
        && matches!(word(hyphen + 1..end.max(hyphen + 1)).as_str(), "left" | "right")
}

/// The place after the closing mark, where a quotation opens here.
fn quote_end(characters: &[(usize, char)], start: usize) -> Option<usize> {
    let &(_, open) = characters.get(start)?;
    let close: &[char] = match open {
        '"' => &['"'],
        '\u{201c}' | '\u{201e}' => &['\u{201d}', '\u{201c}'],
        '\u{ab}' => &['\u{bb}'],
        '\u{2018}' => &['\u{2019}'],
        '\'' => &['\''],
        _ => return None,
    };
    let apostrophe = matches!(open, '\'' | '\u{2018}');
    let before = start.checked_sub(1).and_then(|place| characters.get(place));
    if apostrophe && before.is_some_and(|&(_, character)| !character.is_whitespace() && character != '(') {
        return None;
    }
    for (place, &(_, character)) in characters.iter().enumerate().skip(start + 1).take(LONGEST_QUOTE) {
        if character == '\n' {
            return None;
        }
        let after = characters.get(place + 1).map(|&(_, after)| after);
        // An apostrophe inside a word closes nothing.
        let inside_word = apostrophe && after.is_some_and(char::is_alphanumeric);
        if close.contains(&character) && !inside_word {
            return (place > start + 1).then_some(place + 1);
        }
    }
    None
}

/// The sentences as token ranges, end mark included; a line break belongs to no sentence.
pub(crate) fn sentences(tokens: &[Token]) -> Vec<Range<usize>> {
    let mut sentences = Vec::new();
    let mut start = 0;
    for (place, token) in tokens.iter().enumerate() {
        if token.kind == TokenKind::Break {
            if start < place {
                sentences.push(start..place);
            }
            start = place + 1;
        } else if ends_sentence(token, tokens.get(place + 1)) {
            sentences.push(start..place + 1);
            start = place + 1;
        }
    }
    if start < tokens.len() {
        sentences.push(start..tokens.len());
    }
    sentences
}

/// A full stop, or a quotation that ends with one at the end of a line.
fn ends_sentence(token: &Token, next: Option<&Token>) -> bool {
    match token.kind {
        TokenKind::Mark => matches!(
            token.lower.as_str(),
            "." | "!" | "?" | "\u{3002}" | "\u{ff01}" | "\u{ff1f}" | "\u{2026}"
        ),
        TokenKind::Quote => {
            let inner =
                token.lower.trim_end_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '!' | '?'));
            inner.ends_with(['.', '!', '?']) && next.is_some_and(|next| next.kind == TokenKind::Break)
        }
        TokenKind::Word | TokenKind::Break => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokenize(text).into_iter().map(|token| token.lower).collect()
    }

    #[test]
    fn words_keep_apostrophes_and_hyphens_inside() {
        assert_eq!(
            words("The dog's T-shirt isn't 1.5 m."),
            ["the", "dog's", "t-shirt", "isn't", "1.5", "m", "."]
        );
    }

    #[test]
    fn a_quotation_is_one_token_and_an_apostrophe_opens_none() {
        assert_eq!(
            words("It says \u{201c}GO NOW\u{201d}, 'OK' for the boys' dogs"),
            ["it", "says", "\u{201c}go now\u{201d}", ",", "'ok'", "for", "the", "boys", "'", "dogs"]
        );
    }

    #[test]
    fn sentences_end_at_marks_and_line_breaks() {
        let tokens = tokenize("One. Two!\nThree");
        assert_eq!(sentences(&tokens), [0..2, 2..4, 5..6]);
    }

    proptest! {
        #[test]
        fn spans_lie_on_character_boundaries_in_order(text in "\\PC{0,80}|[ a-z\"'\u{201c}\u{201d}.,\n-]{0,80}") {
            let mut end = 0;
            for token in tokenize(&text) {
                prop_assert!(token.span.of(&text).is_some());
                prop_assert!(token.span.start >= end && token.span.end > token.span.start);
                end = token.span.end;
            }
        }
    }
}
