//! Edits as they gather, made disjoint and applied, with articles, capitals and spaces set right around them.

use lavr_types::Span;

use super::{Correction, Edit};
use crate::text::{Reading, TokenKind, words::article_for};

#[derive(Debug, Default, Clone)]
pub(super) struct Edits(Vec<Edit>);

impl Edits {
    pub(super) fn add(&mut self, span: Span, replacement: &str, claims: &[usize]) {
        self.0.push(Edit { span, replacement: replacement.to_owned(), claims: claims.to_vec() });
    }

    pub(super) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    pub(super) fn insert_after(&mut self, place: usize, text: &str, claim: usize) {
        self.add(Span::new(place, place), text, &[claim]);
    }

    /// The edits without their claims.
    pub(super) fn into_plain(self) -> Vec<super::removal::Removal> {
        self.0
            .into_iter()
            .map(|edit| super::removal::Removal { span: edit.span, replacement: edit.replacement })
            .collect()
    }

    /// Takes some tokens out, with the white space before them (or behind them at the start of a sentence).
    pub(super) fn delete(
        &mut self,
        reading: &Reading<'_>,
        tokens: &std::ops::Range<usize>,
        claims: &[usize],
    ) {
        self.add(deletion(reading, tokens), "", claims);
    }

    /// Puts another statement in the place of a sentence; its end mark stays.
    pub(super) fn replace_sentence(
        &mut self,
        reading: &Reading<'_>,
        sentence: usize,
        text: &str,
        claims: &[usize],
    ) {
        let mut range = reading.sentences[sentence].clone();
        while range.end > range.start + 1 && reading.tokens[range.end - 1].kind == TokenKind::Mark {
            range.end -= 1;
        }
        self.add(reading.span(&range), text, claims);
    }

    /// Takes a sentence out, with the white space that set it off.
    pub(super) fn remove_sentence(&mut self, reading: &Reading<'_>, sentence: usize, claims: &[usize]) {
        let range = &reading.sentences[sentence];
        let span = reading.span(range);
        let next = reading.tokens.get(range.end);
        let before = range.start.checked_sub(1).and_then(|place| reading.tokens.get(place));
        let span = match (before, next) {
            (_, Some(next)) if next.kind != TokenKind::Break => Span::new(span.start, next.span.start),
            (Some(before), _) if before.kind != TokenKind::Break => Span::new(before.span.end, span.end),
            (_, Some(next)) => Span::new(span.start, next.span.end),
            (Some(before), None) => Span::new(before.span.start, span.end),
            (None, None) => span,
        };
        self.add(span, "", claims);
    }

    /// Puts one statement in the place of everything.
    pub(super) fn replace_all(&mut self, reading: &Reading<'_>, text: &str, claim: usize) {
        self.0.clear();
        let all = 0..reading.tokens.len();
        self.add(reading.span(&all), text, &[claim]);
    }

    /// Whether no word of the text is left.
    pub(super) fn leaves_nothing(&self, reading: &Reading<'_>) -> bool {
        let merged = self.merged();
        !merged.is_empty()
            && reading.tokens.iter().all(|token| {
                token.kind == TokenKind::Break
                    || merged.iter().any(|edit| edit.span.contains(token.span) && edit.replacement.is_empty())
            })
    }

    /// The text of some tokens with the edits that lie inside them.
    pub(super) fn applied_within(&self, reading: &Reading<'_>, tokens: &std::ops::Range<usize>) -> String {
        let span = reading.span(tokens);
        let inside: Vec<Edit> = self.merged().into_iter().filter(|edit| span.contains(edit.span)).collect();
        apply(reading.text, span, &inside).trim().to_owned()
    }

    /// The edits in order, those that lie in larger ones dropped, their claims kept.
    fn merged(&self) -> Vec<Edit> {
        let mut edits = self.0.clone();
        // At one place insertions first, then the larger, so that it takes up the smaller.
        edits.sort_by_key(|edit| {
            (edit.span.start, edit.span.end > edit.span.start, std::cmp::Reverse(edit.span.end))
        });
        let mut merged: Vec<Edit> = Vec::new();
        for edit in edits {
            match merged.last_mut() {
                Some(last) if last.span.overlaps(edit.span) || last.span == edit.span => {
                    if last.span.contains(edit.span) {
                        last.claims.extend(edit.claims);
                    } else {
                        // Both reach beyond the other: the words of both go, the first one's replacement stands.
                        last.span.end = edit.span.end;
                        last.replacement.push_str(&edit.replacement);
                        last.claims.extend(edit.claims);
                    }
                }
                _ => merged.push(edit),
            }
        }
        for edit in &mut merged {
            edit.claims.sort_unstable();
            edit.claims.dedup();
        }
        merged
    }

