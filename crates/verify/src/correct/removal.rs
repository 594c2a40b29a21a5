//! Takes an absent thing out of a sentence with the words that only serve it, where a sentence is left.

use std::{collections::BTreeMap, ops::Range};

use lavr_types::{Span, Vocabulary, vocabulary::GrammaticalNumber};

use super::{
    agreement,
    compose::{Edits, cased_like, deletion},
    neutral,
    place::{PLACING, instead_of_predicate, past_its_places, prepositional},
    structure::{
        clause_of, existential_before, existential_in, list_around, opens_clause, portion_before,
        preposition_before, separator_before, unit_end, verb_of,
    },
};
use crate::check::is_clothing;
use crate::text::{
    Determiner, NounPhrase, Reading, TokenKind,
    verbs::{finite_verb, is_participle},
    words::{COPULAS, PREPOSITIONS, article_for},
};

/// Words for some of what was named: "neither of them".
const PARTITIVES: &[&str] =
    &["neither", "none", "both", "all", "one", "two", "some", "most", "each", "many", "half"];

/// Words that stand for some of what was named before, at the start of a clause.
const ANAPHORS: &[&str] = &["one", "both", "neither", "none", "each", "some", "others", "all"];

/// What a removal has to know.
pub(super) struct Context<'c> {
    pub(super) reading: &'c Reading<'c>,
    pub(super) vocabulary: &'c Vocabulary,
    /// Phrases that name nothing in the picture, with the claims that say so.
    pub(super) absent: &'c BTreeMap<usize, usize>,
    /// Phrases whose number a correction sets, with whether they are plural then.
    pub(super) numbers: &'c BTreeMap<usize, bool>,
    pub(super) sentence: usize,
}

pub(super) struct Removal {
    pub(super) span: Span,
    pub(super) replacement: String,
}

impl Context<'_> {
    /// Whether a phrase is plural once its number is corrected.
    pub(super) fn is_plural(&self, phrase: usize) -> bool {
        self.numbers.get(&phrase).copied().unwrap_or_else(|| self.reading.phrases[phrase].is_plural())
    }

    /// Phrases of the sentence that stay: what the detector knows, and what else is named here for the first time as a
    /// place ("a wide road", "a plate"), but for what somebody wears or is led by.
    pub(super) fn present(&self) -> Vec<usize> {
        (0..self.reading.phrases.len())
            .filter(|&place| {
                let phrase = &self.reading.phrases[place];
                phrase.sentence == self.sentence
                    && !self.absent.contains_key(&place)
                    && !phrase.pronoun
                    && (!phrase.labels.is_empty() || self.is_place(phrase))
                    && !phrase.unreal
                    && phrase.negation.is_none()
            })
            .collect()
    }

    fn is_place(&self, phrase: &NounPhrase) -> bool {
        let head = self.reading.surface(&phrase.head);
        let places = preposition_before(self.reading, phrase.tokens.start)
            .is_some_and(|preposition| preposition.clone().any(|at| PLACES.contains(&self.reading.word(at))));
        // "Between trees": several are named for the first time without an article.
        let between = matches!(self.reading.before(phrase.tokens.start), "between" | "among");
        let is_new = phrase.determiner == Determiner::Indefinite
            || between && phrase.determiner == Determiner::None && phrase.is_plural();
        places
            && is_new
            // "On a piece of paper": the word for the portion alone names nothing.
            && self.reading.word(phrase.tokens.end) != "of"
            && !is_clothing(head)
            && !LEADS.contains(&head.to_lowercase().as_str())
    }
}

/// Prepositions after which a place comes.
const PLACES: &[&str] = &[
    "on", "in", "at", "near", "next", "beside", "under", "above", "below", "behind", "between", "inside",
    "outside", "along", "by", "across", "against", "over", "through", "front", "top", "down", "up", "around",
    "from", "into",
];

/// What things are on that goes with them.
const LEADS: &[&str] = &["leash", "lead", "rope", "chain", "string", "diet", "break"];

