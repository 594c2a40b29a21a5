//! Benchmarks' data on a person's disk, with errors that name the file and the line, and the words of variants.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use crate::EvalError;

/// An error about a data file.
pub(crate) fn fault(path: &Path, line: Option<usize>, message: impl Into<String>) -> EvalError {
    EvalError::Data { path: path.into(), line, message: message.into() }
}

/// A file's text, without a byte order mark.
pub(crate) fn text(path: &Path) -> Result<String, EvalError> {
    let text = std::fs::read_to_string(path).map_err(EvalError::file(path, "read"))?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

fn parsed<T: DeserializeOwned>(path: &Path, text: &str, expected: &str) -> Result<T, EvalError> {
    serde_json::from_str(text)
        .map_err(|error| fault(path, Some(error.line()), format!("{error}; expected {expected}")))
}

/// A file that is one JSON document; `expected` says what it looks like.
pub(crate) fn json<T: DeserializeOwned>(path: &Path, expected: &str) -> Result<T, EvalError> {
    parsed(path, &text(path)?, expected)
}

/// A record with its line, where its file has one record a line.
pub(crate) type Numbered<T> = (Option<usize>, T);

/// The records of a text that is one JSON list, or one JSON object a line; `expected` says what a record looks like.
pub(crate) fn records_in<T: DeserializeOwned>(
    path: &Path,
    text: &str,
    expected: &str,
) -> Result<Vec<Numbered<T>>, EvalError> {
    let records: Vec<Numbered<T>> = if text.trim_start().starts_with('[') {
        let records: Vec<T> = parsed(path, text, &format!("a list of {expected}"))?;
        records.into_iter().map(|record| (None, record)).collect()
    } else {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let records = lines.map(|(index, line)| {
            let record = serde_json::from_str(line).map_err(|error| {
                fault(path, Some(index + 1), format!("{error}; expected {expected} in each line"))
            });
            Ok((Some(index + 1), record?))
        });
        records.collect::<Result<_, EvalError>>()?
    };
    if records.is_empty() {
        return Err(fault(path, None, format!("there is nothing in it; expected {expected} in each line")));
    }
    Ok(records)
}

/// The records of a file: see [`records_in`].
pub(crate) fn records<T: DeserializeOwned>(
    path: &Path,
    expected: &str,
) -> Result<Vec<Numbered<T>>, EvalError> {
    records_in(path, &text(path)?, expected)
}

/// The words of a variant, which are separated by commas.
pub(crate) fn variant_words(variant: Option<&str>) -> impl Iterator<Item = &str> {
    variant.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty())
}

/// That a benchmark has no such variant; names those that it has.
pub(crate) fn no_variant(benchmark: &str, word: &str, known: &[&str]) -> EvalError {
    EvalError::Unfit(format!("`{benchmark}` has no variant `{word}`; there are: {}", known.join(", ")))
}

/// The JSON files of a folder whose names have this part, by name.
///
/// # Errors
/// When the folder can't be read.
pub(crate) fn named(folder: &Path, part: &str) -> Result<Vec<PathBuf>, EvalError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(EvalError::file(folder, "read"))? {
        let path = entry.map_err(EvalError::file(folder, "read"))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        if json && name.contains(part) && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The one JSON file that is meant: the file itself, or the only one of a folder.
///
/// # Errors
/// When the folder has none, or several.
pub(crate) fn only(data: &Path, expected: &str) -> Result<PathBuf, EvalError> {
    if data.is_file() {
        return Ok(data.into());
    }
    let mut found = named(data, "")?;
    match (found.pop(), found.is_empty()) {
        (Some(path), true) => Ok(path),
        (None, _) => Err(fault(data, None, format!("there is no JSON file here; expected {expected}"))),
        (Some(_), false) => {
            Err(fault(data, None, "there are several JSON files here; give --data the one that is meant"))
        }
    }
}

/// The folder of the pictures: the one that was given, else the one of the data.
pub(crate) fn beside(data: &Path, pictures: Option<&Path>) -> PathBuf {
    let own = if data.is_file() { data.parent().unwrap_or(data) } else { data };
    pictures.unwrap_or(own).to_owned()
}

/// Data sets number their things or name them.
pub(crate) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Word::deserialize(deserializer).map(Word::text)
}

/// The same where there may be none.
pub(crate) fn some_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<Word>::deserialize(deserializer)?.map(Word::text))
}

/// One text, a list of texts, or a list of what single people answered.
pub(crate) fn answers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Answer {
        Word(Word),
        Person { answer: Word },
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Answers {
        One(Word),
        Many(Vec<Answer>),
    }
    Ok(match Answers::deserialize(deserializer)? {
        Answers::One(word) => vec![word.text()],
        Answers::Many(answers) => answers
            .into_iter()
            .map(|answer| match answer {
                Answer::Word(word) | Answer::Person { answer: word } => word.text(),
            })
            .collect(),
    })
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Word {
    Text(String),
    Whole(i64),
    Broken(f64),
}

impl Word {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Whole(number) => number.to_string(),
            Self::Broken(number) => number.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Result<Vec<Numbered<String>>, EvalError> {
        records_in(Path::new("a.json"), text, "a name")
    }

    #[test]
    fn records_come_from_lines_and_from_a_list() {
        let lines = names("\"a\"\r\n\n\"b\"\n").unwrap();
        assert_eq!(lines, [(Some(1), "a".to_owned()), (Some(3), "b".to_owned())]);
        assert_eq!(names("[\n\"a\", \"b\"]").unwrap().len(), 2);
    }

    #[test]
    fn a_fault_names_the_line() {
        for (text, words) in [("\"a\"\n{", "line 2"), ("[\"a\",\n{}]", "line 2"), ("\n", "nothing in it")] {
            let error = names(text).unwrap_err().to_string();
            assert!(error.contains(words) && error.contains("a.json"), "{error}");
        }
    }
}
