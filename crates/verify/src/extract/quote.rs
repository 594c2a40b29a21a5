//! Text that the picture is said to carry: quoted, or in capitals behind "reads" and "says".

use lavr_types::{Assertion, Claim, Span};

use super::entity;
use crate::text::{Reading, TokenKind};

const SAYS: &[&str] = &[
    "reads",
    "read",
    "reading",
    "says",
    "say",
    "saying",
    "labeled",
    "labelled",
    "written",
    "word",
    "words",
    "text",
    "titled",
    "inscription",
    "inscribed",
    "lettering",
    "letters",
    "displays",
    "displaying",
    "caption",
    "spells",
    "spelling",
    "marked",
    "printed",
    "title",
    "name",
    "named",
    "called",
    "slogan",
    "message",
    "logo",
    "writing",
    "number",
    "numbers",
    "digits",
    "time",
    "date",
    "price",
    "shows",
    "show",
    "showing",
];

const CARRIERS: &[&str] = &[
    "sign",
    "banner",
    "poster",
    "board",
    "billboard",
    "shirt",
    "t-shirt",
    "label",
    "logo",
    "book",
    "page",
    "bus",
    "truck",
    "car",
    "screen",
    "flag",
    "plate",
    "bottle",
    "box",
    "store",
    "shop",
    "cover",
    "package",
    "wall",
    "newspaper",
    "card",
    "menu",
    "cup",
    "mug",
    "document",
    "receipt",
];

/// How many tokens before a quotation are looked at for a word like "reads".
const REACH: usize = 6;

pub(super) fn claims(reading: &Reading<'_>) -> Vec<Claim> {
    let mut claims = Vec::new();
    for (place, token) in reading.tokens.iter().enumerate() {
        let sentence = reading.sentence_of(place);
        if reading.foreign.get(sentence) != Some(&false) {
            continue;
        }
        let start = reading.sentences[sentence].start.max(place.saturating_sub(REACH));
        let span = if token.kind == TokenKind::Quote {
            let said = (start..place)
                .any(|at| SAYS.contains(&reading.word(at)) || CARRIERS.contains(&reading.word(at)));
            if !said {
                continue;
            }
            inner(reading.text, token.span)
        } else if matches!(
            reading.before(place),
            "reads" | "says" | "reading" | "saying" | "labeled" | "labelled"
        ) {
            capitals(reading, place)
        } else {
            continue;
        };
        let Some(text) = span.of(reading.text).filter(|text| !normalized(text).is_empty()) else { continue };
        let carrier = reading
            .phrases
            .iter()
            .rev()
            .find(|phrase| phrase.tokens.end <= place && phrase.sentence == sentence && !phrase.pronoun);
        claims.push(Claim {
            span,
            surface: text.to_owned(),
            assertion: Assertion::Text {
                text: text.to_owned(),
                carrier: carrier.map(|phrase| entity(reading, phrase)),
            },
            hedged: carrier.is_some_and(|phrase| phrase.hedged),
            readings: Vec::new(),
        });
    }
    claims
}

/// A quotation without its marks and the white space inside them.
fn inner(text: &str, span: Span) -> Span {
    let quoted = span.of(text).unwrap_or_default();
    let first = quoted.chars().next().map_or(0, char::len_utf8);
    let last = quoted.chars().next_back().map_or(0, char::len_utf8);
    let (start, end) = (span.start + first, span.end.saturating_sub(last).max(span.start + first));
    let content = Span::new(start, end).of(text).unwrap_or_default();
    let trimmed = content.trim().trim_end_matches([',', '.']);
    let lead = content.len() - content.trim_start().len();
    Span::new(start + lead, start + lead + trimmed.len())
}

/// The run of words in capitals that begins at a token.
fn capitals(reading: &Reading<'_>, place: usize) -> Span {
    let mut end = place;
    while reading.tokens.get(end).is_some_and(|token| {
        let word = token.span.of(reading.text).unwrap_or_default();
        token.kind == TokenKind::Word
            && word.chars().any(char::is_alphanumeric)
            && word.chars().all(|c| !c.is_lowercase())
            && (end > place || word.chars().count() > 1)
    }) {
        end += 1;
    }
    reading.span(&(place..end))
}

/// Text as it is compared: letters and digits in lower case, one space between words.
pub(crate) fn normalized(text: &str) -> String {
    let kept: String = text
        .chars()
        .flat_map(char::to_lowercase)
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}