/// The changes that take all absent things out of the sentence, or `None` where it cannot lose them gracefully.
pub(super) fn graceful(context: &Context<'_>, so_far: &Edits) -> Option<Vec<Removal>> {
    let reading = context.reading;
    let mut edits = Vec::new();
    let mut done: Vec<usize> = Vec::new();
    let absent: Vec<usize> = context
        .absent
        .keys()
        .copied()
        .filter(|&phrase| reading.phrases[phrase].sentence == context.sentence)
        .collect();
    let mut taken: Vec<Range<usize>> = Vec::new();
    for phrase in absent {
        if done.contains(&phrase)
            || taken.iter().any(|range| range.contains(&reading.phrases[phrase].head.start))
        {
            continue;
        }
        let list = list_around(reading, phrase);
        done.extend(&list);
        let kept: Vec<usize> =
            list.iter().copied().filter(|member| !context.absent.contains_key(member)).collect();
        if kept.is_empty() {
            let (removal, range) = unit(context, &list)?;
            taken.push(range);
            edits.extend(removal);
        } else {
            // ", neither of which is black," speaks of the whole list.
            let after = list.last().map_or(0, |&last| unit_end(reading, last));
            if reading.word(after) == ","
                && PARTITIVES.contains(&reading.word(after + 1))
                && reading.word(after + 2) == "of"
            {
                return None;
            }
            let (removals, trailing) = shortened(context, &list, &kept);
            edits.extend(removals);
            taken.extend(trailing);
        }
    }
    // A sentence of which no word is left is none.
    let sentence = reading.sentences[context.sentence].clone();
    let empty = sentence
        .clone()
        .filter(|&place| reading.tokens[place].kind != TokenKind::Mark)
        .all(|place| taken.iter().any(|range| range.contains(&place)));
    if empty && edits.iter().all(|edit| edit.replacement.is_empty()) {
        return None;
    }
    // What stays in the picture is said again where its words went.
    let lost: Vec<usize> = context
        .present()
        .into_iter()
        .filter(|&place| taken.iter().any(|range| range.contains(&reading.phrases[place].head.start)))
        .collect();
    if !lost.is_empty() {
        let end = reading.span(&reading.sentences[context.sentence]).end;
        let again = neutral::introduce(context, so_far, &lost, &taken);
        let ended = reading.sentences[context.sentence]
            .end
            .checked_sub(1)
            .is_some_and(|last| matches!(reading.tokens[last].kind, TokenKind::Mark | TokenKind::Quote));
        let stop = if ended { "" } else { "." };
        edits.extend(
            again.map(|text| Removal { span: Span::new(end, end), replacement: format!("{stop} {text}.") }),
        );
    }
    Some(edits)
}

