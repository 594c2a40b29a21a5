//! Tab-separated tables with a row of names, as data frames are written: a field with a tab, a line break or a quotation mark
//! stands in quotation marks, those inside it doubled.

use std::{collections::HashMap, path::Path};

use crate::{EvalError, data::fault};

/// A table's rows by the names of their columns.
pub(crate) struct Rows {
    columns: HashMap<String, usize>,
    rows: Vec<(usize, Vec<String>)>,
}

/// One row.
#[derive(Clone, Copy)]
pub(crate) struct Row<'r> {
    columns: &'r HashMap<String, usize>,
    /// Where it starts in its file, from 1.
    pub(crate) line: usize,
    fields: &'r [String],
}

impl<'r> Row<'r> {
    /// A field; `None` where there is no such column, or nothing in it.
    pub(crate) fn get(self, column: &str) -> Option<&'r str> {
        let field = self.fields.get(*self.columns.get(column)?)?;
        // Data frames write what is missing as nothing, or as "nan" once they made it a text.
        (!matches!(field.trim(), "" | "nan")).then_some(field)
    }
}

impl Rows {
    /// Reads a table.
    pub(crate) fn read(path: &Path, text: &str) -> Result<Self, EvalError> {
        let mut rows = parse(path, text)?.into_iter();
        let (_, names) = rows.next().ok_or_else(|| fault(path, None, "the file is empty"))?;
        let columns: HashMap<String, usize> =
            names.into_iter().enumerate().map(|(place, name)| (name.trim().to_owned(), place)).collect();
        let rows: Vec<(usize, Vec<String>)> = rows.collect();
        if let Some((line, fields)) = rows.iter().find(|(_, fields)| fields.len() != columns.len()) {
            let message = format!(
                "this row has {} fields, the first row names {} columns; is there a tab or a quotation mark too many?",
                fields.len(),
                columns.len()
            );
            return Err(fault(path, Some(*line), message));
        }
        Ok(Self { columns, rows })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(line, fields)| Row { columns: &self.columns, line: *line, fields })
    }
}

/// The fields of each row, with the line at which it starts.
fn parse(path: &Path, text: &str) -> Result<Vec<(usize, Vec<String>)>, EvalError> {
    let (mut rows, mut fields, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut start) = (1, 1);
    let mut quoted_since = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        line += usize::from(letter == '\n');
        match letter {
            '"' if quoted_since.is_some() => {
                if letters.next_if_eq(&'"').is_some() {
                    field.push('"');
                } else {
                    quoted_since = None;
                }
            }
            _ if quoted_since.is_some() => field.push(letter),
            '"' if field.is_empty() => quoted_since = Some(line),
            '\t' => fields.push(std::mem::take(&mut field)),
            '\n' => {
                if field.ends_with('\r') {
                    field.pop();
                }
                fields.push(std::mem::take(&mut field));
                rows.push((start, std::mem::take(&mut fields)));
                start = line;
            }
            _ => field.push(letter),
        }
    }
    if let Some(line) = quoted_since {
        return Err(fault(path, Some(line), "a quotation mark opens a field here and none closes it"));
    }
    if !field.is_empty() || !fields.is_empty() {
        fields.push(field);
        rows.push((start, fields));
    }
    rows.retain(|(_, fields)| fields.iter().any(|field| !field.trim().is_empty()));
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Rows, EvalError> {
        Rows::read(Path::new("a.tsv"), text)
    }

    #[test]
    fn quoted_fields_hold_tabs_line_breaks_and_quotation_marks() {
        let rows = read("index\thint\tA\r\n1\t\"a \"\"b\"\"\n\tc\"\t5\" nail\r\n2\t\tnan\r\n").unwrap();
        let rows: Vec<Row<'_>> = rows.iter().collect();
        assert_eq!(rows[0].get("hint"), Some("a \"b\"\n\tc"));
        assert_eq!(rows[0].get("A"), Some("5\" nail"));
        assert_eq!((rows[1].line, rows[1].get("index")), (4, Some("2")));
        assert_eq!((rows[1].get("hint"), rows[1].get("A"), rows[1].get("B")), (None, None, None));
    }

    #[test]
    fn a_faulty_table_is_told_by_its_line() {
        for (text, words) in [("a\tb\n1\n", "line 2"), ("a\n\"1\n2", "line 2"), ("", "empty")] {
            let error = read(text).err().unwrap().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
