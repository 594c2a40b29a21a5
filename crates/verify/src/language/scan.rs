//! A sentence of another language as a row of known and unknown words, and the noun phrases in it.

use std::ops::Range;

use lavr_types::Span;

use super::data::{Agreement, Color, ColorForm, LONGEST_NOUN, Language, NounForm, Script};
use crate::text::{Token, TokenKind};

/// The most unknown words between a noun and its number, article or colour.
const MOST_BETWEEN: usize = 2;

/// The same in characters, where there are no spaces.
const MOST_BETWEEN_HAN: usize = 6;

/// The most colours of one noun.
const MOST_COLORS: usize = 3;

/// A word or mark of a sentence.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) span: Span,
    pub(crate) lower: String,
    pub(crate) kind: TokenKind,
    pub(crate) noun: Option<NounForm>,
    pub(crate) color: Option<Color>,
    pub(crate) number: Option<u32>,
}

/// A noun with what belongs to it, as places in the items of its scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Phrase {
    pub(crate) noun: usize,
    /// The first and the place behind the last item.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) number: Option<usize>,
    pub(crate) several: bool,
    pub(crate) article: Option<usize>,
    pub(crate) denial: Option<usize>,
    pub(crate) classifier: Option<usize>,
    pub(crate) colors: Vec<usize>,
    /// Whether words that no table knows stand in it.
    pub(crate) unknown: bool,
}

/// A sentence as its language's tables read it.
#[derive(Debug)]
pub(crate) struct Scan<'t> {
    pub(crate) text: &'t str,
    pub(crate) language: &'t Language,
    items: Vec<Item>,
}

impl<'t> Scan<'t> {
    /// Reads the tokens of a sentence.
    pub(crate) fn new(text: &'t str, language: &'t Language, tokens: &[Token]) -> Self {
        let mut items = Vec::new();
        let mut place = 0;
        while let Some(token) = tokens.get(place) {
            if token.kind != TokenKind::Word {
                items.push(item(language, token.span, token.lower.clone(), token.kind));
                place += 1;
            } else if language.script == Script::Han {
                segment(text, language, token.span, &mut items);
                place += 1;
            } else {
                let count = words_of_noun(language, &tokens[place..]);
                let span = Span::new(token.span.start, tokens[place + count - 1].span.end);
                let words: Vec<&str> =
                    tokens[place..place + count].iter().map(|token| token.lower.as_str()).collect();
                items.push(item(language, span, words.join(" "), TokenKind::Word));
                place += count;
            }
        }
        let mut scan = Self { text, language, items };
        scan.tell_fruit_from_color();
        scan
    }

    /// The words and marks in order.
    pub(crate) fn items(&self) -> &[Item] {
        &self.items
    }

    /// The bytes from one item to another, both included.
    pub(crate) fn span(&self, first: usize, last: usize) -> Span {
        let empty = Span::new(0, 0);
        let (first, last) = (self.items.get(first), self.items.get(last));
        first.zip(last).map_or(empty, |(first, last)| Span::new(first.span.start, last.span.end))
    }

    /// Whether the item at a place is a word of a list.
    pub(crate) fn is(&self, place: usize, list: &'static str) -> bool {
        self.items.get(place).is_some_and(|item| self.language.lists(list, &item.lower))
    }

    /// Where a phrase of the language's tables ("al menos") ends right before a place.
    fn ends_before(&self, place: usize, phrases: &[String]) -> Option<usize> {
        phrases.iter().find_map(|phrase| {
            let words: Vec<&str> = phrase.split(' ').collect();
            let start = place.checked_sub(words.len())?;
            let fits = |(offset, word): (usize, &&str)| self.items[start + offset].lower == *word;
            words.iter().enumerate().all(fits).then_some(start)
        })
    }

    /// Whether one of the phrases stands in the sentence.
    pub(crate) fn has(&self, phrases: &[String]) -> bool {
        (1..=self.items.len()).any(|place| self.ends_before(place, phrases).is_some())
    }

