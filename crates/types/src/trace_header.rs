//! The first line of a stored trace: which run it is, and which images it speaks of.

use std::{fmt, str::FromStr, time::SystemTime};

use serde::{Deserialize, Serialize};

use crate::{Affine, ImageId, Size};

/// The version of the format that this program writes. It is raised when a program that reads the format would
/// misunderstand a new trace; new kinds of events and new fields do not raise it.
pub const TRACE_FORMAT: u32 = 1;

/// Which run a trace is of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceHeader {
    /// The version of the format ([`TRACE_FORMAT`]).
    pub trace: u32,
    /// The version of lavr that recorded it.
    pub lavr: String,
    /// The run.
    pub run: RunId,
    /// When it began.
    pub started: Timestamp,
    /// What was asked for.
    pub task: Task,
    /// The question, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// The images that were asked about, then those that were made on the way.
    pub images: Vec<TraceImage>,
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Task {
    /// An answer to a question.
    Ask,
    /// A description.
    Caption,
    /// The check of a text.
    Verify,
    /// A plan, carried out.
    Plan,
}

impl fmt::Display for Task {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ask => "ask",
            Self::Caption => "caption",
            Self::Verify => "verify",
            Self::Plan => "plan",
        })
    }
}

/// An image that a trace speaks of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceImage {
    /// Its name.
    pub id: ImageId,
    /// Its size in pixels.
    pub size: Size,
    /// Where it came from.
    pub origin: ImageOrigin,
    /// The name of its file in the folder `images` beside the trace; none for a crop, which can be cut out again, and
    /// where the pixels were not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// Where an image came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum ImageOrigin {
    /// It was asked about.
    Given {
        /// What the person called it: a path, most often.
        name: String,
    },
    /// Made from another image.
    Derived {
        /// That image.
        parent: ImageId,
        /// Maps pixels of this image to pixels of the parent.
        to_parent: Affine,
    },
    /// A tool brought it.
    Tool,
}

/// Names a run: eight letters and digits, of which the first few are enough to find it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

impl RunId {
    /// Letters and digits that are not taken for each other.
    const ALPHABET: &'static [u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

    /// The name that belongs to 40 bits chosen at random.
    pub fn from_bits(bits: u64) -> Self {
        let digit = |place: u32| char::from(Self::ALPHABET[(bits >> (5 * place) & 31) as usize]);
        Self((0..8).map(digit).collect())
    }

    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The text is not the name of a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a run: expected eight lower case letters and digits")]
pub struct ParseRunIdError(String);

impl FromStr for RunId {
    type Err = ParseRunIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() == 8 && text.bytes().all(|byte| Self::ALPHABET.contains(&byte)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseRunIdError(text.chars().take(60).collect()))
        }
    }
}

impl TryFrom<String> for RunId {
    type Error = ParseRunIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.0
    }
}

/// A moment in milliseconds since 1970, written as `2026-11-26T17:39:07.123Z` (RFC 3339, UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(u64);

impl Timestamp {
    /// Now.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self(since.as_millis() as u64)
    }

    /// So many milliseconds after the beginning of 1970 in UTC.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the beginning of 1970 in UTC.
    pub const fn millis(self) -> u64 {
        self.0
    }
}

const DAY: u64 = 24 * 60 * 60 * 1000;

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.0 / DAY);
        let rest = self.0 % DAY;
        let (hours, minutes, seconds) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
        write!(
            formatter,
            "{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{:03}Z",
            rest % 1000
        )
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
fn date(days: u64) -> (u64, u64, u64) {
    let (mut year, mut left) = (1970, days);
    let is_leap =
        |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    while left >= 365 + u64::from(is_leap(year)) {
        left -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while left >= lengths[month] {
        left -= lengths[month];
        month += 1;
    }
    (year, month as u64 + 1, left + 1)
}

/// The text is not a moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a moment: expected one like 2026-11-26T17:39:07.123Z")]
pub struct ParseTimestampError(String);

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || ParseTimestampError(text.chars().take(60).collect());
        let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (23, b'Z')];
        let bytes = text.as_bytes();
        if bytes.len() != 24 || marks.iter().any(|(place, mark)| bytes[*place] != *mark) {
            return Err(invalid());
        }
        let number = |from: usize, to: usize| -> Result<u64, ParseTimestampError> {
            let digits = text.get(from..to).ok_or_else(invalid)?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(digits).ok_or_else(invalid)?;
            digits.parse().map_err(|_| invalid())
        };
        let wanted = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let time =
            number(11, 13)? * 3_600_000 + number(14, 16)? * 60_000 + number(17, 19)? * 1000 + number(20, 23)?;
        // The day is searched for: no second formula that could disagree with the first.
        let years = wanted.0.checked_sub(1970).ok_or_else(invalid)?;
        let first = years * 365;
        let day = (first..first + years / 4 + 367).find(|days| date(*days) == wanted).ok_or_else(invalid)?;
        if time >= DAY { Err(invalid()) } else { Ok(Self(day * DAY + time)) }
    }
}

impl TryFrom<String> for Timestamp {
    type Error = ParseTimestampError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_rfc_3339_and_read_back() {
        // Reference: `date -u -d @SECONDS`.
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_868_799_000, "2000-02-29T23:59:59.000Z"),
            (1_795_714_747_123, "2026-11-26T17:39:07.123Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(Timestamp::from_millis(millis).to_string(), text);
            assert_eq!(text.parse(), Ok(Timestamp::from_millis(millis)));
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-13-01T00:00:00.000Z",
            "2026-02-30T00:00:00.000Z",
            "2026-11-26T25:00:00.000Z",
            "2026-11-26T17:39:07.12éZ",
            "+026-11-26T17:39:07.123Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_run_is_named_by_eight_letters_and_digits() {
        let id = RunId::from_bits(0x01_2345_6789);
        assert_eq!((id.as_str().len(), id.to_string().parse()), (8, Ok(id)));
        assert_ne!(RunId::from_bits(1), RunId::from_bits(1 << 39));
        for text in ["", "abc", "ABCDEFGH", "../../etc", "0123456i"] {
            assert!(text.parse::<RunId>().is_err(), "{text}");
        }
    }
}
