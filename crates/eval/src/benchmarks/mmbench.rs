//! MMBench: questions with options, each asked once for every turn of its options.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    Benchmark, Case, Cell, EvalError, Picture, Responses, Sample, Scores, Table, Task,
    catalogue::Source,
    data,
    metrics::{
        bootstrap::{Resampling, interval},
        mmbench::{Matcher, Options, STEP, Turned, abbreviation, circular},
    },
    tsv::{Row, Rows},
};

/// What it measures, for people.
pub const ABOUT: &str = "Questions with up to four options and one right answer, over twenty abilities. Each \
question is asked as often as it has options, the options turned by one place each time, and counts only \
where all copies are answered right (circular); the share of single right answers is beside it (vanilla). \
Which option an answer chooses is told by rules; answers that only a judge model could match are counted as \
unsettled, and as wrong. Overall, for each ability, and for each split; 95 % intervals over questions. \
--variant names the rules (vlmevalkit, the default, or lmms-eval), and vanilla to ask each question once, \
with commas between. Traps: \"the answer is cat\" is read as option C, for the letter behind \"is\"; a limit \
takes copies apart, so use vanilla with it. The test split has no answers and can't be scored here. Source: \
Liu and others, MMBench: Is Your Multi-modal Model an All-around Player?, ECCV 2024.";

/// What its data is, for people.
pub const DATA: &str = "the released table: tab-separated, with index, question, hint, A to D, answer, \
category, l2-category, split and image (base64, or the index of the row that has it)";

const NAME: &str = "mmbench";
const VANILLA: &str = "vanilla";
const VARIANTS: [&str; 3] = ["vlmevalkit", "lmms-eval", VANILLA];

/// An `image` field that is no longer is the index of another row.
const LONGEST_INDEX: usize = 64;

/// The benchmark with its data.
#[derive(Debug)]
pub struct MmBench {
    samples: Vec<Sample>,
    asked: Vec<Asked>,
    matcher: Matcher,
}

/// One copy of a question, as it is asked.
#[derive(Debug, Clone)]
struct Asked {
    /// The question's number, the same for all its copies.
    group: u64,
    question: String,
    hint: Option<String>,
    options: Options,
    answer: char,
    category: Option<String>,
    ability: Option<String>,
    split: Option<String>,
}

impl MmBench {
    /// Reads the table.
    ///
    /// # Errors
    /// When there is none, a row is not in the format, has no answer or no picture, or the variant is unknown.
    pub fn open(source: &Source) -> Result<Self, EvalError> {
        let path = source.data(NAME, DATA)?;
        let (mut matcher, mut vanilla) = (Matcher::default(), false);
        for word in data::variant_words(source.variant.as_deref()) {
            match word {
                "vlmevalkit" => matcher = Matcher::VlmEvalKit,
                "lmms-eval" => matcher = Matcher::LmmsEval,
                VANILLA => vanilla = true,
                _ => return Err(data::no_variant(NAME, word, &VARIANTS)),
            }
        }
        let text = data::text(path)?;
        let rows = Rows::read(path, &text)?;
        let mut questions: BTreeMap<u64, (Asked, Picture)> = BTreeMap::new();
        let pictures = pictures(path, &rows)?;
        for row in rows.iter() {
            let index = index(path, row)?;
            let picture = pictures.get(&index).or_else(|| pictures.get(&(index % STEP)));
            let picture = picture.ok_or_else(|| data::fault(path, Some(row.line), "the row has no image"))?;
            let copy = (asked(path, row, index)?, picture.clone());
            if questions.insert(index, copy).is_some() {
                let message = format!("the index {index} is there twice");
                return Err(data::fault(path, Some(row.line), message));
            }
        }
        let has_copies = questions.keys().any(|index| *index >= STEP);
        let mut made = Self { samples: Vec::new(), asked: Vec::new(), matcher };
        for (index, (question, picture)) in questions {
            if vanilla && index >= STEP {
                continue;
            }
            let turns = if vanilla || has_copies { 1 } else { question.options.len() };
            for turn in 0..turns {
                made.ask(index + turn as u64 * STEP, question.turned(turn), &picture);
            }
        }
        if made.samples.is_empty() {
            return Err(data::fault(path, None, "there are no questions in it"));
        }
        Ok(made)
    }