    /// Whether the sentence says where in the picture something is. "They look to the left" does not.
    pub(crate) fn is_placed(&self) -> bool {
        let place = |end: usize| self.ends_before(end, &self.language.places);
        (1..=self.items.len())
            .filter_map(place)
            .any(|start| self.ends_before(start, &self.language.directions).is_none())
    }

    /// Whether the sentence turns round what it says, other than by denying that a thing is there.
    pub(crate) fn is_negated(&self) -> bool {
        let denies = |place: usize| {
            (place + 1..=self.items.len())
                .find_map(|end| self.ends_before(end, &self.language.presentatives))
                .is_some_and(|start| start == place + 1)
        };
        (0..self.items.len()).any(|place| self.is(place, "negation") && !denies(place))
    }

    /// Whether a bare noun is listed behind one that is denied: "keine Autos, Busse oder -> Fahrräder". What stands behind a
    /// comma is only where a joint word closes the list: in "keine Katze, Hunde spielen" another clause begins.
    pub(crate) fn is_denied_with(&self, phrases: &[Phrase], place: usize) -> bool {
        let comma = |at: usize| matches!(self.items[at].lower.as_str(), "," | "\u{3001}" | "\u{ff0c}");
        let closes = |at: usize| self.is(at, "or") || self.is(at, "and");
        // What joins a bare noun to the one before, if anything but such words does not.
        let joint = |at: usize| -> Option<Range<usize>> {
            let phrase = &phrases[at];
            let bare = phrase.article.is_none() && phrase.number.is_none() && !phrase.several;
            let between = phrases[at.checked_sub(1)?].end..phrase.start;
            let joined = bare && !between.is_empty() && between.clone().all(|at| comma(at) || closes(at));
            joined.then_some(between)
        };
        let closed = |mut between: Range<usize>| between.any(closes);
        let mut at = place;
        while let Some(between) = joint(at) {
            at -= 1;
            if phrases[at].denial.is_none() {
                continue;
            }
            return closed(between) || (at + 1..phrases.len()).map_while(joint).any(closed);
        }
        false
    }

    /// Whether it says that it is not sure.
    pub(crate) fn is_hedged(&self) -> bool {
        self.has(&self.language.hedges)
    }

    /// How the number at a place is bounded: at least, at most.
    pub(crate) fn bound(&self, number: usize) -> [Option<usize>; 2] {
        [self.ends_before(number, &self.language.at_least), self.ends_before(number, &self.language.at_most)]
    }

    /// Whether a phrase of the tables that leaves the number of what follows open ends right before a place.
    pub(crate) fn is_presented(&self, place: usize) -> bool {
        self.ends_before(place, &self.language.presentatives).is_some()
    }

    /// "Orange", "naranja": a colour beside a noun, a fruit elsewhere.
    fn tell_fruit_from_color(&mut self) {
        for place in 0..self.items.len() {
            let both = self.items[place].noun.is_some() && self.items[place].color.is_some();
            if !both {
                continue;
            }
            let noun_at = |place: Option<usize>| {
                place.and_then(|place| self.items.get(place)).is_some_and(|item| item.noun.is_some())
            };
            let before = place.checked_sub(1);
            let said = before.is_some_and(|before| self.is(before, "copula"))
                && self.items[..place].iter().any(|item| item.noun.is_some());
            let capital =
                self.items[place].span.of(self.text).unwrap_or_default().starts_with(char::is_uppercase);
            // A fruit has something before it that says which or how many.
            let introduced = before.is_none_or(|before| {
                let lists = ["article", "several", "denial", "preposition", "and"];
                self.items[before].number.is_some()
                    || self.items[before].kind != TokenKind::Word
                    || lists.iter().any(|list| self.is(before, list))
                    || self.is_presented(place)
            });
            let beside = match self.language.agreement {
                Agreement::GenderNumber => noun_at(before) || !introduced,
                Agreement::Endings | Agreement::None => noun_at(Some(place + 1)),
            };
            // German writes its nouns with a capital, wherever they stand.
            if beside || said || (self.language.agreement == Agreement::Endings && !capital) {
                self.items[place].noun = None;
            } else {
                self.items[place].color = None;
            }
        }
    }

