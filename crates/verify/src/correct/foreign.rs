//! Edits in sentences of other languages, by their data files. Only what the tables can put right without a doubt is
//! edited; the rest stays, and a note says so: a wrong edit is worse than none.

use lavr_types::{Assertion, Claim, CountBound, Entity, Judgement, Span, Verdict};

use super::{
    Policy,
    compose::{Edits, cased_like},
    value,
};
use crate::{
    language::{Agreement, ColorForm, Item, Phrase, Scan},
    text::{Reading, TokenKind},
};

/// A sentence in another language, with the claims of the whole text.
struct Sentence<'s, 't> {
    reading: &'s Reading<'t>,
    scan: &'s Scan<'t>,
    phrases: &'s [Phrase],
    judged: &'s [(Claim, Judgement)],
    place: usize,
}

/// Adds the edits that the contradicted claims of such sentences need, and with [`Policy::Drop`] those that take out
/// what nothing confirms. Says which claims were left.
pub(super) fn edits(
    reading: &Reading<'_>,
    judged: &[(Claim, Judgement)],
    policy: Policy,
    edits: &mut Edits,
) -> Vec<String> {
    let mut notes = Vec::new();
    for place in (0..reading.sentences.len()).filter(|&place| reading.foreign[place]) {
        let span = reading.span(&reading.sentences[place]);
        let wrong: Vec<usize> = judged
            .iter()
            .enumerate()
            .filter(|(_, (claim, judgement))| {
                let dropped = policy == Policy::Drop && judgement.verdict == Verdict::Insufficient;
                span.contains(claim.span) && (judgement.verdict == Verdict::Contradicted || dropped)
            })
            .map(|(index, _)| index)
            .collect();
        if wrong.is_empty() {
            continue;
        }
        let Some(scan) = reading.scan(place) else {
            notes.extend(wrong.iter().map(|&index| left(&judged[index], "this language")));
            continue;
        };
        let phrases = scan.phrases();
        let sentence = Sentence { reading, scan: &scan, phrases: &phrases, judged, place };
        for index in wrong {
            let mut own = Edits::default();
            if sentence.mend(index, &mut own).is_some() {
                edits.extend(own);
            } else {
                notes.push(left(&judged[index], &scan.language.name));
            }
        }
    }
    notes
}

fn left((claim, judgement): &(Claim, Judgement), language: &str) -> String {
    if judgement.verdict == Verdict::Contradicted {
        format!(
            "\"{}\" is contradicted, but no edit of it in {language} is safe: it was left as it is",
            claim.surface
        )
    } else {
        format!("\"{}\" could not be taken out of a sentence in {language}: it was left", claim.surface)
    }
}

impl Sentence<'_, '_> {
    /// The edits that make one claim true; `None` where none is safe.
    fn mend(&self, index: usize, edits: &mut Edits) -> Option<()> {
        let (claim, judgement) = &self.judged[index];
        if judgement.verdict == Verdict::Insufficient {
            return match &claim.assertion {
                Assertion::Existence { entity, present: true } => self.remove(index, entity, edits),
                _ => None,
            };
        }
        match (&claim.assertion, judgement.truth.as_ref()) {
            (Assertion::Count { .. }, Some(Assertion::Count { count: CountBound::Exactly(number), .. })) => {
                self.count(index, claim, *number, edits)
            }
            (Assertion::Color { entity, .. }, Some(Assertion::Color { color, .. })) => {
                let word = self.color(claim, entity, color)?;
                edits.add(claim.span, &cased_like(&claim.surface, &word), &[index]);
                Some(())
            }
            (Assertion::Text { .. }, Some(Assertion::Text { text, .. })) => {
                edits.add(claim.span, &value::safe(text), &[index]);
                Some(())
            }
            (
                Assertion::Existence { entity, present: true },
                Some(Assertion::Existence { entity: other, present: true }),
            ) => self.name(index, entity, other, edits),
            (Assertion::Existence { entity, present: true }, _) => self.remove(index, entity, edits),
            (
                Assertion::Existence { present: false, .. },
                Some(Assertion::Existence { present: true, .. }),
            ) => self.affirm(index, claim, edits),
            _ => None,
        }
    }

    fn item(&self, place: usize) -> Option<&Item> {
        self.scan.items().get(place)
    }

    fn phrase_of(&self, entity: Span) -> Option<&Phrase> {
        self.phrases.iter().find(|phrase| self.scan.items()[phrase.noun].span == entity)
    }

