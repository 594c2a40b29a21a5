//! What a model's rewriting of a sentence must not do.
//!
//! The gate compares the two sentences word by word, then reads the new one again. Words that go must belong to what
//! is contradicted, or be words of grammar, or stay in another inflection. Words that come must say what was measured, or be
//! words of grammar, or an inflection of one that goes. After that every claim that is not contradicted must still be
//! read in it, what is contradicted must not, and nothing may be read that neither the draft nor a measurement says.
//! A sentence in a language whose words are not known passes never.

use lavr_types::{Assertion, Claim, CountBound, Entity, Judgement, Span, Verdict, Vocabulary};

use super::{Edit, says_same};
use crate::{
    LexicalExtractor,
    language::{Agreement, Language, Scan},
    text::{Reading, Token, TokenKind},
};

/// The longest sentence that is compared, in words.
const LONGEST: usize = 200;

/// English words that carry grammar and no claim. No preposition, no negation, no number is among them.
const GRAMMAR: &[&str] = &[
    "a", "an", "the", "is", "are", "was", "were", "has", "have", "and", "it", "its", "they", "their",
    "there", "this", "these", "that", "those", "which", "who",
];

/// Why a rewriting was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the words of its language are not known")]
    Unreadable,
    #[error("it is empty, or more than one sentence")]
    Shape,
    #[error("it loses \"{0}\"")]
    Loses(String),
    #[error("it adds \"{0}\"")]
    Adds(String),
    #[error("it no longer says \"{0}\"")]
    Unsays(String),
    #[error("it still says \"{0}\"")]
    StillSays(String),
    #[error("it does not say what was measured in the place of \"{0}\"")]
    Omits(String),
    #[error("it says something new: \"{0}\"")]
    Claims(String),
}

/// A sentence of a draft with the claims of the whole draft.
pub(crate) struct Gate<'g> {
    pub(crate) draft: &'g str,
    pub(crate) sentence: Span,
    pub(crate) judged: &'g [(Claim, Judgement)],
    pub(crate) vocabulary: &'g Vocabulary,
}