    /// The noun phrases in order.
    pub(crate) fn phrases(&self) -> Vec<Phrase> {
        let mut phrases: Vec<Phrase> = Vec::new();
        for noun in (0..self.items.len()).filter(|&place| self.items[place].noun.is_some()) {
            let from = phrases.last().map_or(0, |before| before.end);
            phrases.push(self.phrase(noun, from));
        }
        phrases
    }

    fn phrase(&self, noun: usize, from: usize) -> Phrase {
        let mut phrase = Phrase {
            noun,
            start: noun,
            end: noun + 1,
            number: None,
            several: false,
            article: None,
            denial: None,
            classifier: None,
            colors: Vec::new(),
            unknown: false,
        };
        self.before_noun(&mut phrase, from);
        if self.language.agreement == Agreement::GenderNumber {
            self.behind_noun(&mut phrase);
        }
        phrase
    }

    fn before_noun(&self, phrase: &mut Phrase, from: usize) {
        let most = if self.language.script == Script::Han { MOST_BETWEEN_HAN } else { MOST_BETWEEN };
        let mut between = 0;
        let mut place = phrase.noun;
        while place > from {
            place -= 1;
            let item = &self.items[place];
            let attributive =
                item.color.as_ref().is_some_and(|color| color.form != ColorForm::Ending(String::new()));
            let before_noun = self.language.agreement != Agreement::GenderNumber;
            if item.kind != TokenKind::Word || item.noun.is_some() {
                break;
            } else if self.is(place, "denial") {
                (phrase.denial, phrase.start) = (Some(place), place);
                break;
            } else if item.number.is_some() {
                // Without a classifier behind it a number belongs to something else.
                let counts = self.language.script != Script::Han || phrase.classifier == Some(place + 1);
                if counts {
                    (phrase.number, phrase.start) = (Some(place), place);
                    phrase.unknown |= between > 0;
                }
                break;
            } else if self.is(place, "several") {
                (phrase.several, phrase.start) = (true, place);
                break;
            } else if self.is(place, "article") {
                (phrase.article, phrase.start) = (Some(place), place);
                phrase.unknown |= between > 0;
                break;
            } else if before_noun && attributive && phrase.colors.len() < MOST_COLORS {
                phrase.colors.insert(0, place);
                phrase.start = place;
            } else if self.language.is_classifier(&item.lower) && phrase.classifier.is_none() {
                (phrase.classifier, phrase.start) = (Some(place), place);
            } else if self.joins_colors(place) || item.lower == "\u{7684}" {
                // "black and white", and the particle between a colour and its noun.
            } else if self.is_boundary(place) || between + item.lower.chars().count().min(1) > most {
                break;
            } else {
                between += 1;
            }
        }
        // "No hay perros": denied by the words before it all.
        if phrase.denial.is_some() {
            return;
        }
        let first = phrase.start;
        let presented = self.ends_before(first, &self.language.presentatives);
        if let Some(negation) =
            presented.and_then(|start| start.checked_sub(1)).filter(|&at| self.is(at, "negation"))
        {
            (phrase.denial, phrase.start) = (Some(negation), negation);
        }
    }

    fn behind_noun(&self, phrase: &mut Phrase) {
        let mut place = phrase.noun + 1;
        let mut between = 0;
        while let Some(item) = self.items.get(place) {
            if item.color.is_some() && phrase.colors.len() < MOST_COLORS {
                phrase.colors.push(place);
                phrase.end = place + 1;
            } else if self.language.shades.contains(&item.lower) && !phrase.colors.is_empty() {
                phrase.end = place + 1;
            } else if !self.joins_colors(place) {
                if item.kind != TokenKind::Word
                    || item.noun.is_some()
                    || between > 0
                    || self.is_boundary(place)
                {
                    break;
                }
                between += 1;
            }
            place += 1;
        }
    }

