//! What a benchmark says of a subject: tables of numbers, for people and for programs.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// The result of an evaluation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// The tables, the one that matters most first.
    pub tables: Vec<Table>,
    /// What a reader has to know.
    pub notes: Vec<String>,
}

/// A table of results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// What each column shows, after the row's name.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What it is about.
    pub name: String,
    /// One cell a column.
    pub cells: Vec<Cell>,
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Cell {
    /// How many.
    Count {
        /// The number.
        value: u64,
    },
    /// A share, 0 to 1, shown in percent; `None` where there is nothing to divide by.
    Share {
        /// The share.
        value: Option<f64>,
        /// 95 % interval by resampling the pictures.
        interval: Option<[f64; 2]>,
    },
    /// A number on the benchmark's own scale.
    Number {
        /// The number.
        value: f64,
        /// Digits after the point.
        digits: u8,
    },
    /// Words.
    Text {
        /// The words.
        value: String,
    },
}

impl Cell {
    /// How many.
    pub const fn count(value: usize) -> Self {
        Self::Count { value: value as u64 }
    }

    /// A share of a whole.
    pub fn share(part: usize, whole: usize) -> Self {
        Self::Share { value: (whole > 0).then(|| part as f64 / whole as f64), interval: None }
    }

    /// A number.
    pub const fn number(value: f64, digits: u8) -> Self {
        Self::Number { value, digits }
    }

    /// Words.
    pub fn text(value: impl Into<String>) -> Self {
        Self::Text { value: value.into() }
    }

    /// As a person reads it.
    pub fn shown(&self) -> String {
        match self {
            Self::Count { value } => value.to_string(),
            Self::Share { value: None, .. } => "-".to_owned(),
            Self::Share { value: Some(value), interval: None } => format!("{:.1} %", value * 100.0),
            Self::Share { value: Some(value), interval: Some([low, high]) } => {
                format!("{:.1} % [{:.1}, {:.1}]", value * 100.0, low * 100.0, high * 100.0)
            }
            Self::Number { value, digits } => format!("{value:.*}", usize::from(*digits)),
            Self::Text { value } => value.clone(),
        }
    }
}

impl Table {
    /// An empty table.
    pub fn new<C: Into<String>>(title: impl Into<String>, columns: impl IntoIterator<Item = C>) -> Self {
        Self { title: title.into(), columns: columns.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, name: impl Into<String>, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(Row { name: name.into(), cells: cells.into_iter().collect() });
    }

    /// The table in plain text, columns aligned.
    pub fn plain(&self) -> String {
        let mut lines: Vec<Vec<String>> =
            vec![std::iter::once(String::new()).chain(self.columns.iter().cloned()).collect()];
        for row in &self.rows {
            lines.push(std::iter::once(row.name.clone()).chain(row.cells.iter().map(Cell::shown)).collect());
        }
        let columns = lines.iter().map(Vec::len).max().unwrap_or_default();
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let width = |line: &Vec<String>| line.get(column).map_or(0, |cell| cell.chars().count());
                lines.iter().map(width).max().unwrap_or_default()
            })
            .collect();
        let mut out = format!("{}\n", self.title);
        for line in &lines {
            let mut text = String::new();
            for (column, cell) in line.iter().enumerate() {
                let gap = widths[column] - cell.chars().count();
                // Names to the left, numbers to the right.
                let _ = match column {
                    0 => write!(text, "{cell}{}", " ".repeat(gap)),
                    _ => write!(text, "  {}{cell}", " ".repeat(gap)),
                };
            }
            let _ = writeln!(out, "  {}", text.trim_end());
        }
        out
    }
}

impl Scores {
    /// All tables and notes in plain text.
    pub fn plain(&self) -> String {
        let mut out: Vec<String> = self.tables.iter().map(Table::plain).collect();
        if !self.notes.is_empty() {
            let notes: Vec<String> = self.notes.iter().map(|note| format!("note: {note}")).collect();
            out.push(notes.join("\n") + "\n");
        }
        out.join("\n")
    }

    /// The value of a cell by table, row and column, for tests and scripts.
    pub fn cell(&self, table: &str, row: &str, column: &str) -> Option<&Cell> {
        let table = self.tables.iter().find(|candidate| candidate.title == table)?;
        let place = table.columns.iter().position(|candidate| candidate == column)?;
        table.rows.iter().find(|candidate| candidate.name == row)?.cells.get(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_what_has_no_whole_is_a_dash() {
        let mut table = Table::new("Answers", ["right", "share"]);
        table.row("yes", [Cell::count(7), Cell::share(7, 10)]);
        table.row("größer", [Cell::count(120), Cell::share(0, 0)]);
        assert_eq!(
            table.plain(),
            "Answers\n          right   share\n  yes         7  70.0 %\n  größer    120       -\n"
        );
    }
}