    /// "Drei Hunde" becomes "Zwei Hunde": two or more by two or more changes nothing else. One takes more.
    fn count(&self, index: usize, claim: &Claim, number: u32, edits: &mut Edits) -> Option<()> {
        let language = self.scan.language;
        let phrase = self.phrases.iter().find(|phrase| {
            phrase.number.is_some_and(|place| claim.span.contains(self.scan.items()[place].span))
        })?;
        let item = self.item(phrase.number?)?;
        let before = item.number?;
        let digits = item.lower.bytes().all(|byte| byte.is_ascii_digit());
        let word = match language.number_word(number) {
            _ if digits => number.to_string(),
            word => word?.to_owned(),
        };
        let many = before >= 2 && number >= 2;
        let marked = (0..self.scan.items().len()).any(|place| self.scan.is(place, "plural mark"));
        let uninflected = language.agreement == Agreement::None && before >= 1 && number >= 1;
        if many || (uninflected && !(marked && number == 1)) {
            edits.add(claim.span, &cased_like(&claim.surface, &word), &[index]);
            return Some(());
        }
        // "Es gibt drei Hunde": behind such words one thing is as good as three for the verb.
        let presented = number == 1 && before >= 2 && self.scan.is_presented(phrase.start) && !phrase.unknown;
        let form = self.item(phrase.noun)?.noun.as_ref()?;
        let noun = language.noun_for(&form.label)?;
        let alone = phrase.colors.is_empty() && phrase.noun == phrase.number? + 1;
        if presented && alone && form.plain && !noun.weak && !digits {
            let one = language.one(form.gender?)?;
            let span = self.scan.span(phrase.number?, phrase.noun);
            edits.add(span, &format!("{one} {}", noun.singular), &[index]);
            return Some(());
        }
        None
    }

    /// The word for another colour in the form that the old one has.
    fn color(&self, claim: &Claim, entity: &Entity, truth: &str) -> Option<String> {
        let language = self.scan.language;
        let place = self.scan.items().iter().position(|item| item.span.start == claim.span.start)?;
        let color = self.item(place)?.color.as_ref()?;
        let group = self.phrases.iter().find(|phrase| phrase.colors.contains(&place));
        let said_already = group.is_some_and(|phrase| {
            let others = phrase.colors.iter().filter(|&&other| other != place);
            others.filter_map(|&other| self.item(other)?.color.as_ref()).any(|other| other.basic == truth)
        });
        if said_already {
            return None;
        }
        let forms = language.color_forms(truth)?;
        match &color.form {
            ColorForm::Ending(ending) => Some(format!("{}{ending}", forms.first()?)),
            ColorForm::Fixed => None,
            ColorForm::Place(place) => forms.get(*place).or_else(|| forms.first()).cloned(),
            ColorForm::Slots(slots) => {
                let noun =
                    self.phrase_of(entity.span).and_then(|phrase| self.item(phrase.noun)?.noun.as_ref());
                let fits = |slot: usize| {
                    use crate::language::Gender;
                    let gender = noun.and_then(|noun| noun.gender);
                    let plural = noun.and_then(|noun| noun.plural);
                    slots[slot]
                        && gender.is_none_or(|gender| (gender == Gender::Feminine) == (slot % 2 == 1))
                        && plural.is_none_or(|plural| plural == (slot >= 2))
                };
                let mut words = (0..4).filter(|&slot| fits(slot)).filter_map(|slot| forms.get(slot));
                let first = words.next()?;
                words.all(|word| word == first).then(|| first.clone())
            }
        }
    }