    /// The new text.
    pub(super) fn apply(&self, reading: &Reading<'_>) -> Correction {
        let mut edits = self.merged();
        edits.retain(|edit| edit.span.of(reading.text) != Some(edit.replacement.as_str()));
        // A text or line that loses its end loses the white space before it, too.
        let ends: Vec<usize> = std::iter::once(0).chain(edits.iter().map(|edit| edit.span.end)).collect();
        for (edit, before_it) in edits.iter_mut().zip(ends).filter(|(edit, _)| edit.replacement.is_empty()) {
            let rest = reading.text.get(edit.span.end..).unwrap_or_default();
            if rest.trim_start_matches([' ', '\t']).is_empty() || rest.starts_with('\n') {
                let before = reading.text.get(..edit.span.start).unwrap_or_default();
                edit.span.start = before.trim_end_matches([' ', '\t']).len().max(before_it);
            }
        }
        articles(reading, &mut edits);
        edits.sort_by_key(|edit| edit.span);
        capitals(reading, &mut edits);
        let all = Span::new(0, reading.text.len());
        Correction { text: apply(reading.text, all, &edits), edits, ..Correction::default() }
    }
}

/// The bytes that go with some tokens.
pub(super) fn deletion(reading: &Reading<'_>, tokens: &std::ops::Range<usize>) -> Span {
    let span = reading.span(tokens);
    let starts = reading.sentences.iter().any(|sentence| sentence.start == tokens.start);
    if starts {
        match reading.tokens.get(tokens.end) {
            Some(next) if next.kind != TokenKind::Break => Span::new(span.start, next.span.start),
            _ => span,
        }
    } else {
        match tokens.start.checked_sub(1).and_then(|before| reading.tokens.get(before)) {
            Some(before) if before.kind != TokenKind::Break => Span::new(before.span.end, span.end),
            _ => span,
        }
    }
}

pub(super) fn apply(text: &str, within: Span, edits: &[Edit]) -> String {
    let mut result = String::with_capacity(within.end - within.start);
    let mut place = within.start;
    for edit in edits {
        result.push_str(Span::new(place, edit.span.start).of(text).unwrap_or_default());
        result.push_str(&edit.replacement);
        place = edit.span.end.max(place);
    }
    result.push_str(Span::new(place, within.end).of(text).unwrap_or_default());
    result
}

/// "a" before what now begins with a vowel becomes "an", and the other way round.
fn articles(reading: &Reading<'_>, edits: &mut Vec<Edit>) {
    let mut found = Vec::new();
    for (place, token) in reading.tokens.iter().enumerate() {
        if !matches!(token.lower.as_str(), "a" | "an")
            // "Junto a ocho perros" has no article there.
            || reading.foreign[reading.sentence_of(place)]
            || edits.iter().any(|edit| edit.span.overlaps(token.span))
        {
            continue;
        }
        let gap = reading.text[token.span.end..].len() - reading.text[token.span.end..].trim_start().len();
        let next = token.span.end + gap;
        // The edit that changes what comes next: it begins right behind the article or at the next word.
        let Some(edit) = edits.iter().find(|edit| (token.span.end..=next).contains(&edit.span.start)) else {
            continue;
        };
        let rest = if edit.replacement.trim().is_empty() {
            &reading.text[edit.span.end..]
        } else {
            edit.replacement.as_str()
        };
        let word: String =
            rest.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '-').collect();
        let article = article_for(&word);
        if word.is_empty() || article == token.lower {
            continue;
        }
        let shown = token.span.of(reading.text).unwrap_or_default();
        let article = if shown.starts_with('A') { capitalized(article) } else { article.to_owned() };
        found.push(Edit { span: token.span, replacement: article, claims: edit.claims.clone() });
    }
    edits.extend(found);
}

/// A sentence that began with a capital still does.
fn capitals(reading: &Reading<'_>, edits: &mut [Edit]) {
    for sentence in &reading.sentences {
        let Some(first) = reading.tokens.get(sentence.start) else { continue };
        let capital = first.span.of(reading.text).unwrap_or_default().starts_with(char::is_uppercase);
        if !capital {
            continue;
        }
        let Some(index) = edits.iter().position(|edit| edit.span.contains(first.span)) else { continue };
        let end = reading.span(sentence).end;
        if !edits[index].replacement.trim().is_empty() {
            edits[index].replacement = capitalized(&edits[index].replacement);
            continue;
        }
        // The next word that is left moves to the front.
        let from = edits[index].span.end;
        let next = reading.tokens.iter().find(|token| token.span.start >= from && token.span.end <= end);
        let Some(next) = next.filter(|token| token.kind == TokenKind::Word) else { continue };
        if let Some(other) = edits.iter_mut().find(|edit| edit.span.overlaps(next.span)) {
            other.replacement = capitalized(&other.replacement);
        } else {
            let shown = Span::new(from, next.span.end).of(reading.text).unwrap_or_default();
            edits[index].replacement = capitalized(shown.trim_start());
            edits[index].span.end = next.span.end;
        }
    }
}

pub(super) fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// The replacement with a capital where the replaced words had one.
pub(super) fn cased_like(model: &str, text: &str) -> String {
    if model.starts_with(char::is_uppercase) { capitalized(text) } else { text.to_owned() }
}