impl Gate<'_> {
    /// The edits of the draft that make the sentence the new one, or why it must not be.
    pub(crate) fn pass(&self, new: &str) -> Result<Vec<Edit>, Refusal> {
        let new = new.trim();
        let old = self.sentence.of(self.draft).unwrap_or_default();
        let (before, after) = (Reading::new(old, self.vocabulary), Reading::new(new, self.vocabulary));
        let language = before.languages.first().copied().flatten();
        let readable = before.foreign.first() == Some(&false) || language.is_some();
        if !readable || before.sentences.len() != 1 {
            return Err(Refusal::Unreadable);
        }
        let same = after.languages.first().copied().flatten().map(|language| &language.code)
            == language.map(|language| &language.code);
        if after.sentences.len() != 1 || !same || new.contains('\n') {
            return Err(Refusal::Shape);
        }
        let (before, after) = (words(old, &before, language), words(new, &after, language));
        if before.len().max(after.len()) > LONGEST {
            return Err(Refusal::Shape);
        }
        let hunks = difference(&before, &after);
        for hunk in &hunks {
            self.check(hunk, language)?;
        }
        self.check_gone(&hunks)?;
        self.check_amount(&hunks, language)?;
        self.check_claims(old, new)?;
        Ok(self.edits(&hunks, old, new))
    }

    fn wrong(&self) -> impl Iterator<Item = (usize, &(Claim, Judgement))> {
        self.judged.iter().enumerate().filter(|(_, (claim, judgement))| {
            judgement.verdict == Verdict::Contradicted && self.sentence.contains(claim.span)
        })
    }

    /// Things that are not there, or not so: what is said of them may go with them.
    fn gone(&self) -> Vec<Span> {
        self.wrong()
            .filter_map(|(_, (claim, judgement))| match (&claim.assertion, &judgement.truth) {
                (
                    Assertion::Existence { entity, present: true },
                    Some(Assertion::Existence { present: false, .. }) | None,
                ) => Some(entity.span),
                _ => None,
            })
            .collect()
    }

    /// Whether a place in the draft may lose its word.
    fn may_go(&self, span: Span) -> bool {
        let gone = self.gone();
        let of_gone = |claim: &Claim| match &claim.assertion {
            Assertion::Existence { entity, .. }
            | Assertion::Count { entity, .. }
            | Assertion::Color { entity, .. }
            | Assertion::Attribute { entity, .. } => gone.contains(&entity.span),
            Assertion::Relation { subject, object, second, .. } => {
                gone.contains(&subject.span)
                    || object.iter().chain(second.as_deref()).any(|other| gone.contains(&other.span))
            }
            Assertion::Text { .. } | Assertion::Other => false,
        };
        let covers = |claim: &Claim| claim.span.overlaps(span);
        let free = |(claim, judgement): &(Claim, Judgement)| {
            covers(claim) && (judgement.verdict == Verdict::Contradicted || of_gone(claim))
        };
        let held = |(claim, judgement): &(Claim, Judgement)| {
            covers(claim) && judgement.verdict != Verdict::Contradicted && !of_gone(claim)
        };
        self.judged.iter().any(free) && !self.judged.iter().any(held)
    }

    fn is_held(&self, span: Span) -> bool {
        self.judged
            .iter()
            .any(|(claim, judgement)| judgement.verdict != Verdict::Contradicted && claim.span.overlaps(span))
    }

    fn check(&self, hunk: &Hunk, language: Option<&Language>) -> Result<(), Refusal> {
        let place = |word: &Word| {
            Span::new(word.span.start + self.sentence.start, word.span.end + self.sentence.start)
        };
        let loses_wrong = hunk.old.iter().any(|word| self.may_go(place(word)));
        for word in &hunk.old {
            let stays = hunk.new.iter().any(|other| inflected(&word.lower, &other.lower, language));
            let grammar = is_grammar(&word.lower, language) && !self.is_held(place(word));
            // "Next to a cat" goes with its cat, and a comma with what it set off.
            let serves = loses_wrong
                && !self.is_held(place(word))
                && (is_preposition(&word.lower, language) || matches!(word.lower.as_str(), "," | "\u{ff0c}"));
            let classifies = language.is_some_and(|language| language.is_classifier(&word.lower))
                && self.wrong().any(|(_, (_, judgement))| {
                    matches!(judgement.truth, Some(Assertion::Existence { present: true, .. }))
                });
            if !(self.may_go(place(word)) || stays || grammar || serves || classifies) {
                return Err(Refusal::Loses(word.text.clone()));
            }
        }
        for word in &hunk.new {
            let stays = hunk.old.iter().any(|other| inflected(&other.lower, &word.lower, language));
            if !(stays || is_grammar(&word.lower, language) || self.is_measured(&word.lower, language)) {
                return Err(Refusal::Adds(word.text.clone()));
            }
        }
        Ok(())
    }

    /// A word of each wrong claim goes, even where the new sentence would no longer be read as saying it.
    fn check_gone(&self, hunks: &[Hunk]) -> Result<(), Refusal> {
        let goes = |span: Span| {
            let place = |word: &Word| {
                Span::new(word.span.start + self.sentence.start, word.span.end + self.sentence.start)
            };
            hunks.iter().flat_map(|hunk| &hunk.old).any(|word| place(word).overlaps(span))
        };
        match self.wrong().find(|(_, (claim, _))| !goes(claim.span)) {
            Some((_, (claim, _))) => Err(Refusal::StillSays(claim.surface.clone())),
            None => Ok(()),
        }
    }

    /// What was measured is said once.
    fn check_amount(&self, hunks: &[Hunk], language: Option<&Language>) -> Result<(), Refusal> {
        let mut room: usize = self.wrong().map(|(_, (_, judgement))| size(judgement, language)).sum();
        for hunk in hunks {
            let mut open: Vec<&Word> = hunk.old.iter().collect();
            for word in hunk.new.iter().filter(|word| !is_grammar(&word.lower, language)) {
                // Each word that goes stays in one other form.
                if let Some(at) = open.iter().position(|other| inflected(&other.lower, &word.lower, language))
                {
                    open.remove(at);
                    continue;
                }
                room = room.checked_sub(1).ok_or_else(|| Refusal::Adds(word.text.clone()))?;
            }
        }
        Ok(())
    }

    /// Whether a word says what was measured in the place of what is contradicted.
    fn is_measured(&self, word: &str, language: Option<&Language>) -> bool {
        self.wrong().any(|(_, (_, judgement))| match &judgement.truth {
            Some(Assertion::Count { count: CountBound::Exactly(number), .. }) => match language {
                Some(language) => language.number(word) == Some(*number) || language.is_classifier(word),
                None => self.vocabulary.number(word) == Some(*number),
            },
            Some(Assertion::Color { color, .. }) => match language {
                Some(language) => language.color(word).is_some_and(|said| said.basic == *color),
                None => word == color,
            },
            Some(Assertion::Existence { entity, present: true }) => {
                let label = entity.label.as_deref().unwrap_or(&entity.surface);
                if let Some(language) = language {
                    let classifies = |noun: &crate::language::Noun| {
                        noun.classifiers.iter().any(|classifier| classifier == word)
                    };
                    language.noun(word).is_some_and(|noun| noun.label == label && !noun.narrower)
                        || language.noun_for(label).is_some_and(classifies)
                } else {
                    let singular = self.vocabulary.singular(word);
                    label.split(' ').any(|part| part == word || part == singular)
                }
            }
            _ => false,
        })
    }

    fn check_claims(&self, old: &str, new: &str) -> Result<(), Refusal> {
        let lexical = LexicalExtractor::new(self.vocabulary);
        let (before, after) = (lexical.read(old).claims, lexical.read(new).claims);
        let gone = self.gone();
        let shifted =
            |span: Span| Span::new(span.start + self.sentence.start, span.end + self.sentence.start);
        let is_wrong = |claim: &Claim| {
            self.wrong().any(|(_, (wrong, _))| {
                wrong.span == shifted(claim.span) && says_same(&wrong.assertion, &claim.assertion)
            })
        };
        let about_gone = |claim: &Claim| {
            let gone = |entity: &Entity| gone.contains(&shifted(entity.span));
            match &claim.assertion {
                Assertion::Existence { entity, .. }
                | Assertion::Count { entity, .. }
                | Assertion::Color { entity, .. }
                | Assertion::Attribute { entity, .. } => gone(entity),
                Assertion::Relation { subject, object, second, .. } => {
                    gone(subject) || object.iter().chain(second.as_deref()).any(gone)
                }
                Assertion::Text { .. } | Assertion::Other => false,
            }
        };
        let said = |list: &[Claim], assertion: &Assertion| {
            list.iter().filter(|claim| says_same(&claim.assertion, assertion)).count()
        };
        // How often a claim that stays has to be said.
        let due = |claim: &Claim| {
            let stays = before.iter().filter(|other| !is_wrong(other) && !about_gone(other));
            stays.filter(|other| says_same(&other.assertion, &claim.assertion)).count()
        };
        for claim in before.iter().filter(|claim| !is_wrong(claim) && !about_gone(claim)) {
            if claim.assertion != Assertion::Other
                && said(&after, &self.as_it_is(&claim.assertion)) < due(claim)
            {
                return Err(Refusal::Unsays(claim.surface.clone()));
            }
        }
        for (_, (wrong, judgement)) in self.wrong() {
            let rightly =
                before.iter().any(|claim| !is_wrong(claim) && says_same(&claim.assertion, &wrong.assertion));
            if !rightly && said(&after, &wrong.assertion) > 0 {
                return Err(Refusal::StillSays(wrong.surface.clone()));
            }
            let omitted = judgement.truth.as_ref().is_some_and(|truth| match truth {
                // One is as well said by an article.
                Assertion::Count { count: CountBound::Exactly(1), .. } => false,
                Assertion::Count { .. }
                | Assertion::Color { .. }
                | Assertion::Existence { present: true, .. } => said(&after, &self.as_it_is(truth)) == 0,
                _ => false,
            });
            if omitted {
                return Err(Refusal::Omits(wrong.surface.clone()));
            }
        }
        for claim in &after {
            let known = before.iter().any(|old| says_same(&self.as_it_is(&old.assertion), &claim.assertion));
            let measured = self.wrong().any(|(_, (_, judgement))| {
                judgement.truth.as_ref().is_some_and(|truth| says_same(truth, &claim.assertion))
            });
            let hedge_lost = before.iter().any(|old| old.hedged) && !claim.hedged;
            if !(known || measured) || hedge_lost {
                return Err(Refusal::Claims(claim.surface.clone()));
            }
        }
        Ok(())
    }

    /// An assertion with the things that stand there in the place of those that do not.
    fn as_it_is(&self, assertion: &Assertion) -> Assertion {
        let mut assertion = assertion.clone();
        let replace = |entity: &mut Entity| {
            let shifted =
                Span::new(entity.span.start + self.sentence.start, entity.span.end + self.sentence.start);
            for (_, (wrong, judgement)) in self.wrong() {
                if let (
                    Assertion::Existence { entity: said, present: true },
                    Some(Assertion::Existence { entity: other, present: true }),
                ) = (&wrong.assertion, &judgement.truth)
                    && said.span == shifted
                {
                    entity.label.clone_from(&other.label);
                    entity.surface.clone_from(&other.surface);
                }
            }
        };
        match &mut assertion {
            Assertion::Count { entity, .. }
            | Assertion::Color { entity, .. }
            | Assertion::Attribute { entity, .. } => replace(entity),
            Assertion::Relation { subject, object, second, .. } => {
                replace(subject);
                object.iter_mut().chain(second.as_deref_mut()).for_each(replace);
            }
            _ => {}
        }
        assertion
    }

    fn edits(&self, hunks: &[Hunk], old: &str, new: &str) -> Vec<Edit> {
        let wrong: Vec<usize> = self.wrong().map(|(index, _)| index).collect();
        hunks
            .iter()
            .map(|hunk| {
                let span = Span::new(hunk.from[0] + self.sentence.start, hunk.from[1] + self.sentence.start);
                let replacement = new.get(hunk.to[0]..hunk.to[1]).unwrap_or_default().to_owned();
                let own: Vec<usize> =
                    wrong.iter().copied().filter(|&index| self.judged[index].0.span.overlaps(span)).collect();
                let claims = if own.is_empty() { wrong.clone() } else { own };
                Edit { span, replacement, claims }
            })
            .filter(|edit| {
                let start = edit.span.start - self.sentence.start;
                old.get(start..edit.span.end - self.sentence.start) != Some(edit.replacement.as_str())
            })
            .collect()
    }
}