    fn ask(&mut self, index: u64, asked: Asked, picture: &Picture) {
        let task = Task::Question(asked.prompt());
        self.samples.push(Sample { id: index.to_string(), picture: Some(picture.clone()), task });
        self.asked.push(asked);
    }

    /// The answered questions with all their copies, and how many had copies left unanswered.
    fn groups<'r>(&'r self, responses: &Responses) -> (Vec<Group<'r>>, usize) {
        let mut groups: BTreeMap<u64, Group<'_>> = BTreeMap::new();
        let mut incomplete = std::collections::BTreeSet::new();
        for (sample, asked) in self.samples.iter().zip(&self.asked) {
            let Some(response) = responses.get(&sample.id) else {
                incomplete.insert(asked.group);
                continue;
            };
            let chosen = match response.failure {
                Some(_) => None,
                None => self.matcher.infer(&response.text, &asked.options),
            };
            let group = groups.entry(asked.group).or_insert_with(|| Group { asked, copies: Vec::new() });
            group.copies.push(Turned { answer: asked.answer, chosen });
        }
        let all = groups.len();
        groups.retain(|number, _| !incomplete.contains(number));
        let left_out = all - groups.len();
        (groups.into_values().collect(), left_out)
    }
}

/// A question with the answers to its copies.
struct Group<'r> {
    asked: &'r Asked,
    copies: Vec<Turned>,
}

impl Group<'_> {
    fn right(&self) -> bool {
        circular(&self.copies) == Some(true)
    }
}

fn index(path: &Path, row: Row<'_>) -> Result<u64, EvalError> {
    let index = row.get("index").unwrap_or_default();
    index.trim().parse().map_err(|_| {
        data::fault(
            path,
            Some(row.line),
            format!("the index `{index}` is no number; is there a column `index`?"),
        )
    })
}

/// The pictures by the index of their row.
fn pictures(path: &Path, rows: &Rows) -> Result<HashMap<u64, Picture>, EvalError> {
    let (mut pictures, mut references) = (HashMap::new(), Vec::new());
    for row in rows.iter() {
        let index = index(path, row)?;
        let Some(image) = row.get("image") else { continue };
        if let (true, Ok(other)) = (image.len() <= LONGEST_INDEX, image.trim().parse::<u64>()) {
            references.push((index, other, row.line));
            continue;
        }
        let bytes = STANDARD.decode(image.trim()).map_err(|error| {
            data::fault(
                path,
                Some(row.line),
                format!("the image is no base64 ({error}), nor the index of a row"),
            )
        })?;
        pictures.insert(index, Picture::bytes(format!("{NAME}/{index}"), bytes));
    }
    for (index, other, line) in references {
        let Some(picture) = pictures.get(&other).cloned() else {
            let message = format!("the image is that of row {other}, which has none");
            return Err(data::fault(path, Some(line), message));
        };
        pictures.insert(index, picture);
    }
    Ok(pictures)
}

fn asked(path: &Path, row: Row<'_>, index: u64) -> Result<Asked, EvalError> {
    let fault = |message: &str| data::fault(path, Some(row.line), format!("row {index} {message}"));
    let options: Options = ('A'..='Z')
        .filter_map(|letter| Some((letter, row.get(letter.encode_utf8(&mut [0; 4]))?.to_owned())))
        .collect();
    let contiguous = options.keys().copied().eq(('A'..='Z').take(options.len()));
    if options.len() < 2 || !contiguous {
        return Err(fault("needs two options or more, in the columns A, B, C, D without a gap"));
    }
    let answer = row
        .get("answer")
        .ok_or_else(|| fault("has no answer (the test split has none): take another split"))?;
    let answer = answer.trim().chars().next().filter(|answer| options.contains_key(answer));
    let text = |column| row.get(column).map(str::to_owned);
    Ok(Asked {
        group: index % STEP,
        question: text("question").ok_or_else(|| fault("has no question"))?,
        hint: text("hint"),
        answer: answer.ok_or_else(|| fault("has an answer that is none of its options"))?,
        options,
        category: text("category"),
        ability: text("l2-category"),
        split: text("split"),
    })
}