/// A list without some members: separators are set anew where members between went.
///
/// Gives the tokens, too, that go with the last member though they are no part of it.
fn shortened(context: &Context<'_>, list: &[usize], kept: &[usize]) -> (Vec<Removal>, Option<Range<usize>>) {
    let reading = context.reading;
    let mut removals = Vec::new();
    let start = |phrase: usize| {
        let of = &reading.phrases[phrase].tokens;
        let portion = portion_before(reading, of.start).filter(|_| !kept.contains(&phrase));
        reading.span(&(portion.unwrap_or(of.start)..of.end)).start
    };
    let end =
        |phrase: usize| reading.span(&(reading.phrases[phrase].tokens.start..unit_end(reading, phrase))).end;
    let (Some(&first), Some(&last), Some(&first_kept), Some(&last_kept)) =
        (list.first(), list.last(), kept.first(), kept.last())
    else {
        return (removals, None);
    };
    let or = list.iter().any(|&member| reading.before(reading.phrases[member].tokens.start) == "or");
    let cut = |from: usize, to: usize, text: &str| Removal {
        span: Span::new(from, to),
        replacement: text.to_owned(),
    };
    if first != first_kept {
        // "With a toilet, sink and a shower": the article goes on to the sink.
        let (gone, now) = (&reading.phrases[first], &reading.phrases[first_kept]);
        let shared = gone.determiner == Determiner::Indefinite
            && now.determiner == Determiner::None
            && now.number == GrammaticalNumber::Singular
            && now.quantity.is_none();
        let article =
            if shared { format!("{} ", article_for(reading.word(now.tokens.start))) } else { String::new() };
        removals.push(cut(start(first), start(first_kept), &article));
    }
    for pair in kept.windows(2) {
        let [one, next] = pair else { continue };
        let between = Span::new(end(*one), start(*next));
        let conjunction = *next == last_kept;
        let text = match (conjunction, or) {
            (true, true) => " or ",
            (true, false) => " and ",
            (false, _) => ", ",
        };
        let now = between.of(reading.text).unwrap_or_default();
        // Of three things the comma before "and" goes with the third, unless much stands between.
        let bare = |member: usize| unit_end(reading, member) == reading.phrases[member].tokens.end;
        let comma = kept.len() == 2 && list.len() > 2 && now.starts_with(',') && bare(*one);
        let right = if conjunction {
            !comma && (now.contains("and") || now.contains("or") || now.contains('&'))
        } else {
            now.trim() == ","
        };
        let adjacent = list.iter().position(|member| member == one).map(|at| at + 1)
            == list.iter().position(|member| member == next);
        if !(right && adjacent) {
            removals.push(cut(between.start, between.end, text));
        }
    }
    // Nothing is between one thing.
    if kept.len() == 1
        && let Some(between) = preposition_before(reading, reading.phrases[first].tokens.start)
        && reading.word(between.start) == "between"
    {
        let span = reading.span(&between);
        removals.push(Removal { span, replacement: cased_like(reading.surface(&between), "next to") });
    }
    let mut trailing = None;
    if last != last_kept {
        let after = unit_end(reading, last);
        let rest = what_follows(context, list, kept, after);
        let to = if rest.is_empty() { end(last) } else { reading.span(&rest).end };
        removals.push(cut(end(last_kept), to, ""));
        trailing = (!rest.is_empty()).then_some(rest);
    }
    let mut edits = Edits::default();
    let plural = kept.len() > 1 || context.is_plural(first_kept);
    if let Some(verb) = existential_before(reading, first) {
        // "There is" agrees with what comes first.
        let many = context.is_plural(first_kept) || kept.len() > 1 && reading.word(verb) == "are";
        // "There is a pair of glasses", "there is a group of people".
        if reading.phrases[first_kept].group.is_none() {
            agreement::agree(reading, &mut edits, verb, many, &[]);
        }
    }
    if let Some(verb) = verb_of(reading, last) {
        agreement::verbs(reading, &mut edits, verb, plural, &[]);
    }
    removals.extend(edits.into_plain());
    (removals, trailing)
}

/// What stands behind the last member of a list and goes with it.
fn what_follows(context: &Context<'_>, list: &[usize], kept: &[usize], after: usize) -> Range<usize> {
    let reading = context.reading;
    let sentence = &reading.sentences[context.sentence];
    let animate = |phrase: &usize| is_animate(context.vocabulary, &reading.phrases[*phrase]);
    let joints = |place: &usize| {
        reading.tokens[*place].kind != TokenKind::Word || matches!(reading.word(*place), "and" | "while")
    };
    let close = (after..sentence.end).find(joints).unwrap_or(sentence.end);
    // "an oven and two people cooking": what an oven cannot do goes with the people.
    let doing =
        is_participle(reading.word(after)) && list.last().is_some_and(animate) && !kept.iter().any(animate);
    // "a coffee table and a TV mounted on the wall": how it is fixed is said of the last alone.
    let fixed = matches!(
        reading.word(after),
        "mounted" | "attached" | "hung" | "topped" | "filled" | "covered" | "decorated"
    );
    // "on the water, and clocks on the wall": the place is that of the clocks.
    let placed = PREPOSITIONS.contains(&reading.word(after))
        && list
            .first()
            .and_then(|&first| preposition_before(reading, reading.phrases[first].tokens.start))
            // "A bowl of oranges and bananas on a table": the place is that of the bowl.
            .is_some_and(|preposition| {
                let side = reading.before(preposition.end) == "of"
                    && matches!(reading.before(preposition.end - 1), "left" | "right" | "front" | "top");
                side || PLACING.contains(&reading.word(preposition.start))
            });
    if doing || placed || fixed { after..close } else { after..after }
}