/// How many words of content a measured truth takes.
fn size(judgement: &Judgement, language: Option<&Language>) -> usize {
    let uninflected = language.is_some_and(|language| language.agreement == Agreement::None);
    match &judgement.truth {
        Some(Assertion::Existence { entity, present: true }) => {
            // A classifier comes with its noun.
            entity.label.as_deref().unwrap_or(&entity.surface).split(' ').count() + usize::from(uninflected)
        }
        Some(Assertion::Count { .. } | Assertion::Color { .. }) => 1,
        _ => 0,
    }
}

struct Word {
    span: Span,
    text: String,
    lower: String,
}

/// The words and marks of a sentence; where there are no spaces, as the tables cut them.
fn words(text: &str, reading: &Reading<'_>, language: Option<&Language>) -> Vec<Word> {
    let word = |span: Span, lower: &str| Word {
        span,
        text: span.of(text).unwrap_or_default().to_owned(),
        lower: lower.to_owned(),
    };
    let uninflected = language.filter(|language| language.agreement == Agreement::None);
    if let Some(language) = uninflected {
        let scan = Scan::new(text, language, &reading.tokens);
        return scan.items().iter().map(|item| word(item.span, &item.lower)).collect();
    }
    let spoken = |token: &&Token| token.kind != TokenKind::Break;
    reading.tokens.iter().filter(spoken).map(|token| word(token.span, &token.lower)).collect()
}