impl Asked {
    /// The question with its options moved on by some places, the last ones coming first.
    fn turned(&self, places: usize) -> Self {
        let count = self.options.len();
        let letters: Vec<char> = self.options.keys().copied().collect();
        let texts: Vec<&String> = self.options.values().collect();
        let options = letters
            .iter()
            .enumerate()
            .map(|(place, letter)| (*letter, texts[(place + count - places % count) % count].clone()));
        let answer = letters.iter().position(|letter| *letter == self.answer).unwrap_or_default();
        Self { options: options.collect(), answer: letters[(answer + places) % count], ..self.clone() }
    }

    fn prompt(&self) -> String {
        let hint = self.hint.as_ref().map(|hint| format!("Hint: {hint}\n")).unwrap_or_default();
        let options: Vec<String> =
            self.options.iter().map(|(letter, text)| format!("{letter}. {text}")).collect();
        format!(
            "{hint}Question: {}\nOptions:\n{}\nAnswer with the letter of the right option.",
            self.question,
            options.join("\n")
        )
    }
}

/// The scores of some questions.
fn cells(groups: &[&Group<'_>]) -> [Cell; 4] {
    let share = |groups: &[&&Group<'_>]| {
        let right = groups.iter().filter(|group| group.right()).count();
        (!groups.is_empty()).then(|| right as f64 / groups.len() as f64)
    };
    let copies = || groups.iter().flat_map(|group| &group.copies);
    [
        Cell::count(groups.len()),
        Cell::Share {
            value: share(&groups.iter().collect::<Vec<_>>()),
            interval: interval(groups, Resampling::default(), share),
        },
        Cell::share(copies().filter(|copy| copy.right()).count(), copies().count()),
        Cell::count(groups.iter().filter(|group| circular(&group.copies).is_none()).count()),
    ]
}

impl Benchmark for MmBench {
    fn name(&self) -> &'static str {
        NAME
    }

    fn samples(&self) -> &[Sample] {
        &self.samples
    }

    fn score(&self, responses: &Responses) -> Scores {
        let (groups, left_out) = self.groups(responses);
        let mut splits: BTreeMap<Option<&str>, Vec<&Group<'_>>> = BTreeMap::new();
        for group in &groups {
            splits.entry(group.asked.split.as_deref()).or_default().push(group);
        }
        let mut scores = Scores::default();
        for (split, groups) in splits {
            let title = split.map_or_else(|| "MMBench".to_owned(), |split| format!("MMBench, {split}"));
            let mut table = Table::new(title, ["questions", "circular", "vanilla", "unsettled"]);
            table.row("all", cells(&groups));
            for of in [|asked: &Asked| asked.ability.clone(), |asked: &Asked| asked.category.clone()] {
                let mut parts: BTreeMap<String, Vec<&Group<'_>>> = BTreeMap::new();
                for group in &groups {
                    if let Some(part) = of(group.asked) {
                        parts.entry(part).or_default().push(group);
                    }
                }
                for (part, groups) in parts {
                    table.row(abbreviation(&part), cells(&groups));
                }
            }
            scores.tables.push(table);
        }
        if left_out > 0 {
            let message = format!(
                "{left_out} questions are left out, as not all of their copies were asked (see --variant vanilla)"
            );
            scores.notes.push(message);
        }
        scores
    }

    fn cases(&self, responses: &Responses) -> Vec<Case> {
        self.samples
            .iter()
            .zip(&self.asked)
            .filter_map(|(sample, asked)| Some((sample, asked, responses.get(&sample.id)?)))
            .map(|(sample, asked, response)| {
                let chosen = self.matcher.infer(&response.text, &asked.options);
                let outcome = match chosen.filter(|_| response.failure.is_none()) {
                    Some(letter) if letter == asked.answer => "right",
                    Some(_) => "wrong",
                    None => "unsettled",
                };
                Case {
                    right: Some(asked.answer.to_string()),
                    outcome: outcome.to_owned(),
                    faulty: outcome != "right",
                    ..Case::plain(sample, response)
                }
            })
            .collect()
    }
}
