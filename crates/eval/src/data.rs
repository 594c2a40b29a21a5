//! Records of benchmarks' data files, with errors that name the file and the line, and the words of variants.

use std::path::Path;

use serde::de::DeserializeOwned;

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