    /// "And" between two colours.
    fn joins_colors(&self, place: usize) -> bool {
        let color = |place: Option<usize>| {
            place.and_then(|place| self.items.get(place)).is_some_and(|item| item.color.is_some())
        };
        self.is(place, "and") && color(place.checked_sub(1)) && color(Some(place + 1))
    }

    /// Words that no noun phrase reaches over.
    fn is_boundary(&self, place: usize) -> bool {
        ["and", "preposition", "copula", "plural verb", "negation", "hedge"]
            .iter()
            .any(|list| self.is(place, list))
            || self.is_presented(place + 1)
    }

    /// Colours that a sentence says of a thing ("the car is red"), with the noun.
    pub(crate) fn said_colors(&self, phrases: &[Phrase]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for place in (0..self.items.len()).filter(|&place| self.items[place].color.is_some()) {
            if phrases.iter().any(|phrase| phrase.colors.contains(&place)) {
                continue;
            }
            let Some(copula) = (0..place).rev().find(|&at| self.is(at, "copula")) else { continue };
            let clean = |range: std::ops::Range<usize>| {
                self.items[range].iter().all(|item| item.noun.is_none() && item.kind == TokenKind::Word)
            };
            // One noun before the verb, none between the verb and the colour: no doubt which is meant.
            let subjects: Vec<usize> = (0..copula).filter(|&at| self.items[at].noun.is_some()).collect();
            let start =
                (0..copula).rev().find(|&at| self.items[at].kind != TokenKind::Word).map_or(0, |at| at + 1);
            let only = subjects.iter().filter(|&&subject| subject >= start).copied().collect::<Vec<_>>();
            if let [subject] = only.as_slice()
                && clean(copula + 1..place)
                && self.items.get(place + 1).is_none_or(|next| next.noun.is_none())
            {
                found.push((place, *subject));
            }
        }
        found
    }
}

fn item(language: &Language, span: Span, lower: String, kind: TokenKind) -> Item {
    let word = kind == TokenKind::Word;
    Item {
        noun: language.noun(&lower).filter(|_| word).cloned(),
        color: if word { language.color(&lower) } else { None },
        number: if word { language.number(&lower) } else { None },
        span,
        lower,
        kind,
    }
}

/// How many of the words make the longest noun that they begin with; one where they begin with none.
fn words_of_noun(language: &Language, tokens: &[Token]) -> usize {
    (2..=LONGEST_NOUN.min(tokens.len()))
        .rev()
        .find(|&count| {
            let words: Vec<&str> = tokens[..count].iter().map(|token| token.lower.as_str()).collect();
            tokens[..count].iter().all(|token| token.kind == TokenKind::Word)
                && language.noun(&words.join(" ")).is_some()
        })
        .unwrap_or(1)
}

/// Cuts a run of characters into the longest words that the tables know, and single characters between them.
fn segment(text: &str, language: &Language, span: Span, items: &mut Vec<Item>) {
    let mut start = span.start;
    while let Some(rest) = text.get(start..span.end).filter(|rest| !rest.is_empty()) {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let ends =
            rest.char_indices().map(|(at, character)| at + character.len_utf8()).take(language.longest());
        let length = if digits > 0 {
            digits
        } else {
            let known = ends.filter(|&end| language.knows(&rest[..end].to_lowercase())).last();
            known.unwrap_or_else(|| rest.chars().next().map_or(rest.len(), char::len_utf8))
        };
        let span = Span::new(start, start + length);
        items.push(item(language, span, rest[..length].to_lowercase(), TokenKind::Word));
        start += length;
    }
}
