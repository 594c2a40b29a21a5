//! What a model says of a text, held against the text, as claims.

use lavr_types::{Assertion, Claim, ClaimKind, CountBound, Entity, Span, Vocabulary};

use super::{
    place::Places,
    reply::{Number, Placed, Said, Stated, Thing},
};
use crate::{
    Extraction, LexicalExtractor,
    text::{Reading, TokenKind},
};

/// The claims of a text by what a model said of it.
pub(super) fn of(text: &str, said: &Said, vocabulary: &Vocabulary) -> Extraction {
    let reading = Reading::new(text, vocabulary);
    let mut builder = Builder {
        known: LexicalExtractor::new(vocabulary).read(text).claims,
        reading,
        vocabulary,
        places: Places::new(text),
        claims: Vec::new(),
        things: Vec::new(),
    };
    for thing in &said.things {
        builder.thing(thing);
    }
    for relation in &said.relations {
        builder.relation(relation);
    }
    for written in &said.texts {
        builder.text(&written.words);
    }
    let Builder { mut claims, places, .. } = builder;
    claims.sort_by_key(|claim| (claim.span, claim.kind()));
    claims.dedup_by_key(|claim| (claim.span, claim.kind()));
    Extraction { claims, notes: places.into_notes(), ..Extraction::default() }
}

struct Builder<'t> {
    reading: Reading<'t>,
    vocabulary: &'t Vocabulary,
    /// What the words say for certain, in the languages whose words are known.
    known: Vec<Claim>,
    places: Places<'t>,
    claims: Vec<Claim>,
    /// The things so far, by the words that the model has for them.
    things: Vec<(String, Entity)>,
}

