//! What yes-or-no questions have in common: answers read by a parser, and the table of their scores.

use std::collections::BTreeMap;

use crate::{
    Case, Cell, EvalError, Response, Sample, Table, data,
    metrics::{
        bootstrap::{Resampling, interval},
        yes_no::{Confusion, PARSERS, Parser, Reading, opens_with_yes},
    },
};

/// The answer to a question that has a yes or a no for an answer.
pub(super) struct Poll<'r> {
    /// What is drawn as one where intervals are made: the picture.
    pub(super) picture: &'r str,
    /// Whether yes is right.
    pub(super) label: bool,
    /// What was read; what failed was never said.
    pub(super) reading: Reading,
    response: &'r Response,
    parser: Parser,
}

impl<'r> Poll<'r> {
    pub(super) fn new(parser: Parser, picture: &'r str, label: bool, response: &'r Response) -> Self {
        let reading = match response.failure {
            Some(_) => Reading::Unclear,
            None => parser.read(&response.text, label),
        };
        Self { picture, label, reading, response, parser }
    }

    pub(super) fn right(&self) -> bool {
        self.reading == if self.label { Reading::Yes } else { Reading::No }
    }

    /// Whether a right yes got lost: it should have been read, and was not.
    fn lost(&self) -> bool {
        self.label && self.reading != Reading::Yes
    }

    /// Whether it got lost in reading: the answer opens with yes.
    fn lost_in_reading(&self) -> bool {
        self.lost() && self.response.failure.is_none() && opens_with_yes(&self.response.text)
    }

    /// Whether it got lost in correction: the text before it is read as yes.
    fn lost_in_correction(&self) -> bool {
        let draft = self.response.draft.as_deref();
        self.lost() && draft.is_some_and(|draft| self.parser.read(draft, self.label) == Reading::Yes)
    }

    pub(super) fn case(&self, sample: &Sample) -> Case {
        let right = if self.label { "yes" } else { "no" };
        let read = match self.reading {
            Reading::Yes => "read as yes",
            Reading::No => "read as no",
            Reading::Unclear => "neither yes nor no",
        };
        let mut details = vec![read.to_owned()];
        if self.lost_in_reading() {
            details.push("a right yes, lost in reading".to_owned());
        }
        if self.lost_in_correction() {
            details.push("a right yes before correction".to_owned());
        }
        Case {
            right: Some(right.to_owned()),
            outcome: if self.right() { "right" } else { "wrong" }.to_owned(),
            faulty: !self.right(),
            details,
            ..Case::plain(sample, self.response)
        }
    }
}

pub(super) fn confusion(polls: &[&Poll<'_>]) -> Confusion {
    let mut all = Confusion::default();
    for poll in polls {
        all.add(poll.label, poll.reading);
    }
    all
}

/// A share of answers with its interval over pictures.
pub(super) fn share(polls: &[&Poll<'_>], of: impl Fn(&Confusion) -> Option<f64>) -> Cell {
    let mut pictures: BTreeMap<&str, Confusion> = BTreeMap::new();
    for poll in polls {
        pictures.entry(poll.picture).or_default().add(poll.label, poll.reading);
    }
    let pictures: Vec<Confusion> = pictures.into_values().collect();
    let drawn = |drawn: &[&Confusion]| of(&drawn.iter().copied().sum());
    Cell::Share {
        value: of(&pictures.iter().sum()),
        interval: interval(&pictures, Resampling::default(), drawn),
    }
}

/// A share of answers without an interval.
pub(super) const fn plain_share(value: Option<f64>) -> Cell {
    Cell::Share { value, interval: None }
}

/// The table of what scores hide: how ready a yes is, and which right ones got lost on the way.
pub(super) fn hidden(rows: &[(&str, Vec<&Poll<'_>>)]) -> Table {
    let columns = ["yes-rate", "unclear", "label yes", "lost", "lost in reading", "lost in correction"];
    let mut table = Table::new("Yes answers and true positives lost", columns);
    for (name, polls) in rows {
        let all = confusion(polls);
        table.row(
            *name,
            [
                plain_share(all.yes_rate()),
                Cell::count(all.unclear()),
                Cell::count(all.positives()),
                share(polls, Confusion::lost),
                Cell::count(polls.iter().filter(|poll| poll.lost_in_reading()).count()),
                Cell::count(polls.iter().filter(|poll| poll.lost_in_correction()).count()),
            ],
        );
    }
    table
}

/// The note that says how answers were read.
pub(super) fn parser_note(parser: Parser) -> String {
    format!("answers read by the parser `{}` (--variant names another)", parser.name())
}

/// What a variant asks for.
pub(super) struct Variant<'v> {
    /// The parser that it names, else the benchmark's own.
    pub(super) parser: Parser,
    /// Its other words, each one of the benchmark's.
    pub(super) words: Vec<&'v str>,
}

impl<'v> Variant<'v> {
    /// Reads a variant: the name of a parser, words of the benchmark, or both with commas between.
    ///
    /// # Errors
    /// When a word is neither, or two parsers are named.
    pub(super) fn read(
        benchmark: &str,
        variant: Option<&'v str>,
        own: Parser,
        words: &[&str],
    ) -> Result<Self, EvalError> {
        let (mut parser, mut found) = (None, Vec::new());
        for word in data::variant_words(variant) {
            if let Some(named) = Parser::named(word) {
                if parser.replace(named).is_some() {
                    return Err(EvalError::Unfit(format!(
                        "`{benchmark}` reads answers by one parser, not two"
                    )));
                }
            } else if words.contains(&word) {
                found.push(word);
            } else {
                let known: Vec<&str> = words.iter().copied().chain(PARSERS.map(|(name, _)| name)).collect();
                return Err(data::no_variant(benchmark, word, &known));
            }
        }
        Ok(Self { parser: parser.unwrap_or(own), words: found })
    }
}