/// Takes out a phrase (or a whole list) that stands in one role.
fn unit(context: &Context<'_>, list: &[usize]) -> Option<(Vec<Removal>, Range<usize>)> {
    let reading = context.reading;
    let (&first, &last) = (list.first()?, list.last()?);
    let start = reading.phrases[first].tokens.start;
    let end = past_colors(reading, unit_end(reading, last));
    let sentence = &reading.sentences[context.sentence];
    let delete = |range: Range<usize>| {
        Some((vec![Removal { span: deletion(reading, &range), replacement: String::new() }], range))
    };
    if is_subject(reading, first, last) {
        return clause(context, first, last);
    }
    if let Some(range) = relative_clause(reading, start, end, sentence) {
        return delete(range);
    }
    let end = past_relative_clause(reading, end, sentence);
    if let Some(preposition) = preposition_before(reading, start) {
        return prepositional(context, preposition, end);
    }
    let before = reading.before(start);
    if is_participle(before) && start > sentence.start + 1 {
        let verb = start - 1;
        if COPULAS.contains(&reading.before(verb)) {
            return instead_of_predicate(context, verb - 1, verb..end, end);
        }
        if reading.phrase_ending_at(verb).is_some() {
            return delete(verb..end);
        }
        if matches!(reading.before(verb), "and" | ",") {
            return delete(verb - 1..end);
        }
        return None;
    }
    if finite_verb(before).is_some() && !COPULAS.contains(&before) && start > sentence.start + 1 {
        let verb = start - 1;
        if reading.before(verb) == "and" {
            return delete(verb - 1..end);
        }
        let subject = reading.phrase_ending_at(verb)?;
        // "To the left of the dog sits a cat": the dog does not sit.
        let placed = preposition_before(reading, reading.phrases[subject].tokens.start);
        if placed.is_some_and(|place| {
            place.start == sentence.start || matches!(reading.before(place.start), ";" | "," | "and")
        }) {
            return None;
        }
        let copula =
            if context.is_plural(subject) || list_around(reading, subject).len() > 1 { "are" } else { "is" };
        let end = past_its_places(context, end);
        // "The room contains a bed but no chairs" cannot lose its verb alone.
        if reading.word(end) == "but" {
            return None;
        }
        let follows = PREPOSITIONS.contains(&reading.word(end)) && reading.word(end) != "along";
        if !follows && is_all(context, subject, end) {
            return None;
        }
        // "..., and he swings a bat": of whom it is was spoken of before, and nothing else is said of him.
        let joint = separator_before(reading, reading.phrases[subject].tokens.start)
            .filter(|joint| joint.start > sentence.start && reading.phrases[subject].pronoun && !follows);
        if let Some(joint) = joint {
            return delete(joint.start..end);
        }
        let text = if follows { copula.to_owned() } else { format!("{copula} visible") };
        return Some((vec![Removal { span: reading.span(&(verb..end)), replacement: text }], verb..end));
    }
    // "There is a spoon inside the cup and a fork to its right."
    let joint = separator_before(reading, start)
        .filter(|_| list.len() == 1 && existential_in(reading, context.sentence));
    let joint = joint.filter(|joint| joint.start > sentence.start)?;
    let close = (end..sentence.end)
        .find(|&place| {
            reading.tokens[place].kind != TokenKind::Word
                || matches!(reading.word(place), "and" | "while" | "but")
        })
        .unwrap_or(sentence.end);
    let more = (end..close).any(|place| finite_verb(reading.word(place)).is_some());
    if more { None } else { delete(joint.start..close) }
}

/// The end of "in different colors" behind a thing.
fn past_colors(reading: &Reading<'_>, end: usize) -> usize {
    let is_color = |at: &usize| matches!(reading.word(*at), "color" | "colors" | "colour" | "colours");
    let colors = (end + 1..end + 4).find(is_color).filter(|_| reading.word(end) == "in");
    colors.map_or(end, |at| at + 1)
}

/// Whether the sentence is a pronoun and what is said of it up to here: "He is visible" would say nothing.
pub(super) fn is_all(context: &Context<'_>, subject: usize, end: usize) -> bool {
    let reading = context.reading;
    let sentence = &reading.sentences[context.sentence];
    let subject = &reading.phrases[subject];
    // "Each of them".
    let of_some = reading.before(subject.tokens.start) == "of"
        && subject.tokens.start == sentence.start + 2
        && PARTITIVES.contains(&reading.word(sentence.start));
    subject.pronoun
        && (of_some || subject.tokens.start == sentence.start)
        && (end..sentence.end).all(|place| reading.tokens[place].kind == TokenKind::Mark)
}

