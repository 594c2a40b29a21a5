//! Which words of a caption stand for which words of a reference: all matches, and of the ways to choose among them the
//! one that covers most words in the fewest runs.

use std::cmp::Reverse;

use super::{MeteorCounts, Side, tables::Tables};

/// How many ways are followed from word to word.
const BEAM: usize = 40;

/// The ways in which words match, by their places in all lists of such ways.
const EXACT: usize = 0;
const STEM: usize = 1;
const SYNONYM: usize = 2;
const PARAPHRASE: usize = 3;

/// Words that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start: usize,
    length: usize,
}

impl Span {
    const fn end(self) -> usize {
        self.start + self.length
    }

    /// The part of a text.
    fn of<T>(self, words: &[T]) -> &[T] {
        words.get(self.start..self.end()).unwrap_or_default()
    }
}

/// Words of the caption that can stand for words of the reference.
#[derive(Debug, Clone, Copy)]
struct Match {
    module: usize,
    caption: Span,
    reference: Span,
}

impl Match {
    const fn word(module: usize, caption: usize, reference: usize) -> Self {
        Self {
            module,
            caption: Span { start: caption, length: 1 },
            reference: Span { start: reference, length: 1 },
        }
    }

    /// What it adds to a way's worth: words that are not the same count half, rounded down, in either text.
    const fn worth(&self) -> usize {
        match self.module {
            EXACT => self.caption.length + self.reference.length,
            _ => self.caption.length / 2 + self.reference.length / 2,
        }
    }

    const fn distance(&self) -> usize {
        self.caption.start.abs_diff(self.reference.start)
    }
}

/// All matches, by the word of the reference at which they begin.
struct Matches {
    at: Vec<Vec<Match>>,
    /// In how many matches each word of the caption is.
    caption_uses: Vec<usize>,
    /// In how many matches each word of the reference is.
    reference_uses: Vec<usize>,
}

impl Matches {
    fn new(caption: &[String], reference: &[String]) -> Self {
        Self {
            at: vec![Vec::new(); reference.len()],
            caption_uses: vec![0; caption.len()],
            reference_uses: vec![0; reference.len()],
        }
    }

    fn add(&mut self, found: Match) {
        self.caption_uses
            .iter_mut()
            .skip(found.caption.start)
            .take(found.caption.length)
            .for_each(|uses| *uses += 1);
        let places = self.reference_uses.iter_mut().skip(found.reference.start).take(found.reference.length);
        places.for_each(|uses| *uses += 1);
        if let Some(at) = self.at.get_mut(found.reference.start) {
            at.push(found);
        }
    }

    /// Adds every pair of single words for which something holds.
    fn add_words(&mut self, module: usize, matched: impl Fn(usize, usize) -> bool) {
        for reference in 0..self.reference_uses.len() {
            for caption in 0..self.caption_uses.len() {
                if matched(caption, reference) {
                    self.add(Match::word(module, caption, reference));
                }
            }
        }
    }

    fn find(caption: &[String], reference: &[String], tables: &Tables) -> Self {
        let mut matches = Self::new(caption, reference);
        let same = |one: usize, other: usize| caption[one] == reference[other];
        matches.add_words(EXACT, same);
        // Of equal texts nothing else is looked at.
        if caption == reference {
            return matches;
        }
        let stems =
            |words: &[String]| words.iter().map(|word| tables.stem(word).into_owned()).collect::<Vec<_>>();
        let (caption_stems, reference_stems) = (stems(caption), stems(reference));
        matches
            .add_words(STEM, |one, other| caption_stems[one] == reference_stems[other] && !same(one, other));
        let senses = |words: &[String]| words.iter().map(|word| tables.senses(word)).collect::<Vec<_>>();
        let (caption_senses, reference_senses) = (senses(caption), senses(reference));
        matches.add_words(SYNONYM, |one, other| {
            !caption_senses[one].is_disjoint(&reference_senses[other]) && !same(one, other)
        });
        matches.add_paraphrases(&tables.numbers(caption), &tables.numbers(reference), tables);
        matches
    }

    /// Adds phrases of the reference that the caption paraphrases, then phrases of the caption that the reference
    /// paraphrases. What the lists hold in both directions counts twice, as in the reference program.
    fn add_paraphrases(&mut self, caption: &[Option<u32>], reference: &[Option<u32>], tables: &Tables) {
        let places = |of: &[Option<u32>], phrase: &[u32]| -> Vec<Span> {
            let spans = (0..of.len()).map(|start| Span { start, length: phrase.len() });
            spans.filter(|span| !phrase.is_empty() && span.of(of).iter().flatten().eq(phrase)).collect()
        };
        for start in 0..reference.len() {
            for (length, other) in tables.paraphrases(reference, start) {
                for span in places(caption, other) {
                    self.add(Match { module: PARAPHRASE, caption: span, reference: Span { start, length } });
                }
            }
        }
        for start in 0..caption.len() {
            for (length, other) in tables.paraphrases(caption, start) {
                for span in places(reference, other) {
                    self.add(Match { module: PARAPHRASE, caption: Span { start, length }, reference: span });
                }
            }
        }
    }