impl Builder<'_> {
    fn thing(&mut self, thing: &Thing) {
        let Some(span) = self.places.thing(&thing.words) else { return };
        let sentence = self.sentence(span);
        let readable = self.is_readable(sentence);
        let known = self.known.iter().find(|claim| {
            matches!(&claim.assertion, Assertion::Existence { entity, .. } if entity.span.overlaps(span))
        });
        let hedged = thing.stated == Stated::Maybe;
        let entity = match known {
            Some(Claim { assertion: Assertion::Existence { entity, .. }, .. }) => entity.clone(),
            _ => Entity {
                surface: self.words(span),
                span,
                label: thing.label(self.vocabulary).map(str::to_owned),
            },
        };
        self.things.push((thing.words.clone(), entity.clone()));
        match known.cloned() {
            Some(claim) => self.claims.push(Claim { hedged: claim.hedged || hedged, ..claim }),
            // The words are known, and make no claim as they stand there ("is not a dog").
            None if readable && self.is_known_noun(span, sentence) => return,
            // A denial that the words do not bear out is none.
            None if readable && thing.stated == Stated::No => {}
            None => {
                let present = thing.stated != Stated::No;
                let assertion = Assertion::Existence { entity: entity.clone(), present };
                self.push(span, assertion, hedged, readable);
            }
        }
        if thing.stated == Stated::No {
            return;
        }
        if let Some(number) = &thing.number {
            self.number(number, &entity, sentence, hedged);
        }
        if let Some(color) = &thing.color {
            // Said of the thing by words that the model quotes otherwise.
            let same = |claim: &Claim| match &claim.assertion {
                Assertion::Color { entity: of, color: said } => of.span == entity.span && *said == color.name,
                _ => false,
            };
            if self.confirm_where(hedged, same) {
                return;
            }
            let Some(span) = self.places.within(&color.words, self.span_of(sentence), entity.span) else {
                return;
            };
            if self.confirm(ClaimKind::Color, span, hedged) {
                return;
            }
            let named =
                if readable { self.color_word(span, sentence) } else { color.basic().map(str::to_owned) };
            let assertion = match named {
                Some(color) => Assertion::Color { entity, color },
                None => Assertion::Attribute { entity, attribute: self.words(span) },
            };
            self.push(span, assertion, hedged, readable);
        }
    }

    fn number(&mut self, number: &Number, entity: &Entity, sentence: usize, hedged: bool) {
        // Whatever the model quotes for it: that the thing is counted the words tell for certain.
        let counts = |claim: &Claim| matches!(&claim.assertion, Assertion::Count { entity: of, .. } if of.span == entity.span);
        if self.confirm_where(hedged, counts) {
            return;
        }
        let Some(span) = self.places.within(&number.words, self.span_of(sentence), entity.span) else {
            return;
        };
        if self.confirm(ClaimKind::Count, span, hedged) {
            return;
        }
        let readable = self.is_readable(sentence);
        // An article is no number, nor is a word that the tables have none for.
        let value = if readable { self.number_word(span, sentence) } else { Some(number.value) };
        let digits = self.words(span).bytes().any(|byte| byte.is_ascii_digit());
        match value {
            Some(1) if !digits => {}
            Some(value) => {
                let count = CountBound::Exactly(value);
                self.push(span, Assertion::Count { entity: entity.clone(), count }, hedged, readable);
            }
            None if self.is_article(span, sentence) => {}
            None => {
                let words = self.words(span);
                self.places
                    .note(format!("the model reads \"{words}\" as a number, which it is not: left out"));
            }
        }
    }

    fn relation(&mut self, said: &Placed) {
        let Some(relation) = said.relation() else { return };
        let named = |words: &str| {
            self.things.iter().find(|(name, _)| name == words).map(|(_, entity)| entity.clone())
        };
        let (Some(subject), object) = (named(&said.subject), said.object.as_deref().map(named)) else {
            return;
        };
        // An object that is no thing of the text would turn "left of the house" into "on the left".
        if object == Some(None) {
            return;
        }
        let sentence = self.sentence(subject.span);
        let Some(span) = self.places.within(&said.words, self.span_of(sentence), subject.span) else {
            return;
        };
        if !self.confirm(ClaimKind::Relation, span, false) {
            let readable = self.is_readable(sentence);
            self.push(
                span,
                Assertion::Relation { subject, relation, object: object.flatten(), second: None },
                false,
                readable,
            );
        }
    }

    fn text(&mut self, words: &str) {
        let inner = words.trim_matches(is_quotation_mark);
        let Some(span) = self.places.only(inner) else { return };
        if !self.confirm(ClaimKind::Text, span, false) {
            let (before, after) = (&self.reading.text[..span.start], &self.reading.text[span.end..]);
            let quoted = before.ends_with(is_quotation_mark) && after.starts_with(is_quotation_mark);
            let assertion = Assertion::Text { text: self.words(span), carrier: None };
            self.push(span, assertion, false, !quoted);
        }
    }

    /// Takes over what the words say for certain there, where they do.
    fn confirm(&mut self, kind: ClaimKind, span: Span, hedged: bool) -> bool {
        self.confirm_where(hedged, |claim| claim.kind() == kind && claim.span.overlaps(span))
    }

    fn confirm_where(&mut self, hedged: bool, is: impl Fn(&Claim) -> bool) -> bool {
        let known = self.known.iter().find(|claim| is(claim)).cloned();
        let confirmed = known.is_some();
        self.claims.extend(known.map(|claim| Claim { hedged: claim.hedged || hedged, ..claim }));
        confirmed
    }

    /// Adds a claim. One that the words do not bear out gets a second reading that nothing can contradict: it may be
    /// confirmed, and is never edited.
    fn push(&mut self, span: Span, assertion: Assertion, hedged: bool, unsure: bool) {
        let readings = if unsure { vec![Assertion::Other] } else { Vec::new() };
        self.claims.push(Claim { span, surface: self.words(span), assertion, hedged, readings });
    }

    fn words(&self, span: Span) -> String {
        span.of(self.reading.text).unwrap_or_default().to_owned()
    }

    fn sentence(&self, span: Span) -> usize {
        let token = self.reading.tokens.iter().position(|token| token.span.end > span.start).unwrap_or(0);
        self.reading.sentence_of(token)
    }

    fn span_of(&self, sentence: usize) -> Span {
        let whole = Span::new(0, self.reading.text.len());
        self.reading.sentences.get(sentence).map_or(whole, |range| self.reading.span(range))
    }

    /// Whether the words of a sentence are known: it is English, or in a language that has a data file.
    fn is_readable(&self, sentence: usize) -> bool {
        let at = |list: &[bool]| list.get(sentence).copied().unwrap_or_default();
        !at(&self.reading.foreign) || self.reading.languages.get(sentence).is_some_and(Option::is_some)
    }

    fn is_known_noun(&self, span: Span, sentence: usize) -> bool {
        match self.reading.scan(sentence) {
            Some(scan) => scan.items().iter().any(|item| item.noun.is_some() && item.span.overlaps(span)),
            None => self.reading.phrase_at(span).is_some(),
        }
    }

    fn is_article(&self, span: Span, sentence: usize) -> bool {
        match self.reading.scan(sentence) {
            Some(scan) => (0..scan.items().len())
                .any(|place| scan.items()[place].span.overlaps(span) && scan.is(place, "article")),
            None => self.tokens(span).iter().all(|word| matches!(*word, "a" | "an" | "the")),
        }
    }

    fn number_word(&self, span: Span, sentence: usize) -> Option<u32> {
        if let Some(scan) = self.reading.scan(sentence) {
            return scan.items().iter().find(|item| item.span.overlaps(span)).and_then(|item| item.number);
        }
        let words = self.tokens(span);
        words.into_iter().find_map(|word| self.vocabulary.number(word))
    }

    fn color_word(&self, span: Span, sentence: usize) -> Option<String> {
        if let Some(scan) = self.reading.scan(sentence) {
            let item = scan.items().iter().find(|item| item.color.is_some() && item.span.overlaps(span))?;
            return item.color.as_ref().map(|color| color.basic.clone());
        }
        let words = self.tokens(span);
        words.into_iter().find_map(|word| self.vocabulary.color(word)).map(str::to_owned)
    }

    fn tokens(&self, span: Span) -> Vec<&str> {
        let inside = |token: &&crate::text::Token| token.kind == TokenKind::Word && token.span.overlaps(span);
        self.reading.tokens.iter().filter(inside).map(|token| token.lower.as_str()).collect()
    }
}

fn is_quotation_mark(character: char) -> bool {
    matches!(
        character,
        '"' | '\u{201c}'
            | '\u{201d}'
            | '\u{201e}'
            | '\u{ab}'
            | '\u{bb}'
            | '\u{300c}'
            | '\u{300d}'
            | '\u{2018}'
            | '\u{2019}'
            | '\''
    )
}