    /// Another noun in the place of one, where nothing around it has to change, or what has to is known.
    fn name(&self, index: usize, entity: &Entity, truth: &Entity, edits: &mut Edits) -> Option<()> {
        let language = self.scan.language;
        let phrase = self.phrase_of(entity.span)?;
        let item = self.item(phrase.noun)?;
        let form = item.noun.as_ref()?;
        let (from, to) = (
            language.noun_for(&form.label)?,
            language.noun_for(truth.label.as_deref().unwrap_or(&truth.surface))?,
        );
        let surface = item.span.of(self.reading.text)?;
        match language.agreement {
            Agreement::None => {
                if let Some(classifier) = phrase.classifier {
                    let item = self.item(classifier)?;
                    let written = to.classifiers.first()?;
                    if !to.classifiers.contains(&item.lower) {
                        edits.add(item.span, written, &[index]);
                    }
                }
                edits.add(entity.span, &to.singular, &[index]);
            }
            Agreement::Endings | Agreement::GenderNumber => {
                let plural = form.plural?;
                let word = match (plural, form.plain, form.oblique_plural) {
                    (true, true, _) => to.plural.clone(),
                    (true, false, true) => {
                        let ending = language.oblique_plural.as_deref()?;
                        let bare = to.plural.ends_with(['n', 's']);
                        if bare { to.plural.clone() } else { format!("{}{ending}", to.plural) }
                    }
                    (false, true, _) => to.singular.clone(),
                    _ => return None,
                };
                // The plural of German has one declension for all; elsewhere the gender has to be the same.
                let free = plural && language.agreement == Agreement::Endings;
                let same = form.gender == to.gender && form.gender.is_some();
                if from.weak || to.weak || !(same || free) || self.is_taken_up() {
                    return None;
                }
                edits.add(entity.span, &cased_like(surface, &word), &[index]);
            }
        }
        Some(())
    }

    /// Whether the next sentence begins with a word that stands for something.
    fn is_taken_up(&self) -> bool {
        let next = self.reading.scan(self.place + 1);
        next.is_some_and(|next| next.is(0, "pronoun"))
    }

    /// Takes out what is absent: a part of an enumeration, a clause, or a sentence that speaks of nothing else.
    fn remove(&self, index: usize, entity: &Entity, edits: &mut Edits) -> Option<()> {
        let phrase = self.phrase_of(entity.span)?;
        let own = |claim: &Claim| about(claim, entity.span);
        let sentence = self.reading.span(&self.reading.sentences[self.place]);
        let others = |span: Span| {
            self.judged.iter().any(|(claim, _)| span.overlaps(claim.span) && !own(claim))
                || self.phrases.iter().any(|other| {
                    other.noun != phrase.noun && span.contains(self.scan.items()[other.noun].span)
                })
        };
        let gone: Vec<usize> = (0..self.judged.len())
            .filter(|&other| {
                other == index || own(&self.judged[other].0) && sentence.contains(self.judged[other].0.span)
            })
            .collect();
        if self.is_taken_up() {
            return None;
        }
        if let Some(span) = self.conjunct(phrase).filter(|&span| !others(span)) {
            edits.add(span, "", &gone);
            return Some(());
        }
        if let Some(span) = self.clause(phrase).filter(|&span| !others(span)) {
            edits.add(span, "", &gone);
            return Some(());
        }
        if others(sentence) || self.may_name_more() {
            return None;
        }
        // Nothing is known of what nothing confirms: a denial would be a new claim.
        let absent = self.judged[index].1.verdict == Verdict::Contradicted;
        if self.reading.sentences.len() > 1 {
            edits.remove_sentence(self.reading, self.place, &gone);
            return Some(());
        }
        if !absent {
            return None;
        }
        let language = self.scan.language;
        let form = self.item(phrase.noun)?.noun.as_ref()?;
        let noun = language.noun_for(&form.label)?;
        let plural = form.plural == Some(true);
        let (pattern, word) = if plural {
            (&language.denial.plural, &noun.plural)
        } else {
            (&language.denial.singular, &noun.singular)
        };
        let no = language.denial.no(noun.gender, plural);
        edits.replace_all(self.reading, &pattern.replace("{no}", no).replace("{noun}", word), index);
        Some(())
    }

    /// Whether words that no table knows may name further things, which would go with the sentence.
    fn may_name_more(&self) -> bool {
        let items = self.scan.items();
        let unknown = |place: &usize| {
            let item = &items[*place];
            item.kind == TokenKind::Word
                && item.number.is_none()
                && item.color.is_none()
                && !self.scan.language.knows(&item.lower)
        };
        let mut places = (0..items.len()).filter(unknown);
        match self.scan.language.agreement {
            // A capital shows a noun, but for the first word.
            Agreement::Endings => places.any(|place| {
                place > 0
                    && items[place]
                        .span
                        .of(self.reading.text)
                        .unwrap_or_default()
                        .starts_with(char::is_uppercase)
            }),
            // A noun has something before it.
            Agreement::GenderNumber => places.any(|place| {
                place.checked_sub(1).is_some_and(|before| {
                    ["article", "preposition", "and"].iter().any(|list| self.scan.is(before, list))
                })
            }),
            // A verb takes up to so many characters.
            Agreement::None => places.count() > 3,
        }
    }