    /// A match that stands in no other's way.
    fn lone(&self, at: usize) -> Option<Match> {
        let [found] = self.at.get(at)?.as_slice() else { return None };
        let uses =
            found.caption.of(&self.caption_uses).iter().chain(found.reference.of(&self.reference_uses));
        uses.into_iter().all(|uses| *uses == 1).then_some(*found)
    }
}

/// A choice of matches for the words of the reference up to some place.
#[derive(Clone)]
struct Way {
    chosen: Vec<Option<Match>>,
    caption_used: Vec<bool>,
    reference_used: Vec<bool>,
    worth: usize,
    chunks: usize,
    distance: usize,
    /// The word of the reference after the last choice.
    next: usize,
    /// The word of the caption after the last match, where the word before `next` is in it.
    open: Option<usize>,
}

impl Way {
    /// Nothing is chosen but matches that stand in no other's way.
    fn new(matches: &Matches) -> Self {
        let mut way = Self {
            chosen: vec![None; matches.at.len()],
            caption_used: vec![false; matches.caption_uses.len()],
            reference_used: vec![false; matches.reference_uses.len()],
            worth: 0,
            chunks: 0,
            distance: 0,
            next: 0,
            open: None,
        };
        for found in (0..matches.at.len()).filter_map(|at| matches.lone(at)) {
            way.choose(found);
        }
        way
    }

    /// Better ways first: more words, fewer chunks, less far apart.
    fn rank(&self) -> impl Ord + use<> {
        (Reverse(self.worth), self.chunks, self.distance)
    }

    fn choose(&mut self, found: Match) {
        if let Some(chosen) = self.chosen.get_mut(found.reference.start) {
            *chosen = Some(found);
        }
        let used = |words: &mut [bool], span: Span| {
            words.iter_mut().skip(span.start).take(span.length).for_each(|used| *used = true);
        };
        used(&mut self.caption_used, found.caption);
        used(&mut self.reference_used, found.reference);
    }

    fn is_free(&self, found: &Match) -> bool {
        let used =
            found.reference.of(&self.reference_used).iter().chain(found.caption.of(&self.caption_used));
        used.into_iter().all(|used| !used)
    }

    /// Goes on behind a match.
    fn pass(&mut self, found: &Match) {
        self.worth += found.worth();
        if self.open.is_some_and(|end| end != found.caption.start) {
            self.chunks += 1;
        }
        self.next = found.reference.end();
        self.open = Some(found.caption.end());
    }

    /// Ends the chunk before `next`, if there is one.
    fn close(&mut self) {
        self.chunks += usize::from(self.open.take().is_some());
    }
}

/// A beam search from the first word of the reference to its last.
fn best(matches: &Matches) -> Way {
    let mut ways = vec![Way::new(matches)];
    for (place, found) in matches.at.iter().enumerate() {
        ways.sort_by_key(Way::rank);
        ways.truncate(BEAM);
        let mut onward = Vec::with_capacity(ways.len());
        for mut way in ways {
            if way.reference_used[place] {
                // In a match, or at the start of one that stands in no other's way.
                if let Some(chosen) = way.chosen[place].filter(|_| place >= way.next) {
                    way.pass(&chosen);
                    way.distance += chosen.distance();
                }
                onward.push(way);
                continue;
            }
            for found in found {
                if !way.is_free(found) {
                    continue;
                }
                let mut taken = way.clone();
                taken.choose(*found);
                taken.pass(found);
                onward.push(taken);
                // As in the reference program, where the ways not taken go the distance.
                way.distance += found.distance();
            }
            way.close();
            way.next += 1;
            onward.push(way);
        }
        ways = onward;
    }
    // The beam holds for the last step, too.
    ways.sort_by_key(Way::rank);
    ways.truncate(BEAM);
    ways.iter_mut().for_each(Way::close);
    ways.into_iter().min_by_key(Way::rank).unwrap_or_else(|| Way::new(matches))
}

/// Counts what matches in the best way.
pub(super) fn counts(caption: &[String], reference: &[String], tables: &Tables) -> MeteorCounts {
    let way = best(&Matches::find(caption, reference, tables));
    let function_words =
        |words: &[String]| -> Vec<bool> { words.iter().map(|word| tables.is_function_word(word)).collect() };
    let (caption_functions, reference_functions) = (function_words(caption), function_words(reference));
    let (mut one, mut other) = (Side::of(&caption_functions), Side::of(&reference_functions));
    let (mut chunks, mut open, mut end) = (0, None, 0);
    for found in way.chosen.iter().flatten() {
        one.add(found.module, found.caption.of(&caption_functions));
        other.add(found.module, found.reference.of(&reference_functions));
        let goes_on = found.reference.start == end && open == Some(found.caption.start);
        chunks += usize::from(!goes_on);
        (open, end) = (Some(found.caption.end()), found.reference.end());
    }
    MeteorCounts { caption: one, reference: other, chunks }
}

impl Side {
    /// A text by which of its words are function words.
    fn of(functions: &[bool]) -> Self {
        let function_words = functions.iter().filter(|function| **function).count();
        Self { length: functions.len(), function_words, ..Self::default() }
    }

    /// Counts words that match.
    fn add(&mut self, module: usize, functions: &[bool]) {
        let function_words = functions.iter().filter(|function| **function).count();
        self.function_matches[module] += function_words;
        self.content_matches[module] += functions.len() - function_words;
    }
}
