//! Where in the text a model's quotes stand.

use lavr_types::Span;

use crate::text::{Token, TokenKind, tokenize};

/// A quote of so many letters may be a word of the text without its ending of at most so many.
const SHORTEST_STEM: usize = 3;
const LONGEST_ENDING: usize = 2;

/// Finds quotes in a text, those that occur more than once in the order of the text.
pub(super) struct Places<'t> {
    text: &'t str,
    /// Places of things that are taken.
    taken: Vec<Span>,
    notes: Vec<String>,
}

impl<'t> Places<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { text, taken: Vec::new(), notes: Vec::new() }
    }

    pub(super) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    pub(super) fn into_notes(self) -> Vec<String> {
        self.notes
    }

    /// The place of the next thing of this name: the first that no thing before it has.
    pub(super) fn thing(&mut self, quote: &str) -> Option<Span> {
        let all = self.all(quote);
        let free = all.iter().find(|span| !self.taken.iter().any(|taken| taken.overlaps(**span))).copied();
        match free {
            Some(span) => self.taken.push(span),
            None if all.is_empty() => self.missing(quote),
            None => self.note(format!("the model names \"{quote}\" more often than the text does")),
        }
        free
    }

    /// The only place of a quote within a part of the text, or the one nearest to another place.
    pub(super) fn within(&mut self, quote: &str, part: Span, near: Span) -> Option<Span> {
        let mut places = self.all(quote);
        if places.is_empty() {
            places = self.inflected(quote);
        }
        let found = nearest(places.into_iter().filter(|span| part.contains(*span)).collect(), near);
        if found.is_none() {
            self.missing(quote);
        }
        found
    }

    /// The place of a quote that stands anywhere, where it stands once.
    pub(super) fn only(&mut self, quote: &str) -> Option<Span> {
        match self.all(quote).as_slice() {
            [span] => Some(*span),
            [] => {
                self.missing(quote);
                None
            }
            _ => {
                self.note(format!(
                    "the model's quote \"{quote}\" stands in the text more than once: left out"
                ));
                None
            }
        }
    }

    /// Every word that begins with a quote of one word and goes on for some letters: a model that quotes "braun" where
    /// the text says "braune" means that word.
    fn inflected(&self, quote: &str) -> Vec<Span> {
        let quote = quote.trim().to_lowercase();
        if quote.chars().count() < SHORTEST_STEM || quote.contains(char::is_whitespace) {
            return Vec::new();
        }
        let longer = |token: &Token| {
            let rest = token.lower.strip_prefix(quote.as_str()).map(|rest| rest.chars().count());
            rest.is_some_and(|rest| (1..=LONGEST_ENDING).contains(&rest))
        };
        let words = tokenize(self.text).into_iter().filter(|token| token.kind == TokenKind::Word);
        words.filter(longer).map(|token| token.span).collect()
    }

    fn missing(&mut self, quote: &str) {
        self.note(format!("the model quotes \"{quote}\", which the text does not say there: left out"));
    }

    /// Every place, by whole words where the script has words; letter for letter, or else whatever the case.
    fn all(&self, quote: &str) -> Vec<Span> {
        let quote = quote.trim();
        let exact = occurrences(self.text, quote);
        if !exact.is_empty() {
            return exact;
        }
        // Lower case may have another length: then its places are not the text's.
        let lower = self.text.to_lowercase();
        if lower.len() == self.text.len() {
            let fits = |span: &Span| span.of(self.text).is_some();
            occurrences(&lower, &quote.to_lowercase()).into_iter().filter(fits).collect()
        } else {
            Vec::new()
        }
    }
}

fn occurrences(text: &str, quote: &str) -> Vec<Span> {
    if quote.is_empty() {
        return Vec::new();
    }
    let spaced =
        |character: char| character.is_alphanumeric() && !('\u{3040}'..='\u{9fff}').contains(&character);
    text.match_indices(quote)
        .filter(|(start, _)| {
            let end = start + quote.len();
            let before = text[..*start].chars().next_back();
            let after = text[end..].chars().next();
            let inside = |edge: Option<char>, beyond: Option<char>| {
                edge.is_some_and(spaced) && beyond.is_some_and(spaced)
            };
            !inside(quote.chars().next(), before) && !inside(quote.chars().next_back(), after)
        })
        .map(|(start, _)| Span::new(start, start + quote.len()))
        .collect()
}

fn nearest(spans: Vec<Span>, near: Span) -> Option<Span> {
    spans.into_iter().min_by_key(|span| span.start.abs_diff(near.start))
}