/// A run of words that go and a run that come in their place.
struct Hunk {
    old: Vec<Word>,
    new: Vec<Word>,
    /// Bytes of the old and of the new sentence.
    from: [usize; 2],
    to: [usize; 2],
}

/// The differences between two rows of words, by their longest common subsequence.
fn difference(old: &[Word], new: &[Word]) -> Vec<Hunk> {
    let same = |a: &Word, b: &Word| a.lower == b.lower;
    let (rows, columns) = (old.len(), new.len());
    let mut longest = vec![vec![0_u16; columns + 1]; rows + 1];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            longest[row][column] = if same(&old[row], &new[column]) {
                longest[row + 1][column + 1] + 1
            } else {
                longest[row + 1][column].max(longest[row][column + 1])
            };
        }
    }
    let copy = |word: &Word| Word { span: word.span, text: word.text.clone(), lower: word.lower.clone() };
    let (mut row, mut column) = (0, 0);
    let mut hunks = Vec::new();
    while row < rows || column < columns {
        if row < rows && column < columns && same(&old[row], &new[column]) {
            // A capital that comes or goes is an edit without words.
            if old[row].text != new[column].text {
                let (a, b) = (old[row].span, new[column].span);
                hunks.push(Hunk { old: vec![], new: vec![], from: a.into(), to: b.into() });
            }
            (row, column) = (row + 1, column + 1);
            continue;
        }
        let start = (row, column);
        while row < rows || column < columns {
            if row < rows && column < columns && same(&old[row], &new[column]) {
                break;
            }
            let down =
                row < rows && (column == columns || longest[row + 1][column] >= longest[row][column + 1]);
            if down { row += 1 } else { column += 1 }
        }
        // From the end of the word before to the end of the last that goes: the space goes with the words.
        let edge = |words: &[Word], place: usize| {
            place.checked_sub(1).and_then(|before| words.get(before)).map_or(0, |word| word.span.end)
        };
        let mut hunk = Hunk {
            old: old[start.0..row].iter().map(copy).collect(),
            new: new[start.1..column].iter().map(copy).collect(),
            from: [edge(old, start.0), edge(old, row)],
            to: [edge(new, start.1), edge(new, column)],
        };
        // At the beginning the space behind the words goes with them.
        if let (0, Some(next), Some(now)) = (start.0, old.get(row), new.get(column)) {
            (hunk.from[1], hunk.to[1]) = (next.span.start, now.span.start);
        }
        hunks.push(hunk);
    }
    hunks
}