    /// "zwei Hunde und eine Katze": the words from "und" on, where the verb stays as it is without them.
    fn conjunct(&self, phrase: &Phrase) -> Option<Span> {
        let and = phrase.start.checked_sub(1).filter(|&place| self.scan.is(place, "and"))?;
        let first = self.phrases.iter().find(|other| other.end == and)?;
        let form = self.item(first.noun)?.noun.as_ref()?;
        let uninflected = self.scan.language.agreement == Agreement::None;
        let presented = self.scan.is_presented(first.start);
        let last =
            self.item(phrase.end).is_none_or(|next| matches!(next.lower.as_str(), "." | "!" | "\u{3002}"));
        let verb = self.scan.is(phrase.end, "plural verb");
        let fits = (uninflected && !phrase.unknown)
            || (form.plural == Some(true) && (last || verb))
            || (presented && last);
        let fits = fits && !phrase.unknown && phrase.denial.is_none();
        // In a text without spaces the words behind may go on about the thing.
        let before = self.item(and.checked_sub(1)?)?.span.end;
        fits.then(|| Span::new(before, self.item(phrase.end - 1).map_or(before, |item| item.span.end)))
    }

    /// A clause set off by a comma, in a language in which such clauses stand on their own.
    fn clause(&self, phrase: &Phrase) -> Option<Span> {
        if self.scan.language.agreement != Agreement::None {
            return None;
        }
        let items = self.scan.items();
        let comma = |item: &Item| matches!(item.lower.as_str(), "\u{ff0c}" | ",");
        let start = items[..phrase.start].iter().rposition(comma)?;
        let end = items[phrase.end..]
            .iter()
            .position(|item| item.kind != TokenKind::Word)
            .map_or(items.len(), |place| phrase.end + place);
        let first = items.get(start + 1)?;
        // What begins with a pronoun or goes on about the subject is no clause of its own.
        let own = end > start + 1 && !self.scan.is(start + 1, "pronoun") && first.kind == TokenKind::Word;
        own.then(|| self.scan.span(start, end - 1))
    }

    /// "keinen Hund" becomes "einen Hund".
    fn affirm(&self, index: usize, claim: &Claim, edits: &mut Edits) -> Option<()> {
        let language = self.scan.language;
        let place = self.phrases.iter().position(|phrase| {
            phrase.denial.is_some() && claim.span.contains(self.scan.items()[phrase.noun].span)
        })?;
        let phrase = &self.phrases[place];
        // What is denied with it would be said to be there.
        if place + 1 < self.phrases.len() && self.scan.is_denied_with(self.phrases, place + 1) {
            return None;
        }
        let form = self.item(phrase.noun)?.noun.as_ref()?;
        if form.plural == Some(true) || phrase.unknown {
            return None;
        }
        let start = claim.span.start;
        let said = Span::new(start, self.item(phrase.noun)?.span.start).of(self.reading.text)?;
        let longer = self.reading.text[..start].to_lowercase();
        let (words, instead) = language
            .affirm
            .iter()
            .filter(|(words, _)| {
                let all = format!("{longer}{}", said.trim_end().to_lowercase());
                let rest = all.strip_suffix(words.as_str());
                rest.is_some_and(|rest| {
                    language.agreement == Agreement::None || !rest.ends_with(char::is_alphanumeric)
                }) && words.len() >= said.trim_end().len()
            })
            .max_by_key(|(words, _)| words.len())?;
        let classifier = language.noun_for(&form.label)?.classifiers.first();
        let instead = instead.replace("{classifier}", classifier.map_or("", String::as_str));
        let end = start + said.trim_end().len();
        let span = Span::new(end.checked_sub(words.len())?, end);
        let shown = span.of(self.reading.text)?;
        edits.add(span, &cased_like(shown, &instead), &[index]);
        Some(())
    }
}

/// Whether a claim speaks of the thing that is named there, and of nothing else.
fn about(claim: &Claim, thing: Span) -> bool {
    match &claim.assertion {
        Assertion::Existence { entity, .. }
        | Assertion::Count { entity, .. }
        | Assertion::Color { entity, .. }
        | Assertion::Attribute { entity, .. } => entity.span == thing,
        Assertion::Relation { subject, object, second, .. } => {
            subject.span == thing || object.iter().chain(second.as_deref()).any(|other| other.span == thing)
        }
        Assertion::Text { .. } | Assertion::Other => false,
    }
}