/// The end of ", which is next to a mouse": what is said of a thing goes with it.
fn past_relative_clause(reading: &Reading<'_>, end: usize, sentence: &Range<usize>) -> usize {
    if reading.word(end) != "," || !matches!(reading.word(end + 1), "which" | "who") {
        return end;
    }
    match (end + 1..sentence.end).find(|&at| reading.tokens[at].kind == TokenKind::Mark) {
        Some(comma) if reading.word(comma) == "," => comma + 1,
        Some(mark) => mark,
        None => sentence.end,
    }
}

/// ", which is below the suitcase," where nothing else is said in it.
fn relative_clause(
    reading: &Reading<'_>,
    start: usize,
    end: usize,
    sentence: &Range<usize>,
) -> Option<Range<usize>> {
    let opens =
        (sentence.start..start).rev().find(|&place| matches!(reading.word(place), "which" | "who" | ","))?;
    let comma = opens.checked_sub(1).filter(|&comma| reading.word(comma) == ",")?;
    let between = reading.phrases.iter().any(|phrase| (opens + 1..start).contains(&phrase.head.start));
    let closes = reading.word(end) == "," || reading.tokens.get(end)?.kind != TokenKind::Word;
    if reading.word(opens) == "," || between || !closes {
        return None;
    }
    Some(comma..if reading.word(end) == "," { end + 1 } else { end })
}

fn is_subject(reading: &Reading<'_>, first: usize, last: usize) -> bool {
    let start = reading.phrases[first].tokens.start;
    let sentence = &reading.sentences[reading.phrases[first].sentence];
    if existential_before(reading, first).is_some() {
        return true;
    }
    let start = if start >= sentence.start + 2
        && reading.before(start) == "of"
        && PARTITIVES.contains(&reading.word(start - 2))
    {
        start - 2
    } else {
        start
    };
    let opens = start == sentence.start
        || matches!(reading.before(start), "while" | "but" | ";")
        || (matches!(reading.before(start), "and" | ",") && opens_clause(reading, first));
    opens && (verb_of(reading, last).is_some() || start == sentence.start)
}

/// Takes out the clause of an absent subject, if the sentence has another.
fn clause(context: &Context<'_>, first: usize, last: usize) -> Option<(Vec<Removal>, Range<usize>)> {
    let reading = context.reading;
    let sentence = reading.sentences[context.sentence].clone();
    let mut range = clause_of(reading, first);
    range.end = range.end.max(clause_of(reading, last).end);
    // "Neither of them is moving."
    while range.start >= sentence.start + 2
        && reading.before(range.start) == "of"
        && PARTITIVES.contains(&reading.word(range.start - 2))
    {
        range.start -= 2;
    }
    let is_joint = |place: usize| matches!(reading.word(place), "and" | "," | ";" | "while" | "but");
    let has_verb = |mut places: Range<usize>| places.any(|place| finite_verb(reading.word(place)).is_some());
    // "In the foreground, a man ...": what only opens the clause goes with it.
    if range.start > sentence.start && has_verb(sentence.start..range.start) {
        let mut start = range.start;
        while start > sentence.start && is_joint(start - 1) {
            start -= 1;
        }
        if start == range.start {
            return None;
        }
        let range = start..range.end;
        return Some((vec![Removal { span: deletion(reading, &range), replacement: String::new() }], range));
    }
    range.start = sentence.start;
    let mut end = range.end;
    while end < sentence.end && is_joint(end) {
        end += 1;
    }
    let more = (end..sentence.end).any(|place| reading.tokens[place].kind == TokenKind::Word);
    // "One is holding a bat, and the other ...": of whom, went with the clause.
    let dangles = ANAPHORS.contains(&reading.word(end))
        && (finite_verb(reading.word(end + 1)).is_some() || reading.word(end + 1) == "of");
    if end == range.end || !more || dangles || !has_verb(end..sentence.end) {
        return None;
    }
    let range = range.start..end;
    Some((vec![Removal { span: deletion(reading, &range), replacement: String::new() }], range))
}

fn is_animate(vocabulary: &Vocabulary, phrase: &NounPhrase) -> bool {
    let animals = vocabulary.labels_for("animal");
    let animate = |label: &String| label == "person" || animals.contains(&label.as_str());
    !phrase.labels.is_empty() && phrase.labels.iter().all(animate)
}