fn is_grammar(word: &str, language: Option<&Language>) -> bool {
    match language {
        Some(language) => {
            let listed = ["article", "and", "copula"].iter().any(|list| language.lists(list, word));
            listed && language.number(word).is_none() || word == "\u{7684}"
        }
        None => GRAMMAR.contains(&word),
    }
}

fn is_preposition(word: &str, language: Option<&Language>) -> bool {
    match language {
        Some(language) => language.lists("preposition", word) && !language.lists("denial", word),
        None => [
            "with", "beside", "next", "to", "near", "on", "in", "at", "of", "by", "behind", "under", "above",
            "below", "left", "right", "front",
        ]
        .contains(&word),
    }
}

/// Whether one word is the other in another inflection.
fn inflected(one: &str, other: &str, language: Option<&Language>) -> bool {
    let endings: &[&str] = match language.map(|language| language.agreement) {
        None => &["", "s", "es"],
        Some(Agreement::Endings) => &["", "e", "en", "er", "es", "em", "n", "s", "t", "et"],
        Some(Agreement::GenderNumber) => &["", "s", "es", "n", "a", "o", "as", "os"],
        Some(Agreement::None) => return false,
    };
    let stems = |word: &str| -> Vec<String> {
        let cut = |ending: &&str| word.strip_suffix(*ending).filter(|stem| stem.chars().count() >= 3);
        endings.iter().filter_map(cut).map(str::to_owned).collect()
    };
    let mine = stems(one);
    stems(other).iter().any(|stem| mine.contains(stem))
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
