//! A shallow reading of English text: sentences, words, noun phrases. No model, no part-of-speech tagger: the
//! vocabulary knows the nouns that matter, and small word lists know the rest.

mod around;
pub(crate) mod denial;
mod heads;
pub(crate) mod inner;
mod language;
mod phrase;
pub(crate) mod phrases;
pub(crate) mod reach;
pub(crate) mod size;
pub(crate) mod status;
mod token;
pub(crate) mod verbs;
pub(crate) mod words;

use std::ops::Range;

use lavr_types::{Span, Vocabulary};

use crate::language::{self as languages, Language, Scan};

pub(crate) use language::{english_words, is_english};
pub(crate) use phrase::{ColorWord, Determiner, NounPhrase, Owner};
pub(crate) use token::{Token, TokenKind, sentences, tokenize};

/// A text with what was read from it.
pub(crate) struct Reading<'t> {
    pub(crate) text: &'t str,
    pub(crate) tokens: Vec<Token>,
    /// Token ranges, end mark included.
    pub(crate) sentences: Vec<Range<usize>>,
    /// Noun phrases in order of place, their token ranges apart; behind them the pronouns that stand for one.
    pub(crate) phrases: Vec<NounPhrase>,
    /// Sentences that are not English, by place in `sentences`.
    pub(crate) foreign: Vec<bool>,
    /// The language of those that a data file makes readable.
    pub(crate) languages: Vec<Option<&'static Language>>,
}

impl<'t> Reading<'t> {
    pub(crate) fn new(text: &'t str, vocabulary: &Vocabulary) -> Self {
        let tokens = tokenize(text);
        let sentences = sentences(&tokens);
        let (foreign, languages) = sentences
            .iter()
            .map(|range| {
                let tokens = &tokens[range.clone()];
                let english = english_words(tokens, vocabulary);
                let language = languages::of(text, tokens)
                    .filter(|(_, score)| *score > english)
                    .map(|(language, _)| language);
                (language.is_some() || !is_english(tokens, vocabulary), language)
            })
            .unzip();
        let mut reading = Self { text, tokens, sentences, phrases: Vec::new(), foreign, languages };
        phrases::find(&mut reading, vocabulary);
        reading
    }

    /// The lower-case word at a place; empty past the ends.
    pub(crate) fn word(&self, place: usize) -> &str {
        self.tokens.get(place).map_or("", |token| token.lower.as_str())
    }

    /// The lower-case word before a place; empty at the start of the text.
    pub(crate) fn before(&self, place: usize) -> &str {
        place.checked_sub(1).map_or("", |place| self.word(place))
    }

    /// The bytes of some tokens.
    pub(crate) fn span(&self, tokens: &Range<usize>) -> Span {
        match (
            self.tokens.get(tokens.start),
            tokens.end.checked_sub(1).and_then(|last| self.tokens.get(last)),
        ) {
            (Some(first), Some(last)) if !tokens.is_empty() => Span::new(first.span.start, last.span.end),
            (Some(first), _) => Span::new(first.span.start, first.span.start),
            _ => Span::new(self.text.len(), self.text.len()),
        }
    }

    /// The text of some tokens.
    pub(crate) fn surface(&self, tokens: &Range<usize>) -> &'t str {
        self.span(tokens).of(self.text).unwrap_or_default()
    }

    /// The sentence that a token belongs to.
    pub(crate) fn sentence_of(&self, token: usize) -> usize {
        let place = self.sentences.partition_point(|range| range.end <= token);
        place.min(self.sentences.len().saturating_sub(1))
    }

    /// A sentence as its language's tables read it, where it is in another language that has some.
    pub(crate) fn scan(&self, sentence: usize) -> Option<Scan<'t>> {
        let language = self.languages.get(sentence).copied().flatten()?;
        Some(Scan::new(self.text, language, &self.tokens[self.sentences[sentence].clone()]))
    }

    /// The noun phrases in order of place, without the pronouns behind them.
    pub(crate) fn named(&self) -> &[NounPhrase] {
        &self.phrases[..self.phrases.partition_point(|phrase| !phrase.pronoun)]
    }

    /// The noun phrases of a sentence, by place in `phrases`; no pronouns.
    pub(crate) fn phrases_of(&self, sentence: usize) -> Range<usize> {
        let named = self.named();
        named.partition_point(|phrase| phrase.sentence < sentence)
            ..named.partition_point(|phrase| phrase.sentence <= sentence)
    }

    /// Whether a token belongs to a noun phrase that is no pronoun.
    pub(crate) fn is_in_phrase(&self, token: usize) -> bool {
        let named = self.named();
        let place = named.partition_point(|phrase| phrase.tokens.end <= token);
        named.get(place).is_some_and(|phrase| phrase.tokens.contains(&token))
    }

    /// The noun phrase that ends right before a token.
    pub(crate) fn phrase_ending_at(&self, token: usize) -> Option<usize> {
        self.phrase_with(token, |phrase| phrase.tokens.end)
    }

    /// The noun phrase that begins with a token.
    pub(crate) fn phrase_starting_at(&self, token: usize) -> Option<usize> {
        self.phrase_with(token, |phrase| phrase.tokens.start)
    }

    /// The noun phrase with a bound at a token. Both the named ones and the pronouns behind them stand in order.
    fn phrase_with(&self, token: usize, bound: impl Fn(&NounPhrase) -> usize) -> Option<usize> {
        let named = self.named().len();
        [0..named, named..self.phrases.len()].into_iter().find_map(|part| {
            let place =
                part.start + self.phrases[part.clone()].partition_point(|phrase| bound(phrase) < token);
            (part.contains(&place) && bound(&self.phrases[place]) == token).then_some(place)
        })
    }

    /// The noun phrase whose head lies in these bytes.
    pub(crate) fn phrase_at(&self, span: Span) -> Option<usize> {
        self.phrases.iter().position(|phrase| self.span(&phrase.head).overlaps(span))
    }

    /// Whether the words from a place on are these.
    pub(crate) fn words_at(&self, place: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(offset, word)| self.word(place + offset) == *word)
    }
}
