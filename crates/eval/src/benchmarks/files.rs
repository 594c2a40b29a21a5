//! Reading what lies on a person's disk, with errors that say where and how to mend.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use crate::EvalError;

/// Reads a JSON file.
pub(super) fn json<T: DeserializeOwned>(path: &Path, expected: &str) -> Result<T, EvalError> {
    let text = std::fs::read(path).map_err(EvalError::file(path, "read"))?;
    serde_json::from_slice(&text).map_err(|error| EvalError::Data {
        path: path.into(),
        line: Some(error.line()),
        message: format!("{error}; expected {expected}"),
    })
}

/// A file that says something wrong.
pub(super) fn wrong(path: &Path, message: impl Into<String>) -> EvalError {
    EvalError::Data { path: path.into(), line: None, message: message.into() }
}

/// The JSON files of a folder whose names have this part, by name.
///
/// # Errors
/// When the folder can't be read.
pub(super) fn named(folder: &Path, part: &str) -> Result<Vec<PathBuf>, EvalError> {
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
pub(super) fn only(data: &Path, expected: &str) -> Result<PathBuf, EvalError> {
    if data.is_file() {
        return Ok(data.into());
    }
    let mut found = named(data, "")?;
    match (found.pop(), found.is_empty()) {
        (Some(path), true) => Ok(path),
        (None, _) => Err(wrong(data, format!("there is no JSON file here; expected {expected}"))),
        (Some(_), false) => {
            Err(wrong(data, "there are several JSON files here; give --data the one that is meant"))
        }
    }
}

/// The folder of the pictures: the one that was given, else the one of the data.
pub(super) fn beside(data: &Path, pictures: Option<&Path>) -> PathBuf {
    let own = if data.is_file() { data.parent().unwrap_or(data) } else { data };
    pictures.unwrap_or(own).to_owned()
}

/// Data sets number their things or name them.
pub(super) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Word::deserialize(deserializer).map(Word::text)
}

/// The same where there may be none.
pub(super) fn some_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<Word>::deserialize(deserializer)?.map(Word::text))
}

/// One text, a list of texts, or a list of what single people answered.
pub(super) fn answers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
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
