//! Reads the texts of a plan letter by letter.

use serde_json::Value;

/// A text that is not of the plan language, with the place of the mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {place}: expected {expected}")]
pub(super) struct SyntaxError {
    /// Counted in characters, from 1.
    place: usize,
    expected: String,
}

pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn wrong(&self, expected: &str) -> SyntaxError {
        SyntaxError { place: self.text[..self.at].chars().count() + 1, expected: expected.to_owned() }
    }

    pub(super) fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Whether this letter is next; it stays there.
    pub(super) fn sees(&self, letter: char) -> bool {
        self.rest().starts_with(letter)
    }

    /// Takes a sign, if it is next.
    pub(super) fn follows(&mut self, sign: &str) -> bool {
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    /// Takes a whole word, if it is next.
    pub(super) fn word(&mut self, word: &str) -> bool {
        let after = self.rest().strip_prefix(word);
        let found = after.is_some_and(|after| !after.starts_with(is_name_letter));
        if found {
            self.at += word.len();
        }
        found
    }

    pub(super) fn expect(&mut self, letter: char) -> Result<(), SyntaxError> {
        if !self.sees(letter) {
            return Err(self.wrong(&format!("`{letter}`")));
        }
        self.at += letter.len_utf8();
        Ok(())
    }

    pub(super) fn end(&self) -> Result<(), SyntaxError> {
        if self.rest().trim().is_empty() { Ok(()) } else { Err(self.wrong("nothing more")) }
    }

    /// Everything up to a letter that begins something else, or to the end.
    pub(super) fn until(&mut self, stops: &[char]) -> &'a str {
        let taken = self.rest().split(stops).next().unwrap_or_default();
        self.at += taken.len();
        taken
    }

    pub(super) fn name(&mut self, expected: &str) -> Result<String, SyntaxError> {
        let rest = self.rest();
        let length = rest.find(|letter| !is_name_letter(letter)).unwrap_or(rest.len());
        if length == 0 || rest.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(self.wrong(expected));
        }
        self.at += length;
        Ok(rest[..length].to_owned())
    }

    pub(super) fn number(&mut self) -> Result<Option<Value>, SyntaxError> {
        let rest = self.rest();
        let length = rest
            .find(|letter: char| !letter.is_ascii_digit() && !matches!(letter, '-' | '.'))
            .unwrap_or(rest.len());
        if length == 0 {
            return Ok(None);
        }
        let number = rest[..length].parse::<serde_json::Number>().map_err(|_| self.wrong("a number"))?;
        self.at += length;
        Ok(Some(Value::Number(number)))
    }

    /// A text in double quotes, a number, `true` or `false`.
    pub(super) fn literal(&mut self) -> Result<Option<Value>, SyntaxError> {
        if self.word("true") {
            return Ok(Some(Value::Bool(true)));
        }
        if self.word("false") {
            return Ok(Some(Value::Bool(false)));
        }
        if !self.follows("\"") {
            return self.number();
        }
        let text = self.until(&['"']);
        self.expect('"')?;
        Ok(Some(Value::String(text.to_owned())))
    }
}

fn is_name_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}
